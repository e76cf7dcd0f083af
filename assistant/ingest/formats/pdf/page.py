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
from importlib.util import find_spec
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.ingest.formats.pdf.characters import (
    MIN_CONTRAST,
    MIN_SIZE,
    Bounds,
    Characters,
    Parted,
    Piece,
    Sight,
    Style,
    address_of,
    find_pieces,
    large_pictures,
    objects_of,
)
from assistant.ingest.formats.pdf.layout import Line, Zone, arrange
from assistant.ingest.formats.pdf.paragraphs import PageText, Placed, write
from assistant.ingest.formats.pdf.shapes import RuledGrid, Shapes, find_grids, read_shapes
from assistant.ingest.formats.pdf.tangles import untangle
from assistant.text.normalize import normalize
from assistant.text.words import UNSPACED
from assistant.values import Box, SeenWord

if TYPE_CHECKING:
    from PIL.Image import Image

    from assistant.ingest.formats.ocr import Seen, TextLine

_WRITTEN = frozenset({raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP})
_WORD = re.compile(r"\S+")
NO_LETTER = re.compile("[\ufffd\ue000-\uf8ff]")
_MAX_LOOKED_AT = 500
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
    """Return about how many characters have no name, since their font does not give them one.

    What is drawn a second time in its place has none either, and is not missed.
    """
    n_characters = n_looked_at = 0
    bounds, size = [ctypes.c_float() for _ in range(4)], ctypes.c_float()
    for found in objects_of(page):
        if raw.FPDFPageObj_GetType(found) != raw.FPDF_PAGEOBJ_TEXT:
            continue
        if characters.has(address_of(found)) or n_looked_at == _MAX_LOOKED_AT:
            continue
        n_looked_at += 1
        raw.FPDFPageObj_GetBounds(found, *bounds)
        left, bottom, right, top = (side.value for side in bounds)
        raw.FPDFTextObj_GetFontSize(found, size)
        sides = right - left, top - bottom
        # A size that the page scales is not that of what is seen.
        length, em = max(sides), max(min(sides), size.value, MIN_SIZE)
        if length > MIN_SIZE and not characters.are_at(
            (left + right) / 2, (bottom + top) / 2, em / 2
        ):
            n_characters += max(round(length / em), 1)
    return n_characters


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


MIN_LETTERS = 40
"""Of a page with a large picture or a font that cannot be read, whose own text is enough."""
MIN_UNSURE_LETTERS = 10
"""Of a picture where no word is sure: fewer are a pattern that looks like writing."""
_SEEN_DPI = 200
MAX_SEEN_SIDE = 3_600
"""Pixels of the longer side of a picture that is read: small print of a page needs no more."""
_BODY_SIZE = 11.0
"""Points that most text of a picture has where nothing tells how large it is."""
_EM, _TRIM = 0.75, 0.06
"""Of the height that is found of a line: its em, and what above and below is not its text."""
_SAME_SIZE = 0.2
_LONG = 8.0
"""In ems, of a line that tells how the picture is askew."""
_MIN_GAP = 1.0
"""In ems, between words of a line that stand apart."""
_SEEN_WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})\S)+")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a picture says, and its words, whose spans are of this text.

    `n_unread` lines of it are written by hand, or in a script that is not known.
    """

    page: PageText
    words: tuple[SeenWord, ...] = ()
    n_unread: int = 0


def explain_unseen(max_ocr_pages: int) -> str:
    """Say why a page, which could be read off its picture, is not."""
    if find_spec("rapidocr") is None:
        return "pictures are not read: pip install rapidocr"
    if not max_ocr_pages:
        return "pictures are not read (ocr is off)"
    return f"more pages than are read off pictures ({max_ocr_pages:,}): raise max_ocr_pages"


def can_see(max_ocr_pages: int, n_seen: int) -> bool:
    """Tell whether a further page may be read off its picture."""
    return n_seen < max_ocr_pages and find_spec("rapidocr") is not None


def count_letters(text: str) -> int:
    """Return how many letters and digits a text has, without those that no font names."""
    return sum(map(str.isalnum, NO_LETTER.sub("", text)))


def is_usable(read: Read) -> bool:
    """Tell whether a page's own text says what is to be seen on it."""
    text = read.page.text
    n_letters = count_letters(text)
    if not n_letters or len(NO_LETTER.findall(text)) > n_letters:
        return False
    return n_letters >= MIN_LETTERS or not (read.n_pictures or read.n_unread)


def see_page(page: pdfium.PdfPage, number: int) -> Scan:
    """Return what a page says as a picture, in points of the page."""
    sight = Sight.of(page)
    scale = min(_SEEN_DPI / 72, MAX_SEEN_SIDE / max(sight.width, sight.height))
    bitmap = page.render(scale=scale, grayscale=True)
    picture = bitmap.to_pil().copy()
    bitmap.close()
    return read_scan(picture, number, sight.height)


