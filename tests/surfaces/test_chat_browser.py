"""The chat in a real browser: what a person sees and what leaves the page."""

import os
import re
import shutil
import socket
import threading
import time

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright
from surface_fakes import FakeAssistant

from assistant.surfaces.chat.conversation import STOPPED
from assistant.surfaces.chat.sources import UNKNOWN
from assistant.surfaces.http import build_app

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which(CHROMIUM), reason=f"no chromium at {CHROMIUM}; set $CHROMIUM"
    ),
]


@pytest.fixture(scope="module")
def address():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = build_app(FakeAssistant(pause_s=0.05))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser, address):
    """Open pages that record whatever should not happen on them, and check it at the end."""
    faults: list[str] = []
    contexts = []

    def check_request(request):
        if not request.url.startswith((address, "data:", "blob:")):
            faults.append(f"request to {request.url}")

    def check_console(message):
        if message.type == "error":
            faults.append(f"console: {message.text}")

    def opened(**options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", check_request)
        page.on("console", check_console)
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.goto(address)
        expect(page.locator(".documents li")).to_have_count(4)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def strong_text(page: Page) -> str:
    page.wait_for_selector("#cited-span")
    return "".join(page.locator("mark.strong").all_text_contents())


def is_in_view(page: Page, selector: str) -> bool:
    page.wait_for_timeout(200)
    box, size = page.locator(selector).bounding_box(), page.viewport_size
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("question", ["typhoon", "leave", "hostile"])
def test_each_mark_opens_the_source_at_exactly_its_quote(visit, question):
    page = visit()
    ask(page, question)
    citations = FakeAssistant().ask(question).citations
    expect(page.locator("#turn-1 .cite")).to_have_count(len(citations))
    for citation in citations:
        page.click(f'#turn-1 a.cite[href="#cite-1-{citation.number}"]')
        expect(page.locator("#cited-span")).to_have_text(re.compile(re.escape(citation.quote[:20])))
        assert strong_text(page) == citation.quote
        expect(page.locator(".source-head h2")).to_have_text(citation.title)
        assert is_in_view(page, "#cited-span")
        assert len(page.locator(".source mark").all()) == len(citations)


def test_an_abstention_is_a_card_whose_passages_open(visit):
    page = visit()
    ask(page, "how tall is the office?")
    card = page.locator("#turn-1 .abstention")
    expect(card).to_contain_text("The documents do not say this.")
    expect(page.locator("#turn-1 .cite")).to_have_count(0)
    consulted = FakeAssistant().ask("?").consulted
    expect(card.locator(".passages a")).to_have_count(len(consulted))
    for number, passage in enumerate(consulted, start=1):
        page.click(f'.abstention a[href="#read-1-{number}"]')
        expect(page.locator(".source-head h2")).to_have_text(passage.title)
        assert strong_text(page) == passage.text
        assert is_in_view(page, "#cited-span")


def test_a_forged_reference_gives_a_notice_and_leaves_the_page_usable(visit):
    page = visit()
    ask(page, "typhoon")
    mark = page.locator("#turn-1 a.cite").first
    for forged in ("#cite-1-99", "#cite-7-1", "#x<script>alert(1)</script>"):
        mark.evaluate("(mark, href) => mark.setAttribute('href', href)", forged)
        mark.click()
        expect(page.locator("#panel .notice")).to_have_text(UNKNOWN)
    mark.evaluate("(mark) => mark.setAttribute('href', '#cite-1-2')")
    mark.click()
    assert strong_text(page) == FakeAssistant().ask("typhoon").citations[1].quote


def test_stop_works_at_once_and_leaves_the_conversation_usable(visit):
    page = visit()
    ask(page, "something slow")
    expect(page.locator("#turn-1 .progress")).to_have_text("Searching 3 documents")
    started = time.monotonic()
    page.click("#stop")
    expect(page.locator("#turn-1 .notice")).to_have_text(STOPPED)
    assert time.monotonic() - started < 3
    ask(page, "leave")
    expect(page.locator("#turn-2 .cite")).to_have_count(1)
    expect(page.locator("#turn-1 .notice")).to_have_text(STOPPED)


def test_two_tabs_are_independent(visit):
    first, second = visit(), visit()
    ask(first, "typhoon")
    expect(first.locator("#turn-1 .cite")).to_have_count(2)
    ask(second, "leave")
    expect(second.locator("#turn-1 .cite")).to_have_count(1)
    expect(first.locator(".turn")).to_have_count(1)
    first.click("#turn-1 .cite >> nth=1")
    second.click("#turn-1 .cite")
    typhoon, leave = FakeAssistant().ask("typhoon"), FakeAssistant().ask("leave")
    assert strong_text(first) == typhoon.citations[1].quote
    assert strong_text(second) == leave.citations[0].quote


def test_the_keyboard_alone_opens_a_citation_and_returns_to_it(visit):
    page = visit()
    ask(page, "leave")
    expect(page.locator("#turn-1 .cite")).to_have_count(1)
    page.focus("#turn-1 .cite")
    page.keyboard.press("Enter")
    assert strong_text(page) == FakeAssistant().ask("leave").citations[0].quote
    expect(page.locator(".source-head h2")).to_be_focused()
    page.focus(".close")
    page.keyboard.press("Enter")
    expect(page.locator("#turn-1 .cite")).to_be_focused()
    expect(page.locator(".documents")).to_be_visible()


def test_listed_documents_open_and_the_status_is_read_out(visit):
    page = visit()
    page.click("text=Staff handbook")
    expect(page.locator(".source-head h2")).to_have_text("Staff handbook")
    page.click(".close")
    ask(page, "typhoon")
    expect(page.locator("#status [role=status]")).to_have_text("Answered with 2 citations.")


def test_a_failure_is_a_notice_in_the_conversation(visit):
    page = visit()
    ask(page, "bug")
    expect(page.locator("#turn-1 .notice")).to_contain_text("Something went wrong")
    ask(page, "x" * 4_001)
    expect(page.locator("#turn-2 .notice")).to_contain_text("4,000 are allowed")
    assert "secret" not in page.content()


@pytest.mark.parametrize("width", [360, 800, 1100, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways_and_marks_keep_their_contrast(visit, width, scheme):
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    ask(page, "hostile")
    page.click("#turn-1 .cite")
    page.wait_for_selector("#cited-span")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert is_in_view(page, "#cited-span")
    for selector in ("mark.strong", ".statement", ".where", "a.cite", ".close", "#ask"):
        assert contrast(page, selector) >= 4.5, selector


def contrast(page: Page, selector: str) -> float:
    """Return the WCAG 2 contrast ratio of an element's text against what is behind it."""
    ink, behind = page.locator(selector).first.evaluate(
        """(element) => {
            const solid = (color) => color && !/, 0\\)$|transparent/.test(color);
            let at = element;
            while (at && !solid(getComputedStyle(at).backgroundColor)) at = at.parentElement;
            return [getComputedStyle(element).color, getComputedStyle(at).backgroundColor];
        }"""
    )
    light, dark = sorted((luminance(ink), luminance(behind)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    """Return the relative luminance of a CSS `rgb()` colour (WCAG 2.2, definition)."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
