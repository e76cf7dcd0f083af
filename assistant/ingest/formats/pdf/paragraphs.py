"""The paragraphs of a page, from its lines, and the canonical text that they make. Pure.

Lines of a flow make a paragraph until one stands further off, is set in another size or weight, is
indented, begins a list's item, or follows a line that had room for its first word; between flows
(columns), a sentence that is not at its end goes on. What stands between its halves (a figure, a
table, a note; at the page's ends its head and foot) is written before or behind it, so that it is
one span of the text. Each piece of the text is kept with the characters of the file that it came
from.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from assistant.ingest.formats.pdf.characters import MAX_SPACE, Parted, Piece, is_rtl
from assistant.ingest.formats.pdf.columns import PageTable
from assistant.ingest.formats.pdf.layout import (
    BULLET,
    ENUMERATOR,
    INDENT,
    LARGE,
    SAME_SIZE,
    Edges,
    Line,
    Zone,
    body_size,
    find_edges,
    goes_over,
    indent_of,
    room_after,
    settle,
)
from assistant.ingest.formats.table import JOINT as CELL_JOINT
from assistant.ingest.formats.table import find_names
from assistant.text.words import first_word, is_closed, is_led, is_unspaced
from assistant.values import Role

_LEADING, _MAX_LEADING = 1.3, 3.0
"""The distance of lines in ems, where the page does not tell, and the most that it may tell."""
_MAX_STRETCH = 1.3


def paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph, heading or row."""
    leadings, edges = _leadings(lines), find_edges(lines)
    body = body_size(lines)
    paragraph: list[Line] = []
    for line in lines:
        if paragraph:
            page = _Setting(
                leadings.get(round(line.size), _LEADING * line.size),
                edges,
                line.size > LARGE * body,
            )
            if not _goes_on(paragraph, line, page):
                yield paragraph
                paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a page sets lines: their distance, their edges, and if this is larger than most."""

    leading: float
    edges: Edges
    is_large: bool


def _goes_on(paragraph: list[Line], line: Line, setting: _Setting) -> bool:
    """Tell whether a line goes on with a paragraph."""
    last = paragraph[-1]
    if (
        last.table
        or line.table
        or len(last.cells) > 1
        or len(line.cells) > 1
        or last.zone is not line.zone
    ):
        return False
    if is_led(" ".join(piece.text for piece in last.cells[0])):
        return False
    if Zone.ASIDE in (last.zone, line.zone):
        return last.flow == line.flow
    if abs(line.size - last.size) > SAME_SIZE * last.size:
        return False
    said, next_ = last.cells[0][-1].text, line.cells[0]
    is_open = not is_closed(said) and next_[0].text[0].islower()
    if last.flow != line.flow or line.bottom < last.bottom:
        room, indent = room_after(last, setting.edges), indent_of(line, setting.edges)
        goes_on = goes_over(said, len(paragraph), room, next_[0].text, indent)
        return goes_on and last.is_bold == line.is_bold and last.zone is Zone.BODY
    if line.bottom - last.bottom > _MAX_STRETCH * setting.leading:
        return False
    if last.is_bold != line.is_bold and not is_open:
        return False
    if setting.is_large:
        return True
    if _begins_item(said, next_):
        return False
    return _is_set_on(paragraph, line, is_open=is_open, setting=setting)


def _is_set_on(paragraph: list[Line], line: Line, *, is_open: bool, setting: _Setting) -> bool:
    """Tell by indent and by the room that was left whether a line is the next of a paragraph."""
    first, last = paragraph[0], paragraph[-1]
    piece, edges = line.cells[0][0], setting.edges[line.zone, line.flow]
    if is_rtl(piece.text):
        room, shift = last.left - edges[0], last.right - line.right
    else:
        room, shift = edges[1] - last.right, line.left - last.left
    share = len(first_word(piece.text)) / len(piece.text)
    if room > share * (piece.right - piece.left) + 0.6 * line.size and not is_open:
        return False
    shift /= line.size
    if shift > INDENT:  # the first line of the next paragraph, unless this one hangs
        return is_open or (len(paragraph) == 1 and _is_item(first.cells[0]))
    return shift >= -INDENT or len(paragraph) == 1 or is_open


def _begins_item(said: str, pieces: Sequence[Piece]) -> bool:
    start = _start_of(pieces)
    is_numbered = ENUMERATOR.match(start) is not None or _is_bare_number(pieces)
    return BULLET.match(start) is not None or (is_numbered and is_closed(said))


def _is_item(pieces: Sequence[Piece]) -> bool:
    return _begins_item(".", pieces)


def _is_bare_number(pieces: Sequence[Piece]) -> bool:
    """Tell whether a line begins with a number that stands apart."""
    number = pieces[0].text
    if len(pieces) == 1 or not number.isdecimal() or len(number) > 3:
        return False
    return pieces[1].left - pieces[0].right > MAX_SPACE * pieces[0].style.size


def _start_of(pieces: Sequence[Piece]) -> str:
    return f"{pieces[0].text} " if len(pieces) > 1 else pieces[0].text


def _leadings(lines: Sequence[Line]) -> dict[int, float]:
    """Return for each size how far lines of a paragraph are apart: the closer ones of the page.

    Only what goes on tells: paragraphs of a line each may be at any distance.
    """
    found: dict[int, list[float]] = {}
    for before, line in pairwise(lines):
        if before.flow == line.flow and abs(before.size - line.size) <= SAME_SIZE * line.size:
            distance = line.bottom - before.bottom
            is_near = 0.7 * line.size < distance < _MAX_LEADING * line.size
            if is_near and not is_closed(before.cells[-1][-1].text):
                found.setdefault(round(line.size), []).append(distance)
    return {size: sorted(all_)[len(all_) // 4] for size, all_ in found.items()}


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
class PageBlock:
    """A paragraph, heading or row as a span of the page's text, and how it looks."""

    start: int
    end: int
    size: float
    is_bold: bool
    zone: Zone
    role: Role
    n_lines: int
    top: float
    """Of its first line, as a share of the page's height."""
    room: float = math.inf
    """What its last line leaves free, in ems."""
    indent: float = 0.0
    """Of its first line, in ems."""


