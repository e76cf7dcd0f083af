"""The chat in a real browser: what a person sees and does, and what leaves the page."""

import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from attacks import VECTORS
from axe_playwright_python.sync_playwright import Axe
from browsing import (
    IN_BROWSER,
    Visit,
    ask,
    begin,
    is_in_view,
    keep_picture,
    place,
    serving,
    strong_text,
    wait_for_picture,
    wait_until,
)
from corpora import FILES, PREPARED, settings_in, write_files
from dom import present
from paged import FIRST, TITLE, PagedAssistant
from playwright.sync_api import (
    Browser,
    expect,
)
from reportlab.pdfgen.canvas import Canvas
from surface_fakes import (
    DROPPED,
    MODEL,
    NOTICE,
    WHY,
    WROTE,
    FakeAssistant,
    answer,
    cite,
    consult,
    document,
    settings_anywhere,
    write,
)

from assistant import Assistant
from assistant.serve.chat.actions import CONVERSATION_GONE
from assistant.serve.chat.database import Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import CLOSING, STOPPED, WRITING, Turn
from assistant.serve.chat.views import N_SHOWN, UNKNOWN_REFERENCE
from assistant.show.provenance import STOPPED_PARTLY
from assistant.values import Answer, DocumentId, FileRecord, Status

pytestmark = IN_BROWSER


@pytest.mark.parametrize("question", ["typhoon", "leave", "hostile"])
def test_each_mark_opens_the_source_at_exactly_its_quote(visit: Visit, question: str) -> None:
    page = visit()
    turn = ask(page, question)
    citations = FakeAssistant().ask(question).citations
    expect(turn.locator(".cite")).to_have_count(len(citations))
    for citation in citations:
        turn.locator(f'a.cite[href="#cite-1-{citation.number}"]').click()
        expect(page.locator("#cited-span")).to_have_text(re.compile(re.escape(citation.quote[:20])))
        assert strong_text(page) == citation.quote
        expect(page.locator(".source-head h2")).to_have_text(citation.title)
        assert is_in_view(page, "#cited-span")
        assert len(page.locator(".source mark").all()) == len(citations)


SAID = "#turn-1 .statements:not(.near) .statement"
"""What an answer says, without the passages that are nearest."""


def test_statements_appear_one_by_one_and_stages_before_them(visit: Visit) -> None:
    with serving(FakeAssistant(pause_s=0.3)) as (at, _):
        page = visit(at)
        page.evaluate(
            """(own) => {
                const seen = window.seen = [];
                new MutationObserver(() => {
                    const text = document.querySelector('#turn-1 .progress')?.textContent ?? '';
                    const n = document.querySelectorAll(own).length;
                    const now = `${n} ${text}`;
                    if (seen.at(-1) !== now) seen.push(now);
                }).observe(document.getElementById('conversation'),
                    { childList: true, subtree: true, characterData: true });
            }""",
            SAID,
        )
        ask(page, "typhoon")
        expect(page.locator("#stop")).to_be_hidden()
        seen = page.evaluate("window.seen")
        stages = ["Searching 3 documents", "Reading 8 passages", "Checking each quote"]
        partly = [*(f"0 {stage}" for stage in stages), "1 Answered with 1 citation."]
        assert [now for now in seen if now in partly] == partly
        assert seen[-1] == "2 "


def test_a_models_words_take_the_place_of_the_quotes_one_by_one(visit: Visit) -> None:
    with serving(FakeAssistant(pause_s=0.4)) as (at, _):
        page = visit(at)
        page.evaluate(
            """(own) => {
                const seen = window.seen = [], said = window.said = [];
                const note = (notes, text) => { if (notes.at(-1) !== text) notes.push(text); };
                new MutationObserver(() => {
                    const words = [...document.querySelectorAll(own)]
                        .map((one) => one.textContent.slice(0, 12)).join('|');
                    note(seen, words);
                }).observe(document.getElementById('conversation'),
                    { childList: true, subtree: true, characterData: true });
                new MutationObserver(() => {
                    // what is read out: Gradio keeps a hidden clock beside it
                    note(said, document.querySelector('#status [aria-live]').textContent.trim());
                }).observe(document.getElementById('status'),
                    { childList: true, subtree: true, characterData: true });
            }""",
            SAID,
        )
        begin(page, "written typhoon")
        line = page.locator("#turn-1 .progress")
        expect(line).to_have_text(f"Writing with {MODEL}; exact quotes until then")
        page.locator("#turn-1 .also-read summary").click()
        mark = page.locator("#turn-1 .cite").nth(1)
        mark.focus()
        page.evaluate("window.mark = document.activeElement")
        above, below = place(page, "#turn-1 .sources"), place(page, "#turn-1 .progress")
        assert above["y"] + above["height"] < below["y"]
        expect(page.locator("#stop")).to_be_visible()
        keep_picture(page, "writing")
        expect(page.locator("#turn-1 .actions")).to_be_visible()
        expect(page.locator("#turn-1 .remark")).to_have_text(WROTE)
        expect(page.locator("#turn-1 .also-read")).to_have_attribute("open", "")
        assert page.evaluate("window.mark === document.activeElement"), "the focus stays"
        quotes, partly, whole = (
            ["Flax Typhoon", "The group's "],
            ["It has been ", "The group's "],
            ["It has been ", "It works on "],
        )
        seen = [words for words in page.evaluate("window.seen") if words]
        assert seen == ["|".join(words) for words in (quotes, partly, whole)]
        said = page.evaluate("window.said")
        answered = "Answered with 2 citations."
        assert said[said.index(answered) :] == [answered, WRITING, answered]
        for n, citation in enumerate(FakeAssistant().ask("typhoon").citations):
            page.locator("#turn-1 .cite").nth(n).hover()
            expect(page.locator("#around mark")).to_have_text(citation.quote)
            page.locator("#turn-1 .cite").nth(n).click()
            expect(page.locator(".steps .at")).to_have_text(f"Citation {n + 1} of 2")
            assert strong_text(page) == citation.quote


