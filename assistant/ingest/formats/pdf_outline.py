"""The paragraphs of all pages in; the blocks and headings of the document out.

Running heads, feet and page numbers are in no block: what stands at the same place of many pages
and is the same but for its digits. A sentence that a page's end interrupts is in one block. A
heading is short and larger than most of the text, or bold before text that is not. Pure functions;
they refuse nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.ingest.formats.pdf_blocks import Block
from assistant.ingest.formats.pdf_layout import Zone
from assistant.ingest.formats.pdf_paragraphs import is_closed, is_led
from assistant.places import Heading

MIN_RUNNING_PAGES, MIN_RUNNING_SHARE = 3, 0.4
"""On how many pages a running head stands, of those from its first to its last.

Heads of left and right pages differ.
"""
LARGE = 1.15
"""How much larger than most of the text a heading is."""
MAX_HEADING_CHARS, MAX_HEADING_LINES = 200, 3
MAX_LEVEL = 3
_SAME_PLACE = 0.02
_NUMBER = re.compile(r"\d+|^[ivxlc]+$")
_UNFINISHED = re.compile(r"[.,;:…]$")


@dataclass(frozen=True, slots=True)
class Placing:
    """A block with its text and its span in the document."""

    page: int
    start: int
    end: int
    text: str
    block: Block


def leave_out_running(placings: Sequence[Placing]) -> list[Placing]:
    """Return the blocks that are not running heads, feet or page numbers."""
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
    return [placing for placing in placings if placing.start not in running]


def _is_running(name: str, pages: list[int]) -> bool:
    n_pages = len(set(pages))
    if name == "#":  # a page number, though perhaps only of pages on which chapters begin
        return n_pages > 1
    is_often = n_pages >= MIN_RUNNING_SHARE * (pages[-1] - pages[0] + 1)
    return is_often and n_pages >= (2 if "#" in name else MIN_RUNNING_PAGES)


def join_over_pages(placings: Sequence[Placing], text: str) -> Iterator[tuple[int, int]]:
    """Yield the blocks' spans; two are one where a sentence goes on over the end of a page."""
    start = None
    for this, next_ in pairwise([*placings, None]):
        assert this is not None
        start = this.start if start is None else start
        if next_ is None or not _goes_on(this, next_, text):
            yield start, this.end
            start = None


def _goes_on(this: Placing, next_: Placing, text: str) -> bool:
    return (
        this.page != next_.page
        and not (this.block.is_row or next_.block.is_row)
        and Zone.ASIDE not in (this.block.zone, next_.block.zone)
        and text[this.end : next_.start].isspace()
        and next_.text[0].islower()
        and not is_closed(this.text)
    )


def find_headings(placings: Sequence[Placing]) -> tuple[Heading, ...]:
    """Return the headings, whose levels are by their size."""
    sizes: Counter[float] = Counter()
    for placing in placings:
        sizes[_round(placing.block.size)] += placing.end - placing.start
    if not sizes:
        return ()
    body = max(sizes, key=sizes.__getitem__)
    found = [
        this
        for this, next_ in pairwise([*placings, None])
        if this is not None and _is_heading(this, next_, body)
    ]
    larger = sorted({_round(p.block.size) for p in found if _is_large(p, body)}, reverse=True)
    levels = {size: min(level, MAX_LEVEL) for level, size in enumerate(larger, start=1)}
    lowest = min(len(larger) + 1, MAX_LEVEL)
    return tuple(Heading(p.start, p.end, levels.get(_round(p.block.size), lowest)) for p in found)


def _is_heading(this: Placing, next_: Placing | None, body: float) -> bool:
    block = this.block
    if block.is_row or block.zone in (Zone.FOOT, Zone.ASIDE):
        return False
    if block.n_lines > MAX_HEADING_LINES or len(this.text) > MAX_HEADING_CHARS:
        return False
    if _UNFINISHED.search(this.text) or is_led(this.text):
        return False
    if not any(map(str.isalpha, this.text)):
        return False
    if _is_large(this, body):
        return True
    is_before_text = next_ is not None and not next_.block.is_bold and not next_.block.is_row
    return block.is_bold and is_before_text and _round(block.size) >= body


def _is_large(placing: Placing, body: float) -> bool:
    return _round(placing.block.size) >= LARGE * body


def _round(size: float) -> float:
    return round(2 * size) / 2
