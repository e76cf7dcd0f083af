"""Plain text: bytes in; canonical text and its paragraphs out.

Blank lines part paragraphs. A single newline is either a hard break (one paragraph or list
item a line) or a soft wrap (72 columns); `find_blocks` decides which, by the rules that it
states. There are no headings: nothing in plain text says reliably that a line is one.
Refuses binary data with `DocumentUnreadable`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from assistant.ingest.decode import decode
from assistant.ingest.formats.parsed import Parsed, describe_removed
from assistant.ingest.limits import USUAL, Limits
from assistant.ingest.normalize import normalize

MIN_WRAP_CHARS, MAX_WRAP_CHARS = 40, 120
"""Widths at which people wrap text; other lines are broken where they are meant to be."""
_FULL_SHARE = 0.8
_WIDTH_QUANTILE = 0.9

_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(r"[-*+•‣◦▪●–—·]\s")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)]\s")
_CLOSED = re.compile(r"[.!?…:;,。！？؟।][\"'”’»)\]]*$")

_Line = tuple[int, int]


def parse(data: bytes, _: Limits = USUAL) -> Parsed:
    """Return the text as canonical text in paragraphs."""
    raw, warning = decode(data)
    text, n_removed = normalize(raw)
    warnings = tuple(w for w in (warning, describe_removed(n_removed)) if w)
    return Parsed(text, None, find_blocks(text), warnings=warnings)


def find_blocks(text: str) -> tuple[_Line, ...]:
    """Return the spans of the paragraphs of canonical plain text.

    A line break inside a run of lines is soft when the text is wrapped (most lines that
    have a follower are full) and this line is full: with the next line's first word it
    would reach `_FULL_SHARE` of the typical width. It is hard all the same before a bullet,
    before an enumerator that follows closing punctuation, and beside a line without words.
    """
    lines = [_trim(text, *match.span()) for match in _LINE.finditer(text)]
    follows = [
        all(start < end for start, end in pair) and text.count("\n", pair[0][1], pair[1][0]) == 1
        for pair in pairwise(lines)
    ]
    width = _wrap_width(text, lines, follows)
    blocks: list[_Line] = []
    is_open = False
    for number, (start, end) in enumerate(lines):
        if start < end:
            blocks[-1:] = [(blocks[-1][0], end)] if is_open else [*blocks[-1:], (start, end)]
        is_open = (
            width > 0
            and number < len(follows)
            and follows[number]
            and _is_soft(text, lines[number], lines[number + 1], width)
        )
    return tuple(blocks)


def _trim(text: str, start: int, end: int) -> _Line:
    line = text[start:end]
    return start + len(line) - len(line.lstrip()), max(start, start + len(line.rstrip()))


def _wrap_width(text: str, lines: Sequence[_Line], follows: Sequence[bool]) -> int:
    """Return the column at which the text is wrapped, or 0 if its lines are not wrapped."""
    lengths = sorted(
        end - start
        for (start, end), is_followed in zip(lines, follows, strict=False)
        if is_followed
    )
    if not lengths:
        return 0
    width = lengths[int(_WIDTH_QUANTILE * (len(lengths) - 1))]
    if not MIN_WRAP_CHARS <= width <= MAX_WRAP_CHARS:
        return 0
    n_full = sum(
        is_followed and _is_full(text, line, following, width)
        for line, following, is_followed in zip(lines, lines[1:], follows, strict=False)
    )
    return width if 2 * n_full > len(lengths) else 0


def _is_full(text: str, line: _Line, following: _Line, width: int) -> bool:
    """Tell whether the next line's first word would have come near the typical width."""
    first_word = text[following[0] : following[0] + width].split(maxsplit=1)[0]
    return line[1] - line[0] + 1 + len(first_word) >= _FULL_SHARE * width


def _is_soft(text: str, line: _Line, following: _Line, width: int) -> bool:
    this, next_ = text[slice(*line)], text[slice(*following)]
    if _BULLET.match(next_) or (_ENUMERATOR.match(next_) and _CLOSED.search(this)):
        return False
    if not (any(map(str.isalnum, this)) and any(map(str.isalnum, next_))):
        return False
    return _is_full(text, line, following, width)
