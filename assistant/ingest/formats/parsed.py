"""What the parse function of every format takes and returns.

It takes the bounds of how much of the machine one file may take, wherever it comes from. Those that
a user can change are in `Limits`; the constants are those of others: Apache Tika's for archives and
nesting, Alibaba's and Kendra's for pages and text. It returns canonical text and the maps of its
parts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from assistant.text.normalize import UNSEEN
from assistant.values import Page, PageKind, Role, SeenWord, Unit

MAX_TITLE_CHARS = 500
MAX_LISTED = 10
"""Of many things that a warning names, or of many warnings."""
MAX_EXPANDED_BYTES = 200_000_000
"""Of the members of an archive and of those in it together, counted while they are unpacked and not
as it says itself."""
MAX_RATIO = 100
"""How much larger than its file an archive may become, once it is over a megabyte."""
MAX_MEMBERS = 10_000
LOST = "in pictures not read: by hand, or in a script that is not known"
"""What is told of lines that the models cannot read."""
MAX_DEPTH = 100
"""Of XML elements and JSON brackets inside each other."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of reading one file.

    Attributes:
        max_chars: of its text; a longer one is refused, never cut.
        max_pages: pages, slides or sheets.
        timeout_s: wall and processor time; for each page that is read off a picture as much again.
        memory_bytes: address space of the process that parses it.
        max_ocr_pages: pages that are read off pictures; 0 reads none.
        max_inner: how many files may lie inside each other, in mails and archives, and be read.
        office: the program that converts what nothing here reads, "" for none.
    """

    max_chars: int = 5_000_000
    max_pages: int = 2_000
    timeout_s: float = 60.0
    memory_bytes: int = 1_610_612_736
    max_ocr_pages: int = 200
    max_inner: int = 3
    office: str = ""


DEFAULT_LIMITS = Limits()
"""Those of a file that nothing was set for."""


ON_PAGE: ContextVar[Callable[[int, int], None]] = ContextVar("on_page", default=lambda *_: None)
"""Is told before a page is read off a picture: its number, and how many pages there are."""


@dataclass(slots=True)
class Expanded:
    """How much the archives have unpacked to that are, or lie in, one file."""

    n_bytes: int = 0


EXPANDED: ContextVar[Expanded | None] = ContextVar("expanded", default=None)
"""Is counted up while a file is read; None while none is."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as canonical text.

    `units` are ascending, apart, and hold all the text to cite; what they stand under is found
    later (`structure.py`). `title` is what the document calls itself, or None. `pages` are
    ascending and apart, and so are `words`, which were read off pictures.
    """

    text: str
    title: str | None
    units: tuple[Unit, ...]
    pages: tuple[Page, ...] = ()
    warnings: tuple[str, ...] = ()
    words: tuple[SeenWord, ...] = ()

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """The units' spans."""
        return tuple((unit.start, unit.end) for unit in self.units)

    @property
    def headings(self) -> tuple[Unit, ...]:
        """The units that are headings."""
        return tuple(unit for unit in self.units if unit.role is Role.HEADING)


def as_units(spans: Iterable[tuple[int, int]], role: Role = Role.PARAGRAPH) -> tuple[Unit, ...]:
    """Return spans as units of one role."""
    return tuple(Unit(start, end, role) for start, end in spans)


def write_parsed(parsed: Parsed) -> dict[str, Any]:
    """Return what a parser made, ready for JSON; `asdict` takes ten times as long."""
    pages = [(page.number, page.start, page.end, page.kind) for page in parsed.pages]
    return {
        "text": parsed.text,
        "title": parsed.title,
        "units": parsed.units,
        "pages": pages,
        "warnings": parsed.warnings,
        "words": parsed.words,
    }


def read_parsed(found: Mapping[str, Any]) -> Parsed:
    """Return what a parser made, out of JSON.

    Raises:
        ValueError, KeyError, TypeError: it breaks what `Parsed` promises.
    """
    text, title = str(found["text"]), found["title"]
    parsed = Parsed(
        text,
        None if title is None else fold(str(title))[:MAX_TITLE_CHARS] or None,
        tuple(_read_unit(*fields) for fields in found["units"]),
        tuple(Page(int(n), int(a), int(b), PageKind(kind)) for n, a, b, kind in found["pages"]),
        tuple(map(str, found["warnings"])),
        tuple(_read_word(*fields) for fields in found["words"]),
    )
    if UNSEEN.search(text) or "\r" in text:
        raise ValueError("its text is not canonical")
    _require_apart(parsed.blocks, len(text), "blocks")
    _require_apart(((p.start, p.end) for p in parsed.pages), len(text), "pages")
    _require_apart(((w.start, w.end) for w in parsed.words), len(text), "words")
    return parsed


def count(number: int, thing: str, what_of_it: str) -> str | None:
    """Return a warning that counts things, or None when there are none.

    >>> count(2, "comment", "left out"), count(1, "image", "not read"), count(0, "image", "lost")
    ('2 comments left out', '1 image not read', None)
    """
    return f"{number:,} {thing}{'s' * (number != 1)} {what_of_it}" if number else None


def describe_removed(n_removed: int) -> str | None:
    """Return the warning for characters that normalisation has removed, or None."""
    return count(n_removed, "invisible or control character", "removed")


def list_some(things: Sequence[str], joint: str = ", ") -> str:
    """Return the first of things in a line, and how many more there are.

    >>> list_some(["a.pdf", "b.png"]), list_some("abcdefghijkl")
    ('a.pdf, b.png', 'a, b, c, d, e, f, g, h, i, j and 2 more')
    """
    more = f" and {len(things) - MAX_LISTED:,} more" if len(things) > MAX_LISTED else ""
    return joint.join(things[:MAX_LISTED]) + more


def tell_some(warnings: Sequence[str]) -> list[str | None]:
    """Return the first of the warnings about files inside another, and how many more there are."""
    n_more = max(len(warnings) - MAX_LISTED, 0)
    return [*warnings[:MAX_LISTED], count(n_more, "more warning", "about files in it")]


def drop_none(*warnings: str | None) -> tuple[str, ...]:
    """Return the warnings that there are."""
    return tuple(warning for warning in warnings if warning)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span without the whitespace at its ends; one of nothing else becomes empty."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


def _read_unit(
    start: Any, end: Any, role: Any = Role.PARAGRAPH, level: Any = 0, _: Any = 0
) -> Unit:
    return Unit(int(start), int(end), Role(role), int(level))


def _read_word(start: Any, end: Any, page: Any, *measured: Any) -> SeenWord:
    left, top, right, bottom, sureness = map(float, measured)
    return SeenWord(int(start), int(end), int(page), left, top, right, bottom, sureness)


def fold(text: str) -> str:
    """Return the text with every run of whitespace as one space, for titles and headings."""
    return " ".join(text.split())


def _require_apart(spans: Iterable[tuple[int, int]], length: int, what: str) -> None:
    ends = [(0, 0), *spans, (length, length)]
    if any(before[1] > after[0] or before[0] > before[1] for before, after in pairwise(ends)):
        raise ValueError(f"its {what} are not ascending spans of its text")
