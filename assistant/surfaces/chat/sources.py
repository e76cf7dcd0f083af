"""A reference that was clicked -> the source beside the chat.

Comes in: a reference from the page, untrusted, and the turns that the server holds. Goes
out: the document with the answer's spans marked, all taken from the server's answers; a
reference that nothing stands behind gives a notice.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from assistant.errors import AssistantError
from assistant.surfaces.chat.conversation import Turn, report
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.render import render_documents, render_notice, render_source
from assistant.values import Answer, Citation, Consulted, DocumentId, Span

UNKNOWN = "This reference does not belong to the conversation. Ask again to get fresh citations."
CHANGED = "The document has changed since this answer. Ask again; the quote was: {quote}"

_IN_ANSWER = re.compile(r"(cite|read)-([0-9]{1,6})-([0-9]{1,6})")
_DOCUMENT = "doc-"
_CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Source:
    """What to open: a document, the spans to mark, and the one that was clicked."""

    document_id: DocumentId
    spans: tuple[Span, ...] = ()
    strong: Span | None = None
    quote: str | None = None


def show(assistant: Answering, reference: str, turns: tuple[Turn, ...]) -> str:
    """Return the panel for a reference: a source, the list of documents, or a notice."""
    try:
        if reference == _CLOSE:
            return list_documents(assistant)
        source = resolve(reference, turns)
        return _open(assistant, source) if source else _beside_documents(assistant, UNKNOWN)
    except AssistantError as error:
        return _beside_documents(assistant, str(error))
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        return render_notice(report("opening a source"))


def list_documents(assistant: Answering) -> str:
    """Return the panel that lists the documents of the corpus."""
    try:
        return render_documents(assistant.documents())
    except AssistantError as error:
        return render_notice(str(error))


def resolve(reference: str, turns: tuple[Turn, ...]) -> Source | None:
    """Return what a reference points at, or None when nothing held stands behind it."""
    if reference.startswith(_DOCUMENT):
        return Source(DocumentId(unquote(reference.removeprefix(_DOCUMENT))))
    match = _IN_ANSWER.fullmatch(reference)
    if match is None:
        return None
    kind, turn_number, number = match[1], int(match[2]), int(match[3])
    answer = next((turn.outcome for turn in turns if turn.number == turn_number), None)
    if not isinstance(answer, Answer):
        return None
    if kind == "cite":
        return _cited(answer, number)
    return _consulted(answer, number)


def _cited(answer: Answer, number: int) -> Source | None:
    clicked = next((c for c in answer.citations if c.number == number), None)
    if clicked is None:
        return None
    same = [c for c in answer.citations if c.document_id == clicked.document_id]
    return Source(clicked.document_id, tuple(map(_span, same)), _span(clicked), clicked.quote)


def _consulted(answer: Answer, number: int) -> Source | None:
    if not 1 <= number <= len(answer.consulted):
        return None
    passage = answer.consulted[number - 1]
    return Source(passage.document_id, (), _span(passage), passage.text)


def _span(found: Citation | Consulted) -> Span:
    return Span(found.document_id, found.start, found.end)


def _open(assistant: Answering, source: Source) -> str:
    document = assistant.document(source.document_id)
    strong = source.strong
    if strong and document.text[strong.start : strong.end] != source.quote:
        notice = render_notice(CHANGED.format(quote=source.quote))
        return notice + render_source(document, (), None)
    return render_source(document, source.spans, strong)


def _beside_documents(assistant: Answering, message: str) -> str:
    return render_notice(message) + list_documents(assistant)
