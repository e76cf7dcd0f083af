"""How well scans are read and asked: `python -m evals.scans`.

Ten documents of our own are drawn and made to look scanned, in several ways. For each way it prints
the accuracy of the characters (1 - edit distance / length), how many words lie in their place, how
many numbers are wrong and how many of those are told to be unsure, and the pages read in a minute;
then how many of thirty questions are answered with what the documents say, from the scans alone.
"""

import argparse
import io
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.formats.picture import parse
from assistant.pipeline import Assistant
from assistant.settings import Settings

PAGES = Path(__file__).parent / "scans.txt"
A4 = (8.27, 11.69)
"""Inches."""
POINTS, TITLE_POINTS, LEADING = 11, 17, 1.35
MARGIN, GUTTER = 0.9, 0.35


@dataclass(frozen=True)
class Source:
    """A document: its name, its paragraphs (the first is its title), and what is asked of it."""

    name: str
    paragraphs: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]


@dataclass
class Sheet:
    """A page as it was drawn: each word with its box in shares of the page."""

    image: Image.Image
    words: list[tuple[str, tuple[float, float, float, float]]] = field(default_factory=list)


def read_sources(path: Path = PAGES) -> Iterator[Source]:
    """Yield the documents of a file: `# name`, paragraphs, and `? question = what answers`."""
    for part in path.read_text(encoding="utf-8").split("\n# ")[1:]:
        name, *lines = part.strip().split("\n")
        asked = [line[2:].split(" = ") for line in lines if line.startswith("? ")]
        said = "\n".join(line for line in lines if not line.startswith("? "))
        paragraphs = tuple(" ".join(one.split()) for one in said.split("\n\n") if one.strip())
        yield Source(name, paragraphs, tuple((question, answer) for question, answer in asked))