@dataclass(slots=True)
class PageText:
    """A page as canonical text."""

    text: str = ""
    blocks: list[PageBlock] = field(default_factory=list)
    pieces: list[Placed] = field(default_factory=list)


def write(lines: Sequence[Line], page_height: float) -> PageText:
    """Return the text of a page's lines: a line of text for each paragraph."""
    compounds = _compounds(lines)
    page = _Writer()
    blocks: list[PageBlock] = []
    edges = find_edges(lines)
    for paragraph in settle(list(paragraphs(lines)), edges):
        first = paragraph[0]
        if first.table is not None:
            is_first = all(block.zone is Zone.HEAD for block in blocks)
            blocks += page.put_table(first, first.table, compounds, page_height, is_first=is_first)
            continue
        if page.length:
            page.put("\n")
        start = page.length
        last: Line | None = None
        for line in paragraph:
            if last is not None:
                page.end_line(last.cells[-1][-1], line.cells[0][0], compounds)
            page.put_line(line)
            last = line
        size = max(line.size for line in paragraph)
        is_bold = all(line.is_bold for line in paragraph)
        role = Role.ROW if len(first.cells) > 1 else Role.PARAGRAPH
        look = (size, is_bold, first.zone, role, len(paragraph))
        blocks.append(
            PageBlock(
                start,
                page.length,
                *look,
                top=first.top / page_height,
                room=room_after(paragraph[-1], edges),
                indent=indent_of(first, edges),
            )
        )
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

    def put_table(
        self,
        line: Line,
        table: PageTable,
        compounds: frozenset[str],
        page_height: float,
        *,
        is_first: bool,
    ) -> Iterator[PageBlock]:
        """Write a table's rows, a line of text each; yield the block of each.

        The first table of a page may be the rest of another, and one without lines no table with
        names: only what surely are names count there.
        """
        texts = [[_text_of(cell, compounds) for cell in row] for row in table.rows]
        is_bold = [all(p.style.is_bold for cell in row for p in cell) for row in table.rows]
        n_over = _count_captions(texts)
        is_marked = is_bold[n_over] and not all(is_bold)
        is_unsure = not table.is_ruled or (is_first and not n_over)
        n_names, names = find_names(texts[n_over:], is_marked=is_marked, is_unsure=is_unsure)
        for number, row in enumerate(table.rows):
            if self.length:
                self.put("\n")
            start = self.length
            is_row = number >= n_over + n_names
            self._put_row(row, names if is_row else (), compounds)
            role = Role.ROW if is_row else Role.CAPTION if number < n_over else Role.NAMES
            top = min(piece.top for cell in row for piece in cell) / page_height
            yield PageBlock(
                start, self.length, line.size, is_bold[number], line.zone, role, 1, top=top
            )

    def _put_row(
        self, row: Sequence[list[Piece]], names: Sequence[str], compounds: frozenset[str]
    ) -> None:
        """Write a row's cells, each behind its name; without names empty ones keep their place."""
        start = self.length
        last = max(number for number, cell in enumerate(row) if cell)
        for number, cell in enumerate(row[: last + 1]):
            if names and not cell:
                continue
            if number and (not names or self.length > start):
                self.put(CELL_JOINT.rstrip() if self.length > start else CELL_JOINT.strip())
                self.put(" " * bool(cell))
            if names and names[number]:
                self.put(f"{names[number].rstrip(' :')}: ")
            self.put_cell(cell, compounds)

    def put_cell(self, cell: Sequence[Piece], compounds: frozenset[str]) -> None:
        """Write the pieces of a cell, which may have several lines."""
        self.n_lines += 1
        before: Piece | None = None
        for piece in cell:
            if before is not None:
                if piece.top + piece.bottom > 2 * before.bottom - 0.6 * (
                    before.bottom - before.top
                ):
                    self.n_lines += 1
                    self.end_line(before, piece, compounds)
                else:
                    self.put(_joint(before, piece))
            start = self.length
            self.put(piece.text)
            place = Placed(start, self.length, piece.first, piece.n_chars, self.n_lines)
            self.placed.append(place)
            before = piece

    def end_line(self, last: Piece, first: Piece, compounds: frozenset[str]) -> None:
        """Join a line to the next, whose first word may be the rest of the last."""
        joint = find_joint(last.text, first.text, compounds)
        if joint is None:
            self._take_back_hyphen()
        else:
            self.put(joint)

    def _take_back_hyphen(self) -> None:
        self.written[-1] = self.written[-1][:-1]
        self.length -= 1
        placed = self.placed[-1]
        is_plain = placed.n_chars == placed.end - placed.start
        n_chars = placed.n_chars - is_plain
        self.placed[-1] = replace(placed, end=self.length, n_chars=n_chars)


