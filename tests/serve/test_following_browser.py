"""Two pages of one person in a real browser: what is done on one shows on the other."""

import pytest
from browsing import IN_BROWSER, Visit, ask, begin, serving
from playwright.sync_api import Request, expect
from surface_fakes import FakeAssistant

from assistant.serve.chat.actions import CONVERSATION_GONE

pytestmark = IN_BROWSER


def test_a_page_is_called_as_its_conversation(visit: Visit) -> None:
    page = visit()
    expect(page).to_have_title("Ask your documents")
    ask(page, "typhoon")
    expect(page).to_have_title("typhoon · Ask your documents")
    page.fill("#search :is(input, textarea)", "nothing has this")
    expect(page.locator("#listed")).to_contain_text("No conversation has these words.")
    expect(page).to_have_title("typhoon · Ask your documents")
    page.click("#new")
    page.fill("#search :is(input, textarea)", "")
    expect(page).to_have_title("Ask your documents")


def test_what_is_answered_on_one_page_shows_on_the_other_where_nothing_typed_is_lost(
    visit: Visit,
) -> None:
    with serving(FakeAssistant(pause_s=0.3)) as (at, _):
        one = visit(at)
        ask(one, "typhoon")
        other = visit(at, one.context, path=one.url.removeprefix(at))
        expect(other.locator(".turn")).to_have_count(1)
        other.fill("#question textarea", "half a ques")
        begin(one, "written typhoon")
        expect(other.locator("#turn-2 .progress")).to_be_visible()
        expect(other.locator("#turn-2 .actions")).to_be_visible()
        expect(other.locator("#turn-2 .statement")).to_have_count(4)
        expect(other.locator("#question textarea")).to_have_value("half a ques")
        one.click("#new")
        expect(one.locator(".welcome")).to_be_visible()
        ask(one, "leave")
        expect(other.locator(".conversations li")).to_have_count(2)
        expect(other.locator(".turn")).to_have_count(2)


def test_a_page_that_nobody_sees_asks_rarely(visit: Visit) -> None:
    page = visit()
    asked: list[float] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/changes"):
            asked.append(page.evaluate("performance.now()"))

    page.evaluate(
        """Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"""
    )
    page.wait_for_timeout(2_500)  # the one that was due
    page.on("request", note)
    page.wait_for_timeout(5_000)
    assert len(asked) <= 1
    page.evaluate(
        """Object.defineProperty(document, 'hidden', { get: () => false });
        document.dispatchEvent(new Event('visibilitychange'))"""
    )
    page.wait_for_timeout(500)
    assert len(asked) >= 1, "at once when it is seen again"


@pytest.mark.parametrize("words", ["typhoon", "leave"])
def test_an_answer_of_ones_own_page_is_not_sent_again(visit: Visit, words: str) -> None:
    page = visit()
    ask(page, words)
    page.wait_for_timeout(300)
    page.evaluate(
        """window.drawn = 0;
        new MutationObserver(() => { window.drawn += 1; }).observe(
            document.querySelector('#conversation .talk'), { childList: true, subtree: true })"""
    )
    page.wait_for_timeout(3_000)
    assert page.evaluate("window.drawn") == 0


def test_a_page_that_is_answering_misses_nothing_of_another(visit: Visit) -> None:
    fake = FakeAssistant(pause_s=0.05)
    with serving(fake) as (at, _):
        one = visit(at)
        ask(one, "typhoon")
        other = visit(at, one.context)
        begin(one, "wait for it")
        expect(one.locator("#stop")).to_be_visible()
        ask(other, "leave")
        expect(one.locator(".conversations li")).to_have_count(2)  # while it still answers
        expect(one.locator("#stop")).to_be_visible()
        other.click('.conversations li:has-text("typhoon") summary')
        other.click('.conversations li:has-text("typhoon") >> text="Delete"')
        other.click(".conversations >> text=Delete for good?")
        expect(one.locator(".conversations li")).to_have_count(1)
        expect(one.locator("#banner .notice")).to_have_text(CONVERSATION_GONE)
        fake.let_go.set()
        expect(one.locator("#stop")).to_be_hidden()
        expect(one.locator(".turn")).to_have_count(0)
