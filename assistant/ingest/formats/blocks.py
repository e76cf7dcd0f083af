"""Gathering blocks of text, in reading order, into a canonical text and the maps of its parts.

Used by every format whose text is not that of the file (all but plain text, source code and
Markdown): each block is made canonical, blocks are joined by newlines, and spans are counted as the
text grows. `DocumentUnreadable` is raised as soon as the text outgrows its bound.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from string import ascii_lowercase, ascii_uppercase

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed, count, describe_removed, drop_none, fold
from assistant.ingest.formats.table import merge_names, write_table
from assistant.text.normalize import normalize
from assistant.values import Page, PageKind, Role, SeenWord, Unit

MAX_ROW_CHARS = 2_000
"""A table's row with more text lays out a page, and is no row of data."""
MAX_BLOCKS = 500_000
"""Of one file: each costs its spans, and a row its page, however short it is."""
MAX_LETTERED = 26 * 27
"""The last number that letters tell: "zz"."""

_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    )
)
NOT_IN_CELLS = frozenset((Role.HEADING, Role.ROW, Role.NAMES))


@dataclass(frozen=True, slots=True)
class Block:
    """A line of canonical text, its role, and the level of a heading or an item.

    `words` of it were read off a picture; they lie on no page.
    """

    text: str
    level: int = 0
    role: Role = Role.PARAGRAPH
    words: tuple[SeenWord, ...] = ()

    @classmethod
    def heading(cls, text: str, level: int) -> "Block":
        """Return a heading, or a paragraph if the level is 0."""
        return cls(text, level, Role.HEADING if level else Role.PARAGRAPH)


class Blocks:
    """The blocks gathered so far.

    Args:
        max_chars: a longer text, or one of more than `MAX_BLOCKS`, is refused before the rest of
            the file is read, since a small archive can hold much of it; None leaves that to
            whoever asked for the text.
    """

    def __init__(self, max_chars: int | None = None) -> None:
        self.n_removed = 0
        self._max_chars = max_chars
        self._texts: list[str] = []
        self._units: list[Unit] = []
        self._pages: list[Page] = []
        self._words: list[SeenWord] = []
        self._open: tuple[int, PageKind, int] | None = None
        self._position = 0

    def normalize(self, text: str) -> str:
        """Return canonical text, and count what was removed from it."""
        text, n_removed = normalize(text)
        self.n_removed += n_removed
        return text

    def clean(self, text: str) -> str:
        """Return canonical text on one line."""
        return fold(self.normalize(text))

    def clean_lines(self, text: str) -> list[str]:
        """Return the lines of preformatted text, canonical and with their indentation."""
        return [line.rstrip() for line in self.normalize(text).split("\n") if line.strip()]

    def add(self, text: str, level: int = 0, role: Role = Role.PARAGRAPH) -> None:
        """Add a block of any text, a heading if there is a level; whitespace is no block."""
        if text := self.clean(text):
            self.append(Block(text, level, Role.HEADING if level else role))

    def append(self, block: Block) -> None:
        """Add a block that is canonical and not empty, and may be indented."""
        indent = len(block.text) - len(block.text.lstrip())
        start, end = self._position + indent, self._position + len(block.text)
        self._texts.append(block.text)
        self._units.append(Unit(start, end, block.role, block.level))
        self._words += (move(word, self._position) for word in block.words)
        self._position += len(block.text) + 1
        if self._max_chars is not None:
            self._check_size(self._max_chars)

    def extend(self, blocks: Iterable[Block]) -> None:
        """Append blocks, each as soon as it is there."""
        for block in blocks:
            self.append(block)

    def start_page(self, number: int, kind: PageKind) -> None:
        """End the page before; the blocks to come stand on this one."""
        self.end_page()
        self._open = (number, kind, len(self._units))

    def end_page(self) -> None:
        """End the page; one without blocks leaves no trace."""
        if self._open is None:
            return
        number, kind, first = self._open
        self._open = None
        if first < len(self._units):
            self._pages.append(Page(number, self._units[first].start, self._units[-1].end, kind))

    def first_title(self) -> str | None:
        """Return the first heading of the top level, or None."""
        titles = (
            text.lstrip()
            for text, unit in zip(self._texts, self._units, strict=True)
            if unit.role is Role.HEADING and unit.level == 1
        )
        return next(titles, None)

    def finish(self, title: str | None, warnings: Iterable[str | None] = ()) -> Parsed:
        """Return everything gathered, with those of the warnings that are there."""
        self.end_page()
        n_unsure = sum(not word.is_sure for word in self._words)
        told = f"of {len(self._words):,} read off pictures not sure"
        return Parsed(
            "\n".join(self._texts),
            title,
            tuple(self._units),
            tuple(self._pages),
            drop_none(*warnings, count(n_unsure, "word", told), describe_removed(self.n_removed)),
            tuple(self._words),
        )

    def _check_size(self, max_chars: int) -> None:
        if self._units[-1].end > max_chars:
            raise DocumentUnreadable(
                f"its text has more characters than the limit of {max_chars:,}; "
                "split the file or raise max_text_chars",
                Fault.TOO_LARGE,
            )
        if len(self._units) > MAX_BLOCKS:
            raise DocumentUnreadable(
                f"more than {MAX_BLOCKS:,} paragraphs or rows in it: split it", Fault.TOO_LARGE
            )


