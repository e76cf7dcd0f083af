"""Source code, markup and settings: the text of the file, its blocks and its lines.

Each line of code is a block, so that it can be cited by itself; the lines of a comment that stands
alone, or of a text in triple quotes, are one block for each paragraph, whose sentences may go over
several lines. What is a comment is told by how its lines begin and not by the language. Every line
with something in it is a page. `DocumentUnreadable` is raised for binary data and too many lines.
"""

import re
from collections.abc import Iterator, Sequence

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.byte_span import find_origin
from assistant.ingest.decode import decode
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    Limits,
    Parsed,
    as_units,
    describe_removed,
    drop_none,
    trim,
)
from assistant.text.normalize import normalize, normalize_mapped
from assistant.values import Origin, Page, PageKind

MAX_LINES = 500_000
"""Each is a block and a page, which take more memory than the few characters in them."""
_LINE = re.compile(r"[^\n]+")
_COMMENT = re.compile(r"(?:#+|//+[/!]*|--+|;+|%+|\*(?!/)|/\*+|\(\*|REM\b)(?=\s+[^\W\d_])")
"""What a line of prose in a comment begins with, before a space and a word."""
_ENDS_COMMENT = re.compile(r"(?:\*/|\*\))\s*$")
_TRIPLE = re.compile("\"\"\"|'''")
_PROSE = re.compile(r"\s*[^\W\d_]")

Span = tuple[int, int]


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text as canonical text in blocks, with its lines as pages."""
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    pages = tuple(find_lines(text))
    warnings = drop_none(decoded.warning, describe_removed(n_removed))
    return Parsed(text, None, as_units(find_code(text)), pages=pages, warnings=warnings)


def locate(data: bytes, span: Span, _: Sequence[Page] = ()) -> Origin:
    """Return the bytes of the file that a span of its text stands for."""
    decoded = decode(data)
    return find_origin(data, decoded, normalize_mapped(decoded.text).offsets.to_raw(*span))


def find_lines(text: str) -> Iterator[Page]:
    """Yield the lines of a canonical text that have something in them, by their numbers.

    Raises:
        DocumentUnreadable: there are more than `MAX_LINES`.
    """
    number, position = 1, 0
    for n_lines, line in enumerate(_LINE.finditer(text)):
        if n_lines >= MAX_LINES:
            raise DocumentUnreadable(f"more than {MAX_LINES:,} lines: split it", Fault.TOO_LARGE)
        number += text.count("\n", position, line.start())
        position = line.start()
        start, end = trim(text, *line.span())
        if start < end:
            yield Page(number, start, end, PageKind.LINE)


def find_code(text: str) -> tuple[Span, ...]:
    """Return the spans of the lines of code and of the paragraphs of comments."""
    blocks: list[Span] = []
    opened, before = "", ""
    position = 0
    for match in _LINE.finditer(text):
        start, end = trim(text, *match.span())
        if start >= end:
            continue
        line = text[start:end]
        kind, opened = _kind_of(line, opened)
        is_next = text.count("\n", position, start) == 1
        if kind and kind == before and is_next:
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
        before = "" if _ENDS_COMMENT.search(line) else kind
        position = end
    return tuple(blocks)


def _kind_of(line: str, opened: str) -> tuple[str, str]:
    """Return what lines can go on from this one to the next, and the quotes open behind it.

    It is "" for a line of code, the quotes for prose between them, or a comment's mark.
    """
    was_open = opened
    for quotes in _TRIPLE.findall(line):
        if not opened:
            opened = quotes
        elif opened == quotes:
            opened = ""
    if was_open or (opened and line.startswith(opened)):
        within = was_open or opened
        return (within if _PROSE.match(line.removeprefix(within)) else ""), opened
    comment = _COMMENT.match(line)
    if comment is None:
        return "", opened
    mark = comment[0]
    return ("*" if "*" in mark else mark[:2]), opened
