"""The tables of a page: in the grids that ruling lines make, and in rows whose cells line up. Pure.

A table's row has a cell for each column, whose pieces are in reading order; a cell that reaches
over several rows stands in each, and one of several lines is whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from assistant.ingest.formats.blocks import MAX_ROW_CHARS
from assistant.ingest.formats.pdf.characters import Bounds, Piece, is_rtl
from assistant.ingest.formats.pdf.shapes import Grid

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
class Table:
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


def take_grids(pieces: Sequence[Piece], grids: Sequence[Grid]) -> tuple[list[Table], list[Piece]]:
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


def _in_grid(grid: Grid, cells: dict[tuple[int, int], list[Piece]]) -> Table | None:
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


def _table(rows: list[list[Cell]], box: Bounds, *, is_layout: bool = False) -> Table:
    """Return rows as a table, the first cell first, also of what is written from the right."""
    if _is_rtl([piece for row in rows for cell in row for piece in cell]):
        rows = [row[::-1] for row in rows]
    return Table(rows, box, is_layout)


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


def in_strips(rows: Sequence[Sequence[Piece]], strips: Sequence[Strip]) -> Table:
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
