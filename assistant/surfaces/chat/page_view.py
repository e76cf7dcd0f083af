"""A document with pages, and the boxes of a quote -> which picture is shown, and what is marked.

Comes in: a document of the index, the page to begin at, the boxes of the quote as shares of the
page, made by a child process and not believed. Goes out: a `PageView` for the template, with the
address of a picture that the browser asks `pictures.py` for. Refuses nothing: a box that lies
outside of its page marks nothing.
"""

from collections.abc import Sequence
from urllib.parse import quote

from assistant.places import Box, describe_page
from assistant.surfaces.pictures import PICTURES, WIDTHS
from assistant.surfaces.render import PageView
from assistant.values import Document

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
