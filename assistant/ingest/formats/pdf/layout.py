"""The lines of a page in reading order, from the pieces of its text. Pure.

Pdfium gives text as the file draws it. Pieces at one height make a row. Where rows are columns of
text, these are read one after the other; where they are a table's, a row is a line of cells. What
stands apart at the top and the foot of the page is read first and last.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from statistics import median

from assistant.ingest.formats.pdf.characters import MAX_SPACE, Piece, is_rtl

_TOLERANCE = 0.35
"""Between the middles of runs in a row, of their height."""


@dataclass(slots=True)
class Run:
    """Words beside each other, as the file has them."""

    pieces: list[Piece]
    left: float
    right: float
    middle: float
    height: float
    size: float

    def add(self, piece: Piece) -> None:
        """Add a piece; the largest tells how high the run is."""
        self.pieces.append(piece)
        self.left = min(self.left, piece.left)
        self.right = max(self.right, piece.right)
        if piece.style.size > self.size:
            self.size = piece.style.size
            self.middle, self.height = (piece.top + piece.bottom) / 2, piece.bottom - piece.top


@dataclass(slots=True)
class Row:
    """Runs on a baseline, from left to right; strips are where a table's cells are parted."""

    runs: list[Run]
    strips: list[tuple[float, float]] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Return the least `y` of its text."""
        return min(run.middle - run.height / 2 for run in self.runs)

    @property
    def bottom(self) -> float:
        """Return the greatest `y` of its text."""
        return max(run.middle + run.height / 2 for run in self.runs)


def _runs(pieces: Sequence[Piece]) -> list[Run]:
    runs: list[Run] = []
    before: Piece | None = None
    for piece in pieces:
        if before is not None and _are_beside(before, piece):
            runs[-1].add(piece)
        else:
            height = piece.bottom - piece.top
            middle = piece.top + height / 2
            runs.append(Run([piece], piece.left, piece.right, middle, height, piece.style.size))
        before = piece
    return runs


def _are_beside(before: Piece, piece: Piece) -> bool:
    height = min(before.bottom - before.top, piece.bottom - piece.top)
    if min(before.bottom, piece.bottom) - max(before.top, piece.top) < 0.4 * height:
        return False
    room = MAX_SPACE * max(before.style.size, piece.style.size)
    if -room <= piece.left - before.right <= room:
        return True
    return -room <= before.left - piece.right <= room and is_rtl(piece.text)


def gather(pieces: Sequence[Piece]) -> list[Row]:
    """Return the rows of pieces, from the top down."""
    runs = _runs(pieces)
    rows: list[Row] = []
    for run in sorted(runs, key=lambda run: run.middle):
        first = rows[-1].runs[0] if rows else None
        if first is not None and (
            run.middle - first.middle <= _TOLERANCE * min(run.height, first.height)
        ):
            rows[-1].runs.append(run)
        else:
            rows.append(Row([run]))
    for row in rows:
        row.runs.sort(key=lambda run: run.left)
    return rows


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


_MIN_CELL_GAP = 2.5
"""In ems, where no other row tells of cells."""
_MARGIN = 0.15
"""Of the page's height, in which a running head or foot may stand."""
_MAX_MARGIN_ROWS = 3
_MAX_ROWS, _MAX_DEPTH = 1_000, 8
"""What has more is no page for people; its rows are read as they are."""
_MIN_ITEM_WORDS = 4
"""Of an item that is marked by a bare number, which a table's cell may be as well."""
_MARKER = re.compile(
    r"[-*+•‣◦▪●–—·]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]|\d+(?:\.\d+)+\.?|\[\d+\]"
)
"""What stands before a list's item or a heading, often at some distance."""


class Zone(Enum):
    """Where on the page a line stands."""

    HEAD = "head"
    BODY = "body"
    FOOT = "foot"
    ASIDE = "aside"


