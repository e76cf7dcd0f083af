"""The sessions of browser tabs: each one its owner's."""

import pytest

from assistant.serve.chat import sessions as sessions_module
from assistant.serve.chat.sessions import Session, Sessions


def test_a_session_is_found_again() -> None:
    sessions = Sessions()
    page = sessions.get("alice", "s")
    assert page == Session("alice")
    assert sessions.get("alice", "s") is page
    assert sessions.get("alice", "t") is not page


def test_the_same_session_of_another_owner_shows_nothing_of_the_first() -> None:
    sessions = Sessions()
    sessions.get("alice", "s").conversation_id = "secret"
    assert sessions.get("bob", "s") == Session("bob")
    assert sessions.get("alice", "s").conversation_id is None


def test_the_page_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 2)
    sessions = Sessions()
    first, second = sessions.get("alice", "1"), sessions.get("alice", "2")
    sessions.get("alice", "1")
    sessions.get("alice", "3")
    assert sessions.get("alice", "1") is first
    assert sessions.get("alice", "2") is not second
