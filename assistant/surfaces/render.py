"""Text from documents, questions and models, made safe for a page or a terminal.

Comes in: values of the assistant. Goes out: HTML whose tags and attributes are all written
here, or terminal text without control characters. This is the one place that escapes:
whatever else a page shows is written by us. Refuses nothing; what no page can hold (NUL,
lone surrogates) becomes U+FFFD. (A report of `assistant eval` is a page of its own, whose template
escapes: `report_page.py`.)

Links are references, resolved by the chat from what the server holds:
`#cite-<turn>-<number>`, `#read-<turn>-<number>`, `#doc-<percent-encoded id>`, `#close`.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

from assistant.values import (
    Answer,
    Citation,
    Consulted,
    Document,
    FileRecord,
    Span,
    Statement,
    Status,
)

CITED_ID = "cited-span"
"""The HTML id of the place that an opened source scrolls to."""
MAX_SOURCE_CHARS = 200_000
"""Characters of a document on the page: a browser lays these out in well under a second."""
MAX_NEAREST = 3
"""Passages on an abstention: enough to judge that the answer is absent."""
MAX_LISTED = 1_000
"""Documents listed at once."""
EXCERPT_CHARS = 280
"""Characters of a passage in a list: about three lines."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_GAP = re.compile(r"\n(?:[ \t]*\n)+|(?<=[^\n]{120})\n")
"""Ends a paragraph: an empty line, or the end of a line too long to be hard-wrapped."""


def terminal_safe(text: str) -> str:
    """Drop control characters (C0, C1) other than newline and tab."""
    return _SURROGATE.sub("\ufffd", _UNPRINTABLE.sub("", text))


def render_answer(answer: Answer, turn: int) -> str:
    """Render an answer with numbered marks and its sources, or an abstention card."""
    searched = _searched(answer)
    if answer.abstained:
        return searched + _abstention(answer, turn)
    cited = {citation.number: citation for citation in answer.citations}
    said = " ".join(_statement(statement, cited, turn) for statement in answer.statements)
    sources = "".join(_source_item(citation, turn) for citation in answer.citations)
    return (
        f'{searched}<div class="answer"><p class="statements" dir="auto">{said}</p>'
        f'<div class="sources"><h3>Sources</h3><ol>{sources}</ol></div>'
        f"{_also_read(answer.consulted, turn)}</div>"
    )


def render_question(question: str, max_chars: int) -> str:
    """Render what the person asked, cut at `max_chars`."""
    shown = question if len(question) <= max_chars else question[:max_chars] + "…"
    return f'<h2 class="question" dir="auto">{_text(shown)}</h2>'


def render_progress(detail: str) -> str:
    """Render what the assistant is doing right now."""
    return f'<p class="progress" dir="auto">{_text(detail)}</p>'


def render_notice(message: str) -> str:
    """Render a message of the program: a failure foreseen, a stop, a stale reference."""
    return f'<div class="notice" dir="auto">{_text(message)}</div>'


def render_source(document: Document, spans: Sequence[Span], strong_span: Span | None) -> str:
    """Render a document as readable text with `spans` marked and `strong_span` strongest.

    The text inside `<div class="text">` is the document's own, character by character; a
    span that crosses a paragraph or another span becomes several marks in a row. Of a
    document longer than `MAX_SOURCE_CHARS` a window around the strong span is shown.
    """
    start, end = _window(len(document.text), strong_span)
    text = "".join(
        _block(document, block, spans, strong_span) for block in _blocks(document, start, end)
    )
    path = document.document_id if document.document_id != document.title else ""
    return (
        f'<div class="source"><div class="source-head">'
        f'<a class="close" href="#close">Close</a>'
        f'<h2 tabindex="-1" dir="auto">{_text(document.title)}</h2>'
        f'<p class="where">{_where(path, *_place(document, strong_span))}</p></div>'
        f"{_folded(start, 'before')}"
        f'<div class="text">{text}</div>'
        f"{_folded(len(document.text) - end, 'after')}</div>"
    )


