"""Pages of documents as pictures, over HTTP: `GET /api/page`.

Comes in: a document's id, a page's number, a width and perhaps the document's sha256, untrusted.
Goes out: a PNG picture of that page as it was indexed, which the browser must ask for anew.
Refuses, as one line of JSON, what the index does not hold (404), what has no pages to show (415),
what has changed since (409), pages of other sites (403), and more drawings than can be made (503).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from assistant.answering import Answering
from assistant.errors import Busy, CorpusError, DocumentUnreadable
from assistant.ingest.sniff import PDF
from assistant.serve.access import failure, is_foreign
from assistant.serve.admission import RETRY_S
from assistant.values import Document

PICTURES = "/api/page"
CHANGED = "DocumentChanged"
WIDTHS = (400, 800, 1_200, 1_600, 2_000)
"""Pixels; a request gets the next larger one, so that few pictures serve all windows."""
AT_ONCE = 2
"""Drawings at the same time: each keeps a core busy for some tenths of a second."""
WAIT_S = 10.0
MAX_WAITING = 8
"""Each that waits takes one of the server's forty threads."""
MAX_KEPT_BYTES = 32_000_000
"""Some hundred pictures of pages."""

Draw = Callable[[str, int, int], bytes]


def add_pictures(app: FastAPI, assistant: Answering) -> None:
    """Add the route to the app."""
    drawer = Drawer(assistant.draw)

    @app.get(PICTURES)
    def page_picture(
        request: Request,
        document: str,
        page: Annotated[int, Query(ge=1, le=1_000_000)],
        width: int = WIDTHS[2],
        version: str = "",
    ) -> Response:
        if is_foreign(request.headers):
            return failure(403, "OriginError", "another site's page may not show this")
        found = assistant.document(document)
        require_page(found, page)
        if version not in {"", found.sha256}:
            return failure(409, CHANGED, f"{document!r} has changed since")
        # The gate's `nosniff` and `same-origin` come on top, as on every response.
        headers = {"ETag": f'"{found.sha256}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        try:
            png = drawer.draw(found, page, choose_width(width))
        except DocumentUnreadable:  # its own kind of `CorpusError`, with a status of its own
            raise
        except CorpusError as error:  # the index holds it, so it is the file that is another one
            return failure(409, CHANGED, str(error))
        return Response(png, media_type="image/png", headers=headers)


def can_show(document: Document) -> bool:
    """Whether a document has pages of which there are pictures."""
    return document.media_type == PDF and bool(document.pages)


def require_page(document: Document, page: int) -> None:
    """Refuse a page that cannot be shown.

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
    """Return the width that a picture gets.

    >>> choose_width(-1), choose_width(900), choose_width(99_999)
    (400, 1200, 2000)
    """
    return next((width for width in WIDTHS if width >= wanted), WIDTHS[-1])


class Drawer:
    """Draws pages, a few at once, and keeps the pictures. Safe to share between threads."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._drawing = threading.BoundedSemaphore(AT_ONCE)
        self._places = threading.BoundedSemaphore(AT_ONCE + MAX_WAITING)
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def draw(self, document: Document, page: int, width: int) -> bytes:
        """Return the picture of a page, PNG.

        Raises:
            Busy: too many pages are being drawn.
            CorpusError, DocumentUnreadable: the file is gone, has changed, or cannot be shown.
        """
        key = (document.sha256, page, width)
        if (kept := self._recall(key)) is not None:
            return kept
        with _Place(self._places, 0.0), _Place(self._drawing, WAIT_S):
            if (kept := self._recall(key)) is not None:  # drawn while this one waited
                return kept
            png = self._draw(document.document_id, page, width)
        self._keep(key, png)
        return png

    def _recall(self, key: tuple[str, int, int]) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[str, int, int], png: bytes) -> None:
        with self._lock:
            self._kept[key] = png
            while sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
                self._kept.popitem(last=False)


class _Place:
    """A place among those who draw or wait, for the length of a block."""

    def __init__(self, places: threading.BoundedSemaphore, timeout_s: float) -> None:
        self._places = places
        self._timeout_s = timeout_s

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=self._timeout_s):
            raise Busy(f"too many pages are being drawn; ask again in {RETRY_S} seconds")

    def __exit__(self, *_: object) -> None:
        self._places.release()
