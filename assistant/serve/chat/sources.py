"""A reference that was clicked -> the source beside the chat.

Comes in: a reference from the page, untrusted, and the turns that the server holds. Goes out: the
document with the answer's spans marked, all taken from the server's answers; a reference that
nothing stands behind gives nothing.

A document with pages, and the boxes of a quote -> which picture is shown, and what is marked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import CorpusError
from assistant.serve.chat.render import PageView, Step, render_notice, render_source
from assistant.serve.chat.turns import Turn
from assistant.serve.pictures import PICTURES, WIDTHS, can_show
from assistant.values import (
    Answer,
    Box,
    Citation,
    Consulted,
    Document,
    DocumentId,
    Span,
    describe_page,
)

MAX_BOXES = 500
"""A quote of more lines than this is marked as far."""
SHOWN_WIDTHS = WIDTHS[1:4]


def view_page(document: Document, number: int, boxes: Sequence[Box] = ()) -> PageView:
    """Return a page of a document, with the quote marked on it and on those after it."""
    last = max(page.number for page in document.pages)
    shown = [box for box in boxes[:MAX_BOXES] if _is_on_page(box) and 1 <= box.page <= last]
    number = shown[0].page if shown else number
    return PageView(
        number,
        last,
        describe_page(number, document.title),
        _address(document, number, SHOWN_WIDTHS[1]),
        ", ".join(f"{_address(document, number, width)} {width}w" for width in SHOWN_WIDTHS),
        tuple((box.page, _place(box)) for box in shown),
    )


def _address(document: Document, number: int, width: int) -> str:
    name = quote(document.document_id, safe="", errors="replace")
    return f"{PICTURES}?document={name}&page={number}&width={width}&version={document.sha256}"


def _is_on_page(box: Box) -> bool:
    return 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1


def _place(box: Box) -> str:
    """Return where a box is, in CSS."""
    sides = {
        "left": box.left,
        "top": box.top,
        "width": box.right - box.left,
        "height": box.bottom - box.top,
    }
    return ";".join(f"{side}:{100 * share:.3f}%" for side, share in sides.items())


CHANGED = "The document has changed since this answer. Ask again; the quote was: {quote}"
NO_PICTURE = "The page cannot be shown, its text as it was read can: {why}"

_IN_ANSWER = re.compile(r"(cite|read)-([0-9]{1,6})-([0-9]{1,6})")
_DOCUMENT = "doc-"


@dataclass(frozen=True, slots=True)
class Source:
    """What to open: a document, the spans to mark, the one that was clicked, its place.

    `citation` is what was clicked, where it is one.
    """

    document_id: DocumentId
    spans: tuple[Span, ...] = ()
    strong: Span | None = None
    quote: str | None = None
    step: Step | None = None
    citation: Citation | None = None


def show(assistant: Answering, reference: str, turns: tuple[Turn, ...]) -> Markup | None:
    """Return the source that a reference opens, None when nothing stands behind it.

    Raises:
        AssistantError: the source cannot be read.
    """
    source = resolve(reference, turns)
    if source is None:
        return None
    document = assistant.document(source.document_id)
    strong = source.strong
    if strong and document.text[strong.start : strong.end] != source.quote:
        notice = render_notice(CHANGED.format(quote=source.quote))
        return notice + render_source(document, (), None)
    view, remark = _picture(assistant, document, source)
    return render_source(document, source.spans, strong, source.step, view, remark)


def _picture(
    assistant: Answering, document: Document, source: Source
) -> tuple[PageView | None, str]:
    """Return the page that a source begins at, or why it cannot be shown."""
    if not can_show(document):
        return None, ""
    try:
        boxes = assistant.origin(source.citation).boxes if source.citation else ()
    except CorpusError as error:
        return None, NO_PICTURE.format(why=error)
    start = source.strong.start if source.strong else 0
    number = max((page.number for page in document.pages if page.start <= start), default=1)
    return view_page(document, number, boxes), ""


def resolve(reference: str, turns: tuple[Turn, ...]) -> Source | None:
    """Return what a reference points at, or None when nothing held stands behind it."""
    if reference.startswith(_DOCUMENT):
        return Source(DocumentId(unquote(reference.removeprefix(_DOCUMENT))))
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


def _cited(turn: Turn, answer: Answer, number: int) -> Source | None:
    clicked = next((c for c in answer.citations if c.number == number), None)
    if clicked is None:
        return None
    same = [c for c in answer.citations if c.document_id == clicked.document_id]
    step = Step(turn.number, number, len(answer.citations), number in turn.flagged)
    spans = tuple(map(_span, same))
    return Source(clicked.document_id, spans, _span(clicked), clicked.quote, step, clicked)


def _consulted(answer: Answer, number: int) -> Source | None:
    if not 1 <= number <= len(answer.consulted):
        return None
    passage = answer.consulted[number - 1]
    return Source(passage.document_id, (), _span(passage), passage.text)


def _span(found: Citation | Consulted) -> Span:
    return Span(found.document_id, found.start, found.end)
