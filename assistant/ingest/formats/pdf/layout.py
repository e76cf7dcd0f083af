"""The lines of a page in reading order, from the pieces of its text. Pure.

Pdfium gives text as the file draws it. Columns of text are read one after the other, a table is a
line of its own, and so is a row of what stands apart. What stands at the top and the foot of the
page is read first and last, and the labels of figures behind all. `settle` then puts what parts the
halves of a sentence before or behind it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise, takewhile

from assistant.ingest.formats.pdf.characters import Bounds, Piece, is_rtl
from assistant.ingest.formats.pdf.columns import (
    WINDOW,
    Band,
    PageTable,
    Row,
    Strip,
    are_columns,
    count_parted,
    divide,
    find_bands,
    gather,
    in_strips,
    is_running,
    take_grids,
)
from assistant.ingest.formats.pdf.shapes import RuledGrid, Shapes, find_figures, is_level
from assistant.text import english as en
from assistant.text.words import first_word, is_closed, is_led, is_unspaced

_MIN_CELL_GAP = 2.5
"""In ems, where no other row tells of cells."""
_MIN_TABLE_ROWS = 3
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
BULLET = re.compile(r"(?:[-*+•‣◦▪●–—·]|\[\d+\])(?:\s|$)")
ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)](?:\s|$)")
SAME_SIZE = 0.08
INDENT = 0.8
LARGE = 1.15
MIN_HALF = 4
"""Words in each half of a sentence that something on its page parts."""
_MAX_SET_IN, _MAX_ROOM = 2.5, 9.0
"""How far a line of text is indented and how much it leaves free at most, in ems."""
CAPTION = re.compile(rf"(?:{en.CAPTIONS})\s+\d", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"\d{1,4}(?:\s|$)|.*\b\d{1,4}$")
"""How a running head begins or ends."""


class Zone(Enum):
    """Where on the page a line stands."""

    HEAD = "head"
    BODY = "body"
    FOOT = "foot"
    ASIDE = "aside"


@dataclass(slots=True)
class Line:
    """Words on a baseline, in cells if they stand apart, or a whole table.

    Lines of one flow follow each other.
    """

    cells: list[list[Piece]]
    flow: int
    zone: Zone
    left: float
    right: float
    top: float
    bottom: float
    size: float
    is_bold: bool
    table: PageTable | None = None

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


def arrange(
    pieces: Sequence[Piece], page_height: float, shapes: Shapes, grids: Sequence[RuledGrid]
) -> list[Line]:
    """Return the lines of upright pieces, in reading order; what figures are labelled with last."""
    tables, rest = take_grids(pieces, grids)
    labels, rest = _take_labels(rest, find_figures(shapes, grids))
    rows = gather(rest, tables)
    rules = [rule for rule in shapes.rules if is_level(rule)]
    n_head = _count_margin(rows, page_height)
    n_foot = _count_margin(rows[n_head:][::-1], page_height)
    end = len(rows) - n_foot
    head = [_line(row, 0, Zone.HEAD) for row in rows[:n_head]]
    foot = [_line(row, -1, Zone.FOOT) for row in rows[end:]]
    lines = _take_in(head, _read(rows[n_head:end], rules, 0), foot)
    for number, own in enumerate(labels, start=2):
        lines += [_line(row, -number, Zone.ASIDE) for row in gather(own)]
    return lines


def _take_in(head: list[Line], body: list[Line], foot: list[Line]) -> list[Line]:
    """Return the lines; those in the margins are text that go on over the end of a page.

    At the head these begin in lower case, at the foot they fill the lines of an open sentence.
    """
    text = [line for line in body if line.table is None and len(line.cells) == 1]
    size = body_size(text)
    text = [line for line in text if line.size == size]
    if text:
        left, right = min(line.left for line in text), max(line.right for line in text)
        alike = [len(line.cells) == 1 and line.size == size for line in head]
        begins = [not n or _are_apart(head[n - 1], line) for n, line in enumerate(head)]
        lower = [line.cells[0][0].text[0].islower() for line in head]
        numbers = range(len(head))
        first = next((n for n in numbers if lower[n] and begins[n] and all(alike[n:])), len(head))
        in_lines = (
            len(line.cells) == 1
            and line.size == size
            and abs(line.left - left) < _MAX_SET_IN * size
            and 0 <= right - line.right + size < _MAX_ROOM * size
            for line in foot
        )
        last = sum(1 for _ in takewhile(bool, in_lines))
        is_whole = 0 < last == len(foot) or (last and _are_apart(foot[last - 1], foot[last]))
        said = _said(foot[:last])
        is_open = is_whole and not is_closed(said) and not _is_numbered(foot[:last])
        within = [*((line, body[0].flow) for line in head[first:])]
        within += [(line, body[-1].flow) for line in foot[: last if is_open else 0]]
        for line, flow in within:
            line.zone, line.flow = Zone.BODY, flow
    return [*head, *body, *foot]


def _are_apart(above: Line, below: Line) -> bool:
    return below.top - above.bottom > 0.5 * (above.bottom - above.top)


def _is_numbered(lines: Sequence[Line]) -> bool:
    """Tell whether lines begin or end with a number, as a running head does."""
    return _PAGE_NUMBER.match(_said(lines)) is not None


def _take_labels(
    pieces: Sequence[Piece], figures: Sequence[Bounds]
) -> tuple[list[list[Piece]], list[Piece]]:
    """Return what stands in each figure, and what in none; running text is in no figure."""
    rest = list(pieces)
    labels = []
    for left, top, right, bottom in figures:
        inside: list[Piece] = []
        outside: list[Piece] = []
        for piece in rest:
            room = piece.style.size
            x, y = (piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2
            is_narrow = piece.left >= left - 4 * room and piece.right <= right + 4 * room
            is_inside = left - room <= x <= right + room and top - room <= y <= bottom + room
            (inside if is_inside and is_narrow else outside).append(piece)
        if inside and not is_running(gather(inside)):
            labels.append(inside)
            rest = outside
    return labels, rest


def _count_margin(rows: Sequence[Row], page_height: float) -> int:
    """Return how many of the first rows, from the top or the foot, stand apart in the margin."""
    count = 0
    for number, (row, next_) in enumerate(pairwise(rows[: _MAX_MARGIN_ROWS + 1]), start=1):
        is_head, height = row.bottom < next_.bottom, row.bottom - row.top
        gap = next_.top - row.bottom if is_head else row.top - next_.bottom
        if (row.bottom if is_head else page_height - row.top) > _MARGIN * page_height:
            break
        is_under = next_.is_table and not is_head  # a table is as high as all its rows
        if gap > (2 * height if is_under else 0.5 * max(height, next_.bottom - next_.top)):
            count = number
    return count


def _read(rows: list[Row], rules: Sequence[Bounds], depth: int) -> list[Line]:
    """Return the lines of rows: column after column, where there are columns."""
    if len(rows) > _MAX_ROWS or depth > _MAX_DEPTH:
        return [line for row in rows for line in _lines(row, rules, _MAX_DEPTH)]
    bands = find_bands(rows, rules)
    columns = [band for band in bands if are_columns(rows[band.first : band.end], band.strip)]
    if not columns:
        return _read_flow(rows, find_bands(rows, ()) if rules else bands, rules, depth)
    band = max(columns, key=lambda band: (band.end - band.first, -band.strip[0]))
    inside = rows[band.first : band.end]
    parts = [rows[: band.first], *divide(inside, band.strip), rows[band.end :]]
    lines: list[Line] = []
    flow = 0
    for part in parts:
        inner = _read(part, rules, depth + 1) if part else []
        for line in inner:
            line.flow += flow
        lines += inner
        flow = 1 + max((line.flow for line in lines), default=0)
    return lines


def _read_flow(
    rows: list[Row], bands: Sequence[Band], rules: Sequence[Bounds], depth: int
) -> list[Line]:
    """Return the lines of rows that are no columns of text, and the tables among them."""
    lines: list[Line] = []
    number = 0
    strips = [
        band
        for band in bands
        if count_parted(rows[band.first : band.end], band.strip) >= _MIN_TABLE_ROWS
    ]
    while number < len(rows):
        end, own = _table_at(rows, number, strips)
        if own:
            inside = [[p for run in row.runs for p in run.pieces] for row in rows[number:end]]
            lines.append(_table_line(in_strips(inside, own)))
        else:
            lines += _lines(rows[number], rules, depth)
        number = end
    return lines


def _table_at(rows: Sequence[Row], number: int, bands: Sequence[Band]) -> tuple[int, list[Strip]]:
    """Return where the table that begins at a row ends, and the strips that part its cells.

    Its rows have several cells, but for lines that go on with a cell of the row above.
    """
    here = [band for band in bands if band.first <= number < band.end]
    here = [band for band in here if count_parted(rows[number : number + 1], band.strip)]
    if not here:
        return number + 1, []
    end = number + 1
    last = number
    while end < min(band.end for band in here) and _is_table_row(rows, last, end, here):
        if len(rows[end].runs) > 1:
            last = end
        end += 1
    end = last + 1 if end - last > WINDOW else end
    strips = [
        band.strip for band in here if count_parted(rows[number:end], band.strip) >= _MIN_TABLE_ROWS
    ]
    return (end, strips) if strips else (number + 1, [])


def _is_table_row(rows: Sequence[Row], last: int, number: int, bands: Sequence[Band]) -> bool:
    """Tell whether a row has several cells, or goes on with one of the last row that has."""
    row = rows[number]
    if any(run.table is not None for run in row.runs):
        return False
    if any(count_parted([row], band.strip) for band in bands):
        return True
    above = rows[last]
    is_near = row.top - rows[number - 1].bottom < 0.5 * row.runs[0].size
    left = min(run.left for run in above.runs)
    return is_near and row.runs[0].left > left + row.runs[0].size


def _table_line(table: PageTable) -> Line:
    pieces = [piece for row in table.rows for cell in row for piece in cell]
    return replace(Line.of([pieces], 0), table=table)


def _lines(row: Row, rules: Sequence[Bounds], depth: int) -> list[Line]:
    """Return the lines of a row: what stands beside a table is one of its own."""
    tables = [run.table for run in row.runs if run.table is not None]
    runs = [run for run in row.runs if run.table is None]
    lines = [_line(Row(runs), 0)] if runs else []
    for table in tables:
        if not table.is_layout:
            lines.append(_table_line(table))
            continue
        for number, cell in enumerate((cell for cells in table.rows for cell in cells if cell), 1):
            inner = _read(gather(cell), rules, depth + 1)
            lines += [replace(line, flow=line.flow + _MAX_ROWS * number) for line in inner]
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
        if right - left > _MIN_CELL_GAP * max(before.size, run.size):
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


Edges = dict[tuple[Zone, int], tuple[float, float]]
"""How far the lines of each flow reach to the left and right."""


def find_edges(lines: Sequence[Line]) -> Edges:
    """Return the edges of the lines' flows."""
    edges: Edges = {}
    for line in lines:
        left, right = edges.get((line.zone, line.flow), (line.left, line.right))
        edges[line.zone, line.flow] = min(left, line.left), max(right, line.right)
    return edges