def read_scan(picture: "Image", number: int, height: float | None = None) -> Scan:
    """Return what a picture of a page says, arranged as the text of a page is.

    Args:
        picture: of any mode and size.
        number: of the page.
        height: of the page in points, if that is known.

    Raises:
        OcrMissing: the models that read are not installed.
    """
    found = [grey for grey, n_pixels in enumerate(picture.convert("L").histogram()) if n_pixels]
    if found[-1] - found[0] < MIN_CONTRAST:
        return Scan(PageText())
    from assistant.ingest.formats.ocr import read_picture  # brings heavy libraries

    picture.thumbnail((MAX_SEEN_SIDE, MAX_SEEN_SIDE))
    seen = read_picture(picture.convert("RGB"))
    if not seen.lines:
        return Scan(PageText(), n_unread=seen.n_unread)
    read = _ScanReading(seen, height)
    page = write(arrange(read.pieces, read.height, Shapes(), ()), read.height)
    words = list(read.list_words(page, number))
    usual = fmean(word.sureness for word in words) if words else 1.0
    weighed = [word._replace(sureness=round(usual * word.sureness, 3)) for word in words]
    if count_letters(page.text) < MIN_UNSURE_LETTERS and not any(word.is_sure for word in weighed):
        return Scan(PageText(), n_unread=seen.n_unread + len(seen.lines))  # a pattern, no writing
    return Scan(page, tuple(weighed), seen.n_unread)


class _ScanReading:
    """The pieces that lines of a picture make, level and in points, and where each character is."""

    def __init__(self, seen: "Seen", height: float | None) -> None:
        self._seen = seen
        ems = sorted(line.region.height * _EM for line in seen.lines for _ in line.text)
        self._body = ems[len(ems) // 2]
        self._scale = height / seen.height if height else _BODY_SIZE / self._body
        self.height = seen.height * self._scale
        long = [line.region for line in seen.lines if line.region.width > _LONG * self._body]
        self._slope = median(region.slope for region in long) if long else 0.0
        self._characters: list[tuple[TextLine, int]] = []
        self.pieces = [piece for line in seen.lines for piece in self._part(line)]

    def _part(self, line: "TextLine") -> Iterator[Piece]:
        """Yield the pieces of a line, which wide gaps part."""
        em = line.region.height * _EM
        first = 0
        letters = [n for n, letter in enumerate(line.text) if letter != " "]
        for one, next_ in pairwise([*letters, None]):
            if one is None:
                continue
            if next_ is None or line.edges[next_][0] - line.edges[one][1] > _MIN_GAP * em:
                yield from self._make(line, range(first, one + 1), em)
                first = next_ or 0

    def _make(self, line: "TextLine", numbers: range, em: float) -> Iterator[Piece]:
        """Yield the piece of some characters of a line, if any remain in canonical text."""
        begin = len(self._characters)
        text = ""
        for number in numbers:
            canonical = normalize(line.text[number])[0]
            text += canonical
            self._characters += [(line, number)] * len(canonical)
        if not text.strip() or normalize(text)[0] != text:
            del self._characters[begin:]
            return
        is_body = abs(em - self._body) <= _SAME_SIZE * self._body
        size = round(2 * self._scale * (self._body if is_body else em)) / 2
        region = line.region
        left, right = line.edges[numbers[0]][0], line.edges[numbers[-1]][1]
        at = (left + right) / 2
        top, bottom = (edge + region.slope * at for edge in (region.top, region.bottom))
        middle, half = (top + bottom) / 2, (0.5 - _TRIM) * region.height
        level, shift = middle - self._slope * at, self._slope * middle
        box = (left + shift, level - half, right + shift, level + half)
        scaled = (side * self._scale for side in box)
        yield Piece(text, begin, len(text), Style(size), Parted.BY_LINE, *scaled)

    def list_words(self, page: PageText, number: int) -> Iterator[SeenWord]:
        """Yield the words of the text, each as surely read as its least sure character."""
        for placed in page.pieces:
            for match in _SEEN_WORD.finditer(page.text, placed.start, placed.end):
                start, end = match.span()
                shift = placed.first - placed.start
                own = self._characters[start + shift : end + shift]
                line = own[0][0]
                sides = self._find_sides(line, own[0][1], own[-1][1])
                yield SeenWord(start, end, number, *sides, min(line.sureness[n] for _, n in own))

    def _find_sides(self, line: "TextLine", first: int, last: int) -> Bounds:
        """Return the box of characters of a line as shares of the picture as it was given."""
        region, seen = line.region, self._seen
        left, right = line.edges[first][0], line.edges[last][1]
        trim = _TRIM * region.height
        low, high = sorted((region.slope * left, region.slope * right))
        x_1, x_2 = left / seen.width, right / seen.width
        y_1, y_2 = (
            (region.top + trim + low) / seen.height,
            (region.bottom - trim + high) / seen.height,
        )
        sides = {
            0: (x_1, y_1, x_2, y_2),
            1: (y_1, 1 - x_2, y_2, 1 - x_1),
            2: (1 - x_2, 1 - y_2, 1 - x_1, 1 - y_1),
            3: (1 - y_2, x_1, 1 - y_1, x_2),
        }[seen.turn]
        left, top, right, bottom = (round(min(max(side, 0.0), 1.0), 4) for side in sides)
        return left, top, right, bottom
