"""Plain text: bytes in; canonical text and its paragraphs out.

Blank lines part paragraphs. A single newline is either a hard break (one paragraph or list
item a line) or a soft wrap (72 columns); `find_blocks` decides which, by the rules that it
states. There are no headings: nothing in plain text says reliably that a line is one.
Words that are hyphenated at soft breaks are joined. Refuses binary data with `DocumentUnreadable`.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from assistant.ingest.byte_span import find_origin
from assistant.ingest.decode import decode
from assistant.ingest.formats.hyphens import close_up, cut, find_hyphenations, find_soft_hyphens
from assistant.ingest.formats.parsed import Parsed, describe_removed
from assistant.ingest.limits import USUAL, Limits
from assistant.ingest.normalize import normalize, normalize_mapped
from assistant.ingest.offsets import Changes
from assistant.places import Origin, Page

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
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    blocks, cuts = _read(text, decoded.text)
    warnings = tuple(w for w in (decoded.warning, describe_removed(n_removed)) if w)
    return Parsed(cut(text, cuts), None, close_up(blocks, cuts), warnings=warnings)


def locate(data: bytes, span: tuple[int, int], _: Sequence[Page] = ()) -> Origin:
    """Return the bytes of the file that a span of its text stands for."""
    decoded = decode(data)
    canonical = normalize_mapped(decoded.text)
    cuts = _read(canonical.text, decoded.text)[1]
    offsets = canonical.offsets.then(Changes.by_cutting(cuts))
    return find_origin(data, decoded, offsets.to_raw(*span))


def find_blocks(text: str) -> tuple[_Line, ...]:
    """Return the spans of the paragraphs of canonical plain text."""
    return find_paragraphs(text)[0]


def find_paragraphs(
    text: str, always_soft: Collection[int] = ()
) -> tuple[tuple[_Line, ...], tuple[_Line, ...]]:
    """Return the spans of the paragraphs, and those of the soft breaks inside them.

    A line break inside a run of lines is soft when the text is wrapped (most lines that
    have a follower are full) and this line is full: with the next line's first word it
    would reach `_FULL_SHARE` of the typical width. It is hard all the same before a bullet,
    before an enumerator that follows closing punctuation, and beside a line without words.

    Args:
        text: canonical plain text.
        always_soft: where lines end that are not to be ends of paragraphs, whatever they look like.
    """
    lines = [_trim(text, *match.span()) for match in _LINE.finditer(text)]
    follows = [
        all(start < end for start, end in pair) and text.count("\n", pair[0][1], pair[1][0]) == 1
        for pair in pairwise(lines)
    ]
    width = _wrap_width(text, lines, follows)
    blocks: list[_Line] = []
    breaks: list[_Line] = []
    is_open = False
    for number, (start, end) in enumerate(lines):
        if is_open:
            breaks.append((blocks[-1][1], start))
            blocks[-1] = (blocks[-1][0], end)
        elif start < end:
            blocks.append((start, end))
        is_open = (
            number < len(follows)
            and follows[number]
            and (
                end in always_soft
                or (width > 0 and _is_soft(text, lines[number], lines[number + 1], width))
            )
        )
    return tuple(blocks), tuple(breaks)


def _read(text: str, raw: str) -> tuple[tuple[_Line, ...], tuple[_Line, ...]]:
    """Return the paragraphs' spans, and what is to be cut out to join hyphenated words."""
    soft = find_soft_hyphens(text, raw)
    blocks, breaks = find_paragraphs(text, soft)
    return blocks, find_hyphenations(text, breaks, soft)


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