def settle(found: Sequence[list[Line]], edges: Edges) -> list[list[Line]]:
    """Return a page's paragraphs in an order in which nothing parts the halves of a sentence.

    What stands between two halves on the page comes behind them. A sentence that may go on over
    the end of the page is its last, one that may go on from the page before is its first.
    """
    body = body_size([line for paragraph in found for line in paragraph])
    settled: list[list[Line]] = []
    begun: list[Line] | None = None
    for paragraph in found:
        if _is_prose(paragraph, body):
            if begun and settled[-1] is not begun and _is_rest(begun, paragraph, edges):
                begun += paragraph
                continue
            begun = paragraph
        elif not _is_aside(paragraph, body):
            begun = None
        settled.append(paragraph)
    return _settle_ends(settled, body, edges)


def _settle_ends(settled: list[list[Line]], body: float, edges: Edges) -> list[list[Line]]:
    main = [n for n, paragraph in enumerate(settled) if not _is_aside(paragraph, body)]
    if not main:
        return settled
    first, last = main[0], main[-1]
    over, under = settled[:first], settled[last + 1 :]
    if not over and not under:
        return settled
    is_rest = _may_be_rest(over, settled[first], body, edges)
    is_begun = _may_go_over(settled[last], under, body, edges)
    inside = settled[first : last + 1]
    if len(inside) == 1 and is_rest and is_begun:
        (paragraph,) = inside
        ends = (n for n in range(1, len(paragraph)) if is_closed(_said(paragraph[n - 1 : n])))
        cut = next(ends, 0)
        inside = [paragraph[:cut], paragraph[cut:]] if cut else inside
        is_rest = cut > 0
    start, end = is_rest, len(inside) - is_begun
    return [*inside[:start], *over, *inside[start:end], *under, *inside[end:]]


