"""Pages of columns with figures, tables, formulas and notes in them, and how well they are read.

Each page is drawn from a seed, with the text that a reader takes from it in the order of reading.
What is measured is the share of that order's runs of six words that stand in the text as it was
read, page by page. `python -m evals.pages` draws 200 pages and prints the share of those of which
at least .9 is kept; `--keep FOLDER` writes them, to look at.
"""

import argparse
import io
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from assistant.ingest.formats.pdf.document import parse

GRAM = 6
KEPT, WANTED = 0.9, 0.95
"""Of a page's runs of words, and of the pages that keep so many."""
_WORD = re.compile(r"[a-z]+")
_ONSETS, _RIMES = (
    "b c d f g h k l m n p r s t v w br cl dr st tr pl".split(),
    "a e i o u an er il on us".split(),
)
KINDS = ("figure", "table", "formula", "footnote", "list", "picture", "box")


@dataclass
class Sheet:
    """A page that is being drawn, from its upper left corner, and what is to be read of it."""

    seed: int
    said: list[str] = field(default_factory=list)
    """Runs of text, each of which is read without a break."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.width, self.height = self.random.choice([A4, LETTER])
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=(self.width, self.height))
        self.family = self.random.choice(
            [("Helvetica", "Helvetica-Bold"), ("Times-Roman", "Times-Bold")]
        )
        self.size = self.random.choice([8.0, 9.0, 9.5, 10.0])
        self.leading = self.size * self.random.uniform(1.12, 1.35)
        self.margin = self.random.uniform(40, 65)
        self.n_columns = self.random.choice([2, 2, 2, 3])
        self.gutter = self.random.uniform(11, 26)
        self.is_justified = self.random.random() < 0.6
        self.is_indented = self.random.random() < 0.5
        room = self.width - 2 * self.margin - (self.n_columns - 1) * self.gutter
        self.column = room / self.n_columns

    def words(self, n: int) -> list[str]:
        """Return words that no other page has."""
        return [
            "".join(
                self.random.choice(_ONSETS) + self.random.choice(_RIMES)
                for _ in range(self.random.choice([1, 2, 2, 3, 4]))
            )
            for _ in range(n)
        ]

    def sentences(self, n_words: int) -> list[str]:
        """Return the words of a paragraph."""
        found: list[str] = []
        while len(found) < n_words:
            said = self.words(self.random.randint(8, 22))
            said[0] = said[0].capitalize()
            said[-1] += "."
            found += said
        return found

    def text(self, x: float, y: float, text: str, size: float = 0, font: str = "") -> None:
        """Draw a text with its baseline `y` below the page's upper edge."""
        self.canvas.setFont(font or self.family[0], size or self.size)
        self.canvas.drawString(x, self.height - y, text)

    def line(
        self, x: float, y: float, words: Sequence[str], width: float, size: float, *, is_full: bool
    ) -> None:
        """Draw a line of a paragraph, as wide as the column if it is full and they are so."""
        if not (is_full and self.is_justified and len(words) > 1):
            self.text(x, y, " ".join(words), size)
            return
        room = width - stringWidth(" ".join(words), self.family[0], size)
        of_text = self.canvas.beginText(x, self.height - y)
        of_text.setFont(self.family[0], size)
        of_text.setWordSpace(room / (len(words) - 1))
        of_text.textOut(" ".join(words))
        of_text.setWordSpace(0)
        self.canvas.drawText(of_text)

    def rule(self, x: float, y: float, right: float, below: float = -1.0) -> None:
        """Draw a line from a place to another."""
        self.canvas.setLineWidth(self.random.choice([0.4, 0.8]))
        self.canvas.line(x, self.height - y, right, self.height - (y if below < 0 else below))


def wrap(
    words: Sequence[str], width: float, font: str, size: float, indent: float = 0
) -> Iterator[list[str]]:
    """Yield the words of each line."""
    line: list[str] = []
    room = width - indent
    for word in words:
        if line and stringWidth(" ".join([*line, word]), font, size) > room:
            yield line
            line, room = [], width
        line.append(word)
    if line:
        yield line