def test_what_an_answer_cost_is_shown_on_demand_and_not_what_was_dropped(visit: Visit) -> None:
    page = visit()
    turn = ask(page, "written typhoon")
    account = turn.locator(".account")
    expect(account.locator("dl")).to_be_hidden()
    account.locator("summary").click()
    expect(account.locator("dl")).to_contain_text("about 1,234 read, about 56 written")
    expect(account.locator("li")).to_have_text(WHY)
    ask(page, "typhoon").locator(".account summary").click()
    expect(page.locator("#turn-2 .account")).to_have_text(re.compile("Timings.*Searching", re.S))
    expect(account.locator("dl")).to_be_visible()  # still, though another answer has come
    assert "Elvis" not in page.content()
    assert DROPPED.quotes[0] not in page.content()


def test_a_notice_stands_beside_the_quotes_that_it_is_about(visit: Visit) -> None:
    page = visit()
    turn = ask(page, "noted typhoon")
    expect(turn.locator(".remark")).to_have_text(NOTICE)
    expect(page.locator("#status")).to_contain_text(NOTICE)
    keep_picture(page, "notice")


def test_a_stop_while_a_model_writes_keeps_what_was_verified(visit: Visit) -> None:
    page = visit()
    begin(page, "written typhoon endless")
    first = page.locator("#turn-1 .statement").first
    expect(first).to_have_text("It has been active since 2021. confirmed")
    page.click("#stop")
    expect(page.locator("#turn-1 .remark").last).to_have_text(STOPPED_PARTLY)
    expect(page.locator("#stop")).to_be_hidden()
    page.reload()
    expect(page.locator("#turn-1 .remark").last).to_have_text(STOPPED_PARTLY)
    expect(page.locator("#turn-1 .remark").first).to_contain_text("Written in part by")
    quote = FakeAssistant().ask("typhoon").citations[1].quote
    expect(page.locator("#turn-1 .statement").nth(1)).to_have_text(quote)
    page.click("#turn-1 .cite >> nth=1")
    assert strong_text(page) == quote
    keep_picture(page, "stopped")


