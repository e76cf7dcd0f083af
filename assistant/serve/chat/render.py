"""What the chat page shows, as HTML: answers, sources, documents, conversations.

Comes in: values of the assistant and of the chat. Goes out: markup whose tags and attributes are
written in `chat.html.j2` and `marks.py`; what they are filled with is escaped (`escape.py`).
(A report of `assistant eval` is a page of its own: `report_page.py`.)

Links are references, resolved by the chat from what the server holds: `#cite-<turn>-<number>`,
`#read-<turn>-<number>`, `#doc-<percent-encoded id>`, `#open-<conversation>`, `#close`, `#leave`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from assistant.show.escape import templates
from assistant.show.marks import mark_text
from assistant.show.provenance import account_for, list_remarks
from assistant.values import Answer, Document, DocumentId, FileRecord, Page, Span, name_page

MAX_SOURCE_CHARS = 200_000
"""Characters of a document on the page: a browser lays these out in well under a second."""
MAX_NEAREST = 3
"""Passages on an abstention: enough to judge that the answer is absent."""
MAX_NAMED = 3
"""Other files named beside one that has their bytes or nearly their text."""
MAX_LISTED = 1_000
"""Documents listed at once."""
FEW_DOCUMENTS = 8
"""From more than these on, documents can be found by their name."""
NAMED_SUFFIXES = tuple(
    ".pdf .docx .pptx .xlsx .odt .rtf .epub .eml .msg .html .md .csv .json .txt".split()
)
EXCERPT_CHARS = 280
"""Characters of a passage in a list: about three lines."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where an opened citation stands among those of its answer."""

    turn: int
    number: int
    total: int
    is_flagged: bool = False

    @property
    def previous(self) -> int | None:
        """The number of the citation before it."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the citation after it."""
        return self.number + 1 if self.number < self.total else None


@dataclass(frozen=True, slots=True)
class PageView:
    """The picture of a page: where it is asked for at which widths, and where boxes lie on it.

    `last` is the number of the document's last page; a box has its page and its place in CSS.
    """

    number: int
    last: int
    description: str
    address: str
    addresses: str
    boxes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class CorpusView:
    """What the panel of documents shows beside them.

    `only` are the documents that questions are asked of, all when empty; `progress` is what a
    running sync does, `done` of `total` files; `notes` are what the last one or an upload said.
    """

    suffixes: tuple[str, ...]
    max_bytes: int
    synced_at: str | None = None
    only: frozenset[DocumentId] = frozenset()
    progress: str = ""
    done: int = 0
    total: int = 0
    notes: tuple[str, ...] = ()

    @property
    def named_suffixes(self) -> tuple[str, ...]:
        """The suffixes that people look for, of those that can be read."""
        return tuple(one for one in NAMED_SUFFIXES if one in self.suffixes) or self.suffixes


def render_answer(
    answer: Answer, turn: int, tried: Sequence[str] = (), flagged: Collection[int] = ()
) -> Markup:
    """Render an answer with its sources, an abstention with what to try, or a short reply.

    Args:
        answer: what is shown.
        turn: the number that its references carry.
        tried: questions that the documents do answer, for an abstention.
        flagged: the numbers of citations that the reader has marked as wrong.
    """
    return part("answer", answer, turn, tuple(tried), tuple(flagged))


def render_account(answer: Answer) -> Markup:
    """Render what an answer cost and how its checks went, folded; nothing of a short reply."""
    return part("account", account_for(answer))


def render_question(question: str, max_chars: int) -> Markup:
    """Render what the person asked, cut at `max_chars`."""
    return part("question", cut(question, max_chars))


def render_progress(detail: str) -> Markup:
    """Render what the assistant is doing right now."""
    return part("progress", detail)


def render_notice(message: str) -> Markup:
    """Render a message of the program: a failure foreseen, a stop, a stale reference."""
    return part("notice", message)


def render_welcome(examples: Sequence[str], model: str = "") -> Markup:
    """Render what a visitor sees first: what this is, which model writes, questions to try."""
    return part("welcome", tuple(examples), model)


