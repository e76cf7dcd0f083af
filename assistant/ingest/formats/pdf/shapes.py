"""What a PDF page draws besides text: ruling lines, the grids that they make, and figures.

Places are in points from the upper left corner of the page as it is displayed. A page of more
shapes than people draw is taken to have none: its text is read without them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.ingest.formats.pdf.characters import Bounds, Sight

MAX_SHAPES, MAX_RULES = 5_000, 1_000
MAX_FORM_DEPTH = 5
THIN, MIN_RULE = 3.0, 6.0
"""How thick a ruling line is at most and how long at least, in points."""
TOUCH = 2.5
"""How far lines that meet may miss each other."""
MIN_CELL = 5.0
"""The least height and width of a cell: lines that are nearer are one that is drawn twice."""
MAX_SHARE = 0.5
"""Of the page, that a shape of a figure takes."""
MIN_FIGURE, MIN_SHAPES = 30.0, 3
_MESH = 6.0
"""The side of the squares by which shapes are found to be near, in points."""

Matrix = tuple[float, float, float, float, float, float]
_PLAIN: Matrix = (1, 0, 0, 1, 0, 0)


class Shapes(NamedTuple):
    """The ruling lines of a page, and the boxes of all else that is drawn with a pen."""

    rules: tuple[Bounds, ...] = ()
    others: tuple[Bounds, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledGrid:
    """The cells that ruling lines make.

    Attributes:
        xs, ys: where columns and rows are parted, ascending, with the outer edges.
        cells: of each row and column the row and column of the upper left corner of its cell,
            which differ where a cell reaches over several.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[tuple[int, int], ...], ...]

    def find(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the row and column of the cell at a place, if it is inside."""
        row, column = _between(self.ys, y), _between(self.xs, x)
        return None if row is None or column is None else self.cells[row][column]


def read_shapes(page: pdfium.PdfPage, sight: Sight) -> Shapes:
    """Return the shapes of an open page."""
    rules: list[Bounds] = []
    others: list[Bounds] = []
    page_area = sight.width * sight.height
    for number, (box, is_framed) in enumerate(_boxes(page)):
        if number >= MAX_SHAPES:
            return Shapes()
        left, top, right, bottom = seen = sight.see(*box)
        if _is_rule(seen):
            rules.append(seen)
        elif is_framed:
            rules += (
                (left, top, right, top),
                (left, bottom, right, bottom),
                (left, top, left, bottom),
                (right, top, right, bottom),
            )
        elif (right - left) * (bottom - top) <= MAX_SHARE * page_area:
            others.append(seen)
    return Shapes(tuple(rules), tuple(others))


def _boxes(page: pdfium.PdfPage) -> Iterator[tuple[tuple[float, float, float, float], bool]]:
    """Yield the box of each line and figure in the page's own places, and if it is a rectangle."""
    count = raw.FPDFPage_CountObjects(page)
    for number in range(min(count, MAX_SHAPES)):
        yield from _boxes_of(raw.FPDFPage_GetObject(page, number), _PLAIN, 0)


def _boxes_of(
    shape: raw.FPDF_PAGEOBJECT, outer: Matrix, depth: int
) -> Iterator[tuple[tuple[float, float, float, float], bool]]:
    kind = raw.FPDFPageObj_GetType(shape)
    if kind == raw.FPDF_PAGEOBJ_FORM and depth < MAX_FORM_DEPTH:
        inner = _combine(_matrix(shape), outer)
        for number in range(min(raw.FPDFFormObj_CountObjects(shape), MAX_SHAPES)):
            yield from _boxes_of(raw.FPDFFormObj_GetObject(shape, number), inner, depth + 1)
    if kind == raw.FPDF_PAGEOBJ_PATH:
        place = _combine(_matrix(shape), outer)
        filled, stroked = raw.c_int(), raw.c_int()
        raw.FPDFPath_GetDrawMode(shape, filled, stroked)
        has_edge = bool(stroked.value)
        points: list[tuple[float, float]] = []
        is_straight = True
        n_points = raw.FPDFPath_CountSegments(shape)
        for number in range(min(n_points, MAX_SHAPES)):
            point, is_move, is_line = _point(shape, number, place)
            if is_move and points:
                yield from _parts(points, has_edge, is_straight=is_straight)
                points, is_straight = [], True
            is_straight = is_straight and (is_move or is_line)
            points.append(point)
        yield from _parts(points, has_edge, is_straight=is_straight)


def _parts(
    points: Sequence[tuple[float, float]], has_edge: bool, *, is_straight: bool
) -> Iterator[tuple[tuple[float, float, float, float], bool]]:
    """Yield the boxes of a line that is drawn without lifting the pen, and if it is a frame.

    A rectangle is one box; one that is filled and has no edge is ground behind text.
    """
    if len(points) < 2:
        return
    is_angular = is_straight and all(
        abs(x - right) < 0.5 or abs(y - below) < 0.5
        for (x, y), (right, below) in pairwise([*points, points[0]])
    )
    if is_angular and len(points) not in (4, 5):
        for (x, y), (right, below) in pairwise(points):
            yield (min(x, right), min(y, below), max(x, right), max(y, below)), False
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    box = min(xs), min(ys), max(xs), max(ys)
    if has_edge or not is_angular or _is_rule(box):
        yield box, is_angular


def _point(
    shape: raw.FPDF_PAGEOBJECT, number: int, place: Matrix
) -> tuple[tuple[float, float], bool, bool]:
    segment = raw.FPDFPath_GetPathSegment(shape, number)
    x, y = raw.c_float(), raw.c_float()
    raw.FPDFPathSegment_GetPoint(segment, x, y)
    kind = raw.FPDFPathSegment_GetType(segment)
    a, b, c, d, e, f = place
    point = a * x.value + c * y.value + e, b * x.value + d * y.value + f
    return point, kind == raw.FPDF_SEGMENT_MOVETO, kind == raw.FPDF_SEGMENT_LINETO


def _matrix(shape: raw.FPDF_PAGEOBJECT) -> Matrix:
    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(shape, found):
        return _PLAIN
    return found.a, found.b, found.c, found.d, found.e, found.f


def _combine(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that does what one does and then what another does."""
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def _is_rule(box: Bounds) -> bool:
    width, height = box[2] - box[0], box[3] - box[1]
    return min(width, height) <= THIN and max(width, height) >= MIN_RULE


def is_level(rule: Bounds) -> bool:
    """Tell whether a ruling line runs across, and not down."""
    return rule[2] - rule[0] >= rule[3] - rule[1]


@dataclass(slots=True)
class _Stroke:
    """A ruling line: its place across its direction, and from where to where it runs."""

    place: float
    first: float
    last: float

    def reaches(self, place: float) -> bool:
        """Tell whether it runs over a place."""
        return self.first - TOUCH <= place <= self.last + TOUCH


def find_grids(rules: Sequence[Bounds]) -> list[RuledGrid]:
    """Return the grids of at least two cells that ruling lines make, from the top down."""
    level = _strokes(((r[1] + r[3]) / 2, r[0], r[2]) for r in rules if is_level(r))
    upright = _strokes(((r[0] + r[2]) / 2, r[1], r[3]) for r in rules if not is_level(r))
    if len(level) + len(upright) > MAX_RULES:
        return []
    grids = [_grid(across, down) for across, down in _meeting(level, upright)]
    found = [grid for grid in grids if grid is not None]
    return sorted(found, key=lambda grid: (grid.ys[0], grid.xs[0]))


def _strokes(lines: Iterable[tuple[float, float, float]]) -> list[_Stroke]:
    """Return lines (place, first, last), of which those that go on with another are one."""
    beside: list[list[tuple[float, float, float]]] = []
    for line in sorted(lines):
        if beside and line[0] - beside[-1][0][0] <= TOUCH:
            beside[-1].append(line)
        else:
            beside.append([line])
    found: list[_Stroke] = []
    for own in beside:
        for number, (place, first, last) in enumerate(sorted(own, key=lambda line: line[1])):
            if number and first <= found[-1].last + TOUCH:
                found[-1].last = max(found[-1].last, last)
            else:
                found.append(_Stroke(place, first, last))
    return found


def _meeting(
    level: Sequence[_Stroke], upright: Sequence[_Stroke]
) -> Iterator[tuple[list[_Stroke], list[_Stroke]]]:
    """Yield the lines across and down that meet each other, group by group."""
    strokes = [*level, *upright]
    meeting = (
        (i, j)
        for i, one in enumerate(level)
        for j, other in enumerate(upright, start=len(level))
        if one.reaches(other.place) and other.reaches(one.place)
    )
    for own in _groups(len(strokes), meeting):
        across = [strokes[number] for number in own if number < len(level)]
        down = [strokes[number] for number in own if number >= len(level)]
        if across and down:
            yield across, down


def _groups(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the numbers up to n in groups of which any two are linked by pairs."""
    group = list(range(n))

    def root(number: int) -> int:
        while group[number] != number:
            group[number] = group[group[number]]
            number = group[number]
        return number

    for one, other in pairs:
        group[root(one)] = root(other)
    members: dict[int, list[int]] = {}
    for number in range(n):
        members.setdefault(root(number), []).append(number)
    return list(members.values())


def _grid(level: list[_Stroke], upright: list[_Stroke]) -> RuledGrid | None:
    """Return the grid of lines that meet, which may be open at its sides."""
    lefts, rights = [s.first for s in level], [s.last for s in level]
    xs = _places([*(s.place for s in upright), min(lefts), max(rights)])
    tops, bottoms = [s.first for s in upright], [s.last for s in upright]
    ys = _places([*(s.place for s in level), min(tops), max(bottoms)])
    n_rows, n_columns = len(ys) - 1, len(xs) - 1
    if n_rows < 1 or n_columns < 1 or n_rows * n_columns < 2 or n_rows * n_columns > 50 * MAX_RULES:
        return None
    cells: list[list[tuple[int, int]]] = []
    for row in range(n_rows):
        middle = (ys[row] + ys[row + 1]) / 2
        cells.append([])
        for column in range(n_columns):
            own = row, column
            if column and not _is_parted(upright, xs[column], middle):
                own = cells[row][column - 1]
            elif row and not _is_parted(level, ys[row], (xs[column] + xs[column + 1]) / 2):
                own = cells[row - 1][column]
            cells[row].append(own)
    if len({cell for row in cells for cell in row}) < 2:
        return None
    return RuledGrid(tuple(xs), tuple(ys), tuple(map(tuple, cells)))


def _is_parted(strokes: Sequence[_Stroke], place: float, along: float) -> bool:
    return any(
        abs(stroke.place - place) < MIN_CELL and stroke.first <= along <= stroke.last
        for stroke in strokes
    )


def _places(numbers: Sequence[float]) -> list[float]:
    """Return numbers, ascending, of which those that nearly touch are one."""
    found: list[float] = []
    for number in sorted(numbers):
        if not found or number - found[-1] >= MIN_CELL:
            found.append(number)
    return found


def _between(places: Sequence[float], place: float) -> int | None:
    for number, (low, high) in enumerate(pairwise(places)):
        if low <= place <= high:
            return number
    return None


def find_figures(shapes: Shapes, grids: Sequence[RuledGrid]) -> list[Bounds]:
    """Return the boxes of the drawings of a page: shapes near each other that are no table."""
    others = [box for box in shapes.others if not _is_inside(box, grids)]
    if len(others) < MIN_SHAPES:
        return []
    rules = [box for box in shapes.rules if not _is_inside(box, grids)]
    boxes = [*others, *rules]
    squares: dict[tuple[int, int], int] = {}
    near = (
        (squares.setdefault(square, number), number)
        for number, box in enumerate(boxes)
        for square in _edge(box)
    )
    found = []
    for own in _groups(len(boxes), near):
        if sum(number < len(others) for number in own) < MIN_SHAPES:
            continue
        lefts, tops, rights, bottoms = zip(*(boxes[number] for number in own), strict=True)
        box = min(lefts), min(tops), max(rights), max(bottoms)
        if min(box[2] - box[0], box[3] - box[1]) >= MIN_FIGURE:
            found.append(box)
    return found


def _edge(box: Bounds) -> set[tuple[int, int]]:
    """Return the squares of a mesh that a box's edge runs through, and those beside them."""
    left, top, right, bottom = (round(place / _MESH) for place in box)
    across, down = range(left, right + 2), range(top, bottom + 2)
    return {(x, y) for x in across for y in (top, top + 1, bottom, bottom + 1)} | {
        (x, y) for y in down for x in (left, left + 1, right, right + 1)
    }


def _is_inside(box: Bounds, grids: Sequence[RuledGrid]) -> bool:
    return any(
        grid.xs[0] - TOUCH <= box[0]
        and box[2] <= grid.xs[-1] + TOUCH
        and grid.ys[0] - TOUCH <= box[1]
        and box[3] <= grid.ys[-1] + TOUCH
        for grid in grids
    )