def move(word: SeenWord, n_chars: int) -> SeenWord:
    """Return a word that is so many characters further on, on no page of the text around it."""
    return SeenWord(word.start + n_chars, word.end + n_chars, 0, 0, 0, 0, 0, word.sureness)


def blocks_of(parsed: Parsed, below: int = 0) -> Iterator[Block]:
    """Yield the units of a text as blocks, to stand in another.

    Args:
        parsed: of a file inside another.
        below: the level of the heading that they stand under.
    """
    words = iter(parsed.words)
    word = next(words, None)
    for unit in parsed.units:
        inside = []
        while word is not None and word.end <= unit.end:
            if word.start >= unit.start:
                inside.append(move(word, -unit.start))
            word = next(words, None)
        level = unit.level + below * (unit.role is Role.HEADING)
        yield Block(parsed.text[unit.start : unit.end], level, unit.role, tuple(inside))


def write_number(number: int, form: str) -> str:
    """Return a number of a list as its form has it, in digits where the form cannot.

    Behind "z" Word's letters go on with "aa" and "bb", those of HTML ("Alpha") with "aa" and "ab".

    >>> [write_number(28, form) for form in ("lowerLetter", "lowerAlpha", "upperRoman", "decimal")]
    ['bb', 'ab', 'XXVIII', '28']
    """
    letters = ascii_uppercase if form.startswith("upper") else ascii_lowercase
    if form.endswith(("Letter", "Alpha")) and 0 < number <= MAX_LETTERED:
        n_before, last = divmod(number - 1, len(letters))
        if form.endswith("Letter"):
            return letters[last] * (n_before + 1)
        return letters[n_before - 1] * bool(n_before) + letters[last]
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = ""
        for value, sign in _ROMAN:
            n, number = divmod(number, value)
            roman += sign * n
        return roman if form == "upperRoman" else roman.lower()
    return f"{number:02}" if form == "decimalZero" else str(number)


def write_blocks(rows: Sequence[Sequence[Sequence[Block]]], n_names: int = 0) -> list[Block]:
    """Return a table's rows as blocks; of a row that lays out a page the blocks of its cells.

    Args:
        rows: of each cell its blocks; one that reaches over several rows stands in each.
        n_names: how many rows the table marks as its columns' names; without any they are sought.
    """
    found: list[Block] = []
    for lays_out, group in groupby(rows, _lays_out):
        run = list(group)
        if lays_out:
            found += (block for row in run for cell in row for block in cell)
            continue
        texts = [[" ".join(block.text for block in cell) for cell in row] for row in run]
        n = 0 if found else min(n_names, len(texts) - 1)
        written = write_table(merge_names(texts[:n]), texts[n:])
        found += (Block(text, role=role) for text, role in written)
    return found


