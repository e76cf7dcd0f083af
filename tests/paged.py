"""A scripted assistant over a document with pages, which draws them."""

import io
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageDraw, ImageFont
from surface_fakes import HOSTILE, FakeAssistant, answer, cite

from assistant.errors import DocumentChanged, DocumentUnreadable, Fault
from assistant.values import (
    Answer,
    Box,
    Citation,
    Document,
    DocumentId,
    FileRecord,
    Origin,
    Page,
    Status,
)

N_LINES, MARGIN = 40, 0.1
LINES = tuple(
    tuple(
        f"Page {page} line {line}: the river rose again over the night." for line in range(N_LINES)
    )
    for page in range(1, 6)
)
PAGES = tuple("\n".join(lines) for lines in LINES)
REPORT = "\n\n".join(PAGES)
TITLE = f"Annual report 2031 {HOSTILE}"
FIRST = f"{LINES[2][30]}\n{LINES[2][31]}"
"""A quote of two lines far down on page 3."""
OVER = f"{LINES[3][39]}\n\n{LINES[4][0]}"
"""A quote from the last line of page 4 to the first one of page 5."""


def report() -> Document:
    """Return a document of five pages."""
    starts = [REPORT.index(page) for page in PAGES]
    return Document(
        DocumentId("reports/annual & <b>.pdf"),
        "a" * 64,
        TITLE,
        "application/pdf",
        REPORT,
        tuple(
            Page(n, start, start + len(text))
            for n, (start, text) in enumerate(zip(starts, PAGES, strict=True), start=1)
        ),
    )


def box_of(page: int, line: int) -> Box:
    """Return where a line is drawn."""
    height = (1 - 2 * MARGIN) / N_LINES
    top = MARGIN + line * height
    return Box(page, MARGIN, top, 0.78, top + 0.8 * height)


def draw_page(lines: Sequence[str], width: int) -> bytes:
    """Return a picture of a page with these lines."""
    height = int(width * 1.414)
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=width / 45)
    for n, line in enumerate(lines):
        top = (MARGIN + n * (1 - 2 * MARGIN) / N_LINES) * height
        pen.text((MARGIN * width, top), line, fill="black", font=font)
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


class PagedAssistant(FakeAssistant):
    """Answers `report` with a quote on page 3, `over` with one over two pages; else abstains.

    Once `is_changed` is set the file is another one than was indexed.
    """

    def __init__(self, pause_s: float = 0.0) -> None:
        super().__init__(pause_s)
        made = report()
        self.held = {made.document_id: made} | self.held
        self.is_changed = False
        self.drawn: list[tuple[str, int, int]] = []
        self.n_drawing, self.most_drawing = 0, 0
        self.draw_s = 0.0
        self._lock = threading.Lock()

    def origin(self, citation: Citation) -> Origin:
        self._require()
        if citation.quote == FIRST:
            return Origin(boxes=(box_of(3, 30), box_of(3, 31)))
        return Origin(boxes=(box_of(4, 39), box_of(5, 0)))

    def original(self, document_id: str) -> bytes:
        self._require()
        return super().original(document_id)

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        self._require()
        with self._lock:
            self.drawn.append((document_id, page, width))
            self.n_drawing += 1
            self.most_drawing = max(self.most_drawing, self.n_drawing)
        time.sleep(self.draw_s)
        with self._lock:
            self.n_drawing -= 1
        if page == 2:
            raise DocumentUnreadable("damaged: page 2 cannot be drawn", Fault.CORRUPT)
        return draw_page(LINES[page - 1], width)

    def documents(self) -> tuple[FileRecord, ...]:
        made = report()
        held = FileRecord(
            made.document_id,
            Status.INDEXED,
            None,
            made.title,
            9,
            99,
            copies=(DocumentId("copy <i>.pdf"),),
            near=(DocumentId("draft.pdf"), DocumentId("b.pdf"), DocumentId("c"), DocumentId("d")),
        )
        locked = FileRecord(
            DocumentId("locked.pdf"),
            Status.SKIPPED,
            "save it without a password",
            "locked.pdf",
            0,
            9,
            fault=Fault.ENCRYPTED,
        )
        return (held, *super().documents()[1:], locked)

    def _require(self) -> None:
        if self.is_changed:
            raise DocumentChanged("the file has changed; sync first")

    def _answer(self, question: str) -> Answer:
        made = self.held[report().document_id]
        quotes = {"report": (FIRST, OVER), "over": (OVER,)}.get(question, ())
        cited = [cite(n, made, quote, page=3) for n, quote in enumerate(quotes, start=1)]
        cited = [replace(one, copies=(DocumentId("copy <i>.pdf"),)) for one in cited]
        return answer(question, *cited)
