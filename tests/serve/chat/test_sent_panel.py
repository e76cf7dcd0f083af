"""While a sync runs, what is sent of the panel is what has changed of it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from surface_fakes import FakeAssistant

from assistant.serve.chat.corpus import Corpus, ListView
from assistant.serve.chat.page import _send_panel
from assistant.serve.chat.sessions import SentPanel, Session
from assistant.store.sync import Progress

LINES = st.lists(st.sampled_from(["a" * 9, "b", "<li>", "é\u2028"]), max_size=12)


def put(before: list[str], changes: str) -> list[str]:
    """Return the lines after their changes, as the page works them out."""
    lines = [*before]
    for start, end, new in json.loads(changes):
        lines[start:end] = new
    return lines


@given(LINES, LINES)
def test_the_changes_make_of_the_former_panel_the_new_one(
    before: list[str], now: list[str]
) -> None:
    changes = SentPanel(2, tuple(now)).since(SentPanel(1, tuple(before)))
    assert changes is None or put(before, changes) == now


def test_a_sync_sends_the_whole_once_and_then_little() -> None:
    assistant = FakeAssistant()
    corpus, session = Corpus(assistant), Session("alice")
    session.is_following = True
    sizes = []
    for done in range(4):
        assistant.progress = Progress("reading", done, 4, name="handbook.md", share=done / 4)
        sizes.append(len(_send_panel(session, corpus.show(frozenset(), ListView()))))
    assert max(sizes[1:]) < sizes[0] / 4
    session.is_following = False
    whole = corpus.show(frozenset(), ListView())
    assert _send_panel(session, whole) == whole
    assert session.sent is None, "nothing is held for a page that follows no sync"
