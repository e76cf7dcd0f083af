"""The rows of a page in; which of them are columns of text or the rows of a table out.

Both leave a strip free. What is on both sides of a column's is long and fills most of its width;
what is on a side of a table's is not. Pure functions; they refuse nothing.
"""

from collections.abc import Sequence
from statistics import median

from assistant.ingest.formats.pdf_rows import Row

_MIN_STRIP = 0.8
"""In ems, as the next."""
_MIN_COLUMN = 9.0
_MIN_COLUMN_ROWS, _MIN_TABLE_ROWS = 4, 3
_MIN_FILLED = 0.75
"""How much of a column's width its typical line takes."""
_MAX_STRIPS = 20

Strip = tuple[float, float]


def find_columns(rows: list[Row], first: int) -> tuple[int, Strip] | None:
    """Return where the columns that begin at a row end, and the strip between them, if it is such.

    If it is a table's row, all rows of the table are told the strips that part their cells.
    """
    columns: list[tuple[int, Strip]] = []
    known = rows[first].strips
    for gap in _strips(rows[first : first + 2]):
        if any(low < gap[1] and high > gap[0] for low, high in known):
            continue
        end, strip = _extend(rows, first, gap)
        band = rows[first:end]
        if all(_is_column(side) for side in divide(band, strip)):
            columns.append((end, strip))
        elif _count_parted(band[:1], strip) and _count_parted(band, strip) >= _MIN_TABLE_ROWS:
            for row in band:
                row.strips.append(strip)
    return max(columns, default=None)


def _strips(rows: Sequence[Row]) -> list[Strip]:
    """Return the gaps that rows together leave free."""
    runs = sorted((run for row in rows for run in row.runs), key=lambda run: run.left)
    gaps = []
    right = runs[0].right
    for run in runs[1:]:
        if run.left - right >= _MIN_STRIP * run.size:
            gaps.append((right, run.left))
        right = max(right, run.right)
    return gaps[:_MAX_STRIPS]


def _extend(rows: list[Row], first: int, strip: Strip) -> tuple[int, Strip]:
    """Return where rows stop leaving the strip free, and what of it all of them leave free."""
    for number in range(first, len(rows)):
        low, high = strip
        for run in rows[number].runs:
            if run.left < high and run.right > low:
                # The larger part of the strip that this run leaves free, if any.
                low, high = max((low, run.left), (run.right, high), key=lambda s: s[1] - s[0])
        if high - low < _MIN_STRIP * rows[number].runs[0].size:
            return number, strip
        strip = low, high
    return len(rows), strip


def divide(rows: Sequence[Row], strip: Strip) -> list[list[Row]]:
    """Return what is left of a strip, and what is right of it."""
    middle = sum(strip) / 2
    left = [[run for run in row.runs if run.right <= middle] for row in rows]
    right = [[run for run in row.runs if run.right > middle] for row in rows]
    return [[Row(runs) for runs in side if runs] for side in (left, right)]


def _count_parted(rows: Sequence[Row], strip: Strip) -> int:
    """Return how many rows have something on both sides of a strip."""
    middle = sum(strip) / 2
    return sum(row.runs[0].left < middle < row.runs[-1].right for row in rows)


def _is_column(rows: list[Row]) -> bool:
    """Tell whether rows are running text, by how long and how full they are."""
    if len(rows) < _MIN_COLUMN_ROWS:
        return False
    width = max(row.runs[-1].right for row in rows) - min(row.runs[0].left for row in rows)
    filled = [sum(run.right - run.left for run in row.runs) for row in rows]
    ems = [length / row.runs[0].size for length, row in zip(filled, rows, strict=True)]
    return median(ems) >= _MIN_COLUMN and median(filled) >= _MIN_FILLED * width