def _is_prose(paragraph: Sequence[Line], body: float) -> bool:
    """Tell whether a paragraph is of the page's running text."""
    first = paragraph[0]
    return (
        first.zone is Zone.BODY
        and first.table is None
        and len(first.cells) == 1
        and abs(first.size - body) <= SAME_SIZE * body
        and not all(line.is_bold for line in paragraph)
        and not CAPTION.match(first.cells[0][0].text)
    )


def _is_aside(paragraph: Sequence[Line], body: float) -> bool:
    """Tell whether a paragraph may stand between the halves of a sentence, as no heading does."""
    first = paragraph[0]
    return (
        first.table is not None
        or len(first.cells) > 1
        or (first.zone is not Zone.BODY and first.size <= LARGE * body)
        or first.size < (1 - SAME_SIZE) * body
        or CAPTION.match(first.cells[0][0].text) is not None
    )


def _is_rest(begun: Sequence[Line], rest: Sequence[Line], edges: Edges) -> bool:
    """Tell whether a paragraph of a page goes on with one that something parts from it."""
    said, next_ = _said(begun), _said(rest)
    room, indent = room_after(begun[-1], edges), indent_of(rest[0], edges)
    is_short = min(len(said.split()), len(next_.split())) < MIN_HALF
    return not is_short and goes_over(said, len(begun), room, next_, indent)


