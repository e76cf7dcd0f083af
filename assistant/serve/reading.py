"""Reading a document over HTTP: its pages, its text, what is found in it, and its file.

`GET /api/documents/ID` is its text as JSON, `/api/page` a PNG picture of a page as it was indexed,
which the browser must revalidate, `/api/text` a part of the text as HTML, `/api/around` what stands
around a quote in it, `/api/find` where words stand in it, `/api/boxes` where on its pages,
`/api/file` the file.
All take a document's id and optionally its sha256 (`version`), untrusted. Failures are JSON:
not in the index (404), no pages to show (415), changed since (409), requested by another site's
page (403), too much being drawn or sent (503).
"""

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message, Send

from assistant.answering import Answering
from assistant.errors import AssistantError, Busy, CorpusError, DocumentChanged, DocumentUnreadable
from assistant.ingest.sniff import HTML, IMAGES, PDF
from assistant.serve.access import error_response, is_foreign
from assistant.serve.background import RETRY_AFTER_S
from assistant.serve.chat.render import render_text, start_of_line
from assistant.show.document import draw_around
from assistant.values import Citation, Document, Link, Span

PAGE_PATH = "/api/page"
LINKED = frozenset((HTML, "text/markdown"))
"""Kinds of files whose links are known."""
WIDTHS = (400, 800, 1_200, 1_600, 2_000)
"""In pixels; a request gets the next larger one, so that few pictures serve all windows."""
MAX_DRAWING = 2
"""Pages drawn at the same time: each keeps a core busy for some tenths of a second."""
WAIT_S = 10.0
"""Seconds that a request waits for its turn."""
MAX_WAITING = 8
"""Requests of a kind that wait; each takes one of the server's forty threads."""
SEARCHING = "searches run"
"""What `Turns` says that too many do."""
MAX_LOADING = 4
"""Files sent at the same time, and files taken in: each is held in memory until all of it went."""
PIECE_BYTES = 256 * 1024
PIECE_S = 60.0
"""Seconds in which a reader must take a piece, as over the slowest line: who stalls would keep a
turn for ever."""
MAX_PART_CHARS = 60_000
MAX_READ_CHARS = 1_000_000
MAX_LINKED_CHARS = 300_000
"""Of a text whose links are looked for: its file is read again, in half a second."""
MAX_LINKING = 2
"""Files in which links are looked for at the same time: each takes a process of its own."""
LINKS_WAIT_S = 2.0
"""Seconds that a text waits for its turn, else it is shown without."""
MAX_MARKS = 200
MAX_FOUND_CHARS = 200
MAX_BOXED = 40
"""Places whose boxes are told: each is read off its page anew, in some milliseconds."""
MAX_PLACES = 2_000
"""Places of the words found that are told; more are not counted."""
MAX_KEPT_BYTES = 32_000_000
"""About a hundred pictures."""

_linking = threading.BoundedSemaphore(MAX_LINKING)

Draw = Callable[[str, int, int], bytes]
"""Draws a page: document id, page number and width in pixels -> PNG."""
LookUp = Callable[[Request, str, str], Document | JSONResponse]
"""Finds a document in a version, or says why its reader gets none."""


def add_reading_routes(app: FastAPI, assistant: Answering) -> None:
    """Add the routes to the app."""
    look_up = partial(_look_up, assistant)
    _add_page(app, assistant)
    sending = Turns(MAX_LOADING, "files are being sent")

    @app.get("/api/text", summary="A part of a document's text as HTML")
    def text(
        request: Request,
        document: str,
        start: Annotated[int, Query(ge=0, le=10**9)],
        end: Annotated[int, Query(ge=0, le=10**9)],
        version: str = "",
        marks: Annotated[str, Query(max_length=20_000)] = "",
    ) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        first = start_of_line(found.text, start)
        last = start_of_line(found.text, min(end, start + MAX_PART_CHARS))
        part = (first, last if last > first else max(first, min(end, len(found.text))))
        strong, _, others = marks.partition(";")
        one = next(iter(_read_spans(found, strong)), None)
        links = find_links(assistant, found, part)
        html = render_text(found, part, _read_spans(found, others), one, links)
        return Response(html, media_type="text/html")

    @app.get("/api/documents/{document:path}", summary="Read a document's text")
    def read(
        request: Request,
        document: str,
        start: Annotated[int, Query(ge=0, le=10**9)] = 0,
        n: Annotated[int, Query(ge=1, le=MAX_READ_CHARS)] = MAX_READ_CHARS,
        version: str = "",
    ) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        start = min(start, len(found.text))
        part = found.text[start : start + n]
        told = {
            "document_id": found.document_id,
            "sha256": found.sha256,
            "title": found.title,
            "media_type": found.media_type,
            "n_chars": len(found.text),
            "start": start,
            "end": start + len(part),
            "text": part,
        }
        return JSONResponse(told)

    _add_places(app, assistant, look_up)

    @app.get("/api/find", summary="Find where words stand in a document")
    def find(
        request: Request,
        document: str,
        words: Annotated[str, Query(max_length=MAX_FOUND_CHARS)],
        version: str = "",
    ) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        places = find_words(found, words)
        told = {"places": places[:MAX_PLACES], "is_more": len(places) > MAX_PLACES}
        return JSONResponse(told)

    @app.get("/api/file", summary="The file of a document", dependencies=[Depends(sending.hold)])
    def file(request: Request, document: str, version: str = "", inline: bool = False) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        data = assistant.original(document)
        is_pdf = found.media_type == PDF
        how = "inline" if inline and is_pdf else "attachment"
        name = quote(PurePosixPath(found.document_id).name, safe="", errors="replace")
        return _SentFile(
            _cut(data),
            media_type=PDF if is_pdf else "application/octet-stream",
            headers={
                "Content-Length": str(len(data)),
                "Content-Disposition": f"{how}; filename*=UTF-8''{name}",
                "Cache-Control": "private, no-cache",
            },
        )


