"""Sentences that go on over the end of a page: what stands between, and words that it parts."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from assistant.ingest.formats.parsed import fold
from assistant.ingest.formats.pdf.document import locate, parse
from assistant.ingest.structure import arrange, list_sentences

WIDTH, HEIGHT, MARGIN, GUTTER, INDENT = 595.0, 842.0, 60.0, 20.0, 14.0
WORDS = (
    "council bridge harvest meadow painter village quarter remember orchard lantern station "
    "carpenter winter between gathered measured repaired painted another thousand surrounding "
    "foundation limestone committee therefore standing the a of to with over under near every"
).split()
NAMES = "Ashcombe Penrith Oldham Viola Marchetti Torsten Hallgrim".split()


class Leaf(NamedTuple):
    """The lines of a page, and what stands at its head and foot."""

    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()


class Setting(NamedTuple):
    """How pages are set: columns, paragraphs, and what stands at their head and foot."""

    n_columns: int
    has_paragraphs: bool
    has_notes: bool
    has_head: bool
    has_foot: bool
    is_hyphenated: bool


SETTINGS = [Setting(n, *rest) for n in (1, 2, 3) for rest in product((False, True), repeat=5)]


@dataclass(frozen=True)
class Made:
    """A file, and those of its sentences that go on over the end of a page."""

    data: bytes
    over_pages: tuple[str, ...]


def sentence(chance: random.Random) -> str:
    """Return a sentence with some names and numbers in it."""
    words = []
    for _ in range(chance.randint(12, 26)):
        pick = chance.random()
        number = f"{chance.randint(2, 99)},{chance.randint(100, 999)}"
        words.append(
            chance.choice(NAMES) if pick < 0.1 else number if pick < 0.15 else chance.choice(WORDS)
        )
    return f"The {' '.join(words)} {chance.choice(WORDS[:24])}."


def set_lines(
    paragraph: list[tuple[str, int]], width: float, chance: random.Random, *, hyphenate: bool
) -> Iterator[list[tuple[str, int]]]:
    """Yield lines of words, each with the number of its sentence, some parted by a hyphen."""
    line: list[tuple[str, int]] = []
    room = width - INDENT
    for word, number in paragraph:
        needed = stringWidth(f"{word} ", "Times-Roman", 10)
        if needed > room:
            cut = len(word) // 2
            head = f"{word[:cut]}-"
            is_word = word.isalpha() and word.islower() and len(word) > 6
            may_part = hyphenate and is_word and chance.random() < 0.8
            if may_part and stringWidth(head, "Times-Roman", 10) <= room:
                yield [*line, (head, number)]
                line, room = [(word[cut:], number)], width
                room -= stringWidth(f"{word[cut:]} ", "Times-Roman", 10)
                continue
            yield line
            line, room = [], width
        line.append((word, number))
        room -= needed
    yield line


def make(setting: Setting, seed: int, n_pages: int = 5) -> Made:
    """Return pages of running text."""
    chance = random.Random(seed)
    sentences = [sentence(chance) for _ in range(60 * n_pages)]
    width = (WIDTH - 2 * MARGIN - GUTTER * (setting.n_columns - 1)) / setting.n_columns
    lines: list[tuple[float, list[tuple[str, int]]]] = []
    number = 0
    while number < len(sentences):
        end = number + (chance.randint(2, 6) if setting.has_paragraphs else len(sentences))
        words = [
            (word, n) for n, one in enumerate(sentences[number:end], number) for word in one.split()
        ]
        own = list(set_lines(words, width, chance, hyphenate=setting.is_hyphenated))
        lines += ((0.0 if row else INDENT, line) for row, line in enumerate(own))
        number = end
    following = iter(lines)
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    over: list[str] = []
    last = -1
    for page in range(1, n_pages + 1):
        if setting.has_head:
            canvas.setFont("Times-Italic", 9)
            canvas.drawString(MARGIN, HEIGHT - 40, f"Annals of the valley, {page}")
        if setting.has_foot:
            canvas.setFont("Times-Roman", 9)
            canvas.drawCentredString(WIDTH / 2, 36, str(page))
        for column in range(setting.n_columns):
            x = MARGIN + column * (width + GUTTER)
            has_note = setting.has_notes and column == setting.n_columns - 1
            canvas.setFont("Times-Roman", 10)
            for row in range(50 - 4 * has_note):
                indent, line = next(following)
                if not column and not row and last == line[0][1]:
                    over.append(sentences[last])
                last = line[-1][1] if not line[-1][0].endswith(".") else -1
                said = " ".join(word for word, _ in line)
                canvas.drawString(x + indent, HEIGHT - 70 - 13 * row, said)
            if has_note:
                canvas.line(x, 112, x + 60, 112)
                canvas.setFont("Times-Roman", 7.5)
                canvas.drawString(x, 100, f"{page} Ledger of the mill, sheet {page + 7}.")
        canvas.showPage()
    canvas.save()
    return Made(file.getvalue(), tuple(over))


def count_whole(made: Made) -> int:
    """Return how many of the sentences over pages are one sentence of the document's text."""
    parsed = parse(made.data)
    found = {
        fold(parsed.text[start:end]) for start, end in list_sentences(parsed.text, parsed.units)
    }
    return sum(one in found for one in made.over_pages)