def render_source(
    document: Document,
    spans: Sequence[Span],
    strong: Span | None,
    step: Step | None = None,
    view: PageView | None = None,
    remark: str = "",
) -> Markup:
    """Render a document as readable text with `spans` marked and the `strong` one strongest.

    The text inside `<div class="text">` is the document's own, character by character. Of a
    document longer than `MAX_SOURCE_CHARS` a window around the strong span is shown. A picture
    of its page (`view`) is seen first, the text on demand. A `remark` stands above both.
    """
    start, end = _window(len(document.text), strong)
    path = document.document_id if document.document_id != document.title else ""
    heading, page = _place_of(document, strong)
    names = [part for part in (path, heading) if part]
    number, kind = (page.number, page.kind) if page else (None, None)
    where = part("place", names[0] if names else "", "".join(names[1:]), number, kind)
    marked = mark_text(document, (start, end), spans, strong)
    folded = (start, len(document.text) - end)
    return part("source", document, marked, where, folded, step, view, remark)


def render_documents(records: Sequence[FileRecord], corpus: CorpusView) -> Markup:
    """Render the ledger of the corpus: each file with its status, and why it was skipped."""
    unlisted = max(0, len(records) - MAX_LISTED)
    return part("documents", tuple(records[:MAX_LISTED]), unlisted, corpus)


def render_only(titles: Sequence[str]) -> Markup:
    """Render which documents the next question is asked of; nothing when of all."""
    return part("only", tuple(titles))


def render_editing(*, replaces: bool) -> Markup:
    """Render that the next question is an earlier one, edited."""
    return part("editing", replaces)


def render_conversations(summaries: Sequence[Any], current: str | None, search: str) -> Markup:
    """Render the list of conversations, the current one marked."""
    return part("conversations", tuple(summaries), current, bool(search.strip()))


def cut(text: str, max_chars: int) -> str:
    """Return the text, or its beginning with an ellipsis when it is longer."""
    return text if len(text) <= max_chars else text[:max_chars] + "…"


def excerpt(text: str) -> str:
    """Return a passage's first three lines or so as one line."""
    line = " ".join(text[: 4 * EXCERPT_CHARS].split())
    return line if len(line) <= EXCERPT_CHARS else line[:EXCERPT_CHARS].rstrip() + "…"


def counted(n: int, word: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "passage"), counted(1200, "passage")
    ('1 passage', '1,200 passages')
    """
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def moment(stamp: str) -> str:
    """Return an ISO time as people write it, in the server's time zone."""
    when = datetime.fromisoformat(stamp).astimezone()
    return f"{when.day} {when:%B %Y, %H:%M}"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.3g} MB"


def _referenced(document_id: str) -> str:
    return quote(document_id, safe="", errors="replace")


def _place_of(document: Document, span: Span | None) -> tuple[str | None, Page | None]:
    """Return the heading above a span and the page it starts on."""
    if span is None:
        return None, None
    above = [heading for heading in document.headings if heading.start <= span.start]
    on = [page for page in document.pages if page.start <= span.start < page.end]
    heading = document.text[above[-1].start : above[-1].end] if above else None
    return heading, on[0] if on else None


def _window(length: int, strong: Span | None) -> tuple[int, int]:
    if length <= MAX_SOURCE_CHARS:
        return 0, length
    first, last = (strong.start, strong.end) if strong else (0, 0)
    margin = max(0, MAX_SOURCE_CHARS - (last - first)) // 2
    start = max(0, min(first - margin, length - MAX_SOURCE_CHARS))
    return start, min(length, max(last, start + MAX_SOURCE_CHARS))


@cache
def _parts() -> Any:
    pages = templates("serve/chat")
    filters = {"excerpt": excerpt, "counted": counted, "moment": moment}
    pages.filters |= filters | {"megabytes": _megabytes, "referenced": _referenced}
    pages.globals |= {"MAX_NEAREST": MAX_NEAREST}
    pages.globals |= {"FEW_DOCUMENTS": FEW_DOCUMENTS, "list_remarks": list_remarks}
    pages.globals |= {"name_page": name_page, "MAX_NAMED": MAX_NAMED}
    return pages.get_template("chat.html.j2").module


def part(name: str, *given: Any) -> Markup:
    """Render one of the parts in `chat.html.j2`."""
    return Markup(getattr(_parts(), name)(*given).strip())