def test_next_and_previous_go_through_the_citations_and_keep_the_focus(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon").locator(".cite").first.click()
    first, second = FakeAssistant().ask("typhoon").citations
    expect(page.locator(".steps .at")).to_have_text("Citation 1 of 2")
    page.click(".steps a.next")
    expect(page.locator(".steps .at")).to_have_text("Citation 2 of 2")
    assert strong_text(page) == second.quote
    page.click(".steps a.previous")
    expect(page.locator(".steps .at")).to_have_text("Citation 1 of 2")
    assert strong_text(page) == first.quote
    expect(page.locator('#turn-1 .cite[aria-current="true"]')).to_have_text("1")


def test_of_two_quick_clicks_the_last_one_counts(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon")
    for last in (0, 1, 0, 1):
        page.evaluate(
            """(last) => {
                const marks = document.querySelectorAll('#turn-1 a.cite');
                marks[1 - last].click();
                marks[last].click();
            }""",
            last,
        )
        expect(page.locator(".steps .at")).to_have_text(f"Citation {last + 1} of 2")
        page.wait_for_timeout(300)
        expect(page.locator(".steps .at")).to_have_text(f"Citation {last + 1} of 2")


def test_an_abstention_is_a_card_whose_passages_open_and_whose_questions_can_be_asked(
    visit: Visit,
) -> None:
    page = visit()
    card = ask(page, "how tall is the office?").locator(".abstention")
    expect(card).to_contain_text("Nothing was found that says this.")
    expect(card).to_contain_text("2 passages read.")
    expect(page.locator("#turn-1")).not_to_contain_text("Searched for")
    expect(page.locator("#turn-1 .cite")).to_have_count(0)
    consulted = FakeAssistant().ask("?").consulted
    expect(card.locator(".passages a")).to_have_count(len(consulted))
    for number, passage in enumerate(consulted, start=1):
        page.click(f'.abstention a[href="#read-1-{number}"]')
        expect(page.locator(".source-head h2")).to_have_text(passage.title)
        assert strong_text(page) == passage.text
        assert is_in_view(page, "#cited-span")
    keep_picture(page, "abstention")
    tried = card.locator(".suggestions button")
    expect(tried).to_have_count(2)
    tried.nth(1).click()
    expect(page.locator("#turn-2 .question")).to_have_text("How much leave do employees accrue?")
    expect(page.locator("#turn-2 .cite")).to_have_count(1)


def test_a_greeting_gets_a_reply_and_no_sources(visit: Visit) -> None:
    turn = ask(visit(), "hello there")
    expect(turn.locator(".reply")).to_have_text("Hello. Ask about the documents.")
    expect(turn.locator(":is(.abstention, .sources, .cite, .passages, .up)")).to_have_count(0)


def test_a_first_visit_says_what_this_is_and_offers_questions(visit: Visit) -> None:
    page = visit()
    expect(page.locator(".welcome")).to_contain_text("exact quote")
    offered = page.locator("#examples .suggestions button")
    expect(offered).to_have_count(4)
    offered.first.click()
    expect(page.locator("#turn-1 .question")).to_have_text("Who is Flax Typhoon?")
    expect(page.locator("#turn-1 .cite")).to_have_count(2)


def test_examples_that_come_late_wipe_and_move_nothing(
    fake: FakeAssistant, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_come = threading.Event()

    def suggest(*_: object) -> tuple[str, ...]:
        may_come.wait(20)
        return ("A question that comes late?",)

    monkeypatch.setattr(fake, "suggest", suggest)
    page, other = visit(), visit()
    ask(page, "typhoon")
    other.locator("#question textarea").fill("half a quest")
    before = other.locator("#question").bounding_box()
    may_come.set()
    expect(other.locator("#examples button")).to_have_text("A question that comes late?")
    expect(other.locator("#question textarea")).to_have_value("half a quest")
    assert other.locator("#question").bounding_box() == before
    expect(page.locator("#examples button")).to_have_count(1)
    expect(page.locator("#examples")).to_be_hidden()
    expect(page.locator("#turn-1 .cite")).to_have_count(2)


def test_a_forged_reference_gives_a_notice_and_leaves_the_page_usable(visit: Visit) -> None:
    page = visit()
    mark = ask(page, "typhoon").locator("a.cite").first
    for forged in ("#cite-1-99", "#cite-7-1", "#x<script>alert(1)</script>"):
        mark.evaluate("(mark, href) => mark.setAttribute('href', href)", forged)
        mark.click()
        expect(page.locator("#panel > * .notice").first).to_have_text(UNKNOWN_REFERENCE)
    mark.evaluate("(mark) => mark.setAttribute('href', '#cite-1-2')")
    mark.click()
    assert strong_text(page) == FakeAssistant().ask("typhoon").citations[1].quote


def test_stop_works_at_once_and_leaves_the_conversation_usable(visit: Visit) -> None:
    page = visit()
    begin(page, "something slow")
    expect(page.locator("#turn-1 .progress")).to_have_text("Searching 3 documents")
    started = time.monotonic()
    page.click("#stop")
    expect(page.locator("#turn-1 .notice")).to_have_text(STOPPED)
    assert time.monotonic() - started < 1.5
    ask(page, "leave")
    expect(page.locator("#turn-2 .cite")).to_have_count(1)
    expect(page.locator("#turn-1 .notice")).to_have_text(STOPPED)


def test_a_conversation_survives_a_reload_with_its_citations(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon")
    ask(page, "how tall?")
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator("#turn-2 .abstention .suggestions button")).to_have_count(2)
    for citation in FakeAssistant().ask("typhoon").citations:
        page.click(f'#turn-1 a.cite[href="#cite-1-{citation.number}"]')
        expect(page.locator(".steps .at")).to_have_text(f"Citation {citation.number} of 2")
        assert strong_text(page) == citation.quote


def test_an_answer_goes_on_through_a_reload_and_on_a_second_page(visit: Visit) -> None:
    with serving(fake := FakeAssistant(pause_s=0.1)) as (at, _):
        page = visit(at)
        begin(page, "wait typhoon")
        expect(page.locator("#turn-1 .progress")).to_have_text("Searching")
        second = visit(at, page.context, "#" + page.url.partition("#")[2])
        page.reload()
        for one in (page, second):
            expect(one.locator("#turn-1 .progress")).to_be_visible()
            expect(one.locator("#stop")).to_be_visible()
        fake.let_go.set()
        for one in (page, second):
            expect(one.locator("#turn-1 .cite")).to_have_count(2, timeout=10_000)
            expect(one.locator("#turn-1 .actions")).to_be_visible()
            expect(one.locator("#stop")).to_be_hidden()
    # Gradio's script says in the console that the stream ended with the page.
    visit.faults[:] = [
        fault for fault in visit.faults if not re.search("AbortError|Connection errored", fault)
    ]


def test_a_conversation_survives_a_restart_of_the_server(visit: Visit, browser: Browser) -> None:
    settings = settings_anywhere()
    context = browser.new_context()
    try:
        with serving(FakeAssistant(settings=settings)) as (at, _):
            page = visit(at, context)
            ask(page, "typhoon")
            path = page.url.partition("#")[2]
        with serving(FakeAssistant(settings=settings)) as (at, _):
            page = visit(at, context, f"#{path}")
            expect(page.locator("#turn-1 .cite")).to_have_count(2)
            page.click("#turn-1 .cite >> nth=1")
            assert strong_text(page) == FakeAssistant().ask("typhoon").citations[1].quote
    finally:
        context.close()


def test_a_server_that_stops_ends_a_running_answer_with_a_notice(visit: Visit) -> None:
    with serving(FakeAssistant()) as (at, app):
        page = visit(at)
        begin(page, "slow leave")
        expect(page.locator("#turn-1 .progress")).to_have_text("Searching 3 documents")
        app.state.ending.set()  # as the server does once it has waited for running answers
        ask_state = page.locator("#turn-1 .notice")
        page.wait_for_timeout(100)
        expect(ask_state).to_have_text(CLOSING)


def test_two_users_never_see_each_others_conversations(visit: Visit) -> None:
    alice, bob = visit(), visit()
    ask(alice, "typhoon")
    expect(bob.locator(".turn")).to_have_count(0)
    expect(bob.locator(".conversations li")).to_have_count(0)
    secret = alice.url.partition("#")[2]
    assert len(secret) > 20
    intruder = visit(context=bob.context, path=f"#{secret}")
    expect(intruder.locator("#banner .notice")).to_have_text(CONVERSATION_GONE)
    expect(intruder.locator(".turn")).to_have_count(0)
    export = bob.request.get(alice.url.partition("#")[0] + f"conversations/{secret}.md")
    assert export.status == 404
    ask(bob, "leave")
    expect(alice.locator(".turn")).to_have_count(1)
    alice.click("#turn-1 .cite >> nth=1")
    bob.click("#turn-1 .cite")
    assert strong_text(alice) == FakeAssistant().ask("typhoon").citations[1].quote
    assert strong_text(bob) == FakeAssistant().ask("leave").citations[0].quote


def test_conversations_are_opened_renamed_searched_and_deleted(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon")
    page.click("#new")
    expect(page.locator(".welcome")).to_be_visible()
    ask(page, "leave")
    items = page.locator(".conversations li")
    expect(items).to_have_count(2)
    expect(items.first).to_have_class("current")
    page.click(".conversations li >> nth=1 >> a >> nth=0")
    expect(page.locator("#turn-1 .question")).to_have_text("typhoon")
    page.go_back()
    expect(page.locator("#turn-1 .question")).to_have_text("leave")

    page.click(".conversations li.current summary")
    page.click(".conversations li.current [data-rename]")
    page.keyboard.type("Holidays & <b>rest</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".conversations li.current > a")).to_have_text("Holidays & <b>rest</b>")

    page.fill("#search :is(input, textarea)", "accrue")
    expect(items).to_have_count(1)
    expect(items.first).to_contain_text("Holidays")
    page.fill("#search :is(input, textarea)", "zebra")
    expect(page.locator("#listed")).to_contain_text("No conversation has these words.")
    page.fill("#search :is(input, textarea)", "")
    expect(items).to_have_count(2)

    page.click(".conversations li.current summary")
    page.click(".conversations li.current .danger")
    expect(page.locator(".conversations li.current .danger")).to_have_text("Delete for good?")
    page.click(".conversations li.current .danger")
    expect(items).to_have_count(1)
    expect(page.locator(".welcome")).to_be_visible()


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_conversation_is_exported_with_its_quotes_and_sources(visit: Visit, form: str) -> None:
    page = visit()
    ask(page, "typhoon")
    page.click(".conversations summary")
    with page.expect_download() as begun:
        page.click(f'.conversations a[href$=".{form}"]')
    assert begun.value.suggested_filename == f"typhoon.{form}"
    text = Path(begun.value.path()).read_text(encoding="utf-8").replace("&#x27;", "'")
    for citation in FakeAssistant().ask("typhoon").citations:
        assert citation.quote in text
        assert citation.document_id in text
        assert f"characters {citation.start}-{citation.end}" in text


def test_an_answer_is_copied_with_its_sources(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "typhoon")
    copy = page.locator("#turn-1 .actions > [data-copy]")
    copy.click()
    expect(copy).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    made = FakeAssistant().ask("typhoon")
    assert copied.startswith(made.text)
    for citation in made.citations:
        assert f"[{citation.number}] {citation.document_id}" in copied
        assert copied.count(citation.quote) == 2
    page.click("#turn-1 .copying summary")
    page.click("#turn-1 >> text=As Markdown")
    wait_until(page, lambda: "\\[" in page.evaluate("navigator.clipboard.readText()"))
    page.click("#turn-1 >> text=Text alone")
    wait_until(page, lambda: "[" not in page.evaluate("navigator.clipboard.readText()"))
    alone = page.evaluate("navigator.clipboard.readText()")
    assert alone == " ".join(statement.text for statement in made.statements)
    page.keyboard.press("Escape")
    expect(page.locator("#turn-1 .copying > div")).to_be_hidden()


def test_the_last_question_is_asked_again_or_edited_in_its_place(visit: Visit) -> None:
    page = visit()
    ask(page, "typhoon")
    ask(page, "leave")
    page.click("#turn-2 >> text=Edit")
    expect(page.locator("#question textarea")).to_have_value("leave")
    expect(page.locator("#banner")).to_contain_text("Editing a question")
    begin(page, "how tall?")
    expect(page.locator("#turn-3 .abstention")).to_be_visible()
    expect(page.locator("#turn-3 .actions")).to_be_visible()
    expect(page.locator("#turn-2")).to_have_count(0)
    expect(page.locator("#banner")).to_have_text("")
    page.click("#turn-3 >> text=Ask again")
    expect(page.locator("#turn-4 .abstention")).to_be_visible()
    expect(page.locator("#turn-4 .actions")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(2)
    page.click("#turn-1 >> text=Ask again")
    expect(page.locator("#turn-5 .cite")).to_have_count(2)
    expect(page.locator(".turn")).to_have_count(3)


def test_what_was_searched_for_is_shown_and_can_be_edited(visit: Visit) -> None:
    class Rewording(FakeAssistant):
        def _answer(self, question: str) -> Answer:
            return replace(super()._answer(question), query=f"{question} Flax Typhoon")

    with serving(Rewording()) as (at, _):
        page = visit(at)
        turn = ask(page, "leave?")
        expect(turn.locator(".searched bdi")).to_have_text("leave? Flax Typhoon")
        turn.locator(".searched button").click()
        expect(page.locator("#question textarea")).to_have_value("leave? Flax Typhoon")
        page.click("#banner >> text=Cancel")
        expect(page.locator("#question textarea")).to_have_value("")


def test_ratings_and_wrong_citations_are_kept(visit: Visit) -> None:
    page = visit()
    turn = ask(page, "typhoon")
    turn.locator(".down").click()
    expect(turn.locator(".down")).to_have_attribute("aria-pressed", "true")
    turn.locator(".saying textarea").fill("It is about another group.")
    expect(turn.locator(".saying .facts")).to_have_text("26 of 500")
    turn.locator(".saying button").click()
    expect(turn.locator(".saying label")).to_contain_text("Kept.")
    turn.locator("text=The documents do not say this").click()
    turn.locator(".cite").nth(1).click()
    page.click("text=This citation is wrong")
    expect(page.locator(".steps [data-act=flag]")).to_have_attribute("aria-pressed", "true")
    expect(turn.locator(".sources")).to_contain_text("marked as wrong")
    page.reload()
    expect(page.locator("#turn-1 [data-rating=unanswerable]")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#turn-1 .sources li").nth(1)).to_contain_text("marked as wrong")
    expect(page.locator("#turn-1 textarea")).to_have_value("It is about another group.")
    page.click("#turn-1 .up")
    expect(page.locator("#turn-1 .up")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#turn-1 [data-rating=unanswerable]")).to_have_count(0)


def test_an_answer_whose_source_has_changed_says_so_and_offers_to_ask_again(visit: Visit) -> None:
    fake = FakeAssistant()
    with serving(fake) as (at, _):
        page = visit(at)
        ask(page, "leave")
        held = fake.held[DocumentId("handbook.md")]
        fake.held[DocumentId("handbook.md")] = replace(
            held, text="New. " + held.text, sha256="1" * 64
        )
        page.reload()
        expect(page.locator("#turn-1 .changed")).to_contain_text("handbook.md")
        page.click("#turn-1 .cite")
        expect(page.locator("#panel")).to_contain_text("has changed since this answer")
        expect(page.locator("mark")).to_have_count(0)
        page.click("#turn-1 .changed button")
        expect(page.locator("#turn-2 .cite")).to_have_count(1)
        expect(page.locator(".changed")).to_have_count(0)
        page.click("#turn-2 .cite")
        assert strong_text(page) == "Employees accrue two days of leave per month."


def test_too_many_questions_get_a_clear_message(visit: Visit) -> None:
    settings = settings_anywhere(n_asking=1, n_waiting=0)
    with serving(FakeAssistant(settings=settings)) as (at, _):
        first, second = visit(at), visit(at)
        begin(first, "slow leave")
        expect(first.locator("#turn-1 .progress")).to_have_text("Searching 3 documents")
        turn = ask(second, "leave")
        expect(turn.locator(".notice")).to_contain_text("the assistant is busy")
        first.click("#stop")


def test_another_conversation_can_be_read_while_an_answer_is_made(visit: Visit) -> None:
    with serving(FakeAssistant(pause_s=0.5)) as (at, _):
        page = visit(at)
        begin(page, "typhoon")
        expect(page.locator("#turn-1 .progress")).to_be_visible()
        page.click("#new")
        expect(page.locator(".welcome")).to_be_visible()
        page.wait_for_timeout(3_000)
        expect(page.locator(".welcome")).to_be_visible()
        page.click(".conversations li > a")
        expect(page.locator("#turn-1 .cite")).to_have_count(2)


def test_the_keyboard_alone_asks_opens_a_citation_and_returns_to_it(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type("leave")
    page.keyboard.press("Enter")
    expect(page.locator("#turn-1 .actions")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('#turn-1 a.cite')"):
            break
    page.keyboard.press("Enter")
    assert strong_text(page) == FakeAssistant().ask("leave").citations[0].quote
    expect(page.locator(".source-head h2")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('.close')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#turn-1 .cite")).to_be_focused()
    expect(page.locator(".documents")).to_be_visible()


def test_listed_documents_open_and_the_status_is_read_out(visit: Visit) -> None:
    page = visit()
    page.click("text=Staff handbook")
    expect(page.locator(".source-head h2")).to_have_text("Staff handbook")
    page.click(".close")
    ask(page, "typhoon")
    expect(page.locator("#status [role=status]")).to_have_text("Answered with 2 citations.")
    landmarks: list[tuple[Literal["navigation", "region", "main"], str | None]] = [
        ("navigation", "Conversations"),
        ("region", "Conversation"),
        ("region", "Source and documents"),
        ("main", None),
    ]
    for role, name in landmarks:
        found = page.get_by_role(role, name=name, exact=True) if name else page.get_by_role(role)
        assert found.count() == 1, role


def test_a_failure_is_a_notice_in_the_conversation(visit: Visit) -> None:
    page = visit()
    expect(ask(page, "bug").locator(".notice")).to_contain_text("Something went wrong")
    expect(ask(page, "x" * 4_001).locator(".notice")).to_contain_text("4,000 are allowed")
    assert "secret" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_no_state_of_the_page_has_a_serious_accessibility_finding(
    visit: Visit, scheme: str, width: int
) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800})

    def audit(state: str) -> None:
        page.wait_for_timeout(250)  # no colour is judged in the middle of a transition
        found = Axe().run(page).response["violations"]
        serious = [
            (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert not serious, state
        keep_picture(page, f"{state}-{scheme}-{width}")

    expect(page.locator("#examples .suggestions button")).to_have_count(4)
    audit("welcome")
    ask(page, "typhoon")
    audit("answer")
    page.locator("#turn-1 .also-read summary").click()
    page.locator("#turn-1 .down").click()
    page.locator("#turn-1 .cite").first.focus()
    audit("feedback")
    page.locator("#turn-1 .cite").first.click()
    page.wait_for_selector("#cited-span")
    audit("source")
    page.click(".close >> visible=true")
    expect(page.locator("#turn-1 .cite").first).to_be_focused()
    ask(page, "how tall?")
    audit("abstention")
    ask(page, "written typhoon").locator(".account summary").click()
    page.locator("#turn-3 .account").scroll_into_view_if_needed()
    audit("written")
    begin(page, "written typhoon endless")
    expect(page.locator("#turn-4 .statement").first).to_contain_text("since 2021")
    audit("writing")
    page.click("#stop")
    expect(page.locator("#turn-4 .actions")).to_be_visible()
    if width < 1000:
        page.click("#toggle-nav")
    page.click(".conversations summary")
    audit("menu")


@pytest.mark.parametrize("width", [360, 800, 1100, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_scrolls_sideways_and_sources_come_into_view(
    visit: Visit, width: int, scheme: str
) -> None:
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    ask(page, "hostile")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#turn-1 .cite")
    page.wait_for_selector("#cited-span")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert is_in_view(page, "#cited-span")
    keep_picture(page, f"hostile-{scheme}-{width}")
    page.click(".close")
    expect(page.locator("#turn-1 .statement")).to_be_visible()


def test_users_log_in_and_nobody_else_gets_anything(browser: Browser, visit: Visit) -> None:
    settings = settings_anywhere(users={"alice": "swordfish", "bob": "carp-in-a-pond"})
    with serving(FakeAssistant(settings=settings)) as (at, _):
        stranger = browser.new_context()
        try:
            for path in ("", "config", "gradio_api/info", "theme.css", "api/ask"):
                assert stranger.request.get(at + path).status == 401
        finally:
            stranger.close()
        alice = visit(at, http_credentials={"username": "alice", "password": "swordfish"})
        ask(alice, "typhoon")
        again = visit(at, http_credentials={"username": "alice", "password": "swordfish"})
        expect(again.locator(".conversations li")).to_have_count(1)
        bob = visit(at, http_credentials={"username": "bob", "password": "carp-in-a-pond"})
        expect(bob.locator("#listed")).to_contain_text("will be kept here")
        expect(bob.locator(".conversations li")).to_have_count(0)
    visit.faults[:] = [fault for fault in visit.faults if "401" not in fault]


class Hostile(FakeAssistant):
    """Documents, titles, file names, headings and suggestions that all are attacks."""

    def __init__(self) -> None:
        super().__init__()
        self.held = {
            one.document_id: one
            for one in (
                document(f"{number} {vector}"[:200], f"Before. {vector} After.", title=vector)
                for number, vector in enumerate(VECTORS)
            )
        }

    def _answer(self, question: str) -> Answer:
        held = list(self.held.values())
        cited = [
            cite(number, one, vector, heading=vector)
            for number, (one, vector) in enumerate(zip(held, VECTORS, strict=True), start=1)
        ]
        read = tuple(consult(one, "Before.") for one in held[:8])
        if question.startswith("refuse"):
            return answer(question, consulted=read)
        cited = [replace(one, copies=(DocumentId(one.quote), DocumentId("b.txt"))) for one in cited]
        return replace(answer(question, *cited, consulted=read), query=question + " searched")

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        return tuple(VECTORS[:n])

    def documents(self) -> tuple[FileRecord, ...]:
        return tuple(
            replace(
                record,
                reason=record.title,
                status=Status.WARNING,
                copies=(DocumentId(record.title),),
                near=(DocumentId(record.title),) * 5,
            )
            for record in super().documents()
        )


def test_no_attack_runs_a_script_or_asks_another_server(visit: Visit) -> None:
    with serving(Hostile()) as (at, _):
        page = visit(at)
        expect(page.locator(".documents li")).to_have_count(len(VECTORS) + 1)
        for first in range(0, len(VECTORS), 12):
            shown = "\n".join(VECTORS[first : first + 12]).replace("\0", "").strip()
            turn = ask(page, f"refuse {shown}" if first else shown)
            expect(turn.locator("h2.question")).to_be_visible()
        expect(page.locator("#turn-1 .cite")).to_have_count(len(VECTORS))
        for number in range(1, len(VECTORS) + 1):
            mark = page.locator(f'#turn-1 a.cite[href="#cite-1-{number}"]')
            mark.hover()
            mark.click()
            expect(page.locator(".steps .at")).to_have_text(f"Citation {number} of {len(VECTORS)}")
        page.reload()
        expect(page.locator(".turn")).not_to_have_count(0)
        page.click(".conversations summary")
        page.click(".conversations [data-rename]")
        page.keyboard.type(VECTORS[1])
        page.keyboard.press("Enter")
        expect(page.locator(".conversations li > a")).to_contain_text("<script>")
        page.wait_for_timeout(500)


def test_no_attack_in_what_a_model_is_called_or_says_runs_a_script(visit: Visit) -> None:
    attack = VECTORS[0]
    settings = settings_anywhere(llm={"base_url": "http://127.0.0.1:1/v1", "model": attack})
    with serving(FakeAssistant(settings=settings)) as (at, _):
        page = visit(at)
        expect(page.locator(".welcome bdi").first).to_have_text(attack)
        ask(page, "written typhoon")
        database = Database(settings.index_dir)
        with database.open() as connection:
            found = connection.execute("SELECT conversation_id, owner FROM conversations")
            ((conversation_id, owner),) = found.fetchall()
        made = FakeAssistant().ask("typhoon")
        for number, vector in enumerate(VECTORS, start=2):
            said = write(made, vector, vector, model=vector, why=vector)
            outcome = replace(said, notice=vector)
            ConversationStore(database).put(owner, conversation_id, Turn(number, "Why?", outcome))
        page.reload()
        expect(page.locator(".turn")).to_have_count(N_SHOWN)
        page.locator(".earlier button").click()
        expect(page.locator(".turn")).to_have_count(len(VECTORS) + 1)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        expect(page.locator(".account li")).to_have_count(len(VECTORS) + 1)
        expect(page.locator("#turn-2 .remark")).to_have_count(2)
        page.wait_for_timeout(500)
        assert "Elvis" not in page.content()


def test_the_real_assistants_citations_open_at_the_quotes_of_its_answer(
    visit: Visit, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path, cache_dir=PREPARED)
    write_files(settings.corpus_dir, FILES)
    with Assistant.open(settings) as real:
        real.sync()
        with serving(real) as (at, _):
            page = visit(at)
            for n, question in enumerate(
                ("Where does the Danube rise?", "What is the largest moon of Saturn?"), start=1
            ):
                ask(page, question)
                citations = real.ask(question).citations
                assert citations
                expect(page.locator(f"#turn-{n} .cite")).to_have_count(len(citations))
                for citation in citations:
                    page.click(f'#turn-{n} a.cite[href="#cite-{n}-{citation.number}"]')
                    expect(page.locator(".source-head h2")).to_have_text(citation.title)
                    assert strong_text(page) == citation.quote
                    stored = real.document(citation.document_id).text
                    assert stored[citation.start : citation.end] == citation.quote


def test_a_citation_opens_the_picture_of_its_page_with_the_quote_marked(visit: Visit) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at)
        expect(page.locator(".documents")).to_contain_text("the same as: copy <i>.pdf")
        expect(page.locator(".documents")).to_contain_text(
            "nearly the same as: draft.pdf, b.pdf, c and 1 more"
        )
        expect(page.locator(".documents .why >> text=encrypted")).to_have_text(
            "skipped (encrypted): save it without a password"
        )
        keep_picture(page, "paged-documents")
        ask(page, "report").locator(".cite").first.click()
        wait_for_picture(page)
        keep_picture(page, "page")
        picture = page.locator(".page-view img")
        expect(picture).to_have_attribute("alt", f"Page 3 of {TITLE}")
        expect(page.locator(".box:visible")).to_have_count(2)
        assert is_in_view(page, ".box >> nth=0")
        sheet, box = place(page, ".page-view img"), place(page, ".box >> nth=0")
        assert abs((box["y"] - sheet["y"]) / sheet["height"] - 0.70) < 0.005
        assert abs((box["x"] - sheet["x"]) / sheet["width"] - 0.10) < 0.005
        assert page.locator(".source-text").is_hidden()
        expect(page.locator(".source-head h2")).to_be_focused()
        page.click(".steps a.next")
        expect(page.locator(".turning .at")).to_have_text("p. 4 of 5")
        wait_for_picture(page)
        expect(page.locator(".box:visible")).to_have_count(1)
        assert is_in_view(page, ".box:visible")
        page.click("button[data-turn-by='1']")
        expect(page.locator(".turning .at")).to_have_text("p. 5 of 5")
        expect(picture).to_have_attribute("alt", f"Page 5 of {TITLE}")
        wait_for_picture(page)
        expect(page.locator(".box:visible")).to_have_count(1)
        assert "page=5" in picture.evaluate("(image) => image.currentSrc")
        expect(page.locator("button[data-turn-by='1']")).to_have_attribute("aria-disabled", "true")
        page.click("button[data-turn-by='1']", force=True)
        expect(page.locator(".turning .at")).to_have_text("p. 5 of 5")


def test_the_text_is_seen_instead_by_keyboard_and_stays_chosen(visit: Visit) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at)
        ask(page, "report").locator(".cite").first.click()
        wait_for_picture(page)
        page.locator(".views button").nth(1).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".page-view")).to_be_hidden()
        expect(page.locator(".views button").nth(1)).to_have_attribute("aria-pressed", "true")
        assert strong_text(page) == FIRST
        assert is_in_view(page, "#cited-span")
        keep_picture(page, "page-text")
        page.click(".steps a.next")
        expect(page.locator(".steps .at")).to_have_text("Citation 2 of 2")
        expect(page.locator(".page-view")).to_be_hidden()
        page.keyboard.press("Tab")
        page.locator(".views button").first.focus()
        page.keyboard.press("Space")
        expect(page.locator(".page-view")).to_be_visible()
        wait_for_picture(page)
        assert is_in_view(page, ".box:visible")


def test_a_page_that_cannot_be_drawn_says_so_and_one_that_has_changed_is_not_asked_for(
    visit: Visit,
) -> None:
    fake = PagedAssistant()
    with serving(fake) as (at, _):
        page = visit(at)
        ask(page, "report").locator(".cite").first.click()
        wait_for_picture(page)
        page.click("button[data-turn-by='-1']")
        expect(page.locator(".page-view > .folded")).to_have_text(
            "This page cannot be shown now; the text can."
        )
        page.wait_for_timeout(300)
        (fault,) = visit.faults
        assert "415" in fault
        visit.faults.clear()
        page.click("button[data-turn-by='-1']")
        expect(page.locator(".page-view > .folded")).to_be_hidden()
        wait_for_picture(page)
        fake.is_changed = True
        page.click(".steps a.next")
        expect(page.locator("#panel .notice")).to_contain_text("the file has changed")
        expect(page.locator("#panel img")).to_have_count(0)
        keep_picture(page, "page-changed")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_shown_well_in_any_window_and_to_any_reader(
    visit: Visit, width: int, scheme: str
) -> None:
    with serving(PagedAssistant()) as (at, _):
        page = visit(at, color_scheme=scheme, viewport={"width": width, "height": 800})
        ask(page, "report").locator(".cite").first.click()
        wait_for_picture(page)
        page.wait_for_timeout(300)
        keep_picture(page, f"page-{scheme}-{width}")
        assert is_in_view(page, ".box >> nth=0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def test_the_real_assistant_marks_a_quote_where_a_pdf_has_it(visit: Visit, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, cache_dir=PREPARED)
    settings.corpus_dir.mkdir()
    canvas = Canvas(str(settings.corpus_dir / "rivers.pdf"), pagesize=(400, 600))
    canvas.drawString(50, 500, "Lakes are treated on the following page.")
    canvas.showPage()
    canvas.drawString(50, 500, "Many rivers cross the country.")
    canvas.drawString(50, 150, "The Danube rises in the Black Forest.")
    canvas.save()
    with Assistant.open(settings) as real:
        real.sync()
        with serving(real) as (at, _):
            page = visit(at)
            ask(page, "Where does the Danube rise?").locator(".cite").first.click()
            wait_for_picture(page)
            expect(page.locator(".turning .at")).to_have_text("p. 2 of 2")
            (box,) = [present(one.bounding_box()) for one in page.locator(".box:visible").all()]
            sheet = place(page, ".page-view img")
            assert abs((box["x"] - sheet["x"]) / sheet["width"] - 50 / 400) < 0.01
            baseline = (box["y"] + box["height"] - sheet["y"]) / sheet["height"]
            assert 450 / 600 < baseline < 460 / 600
            keep_picture(page, "page-real")
            (settings.corpus_dir / "rivers.pdf").write_bytes(b"Another text.")
            page.click(".close")
            page.locator("#turn-1 .cite").first.click()
            expect(page.locator(".source-head .notice")).to_contain_text("has changed since")
            expect(page.locator("#panel img")).to_have_count(0)
            page.close()  # before its server ends, of which it would complain
