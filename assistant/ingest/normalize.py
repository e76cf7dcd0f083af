r"""Canonical text: raw text in; text whose characters the spans count, and the removals, out.

Newlines of every kind become `\n`; characters that nobody sees and that serve to hide or
reorder text are removed; what remains is in NFC. Refuses nothing. Idempotent, linear time.
"""

import re
import unicodedata
from functools import cache

MAX_MARKS = 30
"""Combining marks in a row, as in Unicode's stream-safe text format (UAX #15, section 13).

Languages need fewer than ten; sorting a longer run costs the square of its length.
"""

UNSEEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls but tab, newline and those read as one
    "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte-order mark
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides, isolates
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e007f"  # tags
    "]+"
)
"""Runs of characters that canonical text never holds; joiners and variation selectors stay."""

_NEWLINES = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"))
_MARK_PAIRS = str.maketrans(
    {"\u0344": "\u0308\u0301", "\u0f73": "\u0f71\u0f72", "\u0f75": "\u0f71\u0f74"}
    | {"\u0f81": "\u0f71\u0f80"}
)
"""The only characters whose canonical decomposition is nothing but marks."""


def normalize(text: str) -> tuple[str, int]:
    """Return the canonical text and the number of characters removed from it."""
    text = text.replace("\r\n", "\n").translate(_NEWLINES)
    seen = UNSEEN.sub("", text)
    removed = len(text) - len(seen)
    if seen.isascii():
        return seen, removed
    seen, first = _limit_marks(seen.translate(_MARK_PAIRS))
    # Composing reorders marks, which can lengthen a run that was within the limit.
    seen, second = _limit_marks(unicodedata.normalize("NFC", seen))
    return seen, removed + first + second


def _limit_marks(text: str) -> tuple[str, int]:
    limited = _long_mark_runs().sub(r"\1", text)
    return limited, len(text) - len(limited)


@cache
def _long_mark_runs() -> re.Pattern[str]:
    marks = "".join(
        character for code in range(0x300, 0x1FFFF) if unicodedata.combining(character := chr(code))
    )
    return re.compile(f"([{marks}]{{{MAX_MARKS}}})[{marks}]+")
