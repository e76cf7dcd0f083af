"""PDF: text in reading order, with the page and the place of everything that was drawn."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_made import HEIGHT, WIDTH, Drawn, Sheet, encrypted, paragraphs, unlike_words
from PIL import Image

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.formats.pdf import draw, locate, parse
from assistant.ingest.limits import Limits
from assistant.ingest.normalize import normalize
from assistant.places import Box


def blocks(parsed: Parsed) -> list[str]:
    return [parsed.text[start:end] for start, end in parsed.blocks]


def boxes_of(data: bytes, parsed: Parsed, quote: str) -> tuple[Box, ...]:
    start = parsed.text.index(quote)
    span = (start, start + len(quote))
    near = [page for page in parsed.pages if page.start < span[1] and page.end > span[0]]
    return locate(data, span, near).boxes


def shared(box: Box, drawn: tuple[float, float, float, float]) -> float:
    """Return how much of two boxes together is of both."""
    left, top, right, bottom = drawn
    across = min(box.right, right) - max(box.left, left)
    down = min(box.bottom, bottom) - max(box.top, top)
    both = max(across, 0) * max(down, 0)
    areas = (box.right - box.left) * (box.bottom - box.top) + (right - left) * (bottom - top)
    return both / (areas - both)


def require_places(data: bytes, parsed: Parsed, drawn: list[Drawn]) -> None:
    for line in drawn:
        boxes = boxes_of(data, parsed, line.text)
        assert [box.page for box in boxes] == [line.page]
        assert shared(boxes[0], line.box) > 0.7, (line, boxes)
        page = parsed.pages[line.page - 1]
        assert page.start <= parsed.text.index(line.text) < page.end


def require_canonical(parsed: Parsed) -> None:
    assert normalize(parsed.text)[0] == parsed.text
    position = 0
    for start, end in parsed.blocks:
        assert position <= start < end <= len(parsed.text)
        assert parsed.text[start:end] == parsed.text[start:end].strip() != ""
        position = end


def require_said(parsed: Parsed, lines: list[str]) -> None:
    assert " ".join(parsed.text.split()) == " ".join(lines)


LAYOUTS = st.fixed_dictionaries(
    {
        "rotation": st.sampled_from([0, 90, 180, 270]),
        "crop": st.sampled_from([None, (20.0, 10.0, 390.0, 580.0)]),
    }
)
COUNTS = st.lists(st.integers(8, 60), min_size=1, max_size=4)
LONG_COUNTS = st.lists(st.integers(25, 45), min_size=1, max_size=2)


@settings(max_examples=30)
@given(LAYOUTS, st.lists(COUNTS, min_size=1, max_size=3))
def test_every_line_of_a_column_is_found_where_it_was_drawn(
    layout: dict[str, Any], pages: list[list[int]]
) -> None:
    sheet, words = Sheet(**layout), unlike_words()
    for number, counts in enumerate(pages):
        if number:
            sheet.next_page()
        sheet.lines(paragraphs(50, 60, 300, words, counts))
    data = sheet.bytes()
    parsed = parse(data)
    require_canonical(parsed)
    require_places(data, parsed, sheet.drawn)
    require_said(parsed, [line.text for line in sheet.drawn])
    assert len(parsed.blocks) == sum(map(len, pages))


@settings(max_examples=50)
@given(
    LAYOUTS,
    st.tuples(LONG_COUNTS, LONG_COUNTS),
    st.sampled_from(["by column", "by row", "right first"]),
    st.floats(12, 30),
    st.sampled_from([0.0, 6.0, 12.0]),
    st.booleans(),
)
def test_columns_are_read_one_after_the_other(
    layout: dict[str, Any],
    counts: tuple[list[int], list[int]],
    order: str,
    gutter: float,
    lower: float,
    has_title: bool,
) -> None:
    words = unlike_words()
    left = paragraphs(50, 90, 140, words, counts[0])
    right = paragraphs(190 + gutter, 90 + lower, 140, words, counts[1])
    title = [(50.0, 70.0, "A title across, over both of the columns as wide as they are.")]
    orders = {
        "by column": left + right,
        "by row": sorted(left + right, key=lambda line: (line[1], line[0])),
        "right first": right + left,
    }
    sheet = Sheet(**layout)
    sheet.lines(title * has_title + orders[order])
    data = sheet.bytes()
    parsed = parse(data)
    require_canonical(parsed)
    require_places(data, parsed, sheet.drawn)
    require_said(parsed, [text for _, _, text in title * has_title + left + right])


@settings(max_examples=30)
@given(
    LAYOUTS,
    st.lists(st.lists(st.integers(1, 2), min_size=3, max_size=3), min_size=3, max_size=12),
    st.booleans(),
)
def test_the_cells_of_a_table_row_are_one_block(
    layout: dict[str, Any], table: list[list[int]], is_by_column: bool
) -> None:
    words = unlike_words()
    cells = [
        (40.0 + 112 * column, 100.0 + 14 * row, " ".join(next(words) for _ in range(n_words)))
        for row, counts in enumerate(table)
        for column, n_words in enumerate(counts)
    ]
    sheet = Sheet(**layout)
    sheet.lines(sorted(cells) if is_by_column else cells)
    data = sheet.bytes()
    parsed = parse(data)
    require_places(data, parsed, sheet.drawn)
    rows = [" | ".join(text for _, _, text in cells[n : n + 3]) for n in range(0, len(cells), 3)]
    assert blocks(parsed) == rows