class Column:
    """Fills a column from the top down."""

    def __init__(self, sheet: Sheet, x: float, top: float, bottom: float, open_: list[str]) -> None:
        self.sheet, self.x, self.y, self.bottom = sheet, x, top, bottom
        self.rest = open_
        """Words of a paragraph that the column before had no room for."""
        self.notes: list[list[str]] = []

    def fill(self, kinds: Sequence[str]) -> list[str]:
        """Draw text with things of some kinds in it; return the words that have no room."""
        sheet = self.sheet
        wanted = list(kinds)
        if "footnote" in wanted:
            wanted = [kind for kind in wanted if kind != "footnote"]
            note = sheet.sentences(sheet.random.randint(10, 25))
            lines = list(wrap(["1", *note], sheet.column, sheet.family[0], sheet.size - 1.5))
            self.bottom -= len(lines) * (sheet.leading - 1.5) + 10
            y = self.bottom + 6
            sheet.rule(self.x, y, self.x + sheet.column / 3)
            for number, line in enumerate(lines):
                y += sheet.leading - 1.5
                sheet.line(
                    self.x, y, line, sheet.column, sheet.size - 1.5, is_full=number + 1 < len(lines)
                )
            self.notes.append(note)
        first = not self.rest
        while self.bottom - self.y > 2 * sheet.leading:
            if wanted and sheet.random.random() < (0.5 if first else 0.4):
                self.thing(wanted.pop())
            elif (
                sheet.random.random() < 0.15
                and self.bottom - self.y > 6 * sheet.leading
                and not self.rest
            ):
                self.heading()
            words = self.rest or sheet.sentences(sheet.random.randint(30, 90))
            self.rest = self.paragraph(words, is_rest=bool(self.rest))
            first = False
        return self.rest

    def paragraph(self, words: list[str], *, is_rest: bool = False) -> list[str]:
        """Draw a paragraph as far as there is room; return the rest of it."""
        sheet = self.sheet
        indent = sheet.size * 1.5 if sheet.is_indented and not is_rest else 0.0
        lines = list(wrap(words, sheet.column, sheet.family[0], sheet.size, indent))
        drawn: list[str] = []
        for number, line in enumerate(lines):
            if self.y + sheet.leading > self.bottom:
                break
            self.y += sheet.leading
            x = self.x + (indent if not number else 0)
            room = sheet.column - (indent if not number else 0)
            sheet.line(x, self.y, line, room, sheet.size, is_full=number + 1 < len(lines))
            drawn += line
        self.say(drawn, is_rest=is_rest)
        self.y += 0 if sheet.is_indented else sheet.leading * 0.6
        return words[len(drawn) :]

    def say(self, words: Sequence[str], *, is_rest: bool = False) -> None:
        """Note what is read, as the rest of what was noted last or by itself."""
        if is_rest and self.sheet.said:
            self.sheet.said[-1] += " " + " ".join(words)
        else:
            self.sheet.said.append(" ".join(words))

    def heading(self) -> None:
        """Draw a heading."""
        sheet = self.sheet
        words = sheet.words(sheet.random.randint(2, 4))
        words[0] = words[0].capitalize()
        self.y += sheet.leading * 1.9
        sheet.text(self.x, self.y, " ".join(words), sheet.size + 1.5, sheet.family[1])
        self.y += sheet.leading * 0.4
        self.say(words)

    def thing(self, kind: str) -> None:
        """Draw something that is no running text, with its caption."""
        if self.bottom - self.y < 16 * self.sheet.leading:
            return
        self.y += self.sheet.leading
        getattr(self, f"_{kind}")()
        self.y += self.sheet.leading

    def _caption(self, name: str) -> None:
        sheet = self.sheet
        words = [name, "3:", *sheet.sentences(sheet.random.randint(8, 20))]
        lines = list(wrap(words, sheet.column, sheet.family[0], sheet.size - 1))
        for number, line in enumerate(lines):
            self.y += sheet.leading
            sheet.line(
                self.x, self.y, line, sheet.column, sheet.size - 1, is_full=number + 1 < len(lines)
            )
        self.say(words)

    def _figure(self) -> None:
        sheet = self.sheet
        height = sheet.random.uniform(5, 9) * sheet.leading
        sheet.rule(self.x + 20, self.y, self.x + 20, self.y + height)
        sheet.rule(self.x + 20, self.y + height, self.x + sheet.column - 5, self.y + height)
        points = [
            (
                self.x + 20 + n * (sheet.column - 30) / 8,
                self.y + sheet.random.uniform(0.1, 0.9) * height,
            )
            for n in range(9)
        ]
        for (x, y), (right, below) in pairwise(points):
            sheet.rule(x, y, right, below)
        for n in range(4):
            sheet.text(self.x, self.y + height - n * height / 4, str(n * 20), sheet.size - 2)
            sheet.text(
                self.x + 22 + n * (sheet.column - 30) / 4,
                self.y + height + sheet.size,
                str(2000 + n),
                sheet.size - 2,
            )
        for _ in range(sheet.random.randint(1, 3)):
            label = " ".join(sheet.words(2))
            sheet.text(
                self.x + sheet.random.uniform(25, sheet.column / 2),
                self.y + sheet.random.uniform(0.1, 0.9) * height,
                label,
                sheet.size - 2,
            )
        self.y += height + 2 * sheet.size
        self._caption("Figure")

    def _picture(self) -> None:
        sheet = self.sheet
        height = sheet.random.uniform(5, 12) * sheet.leading
        sheet.canvas.setFillGray(0.8)
        sheet.canvas.rect(
            self.x, sheet.height - self.y - height, sheet.column, height, stroke=0, fill=1
        )
        sheet.canvas.setFillGray(0)
        self.y += height + sheet.size * 0.5
        self._caption("Figure")

    def _box(self) -> None:
        sheet = self.sheet
        words = sheet.sentences(sheet.random.randint(20, 40))
        lines = list(wrap(words, sheet.column - 12, sheet.family[0], sheet.size))
        height = (len(lines) + 1) * sheet.leading
        sheet.canvas.rect(self.x, sheet.height - self.y - height, sheet.column, height)
        y = self.y + 0.3 * sheet.leading
        for number, line in enumerate(lines):
            y += sheet.leading
            sheet.line(
                self.x + 6, y, line, sheet.column - 12, sheet.size, is_full=number + 1 < len(lines)
            )
        self.say(words)
        self.y += height

    def _table(self) -> None:
        sheet = self.sheet
        self._caption("Table")
        self.y += sheet.leading * 0.5
        n_columns = sheet.random.choice([2, 3, 3, 4]) if sheet.n_columns == 2 else 2
        width = sheet.column / n_columns
        ruling = sheet.random.choice(["all", "head", "none"])
        top = self.y
        n_rows = sheet.random.randint(4, 8)
        for row in range(n_rows):
            if ruling == "all" or (ruling == "head" and row < 2):
                sheet.rule(self.x, self.y + sheet.size * 0.3, self.x + sheet.column)
            self.y += sheet.leading * 1.1
            for column in range(n_columns):
                is_word = not column or not row
                cell = sheet.words(1)[0][:7] if is_word else f"{sheet.random.uniform(0, 99):.1f}"
                sheet.text(self.x + 3 + column * width, self.y, cell, sheet.size - 1)
        if ruling != "none":
            sheet.rule(self.x, self.y + sheet.size * 0.3, self.x + sheet.column)
        if ruling == "all":
            for column in range(n_columns + 1):
                sheet.rule(
                    self.x + column * width,
                    top + sheet.size * 0.3,
                    self.x + column * width,
                    self.y + sheet.size * 0.3,
                )

    def _formula(self) -> None:
        sheet = self.sheet
        self.y += sheet.leading * 1.5
        formula = sheet.random.choice(
            ["y = a x + b", "f ( t ) = k e t", "E = m c 2", "p ( x | z ) = q"]
        )
        width = stringWidth(formula, "Times-Italic", sheet.size + 1)
        sheet.text(
            self.x + (sheet.column - width) / 2, self.y, formula, sheet.size + 1, "Times-Italic"
        )
        number = f"({sheet.random.randint(1, 30)})"
        sheet.text(
            self.x + sheet.column - stringWidth(number, sheet.family[0], sheet.size), self.y, number
        )
        self.y += sheet.leading * 0.3

    def _list(self) -> None:
        sheet = self.sheet
        for _ in range(sheet.random.randint(2, 4)):
            words = sheet.sentences(sheet.random.randint(5, 14))
            lines = list(wrap(words, sheet.column - 12, sheet.family[0], sheet.size))
            for number, line in enumerate(lines):
                self.y += sheet.leading
                if not number:
                    sheet.text(self.x, self.y, "•")
                sheet.line(
                    self.x + 12,
                    self.y,
                    line,
                    sheet.column - 12,
                    sheet.size,
                    is_full=number + 1 < len(lines),
                )
            self.say(words)


