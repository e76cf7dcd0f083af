"""Comma-separated values: each row is a line of text and a page.

The delimiter is the comma, semicolon, tab or bar that parts most rows alike, or what a first line
`sep=;` says. A row is written as `table.py` says: `Name: value | Name: value` below column names.
Rows are numbered as a spreadsheet shows them: empty ones count, and one with newlines in quotation
marks is one. A quotation mark that is never closed is read as a character. `locate` gives the bytes
of the rows of a span. `DocumentUnreadable` is raised for binary data.
"""

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice

from assistant.ingest.decode import decode, find_origin
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed
from assistant.ingest.formats.table import Row, write_rows
from assistant.values import Origin, Page, PageKind

DELIMITERS = (",", ";", "\t", "|")
N_SNIFFED_ROWS = 200
_SNIFFED_CHARS = 1 << 18
_SEPARATOR = "sep="

_Record = tuple[int, Row, int, int]
"""A row's number, its cells, and where it is in the file's text."""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the rows that are not empty, with a page for each."""
    decoded = decode(data)
    blocks = Blocks(limits.max_chars)
    with _fields_of(len(decoded.text)):
        records, warning = _read(decoded.text)
        records = (one for _, alike in groupby(records, _is_empty) for one in _shorten(alike))
        cells = (
            (number, [blocks.clean(cell) if cell else "" for cell in row])
            for number, row, _, _ in records
        )
        for number, line, role in write_rows(cells):
            blocks.start_page(number, PageKind.ROW)
            blocks.append(Block(line, role=role))
    return blocks.finish(None, [decoded.warning, warning])


def locate(data: bytes, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return the bytes of the rows that a span of the text lies in."""
    numbers = {page.number for page in pages if page.start < span[1] and span[0] < page.end}
    decoded = decode(data)
    with _fields_of(len(decoded.text)):
        records = _read(decoded.text)[0]
        places = [place for number, _, *ends in records if number in numbers for place in ends]
    return find_origin(data, decoded, (places[0], places[-1])) if places else Origin()


def _read(text: str) -> tuple[Iterator[_Record], str | None]:
    """Return the rows, and a warning if a quotation mark had to be read as a character."""
    first_line = text.partition("\n")[0].strip()
    is_told = first_line.lower().startswith(_SEPARATOR) and len(first_line) == len(_SEPARATOR) + 1
    delimiter = first_line[-1] if is_told else _sniff(text)
    is_open = '"' in text and _is_open(text, delimiter)
    records = _records(text, delimiter, is_quoted=not is_open)
    told = "a quotation mark is never closed; all of them are read as characters"
    return islice(records, int(is_told), None), told if is_open else None


def _records(text: str, delimiter: str, *, is_quoted: bool = True) -> Iterator[_Record]:
    n_read = 0

    def lines() -> Iterator[str]:
        nonlocal n_read
        for line in io.StringIO(text, newline=""):
            n_read += len(line)
            yield line

    start = 0
    if is_quoted:
        rows = csv.reader(lines(), delimiter=delimiter)
    else:
        rows = csv.reader(lines(), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    for number, row in enumerate(rows, start=1):
        yield number, row, start, start + len(text[start:n_read].rstrip("\r\n"))
        start = n_read


def _is_empty(record: _Record) -> bool:
    return not any(record[1])


def _shorten(alike: Iterator[_Record]) -> Iterator[_Record]:
    """Yield rows that follow each other and are all empty, or none is: of empty ones the first."""
    for record in alike:
        yield record
        if _is_empty(record):
            break


@contextmanager
def _fields_of(n_chars: int) -> Iterator[None]:
    """Let a field be as long as the text; the library's own bound is one of the whole process."""
    usual = csv.field_size_limit(n_chars + 1)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def _is_open(text: str, delimiter: str) -> bool:
    """Tell whether the last row is one over several lines whose quotation mark is never closed."""
    ends = deque(_records(text, delimiter), maxlen=1)
    last = "".join(text[start:end] for _, _, start, end in ends)
    return last.count('"') % 2 == 1 and ("\n" in last or "\r" in last)


def _sniff(text: str) -> str:
    """Return the delimiter that parts most rows into the same number of cells, and most cells."""
    sample = text[:_SNIFFED_CHARS]
    scores = []
    for delimiter in DELIMITERS:
        rows = islice(_records(sample, delimiter), N_SNIFFED_ROWS)
        widths = Counter(len(row) for _, row, _, _ in rows if row)
        width, n_alike = max(
            ((width, n) for width, n in widths.items() if width > 1),
            key=lambda found: (found[1], found[0]),
            default=(0, 0),
        )
        scores.append((n_alike / max(widths.total(), 1), width))
    return DELIMITERS[scores.index(max(scores))]