def _lays_out(row: Sequence[Sequence[Block]]) -> bool:
    """Tell whether a row holds headings, other tables or much text, and so is no row of data."""
    blocks = [block for cell in row for block in cell]
    return any(block.role in NOT_IN_CELLS for block in blocks) or (
        sum(len(block.text) for block in blocks) > MAX_ROW_CHARS
    )


MAX_LINE_CHARS = 10_000
"""Of a line of markup that may be more than part of a paragraph."""
Lines = deque[str]
"""Those that are yet to be read."""
Take = Callable[[re.Match[str], Lines], None]
"""Takes in a line that matched, and as many of those below it as belong to it."""


@dataclass(slots=True)
class Written:
    """What was read of markup so far; lines wait until it is known what they make together."""

    blocks: Blocks
    inline: Callable[[str], str]
    title: str | None = None
    lines: list[str] = field(default_factory=list)
    item: tuple[int, str] | None = None
    n_included: int = 0

    def end(self) -> None:
        """End the paragraph, or the item, that was begun."""
        if self.lines:
            text = self.blocks.clean(self.inline(" ".join(self.lines)))
            depth, marker = self.item or (0, "")
            role = Role.ITEM if self.item else Role.PARAGRAPH
            if text:
                self.blocks.append(Block(f"{marker}{text}", depth, role))
        self.lines, self.item = [], None

    def begin(self, depth: int, marker: str, text: str) -> None:
        """Begin an item of a list."""
        self.end()
        self.lines, self.item = [text], (depth, marker)

    def add(self, text: str, level: int = 0, role: Role = Role.PARAGRAPH) -> None:
        """Add a line of its own."""
        self.end()
        self.blocks.add(self.inline(text), level, role)

    def add_code(self, lines: Sequence[str]) -> None:
        """Add lines as they are."""
        self.end()
        for line in self.blocks.clean_lines("\n".join(lines)):
            self.blocks.append(Block(line, 0, Role.CODE))

    def add_table(self, rows: Sequence[Sequence[str]], *, has_names: bool) -> None:
        """Add a table."""
        self.end()
        cells = [[self.blocks.clean(self.inline(cell)) for cell in row] for row in rows]
        names, below = (cells[0], cells[1:]) if has_names and len(cells) > 1 else ((), cells)
        self.blocks.extend(Block(text, role=role) for text, role in write_table(names, below))

    def read(self, text: str, kinds: Sequence[tuple[re.Pattern[str], "Take"]]) -> None:
        """Read lines, each by the first of the kinds that it is of, or as part of a paragraph."""
        lines = deque(text.splitlines())
        while lines:
            line = lines.popleft()
            for pattern, take in kinds if len(line) <= MAX_LINE_CHARS else ():
                if found := pattern.match(line):
                    take(found, lines)
                    break
            else:
                self.lines.append(line.strip())

    def finish(self, warning: str | None) -> Parsed:
        """Return what was read."""
        self.end()
        included = count(self.n_included, "file", "included in it not read")
        return self.blocks.finish(self.title or self.blocks.first_title(), [warning, included])


def take_until(lines: Lines, end: str) -> list[str]:
    """Return the lines up to one that says only this, which ends them."""
    held = []
    while lines and (line := lines.popleft()).strip().lower() != end:
        held.append(line)
    return held


def take_while(lines: Lines, pattern: re.Pattern[str]) -> list[str]:
    """Return the lines that begin so, up to the first that does not."""
    held = []
    while lines and pattern.match(lines[0]):
        held.append(lines.popleft())
    return held