def wide(sheet: Sheet, bottom: float) -> float:
    """Draw a table or a picture over all columns at the foot; return where those end."""
    caption = ["Table", "7:", *sheet.sentences(12)]
    left, right = sheet.margin, sheet.width - sheet.margin
    n_rows = sheet.random.randint(4, 7)
    top = bottom - (n_rows + 4) * sheet.leading
    y = top + 2 * sheet.leading
    sheet.text(left, y, " ".join(caption), sheet.size - 1)
    sheet.said.append(" ".join(caption))
    if sheet.random.random() < 0.5:
        sheet.canvas.setFillGray(0.7)
        height = n_rows * sheet.leading
        sheet.canvas.rect(
            left, sheet.height - y - height - 4, right - left, height, stroke=0, fill=1
        )
        sheet.canvas.setFillGray(0)
        return top
    n_columns = sheet.random.randint(3, 6)
    for row in range(n_rows):
        if row < 2:
            sheet.rule(left, y + sheet.size * 0.3, right)
        y += sheet.leading
        for column in range(n_columns):
            cell = (
                sheet.words(1)[0] if not (row and column) else f"{sheet.random.uniform(0, 999):.1f}"
            )
            sheet.text(left + column * (right - left) / n_columns, y, cell, sheet.size - 1)
    sheet.rule(left, y + sheet.size * 0.3, right)
    return top


