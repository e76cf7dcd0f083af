"""The words of a text, what stands between them, and which of them are names.

For the rules that compare two sentences, contractions are written out ("didn't" is "did not"),
possessives lose their "'s", and the forms of one verb share a term ("built", "building", "builds").
Names are told by their capitals, so the first word of a sentence is none unless more says so.
English only; time grows with the length of the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from assistant.text import english as en
from assistant.text.english import OF_NAMES
from assistant.text.terms import fold, terms

WORD = re.compile(r"\w+")
"""A run of letters, digits and "_"."""
LETTERS = re.compile(r"[^\W\d_]+")
"""A run of letters: a word to be spelt, or of a language."""
COMPOUND = re.compile(r"\w+(?:['’-]\w+)*")
"""A word as people count them: "mother-in-law", "o'clock"."""

_SPELLED = (
    (re.compile("[’‘ʼ]"), "'"),
    (re.compile("[“”„]"), '"'),
    (re.compile("½"), " half "),
    (re.compile("¼"), " a quarter "),
    (re.compile("¾"), " three quarters "),
)
_CONTRACTED = tuple((re.compile(long, re.I), plain) for long, plain in en.CONTRACTIONS)
_READ = re.compile(
    r"\d{1,3}(?:[,\u202f]\d{3})+(?:\.\d+)?|\d+\.\d+"  # a number in digits
    r"|(?:[^\W\d_]\.){2,}"  # an acronym with points
    r"|[^\W_]+(?:'[^\W_]+)?"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        text: as it is written, without "'s".
        lower: folded: in lower case and without accents.
        term: what its forms have in common.
        before: what stands between it and the word before; `after` likewise.
    """

    text: str
    lower: str
    term: str
    before: str
    after: str

    @property
    def is_content(self) -> bool:
        """Whether a sentence may be about it."""
        return self.lower not in en.EMPTY


def read(text: str) -> tuple[Word, ...]:
    """Return the words of a text, in order.

    >>> [word.term for word in read("Rome's mills weren't built in 1,843.")]
    ['rome', 'mill', 'were', 'not', 'build', 'in', '1,843']
    """
    for pattern, plain in _SPELLED:
        text = pattern.sub(plain, text)
    text = unicodedata.normalize("NFKC", text)
    for pattern, plain in _CONTRACTED:
        text = pattern.sub(plain, text)
    found = list(_READ.finditer(text))
    ends = [0, *(match.end() for match in found)]
    starts = [*(match.start() for match in found), len(text)]
    return tuple(
        _make(match[0], text[ends[n] : starts[n]], text[ends[n + 1] : starts[n + 1]])
        for n, match in enumerate(found)
    )


def content(text: str) -> list[str]:
    """Return the words of a text that say something, as they stand."""
    return [word for word in COMPOUND.findall(text) if fold(word) not in en.FUNCTION_WORDS]


def one_of(words: Iterable[str]) -> str:
    """Return the pattern of any of the words, the longest first."""
    return f"(?:{'|'.join(sorted(words, key=lambda word: (-len(word), word)))})"


def contents(words: Iterable[Word]) -> frozenset[str]:
    """Return the terms that words are about."""
    return frozenset(word.term for word in words if word.is_content)


def is_verb(word: Word) -> bool:
    """Whether a word shows that a clause has a finite verb, as far as its form tells.

    >>> [word.text for word in read("Rome built it and has to pay") if is_verb(word)]
    ['built', 'has']
    """
    lower = word.lower
    if lower in en.AUXILIARIES or (len(lower) > 4 and lower.endswith("ed")):
        return True
    return lower in en.IRREGULAR or (lower.endswith("s") and lower[:-1] in en.BASES)


def write_plain(words: Iterable[Word]) -> str:
    """Return words in lower case, verbs of an irregular form by their base."""
    return " ".join(en.IRREGULAR.get(word.lower, word.lower) for word in words)


@lru_cache(maxsize=8192)
def find_term(lower: str) -> str:
    """Return what the forms of a word, given in lower case, have in common."""
    base = en.IRREGULAR.get(lower, lower)
    return "".join(terms(base)) or base


def _make(text: str, before: str, after: str) -> Word:
    if text[1:2] == "." and text[0].isalpha():
        text = text.replace(".", "")
    bare = text[:-2] if text[-2:] in ("'s", "'S") else text
    lower = fold(bare)
    term = lower if lower[0].isdigit() else find_term(lower)
    return Word(bare, lower, term, before, after)


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


_CLOSED = re.compile(r"[.!?…:;。！？؟।][\"'”’»)\]¹²³⁰⁴-⁹*†‡]*$")
_LED = re.compile(r"(?:[.…·_] ?){4}\s*\S{0,6}$")
UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Characters of Chinese and Japanese, whose lines are joined without a space."""


def is_unspaced(character: str) -> bool:
    """Tell whether a character is of a writing without spaces."""
    return UNSPACED.match(character) is not None


def first_word(text: str) -> str:
    """Return what of a text could have stood on the line before."""
    return text[0] if is_unspaced(text[0]) else text.split(" ", 1)[0]


def is_closed(text: str) -> bool:
    """Tell whether a text ends as a sentence or a clause does."""
    return _CLOSED.search(text[-8:]) is not None


def is_led(text: str) -> bool:
    """Tell whether a text ends as an entry of a table of contents: dots that lead to a number."""
    return _LED.search(text[-20:]) is not None
