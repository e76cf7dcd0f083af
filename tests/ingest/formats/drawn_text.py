"""Pictures of text, drawn at test time in Pillow's own font, and where each word is."""

import io
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFont

SIZE = (900, 340)
LINES = (
    "The ferry leaves the quay at 07:40.",
    "A return ticket costs 18.60 euros.",
    "Bicycles are carried free of charge.",
)


@dataclass
class Drawing:
    """Lines on white, with the box of each word in pixels."""

    image: Image.Image
    words: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    @property
    def png(self) -> bytes:
        return saved(self.image)


def draw_text(lines: tuple[str, ...] = LINES, size: int = 36, left: int = 60) -> Drawing:
    drawing = Drawing(Image.new("RGB", SIZE, "white"))
    font = ImageFont.load_default(size)
    pen = ImageDraw.Draw(drawing.image)
    for number, line in enumerate(lines):
        x, y = float(left), 60.0 + 1.5 * size * number
        for word in line.split():
            pen.text((x, y), word, fill="black", font=font)
            drawing.words[word] = pen.textbbox((x, y), word, font=font)
            x += pen.textlength(f"{word} ", font=font)
    return drawing


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
