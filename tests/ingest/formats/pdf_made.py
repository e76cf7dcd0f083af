"""PDF files made at test time, with a record of what stands where; and some that are damaged."""

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import getAscentDescent, stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 400.0, 600.0


@dataclass(frozen=True)
class Drawn:
    """A line as it was drawn: its page and its box as shares of the displayed page."""

    text: str
    page: int
    box: tuple[float, float, float, float]


@dataclass
class Sheet:
    """A PDF file that is being drawn. Lines are placed from the page's upper left corner."""

    rotation: int = 0
    crop: tuple[float, float, float, float] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    drawn: list[Drawn] = field(default_factory=list)
    font: str = "Helvetica"

    def __post_init__(self) -> None:
        self.file = io.BytesIO()
        # reportlab exchanges the sides of pages that are turned by a quarter.
        size = (HEIGHT, WIDTH) if self.rotation % 180 else (WIDTH, HEIGHT)
        self.canvas = Canvas(self.file, pagesize=size, **self.options)
        self.page = 1
        self._begin()

    def _begin(self) -> None:
        self.canvas.setPageRotation(self.rotation)
        if self.crop:
            self.canvas.setCropBox(self.crop)

    def line(self, x: float, y: float, text: str, size: float = 10, font: str = "") -> None:
        """Draw a line with its baseline at `y` below the page's upper edge."""
        font = font or self.font
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, HEIGHT - y, text)
        ascent, descent = getAscentDescent(font, size)
        width = stringWidth(text, font, size)
        self.drawn.append(Drawn(text, self.page, self.shown(x, y - ascent, x + width, y - descent)))

    def shown(self, left: float, top: float, right: float, bottom: float) -> Any:
        """Return where a rectangle of the sheet is seen once it is cropped and turned."""
        x_0, y_0, x_1, y_1 = self.crop or (0, 0, WIDTH, HEIGHT)
        width, height = x_1 - x_0, y_1 - y_0
        left, right = (left - x_0) / width, (right - x_0) / width
        top, bottom = (top - (HEIGHT - y_1)) / height, (bottom - (HEIGHT - y_1)) / height
        for _ in range(self.rotation // 90):  # a quarter turn clockwise
            left, top, right, bottom = 1 - bottom, left, 1 - top, right
        return left, top, right, bottom

    def lines(self, lines: Iterable[tuple[float, float, str]]) -> None:
        """Draw lines, each at its place."""
        for line in lines:
            self.line(*line)

    def next_page(self) -> None:
        """Begin another page."""
        self.canvas.showPage()
        self.page += 1
        self._begin()

    def picture(self) -> None:
        """Cover the page with a picture."""
        image = ImageReader(Image.new("RGB", (40, 60), (200, 210, 220)))
        self.canvas.drawImage(image, 0, 0, WIDTH, HEIGHT)

    def bytes(self) -> bytes:
        """Return the file."""
        self.canvas.save()
        return self.file.getvalue()


def paragraph(
    x: float, y: float, width: float, words: Iterator[str], n_words: int
) -> list[tuple[float, float, str]]:
    """Return the lines of a paragraph of a sentence, with their places."""
    text = [next(words) for _ in range(n_words)]
    text[0] = text[0].capitalize()
    text[-1] += "."
    lines = [text[0]]
    for word in text[1:]:
        if stringWidth(f"{lines[-1]} {word}", "Helvetica", 10) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return [(x, y + 12 * number, line) for number, line in enumerate(lines)]


def paragraphs(
    x: float, y: float, width: float, words: Iterator[str], counts: Iterable[int]
) -> list[tuple[float, float, str]]:
    """Return the lines of paragraphs one below the other."""
    lines: list[tuple[float, float, str]] = []
    for count in counts:
        lines += paragraph(x, lines[-1][1] + 20 if lines else y, width, words, count)
    return lines


def unlike_words() -> Iterator[str]:
    """Yield words of which none contains another."""
    for number in range(20 * 20 * 20):
        digits = number // 400, number // 20 % 20, number % 20
        yield "".join("bcdfghjklmnprstvwxyz"[digit] + "aeiou"[digit % 5] for digit in digits)


def encrypted(user: str, owner: str) -> bytes:
    """Return a file with passwords."""
    sheet = Sheet(options={"encrypt": StandardEncryption(user, owner, canPrint=0, canCopy=0)})
    sheet.line(50, 50, "What only its owner may copy is read.")
    return sheet.bytes()


def of_objects(*objects: str | bytes, extra: bytes = b"") -> bytes:
    """Return a file of objects numbered from 1, first the catalogue; `extra` joins the trailer."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, made in enumerate(objects, start=1):
        places.append(len(out))
        body = made if isinstance(made, bytes) else made.encode()
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Root 1 0 R/Size %d %b>>\n" % (len(objects) + 1, extra)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


PAGE_OBJECTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Count 1/Kids[3 0 R]>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 600]/Contents 5 0 R"
    "/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>>>",
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
)


def with_content(content: bytes, entries: str = "", *more: str | bytes) -> bytes:
    """Return a file of one page with a content stream."""
    return of_objects(*PAGE_OBJECTS, stream(content, entries), *more)


def stream(content: bytes, entries: str = "") -> bytes:
    """Return a stream object."""
    head = f"<<{entries}/Length {len(content)}>>stream\n".encode()
    return head + content + b"\nendstream"


@cache
def _blown_up(n_bytes: int) -> bytes:
    packed = zlib.compressobj(9)
    megabyte = b"BT/F 9 Tf(x)Tj ET\n" + b" " * 999_982
    return b"".join(packed.compress(megabyte) for _ in range(n_bytes // 10**6)) + packed.flush()


def flate_bomb(n_bytes: int, times: int = 1) -> bytes:
    """Return a page whose content stream is far larger than the file."""
    content = _blown_up(n_bytes)
    for _ in range(times - 1):
        content = zlib.compress(content, 9)
    return with_content(content, "/Filter[" + "/FlateDecode" * times + "]")
