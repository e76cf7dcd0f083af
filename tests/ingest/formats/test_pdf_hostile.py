"""PDF files made to hurt their reader: each ends in a reason, in bounded time and memory."""

import time
from collections.abc import Callable, Iterator

import pytest
from ingest.formats.pdf_made import (
    PAGE_OBJECTS,
    Sheet,
    flate_bomb,
    of_objects,
    stream,
    with_content,
)
from ingest.reading import within

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers

FORM = "/Type/XObject/Subtype/Form/BBox[0 0 400 600]"
DEEP_PAGES = [
    "<</Type/Catalog/Pages 2 0 R>>",
    *(
        f"<</Type/Pages/Count 1/Parent {max(n - 1, 1)} 0 R/Kids[{n + 1} 0 R]>>"
        for n in range(2, 3_000)
    ),
    "<</Type/Page/Parent 2999 0 R/MediaBox[0 0 9 9]>>",
]
HOSTILE: dict[str, Callable[[], bytes]] = {
    "no pages": lambda: of_objects(
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 0/Kids[]>>"
    ),
    "pages that hold themselves": lambda: of_objects(
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 9/Parent 2 0 R/Kids[2 0 R 2 0 R]>>"
    ),
    "a count of pages that lies": lambda: of_objects(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 2000/Kids[3 0 R]>>",
        *PAGE_OBJECTS[2:],
        stream(b""),
    ),
    "pages nested deeply": lambda: of_objects(*DEEP_PAGES),
    "a form that draws itself": lambda: with_content(
        b"/X Do", "", stream(b"/X Do /X Do", f"{FORM}/Resources<</XObject<</X 6 0 R>>>>")
    ),
    "a stream that is far larger than the file": lambda: flate_bomb(1_000_000_000),
    "a stream packed twice": lambda: flate_bomb(1_000_000_000, 2),
    "brackets nested deeply": lambda: with_content(b"[" * 1_000_000),
    "a table of places that goes round": lambda: (
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer"
        b"<</Root 1 0 R/Size 1/Prev 9>>\nstartxref\n9\n%%EOF\n"
    ),
    "nothing but its first line": lambda: b"%PDF-1.7\n",
}
UNTIDY = {
    "words all over the page": b"".join(
        b"1 0 0 1 %d.%d %d.%d Tm(%d)Tj " % (n % 397, n % 10, n % 593, n % 7, n)
        for n in range(30_000)
    ),
    "rows that lie on each other": b"1 0 0 1 50 590 Tm "
    + b"".join(b"(%d)Tj 0 -0.1 Td " % n for n in range(5_000)),
    "a grid of gaps": b"".join(
        b"1 0 0 1 %d %d Tm(%d)Tj " % (40 * x, 6 * y, x + y) for y in range(100) for x in range(10)
    ),
    "a stair of gaps": b"".join(
        b"1 0 0 1 %d %d Tm(%d)Tj 1 0 0 1 %d %d Tm(%d)Tj " % (y, y, y, y + 60, y, y)
        for y in range(3, 340)
    ),
    "one word without an end": b"1 0 0 1 50 50 Tm " + b"(xyz)Tj " * 50_000,
    "numbers that are none": b"1e38 Tf -1e38 1e38 nan inf 9e99 -9e99 Tm(x)Tj 0 Tf(y)Tj",
}


@pytest.fixture(scope="module")
def parsers() -> Iterator[Parsers]:
    with Parsers(Limits(max_chars=200_000, timeout_s=10, memory_bytes=1_000_000_000)) as parsers:
        yield parsers


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_time_and_harms_no_other(parsers: Parsers, kind: str) -> None:
    with within(20, time.monotonic), pytest.raises(DocumentUnreadable) as caught:
        parsers.parse(HOSTILE[kind](), sniff.PDF)
    assert caught.value.fault is not Fault.UNSUPPORTED
    sheet = Sheet()
    sheet.line(50, 50, "The next file.")
    assert parsers.parse(sheet.bytes(), sniff.PDF).text == "The next file."


@pytest.mark.parametrize("kind", UNTIDY)
def test_a_page_that_is_a_mess_is_read_or_refused_in_time(parsers: Parsers, kind: str) -> None:
    fault = None
    with within(10, time.monotonic):
        try:
            parsers.parse(with_content(b"BT/F 5 Tf " + UNTIDY[kind] + b" ET"), sniff.PDF)
        except DocumentUnreadable as error:
            fault = error.fault
    assert fault in (None, Fault.TOO_LARGE, Fault.NO_TEXT)


def test_a_span_is_found_and_a_page_drawn_in_the_child_as_well(parsers: Parsers) -> None:
    sheet = Sheet()
    for number in range(1, 4):
        sheet.line(50, 50, f"This is the page of number {number}.")
        sheet.next_page()
    data = sheet.bytes()
    parsed = parsers.parse(data, sniff.PDF)
    start = parsed.text.index("number 2")
    (box,) = parsers.locate(data, sniff.PDF, (start, start + 8), parsed.pages).boxes
    assert box.page == 2
    assert parsers.draw(data, sniff.PDF, 2, 300).startswith(b"\x89PNG")
