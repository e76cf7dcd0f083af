"""A source in a real browser: as wide as one wants, zoomed, searched, of any length, downloaded."""

import io
import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import (
    IN_BROWSER,
    Visit,
    ask,
    keep_picture,
    place,
    serving,
    strong_text,
    wait_for_picture,
)
from paged import N_LINES, PagedAssistant, box_of
from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas
from surface_fakes import HANDBOOK, FakeAssistant, document

from assistant.values import DocumentId

pytestmark = IN_BROWSER
LINES = [f"Line {n}: the mill 𝕏 turned for hours." for n in range(40_000)]
ACCRUES = "Employees accrue two days of leave per month."


def open_source(page: Page, question: str) -> None:
    ask(page, question).locator(".cite").first.click()
    page.wait_for_selector("#panel .source")


def test_the_pane_is_resized_by_mouse_and_keys_and_remembered(visit: Visit) -> None:
    page = visit()
    open_source(page, "typhoon")
    handle, before = place(page, "#side-handle"), place(page, "#side")["width"]
    page.mouse.move(handle["x"] + 4, 400)
    page.mouse.down()
    page.mouse.move(handle["x"] - 196, 400, steps=4)
    page.mouse.up()
    dragged = place(page, "#side")["width"]
    assert abs(dragged - before - 200) < 15
    page.locator("#side-handle").focus()
    page.keyboard.press("ArrowRight")
    narrower = place(page, "#side")["width"]
    assert narrower < dragged - 30
    page.reload()
    page.wait_for_selector("#panel .documents")
    assert abs(place(page, "#side")["width"] - narrower) < 15
    page.locator("#turn-1 .cite").first.click()
    page.click(".widen")
    expect(page.locator("#talk")).to_be_hidden()
    assert strong_text(page)
    keep_picture(page, "source-full")
    page.click(".widen")
    expect(page.locator("#talk")).to_be_visible()


def test_a_page_is_zoomed_and_gone_to_and_the_marks_stay_on_it(visit: Visit) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at)
        open_source(page, "report")
        wait_for_picture(page)
        fitting = place(page, ".page-view img")["width"]
        page.click("[aria-label='Zoom in']")
        page.click("[aria-label='Zoom in']")
        sheet, box = place(page, ".page-view img"), place(page, ".box >> nth=0")
        assert sheet["width"] > 1.5 * fitting
        assert abs((box["y"] - sheet["y"]) / sheet["height"] - 0.70) < 0.01
        assert page.evaluate("document.documentElement.scrollWidth") <= 1400
        keep_picture(page, "page-zoomed")
        page.click(".zooming >> text=Fit")
        assert abs(place(page, ".page-view img")["width"] - fitting) < 2
        expect(page.locator(".turning option")).to_have_count(5)
        page.locator(".turning select").select_option("5")
        expect(page.locator(".turning .at")).to_have_text("p. 5 of 5")
        page.click("[aria-label='Previous page']")
        expect(page.locator(".turning select")).to_have_value("4")
        page.fill(".finding input", "page 5 LINE 7:")
        expect(page.locator(".found")).to_have_text("1 of 1 · p. 5")
        expect(page.locator(".turning .at")).to_have_text("p. 5 of 5")


def test_what_is_found_is_marked_on_the_picture_of_its_page(visit: Visit) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at)
        open_source(page, "report")
        wait_for_picture(page)
        page.fill(".finding input", "line 17: the river")
        expect(page.locator(".found")).to_have_text("1 of 5 · p. 1")
        strong = page.locator(".box.sought.strong:not([hidden])")

        expect(strong).to_have_count(1)
        sheet, box = place(page, ".page-view img"), place(page, ".box.sought.strong")
        assert abs((box["y"] - sheet["y"]) / sheet["height"] - box_of(1, 17).top) < 0.01
        expect(strong).to_be_in_viewport()
        page.click("[aria-label='Previous place']")
        expect(page.locator(".found")).to_have_text("5 of 5 · p. 5")
        page.click("[aria-label='Previous place']")
        expect(page.locator(".turning .at")).to_have_text("p. 4 of 5")
        expect(strong).to_have_count(1)
        expect(strong).to_be_in_viewport()
        page.fill(".finding input", "over the night")
        expect(page.locator(".box.sought:not([hidden])")).to_have_count(N_LINES)
        expect(strong).to_have_count(1)
        keep_picture(page, "found-on-page")
        page.locator(".turning select").select_option("3")
        expect(page.locator(".box.sought:not([hidden])")).to_have_count(N_LINES)
        expect(page.locator(".box:not(.sought):not([hidden])")).to_have_count(2)
        page.click(".seeing >> text='Text'")
        marked = "[...CSS.highlights.get('found')].map(String).join()"
        page.wait_for_function(f"CSS.highlights.has('found') && {marked} === 'over the night'")
        page.click(".seeing >> text='Page'")
        expect(strong).to_have_count(1)
        page.fill(".finding input", "nowhere at all")
        expect(page.locator(".box.sought")).to_have_count(0)