def _look_up(
    assistant: Answering, request: Request, document: str, version: str
) -> Document | JSONResponse:
    """Return what is asked for as it was indexed, or a refusal to another site's page.

    Raises:
        CorpusError, DocumentChanged: it is not in the index, or not in this version.
    """
    if is_foreign(request.headers):
        return error_response(403, "OriginError", "another site's page may not show this")
    found = assistant.document(document)
    if version not in {"", found.sha256}:
        raise DocumentChanged(f"{document!r} has changed since")
    return found


async def _cut(data: bytes) -> AsyncIterator[bytes]:
    """Yield a file in pieces, the next when the last is sent: the server would keep all of it."""
    for at in range(0, len(data), PIECE_BYTES):
        yield data[at : at + PIECE_BYTES]


class _SentFile(StreamingResponse):
    """A file that ends where its reader takes nothing more: the server closes the connection."""

    async def stream_response(self, send: Send) -> None:
        """Send the pieces, each in `PIECE_S` at most."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(PIECE_S):
                await send(message)

        with suppress(TimeoutError):
            await super().stream_response(send_in_time)


def _add_places(app: FastAPI, assistant: Answering, look_up: LookUp) -> None:
    boxing = Turns(MAX_DRAWING, "places are being looked for")

    @app.get("/api/around", summary="The sentences around a quote as HTML")
    def around(
        request: Request,
        document: str,
        start: Annotated[int, Query(ge=0, le=10**9)],
        end: Annotated[int, Query(ge=0, le=10**9)],
        version: str = "",
        beside: bool = False,
    ) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        spans = _read_spans(found, f"{start}-{end}")
        html = draw_around(found, spans[0], is_beside=beside) if spans else ""
        return Response(html, media_type="text/html")

    @app.get("/api/boxes", summary="Where places of a document stand on its pages")
    def boxes(
        request: Request,
        document: str,
        places: Annotated[str, Query(max_length=2_000)],
        version: str = "",
    ) -> Response:
        found = look_up(request, document, version)
        if not isinstance(found, Document):
            return found
        require_page(found, 1)
        with boxing.take():
            told = find_boxes(assistant, found, _read_spans(found, places)[:MAX_BOXED])
        return JSONResponse({"places": told})


def _read_spans(document: Document, sent: str) -> list[Span]:
    """Return the spans in what a page sent, as "12-40 50-61"; at most `MAX_MARKS`."""
    found = re.findall(r"([0-9]{1,10})-([0-9]{1,10})", sent)[:MAX_MARKS]
    pairs = [(int(start), int(end)) for start, end in found]
    return [Span(document.document_id, a, b) for a, b in pairs if a < b <= len(document.text)]


def find_words(document: Document, words: str) -> list[tuple[int, int, int]]:
    """Return start, end and page (0: none) of each place of words, in either case.

    At most one place more than `MAX_PLACES`; between the words may stand any white space.
    """
    wanted = words.split()
    if not wanted:
        return []
    pattern = re.compile(r"\s+".join(map(re.escape, wanted)), re.IGNORECASE)
    places: list[tuple[int, int, int]] = []
    n_page = -1
    for match in pattern.finditer(document.text):
        while (
            n_page + 1 < len(document.pages) and document.pages[n_page + 1].start <= match.start()
        ):
            n_page += 1
        page = document.pages[n_page].number if n_page >= 0 else 0
        places.append((match.start(), match.end(), page))
        if len(places) > MAX_PLACES:
            break
    return places


def find_boxes(
    assistant: Answering, document: Document, spans: Sequence[Span]
) -> list[list[list[float]]]:
    """Return where each span stands on the pages: page, left, top, right, bottom of its boxes.

    Raises:
        DocumentChanged: the file is not the one that was indexed any more.
    """
    found = assistant.origins([_cite(document, one.start, one.end) for one in spans])
    return [
        [[box.page, box.left, box.top, box.right, box.bottom] for box in one.boxes] for one in found
    ]


def find_links(assistant: Answering, document: Document, part: tuple[int, int]) -> tuple[Link, ...]:
    """Return the links in a part of a text; none if it is long, or its file gone or busy."""
    is_short = part[0] < part[1] and len(document.text) <= MAX_LINKED_CHARS
    if document.media_type not in LINKED or not is_short:
        return ()
    if not _linking.acquire(timeout=LINKS_WAIT_S):
        return ()
    try:
        return assistant.origin(_cite(document, *part)).links
    except AssistantError:
        return ()
    finally:
        _linking.release()


def _cite(document: Document, start: int, end: int) -> Citation:
    name, quote = document.document_id, document.text[start:end]
    return Citation(1, name, document.sha256, document.title, start, end, quote)


def _add_page(app: FastAPI, assistant: Answering) -> None:
    pictures = PictureCache(assistant.draw)

    @app.get(PAGE_PATH, summary="The picture of a page")
    def page_picture(
        request: Request,
        document: str,
        page: Annotated[int, Query(ge=1, le=1_000_000)],
        width: int = WIDTHS[2],
        version: str = "",
    ) -> Response:
        found = _look_up(assistant, request, document, version)
        if not isinstance(found, Document):
            return found
        require_page(found, page)
        # `AccessMiddleware` adds `nosniff` and `same-origin`, as to every response.
        headers = {"ETag": f'"{found.sha256}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        png = pictures.draw(found, page, choose_width(width))
        return Response(png, media_type="image/png", headers=headers)


def can_show(document: Document) -> bool:
    """Whether pictures of a document's pages can be drawn."""
    return document.media_type in {PDF, *IMAGES} and bool(document.pages)


