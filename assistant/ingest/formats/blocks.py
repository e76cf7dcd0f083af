"""Gathering blocks of text, in reading order, into a canonical text and the maps of its parts.

Used by every format whose text is not that of the file (all but plain text, source code and
Markdown): each block is made canonical, blocks are joined by newlines, and spans are counted as the
text grows. `DocumentUnreadable` is raised as soon as the text outgrows its bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed, describe_removed, drop_none, fold
from assistant.ingest.formats.table import join_cells
from assistant.text.normalize import normalize
from assistant.values import Heading, Page, PageKind

MAX_ROW_CHARS = 2_000
"""A table's row with more text lays out a page, and is no row of data."""
MAX_BLOCKS = 500_000
"""Of one file: each costs its spans, and a row its page, however short it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """A line of canonical text; a heading if it has a level (1 is the top)."""

    text: str
    level: int = 0


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
        self._spans: list[tuple[int, int]] = []
        self._headings: list[Heading] = []
        self._pages: list[Page] = []
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

    def add(self, text: str, level: int = 0) -> None:
        """Add a block of any text; text of nothing but whitespace is no block."""
        if text := self.clean(text):
            self.append(Block(text, level))

    def append(self, block: Block) -> None:
        """Add a block that is canonical and not empty, and may be indented."""
        indent = len(block.text) - len(block.text.lstrip())
        span = (self._position + indent, self._position + len(block.text))
        self._texts.append(block.text)
        self._spans.append(span)
        if block.level:
            self._headings.append(Heading(*span, block.level))
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
        self._open = (number, kind, len(self._spans))

    def end_page(self) -> None:
        """End the page; one without blocks leaves no trace."""
        if self._open is None:
            return
        number, kind, first = self._open
        self._open = None
        if first < len(self._spans):
            self._pages.append(Page(number, self._spans[first][0], self._spans[-1][1], kind))

    def first_title(self) -> str | None:
        """Return the first heading of the top level, or None."""
        top = next((heading for heading in self._headings if heading.level == 1), None)
        if top is None:
            return None
        return self._texts[self._spans.index((top.start, top.end))].lstrip()

    def finish(self, title: str | None, warnings: Iterable[str | None] = ()) -> Parsed:
        """Return everything gathered, with those of the warnings that are there."""
        self.end_page()
        return Parsed(
            "\n".join(self._texts),
            title,
            tuple(self._spans),
            tuple(self._headings),
            tuple(self._pages),
            drop_none(*warnings, describe_removed(self.n_removed)),
        )

    def _check_size(self, max_chars: int) -> None:
        if self._spans[-1][1] > max_chars:
            raise DocumentUnreadable(
                f"its text has more characters than the limit of {max_chars:,}; "
                "split the file or raise max_text_chars",
                Fault.TOO_LARGE,
            )
        if len(self._spans) > MAX_BLOCKS:
            raise DocumentUnreadable(
                f"more than {MAX_BLOCKS:,} paragraphs or rows in it: split it", Fault.TOO_LARGE
            )


def join_row(cells: Sequence[Sequence[Block]]) -> list[Block]:
    """Return a table's row as one block, or its cells' own blocks if it lays out a page."""
    blocks = [block for cell in cells for block in cell]
    if any(b.level for b in blocks) or sum(len(b.text) for b in blocks) > MAX_ROW_CHARS:
        return blocks
    text = join_cells(" ".join(block.text for block in cell) for cell in cells)
    return [Block(text)] if text else []
