"""Renders the text of a document as HTML paragraphs with spans marked.

The document is untrusted. The markup shows every character of the text exactly once and escaped,
and no other text. A span outside of the text marks nothing.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from assistant.show.escape import html_text
from assistant.values import Document, Span

CITED_ID = "cited-span"
"""The HTML id that an opened source scrolls to."""

_GAP = re.compile(r"\n(?:[ \t]*\n)+|(?<=[^\n]{120})\n")
"""What ends a paragraph: an empty line, or the end of a line too long to be hard-wrapped."""


def mark_text(
    document: Document, part: tuple[int, int], spans: Sequence[Span], strong: Span | None
) -> Markup:
    """Render the characters `part` of a document with `spans` marked and `strong` highlighted.

    A span that crosses a paragraph or another span becomes several marks in a row.
    """
    return Markup("").join(
        _block(document, block, spans, strong) for block in _blocks(document, part)
    )


def _blocks(document: Document, part: tuple[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and heading level (0: no heading) of each paragraph, heading and gap."""
    start, end = part
    levels = {heading.start: heading.level for heading in document.headings}
    cuts = {start, end}
    for gap in _GAP.finditer(document.text, start, end):
        cuts.update(gap.span())
    for heading in document.headings:
        cuts.update(cut for cut in (heading.start, heading.end) if start < cut < end)
    ends = {heading.start: heading.end for heading in document.headings}
    level, level_end = 0, start
    for first, last in itertools.pairwise(sorted(cuts)):
        if first in levels:
            level, level_end = levels[first], ends[first]
        yield first, last, level if first < level_end else 0


def _block(
    document: Document, block: tuple[int, int, int], spans: Sequence[Span], strong: Span | None
) -> Markup:
    start, end, level = block
    pieces = _pieces(document.text, (start, end), spans, strong)
    if document.text[start:end].isspace():
        return pieces
    if level:
        tag = Markup(f"h{min(level + 2, 6)}")
        return Markup('<{0} class="heading" dir="auto">{1}</{0}>').format(tag, pieces)
    return Markup('<p dir="auto">{}</p>').format(pieces)


def _pieces(
    text: str, bounds: tuple[int, int], spans: Sequence[Span], strong: Span | None
) -> Markup:
    """Render `text[start:end]`, cut wherever a span starts or ends."""
    start, end = bounds
    marked = [*spans, strong] if strong else [*spans]
    near = [span for span in marked if span.start < end and span.end > start]
    cuts = {cut for span in near for cut in (span.start, span.end) if start < cut < end}
    edges = sorted({start, end} | cuts)
    return Markup("").join(
        _piece(text, first, last, near, strong) for first, last in itertools.pairwise(edges)
    )


def _piece(text: str, first: int, last: int, near: Sequence[Span], strong: Span | None) -> Markup:
    shown = html_text(text[first:last])
    if strong and strong.start <= first < strong.end:
        anchor = Markup(f' id="{CITED_ID}"' if first == strong.start else "")
        return Markup('<mark class="strong"{}>{}</mark>').format(anchor, shown)
    if any(span.start <= first < span.end for span in near):
        return Markup("<mark>{}</mark>").format(shown)
    return shown
