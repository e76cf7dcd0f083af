"""An open page of a PDF file in; its canonical text, and the boxes of spans of it, out.

The text depends on the page alone, so that it can be read again without the others. Most words of
a page run in one direction, which is up; what runs otherwise (labels of axes, watermarks) is read
last. Refuses what `pdf_words` refuses.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pypdfium2 as pdfium

from assistant.ingest.formats.pdf_blocks import PageText, Placed, write
from assistant.ingest.formats.pdf_layout import Line, Zone, arrange
from assistant.ingest.formats.pdf_sight import Bounds, Sight, large_pictures
from assistant.ingest.formats.pdf_words import Characters, Parted, Word
from assistant.places import Box


@dataclass(frozen=True, slots=True)
class Read:
    """A page's text and what it is without: hidden and removed characters, pictures."""

    page: PageText
    hidden: Counter[str]
    n_removed: int
    n_pictures: int


@contextmanager
def _characters(page: pdfium.PdfPage) -> Iterator[Characters]:
    characters = Characters(page, Sight.of(page))
    try:
        yield characters
    finally:
        characters.close()


def read_page(page: pdfium.PdfPage, max_chars: int) -> Read:
    """Return a page's text."""
    with _characters(page) as characters:
        sight = characters.sight
        words = characters.words(max_chars)
        n_pictures = 0 if words.is_scan else large_pictures(page, sight)
        text = _set(words.shown, sight)
        return Read(text, words.hidden, words.n_removed, n_pictures)


def find_boxes(page: pdfium.PdfPage, number: int, span: tuple[int, int]) -> list[Box]:
    """Return the boxes of a span of a page's text, one a line."""
    boxes: list[Box] = []
    line = 0
    with _characters(page) as characters:
        sight = characters.sight
        for word in _set(characters.words(sys.maxsize).shown, sight).words:
            if word.start < span[1] and word.end > span[0]:
                bounds = characters.box(*_numbers(word, span))
                box = _share(number, bounds, sight)
                boxes[-1:] = [_merge(boxes[-1], box)] if word.line == line else [*boxes[-1:], box]
                line = word.line
    return boxes


def _numbers(word: Placed, span: tuple[int, int]) -> tuple[int, int]:
    """Return the numbers of the first and the last character of a word that are in a span."""
    last = word.first + word.n_chars - 1
    if word.n_chars != word.end - word.start:  # not a character each
        return word.first, last
    return word.first + max(span[0] - word.start, 0), last - max(word.end - span[1], 0)


def _set(words: Sequence[Word], sight: Sight) -> PageText:
    """Arrange the words of a page and write its text."""
    turns: Counter[int] = Counter()
    for word in words:
        if word.style.turn is not None:
            turns[word.style.turn] += word.n_chars
    turn = max(turns, key=turns.__getitem__) if turns else 0
    upright = [word for word in words if word.style.turn == turn]
    height = sight.height if turn % 2 == 0 else sight.width
    if turn:
        for word in upright:
            _turn(word, turn, sight)
    lines = arrange(upright, height)
    if len(upright) < len(words):
        lines += _asides([word for word in words if word.style.turn != turn])
    return write(lines, height)


def _turn(word: Word, turn: int, sight: Sight) -> None:
    """Turn a word's box back, so that it runs to the right and the next line is below."""
    left, top, right, bottom = word.left, word.top, word.right, word.bottom
    width, height = sight.width, sight.height
    if turn == 1:
        word.left, word.top, word.right, word.bottom = top, width - right, bottom, width - left
    elif turn == 2:
        word.left, word.top = width - right, height - bottom
        word.right, word.bottom = width - left, height - top
    else:
        word.left, word.top, word.right, word.bottom = height - bottom, left, height - top, right


def _asides(words: Sequence[Word]) -> list[Line]:
    """Return lines of the words that run in other directions, as the file has them."""
    lines: list[list[Word]] = []
    for word in words:
        if lines and word.parted is not Parted.BY_LINE and word.style == lines[-1][-1].style:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [Line.of([line], number, Zone.ASIDE) for number, line in enumerate(lines)]


def _share(number: int, bounds: Bounds, sight: Sight) -> Box:
    left, top, right, bottom = bounds
    across, down = (
        (left / sight.width, right / sight.width),
        (
            top / sight.height,
            bottom / sight.height,
        ),
    )
    (left, right), (top, bottom) = (
        [min(max(share, 0.0), 1.0) for share in pair] for pair in (across, down)
    )
    return Box(number, left, top, right, bottom)


def _merge(one: Box, other: Box) -> Box:
    return Box(
        one.page,
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )
