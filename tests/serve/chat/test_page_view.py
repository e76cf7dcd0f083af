"""The picture of a page beside the chat: which page, which boxes, and nothing unescaped."""

import math
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from dom import attribute, first, parse, present
from hypothesis import given
from hypothesis import strategies as st
from paged import FIRST, TITLE, PagedAssistant, box_of, report
from selectolax.lexbor import LexborNode

from assistant.serve.chat.render import render_part
from assistant.serve.chat.sources import show_source, view_page
from assistant.serve.chat.turns import Turn
from assistant.values import Box, DocumentId

REPORT = report()
TURNS = (Turn(1, "report", PagedAssistant().ask("report")),)


def opened(reference: str, assistant: PagedAssistant | None = None) -> LexborNode:
    html = show_source(assistant or PagedAssistant(), reference, TURNS)
    return parse(present(html))


def address(picture: LexborNode) -> dict[str, str]:
    split = urlsplit(attribute(picture, "src"))
    assert (split.scheme, split.netloc, split.path) == ("", "", "api/page")
    return {name: values[0] for name, values in parse_qs(split.query).items()}


def test_a_citation_of_a_document_with_pages_opens_at_its_page_with_its_boxes() -> None:
    body = opened("cite-1-1")
    picture = first(body, ".page-view img")
    assert picture.attributes["alt"] == f"Page 3 of {TITLE}"
    assert address(picture) == {
        "document": REPORT.document_id,
        "page": "3",
        "width": "1200",
        "version": REPORT.sha256,
    }
    styles = [box.attributes["style"] for box in body.css(".box")]
    assert styles == [
        "left:10.000%;top:70.000%;width:68.000%;height:1.600%",
        "left:10.000%;top:72.000%;width:68.000%;height:1.600%",
    ]
    assert "hidden" in first(body, ".source-text").attributes
    assert first(body, "#cited-span").text() == FIRST.split("\n")[0] + "\n" + FIRST.split("\n")[1]


def test_a_quote_over_two_pages_has_its_boxes_on_both() -> None:
    body = opened("cite-1-2")
    boxes = [(box.attributes["data-page"], "hidden" in box.attributes) for box in body.css(".box")]
    assert boxes == [("4", False), ("5", True)]
    assert first(body, ".turning .at").text() == "p. 4 of 5"


def test_a_document_that_is_opened_by_itself_begins_at_its_first_page() -> None:
    body = opened("doc-reports%2Fannual%20%26%20%3Cb%3E.pdf")
    assert address(first(body, ".page-view img"))["page"] == "1"
    previous, following = body.css(".turning button")
    assert previous.attributes["aria-disabled"] == "true"
    assert following.attributes["aria-disabled"] == "false"
    assert not body.css(".box")


def test_the_place_of_a_document_without_another_name_is_its_page_alone() -> None:
    fake = PagedAssistant()
    fake.held[REPORT.document_id] = replace(REPORT, title=REPORT.document_id)
    assert first(opened("cite-1-1", fake), ".source-head .where").text() == "p. 3"


def test_a_document_without_pages_is_text_as_before() -> None:
    body = opened("doc-handbook.md")
    assert not body.css(":is(.page-view, .turning, .zooming, [data-see='page'])")
    assert "hidden" not in first(body, ".source-text").attributes


def test_a_file_that_has_changed_is_a_notice_and_no_picture() -> None:
    fake = PagedAssistant()
    fake.is_changed = True
    body = opened("cite-1-1", fake)
    assert "The page cannot be shown" in first(body, ".notice").text()
    assert "the file has changed" in first(body, ".notice").text()
    assert not body.css(":is(.page-view, img)")
    assert first(body, "#cited-span")
    fake.held[REPORT.document_id] = replace(REPORT, text=REPORT.text.replace("river", "brook"))
    body = opened("cite-1-1", fake)
    assert "has changed since this answer" in first(body, ".notice").text()
    assert not body.css("img")


shares = st.floats() | st.sampled_from([-1.0, 0.0, 0.5, 1.0, 1.1, math.nan, math.inf])


@given(st.lists(st.builds(Box, st.integers(-2, 9), shares, shares, shares, shares), max_size=9))
def test_boxes_lie_on_their_page_whatever_a_parser_says(boxes: list[Box]) -> None:
    body = parse(render_part("page_view", view_page(REPORT, 2, boxes), REPORT))
    for box in body.css(".box"):
        values = [
            float(render_part.split(":")[1][:-1])
            for render_part in attribute(box, "style").split(";")
        ]
        left, top, width, height = values
        assert 0 <= left <= left + width <= 100.01
        assert 0 <= top <= top + height <= 100.01
        assert 1 <= int(attribute(box, "data-page")) <= 5
    assert 1 <= int(attribute(first(body, ".page-view"), "data-page")) <= 5
    assert attribute(first(body, "img"), "alt").startswith("Page ")


@pytest.mark.parametrize("title", ['" onerror="alert(1)', "<script>alert(1)</script>", "a\0b"])
def test_a_title_is_text_in_whatever_it_stands(title: str) -> None:
    made = replace(REPORT, title=title, document_id=DocumentId(title))
    body = parse(render_part("page_view", view_page(made, 1, [box_of(1, 1)]), made))
    assert {node.tag for node in body.css("*")} <= {"body", "div", "button", "span", "img", "p"}
    picture = first(body, "img")
    assert set(picture.attributes) == {"src", "srcset", "sizes", "alt"}
    shown = title.replace("\0", "\ufffd")
    assert picture.attributes["alt"] == f"Page 1 of {shown}"
    assert address(picture)["document"] == title
