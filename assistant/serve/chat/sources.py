"""Opens the source that a clicked link refers to, beside the conversation.

Takes a reference from the browser, which is untrusted, and the turns that the server holds.
Returns the document with the answer's quotes marked in its text and, if the document has pages,
boxes on a picture of the page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, unquote

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import CorpusError
from assistant.serve.chat.render import (
    CitationPosition,
    PageView,
    Shown,
    render_notice,
    render_source,
)
from assistant.serve.chat.turns import Turn
from assistant.serve.reading import PAGE_PATH, WIDTHS, can_show, find_links
from assistant.show.wording import ENGLISH, Wording
from assistant.values import (
    Answer,
    Box,
    Citation,
    Consulted,
    Document,
    DocumentId,
    Span,
)

MAX_BOXES = 500
"""A quote of more lines is marked as far as this."""
SHOWN_WIDTHS = WIDTHS[1:]
DOCUMENT_CHANGED = "The document has changed since this answer. Ask again; the quote was: {quote}"
NO_PICTURE = "The page cannot be shown, its text as it was read can: {why}"

_IN_ANSWER = re.compile(r"(cite|read)-([0-9]{1,6})-([0-9]{1,6})")
_DOCUMENT = "doc-"


def view_page(document: Document, number: int, boxes: Sequence[Box] = ()) -> PageView:
    """Return a page of a document, with boxes around a quote on it and on the following pages."""
    last = max(page.number for page in document.pages)
    shown = [box for box in boxes[:MAX_BOXES] if _is_valid(box) and 1 <= box.page <= last]
    number = shown[0].page if shown else number
    return PageView(
        number,
        last,
        _address(document, number, SHOWN_WIDTHS[1]),
        ", ".join(f"{_address(document, number, width)} {width}w" for width in SHOWN_WIDTHS),
        tuple((box.page, _place(box)) for box in shown),
    )


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """What a reference opens: a document with all spans of it that the answer cites.

    `strong` is the span that was clicked, `quote` its text as it was cited; `position` and
    `citation` are set if it is a citation.
    """

    document_id: DocumentId
    spans: tuple[Span, ...] = ()
    strong: Span | None = None
    quote: str | None = None
    position: CitationPosition | None = None
    citation: Citation | None = None


def show_source(
    assistant: Answering, reference: str, turns: tuple[Turn, ...], say: Wording = ENGLISH
) -> Markup | None:
    """Return the source that a reference opens; None if it refers to nothing in these turns.

    Raises:
        AssistantError: the source cannot be read.
    """
    source = resolve(reference, turns)
    if source is None:
        return None
    document = assistant.document(source.document_id)
    strong = source.strong
    if strong and document.text[strong.start : strong.end] != source.quote:
        notice = render_notice(DOCUMENT_CHANGED.format(quote=source.quote), say)
        return notice + render_source(document, (), None, say=say)
    page, remark = _picture(assistant, document, source)
    shown = Shown(page, remark, partial(find_links, assistant, document))
    return render_source(document, source.spans, strong, source.position, shown, say)


def resolve(reference: str, turns: tuple[Turn, ...]) -> OpenedSource | None:
    """Return what a reference opens; None if it refers to nothing in these turns."""
    if reference.startswith(_DOCUMENT):
        return OpenedSource(DocumentId(unquote(reference.removeprefix(_DOCUMENT))))
    match = _IN_ANSWER.fullmatch(reference)
    if match is None:
        return None
    kind, turn_number, number = match[1], int(match[2]), int(match[3])
    turn = next((turn for turn in turns if turn.number == turn_number), None)
    if turn is None or not isinstance(turn.outcome, Answer):
        return None
    if kind == "cite":
        return _cited(turn, turn.outcome, number)
    return _consulted(turn.outcome, number)


def read_turn_number(reference: str) -> int | None:
    """Return the number of the turn in whose answer a reference is; None if it is in none."""
    match = _IN_ANSWER.fullmatch(reference)
    return int(match[2]) if match else None


def _address(document: Document, number: int, width: int) -> str:
    name = quote(document.document_id, safe="", errors="replace")
    return f"{PAGE_PATH[1:]}?document={name}&page={number}&width={width}&version={document.sha256}"


def _is_valid(box: Box) -> bool:
    return 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1


def _place(box: Box) -> str:
    """Return the position of a box as CSS declarations in percent."""
    sides = {
        "left": box.left,
        "top": box.top,
        "width": box.right - box.left,
        "height": box.bottom - box.top,
    }
    return ";".join(f"{side}:{100 * share:.3f}%" for side, share in sides.items())


def _picture(
    assistant: Answering, document: Document, source: OpenedSource
) -> tuple[PageView | None, str]:
    """Return the page where a source begins, or a remark on why it cannot be shown."""
    if not can_show(document):
        return None, ""
    try:
        boxes = assistant.origin(source.citation).boxes if source.citation else ()
    except CorpusError as error:
        return None, NO_PICTURE.format(why=error)
    start = source.strong.start if source.strong else 0
    number = max((page.number for page in document.pages if page.start <= start), default=1)
    return view_page(document, number, boxes), ""


def _cited(turn: Turn, answer: Answer, number: int) -> OpenedSource | None:
    clicked = next((c for c in answer.citations if c.number == number), None)
    if clicked is None:
        return None
    position = CitationPosition(turn.number, number, len(answer.citations), number in turn.flagged)
    spans = tuple(_span(c) for c in answer.citations if c.document_id == clicked.document_id)
    return OpenedSource(
        clicked.document_id, spans, _span(clicked), clicked.quote, position, clicked
    )


def _consulted(answer: Answer, number: int) -> OpenedSource | None:
    if not 1 <= number <= len(answer.consulted):
        return None
    passage = answer.consulted[number - 1]
    return OpenedSource(passage.document_id, (), _span(passage), passage.text)


def _span(found: Citation | Consulted) -> Span:
    return Span(found.document_id, found.start, found.end)