def _may_be_rest(
    over: Sequence[Sequence[Line]], paragraph: Sequence[Line], body: float, edges: Edges
) -> bool:
    """Tell whether a page's first paragraph may go on with the page before, under a head.

    One that does not begin in lower case only under what has a page's number.
    """
    if not _is_prose(paragraph, body) or _is_marked(paragraph[0].cells[0][0].text):
        return False
    if paragraph[0].cells[0][0].text[0].islower():
        return True
    is_set_in = indent_of(paragraph[0], edges) > INDENT
    are_heads = all(head[0].zone is Zone.HEAD for head in over)
    is_under_number = not over or (are_heads and any(map(_is_numbered, over)))
    is_text = len(paragraph) > 1 or is_closed(_said(paragraph))
    return is_text and not is_set_in and is_under_number


def _may_go_over(
    paragraph: Sequence[Line], under: Sequence[Sequence[Line]], body: float, edges: Edges
) -> bool:
    """Tell whether a page's last paragraph may go on; a line above a table may be its name."""
    said = _said(paragraph)
    is_name = any(len(one[0].cells) > 1 or one[0].table is not None for one in under)
    is_full = room_after(paragraph[-1], edges) <= _MAX_ROOM and not is_name
    is_set = len(paragraph) > 1 or is_full or said.endswith(("-", "\u2010"))
    is_long = len(said.split()) >= MIN_HALF or is_unspaced(said[-1])
    is_open = not is_closed(said) and not is_led(said)
    return _is_prose(paragraph, body) and is_set and is_long and is_open


def goes_over(said: str, n_lines: int, room: float, rest: str, indent: float) -> bool:
    """Tell whether a paragraph may go on with one that stands elsewhere, as in the next column.

    Args:
        said: the paragraph.
        n_lines: how many it has.
        room: what its last line leaves free, in ems.
        rest: what may go on with it.
        indent: of the first line of the rest, in ems.
    """
    if is_closed(said) or is_led(said) or _is_marked(rest):
        return False
    is_full = room <= 0.6 * len(first_word(rest)) + 0.6
    return rest[0].islower() or (n_lines > 1 and is_full and indent <= INDENT)


def _is_marked(text: str) -> bool:
    """Tell whether a text begins as a list's item does."""
    return BULLET.match(text) is not None or ENUMERATOR.match(text) is not None


def room_after(line: Line, edges: Edges) -> float:
    """Return what a line leaves free in its column, in ems."""
    left, right = edges[line.zone, line.flow]
    is_reversed = is_rtl(line.cells[-1][-1].text)
    return (line.left - left if is_reversed else right - line.right) / line.size


def indent_of(line: Line, edges: Edges) -> float:
    """Return how far from its column's edge a line begins, in ems."""
    left, right = edges[line.zone, line.flow]
    is_reversed = is_rtl(line.cells[0][0].text)
    return (right - line.right if is_reversed else line.left - left) / line.size


def _said(paragraph: Sequence[Line]) -> str:
    return " ".join(piece.text for line in paragraph for cell in line.cells for piece in cell)


def body_size(lines: Sequence[Line]) -> float:
    """Return the size of most of the text."""
    sizes: dict[float, int] = {}
    for line in lines:
        n_chars = sum(piece.n_chars for cell in line.cells for piece in cell)
        sizes[line.size] = sizes.get(line.size, 0) + n_chars
    return max(sizes, key=sizes.__getitem__) if sizes else 0.0
