"""The lines of a page in; its canonical text in paragraphs, and which characters it came from, out.

Words that were parted at a line's end are whole again. Depends on the page alone. Refuses nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.ingest.formats.pdf_layout import Line, Zone
from assistant.ingest.formats.pdf_paragraphs import first_word, is_unspaced, paragraphs
from assistant.ingest.formats.pdf_pieces import Parted, Piece

CELL_JOINT = " | "
_HYPHENATED = re.compile(r"[^\W\d_][-\u2010]$")
_AND_MORE = frozenset("and or und oder bzw et ou y o e".split())
"""After a hyphen they go on: pre- and post-war."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece of the page's text: its span, its characters in the file, and the line it is on."""

    start: int
    end: int
    first: int
    n_chars: int
    line: int


@dataclass(slots=True)
class Block:
    """A paragraph, heading or row as a span of the page's text, and how it looks."""

    start: int
    end: int
    size: float
    is_bold: bool
    zone: Zone
    is_row: bool
    n_lines: int
    top: float
    """Of its first line, as a share of the page's height."""


@dataclass(slots=True)
class PageText:
    """A page as canonical text."""

    text: str = ""
    blocks: list[Block] = field(default_factory=list)
    pieces: list[Placed] = field(default_factory=list)


def write(lines: Sequence[Line], page_height: float) -> PageText:
    """Return the text of a page's lines: a line of text for each paragraph."""
    compounds = _compounds(lines)
    page = _Writer()
    blocks = []
    for number, paragraph in enumerate(paragraphs(lines)):
        if number:
            page.put("\n")
        start = page.length
        last: Line | None = None
        for line in paragraph:
            if last is not None:
                page.end_line(last.cells[-1][-1], line.cells[0][0], compounds)
            page.put_line(line)
            last = line
        first = paragraph[0]
        size = max(line.size for line in paragraph)
        is_bold = all(line.is_bold for line in paragraph)
        look = (size, is_bold, first.zone, len(first.cells) > 1, len(paragraph))
        blocks.append(Block(start, page.length, *look, top=first.top / page_height))
    return PageText("".join(page.written), blocks, page.placed)


class _Writer:
    def __init__(self) -> None:
        self.written: list[str] = []
        self.length = 0
        self.placed: list[Placed] = []
        self.n_lines = 0

    def put(self, text: str) -> None:
        self.written.append(text)
        self.length += len(text)

    def put_line(self, line: Line) -> None:
        """Write a line's cells."""
        self.n_lines += 1
        for number, cell in enumerate(line.cells):
            before: Piece | None = None
            for piece in cell:
                if before is not None:
                    self.put(_joint(before, piece))
                elif number:
                    self.put(CELL_JOINT)
                start = self.length
                self.put(piece.text)
                place = Placed(start, self.length, piece.first, piece.n_chars, self.n_lines)
                self.placed.append(place)
                before = piece

    def end_line(self, last: Piece, first: Piece, compounds: frozenset[str]) -> None:
        """Join a line to the next, whose first word may be the rest of the last."""
        if not _HYPHENATED.search(last.text[-2:]):
            is_spaced = not (is_unspaced(last.text[-1]) and is_unspaced(first.text[0]))
            self.put(" " * is_spaced)
            return
        rest = first_word(first.text)
        if not rest[0].islower():
            self.put("" if rest[0].isalnum() else " ")
            return
        letters = _letters(rest)
        stem = last.text.rsplit(" ", 1)[-1][:-1]
        if letters in _AND_MORE:
            self.put(" ")
        elif "-" not in stem and f"{_letters(stem)}-{letters}" not in compounds:
            self._take_back_hyphen()

    def _take_back_hyphen(self) -> None:
        self.written[-1] = self.written[-1][:-1]
        self.length -= 1
        placed = self.placed[-1]
        is_plain = placed.n_chars == placed.end - placed.start
        n_chars = placed.n_chars - is_plain
        self.placed[-1] = replace(placed, end=self.length, n_chars=n_chars)


def _joint(before: Piece, piece: Piece) -> str:
    """Return what stands between two pieces of a cell."""
    if piece.parted is Parted.BY_SPACE:
        return " "
    is_next = piece.first == before.first + before.n_chars
    size = min(before.style.size, piece.style.size)
    gap = max(piece.left - before.right, before.left - piece.right)
    if gap > (0.3 if is_next else 0.15) * size:
        return " "
    # A raised note mark must not become part of a number, or hide a sentence's end.
    is_raised = piece.style.size < 0.85 * before.style.size and piece.text[0].isdigit()
    return " " if is_raised and not before.text[-1].isalpha() else ""


def _compounds(lines: Sequence[Line]) -> frozenset[str]:
    """Return the words with a hyphen inside, if any line ends in one."""
    if not any(_HYPHENATED.search(line.cells[-1][-1].text[-2:]) for line in lines):
        return frozenset()
    pieces = (piece.text for line in lines for cell in line.cells for piece in cell)
    return frozenset(
        _letters(word) for text in pieces for word in text.split() if "-" in word[1:-1]
    )


def _letters(word: str) -> str:
    return word.strip("\"'“”‘’«»()[].,;:!?…").lower()