@pytest.mark.parametrize("n_columns", [1, 2, 3])
def test_sentences_over_pages_are_whole_whatever_stands_between(n_columns: int) -> None:
    settings = [one for one in SETTINGS if one[:2] == (n_columns, True)]
    made = [make(setting, seed, n_pages=4) for seed, setting in enumerate(settings)]
    n_whole = sum(map(count_whole, made))
    assert n_whole >= 0.95 * sum(len(one.over_pages) for one in made)


def test_most_sentences_over_pages_of_a_single_paragraph_are_whole() -> None:
    settings = [one for one in SETTINGS if not one.has_paragraphs]
    made = [make(setting, seed, n_pages=4) for seed, setting in enumerate(settings)]
    n_whole = sum(map(count_whole, made))
    assert n_whole >= 0.85 * sum(len(one.over_pages) for one in made)


def leaves(*pages: Leaf) -> bytes:
    """Return pages of lines, each with what stands at its head and foot."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    for page in pages:
        for place, lines, size in (
            (HEIGHT - 36, page.head, 9),
            (HEIGHT - 90, page.lines, 11),
            (90, page.notes, 8),
            (36, page.foot, 9),
        ):
            for row, line in enumerate(lines):
                is_bold = line.startswith("# ")
                canvas.setFont("Times-Bold" if is_bold else "Times-Roman", size)
                canvas.drawString(MARGIN, place - 14 * row, line.removeprefix("# "))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def sentences_of(data: bytes) -> list[str]:
    """Return the sentences of a file, in order."""
    parsed = parse(data)
    units = arrange(parsed.text, parsed.units)
    return [parsed.text[start:end] for start, end in list_sentences(parsed.text, units)]


AFTER = (
    "The rest is kept. The barn is let to a cooper, who pays for it in barrels, and",
    "who has mended its floor. The roof is the affair of the wardens, and so is the",
    "lane that leads to it. No more was said of either.",
)
BEFORE = (
    "The weir was measured twice, and both times the water stood a hand",
    "lower than the mark. The wardens of the weir have asked that the gate be",
)


@pytest.mark.parametrize(
    ("last", "first", "whole"),
    [
        ("and mended with oak that was re-", "covered from the barn.", "that was recovered from"),
        ("and mended with oak, whose price is well-", "known here.", "is well-known here."),
        ("and mended with oak of the", "upper wood.", "of the upper wood."),
        (
            "and mended, which will cost the owners of the upper mill no more than",
            "4,100 crowns.",
            "4,1",
        ),
        (
            "and mended by the carpenters of the yard that has long belonged to old Mrs",
            "Ola Brandt.",
            "Ola",
        ),
        ("and mended with oak from pre-", "and post-war barns.", "pre- and post-war barns."),
    ],
)
def test_a_sentence_over_a_page_is_whole_between_notes_heads_and_feet(
    last: str, first: str, whole: str
) -> None:
    lines = (*BEFORE, "opened in spring, when the well-known floods come, and that it is taken out")
    data = leaves(
        Leaf((*lines, last), ("The weir, 7",), ("1 Levels of 1911, sheet 4.",), ("p. 7",)),
        Leaf((first, *AFTER), ("The weir, 8",), foot=("p. 8",)),
    )
    said = sentences_of(data)
    (over,) = (one for one in said if one.startswith("The wardens"))
    assert whole in over
    assert over.endswith(first.rsplit(maxsplit=1)[-1])
    assert "The rest is kept." in said


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ("opened in spring.", "covered barns are dry."),  # the sentence is at its end
        ("opened in spring:", "oak for the gate"),
        ("opened in spring", "# The barn"),  # a heading
        ("opened in spring", "The barn is dry."),  # a line with room for the word
        ("opened in spring, when nothing else is done by the wardens or their", "b) the barn"),
    ],
)
def test_what_does_not_go_on_over_a_page_is_not_joined(last: str, first: str) -> None:
    data = leaves(
        Leaf((*BEFORE, "seen by all who live by the upper reach of the river and be", last)),
        Leaf((first, *AFTER)),
    )
    said = sentences_of(data)
    first = first.removeprefix("# ")
    assert not any(last.rsplit(maxsplit=1)[-1] in one and first in one for one in said)
    assert any(one.startswith(first) for one in said)


def test_what_stands_between_the_halves_is_kept_and_found_on_its_page() -> None:
    note = "1 Levels of 1911, sheet 4."
    data = leaves(
        Leaf((*BEFORE, "opened and re-"), ("The weir, 7",), (note,), ("p. 7",)),
        Leaf(("paired by Easter.", *AFTER), ("The weir, 8",), foot=("p. 8",)),
    )
    parsed = parse(data)
    start = parsed.text.index(note)
    (box,) = locate(data, (start, start + len(note)), parsed.pages).boxes
    assert (box.page, box.top > 0.8) == (1, True)
    start = parsed.text.index("repaired")
    boxes = locate(data, (start, start + len("repaired")), parsed.pages).boxes
    assert [box.page for box in boxes] == [1, 2]
    assert all(page.end <= after.start for page, after in pairwise(parsed.pages))


def test_a_line_above_the_last_table_of_a_page_stays_there() -> None:
    rows = [("Copper", "12"), ("Tin", "7"), ("Zinc", "31"), ("Lead", "4")]
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setFont("Times-Roman", 11)
    for row, line in enumerate([*BEFORE, "kept shut.", "", "Metals held in the lower store"]):
        canvas.drawString(MARGIN, HEIGHT - 140 - 14 * row, line)
    for row, (metal, amount) in enumerate(rows):
        canvas.drawString(MARGIN, HEIGHT - 230 - 14 * row, metal)
        canvas.drawString(MARGIN + 200, HEIGHT - 230 - 14 * row, amount)
    canvas.save()
    text = parse(file.getvalue()).text
    assert text.index("kept shut.") < text.index("Metals held") < text.index("Copper")


def test_a_figure_in_a_column_does_not_part_a_sentence() -> None:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    left = "The mill has stood still since|the storm of the year before|last, and its floor is dry"
    right = "by the river again from May|on. Visitors pay a crown, and|all of it goes to the fund"
    more = ["for the roof and the floor of", "the granary, which is let to", "a cooper as before."]
    columns = {
        MARGIN: [*left.split("|"), *more, "If all goes well", "its wheel is going to be turned"],
        300: [*right.split("|"), *more, *more],
    }
    for x, lines in columns.items():
        canvas.setFont("Times-Roman", 10)
        for row, line in enumerate(lines):
            canvas.drawString(x, HEIGHT - 180 - 13 * row, line)
    canvas.rect(MARGIN, HEIGHT - 420, 130, 130)
    canvas.setFont("Times-Italic", 8)
    canvas.drawString(MARGIN, HEIGHT - 435, "Figure 3. The wheel")
    canvas.save()
    said = sentences_of(file.getvalue())
    whole = "If all goes well its wheel is going to be turned by the river again from May on."
    assert whole in said
    assert "Figure 3." in " ".join(said)
