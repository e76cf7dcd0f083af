"""The page's own words in a real browser: all of them in its reader's language, in every state."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import IN_BROWSER, Visit, ask, begin, keep_picture, serving
from paged import PagedAssistant
from playwright.sync_api import Page, expect
from surface_fakes import HOSTILE, MODEL, NOTICE, VERIFIER, WHY, FakeAssistant

from assistant.show import wording

pytestmark = IN_BROWSER

FOREIGN = str.maketrans({chr(n): chr(n + 0xFEE0) for n in (*range(65, 91), *range(97, 123))})
"""Letters of another script: what is still in ours has not been translated."""
OF_THE_DOCUMENTS = " ".join(
    [HOSTILE, MODEL, VERIFIER, NOTICE, WHY, "Staff handbook Sanctions on Integrity Technology"]
    + ["news/typhoon.txt handbook.md hostile.txt scan.pdf report.pdf b.txt scan plan.md old.txt"]
    + ["how tall is the office? written noted typhoon leave hello hostile Who is Flax Typhoon?"]
    + ["How much leave do employees accrue? Why? Hello. Ask about the documents."]
    + ["Nothing was found that says this. The nearest passages none of which has tall or office"]
    + [
        "no text: it may be a scan. Searching 3 documents Checking each quote",
        "KB MB GB ms s tokens",
    ]
    + [one.text for fake in (FakeAssistant(), PagedAssistant()) for one in fake.held.values()]
    + [one.title for fake in (FakeAssistant(), PagedAssistant()) for one in fake.held.values()]
    + ["It has been active since 2021. It works on four continents.", "Markdown HTML"]
    + [*wording.LANGUAGES.values(), *wording.LANGUAGES, "xx secret"]
    + ["bug Page annual copy draft locked b i reports save it without a password group"]
)
TELLING = "aria-label title placeholder alt".split()
TRACKER = "[data-testid=status-tracker]"
"""Gradio's own word of what it does, in English only: on our page nobody sees or hears it."""


def texts_on(page: Page) -> set[str]:
    """Return all that a page shows or tells a screen reader, piece by piece."""
    found: list[str] = page.evaluate(
        """([names, tracker]) => {
            const found = [document.title];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const at = node.parentElement;
                const apart = `script, style, template, svg, time, [hidden], ${tracker}`;
                if (!at.closest(apart)) found.push(node.data);
            }
            for (const name of names)
                for (const one of document.querySelectorAll(`[${name}]`))
                    found.push(one.getAttribute(name));
            return found;
        }""",
        [TELLING, TRACKER],
    )
    return {" ".join(text.split()) for text in found}


def untold(page: Page) -> list[str]:
    """Return what on a page is neither translated nor said by documents or people."""
    words = set(re.findall(r"[A-Za-z]+", OF_THE_DOCUMENTS))
    return sorted(
        text
        for text in texts_on(page)
        if not set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\.\w+|[0-9a-f]{8}", "", text))) <= words
    )


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> str:
    """A language that is English in letters of another script."""
    table = wording.read_table()
    told = {
        said: known | {"xx": re.sub(r"\{\w+\}|[^{}]+", lambda m: _translate(m[0]), said)}
        for said, known in table.items()
    }
    monkeypatch.setattr(wording, "read_table", lambda: told)
    monkeypatch.setitem(wording.LANGUAGES, "xx", "xx")
    monkeypatch.setitem(wording._SEPARATORS, "xx", ("'", "·"))
    return "xx"


def _translate(part: str) -> str:
    return part if part.startswith("{") else part.translate(FOREIGN)


def speak(visit: Visit, at: str, language: str, **options: object) -> Page:
    """Open a page whose reader has chosen a language."""
    context = visit.browser.new_context(
        **{"viewport": {"width": 1400, "height": 800}} | options  # type: ignore[arg-type]
    )
    visit.contexts.append(context)
    context.add_cookies([{"name": "assistant_language", "value": language, "url": at}])
    return visit(at, context)


