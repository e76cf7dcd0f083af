"""Renders answers, sources, documents and conversations as HTML for the chat page.

The tags and attributes are written in `chat.html.j2`, in `blocks.html.j2` and, for a document's
text, in `show.document`; everything that fills them is escaped (`escape.py`). (The report of
`assistant eval` is another page: `report_page.py`.)

Links are references, which the server resolves from what it holds: `#cite-<turn>-<number>`,
`#read-<turn>-<number>`, `#doc-<percent-encoded id>`, `#open-<conversation>`, `#close`, `#leave`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from assistant.answer.understand import list_requests
from assistant.serve.chat.feedback import MAX_COMMENT_CHARS, UNHELPFUL
from assistant.show.blocks import (
    FEW_SOURCES,
    count_first,
    group_sources,
    list_blocks,
    list_near,
    list_quotes,
)
from assistant.show.document import draw_text
from assistant.show.provenance import (
    MAX_NEAREST,
    describe_confidence,
    describe_nearest,
    describe_reading,
    list_remarks,
)
from assistant.show.wording import ENGLISH, LANGUAGES, Wording, worded_templates
from assistant.store.added import is_added
from assistant.text.listing import SEARCHED, Reading
from assistant.text.numbers import name_runs
from assistant.values import (
    Answer,
    Citation,
    Consulted,
    Document,
    FileRecord,
    Link,
    Page,
    PageKind,
    Span,
    Status,
)

MAX_SOURCE_CHARS = 60_000
"""Characters of a document that come first; the page asks for more where the reader scrolls to."""
MAX_LINE_CHARS = 2_000
"""How far from where a part was to begin its line may begin."""
MAX_REMOVED = 50
"""Files in the trash that are listed; HTTP lists all."""
FindLinks = Callable[[tuple[int, int]], Sequence[Link]]
"""Finds the links in a part of a text."""
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
"""Names of files that have one page, which is not named."""
HARMLESS = (
    "word of navigation, menus and footers left out",
    "words of navigation, menus and footers left out",
    "slide footer left out",
    "slide footers left out",
)
"""What a warning counts where nothing is wrong with a file."""
MAX_NAMED = 3
"""Other files with the same or nearly the same content that are named."""


@dataclass(frozen=True, slots=True)
class CitationPosition:
    """Which of its answer's `total` citations an opened citation is, counted from 1."""

    turn: int
    number: int
    total: int
    is_flagged: bool = False

    @property
    def previous(self) -> int | None:
        """The number of the citation before it; None of the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the citation after it; None of the last."""
        return self.number + 1 if self.number < self.total else None


@dataclass(frozen=True, slots=True)
class PageView:
    """A picture of a page, of `last` in its document, with the boxes that mark a quote on it.

    `address` is the URL at the default width, `addresses` those
    at several widths as a `srcset`; each box has its page and its CSS position.
    """

    number: int
    last: int
    address: str
    addresses: str
    boxes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """How a source is shown: its page as a picture, a remark on it, and where its text leads."""

    page: PageView | None = None
    remark: str = ""
    find_links: FindLinks = lambda _: ()


def render_part(name: str, *given: Any, say: Wording = ENGLISH) -> Markup:
    """Render a macro of `chat.html.j2`; what it is given is escaped, unless it is markup."""
    return Markup(getattr(_parts(say), name)(*given).strip())


def render_answer(
    answer: Answer,
    turn: int,
    tried: Sequence[str] = (),
    flagged: Collection[int] = (),
    say: Wording = ENGLISH,
) -> Markup:
    """Render an answer with its sources, an abstention with suggestions, or a short reply.

    The number of its `turn` is for its references; `tried` and `flagged` are those of the turn.
    """
    return render_part("answer", answer, turn, tuple(tried), tuple(flagged), say=say)


def render_notice(message: str, say: Wording = ENGLISH) -> Markup:
    """Render a message of the program, such as an error, a stop or a stale reference."""
    return render_part("notice", message, say=say)


def render_source(
    document: Document,
    spans: Sequence[Span],
    strong: Span | None,
    position: CitationPosition | None = None,
    shown: Shown = Shown(),
    say: Wording = ENGLISH,
) -> Markup:
    """Render a document as readable text with `spans` marked and `strong` highlighted.

    The text inside `<div class="text">` is the document's own, character by character. Of a
    document longer than `MAX_SOURCE_CHARS` a window around the strong span comes first. If there
    is a picture of the page, it is shown first and the text on demand; a remark on it stands
    above both.
    """
    start, end = _window(document.text, strong)
    path = document.document_id if document.document_id != document.title else ""
    heading, page = _place_of(document, strong)
    names = [name for name in (path, heading) if name]
    is_picture = document.media_type.startswith("image/") and len(document.pages) == 1
    number, kind = (page.number, page.kind) if page and not is_picture else (None, None)
    named = (names[0] if names else "", "".join(names[1:]))
    where = render_part("place", *named, number, kind, say=say)
    marked = render_text(document, (start, end), spans, strong, shown.find_links((start, end)))
    folded = (start, len(document.text) - end)
    return render_part(
        *("source", document, marked, where, folded, (spans, strong), position),
        *(shown.page, shown.remark),
        say=say,
    )


