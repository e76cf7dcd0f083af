"""JSON Lines: what the value of each line says, as lines of text. A line is a page.

Values are written as in `json.py`. A line that is no JSON stands in the text as it is, and such
lines are counted in a warning. `locate` gives the bytes of the lines of a span.
`DocumentUnreadable` is raised for binary data and too many lines.
"""

import re
from collections.abc import Iterator, Sequence

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.byte_span import find_origin
from assistant.ingest.decode import decode
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.json import read_json, write_value
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count, trim
from assistant.ingest.formats.source import MAX_LINES
from assistant.values import Origin, Page, PageKind

_LINE = re.compile(r"[^\n]+")


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the lines' values as lines of text, with a page for each line of the file."""
    decoded = decode(data)
    blocks = Blocks(limits.max_chars)
    n_bad = 0
    for n_lines, (number, (start, end)) in enumerate(_find_lines(decoded.text)):
        if n_lines >= MAX_LINES:
            raise DocumentUnreadable(f"more than {MAX_LINES:,} lines: split it", Fault.TOO_LARGE)
        line = decoded.text[start:end]
        blocks.start_page(number, PageKind.LINE)
        try:
            value = read_json(line)
        except ValueError:
            n_bad += 1
            blocks.add(line)
        else:
            write_value([value], blocks)
    told = count(n_bad, "line", "could not be read as JSON, left as in the file")
    return blocks.finish(None, [decoded.warning, told])


def locate(data: bytes, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return the bytes of the lines that a span of the text lies in."""
    numbers = {page.number for page in pages if page.start < span[1] and span[0] < page.end}
    decoded = decode(data)
    lines = [line for number, line in _find_lines(decoded.text) if number in numbers]
    return find_origin(data, decoded, (lines[0][0], lines[-1][1])) if lines else Origin()


def _find_lines(text: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the lines that are not blank, with their numbers: those between line feeds."""
    number, position = 1, 0
    for match in _LINE.finditer(text):
        number += text.count("\n", position, match.start())
        position = match.start()
        start, end = trim(text, *match.span())
        if start < end:
            yield number, (start, end)
