"""Five hundred questions in one conversation, and ten thousand conversations, in a real browser."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from browsing import IN_BROWSER, Visit, ask, begin, serving
from playwright.sync_api import Page, expect
from surface_fakes import FakeAssistant

from assistant.serve.chat.database import Database, TurnRow, write_row

pytestmark = IN_BROWSER
N_TURNS, N_CONVERSATIONS = 500, 10_000


@pytest.fixture(scope="module")
def fake() -> FakeAssistant:
    return FakeAssistant(pause_s=0.02)


@pytest.fixture(scope="module")
def address(fake: FakeAssistant) -> Iterator[str]:
    with serving(fake) as (at, _):
        yield at


def fill(fake: FakeAssistant, page: Page) -> None:
    """Ask once on a page; then, on the disk, 500 times, and in 10,000 other conversations."""
    ask(page, "typhoon")
    long = page.url.rpartition("#")[2]
    database = Database(fake.settings.index_dir)
    made = json.dumps(asdict(fake.ask("typhoon")))
    with database.open() as connection:
        found = "SELECT owner FROM conversations WHERE conversation_id = ?"
        ((owner,),) = connection.execute(found, (long,))
        rows = [
            (f"{long}-{n}", owner, f"Title {n}", f"2025-{n:05}") for n in range(N_CONVERSATIONS)
        ]
        connection.executemany("INSERT INTO conversations VALUES (?, ?, ?, ?)", rows)
        said = [(conversation_id, 0, title.lower()) for conversation_id, _, title, _ in rows]
        connection.executemany("INSERT INTO said VALUES (?, ?, ?)", said)
        for number in range(2, N_TURNS + 1):
            row = TurnRow(long, number, f"Question {number}?", "[]", made, None, "[]")
            write_row(connection, row)


def test_a_conversation_of_five_hundred_questions_among_ten_thousand(
    visit: Visit, fake: FakeAssistant
) -> None:
    page = visit()
    fill(fake, page)
    page.reload()
    expect(page.locator(".turn")).to_have_count(30)
    expect(page.locator(".turn").last.locator(".question")).to_have_text(f"Question {N_TURNS}?")
    page.fill("#question textarea", "typed meanwhile")

    # Older ones come when the reader gets there, and what is read stays where it is.
    page.locator("#turn-471").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('conversation').scrollTop = 0")
    expect(page.locator(".turn")).to_have_count(60)
    tops = page.evaluate(
        """['turn-471', 'conversation'].map(
            (id) => document.getElementById(id).getBoundingClientRect().top)"""
    )
    assert 0 <= tops[0] - tops[1] < 120, "under where the button was"
    page.evaluate("document.getElementById('conversation').scrollTop = 0")
    expect(page.locator(".turn")).to_have_count(90)
    expect(page.locator(".earlier")).to_have_text(f"Earlier questions ({N_TURNS - 90})")
    ids = page.evaluate("[...document.querySelectorAll('.turn')].map((turn) => turn.id)")
    assert ids == [f"turn-{n}" for n in range(N_TURNS - 89, N_TURNS + 1)]
    expect(page.locator("#question textarea")).to_have_value("typed meanwhile")

    # Far up a quote opens and a rating is kept; the next question comes at the end.
    page.click("#turn-415 .cite >> nth=0")
    page.wait_for_selector("#cited-span")
    page.click("#turn-415 .up")
    expect(page.locator("#turn-415 .up[aria-pressed=true]")).to_have_count(1)
    begin(page, "leave")
    expect(page.locator(f"#turn-{N_TURNS + 1} .actions")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(91)


def test_of_ten_thousand_conversations_each_is_listed_found_and_opened(
    visit: Visit, fake: FakeAssistant
) -> None:
    page = visit()
    fill(fake, page)
    page.reload()
    rows = page.locator(".conversations li")
    expect(rows).to_have_count(100)
    page.click("text=Older conversations")
    expect(rows.first).to_contain_text("Title 9900")
    expect(rows.last).to_contain_text("Title 9801")
    page.click("text=Older conversations")
    expect(rows.first).to_contain_text("Title 9800")
    page.click("text=Newer conversations")
    expect(rows.first).to_contain_text("Title 9900")
    page.fill("#search :is(input, textarea)", "title 4321")
    expect(rows).to_have_count(1)
    rows.first.locator("a").first.click()
    expect(page).to_have_title("Title 4321 · Ask your documents")
    page.fill("#search :is(input, textarea)", "")
    expect(rows).to_have_count(100)
    expect(page).to_have_title("Title 4321 · Ask your documents")
    page.click("#new")
    expect(page).to_have_title("Ask your documents")