def draw(seed: int) -> tuple[bytes, list[str]]:
    """Return a file of one page, and the runs of text that are read of it without a break."""
    sheet = Sheet(seed)
    chance = sheet.random
    top, bottom = chance.uniform(50, 70), sheet.height - chance.uniform(50, 70)
    if chance.random() < 0.5:
        sheet.text(sheet.margin, top - 25, "Journal of " + " ".join(sheet.words(2)), sheet.size - 1)
        sheet.text(
            sheet.width - sheet.margin - 20, top - 25, str(chance.randint(1, 400)), sheet.size - 1
        )
    if chance.random() < 0.4:
        title = sheet.words(6)
        top += 26
        width = stringWidth(" ".join(title), sheet.family[1], 16)
        sheet.text((sheet.width - width) / 2, top, " ".join(title), 16, sheet.family[1])
        top += 14
        sheet.said.append(" ".join(title))
        if chance.random() < 0.6:
            words, room = sheet.sentences(50), sheet.width - 2 * sheet.margin - 60
            lines = list(wrap(words, room, sheet.family[0], sheet.size))
            for number, line in enumerate(lines):
                top += sheet.leading
                sheet.line(
                    sheet.margin + 30, top, line, room, sheet.size, is_full=number + 1 < len(lines)
                )
            sheet.said.append(" ".join(words))
            top += sheet.leading
    if chance.random() < 0.25:
        bottom = wide(sheet, bottom)
    n_things = chance.randint(1, 3)
    things = [(chance.randrange(sheet.n_columns), chance.choice(KINDS)) for _ in range(n_things)]
    rest: list[str] = []
    notes: list[list[str]] = []
    for number in range(sheet.n_columns):
        x = sheet.margin + number * (sheet.column + sheet.gutter)
        column = Column(sheet, x, top, bottom, rest)
        rest = column.fill([kind for place, kind in things if place == number])
        notes += column.notes
    sheet.said += [" ".join(note) for note in notes]
    if chance.random() < 0.6:
        sheet.text(sheet.width / 2, sheet.height - 30, str(chance.randint(1, 400)), sheet.size - 1)
    sheet.canvas.save()
    return sheet.file.getvalue(), sheet.said


def grams(text: str) -> set[tuple[str, ...]]:
    """Return the runs of six words of a text, of letters alone."""
    words = _WORD.findall(text.casefold())
    return {tuple(words[n : n + GRAM]) for n in range(len(words) - GRAM + 1)}


def measure(seed: int) -> float:
    """Return the share of a page's runs of words that are kept where it is read."""
    data, said = draw(seed)
    wanted = {gram for text in said for gram in grams(text)}
    parsed = parse(data)
    read = {gram for start, end in parsed.blocks for gram in grams(parsed.text[start:end])}
    return len(wanted & read) / len(wanted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how many pages keep their order; return 1 if they are too few."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder to write the pages to")
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.seed, chosen.seed + chosen.pages)
    shares = {seed: measure(seed) for seed in seeds}
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (chosen.keep / f"{seed}.pdf").write_bytes(draw(seed)[0])
    whole = sum(share >= KEPT for share in shares.values())
    print(f"{whole} of {len(shares)} pages keep {KEPT} of their runs of {GRAM} words")
    for seed, share in sorted(shares.items(), key=lambda item: item[1])[:20]:
        print(f"  page {seed}: {share:.2f}")
    return int(whole < WANTED * len(shares))


if __name__ == "__main__":
    sys.exit(main())
