"""A page of a PDF file in; its words with their places, and how much it hides, out.

Reads the characters through pdfium's raw functions, three calls a word: the helpers' cost more than
all the rest. Hidden is what a reader of the page does not see: invisible text (unless the page is a
scan, whose invisible text is what was recognised), text in the colour of its ground, tiny text, and
text beside the page. Refuses, with `DocumentUnreadable`, a page of more characters than a document
may have.
"""

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.pdf_sight import Bounds, Drawn, Sight, large_pictures
from assistant.ingest.normalize import normalize

MIN_SIZE = 1.0
"""Of text that can be read, in points."""
INVISIBLE = "invisible"
_INVISIBLE_MODE = 3
_LIGHT = 200
"""The least of red, green and blue from which text may not stand out from white."""
_MIN_SCAN_RATIO = 10
"""How much more invisible text than visible a scan has: only a stamp, say, was added to it."""
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_HYPHENS = "\u0002\ufffe\u00ad"
"""What pdfium says for a hyphen at a line's end, and the one that is seen only there."""
_WORD = re.compile(rf"[^\s{_HYPHENS}]+[{_HYPHENS}]?|[{_HYPHENS}]")
_EXPANDED = str.maketrans(
    dict(
        zip(
            "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06",
            "ff fi fl ffi ffl st st".split(),
            strict=True,
        )
    )
    | dict.fromkeys(_HYPHENS, "-")
)
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")


class Parted(Enum):
    """What stands between a word and the one before it in the file."""

    NOT = ""
    BY_SPACE = " "
    BY_LINE = "\n"


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: its size in points, and its direction in quarter turns (None: oblique)."""

    size: float
    is_bold: bool = False
    turn: int | None = 0
    hidden: str | None = None
    is_light: bool = False


@dataclass(slots=True)
class Word:
    """Characters in a row without space, with their box: points from the upper left corner."""

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
class Words:
    """What a page shows, in the file's order, and how many characters it hides in which way."""

    shown: list[Word] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    n_removed: int = 0
    is_scan: bool = False


