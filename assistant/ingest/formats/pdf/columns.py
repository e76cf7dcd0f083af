"""The rows of a page, the strips free of text that part its columns, and its tables. Pure.

Pieces at one height make a row. A strip that rows leave free parts columns of text if running text
stands on both sides of it, whatever else does: a figure, table or formula in one of them does not
make the page a table.

Tables stand in the grids that ruling lines make, or in rows whose cells line up. A table's row has
a cell for each column, whose pieces are in reading order; a cell that reaches over several rows
stands in each, and one of several lines is whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from assistant.ingest.formats.blocks import MAX_ROW_CHARS
from assistant.ingest.formats.pdf.characters import MAX_SPACE, Bounds, Piece, is_rtl
from assistant.ingest.formats.pdf.shapes import RuledGrid

MIN_STRIP = 0.8
"""Between cells, in ems."""
MAX_CELL_LINES = 12
"""In several cells of a row, which then are lists beside each other."""
_SAME_LINE = 0.35
"""Between the middles of pieces of a line, of their height."""
_MIN_LINES = 3
"""Lines in a row of a grid that are rows of their own, where nearly all columns have each."""
_NEARLY_ALL = 0.6

Cell = list[Piece]
Strip = tuple[float, float]


@dataclass(slots=True)
class PageTable:
    """Rows of cells, and the box that they take; or the parts of a page that is laid out so.

    `is_ruled` tells whether lines are drawn between the cells.
    """

    rows: list[list[Cell]]
    box: Bounds
    is_layout: bool = False
    is_ruled: bool = True


def lines_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Return pieces by line, from the top down, each from left to right."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        last = lines[-1][0] if lines else piece
        room = _SAME_LINE * min(piece.bottom - piece.top, last.bottom - last.top)
        if lines and (piece.top + piece.bottom - last.top - last.bottom) / 2 <= room:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [sorted(line, key=_rtl_order if _is_rtl(line) else _ltr_order) for line in lines]


def _ltr_order(piece: Piece) -> float:
    return piece.left


def _rtl_order(piece: Piece) -> float:
    return -piece.right


def _is_rtl(pieces: Sequence[Piece]) -> bool:
    return 2 * sum(is_rtl(piece.text) for piece in pieces) > len(pieces)


def take_grids(
    pieces: Sequence[Piece], grids: Sequence[RuledGrid]
) -> tuple[list[PageTable], list[Piece]]:
    """Return the tables that stand in grids, and the pieces that are in none."""
    rest = list(pieces)
    tables = []
    for grid in grids:
        cells: dict[tuple[int, int], list[Piece]] = {}
        outside = []
        for piece in rest:
            middle = (piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2
            cell = grid.find(*middle)
            if cell is None:
                outside.append(piece)
            else:
                cells.setdefault(cell, []).append(piece)
        table = _in_grid(grid, cells)
        if table is not None:
            tables.append(table)
            rest = outside
    return tables, rest


def _in_grid(grid: RuledGrid, cells: dict[tuple[int, int], list[Piece]]) -> PageTable | None:
    """Return the table of a grid, unless it frames something or draws."""
    columns = sorted({column for _, column in cells})
    if len(columns) < 2 or len({row for row, _ in cells}) < 2:
        return None
    reach = [[grid.cells[row][column] for column in columns] for row in range(len(grid.ys) - 1)]
    if 2 * len(cells) < len({cell for row in reach for cell in row}):
        return None
    ordered = {cell: lines_of(own) for cell, own in cells.items()}
    rows: list[list[Cell]] = []
    before: list[tuple[int, int]] = []
    is_layout = False
    for row in reach:
        if row == before or not any(cell in cells for cell in row):
            continue
        before = row
        whole = [_once(row, place, ordered) for place in range(len(row))]
        by_line = _by_line(whole)
        lays_out = _lays_out(whole, has_rows=bool(by_line))
        is_layout = is_layout or lays_out
        joined = [[piece for line in cell for piece in line] for cell in whole]
        rows += [joined] if lays_out or not by_line else by_line
    box = grid.xs[0], grid.ys[0], grid.xs[-1], grid.ys[-1]
    return _table(rows, box, is_layout=is_layout) if len(rows) > 1 else None


def _table(rows: list[list[Cell]], box: Bounds, *, is_layout: bool = False) -> PageTable:
    """Return rows as a table, the first cell first, also of what is written from the right."""
    if _is_rtl([piece for row in rows for cell in row for piece in cell]):
        rows = [row[::-1] for row in rows]
    return PageTable(rows, box, is_layout)


def _lays_out(cells: Sequence[list[list[Piece]]], *, has_rows: bool) -> bool:
    """Tell whether cells hold much text, or lists that have columns of their own."""
    n_chars = sum(len(piece.text) for cell in cells for line in cell for piece in line)
    lists = [cell for cell in cells if len(cell) > MAX_CELL_LINES]
    if has_rows:
        return sum(2 * sum(map(_is_parted, cell)) > len(cell) for cell in lists) > 1
    return n_chars > MAX_ROW_CHARS or len(lists) > 1


def _is_parted(line: Sequence[Piece]) -> bool:
    return any(
        after.left - piece.right > MIN_STRIP * piece.style.size for piece, after in pairwise(line)
    )


def _once(
    row: Sequence[tuple[int, int]], place: int, ordered: dict[tuple[int, int], list[list[Piece]]]
) -> list[list[Piece]]:
    """Return the lines of a cell; one that reaches over columns stands in the first of them."""
    cell = row[place]
    return [] if cell in row[:place] else ordered.get(cell, [])


def _by_line(cells: Sequence[list[list[Piece]]]) -> list[list[Cell]]:
    """Return the rows that stand in one row of a grid whose rows are not ruled; none if it is one.

    Nearly all its columns have a line of each, the first of all.
    """
    lines = lines_of(piece for cell in cells for line in cell for piece in line)
    filled = [cell for cell in cells if cell]
    if len(lines) < _MIN_LINES or len(filled) < 2:
        return []
    if any(len(cell) < _NEARLY_ALL * len(lines) for cell in filled) or len(filled[0]) < len(lines):
        return []
    owner = {id(piece): n for n, cell in enumerate(cells) for line in cell for piece in line}
    rows: list[list[Cell]] = [[[] for _ in cells] for _ in lines]
    for number, line in enumerate(lines):
        for piece in line:
            rows[number][owner[id(piece)]].append(piece)
    return rows


def in_strips(rows: Sequence[Sequence[Piece]], strips: Sequence[Strip]) -> PageTable:
    """Return the table of rows whose cells are parted by strips that are free of text."""
    middles = sorted(sum(strip) / 2 for strip in strips)
    parted: list[list[Cell]] = []
    for row in rows:
        cells: list[Cell] = [[] for _ in range(len(middles) + 1)]
        for piece in row:
            place = (piece.left + piece.right) / 2
            cells[sum(place > middle for middle in middles)].append(piece)
        parted.append(cells)
    pieces = [piece for row in rows for piece in row]
    box = (
        min(piece.left for piece in pieces),
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
    )
    return replace(_table(_join_lines(parted), box), is_ruled=False)


def _join_lines(rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Return rows, of which one that goes on with the cells above it is part of those.

    It has no first cell, nothing where there is nothing above, and stands nearer to what is above
    than rows do; or all of it begins with small letters.
    """
    tops = [min(piece.top for cell in row for piece in cell) for row in rows]
    distances = [
        below - top for (top, below), row in zip(pairwise(tops), rows[1:], strict=True) if row[0]
    ]
    usual = median(distances) if distances else 0.0
    found: list[list[Cell]] = []
    for number, row in enumerate(rows):
        filled = [n for n, cell in enumerate(row) if cell]
        if found and not row[0] and all(found[-1][n] for n in filled):
            is_near = tops[number] - tops[number - 1] < 0.85 * usual
            if is_near or all(row[n][0].text[0].islower() for n in filled):
                for n in filled:
                    found[-1][n] = found[-1][n] + row[n]
                continue
        found.append(list(row))
    return found


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
    table: PageTable | None = None

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

    @property
    def is_table(self) -> bool:
        """Whether a table stands in it."""
        return any(run.table for run in self.runs)


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


def _as_run(table: PageTable) -> Run:
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


def gather(pieces: Sequence[Piece], tables: Sequence[PageTable] = ()) -> list[Row]:
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
