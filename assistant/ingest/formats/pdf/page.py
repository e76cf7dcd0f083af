"""The canonical text of an open PDF page, and the boxes of spans of it.

The text depends on the page alone, so that it can be read again without the others. Most text of a
page runs in one direction, which is up; what runs otherwise (labels of axes, watermarks) is read
last. `DocumentUnreadable` is raised for a page with too many characters.
"""

import ctypes
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.ingest.formats.pdf.characters import (
    MIN_SIZE,
    Bounds,
    Characters,
    Parted,
    Piece,
    Sight,
    address_of,
    find_pieces,
    large_pictures,
    objects_of,
)
from assistant.ingest.formats.pdf.layout import Line, Zone, arrange
from assistant.ingest.formats.pdf.paragraphs import PageText, Placed, write
from assistant.ingest.formats.pdf.shapes import RuledGrid, Shapes, find_grids, read_shapes
from assistant.ingest.formats.pdf.tangles import untangle
from assistant.values import Box

_WRITTEN = frozenset({raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP})
_WORD = re.compile(r"\S+")
_MAX_LOOKED_AT = 50
"""Pieces of text of a page that may be without characters."""
_NOTES = frozenset({raw.FPDF_ANNOT_TEXT})


@dataclass(frozen=True, slots=True)
class Read:
    """A page's text and what it is without: hidden and removed characters, pictures, other text."""

    page: PageText
    hidden: Counter[str]
    n_removed: int
    n_pictures: int
    n_unread: int


@contextmanager
def open_page(document: pdfium.PdfDocument, number: int) -> Iterator[tuple[pdfium.PdfPage, int]]:
    """Open a page, with what is filled in its forms as part of its text; count its notes.

    Raises:
        pdfium.PdfiumError: it is damaged.
    """
    page = document[number - 1]
    try:
        n_notes = _count_annotations(page, _NOTES)
        if _count_annotations(page, _WRITTEN):
            raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
            page.close()  # only a page opened anew has the text
            page = document[number - 1]
        yield page, n_notes
    finally:
        page.close()


def _count_annotations(page: pdfium.PdfPage, kinds: frozenset[int]) -> int:
    count = 0
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if annotation:
            count += raw.FPDFAnnot_GetSubtype(annotation) in kinds
            raw.FPDFPage_CloseAnnot(annotation)
    return count


def read_page(page: pdfium.PdfPage, max_chars: int) -> Read:
    """Return a page's text."""
    sight = Sight.of(page)
    with closing(Characters(page, sight)) as characters:
        pieces = find_pieces(characters, 2 * max_chars)  # with line ends, and hidden ones
        n_pictures = 0 if pieces.is_scan else large_pictures(page, sight)
        text = _set(pieces.shown, characters, read_shapes(page, sight))
        n_unread = _count_unread(page, characters)
        return Read(text, pieces.hidden, pieces.n_removed, n_pictures, n_unread)


def _count_unread(page: pdfium.PdfPage, characters: Characters) -> int:
    """Return how many pieces of text have no characters, since their font does not name them."""
    count = n_looked_at = 0
    bounds = [ctypes.c_float() for _ in range(4)]
    for found in objects_of(page):
        if raw.FPDFPageObj_GetType(found) != raw.FPDF_PAGEOBJ_TEXT:
            continue
        if characters.has(address_of(found)) or n_looked_at == _MAX_LOOKED_AT:
            continue
        n_looked_at += 1
        raw.FPDFPageObj_GetBounds(found, *bounds)
        left, bottom, right, top = (side.value for side in bounds)
        is_large = max(right - left, top - bottom) > MIN_SIZE
        count += is_large and characters.length_of(found) == 0
    return count


def find_boxes(page: pdfium.PdfPage, number: int, span: tuple[int, int]) -> list[Box]:
    """Return the boxes of a span of a page's text, one a line."""
    boxes: list[Box] = []
    line = 0
    sight = Sight.of(page)
    with closing(Characters(page, sight)) as characters:
        shown = find_pieces(characters, sys.maxsize).shown
        for piece in _set(shown, characters, read_shapes(page, sight)).pieces:
            if piece.start < span[1] and piece.end > span[0]:
                box = _share(number, characters.box(_numbers(piece, span)), sight)
                boxes[-1:] = [_merge(boxes[-1], box)] if piece.line == line else [*boxes[-1:], box]
                line = piece.line
    return boxes


