"""Text -> the names in it, told by their capitals as English writes them.

What begins a sentence has a capital whatever it is: no name there, unless more tells so.
"""

import re
from collections.abc import Iterator

from assistant.text.english import OF_NAMES
from assistant.text.words import COMPOUND

CAPITALISED = r"(?:(?:[A-Z]\.){2,}|[A-ZÀ-ÖØ-Þ][^\W_]*(?:['’-][^\W_]+)*)"
"""The pattern of a word with a capital, or of initials with points."""
NAME = rf"{CAPITALISED}(?: (?:(?:{'|'.join(sorted(OF_NAMES))})(?: the)? )?{CAPITALISED})*"
"""The pattern of a name of one or more words: "Duke of the Normans"."""
INSIDE = re.compile(r"(?<=\S )[A-Z][\w'’-]+")
"""A word with a capital behind another word, whatever that ends."""

_BEFORE_A_SENTENCE = frozenset('.!?:;"“”\n')


def find_names(text: str) -> Iterator[str]:
    """Yield the words with a capital, but single letters and those that only begin a sentence.

    >>> list(find_names("It was built by Ann Holt. Then she left."))
    ['Ann', 'Holt']
    """
    for match in COMPOUND.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()].rstrip(" ")[-1:]
        word = match.group()
        if len(word) > 1 and word[0].isupper() and before and before not in _BEFORE_A_SENTENCE:
            yield word


def may_be_name(word: str, *, is_first: bool) -> bool:
    """Whether a word has a digit, or a capital and is not the first of its text."""
    return (not is_first and word[0].isupper()) or any(map(str.isdigit, word))