def tour(visit: Visit, language: str, **options: object) -> Iterator[tuple[str, Page]]:
    """Yield the states of a page, each by its name."""
    paged = PagedAssistant()
    paged.settings.index_dir.mkdir(parents=True, exist_ok=True)
    trashed = paged.settings.index_dir / "trash" / ("0" * 32) / "folder" / "old.txt"
    trashed.parent.mkdir(parents=True)
    trashed.write_text("Old.")
    with serving(paged) as (at, _):
        page = speak(visit, at, language, **options)
        expect(page.locator(".documents-head h2")).to_be_attached()
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator(".unsaid")).to_have_count(0)
        yield "paged-welcome", page
        if page.locator("#toggle-side").is_visible():
            page.click("#toggle-side")
        page.click(".trash summary")
        page.locator(".trash button").last.scroll_into_view_if_needed()
        yield "documents-and-trash", page
    with serving(FakeAssistant(pause_s=0.05)) as (at, _):
        page = speak(visit, at, language, **options)
        expect(page.locator("#examples button")).to_have_count(4)
        yield "welcome", page
        ask(page, "typhoon")
        yield "answer", page
        page.locator("#turn-1 .cite").first.click()
        expect(page.locator(".source-head h2")).to_be_visible()
        page.fill(".finding input", "group")
        expect(page.locator(".finding .found")).not_to_have_text("")
        yield "source", page
        page.click(".source a.close")
        page.locator("#turn-1 .down").click()
        expect(page.locator("#turn-1 .saying")).to_be_visible()
        page.locator("#turn-1 .also-read summary").click()
        page.locator("#turn-1 .account summary").click()
        yield "feedback", page
        ask(page, "written typhoon")
        page.locator("#turn-2 .account summary").click()
        yield "written", page
        ask(page, "how tall is the office?")
        yield "abstention", page
        ask(page, "hello")
        page.locator("#turn-4 button[data-what=question]").click()
        expect(page.locator("#banner .only")).to_be_visible()
        yield "editing", page
        begin(page, "bug")
        expect(page.locator(".turn").last.locator(".notice")).to_be_visible()
        yield "failed", page


def settle(page: Page) -> None:
    page.wait_for_timeout(300)


def test_no_word_of_the_page_is_left_in_english(visit: Visit, strange: str) -> None:
    untranslated: dict[str, list[str]] = {}
    for name, page in tour(visit, strange):
        expect(page.locator(TRACKER).first).to_be_attached()
        assert page.locator(TRACKER).evaluate_all(
            "(all) => all.every((one) => getComputedStyle(one).display === 'none')"
        )
        settle(page)
        if found := untold(page):
            untranslated[name] = found
    assert untranslated == {}


BEYOND = """() => [...document.querySelectorAll(
    ':is(.masthead, #talk) :is(button, a, select, h1, h2, input, textarea)')]
    .filter((one) => one.checkVisibility() && !one.closest('.scroll, [hidden]'))
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => `beyond the window: ${one.outerHTML.slice(0, 120)}`)"""
"""Finds what stands beyond the right edge of the window."""
LOOKS: dict[str, dict[str, object]] = {
    "de": {"color_scheme": "light"},
    "fr": {"color_scheme": "dark"},
    "es": {"viewport": {"width": 390, "height": 780}, "has_touch": True},
    "en": {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("language", LOOKS)
def test_in_each_language_every_state_is_accessible_and_fits(visit: Visit, language: str) -> None:
    found: dict[str, list[str]] = {}
    for name, page in tour(visit, language, **LOOKS[language]):
        settle(page)
        keep_picture(page, f"{name}-{language}")
        serious = [
            f"{one['id']}: {[node['html'][:160] for node in one['nodes']][:3]}"
            for one in Axe().run(page).response["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        serious += page.evaluate(BEYOND)
        if serious:
            found[name] = serious
    assert found == {}


def test_a_page_speaks_as_its_browser_wishes_until_its_reader_chooses(visit: Visit) -> None:
    with serving(FakeAssistant()) as (at, _):
        page = visit(at, locale="de-AT")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.locator("#new")).to_have_text("Neue Unterhaltung")
        ask(page, "typhoon")
        page.fill("#question textarea", "half a quest")
        page.select_option("#language", "fr")
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        expect(page.locator("#turn-1 .sources h3")).to_have_text("Sources")
        expect(page.locator("#new")).to_have_text("Nouvelle conversation")
        expect(page.locator("#question textarea")).to_have_value("half a quest")
        expect(page).to_have_title("typhoon · Interrogez vos documents")
        other = visit(at, page.context)
        expect(other.locator("#language")).to_have_value("fr")
        expect(other.locator("#new")).to_have_text("Nouvelle conversation")
        unknown = visit(at, locale="ja-JP")
        expect(unknown.locator("#new")).to_have_text("New conversation")


def test_the_server_writes_numbers_as_a_browser_does(visit: Visit) -> None:
    page = visit()
    numbers = [0, 7, 999, 1_000, 1_234, 9_999, 10_000, 12_345, 1_234_567, 0.5, 1234.5, 99_999.5]
    for language in wording.LANGUAGES:
        told = page.evaluate(
            "([language, all]) => all.map((n) => new Intl.NumberFormat(language).format(n))",
            [language, numbers],
        )
        assert [wording.Wording(language).number(n) for n in numbers] == told