def draw(source: Source, dpi: int, n_columns: int = 1, font: str | None = None) -> Sheet:
    """Return a document as a page."""
    width, height = (int(side * dpi) for side in A4)
    sheet = Sheet(Image.new("L", (width, height), 255))
    pen = ImageDraw.Draw(sheet.image)
    margin, gutter = MARGIN * dpi, GUTTER * dpi
    column = (width - 2 * margin - (n_columns - 1) * gutter) / n_columns
    top, y, x = margin, margin, margin
    for number, paragraph in enumerate(source.paragraphs):
        size = (POINTS if number else TITLE_POINTS) * dpi / 72
        face = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
        right = x
        for word in paragraph.split():
            length = pen.textlength(word, font=face)
            if right + length > x + column:
                right, y = x, y + LEADING * size
            if n_columns > 1 and x == margin and y > 0.33 * height:
                x, y = x + column + gutter, top
                right = x
            pen.text((right, y), word, fill=15, font=face)
            box = pen.textbbox((right, y), word, font=face)
            shares = (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
            sheet.words.append((word, shares))
            right += length + pen.textlength(" ", font=face)
        y += 2 * LEADING * size
        top = top if number else y
    return sheet


def skew(image: Image.Image, degrees: float = 1.7) -> Image.Image:
    """Lay a page askew."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def make_noisy(image: Image.Image, sigma: float = 30.0) -> Image.Image:
    """Blur a page, with noise and specks."""
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.9)), dtype=float)
    random = np.random.default_rng(3)
    pixels += random.normal(0, sigma, pixels.shape)
    pixels[random.random(pixels.shape) < 0.004] = 0
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def photograph(image: Image.Image) -> Image.Image:
    """Return a page as a telephone sees it: from one side, in uneven light, compressed."""
    width, height = image.size
    left = (-0.04 * width, -0.03 * height, 0.02 * width, 1.04 * height)
    corners = (*left, 1.05 * width, 1.01 * height, 1.03 * width, -0.01 * height)
    seen = image.transform((width, height), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    pixels = np.asarray(seen, dtype=float)
    light = 0.95 - 0.4 * np.linspace(0, 1, width) - 0.15 * np.linspace(0, 1, height)[:, None]
    pixels = pixels * light + np.random.default_rng(5).normal(0, 8, pixels.shape)
    file = io.BytesIO()
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    photo.filter(ImageFilter.GaussianBlur(1)).save(file, "JPEG", quality=60)
    return Image.open(file)


def slant(image: Image.Image) -> Image.Image:
    """Return a page as it is seen from below and from the right: its edges run together."""
    width, height = image.size
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    seen_at = ((0.1 * width, 0.1 * height), (0.95 * width, 0), (width, height), (0, 0.9 * height))
    rows, sides = [], []
    for (u, v), (x, y) in zip(corners, seen_at, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    solved = np.linalg.solve(np.array(rows, dtype=float), np.array(sides, dtype=float))
    how = Image.Transform.PERSPECTIVE
    return image.transform(
        image.size, how, solved.tolist(), Image.Resampling.BICUBIC, fillcolor=255
    )


WAYS: dict[str, tuple[int, int, Callable[[Image.Image], Image.Image]]] = {
    "clean, 200 dpi": (200, 1, lambda image: image),
    "clean, 150 dpi": (150, 1, lambda image: image),
    "two columns, 200 dpi": (200, 2, lambda image: image),
    "askew by 1.7 degrees, 150 dpi": (150, 1, skew),
    "two columns askew, 150 dpi": (150, 2, skew),
    "noisy, 200 dpi": (200, 1, make_noisy),
    "noisier, 120 dpi": (120, 1, lambda image: make_noisy(image, 45.0)),
    "photographed, 200 dpi": (200, 1, photograph),
    "aslant, 150 dpi": (150, 1, slant),
    "two columns aslant, 150 dpi": (150, 2, slant),
}
"""Dots an inch, columns, and what is done to the page."""
PLACED = ("clean, 200 dpi", "clean, 150 dpi", "two columns, 200 dpi", "noisy, 200 dpi")
"""Ways that leave the words where they were drawn."""


@dataclass
class Tally:
    """What was counted over pages of one way."""

    n_chars: int = 0
    n_edits: int = 0
    n_words: int = 0
    n_placed: int = 0
    n_numbers: int = 0
    n_wrong: int = 0
    n_told: int = 0
    n_doubted: int = 0
    seconds: float = 0.0

    def add(self, source: Source, sheet: Sheet, parsed: Parsed) -> None:
        """Count a page."""
        truth, read = " ".join(source.paragraphs), " ".join(parsed.text.split())
        self.n_chars += len(truth)
        self.n_edits += Levenshtein.distance(truth, read)
        boxes = {w: (w.left + w.right, w.top + w.bottom) for w in parsed.words}
        for said, (left, top, right, bottom) in sheet.words:
            self.n_words += 1
            self.n_placed += any(
                2 * left <= x <= 2 * right and 2 * top - 0.01 <= y <= 2 * bottom + 0.01
                for word, (x, y) in boxes.items()
                if parsed.text[word.start : word.end] == said
            )
        known = {word for word in truth.split() if re.search(r"\d", word)}
        for word in parsed.words:
            said = parsed.text[word.start : word.end]
            if re.search(r"\d", said):
                self.n_numbers += 1
                self.n_wrong += said not in known
                self.n_told += said not in known and not word.is_sure
                self.n_doubted += said in known and not word.is_sure

    def tell(self, way: str) -> str:
        """Return what was counted, in a line."""
        placed = f", {self.n_placed} of {self.n_words} words in place" if way in PLACED else ""
        return (
            f"{way}: {1 - self.n_edits / self.n_chars:.4f} of {self.n_chars:,} characters{placed}, "
            f"numbers {self.n_wrong} of {self.n_numbers} wrong, {self.n_told} of these told, "
            f"{self.n_doubted} right ones doubted; {60 / self.seconds:.0f} pages a minute"
        )


def save(image: Image.Image) -> bytes:
    """Return an image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def measure(sources: list[Source], font: str | None) -> None:
    """Print what is read of each way of scanning."""
    for way, (dpi, n_columns, scan) in WAYS.items():
        tally = Tally()
        started = time.perf_counter()
        for source in sources:
            sheet = draw(source, dpi, n_columns, font)
            data = save(scan(sheet.image))
            begun = time.perf_counter()
            tally.add(source, sheet, parse(data))
            tally.seconds += (time.perf_counter() - begun) / len(sources)
        print(f"{tally.tell(way)} ({time.perf_counter() - started:.0f} s)", flush=True)


def write_scans(sources: list[Source], font: str | None, corpus: Path) -> None:
    """Write each document as a scan, each made in another way."""
    ways = list(WAYS.values())
    for number, source in enumerate(sources):
        dpi, n_columns, scan = ways[number % len(ways)]
        image = scan(draw(source, dpi, n_columns, font).image)
        if number % 2:
            (corpus / f"{source.name}.png").write_bytes(save(image))
        else:
            image.save(corpus / f"{source.name}.pdf", "PDF", resolution=dpi)


def write_texts(sources: list[Source], corpus: Path) -> None:
    """Write each document as plain text, by which the scans are judged."""
    for source in sources:
        (corpus / f"{source.name}.txt").write_text("\n\n".join(source.paragraphs))


def ask(sources: list[Source], write: Callable[[Path], None], kind: str) -> None:
    """Print how many questions are answered from documents that are written to a folder."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        write(corpus)
        settings = Settings(corpus_dir=corpus, index_dir=Path(folder) / "index")
        asked = [pair for source in sources for pair in source.questions]
        with Assistant.open(settings) as assistant:
            assistant.sync()
            failed = [
                (question, answer, said)
                for question, answer in asked
                if answer not in " ".join((said := assistant.ask(question).text).split())
            ]
    print(f"{kind}: {len(asked) - len(failed)} of {len(asked)} questions answered")
    for question, answer, said in failed:
        print(f"  {question} wanted {answer!r}: {' '.join(said.split())[:200]}")


def main() -> None:
    """Measure."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--font", help="a TrueType file; without, the font that Pillow carries")
    given.add_argument("--ask-only", action="store_true", help="only the questions")
    chosen = given.parse_args()
    sources = list(read_sources())
    if not chosen.ask_only:
        measure(sources, chosen.font)
    ask(sources, lambda corpus: write_texts(sources, corpus), "as text")
    ask(sources, lambda corpus: write_scans(sources, chosen.font, corpus), "as scans")


if __name__ == "__main__":
    main()
