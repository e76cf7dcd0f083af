"""The pages that are open: each one its owner's."""

import pytest

from assistant.serve.chat import pages as pages_module
from assistant.serve.chat.pages import Page, Pages


def test_a_session_is_one_page() -> None:
    pages = Pages()
    page = pages.page("alice", "s")
    assert page == Page("alice")
    assert pages.page("alice", "s") is page
    assert pages.page("alice", "t") is not page


def test_the_same_session_of_another_owner_shows_nothing_of_the_first() -> None:
    pages = Pages()
    pages.page("alice", "s").conversation_id = "secret"
    assert pages.page("bob", "s") == Page("bob")
    assert pages.page("alice", "s").conversation_id is None


def test_the_page_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGES", 2)
    pages = Pages()
    first, second = pages.page("alice", "1"), pages.page("alice", "2")
    pages.page("alice", "1")
    pages.page("alice", "3")
    assert pages.page("alice", "1") is first
    assert pages.page("alice", "2") is not second