def _numbers(piece: Placed, span: tuple[int, int]) -> range:
    """Return the numbers of the characters of a piece that are in a span."""
    end = piece.first + piece.n_chars
    if piece.n_chars != piece.end - piece.start:  # not a character each
        return range(piece.first, end)
    return range(piece.first + max(span[0] - piece.start, 0), end - max(piece.end - span[1], 0))


def _set(pieces: Sequence[Piece], characters: Characters, shapes: Shapes) -> PageText:
    """Arrange the pieces of a page and write its text."""
    sight = characters.sight
    grids = find_grids(shapes.rules)
    whole = untangle(characters, pieces)
    pieces = [part for piece in whole for part in _part(piece, grids, characters)]
    turns: Counter[int] = Counter()
    for piece in pieces:
        if piece.style.turn is not None:
            turns[piece.style.turn] += piece.n_chars
    turn = max(turns, key=turns.__getitem__) if turns else 0
    upright = [piece for piece in pieces if piece.style.turn == turn]
    height = sight.height if turn % 2 == 0 else sight.width
    if turn:
        for piece in upright:
            box = piece.left, piece.top, piece.right, piece.bottom
            piece.left, piece.top, piece.right, piece.bottom = _turn(box, turn, sight)
        shapes = Shapes(*(tuple(_turn(box, turn, sight) for box in boxes) for boxes in shapes))
        grids = find_grids(shapes.rules)
    lines = arrange(upright, height, shapes, grids)
    if len(upright) < len(pieces):
        lines += _asides([piece for piece in pieces if piece.style.turn != turn])
    return write(lines, height)


def _part(piece: Piece, grids: Sequence[RuledGrid], characters: Characters) -> Iterator[Piece]:
    """Yield a piece, or its parts where it runs over several cells of a grid."""
    middle = (piece.top + piece.bottom) / 2
    for grid in grids:
        ends = grid.find(piece.left, middle), grid.find(piece.right, middle)
        if ends[0] != ends[1] and len(piece.text) == piece.n_chars and " " in piece.text:
            break
    else:
        yield piece
        return
    parts: list[Piece] = []
    cell: tuple[int, int] | None = None
    for match in _WORD.finditer(piece.text):
        first = piece.first + match.start()
        box = characters.box(range(first, first + len(match.group())))
        own = grid.find((box[0] + box[2]) / 2, middle)
        if parts and own == cell:
            last = parts[-1]
            text = piece.text[last.first - piece.first : match.end()]
            left, right = min(last.left, box[0]), max(last.right, box[2])
            parts[-1] = replace(last, text=text, n_chars=len(text), left=left, right=right)
        else:
            parted = Parted.BY_SPACE if parts else piece.parted
            parts.append(Piece(match.group(), first, len(match.group()), piece.style, parted, *box))
        cell = own
    yield from parts


def _turn(box: Bounds, turn: int, sight: Sight) -> Bounds:
    """Turn a box back, so that text in it runs to the right and the next line is below."""
    left, top, right, bottom = box
    width, height = sight.width, sight.height
    return {
        1: (top, width - right, bottom, width - left),
        2: (width - right, height - bottom, width - left, height - top),
        3: (height - bottom, left, height - top, right),
    }[turn]


def _asides(pieces: Sequence[Piece]) -> list[Line]:
    """Return lines of the pieces that run in other directions, as the file has them."""
    lines: list[list[Piece]] = []
    for piece in pieces:
        if lines and piece.parted is not Parted.BY_LINE and piece.style == lines[-1][-1].style:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [Line.of([line], number, Zone.ASIDE) for number, line in enumerate(lines)]


def _share(number: int, bounds: Bounds, sight: Sight) -> Box:
    left, top, right, bottom = bounds
    shares = (left / sight.width, top / sight.height, right / sight.width, bottom / sight.height)
    return Box(number, *(min(max(share, 0.0), 1.0) for share in shares))


def _merge(one: Box, other: Box) -> Box:
    return Box(
        one.page,
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )
