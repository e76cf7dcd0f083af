"""The pieces of a page's text in; its lines in reading order out.

pdfium gives text as the file draws it. Where rows are columns of text, these are read one after the
other; where they are a table's, a row is a line of cells. What stands apart at the top and the foot
of the page is read first and last. Pure functions; they refuse nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from assistant.ingest.formats.pdf_columns import divide, find_columns
from assistant.ingest.formats.pdf_pieces import Piece, is_rtl
from assistant.ingest.formats.pdf_rows import Row, gather

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
