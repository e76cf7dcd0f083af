"""Writing the rows of a table as lines of text, each of which can be understood by itself.

Cells are joined by ` | `, empty ones left out. Where a table begins with a row of column names,
every later row is written as `Name: value | Name: value`, so that a row which is cited alone says
what its values are. The names are those of the first row with several cells, if

- they are words, all there (the corner may be empty), all different, short, and no sentences;
  of years there must be several, over columns that hold something else;
- the rows below have no cells beside them, and mostly several cells.

After an empty row another table may begin: one with names of its own if, besides, there is a column
of words above numbers, dates or truth values. Rows that stand alone, above a table's first row of
several cells, are captions. `DocumentUnreadable` is raised for tables with too many rows.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from assistant.errors import DocumentUnreadable, Fault

JOINT = " | "
MAX_ROWS = 500_000
"""Of one table. Each row is a block and a page, which cost more than the few characters in it."""
MAX_NAME_CHARS = 60
N_LOOKED_AT = 10
"""Rows below a row of names that must fit it."""

_VALUE = re.compile(
    r"[-+(]?[$€£¥]? ?\d[\d.,' \u00a0]*(?:e[-+]?\d+)?\s?[%€$£¥]?\)?"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.]+)?|true|false",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_SENTENCE_END = re.compile(r"[.!?;。！？]$")

Row = Sequence[str]


def write_rows(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, str]]:
    """Yield each row that is not empty, with its number and as one line.

    Args:
        rows: of one table or sheet, numbered; cells are canonical text on one line, and an empty
            one is "". Empty rows, where they are given, part tables.

    Raises:
        DocumentUnreadable: there are more than `MAX_ROWS`.
    """
    names: Row = ()
    may_begin = True
    n_rows = 0
    for number, cells, below in _look_ahead(rows):
        n_cells = sum(map(bool, cells))
        if not n_cells:
            may_begin = True
            continue
        n_rows += 1
        if n_rows > MAX_ROWS:
            raise DocumentUnreadable(f"more than {MAX_ROWS:,} rows: split it", Fault.TOO_LARGE)
        if may_begin and _are_names(cells, below) and (not names or _is_contrast(cells, below)):
            names = cells
            yield number, join_cells(cells)
        elif may_begin and n_cells == 1:
            yield number, join_cells(cells)
            continue
        else:
            yield number, _name_cells(names, cells)
        may_begin = False


def join_cells(cells: Iterable[str]) -> str:
    """Return a row without names as one line."""
    return JOINT.join(cell for cell in cells if cell)


def _name_cells(names: Row, cells: Row) -> str:
    named = (*names[: len(cells)], *[""] * (len(cells) - len(names)))
    return join_cells(
        f"{name.rstrip(' :')}: {cell}" if name and cell else cell
        for name, cell in zip(named, cells, strict=True)
    )


def _look_ahead(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row, list[Row]]]:
    """Yield each row with those below it, as far as they matter or the next empty row."""
    source = iter(rows)
    ahead = deque(islice(source, N_LOOKED_AT + 1))
    is_first = True
    while ahead:
        number, cells = ahead.popleft()
        below: list[Row] = []
        if is_first:
            for _, row in ahead:
                if not any(row):
                    break
                below.append(row)
        yield number, cells, below
        is_first = sum(map(bool, cells)) < 2  # only a table's first row may be its names
        ahead.extend(islice(source, 1))


def _are_names(cells: Row, below: Sequence[Row]) -> bool:
    width = _width(cells)
    names = [cell for cell in cells[:width] if cell]
    if len(names) < 2 or len(names) < width - (not cells[0]) or not below:
        return False
    if len({name.casefold() for name in names}) < len(names):
        return False
    if not all(_is_name(name) or _YEAR.fullmatch(name) for name in names):
        return False
    if not _are_years_names(cells, below):
        return False
    n_several = sum(sum(map(bool, row)) > 1 for row in below)
    return 2 * n_several >= len(below) and all(_width(row) <= width for row in below)


def _width(row: Row) -> int:
    return max((column for column, cell in enumerate(row, start=1) if cell), default=0)


def _is_name(cell: str) -> bool:
    return (
        len(cell) <= MAX_NAME_CHARS
        and any(map(str.isalpha, cell))
        and not _VALUE.fullmatch(cell)
        and not _SENTENCE_END.search(cell)
    )


def _are_years_names(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether the years among the cells, if any, may be names: `Country | 2019 | 2020`."""
    years = [column for column, cell in enumerate(cells) if _YEAR.fullmatch(cell)]
    if not years:
        return True
    values = [row[column] for row in below for column in years if column < len(row)]
    return len(years) > 1 and not all(_YEAR.fullmatch(value) for value in values if value)


def _is_contrast(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether there is a column of words above values."""
    for column, cell in enumerate(cells):
        values = [row[column] for row in below if column < len(row) and row[column]]
        if values and _is_name(cell) and all(_VALUE.fullmatch(value) for value in values):
            return True
    return False