@dataclass(slots=True)
class Line:
    """Words on a baseline, in cells if it is a table's row; lines of one flow follow each other."""

    cells: list[list[Piece]]
    flow: int
    zone: Zone
    left: float
    right: float
    top: float
    bottom: float
    size: float
    is_bold: bool

    @classmethod
    def of(cls, cells: list[list[Piece]], flow: int, zone: Zone = Zone.BODY) -> "Line":
        """Return the line of some pieces."""
        pieces = [piece for cell in cells for piece in cell]
        sizes: Counter[float] = Counter()
        for piece in pieces:
            sizes[piece.style.size] += piece.n_chars
        size = max(sizes, key=sizes.__getitem__)
        whole = [piece for piece in pieces if piece.style.size == size]
        return cls(
            cells,
            flow,
            zone,
            min(piece.left for piece in pieces),
            max(piece.right for piece in pieces),
            min(piece.top for piece in whole),
            max(piece.bottom for piece in whole),
            size,
            all(piece.style.is_bold for piece in pieces),
        )


def arrange(pieces: Sequence[Piece], page_height: float) -> list[Line]:
    """Return the lines of upright pieces, in reading order."""
    rows = gather(pieces)
    n_head = _count_margin(rows, page_height)
    n_foot = _count_margin(rows[n_head:][::-1], page_height)
    end = len(rows) - n_foot
    lines = [_line(row, 0, Zone.HEAD) for row in rows[:n_head]]
    lines += _read(rows[n_head:end], 0)
    lines += [_line(row, -1, Zone.FOOT) for row in rows[end:]]
    return lines


def _count_margin(rows: Sequence[Row], page_height: float) -> int:
    """Return how many of the first rows, from the top or the foot, stand apart in the margin."""
    count = 0
    for number, (row, next_) in enumerate(pairwise(rows[: _MAX_MARGIN_ROWS + 1]), start=1):
        if row.bottom < next_.bottom:
            gap, depth = next_.top - row.bottom, row.bottom
        else:
            gap, depth = row.top - next_.bottom, page_height - row.top
        if depth > _MARGIN * page_height:
            break
        if gap > 0.5 * max(row.bottom - row.top, next_.bottom - next_.top):
            count = number
    return count


def _read(rows: list[Row], depth: int) -> list[Line]:
    """Return the lines of rows: column after column, where there are columns."""
    lines: list[Line] = []
    flow = 0
    number = 0
    limit = 0 if len(rows) > _MAX_ROWS or depth > _MAX_DEPTH else len(rows)
    while number < len(rows):
        band = find_columns(rows, number) if number < limit else None
        if band is None:
            lines.append(_line(rows[number], flow))
            number += 1
            continue
        end, strip = band
        for side in divide(rows[number:end], strip):
            inner = _read(side, depth + 1)
            for line in inner:
                line.flow += flow + 1
            flow = inner[-1].flow
            lines += inner
        flow += 1
        number = end
    return lines


def _line(row: Row, flow: int, zone: Zone = Zone.BODY) -> Line:
    """Return a row as a line, in cells where it is parted."""
    runs = row.runs
    if len(runs) == 1:
        return Line.of([runs[0].pieces], flow, zone)
    n_rtl = sum(is_rtl(piece.text) for run in runs for piece in run.pieces)
    is_reversed = 2 * n_rtl > sum(len(run.pieces) for run in runs)
    ordered = runs[::-1] if is_reversed else runs
    cells = [list(ordered[0].pieces)]
    for before, run in pairwise(ordered):
        left, right = (run.right, before.left) if is_reversed else (before.right, run.left)
        if right - left > _MIN_CELL_GAP * max(before.size, run.size) or any(
            low < right and high > left for low, high in row.strips
        ):
            cells.append(list(run.pieces))
        else:
            cells[-1] += run.pieces
    return Line.of([cells[0] + cells[1]] if _is_item(cells) else cells, flow, zone)


def _is_item(cells: list[list[Piece]]) -> bool:
    """Tell whether cells are a list's item, which stands beside its marker."""
    if len(cells) != 2 or len(cells[0]) != 1:
        return False
    marker, n_words = cells[0][0].text, sum(piece.text.count(" ") + 1 for piece in cells[1])
    is_number = marker.isdecimal() and len(marker) <= 3
    return _MARKER.fullmatch(marker) is not None or (is_number and n_words >= _MIN_ITEM_WORDS)
