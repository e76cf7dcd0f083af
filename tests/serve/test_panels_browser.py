"""The panels beside the conversation in a real browser: when they open, and how they close."""

import re
from typing import Any

import pytest
from browsing import IN_BROWSER, Visit, ask, keep_picture
from playwright.sync_api import Page, expect

pytestmark = IN_BROWSER
NARROW = [390, 820, 1000]


def open_at(visit: Visit, width: int, **options: Any) -> Page:
    return visit(viewport={"width": width, "height": 800}, **options)


@pytest.mark.parametrize("width", NARROW)
def test_the_conversation_is_what_one_sees_and_a_sync_covers_nothing(
    visit: Visit, width: int
) -> None:
    page = open_at(visit, width)
    for panel in ("#nav", "#side"):
        expect(page.locator(panel)).to_be_hidden()
    page.click("#toggle-side")
    page.click("[data-event=sync]")
    page.click(".documents-head .close")
    expect(page.locator("#panel .notice")).to_have_text(re.compile("Synced"))
    expect(page.locator("#side")).to_be_hidden()
    ask(page, "typhoon")
    page.wait_for_timeout(300)
    expect(page.locator("#side")).to_be_hidden()
    assert page.locator("#conversation").bounding_box()["width"] > 0.95 * width  # type: ignore[index]


@pytest.mark.parametrize("width", NARROW)
@pytest.mark.parametrize("way", ["back", "escape", "outside"])
def test_a_panel_closes_by_back_by_escape_and_by_a_tap_outside(
    visit: Visit, width: int, way: str
) -> None:
    page = open_at(visit, width)
    ask(page, "typhoon")
    address = page.url
    for button, panel in (("#toggle-nav", "#nav"), ("#turn-1 .cite >> nth=0", "#side")):
        page.click(button)
        expect(page.locator(panel)).to_be_visible()
        page.wait_for_timeout(250)
        keep_picture(page, f"panel-{panel[1:]}-{width}")
        if way == "back":
            page.go_back()
        elif way == "escape":
            page.keyboard.press("Escape")
        elif panel == "#nav" or width > 600:
            page.mouse.click(width - 10 if panel == "#nav" else 10, 600)
        else:  # a phone has no outside of a source
            continue
        expect(page.locator(panel)).to_be_hidden()
        assert page.url == address
        expect(page.locator(".turn")).to_have_count(1)
    page.wait_for_timeout(200)
    assert page.evaluate("!history.state || !history.state.panel") or width < 600


def test_back_leaves_a_source_before_it_leaves_the_conversation(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon")
    address = page.url
    page.locator("#turn-1 .cite").first.click()
    page.wait_for_selector("#cited-span")
    page.wait_for_function("history.state && history.state.panel")
    page.go_back()
    expect(page.locator("#panel .documents")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(1)
    assert page.url == address


@pytest.mark.parametrize("width", NARROW)
def test_a_new_conversation_closes_the_drawer_and_back_returns_to_the_old_one(
    visit: Visit, width: int
) -> None:
    page = open_at(visit, width)
    ask(page, "typhoon")
    page.click("#toggle-nav")
    page.click("#new")
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator("#nav")).to_be_hidden()
    page.go_back()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator("#nav")).to_be_hidden()
