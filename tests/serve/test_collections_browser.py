"""Several collections on the page: one is chosen, and what was said in another stays there."""

from collections.abc import Iterator

import pytest
from browsing import IN_BROWSER, Visit, ask, serving
from playwright.sync_api import Browser, expect
from surface_fakes import FakeAssistant

from assistant.answering import Collection

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def several() -> Iterator[str]:
    made = [Collection(name, FakeAssistant()) for name in ("contracts", "minutes")]
    with serving(made) as (at, _):
        yield at


@pytest.fixture
def visiting(browser: Browser, several: str) -> Iterator[Visit]:
    opened = Visit(browser, several)
    yield opened
    opened.close()
    assert opened.faults == []


def test_one_is_chosen_and_conversations_stay_in_theirs(visiting: Visit, several: str) -> None:
    page = visiting()
    assert page.url == f"{several}collections/contracts/"
    expect(page.locator(".collections summary")).to_have_text("Collection contracts")
    ask(page, "typhoon")
    expect(page.locator("#listed")).to_contain_text("typhoon")
    page.locator("#conversation a.cite").first.click()
    expect(page.locator("#panel")).to_contain_text("Flax Typhoon")
    page.locator(".collections summary").click()
    page.get_by_role("link", name="minutes").click()
    expect(page.locator(".collections summary")).to_have_text("Collection minutes")
    assert page.url == f"{several}collections/minutes/"
    expect(page.locator("#listed")).not_to_contain_text("typhoon")
    ask(page, "leave")
    expect(page.locator("#conversation")).to_contain_text("two days of leave")
    page.locator(".collections summary").click()
    page.get_by_role("link", name="contracts").click()
    expect(page.locator("#listed")).to_contain_text("typhoon")


def test_where_there_is_one_nothing_is_to_be_chosen(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#collections")).to_be_hidden()