def require_page(document: Document, page: int) -> None:
    """Check that a page can be shown.

    Raises:
        DocumentUnreadable: the document has no pages to show.
        CorpusError: it has none of this number.
    """
    if not can_show(document):
        raise DocumentUnreadable(f"{document.document_id!r} has no pages to show")
    last = max(one.number for one in document.pages)
    if page > last:
        raise CorpusError(f"{document.document_id!r} has {last} pages, so none of number {page}")


def choose_width(wanted: int) -> int:
    """Return the smallest of `WIDTHS` that is wide enough, or the largest.

    >>> choose_width(-1), choose_width(900), choose_width(99_999)
    (400, 1200, 2000)
    """
    return next((width for width in WIDTHS if width >= wanted), WIDTHS[-1])


class Turns:
    """Lets few requests do something at the same time, and few others wait for their turn."""

    def __init__(self, n: int, doing: str) -> None:
        self._doing = doing
        self._active = threading.BoundedSemaphore(n)
        self._places = threading.BoundedSemaphore(n + MAX_WAITING)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a turn for the length of a block.

        Raises:
            Busy: too many others have theirs, or wait for it.
        """
        with self._hold(self._places, 0.0), self._hold(self._active, WAIT_S):
            yield

    def hold(self) -> Iterator[None]:
        """Hold a turn as what a route depends on does: until the response is sent."""
        with self.take():
            yield

    @contextmanager
    def _hold(self, places: threading.BoundedSemaphore, timeout_s: float) -> Iterator[None]:
        if not places.acquire(timeout=timeout_s):
            raise Busy(f"too many {self._doing}; ask again in {RETRY_AFTER_S} seconds")
        try:
            yield
        finally:
            places.release()


class PictureCache:
    """Draws pages, a few at once, and keeps the latest pictures. Safe to share between threads."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._drawing = Turns(MAX_DRAWING, "pages are being drawn")
        self._pictures: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, document: Document, page: int, width: int) -> bytes:
        """Return a page as a PNG picture of `width` pixels.

        Raises:
            Busy: too many pages are being drawn.
            CorpusError, DocumentUnreadable: the file is gone, has changed, or cannot be shown.
        """
        key = (document.sha256, page, width)
        if (found := self._find(key)) is not None:
            return found
        with self._drawing.take():
            if (found := self._find(key)) is not None:  # drawn in the meantime
                return found
            png = self._draw(document.document_id, page, width)
        self._keep(key, png)
        return png

    def _find(self, key: tuple[str, int, int]) -> bytes | None:
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def _keep(self, key: tuple[str, int, int], png: bytes) -> None:
        with self._lock:
            self._pictures[key] = png
            while sum(map(len, self._pictures.values())) > MAX_KEPT_BYTES:
                self._pictures.popitem(last=False)