def _address(of: object) -> int:
    return ctypes.cast(of, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


# Without the conversions of pdfium's own bindings, and too short to let other threads run.
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
        self.sight = sight
        self._page = page
        self._text = page.get_textpage()
        self._handle = _address(self._text.raw)
        self._rect = raw.FS_RECTF()
        self._rect_at = ctypes.addressof(self._rect)
        self._styles: dict[int, Style] = {}
        self._bold_fonts: dict[int, bool] = {}

    def close(self) -> None:
        """Give their memory back."""
        self._text.close()

    def box(self, first: int, last: int) -> Bounds:
        """Return the box of the characters from one to another: left, top, right, bottom.

        It is as wide as they advance and as high as their font.
        """
        rect = self._rect
        _box_of(self._handle, first, self._rect_at)
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if last != first:
            _box_of(self._handle, last, self._rect_at)
            left, bottom = min(left, rect.left), min(bottom, rect.bottom)
            right, top = max(right, rect.right), max(top, rect.top)
        return self.sight.see(left, bottom, right, top)

    def words(self, max_chars: int) -> Words:
        """Return the page's words, and how much is hidden."""
        cut = self._cut(self._read(max_chars))
        self._look_at_light(cut)
        found = Words(is_scan=self._is_scan(cut))
        for word in cut:
            hidden = word.style.hidden
            if hidden == INVISIBLE and found.is_scan:
                hidden = None
            if not hidden and not self.sight.contains(word.left, word.top, word.right, word.bottom):
                hidden = "beside the page"
            if hidden:
                found.hidden[hidden] += word.n_chars
                continue
            if not word.text.isascii() or not word.text.isprintable():
                word.text, n_removed = normalize(word.text.translate(_EXPANDED))
                found.n_removed += n_removed
            if word.text:
                found.shown.append(word)
        return found

    def _read(self, max_chars: int) -> str:
        """Return the characters, one for each that pdfium numbers."""
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

    def _cut(self, text: str) -> list[Word]:
        """Cut the text into words; where one changes its look, a new one begins."""
        spans = [match.span() for match in _WORD.finditer(text)]
        objects = [_object_of(self._handle, start) for start, _ in spans]
        objects.append(None)
        words: list[Word] = []
        before = 0
        for number, (start, end) in enumerate(spans):
            between = text[before:start]
            parted = Parted.BY_SPACE if between.strip("\r\n") else Parted.BY_LINE
            parted = parted if between else Parted.NOT
            before, this = end, objects[number]
            # A text object's characters are together: the next word's shows that this is whole.
            if this == objects[number + 1] or _object_of(self._handle, end - 1) == this:
                words.append(self._word(text, start, end, this, parted))
            else:
                self._cut_word(text, (start, end), parted, words)
        return words

    def _cut_word(
        self, text: str, span: tuple[int, int], parted: Parted, words: list[Word]
    ) -> None:
        """Append the parts of a word that is of several objects; those alike are one."""
        objects = [_object_of(self._handle, number) for number in range(*span)]
        changes = [n for n, (one, other) in enumerate(pairwise(objects), 1) if one != other]
        for start, end in pairwise([0, *changes, len(objects)]):
            part = self._word(text, span[0] + start, span[0] + end, objects[start], parted)
            if start and _continues(words[-1], part):
                before = words[-1]
                before.text += part.text
                before.n_chars += part.n_chars
                before.left, before.top = min(before.left, part.left), min(before.top, part.top)
                before.right = max(before.right, part.right)
                before.bottom = max(before.bottom, part.bottom)
            else:
                words.append(part)
            parted = Parted.NOT

    def _word(self, text: str, start: int, end: int, handle: int | None, parted: Parted) -> Word:
        style = self._styles.get(handle or 0)
        if style is None:
            style = self._styles[handle or 0] = self._style(handle, start)
        return Word(text[start:end], start, end - start, style, parted, *self.box(start, end - 1))

    def _style(self, handle: int | None, number: int) -> Style:
        """Return how the text object of a character looks."""
        matrix = raw.FS_MATRIX()
        raw.FPDFText_GetMatrix(self._text, number, matrix)
        area = abs(matrix.a * matrix.d - matrix.b * matrix.c)
        size = abs(raw.FPDFText_GetFontSize(self._text, number)) * math.sqrt(area)
        turn = self.sight.turn_of(matrix.a, matrix.b)
        if not handle:
            return Style(size, turn=turn)
        shown = ctypes.cast(handle, raw.FPDF_PAGEOBJECT)
        mode = raw.FPDFTextObj_GetTextRenderMode(shown)
        red, green, blue, alpha = (ctypes.c_uint(0) for _ in range(4))
        raw.FPDFText_GetFillColor(self._text, number, red, green, blue, alpha)
        hidden = "tiny" if size < MIN_SIZE else None
        if mode == _INVISIBLE_MODE or (mode == 0 and not alpha.value):
            hidden = INVISIBLE
        is_light = mode == 0 and min(red.value, green.value, blue.value) >= _LIGHT
        return Style(size, self._is_bold(shown), turn, hidden, is_light)

    def _is_bold(self, shown: raw.FPDF_PAGEOBJECT) -> bool:
        font = raw.FPDFTextObj_GetFont(shown)
        key = _address(font)
        if key and key not in self._bold_fonts:
            name = ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            self._bold_fonts[key] = bool(_BOLD.search(name.value))
        return self._bold_fonts.get(key, False)

    def _is_scan(self, words: list[Word]) -> bool:
        n_invisible = sum(word.n_chars for word in words if word.style.hidden == INVISIBLE)
        n_seen = sum(word.n_chars for word in words if not word.style.hidden)
        if n_invisible <= _MIN_SCAN_RATIO * n_seen:
            return False
        return large_pictures(self._page, self.sight) > 0

    def _look_at_light(self, words: list[Word]) -> None:
        """Mark the light words that do not stand out from their ground."""
        light = [word for word in words if word.style.is_light and not word.style.hidden]
        if light:
            drawn = Drawn(self._page, self.sight)
            for word in light:
                if not drawn.has_contrast(word.left, word.top, word.right, word.bottom):
                    word.style = replace(word.style, hidden="white on white")


def is_rtl(text: str) -> bool:
    """Tell whether text is written from right to left."""
    return not text.isascii() and bool(_RTL.search(text))


def _continues(before: Word, part: Word) -> bool:
    """Tell whether two parts of a word look the same and stand beside each other."""
    if before.style != part.style or before.style.turn != 0:
        return before.style == part.style
    height = before.bottom - before.top
    return abs(part.top - before.top) < 0.2 * height and (
        -0.5 * height < part.left - before.right < 0.3 * height
        or (is_rtl(part.text) and -0.5 * height < before.left - part.right < 0.3 * height)
    )
