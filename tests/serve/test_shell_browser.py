"""The page before Gradio's: small, painted first, and nothing that is typed into it is lost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browsing import IN_BROWSER, Visit, keep_picture, serving
from playwright.sync_api import BrowserContext, Page, Route, expect
from surface_fakes import FakeAssistant

from assistant.serve.chat.shell import make_shell

pytestmark = IN_BROWSER
MOST_BYTES = 100_000
FIELD = "#shell textarea"


@contextmanager
def before_gradio(visit: Visit, **options: object) -> Iterator[Page]:
    """Open the page while Gradio's modules are held back; what is held is let go afterwards."""
    context: BrowserContext = visit.browser.new_context(**options)  # type: ignore[arg-type]
    visit.contexts.append(context)
    page = context.new_page()
    held: list[Route] = []
    is_open = False

    def hold(route: Route) -> None:
        if is_open:
            route.continue_()
        else:
            held.append(route)

    visit.watch(page, visit.address)
    page.route("**/assets/*.js", hold)
    page.goto(visit.address, wait_until="commit")
    page.wait_for_selector(FIELD)
    yield page
    is_open = True
    for route in held:
        route.continue_()


def test_the_page_is_painted_before_a_byte_of_gradio_has_come(visit: Visit) -> None:
    with before_gradio(visit) as page:
        page.wait_for_function("performance.getEntriesByType('paint').length > 0")
        expect(page.locator("#shell h1")).to_have_text("Ask your documents")
        size = page.evaluate("performance.getEntriesByType('navigation')[0].encodedBodySize")
        assert 10_000 < size < MOST_BYTES
        keep_picture(page, "shell")
    expect(page.locator("#question textarea")).to_be_visible()
    expect(page.locator("#shell")).to_have_count(0)
    assert page.evaluate("document.head.lastElementChild.closest('style') !== null")


def test_a_header_or_a_conversation_that_comes_late_moves_nothing(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 800})
    place = "(id) => { const at = document.getElementById(id).getBoundingClientRect();"
    places = [page.evaluate(f"{place} return [at.top, at.bottom]; }}", "desk")]
    places += [page.evaluate(f"{place} return at.bottom; }}", "composer")]
    late = ".block:has(> .html-container .masthead), #conversation, #examples"
    page.add_style_tag(content=f"{late} {{ display: none !important; }}")
    assert places == [
        page.evaluate(f"{place} return [at.top, at.bottom]; }}", "desk"),
        page.evaluate(f"{place} return at.bottom; }}", "composer"),
    ]
    assert places == [[52, 800], 800]
    assert not page.locator(".masthead").is_visible()


def test_what_is_typed_before_stays_with_its_cursor(visit: Visit) -> None:
    with before_gradio(visit) as page:
        page.fill(FIELD, "half a question")
        page.evaluate(f"document.querySelector('{FIELD}').setSelectionRange(4, 6)")
    field = page.locator("#question textarea")
    expect(field).to_have_value("half a question")
    expect(field).to_be_focused()
    assert field.evaluate("(one) => [one.selectionStart, one.selectionEnd]") == [4, 6]
    expect(page.locator(".turn")).to_have_count(0)


@pytest.mark.parametrize("how", ["Enter", "button"])
def test_what_is_asked_before_is_answered(visit: Visit, how: str) -> None:
    with before_gradio(visit) as page:
        page.fill(FIELD, "typhoon")
        if how == "Enter":
            page.press(FIELD, "Enter")
        else:
            page.click("#shell form button")
        expect(page.locator(".shell-wait")).to_contain_text("asked as soon as")
    expect(page.locator(".turn .actions")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_value("")


def test_what_does_not_load_is_said(visit: Visit) -> None:
    page = visit.browser.new_context().new_page()
    page.route("**/assets/index-*.js", lambda route: route.abort())
    page.goto(visit.address, wait_until="commit")
    expect(page.locator(".shell-wait")).to_have_text("The page could not be loaded. Reload it.")
    page.context.close()


def test_on_a_phone_and_in_the_dark_it_is_as_the_page_that_follows(visit: Visit) -> None:
    options = {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}
    background = "getComputedStyle(document.querySelector('{}')).backgroundColor"
    with before_gradio(visit, **options) as page:
        first = page.evaluate(background.format("#shell"))
        keep_picture(page, "shell-phone-dark")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#shell")).to_have_count(0)
    assert page.evaluate(background.format("body")) == first


def test_the_page_is_the_same_for_everybody_and_its_parts_have_relative_addresses() -> None:
    import httpx

    with serving(FakeAssistant()) as (at, _):
        pages = [httpx.get(at).text for _ in range(2)]
        assert pages[0] == pages[1]
        addresses = re.findall(r'(?:src|href)="([^"]+)"', pages[0])
        assert all(one.startswith("./") for one in addresses)
        (start,) = (one for one in addresses if one.startswith("./start-"))
        assert "window.gradio_config = " in httpx.get(at + start).text


def test_the_page_and_its_first_script_are_sent_compressed_if_that_is_wished() -> None:
    import httpx

    with serving(FakeAssistant()) as (at, _):
        (start,) = re.findall(r'"(\./start-[^"]+)"', httpx.get(at).text)
        for path in ("", start):
            plain = httpx.get(at + path, headers={"Accept-Encoding": "gzip;q=0"})
            small = httpx.get(at + path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
            assert "Content-Encoding" not in plain.headers
            assert small.headers["Content-Encoding"] == "gzip"
            assert "Accept-Encoding" in small.headers["Vary"]
            assert small.text == plain.text
            assert 3 * int(small.headers["Content-Length"]) < int(plain.headers["Content-Length"])


def test_a_gradio_that_has_another_page_is_sent_as_it_is_with_our_styles() -> None:
    shell = make_shell("<html><head></head><body>Another</body></html>")
    assert shell.page.startswith("<html><head><style>")
    assert "Another" in shell.page
    assert not shell.start