def long_assistant() -> FakeAssistant:
    made = FakeAssistant()
    text = "\n\n".join([*LINES[:20_000], HANDBOOK, *LINES[20_000:]])
    held = document("handbook.md", text, "Leave policy", title="Staff handbook")
    made.held[held.document_id] = held
    return made


def test_a_text_of_any_length_goes_on_where_one_scrolls_and_the_page_stays_small(
    visit: Visit,
) -> None:
    with serving(long_assistant()) as (at, _):
        page = visit(at)
        open_source(page, "leave")
        assert strong_text(page) == ACCRUES

        def shown() -> tuple[int, int]:
            found = page.evaluate(
                """[...document.querySelectorAll('.part')]
                    .map((part) => [+part.dataset.start, +part.dataset.end])"""
            )
            assert all(a[1] == b[0] for a, b in pairwise(found))
            return found[0][0], found[-1][1]

        first = shown()
        for _ in range(12):
            page.evaluate("(s => s.scrollTo(0, s.scrollHeight))(document.getElementById('side'))")
            page.wait_for_timeout(150)
            shown()
        later = shown()
        assert later[0] > first[1]
        assert later[1] - later[0] <= 260_000
        text = page.evaluate("document.querySelector('.source-text .text').textContent")
        assert text == long_assistant().document("handbook.md").text[later[0] : later[1]]
        for _ in range(14):
            page.evaluate("document.getElementById('side').scrollTo(0, 0)")
            page.wait_for_timeout(150)
        assert shown()[0] < first[0]


def test_words_are_found_in_the_whole_document_and_one_goes_through_them(visit: Visit) -> None:
    with serving(long_assistant()) as (at, _):
        page = visit(at)
        open_source(page, "leave")
        page.fill(".finding input", "LINE 39999: the  mill")
        expect(page.locator(".found")).to_have_text("1 of 1")
        marked = "[...CSS.highlights.get('found')].map(String).join()"
        page.wait_for_function("CSS.highlights.has('found')")
        assert page.evaluate(marked) == "Line 39999: the mill"
        page.fill(".finding input", "per month")
        page.wait_for_function(f"CSS.highlights.has('found') && {marked} === 'per month'")
        expect(page.locator("#cited-span")).to_be_in_viewport()
        assert strong_text(page) == ACCRUES, "it is marked again where it comes back"
        page.fill(".finding input", "mill")
        expect(page.locator(".found")).to_have_text("1 of 2,000+")
        page.keyboard.press("Enter")
        expect(page.locator(".found")).to_have_text("2 of 2,000+")
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".found")).to_have_text("2,000 of 2,000+")
        page.fill(".finding input", "windmill nowhere")
        expect(page.locator(".found")).to_have_text("Not found")
        keep_picture(page, "found")


def test_a_search_that_failed_does_not_say_that_nothing_was_found(visit: Visit) -> None:
    with serving(made := long_assistant()) as (at, _):
        page = visit(at)
        open_source(page, "leave")
        page.wait_for_load_state("networkidle")  # else what is still fetched of it fails, too
        held = made.held.pop(DocumentId("handbook.md"))
        page.fill(".finding input", "per month")
        expect(page.locator(".found")).to_contain_text("Not searched: ")
        made.held[held.document_id] = held
        page.fill(".finding input", "per  month")
        expect(page.locator(".found")).to_have_text("1 of 1")
    (fault,) = visit.faults
    assert "404" in fault
    visit.faults.clear()


def test_the_file_itself_is_downloaded(visit: Visit) -> None:
    page = visit()
    open_source(page, "typhoon")
    with page.expect_download() as given:
        page.click(".file >> text=Download")
    assert given.value.suggested_filename == "typhoon.txt"
    assert given.value.path().read_bytes() == FakeAssistant().original("news/typhoon.txt")


class Printed(PagedAssistant):
    """Has a real file behind its pages."""

    def original(self, document_id: str) -> bytes:
        made = io.BytesIO()
        canvas = Canvas(made)
        canvas.drawString(100, 600, self.document(document_id).text[:40])
        canvas.save()
        return made.getvalue()


def test_a_pdf_is_opened_in_the_browsers_own_viewer_and_downloaded_by_its_name(
    visit: Visit,
) -> None:
    with serving(Printed()) as (at, _):
        page = visit(at)
        open_source(page, "report")
        with page.expect_download() as given:
            page.click(".file >> text=Download")
        assert given.value.suggested_filename == "annual & _b_.pdf", "as far as a name may be"
        assert given.value.path().read_bytes().startswith(b"%PDF")
        with page.context.expect_page() as opened:
            page.click(".file >> text=Open")
        opened.value.wait_for_load_state()
        assert "inline=true" in opened.value.url
        assert opened.value.evaluate("document.contentType") == "application/pdf"
        keep_picture(opened.value, "pdf-opened")
        expect(page.locator("#panel .source")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_a_source_is_read_well_in_any_window_and_by_any_reader(
    visit: Visit, width: int, scheme: str
) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at, color_scheme=scheme, viewport={"width": width, "height": 800})
        open_source(page, "report")
        wait_for_picture(page)
        page.fill(".finding input", "river")
        expect(page.locator(".found")).to_have_text(re.compile("1 of"))
        page.wait_for_timeout(400)
        keep_picture(page, f"reading-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
