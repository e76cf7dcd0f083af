"""The rows of a page, and the strips free of text that part its columns. Pure.

Pieces at one height make a row. A strip that rows leave free parts columns of text if running text
stands on both sides of it, whatever else does: a figure, table or formula in one of them does not
make the page a table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from assistant.ingest.formats.pdf.characters import MAX_SPACE, Bounds, Piece, is_rtl
from assistant.ingest.formats.pdf.tables import MIN_STRIP, Strip, Table

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
    table: Table | None = None

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
    """Runs on a baseline, from left to right."""

    runs: list[Run]

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


def _as_run(table: Table) -> Run:
    pieces = [piece for row in table.rows for cell in row for piece in cell]
    left, top, right, bottom = table.box
    size = median(piece.style.size for piece in pieces)
    return Run(pieces, left, right, (top + bottom) / 2, bottom - top, size, table)


def _are_beside(before: Piece, piece: Piece) -> bool:
    height = min(before.bottom - before.top, piece.bottom - piece.top)
    if min(before.bottom, piece.bottom) - max(before.top, piece.top) < 0.4 * height:
        return False
    room = MAX_SPACE * max(before.style.size, piece.style.size)
    if -room <= piece.left - before.right <= room:
        return True
    return -room <= before.left - piece.right <= room and is_rtl(piece.text)


def gather(pieces: Sequence[Piece], tables: Sequence[Table] = ()) -> list[Row]:
    """Return the rows of pieces, and of tables that stand among them, from the top down."""
    runs = _runs(pieces) + [_as_run(table) for table in tables]
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


_MIN_COLUMN = 9.0
"""In ems."""
_MIN_COLUMN_LINES = 4
_MIN_FILLED = 0.75
"""How much of a column's width its typical line takes."""
_MIN_RUNNING = 0.4
"""How much of a column's text is such lines: the rest are figures, tables and formulas."""
_SAME_EDGE = 0.6
WINDOW = 3
"""Rows in a row that together show a gap, since lines of columns may stand at different heights."""
_MIN_GROUPS, _SAME_GROUPS = 4, 0.75
"""Groups of lines that begin at one height on both sides of a strip, where they are a table's."""
_GROUP_GAP = 1.25
_MAX_STRIPS = 20


@dataclass(frozen=True, slots=True)
class Band:
    """Rows, from the first up to the end, all of which leave a strip free."""

    first: int
    end: int
    strip: Strip


def find_bands(rows: Sequence[Row], rules: Sequence[Bounds]) -> list[Band]:
    """Return the strips that rows leave free, each as far up and down as it goes.

    Args:
        rows: from the top down.
        rules: ruling lines across, which end a strip that they cross.
    """
    bands: list[Band] = []
    for number in range(len(rows)):
        for size in range(1, WINDOW + 1):
            for gap in _gaps(rows[number : number + size]):
                if not any(
                    band.first <= number < band.end and _meet(band.strip, gap) for band in bands
                ):
                    bands.append(_extend(rows, number, gap, rules))
    return bands


def _meet(one: Strip, other: Strip) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _gaps(rows: Sequence[Row]) -> list[Strip]:
    """Return the gaps that rows together leave free."""
    runs = sorted((run for row in rows for run in row.runs), key=lambda run: run.left)
    gaps = []
    right = runs[0].right
    for run in runs[1:]:
        if run.left - right >= MIN_STRIP * run.size:
            gaps.append((right, run.left))
        right = max(right, run.right)
    return gaps[:_MAX_STRIPS]


def _extend(rows: Sequence[Row], number: int, strip: Strip, rules: Sequence[Bounds]) -> Band:
    """Return the band around a row whose gap is free, and what of that all of it leaves free."""
    end, strip = _follow(rows, range(number, len(rows)), strip, rules)
    first, strip = _follow(rows, range(number, -1, -1), strip, rules)
    return Band(first + 1, end, strip)