def find_joint(last: str, first: str, compounds: frozenset[str]) -> str | None:
    """Return what joins two lines, or None where the first one's hyphen only parts a word.

    >>> find_joint("the path is sur-", "faced with slate", frozenset())
    >>> find_joint("a well-", "known path", frozenset({"well-known"}))
    ''
    """
    if not _HYPHENATED.search(last[-2:]):
        return "" if is_unspaced(last[-1]) and is_unspaced(first[0]) else " "
    rest = first_word(first)
    if not rest[0].islower():
        return "" if rest[0].isalnum() else " "
    letters = _letters(rest)
    stem = last.rsplit(" ", 1)[-1][:-1]
    if letters in _AND_MORE:
        return " "
    return "" if "-" in stem or f"{_letters(stem)}-{letters}" in compounds else None


def _count_captions(texts: Sequence[Sequence[str]]) -> int:
    """Return how many of a table's first rows say one thing over all of its columns."""
    filled = [sum(map(bool, row)) for row in texts]
    return next((number for number, n_cells in enumerate(filled[:-1]) if n_cells > 1), 0)


def _text_of(cell: Sequence[Piece], compounds: frozenset[str]) -> str:
    writer = _Writer()
    writer.put_cell(cell, compounds)
    return "".join(writer.written)


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
    return list_compounds(piece.text for line in lines for cell in line.cells for piece in cell)


def list_compounds(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of texts that have a hyphen inside."""
    return frozenset(_letters(word) for text in texts for word in text.split() if "-" in word[1:-1])


def _letters(word: str) -> str:
    return word.strip("\"'“”‘’«»()[].,;:!?…").lower()


MIN_RUNNING_PAGES, MIN_RUNNING_SHARE = 3, 0.4
"""On how many pages a running head stands, of those from its first to its last.

Heads of left and right pages differ.
"""
_SAME_PLACE = 0.02
_NUMBER = re.compile(r"\d+|^[ivxlc]+$")


@dataclass(frozen=True, slots=True)
class Placing:
    """A block with its text and its span in the document."""

    page: int
    start: int
    end: int
    text: str
    block: PageBlock


def leave_out_running(placings: Sequence[Placing]) -> list[Placing]:
    """Return the blocks but running heads, feet, page numbers and names that a table repeats."""
    places: dict[tuple[Zone, str, int], list[Placing]] = {}
    for placing in placings:
        if placing.block.zone in (Zone.HEAD, Zone.FOOT):
            name = _NUMBER.sub("#", placing.text.casefold())
            key = (placing.block.zone, name, round(placing.block.top / _SAME_PLACE))
            places.setdefault(key, []).append(placing)
    running = {
        placing.start
        for (_, name, _), found in places.items()
        if _is_running(name, [placing.page for placing in found])
        for placing in found
    }
    return list(_leave_out_repeated(one for one in placings if one.start not in running))


def _leave_out_repeated(placings: Iterable[Placing]) -> Iterator[Placing]:
    """Yield the blocks but rows that say the names of their table again, on the next page."""
    names = ""
    for placing in placings:
        if placing.block.role is Role.ROW and placing.text == names:
            continue
        if placing.block.role is not Role.ROW:
            names = placing.text if placing.block.role is Role.NAMES else ""
        yield placing


def _is_running(name: str, pages: list[int]) -> bool:
    n_pages = len(set(pages))
    if name == "#":  # a page number, though perhaps only of pages on which chapters begin
        return n_pages > 1
    is_often = n_pages >= MIN_RUNNING_SHARE * (pages[-1] - pages[0] + 1)
    return is_often and n_pages >= (2 if "#" in name else MIN_RUNNING_PAGES)


def may_join(before: Placing, block: PageBlock, said: str) -> bool:
    """Tell whether a page's first block goes on with the last one of the page before."""
    last = before.block
    looks_alike = (
        last.zone is block.zone is Zone.BODY
        and last.role is block.role is Role.PARAGRAPH
        and last.is_bold == block.is_bold
        and abs(last.size - block.size) <= SAME_SIZE * block.size
    )
    return looks_alike and goes_over(before.text, last.n_lines, last.room, said, block.indent)
