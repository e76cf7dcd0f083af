"""Where in a file a span of text stands: headings, pages, and what is at it in the file itself.

Values, free of I/O. A document's text may be parted in pages of one kind or another: what a PDF
file calls pages, slides, rows of a table, lines of source code or of JSON.
"""

from dataclasses import dataclass
from enum import StrEnum


class PageKind(StrEnum):
    """What a document counts its parts in."""

    PAGE = "page"
    SLIDE = "slide"
    ROW = "row"
    LINE = "line"


_SHORT = {PageKind.PAGE: "p."}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading's span and its depth (1 is the top)."""

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Page:
    """A part's span and its number as printed in citations (from 1), in parts of its kind."""

    number: int
    start: int
    end: int
    kind: PageKind = PageKind.PAGE


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as shares of its width and height from its upper left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Origin:
    """What a span of a document's text is in the file.

    Attributes:
        bytes: the span of the file's bytes, half-open, where the file is text; else None.
        boxes: where it stands on the file's pages, in reading order, if they can be shown.
    """

    bytes: tuple[int, int] | None = None
    boxes: tuple[Box, ...] = ()


def describe_page(number: int, title: str, kind: PageKind = PageKind.PAGE) -> str:
    """Return what a picture of a part shows, in words.

    >>> describe_page(12, "Annual report")
    'Page 12 of Annual report'
    """
    return f"{kind.value.capitalize()} {number} of {title}"


def name_page(number: int, kind: PageKind = PageKind.PAGE) -> str:
    """Return what a citation calls a part.

    >>> name_page(12), name_page(3, PageKind.SLIDE)
    ('p. 12', 'slide 3')
    """
    return f"{_SHORT.get(kind, kind.value)} {number}"