def render_documents(records: Sequence[FileRecord]) -> str:
    """Render the ledger of the corpus: each file with its status, and why it was skipped."""
    items = "".join(_document_item(record) for record in records[:MAX_LISTED])
    unlisted = len(records) - MAX_LISTED
    more = (
        f'<p class="folded">{unlisted:,} more documents are not listed.</p>' if unlisted > 0 else ""
    )
    empty = "" if records else '<p class="folded">There are no documents yet.</p>'
    return (
        f'<div class="documents"><h2>Documents <span class="count">{len(records):,}</span></h2>'
        f"{empty}<ul>{items}</ul>{more}</div>"
    )


def _text(text: str) -> str:
    """Escape text for an element or a quoted attribute, so that a parser gives it back."""
    safe = _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))
    return escape(safe).replace("\r", "&#13;")


def _statement(statement: Statement, cited: dict[int, Citation], turn: int) -> str:
    marks = "".join(_mark(cited[number], turn) for number in statement.citations)
    return f'<span class="statement">{_text(statement.text)}</span>{marks}'


def _mark(citation: Citation, turn: int) -> str:
    label = f"Citation {citation.number}: {citation.title}. Opens the source."
    return (
        f'<a class="cite" href="#cite-{turn}-{citation.number}" aria-label="{_text(label)}" '
        f'title="{_text(citation.quote)}">{citation.number}</a>'
    )


def _source_item(citation: Citation, turn: int) -> str:
    where = _where(citation.title, citation.heading, citation.page)
    return (
        f'<li value="{citation.number}"><a href="#cite-{turn}-{citation.number}">'
        f'<span class="number">{citation.number}</span><span class="where">{where}</span>'
        f'<span class="quote" dir="auto">{_text(citation.quote)}</span></a></li>'
    )


def _searched(answer: Answer) -> str:
    if not answer.is_reworded:
        return ""
    return f'<p class="searched">Searched for: <bdi>{_text(answer.query)}</bdi></p>'


def _abstention(answer: Answer, turn: int) -> str:
    nearest = answer.consulted[:MAX_NEAREST]
    listed = f"<h4>Nearest passages</h4>{_passages(nearest, turn)}" if nearest else ""
    reason = answer.reason or "The documents do not answer this question."
    return (
        '<div class="abstention"><h3>No answer in the documents</h3>'
        f'<p class="reason" dir="auto">{_text(reason)}</p>{listed}</div>'
    )


def _also_read(consulted: Sequence[Consulted], turn: int) -> str:
    if not consulted:
        return ""
    count = f"{len(consulted)} passage{'s' if len(consulted) > 1 else ''}"
    return (
        f'<details class="also-read"><summary>Also read, not used: {count}</summary>'
        f"{_passages(consulted, turn)}</details>"
    )


def _passages(consulted: Sequence[Consulted], turn: int) -> str:
    items = "".join(
        f'<li><a href="#read-{turn}-{number}">'
        f'<span class="where">{_where(passage.title, passage.heading, passage.page)}</span>'
        f'<span class="quote" dir="auto">{_text(_excerpt(passage.text))}</span></a></li>'
        for number, passage in enumerate(consulted, start=1)
    )
    return f'<ol class="passages">{items}</ol>'


def _excerpt(text: str) -> str:
    line = " ".join(text[: 4 * EXCERPT_CHARS].split())
    return line if len(line) <= EXCERPT_CHARS else line[:EXCERPT_CHARS].rstrip() + "…"


def _where(title: str, heading: str | None, page: int | None) -> str:
    parts = [f"<bdi>{_text(part)}</bdi>" for part in (title, heading) if part]
    if page is not None:
        parts.append(f"page {page}")
    return " · ".join(parts)


