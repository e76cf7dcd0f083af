"""The characters of an open PDF page: how they look, where they are, and the pieces that they make.

Places are in points from the upper left corner of the page as it is displayed. Pdfium's raw
functions are called without the conversions of its bindings: a page takes hundreds of them, which
cost more than all the rest. `DocumentUnreadable` is raised for a page of more characters than a
document may have.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.errors import DocumentUnreadable, Fault
from assistant.text.normalize import normalize

MIN_PICTURE_SHARE = 0.1
"""Of a page, that a picture takes which may well have text in it."""
MIN_CONTRAST = 12
"""Between the lightest and the darkest of 256 greys where there is something to see."""
_SCALE, _MAX_PIXELS = 2.0, 3_000
_MAX_SLANT = 0.1
_MAX_FORM_DEPTH = 5

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as it is displayed; `x` and `y` are the terms that make a place on it of one in it."""

    width: float
    height: float
    x: tuple[float, float, float]
    y: tuple[float, float, float]

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> "Sight":
        """Return how a page is displayed."""
        left, bottom, right, top = page.get_bbox()
        width, height = max(right - left, 1e-6), max(top - bottom, 1e-6)
        turns = page.get_rotation() // 90
        if turns == 1:
            return cls(height, width, (0, 1, -bottom), (1, 0, -left))
        if turns == 2:
            return cls(width, height, (-1, 0, right), (0, 1, -bottom))
        if turns == 3:
            return cls(height, width, (0, -1, top), (-1, 0, right))
        return cls(width, height, (1, 0, -left), (0, -1, top))

    def see(self, left: float, bottom: float, right: float, top: float) -> Bounds:
        """Return the left, top, right and bottom on the displayed page of a rectangle in it."""
        (a, c, e), (b, d, f) = self.x, self.y
        x_1, x_2 = a * left + c * bottom + e, a * right + c * top + e
        y_1, y_2 = b * left + d * bottom + f, b * right + d * top + f
        return min(x_1, x_2), min(y_1, y_2), max(x_1, x_2), max(y_1, y_2)

    def turn_of(self, x: float, y: float) -> int | None:
        """Return the clockwise quarter turns to which a direction in the page comes, if any."""
        across = self.x[0] * x + self.x[1] * y
        down = self.y[0] * x + self.y[1] * y
        if abs(down) <= _MAX_SLANT * abs(across):
            return 0 if across >= 0 else 2
        if abs(across) <= _MAX_SLANT * abs(down):
            return 1 if down > 0 else 3
        return None

    def contains(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Tell whether the middle of a box lies on the page."""
        return 0 <= left + right <= 2 * self.width and 0 <= top + bottom <= 2 * self.height


def large_pictures(page: pdfium.PdfPage, sight: Sight) -> int:
    """Return how many pictures take a good part of the page."""
    count = 0
    bounds = [ctypes.c_float() for _ in range(4)]
    for found in objects_of(page):
        if _has_image(found) and raw.FPDFPageObj_GetBounds(found, *bounds):
            left, top, right, bottom = sight.see(*(side.value for side in bounds))
            across = min(right, sight.width) - max(left, 0)
            down = min(bottom, sight.height) - max(top, 0)
            area = max(across, 0) * max(down, 0)
            count += area >= MIN_PICTURE_SHARE * sight.width * sight.height
    return count


class Drawn:
    """A page in greys, to see what stands out."""

    def __init__(self, page: pdfium.PdfPage, sight: Sight) -> None:
        self._scale = min(_SCALE, _MAX_PIXELS / max(sight.width, sight.height))
        bitmap = page.render(scale=self._scale, grayscale=True)
        self._width, self._height, self._stride = bitmap.width, bitmap.height, bitmap.stride
        self._greys = bytes(bitmap.buffer)
        bitmap.close()

    def has_contrast(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Tell whether there is anything to see in a box."""
        scale = self._scale
        first, last = max(int(left * scale), 0), min(int(right * scale) + 1, self._width)
        darkest, lightest = 255, 0
        for row in range(max(int(top * scale), 0), min(int(bottom * scale) + 1, self._height)):
            greys = self._greys[row * self._stride + first : row * self._stride + last]
            if greys:
                darkest, lightest = min(darkest, *greys), max(lightest, *greys)
        return lightest - darkest >= MIN_CONTRAST


def objects_of(page: pdfium.PdfPage) -> Iterator[raw.FPDF_PAGEOBJECT]:
    """Yield what a page is made of: texts, lines, pictures."""
    for number in range(raw.FPDFPage_CountObjects(page)):
        yield raw.FPDFPage_GetObject(page, number)


def _has_image(found: raw.FPDF_PAGEOBJECT, depth: int = 0) -> bool:
    kind = raw.FPDFPageObj_GetType(found)
    if kind != raw.FPDF_PAGEOBJ_FORM:
        return bool(kind == raw.FPDF_PAGEOBJ_IMAGE)
    return depth < _MAX_FORM_DEPTH and any(
        _has_image(raw.FPDFFormObj_GetObject(found, number), depth + 1)
        for number in range(raw.FPDFFormObj_CountObjects(found))
    )


MAX_SPACE = 0.5
"""Between words that belong together, in ems."""
MIN_SIZE = 1.0
"""Of text that can be read, in points."""
INVISIBLE = "invisible"
_INVISIBLE_MODE = 3
_LIGHT = 200
"""The least of red, green and blue from which text may not stand out from white."""
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_SPACE = re.compile(" ")


def too_long(max_chars: int) -> DocumentUnreadable:
    """Return the error of a text that has more characters than a document may have."""
    return DocumentUnreadable(
        f"its text has more than {max_chars:,} characters; split the file or raise max_text_chars",
        Fault.TOO_LARGE,
    )


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: its size in points, and its direction in quarter turns (None: oblique)."""

    size: float
    is_bold: bool = False
    turn: int | None = 0
    hidden: str | None = None
    is_light: bool = False


def address_of(of: object) -> int:
    """Return the number by which pdfium knows one of its things."""
    return ctypes.cast(of, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


# Calls that are too short to let other threads run.
_object_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    address_of(raw.FPDFText_GetTextObject)
)
_box_of = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    address_of(raw.FPDFText_GetLooseCharBox)
)
_code_of = ctypes.PYFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)(
    address_of(raw.FPDFText_GetUnicode)
)


class Characters:
    """The characters of an open page, by the numbers that pdfium gives them."""

    def __init__(self, page: pdfium.PdfPage, sight: Sight) -> None:
        self.page = page
        self.sight = sight
        self._text = page.get_textpage()
        self._handle = address_of(self._text.raw)
        self._rect = (ctypes.c_float * 4)()  # left, top, right, bottom; y runs upwards
        self._rect_at = ctypes.addressof(self._rect)
        self._along = (0, 2) if sight.x[0] else (3, 1)
        self._matrix = raw.FS_MATRIX()
        self._colour = [ctypes.c_uint(0) for _ in range(4)]
        self._styles: dict[int, Style] = {}
        self._bold_fonts: dict[int, bool] = {}

    def close(self) -> None:
        """Give their memory back."""
        self._text.close()

    def read(self, max_chars: int) -> str:
        """Return all of them: one character for each number.

        Raises:
            DocumentUnreadable: there are more than `max_chars`.
        """
        n_chars = raw.FPDFText_CountChars(self._text)
        if n_chars > max_chars:
            raise too_long(max_chars)
        buffer = (ctypes.c_ushort * (n_chars + 1))()
        n_read = raw.FPDFText_GetText(self._text, 0, n_chars, buffer)
        text = bytes(buffer)[: 2 * n_chars].decode("utf-16-le", "replace")
        if n_read == n_chars + 1 and len(text) == n_chars:
            return text
        # Characters beyond UTF-16's single units, or such as pdfium leaves out there.
        codes = (_code_of(self._handle, number) for number in range(n_chars))
        return "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)

    def box(self, numbers: Iterable[int]) -> Bounds:
        """Return the box of characters: left, top, right, bottom.

        It is as wide as they advance and as high as their font.
        """
        lefts, tops, rights, bottoms = zip(*map(self._rectangle, numbers), strict=True)
        return self.sight.see(min(lefts), min(bottoms), max(rights), max(tops))

    def has(self, handle: int) -> bool:
        """Tell whether a text object has been looked at, since it has characters."""
        return handle in self._styles

    def object_of(self, number: int) -> int | None:
        """Return the handle of a character's text object; those of one are together."""
        handle: int | None = _object_of(self._handle, number)
        return handle

    def are_at(self, x: float, y: float, near: float) -> bool:
        """Tell whether a character stands near a place, in points of the file."""
        return int(raw.FPDFText_GetCharIndexAtPos(self._text.raw, x, y, near, near)) >= 0

    def style_of(self, handle: int | None, number: int) -> Style:
        """Return how the text object of a character looks."""
        style = self._styles.get(handle or 0)
        if style is None:
            style = self._styles[handle or 0] = self._find_style(handle, number)
        return style

    def wide_spaces(self, text: str, span: tuple[int, int], size: float) -> list[int]:
        """Return which spaces inside a text object are wider than between words."""
        low, high = self._along
        limit = MAX_SPACE * size
        found = []
        for match in _SPACE.finditer(text, *span):
            number = match.start()
            _box_of(self._handle, number, self._rect_at)
            width = abs(self._rect[high] - self._rect[low])
            if not width:  # pdfium's own, where the file has only a distance
                before, after = self._rectangle(number - 1), self._rectangle(number + 1)
                width = min(abs(before[high] - after[low]), abs(before[low] - after[high]))
            if width > limit:
                found.append(number)
        return found

    def _rectangle(self, number: int) -> tuple[float, float, float, float]:
        _box_of(self._handle, number, self._rect_at)
        left, top, right, bottom = self._rect
        return left, top, right, bottom

    def _find_style(self, handle: int | None, number: int) -> Style:
        matrix = self._matrix
        raw.FPDFText_GetMatrix(self._text.raw, number, matrix)
        a, b, c, d = matrix.a, matrix.b, matrix.c, matrix.d
        size = raw.FPDFText_GetFontSize(self._text.raw, number)
        size = round(abs(size) * math.sqrt(abs(a * d - b * c)), 3)
        turn = self.sight.turn_of(a, b)
        if not handle:
            return Style(size, turn=turn)
        shown = ctypes.cast(handle, raw.FPDF_PAGEOBJECT)
        mode = raw.FPDFTextObj_GetTextRenderMode(shown)
        raw.FPDFText_GetFillColor(self._text.raw, number, *self._colour)
        *rgb, alpha = (part.value for part in self._colour)
        hidden = "tiny" if size < MIN_SIZE else None
        if mode == _INVISIBLE_MODE or (mode == 0 and not alpha):
            hidden = INVISIBLE
        is_light = mode == 0 and min(rgb) >= _LIGHT
        return Style(size, self._is_bold(shown), turn, hidden, is_light)

    def _is_bold(self, shown: raw.FPDF_PAGEOBJECT) -> bool:
        font = raw.FPDFTextObj_GetFont(shown)
        key = address_of(font)
        if key and key not in self._bold_fonts:
            name = ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            self._bold_fonts[key] = bool(_BOLD.search(name.value))
        return self._bold_fonts.get(key, False)


_MAX_KERN = 0.3
"""Between characters of a word that are drawn apart, in ems."""
_MIN_SCAN_RATIO = 10
"""How much more invisible text than visible a scan has: only a stamp, say, was added to it."""
_HYPHENS = "\u0002\ufffe\u00ad"
"""What pdfium says for a hyphen at a line's end, and the one that is seen only there."""
_STRETCH = re.compile(rf"[^\s{_HYPHENS}]+(?: [^\s{_HYPHENS}]+)*[{_HYPHENS}]?|[{_HYPHENS}]")
_WORD = re.compile(r"\S+")
_LIGATURES = "ff fi fl ffi ffl st st".split()  # from U+FB00 on
_EXPANDED = str.maketrans(
    {0xFB00 + n: letters for n, letters in enumerate(_LIGATURES)}
    | {ord(hyphen): "-" for hyphen in _HYPHENS}
)
_LAM_ALEF = re.compile("[\u0622\u0623\u0625\u0627]\u0644")
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")


class Parted(Enum):
    """What stands between a piece and the one before it in the file."""

    NOT = ""
    BY_SPACE = " "
    BY_LINE = "\n"


@dataclass(slots=True)
class Piece:
    """Words beside each other that look alike: a character of the file for each of the text.

    Only a piece that is a single word may have more or fewer. Its box is in points from the upper
    left corner.
    """

    text: str
    first: int
    n_chars: int
    style: Style
    parted: Parted
    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Pieces:
    """What a page shows, in the file's order, and how many characters it hides in which way."""

    shown: list[Piece] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    n_removed: int = 0
    is_scan: bool = False


def find_pieces(characters: Characters, max_chars: int) -> Pieces:
    """Return a page's text in pieces, and how much is hidden.

    Raises:
        DocumentUnreadable: there are more than `max_chars` characters.
    """
    text = characters.read(max_chars)
    cut = _cut(characters, _LAM_ALEF.sub(lambda m: _order(characters, m), text))
    _look_at_light(characters, cut)
    found = Pieces(is_scan=_is_scan(characters, cut))
    sight = characters.sight
    for piece in cut:
        hidden = piece.style.hidden
        if hidden == INVISIBLE and found.is_scan:
            hidden = None
        if not hidden and not sight.contains(piece.left, piece.top, piece.right, piece.bottom):
            hidden = "beside the page"
        if hidden:
            found.hidden[hidden] += piece.n_chars
        elif piece.text.isascii() and piece.text.isprintable():
            found.shown.append(piece)
        else:
            found.shown += _canonical(characters, piece, found)
    return found


def _order(characters: Characters, match: re.Match[str]) -> str:
    """Return alef and lam in the order of reading, where both are one letter of the font."""
    one, other = (characters.box((place,)) for place in range(*match.span()))
    return match.group()[::-1] if one == other else match.group()


def is_rtl(text: str) -> bool:
    """Tell whether text is written from right to left."""
    return not text.isascii() and bool(_RTL.search(text))


def _cut(characters: Characters, text: str) -> list[Piece]:
    pieces: list[Piece] = []
    before = 0
    for match in _STRETCH.finditer(text):
        start, end = match.span()
        between = text[before:start]
        parted = Parted.BY_SPACE if between.strip("\r\n") else Parted.BY_LINE
        parted = parted if between else Parted.NOT
        before = end
        for first, last in _parts(characters, text, start, end):
            style = characters.style_of(characters.object_of(first), first)
            begin = first
            if style.turn == 0:
                for space in characters.wide_spaces(text, (first, last), style.size):
                    _append(characters, text[begin:space], begin, style, parted, pieces)
                    begin, parted = space + 1, Parted.BY_SPACE
            _append(characters, text[begin:last], begin, style, parted, pieces)
            parted = Parted.BY_SPACE if last < end and text[last] == " " else Parted.NOT
    return pieces


def _parts(characters: Characters, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a stretch that are each of one text object."""
    object_of = characters.object_of
    if object_of(start) == object_of(end - 1):  # one's characters are together
        yield start, end
        return
    words = [match.span() for match in _WORD.finditer(text, start, end)]
    objects = [object_of(begin) for begin, _ in words]
    objects.append(None)
    first = start
    for number, (begin, stop) in enumerate(words):
        if objects[number] == objects[number + 1]:
            continue
        if object_of(stop - 1) != objects[number]:
            inside = [object_of(place) for place in range(begin, stop)]
            for place, (one, other) in enumerate(pairwise(inside), start=begin + 1):
                if one != other:
                    yield first, place
                    first = place
        yield first, stop
        first = stop + 1


def _append(
    characters: Characters,
    text: str,
    first: int,
    style: Style,
    parted: Parted,
    pieces: list[Piece],
) -> None:
    """Append a piece, or add it to the one that it goes on with."""
    last = first + len(text) - 1
    box = characters.box(range(first, last + 1) if is_rtl(text) else {first, last})
    piece = Piece(text, first, len(text), style, parted, *box)
    if not pieces or not _goes_on(pieces[-1], piece):
        pieces.append(piece)
        return
    before = pieces[-1]
    before.text += parted.value + text
    before.n_chars = last + 1 - before.first
    before.left, before.top = min(before.left, piece.left), min(before.top, piece.top)
    before.right, before.bottom = max(before.right, piece.right), max(before.bottom, piece.bottom)


def _goes_on(before: Piece, piece: Piece) -> bool:
    """Tell whether a piece looks like the one before and stands beside it."""
    if piece.parted is Parted.BY_LINE or before.style != piece.style or piece.style.turn != 0:
        return False
    is_parted = piece.parted is Parted.BY_SPACE
    if piece.first != before.first + before.n_chars + is_parted:
        return False
    size = piece.style.size
    if abs(piece.top - before.top) > 0.1 * size or abs(piece.bottom - before.bottom) > 0.1 * size:
        return False
    gap = piece.left - before.right
    return -_MAX_KERN * size <= gap <= (MAX_SPACE if is_parted else _MAX_KERN) * size


def _canonical(characters: Characters, piece: Piece, found: Pieces) -> Iterator[Piece]:
    """Yield the piece with canonical text, or its words if their characters change in number."""
    text, n_removed = normalize(piece.text.translate(_EXPANDED))
    if len(text) == piece.n_chars or " " not in piece.text:
        found.n_removed += n_removed
        if text:
            yield replace(piece, text=text)
        return
    parted = piece.parted
    for match in _WORD.finditer(piece.text):
        start, end = (piece.first + place for place in match.span())
        box = characters.box(range(start, end))
        word = Piece(match.group(), start, end - start, piece.style, parted, *box)
        yield from _canonical(characters, word, found)
        parted = Parted.BY_SPACE


def _is_scan(characters: Characters, pieces: list[Piece]) -> bool:
    """Tell whether the page is a picture whose text was recognised."""
    n_invisible = sum(piece.n_chars for piece in pieces if piece.style.hidden == INVISIBLE)
    n_seen = sum(piece.n_chars for piece in pieces if not piece.style.hidden)
    if n_invisible <= _MIN_SCAN_RATIO * n_seen:
        return False
    return large_pictures(characters.page, characters.sight) > 0


def _look_at_light(characters: Characters, pieces: list[Piece]) -> None:
    """Mark the light pieces that do not stand out from their ground."""
    light = [piece for piece in pieces if piece.style.is_light and not piece.style.hidden]
    if light:
        drawn = Drawn(characters.page, characters.sight)
        for piece in light:
            if not drawn.has_contrast(piece.left, piece.top, piece.right, piece.bottom):
                piece.style = replace(piece.style, hidden="white on white")
