"""An open page of a PDF file in; how it is displayed, in points from its upper left corner, out.

Takes the page's rotation and crop box into account. Also tells which of its pictures are large, and
whether something stands out from its ground, by drawing the page. Refuses nothing.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

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
    for found in _objects(page):
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


def _objects(page: pdfium.PdfPage) -> Iterator[raw.FPDF_PAGEOBJECT]:
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
