"""An open page of a PDF file in; its characters, how they look and where they are, out.

Calls pdfium's raw functions without the conversions of its bindings: a page takes hundreds of them,
which cost more than all the rest. Refuses, with `DocumentUnreadable`, a page of more characters
than a document may have.
"""

import ctypes
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.pdf_sight import Bounds, Sight

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


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: its size in points, and its direction in quarter turns (None: oblique)."""

    size: float
    is_bold: bool = False
    turn: int | None = 0
    hidden: str | None = None
    is_light: bool = False


def _address(of: object) -> int:
    return ctypes.cast(of, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


# Calls that are too short to let other threads run.
_object_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    _address(raw.FPDFText_GetTextObject)
)
_box_of = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    _address(raw.FPDFText_GetLooseCharBox)
)
_code_of = ctypes.PYFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)(
    _address(raw.FPDFText_GetUnicode)
)


class Characters:
    """The characters of an open page, by the numbers that pdfium gives them."""

    def __init__(self, page: pdfium.PdfPage, sight: Sight) -> None:
        self.page = page
        self.sight = sight
        self._text = page.get_textpage()
        self._handle = _address(self._text.raw)
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
            raise DocumentUnreadable(
                f"its text has more than {max_chars:,} characters; split the file or raise "
                "max_text_chars",
                Fault.TOO_LARGE,
            )
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

    def object_of(self, number: int) -> int | None:
        """Return the handle of a character's text object; those of one are together."""
        handle: int | None = _object_of(self._handle, number)
        return handle

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
        key = _address(font)
        if key and key not in self._bold_fonts:
            name = ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            self._bold_fonts[key] = bool(_BOLD.search(name.value))
        return self._bold_fonts.get(key, False)