def _follow(
    rows: Sequence[Row], numbers: range, strip: Strip, rules: Sequence[Bounds]
) -> tuple[int, Strip]:
    """Return the first of the rows that does not leave a strip free, and what the others leave."""
    before: Row | None = None
    for number in numbers:
        low, high = strip
        row = rows[number]
        for run in row.runs:
            if run.left < high and run.right > low:
                # The larger part of the strip that this run leaves free, if any.
                low, high = max((low, run.left), (run.right, high), key=lambda s: s[1] - s[0])
        is_crossed = before is not None and _is_crossed(before, row, strip, rules)
        if is_crossed or high - low < MIN_STRIP * row.runs[0].size:
            return number, strip
        strip = low, high
        before = row
    return numbers.stop, strip


def _is_crossed(one: Row, other: Row, strip: Strip, rules: Sequence[Bounds]) -> bool:
    """Tell whether a ruling line between two rows crosses a strip."""
    low, high = sorted((one.runs[0].middle, other.runs[0].middle))
    return any(
        low < rule[1] < high and rule[0] < strip[0] - 1 and rule[2] > strip[1] + 1 for rule in rules
    )


def are_columns(rows: Sequence[Row], strip: Strip) -> bool:
    """Tell whether what is left and right of a strip is running text, and no table's cells."""
    sides = divide(rows, strip)
    if not all(sides) or not all(map(is_running, sides)):
        return False
    left, right = (_group_tops(side) for side in sides)
    n_same = sum(any(abs(top - other) < 1.0 for other in right) for top in left)
    most = max(len(left), len(right))
    return most < _MIN_GROUPS or n_same < _SAME_GROUPS * most


def divide(rows: Sequence[Row], strip: Strip) -> list[list[Row]]:
    """Return what is left of a strip, and what is right of it."""
    middle = sum(strip) / 2
    left = [[run for run in row.runs if run.right <= middle] for row in rows]
    right = [[run for run in row.runs if run.right > middle] for row in rows]
    return [[Row(runs) for runs in side if runs] for side in (left, right)]


def count_parted(rows: Sequence[Row], strip: Strip) -> int:
    """Return how many rows have something on both sides of a strip."""
    middle = sum(strip) / 2
    return sum(row.runs[0].left < middle < row.runs[-1].right for row in rows)


def is_running(rows: Sequence[Row]) -> bool:
    """Tell whether a good part of some rows is running text, in one column or several.

    It is lines that begin at one edge, of which most are as long as the longest.
    """
    lines = [line for row in rows for line in _line_spans(row)]
    edges: list[list[tuple[float, float, float]]] = []
    for line in sorted(lines):
        if edges and line[0] - edges[-1][0][0] <= _SAME_EDGE * line[2]:
            edges[-1].append(line)
        else:
            edges.append([line])
    n_full, running = 0, 0.0
    for own in edges:
        width = sorted(right for _, right, _ in own)[9 * (len(own) - 1) // 10] - own[0][0]
        full = [right - left for left, right, size in own if right - left >= _MIN_FILLED * width]
        if len(full) > 1 and width >= _MIN_COLUMN * median(size for _, _, size in own):
            n_full += len(full)
            running += sum(full)
    whole = sum(right - left for left, right, _ in lines)
    return n_full >= _MIN_COLUMN_LINES and running >= _MIN_RUNNING * whole


def _line_spans(row: Row) -> Iterator[tuple[float, float, float]]:
    """Yield where lines of a row begin and end, and their size; no table's."""
    runs = [run for run in row.runs if run.table is None]
    for number, run in enumerate(runs):
        if number and run.left - runs[number - 1].right < MIN_STRIP * run.size:
            continue
        last = number
        while last + 1 < len(runs) and (
            runs[last + 1].left - runs[last].right < MIN_STRIP * run.size
        ):
            last += 1
        yield run.left, runs[last].right, run.size


def _group_tops(rows: Sequence[Row]) -> list[float]:
    """Return where groups of rows begin that are further apart than lines are."""
    distances = [below.runs[0].middle - row.runs[0].middle for row, below in pairwise(rows)]
    usual = median(distances) if distances else 0.0
    return [rows[0].runs[0].middle] + [
        row.runs[0].middle
        for row, distance in zip(rows[1:], distances, strict=True)
        if distance > _GROUP_GAP * usual
    ]