def _place(document: Document, span: Span | None) -> tuple[str | None, int | None]:
    """Return the heading above a span and the page it starts on."""
    if span is None:
        return None, None
    above = [heading for heading in document.headings if heading.start <= span.start]
    on = [page.number for page in document.pages if page.start <= span.start < page.end]
    heading = document.text[above[-1].start : above[-1].end] if above else None
    return heading, on[0] if on else None


def _window(length: int, strong: Span | None) -> tuple[int, int]:
    if length <= MAX_SOURCE_CHARS:
        return 0, length
    first, last = (strong.start, strong.end) if strong else (0, 0)
    margin = max(0, MAX_SOURCE_CHARS - (last - first)) // 2
    start = max(0, min(first - margin, length - MAX_SOURCE_CHARS))
    return start, min(length, max(last, start + MAX_SOURCE_CHARS))


def _folded(count: int, side: str) -> str:
    if count <= 0:
        return ""
    return f'<p class="folded">{count:,} characters {side} this part are folded.</p>'


def _blocks(document: Document, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and heading level (0: none) of each paragraph, heading and gap."""
    text = document.text
    levels = {heading.start: heading.level for heading in document.headings}
    cuts = {start, end}
    for gap in _GAP.finditer(text, start, end):
        cuts.update(gap.span())
    for heading in document.headings:
        cuts.update(cut for cut in (heading.start, heading.end) if start < cut < end)
    edges = sorted(cuts)
    ends = {heading.start: heading.end for heading in document.headings}
    level, level_end = 0, start
    for first, last in itertools.pairwise(edges):
        if first in levels:
            level, level_end = levels[first], ends[first]
        yield first, last, level if first < level_end else 0


def _block(
    document: Document, block: tuple[int, int, int], spans: Sequence[Span], strong: Span | None
) -> str:
    start, end, level = block
    pieces = _pieces(document.text, (start, end), spans, strong)
    if document.text[start:end].isspace():
        return pieces
    if level:
        tag = f"h{min(level + 2, 6)}"
        return f'<{tag} class="heading" dir="auto">{pieces}</{tag}>'
    return f'<p dir="auto">{pieces}</p>'


def _pieces(text: str, bounds: tuple[int, int], spans: Sequence[Span], strong: Span | None) -> str:
    """Render `text[start:end]`, cut wherever a span starts or ends."""
    start, end = bounds
    marked = [*spans, strong] if strong else [*spans]
    near = [span for span in marked if span.start < end and span.end > start]
    cuts = {cut for span in near for cut in (span.start, span.end) if start < cut < end}
    edges = sorted({start, end} | cuts)
    return "".join(
        _piece(text, first, last, near, strong) for first, last in itertools.pairwise(edges)
    )


def _piece(text: str, first: int, last: int, near: Sequence[Span], strong: Span | None) -> str:
    shown = _text(text[first:last])
    if strong and strong.start <= first < strong.end:
        anchor = f' id="{CITED_ID}"' if first == strong.start else ""
        return f'<mark class="strong"{anchor}>{shown}</mark>'
    if any(span.start <= first < span.end for span in near):
        return f"<mark>{shown}</mark>"
    return shown


def _document_item(record: FileRecord) -> str:
    title = record.title or record.document_id
    name = f"<bdi>{_text(title)}</bdi>"
    if record.status is not Status.SKIPPED:
        href = _text(f"#doc-{quote(record.document_id, safe='', errors='replace')}")
        name = f'<a href="{href}">{name}</a>'
    count = f"{record.n_passages:,} passage{'' if record.n_passages == 1 else 's'}"
    state = record.status.value if record.status is not Status.INDEXED else ""
    facts = [f"<bdi>{_text(record.document_id)}</bdi>"] if record.document_id != title else []
    facts += [count] if record.status is not Status.SKIPPED else []
    reason = f"{state}: {record.reason}" if state and record.reason else state
    why = f'<span class="why" dir="auto">{_text(reason)}</span>' if reason else ""
    kind = "skipped" if record.status is Status.SKIPPED else "indexed"
    return f'<li class="{kind}">{name}<span class="facts">{" · ".join(facts)}</span>{why}</li>'