def render_text(
    document: Document,
    part: tuple[int, int],
    spans: Sequence[Span],
    strong: Span | None = None,
    links: Sequence[Link] = (),
) -> Markup:
    """Render a part of a document's text as one element that says which it is."""
    return render_part("part", *part, draw_text(document, part, spans, strong, links))


def start_of_line(text: str, at: int) -> int:
    r"""Return where the line begins that `at` stands in, but `at` itself if that is far before.

    The end of the text and all beyond it is the end.

    >>> [start_of_line("one\ntwo", at) for at in (2, 5, 99)]
    [0, 4, 7]
    """
    if at >= len(text):
        return len(text)
    begins = text.rfind("\n", max(0, at - MAX_LINE_CHARS), at) + 1
    return begins if begins or at <= MAX_LINE_CHARS else at


def page_of(where: Citation | Consulted) -> int | None:
    """Return the page on which a quote stands; None in a picture, which has but one."""
    name = where.document_id.lower()
    return None if name.endswith(PICTURES) else where.page


def find_shared_page(group: Sequence[Citation]) -> tuple[int | None, PageKind | None]:
    """Return the page that all quotes of a group stand on, as far as each has one, and its kind."""
    pages = {page_of(one): one.page_kind for one in group if page_of(one) is not None}
    return next(iter(pages.items())) if len(pages) == 1 else (None, None)


def is_healthy(record: FileRecord) -> bool:
    """Whether the warnings about a file, of which there are some, tell of nothing wrong."""
    told = (record.reason or "").split("; ")
    return record.status is Status.WARNING and all(
        one.partition(" ")[2] in HARMLESS for one in told
    )


def truncate(text: str, max_chars: int) -> str:
    """Return the text; if it is longer than `max_chars`, its beginning with an ellipsis."""
    return text if len(text) <= max_chars else text[:max_chars] + "…"


def format_time(stamp: str, say: Wording = ENGLISH) -> str:
    """Return an ISO time as "28 November 2026, 20:13" in the server's time zone.

    A page writes it anew as its reader's browser does.
    """
    when = datetime.fromisoformat(stamp).astimezone()
    return f"{when.day} {when:%B %Y, %H:%M}" if say == ENGLISH else f"{when:%Y-%m-%d %H:%M}"


def _percent_encode(document_id: str) -> str:
    return quote(document_id, safe="", errors="replace")


def _place_of(document: Document, span: Span | None) -> tuple[str | None, Page | None]:
    """Return the heading above a span and the page on which it begins."""
    if span is None:
        return None, None
    above = [heading for heading in document.headings if heading.start <= span.start]
    on = [page for page in document.pages if page.start <= span.start < page.end]
    heading = document.text[above[-1].start : above[-1].end] if above else None
    return heading, on[0] if on else None


def _window(text: str, strong: Span | None) -> tuple[int, int]:
    """Return the part of a text that is shown first: start and end, where the next parts begin."""
    if len(text) <= MAX_SOURCE_CHARS:
        return 0, len(text)
    first, last = (strong.start, strong.end) if strong else (0, 0)
    margin = max(0, MAX_SOURCE_CHARS - (last - first)) // 2
    start = max(0, min(first - margin, len(text) - MAX_SOURCE_CHARS))
    end = max(last + MAX_LINE_CHARS, start + MAX_SOURCE_CHARS)
    return start_of_line(text, start), start_of_line(text, end)


_OFFERS: dict[Reading, str] = {
    "document": "Tell of a whole document instead",
    "comparison": "Compare two documents instead",
    "folder": "Tell of the folder instead",
}


def offer_readings(answer: Answer) -> tuple[tuple[Reading, str], ...]:
    """Return what else a question that was searched for may ask for, each with what to offer."""
    if answer.reading not in SEARCHED:
        return ()
    found = {request.reading for request in list_requests(answer.question)}
    return tuple((reading, said) for reading, said in _OFFERS.items() if reading in found)


@cache
def _parts(say: Wording) -> Any:
    environment = worded_templates("serve/chat", say)
    environment.filters |= {
        "format_time": partial(format_time, say=say),
        "percent_encode": _percent_encode,
    }
    environment.globals |= {
        "LANGUAGES": LANGUAGES,
        "MAX_COMMENT_CHARS": MAX_COMMENT_CHARS,
        "MAX_NAMED": MAX_NAMED,
        "UNHELPFUL": UNHELPFUL,
        "MAX_NEAREST": MAX_NEAREST,
        "MAX_REMOVED": MAX_REMOVED,
        "FEW_SOURCES": FEW_SOURCES,
        "count_first": count_first,
        "group_sources": group_sources,
        "is_healthy": is_healthy,
        "list_blocks": list_blocks,
        "list_near": list_near,
        "list_quotes": list_quotes,
        "list_remarks": list_remarks,
        "describe_confidence": describe_confidence,
        "describe_nearest": describe_nearest,
        "describe_reading": describe_reading,
        "document_link": lambda document_id: f"#doc-{_percent_encode(document_id)}",
        "offer_readings": offer_readings,
        "has_file": lambda document_id: not is_added(document_id),
        "find_shared_page": find_shared_page,
        "name_runs": name_runs,
        "page_of": page_of,
    }
    return environment.get_template("chat.html.j2").module
