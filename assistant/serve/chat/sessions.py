"""What each open browser page shows, kept on the server, and what an event changes on a page.

A session is one open page. Gradio lets the browser choose the session's hash, so a hash belongs to
the user who came with it first: with another user it names another, empty session.
"""

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from markupsafe import Markup

from assistant.serve.chat.corpus import ListView
from assistant.show.wording import ENGLISH, Wording
from assistant.values import DocumentId

MAX_SESSIONS = 10_000
"""Sessions kept in memory; the one that was used longest ago is dropped first."""
MAX_CHANGED_SHARE = 0.5
"""Of a panel's characters that have changed, up to which only the change is sent."""
DOCUMENTS = "close"
"""The reference of the list of documents."""


@dataclass(frozen=True, slots=True)
class SentPanel:
    """The panel as it was sent last, in lines, with a number that tells it from others."""

    number: int
    lines: tuple[str, ...]

    def since(self, before: "SentPanel") -> str | None:
        """Return what has changed as JSON: start, end and new lines of each change, the last first.

        None if that is no less than the whole.
        """
        matcher = SequenceMatcher(None, before.lines, self.lines, autojunk=False)
        changes = [
            (first, last, self.lines[start:end])
            for tag, first, last, start, end in reversed(matcher.get_opcodes())
            if tag != "equal"
        ]
        n_chars = sum(len(line) for _, _, lines in changes for line in lines)
        is_less = n_chars < MAX_CHANGED_SHARE * sum(map(len, self.lines))
        return json.dumps(changes, ensure_ascii=False) if is_less else None


@dataclass(slots=True)
class Session:
    """What one open page shows: a conversation, and beside it a source or the list of documents.

    It `say`s the program's words in one language. `conversation_id` is None before the first
    question. `n_opened` counts the references that have been opened, so that a late click is
    noticed; `opening` is held until the panel that was clicked first has been sent. Questions are
    limited to the documents `only`; empty means all. `replaces` is the number of the turn whose
    question is being edited. The list of conversations begins after `n_before` newer ones. Of a
    long conversation the turns from number `shown_from` on are shown; None: its last few. `listed`
    is what the list of documents shows, `seen_at` when the conversation that is shown got its last
    turn, `seen_list` a hash of the list of conversations. `n_watching` events tell the page of a
    running answer, and with `is_following` one of a running sync, in which the panel was last
    `sent`.
    """

    owner: str
    conversation_id: str | None = None
    reference: str = DOCUMENTS
    n_opened: int = 0
    only: frozenset[DocumentId] = frozenset()
    replaces: int | None = None
    search: str = ""
    n_before: int = 0
    shown_from: int | None = None
    listed: ListView = field(default_factory=ListView)
    seen_at: str | None = None
    seen_list: int = 0
    n_watching: int = 0
    is_following: bool = False
    say: Wording = ENGLISH
    sent: SentPanel | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)


@dataclass(frozen=True, slots=True)
class Update:
    """What changes on a page; None leaves a part as it is."""

    conversation: Markup | None = None
    status: str | None = None
    question: str | None = None
    is_running: bool | None = None
    conversations: Markup | None = None
    panel: Markup | None = None
    banner: Markup | None = None
    ready: Markup | None = None
    examples: Markup | None = None
    collections: Markup | None = None


class Sessions:
    """The open sessions, by owner and hash."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def get(self, owner: str, session_hash: str, say: Wording = ENGLISH) -> Session:
        """Return the owner's session of this hash; when there is none, a new one that `say`s so."""
        session = self._sessions.get(session_hash)
        if session is None or session.owner != owner:
            session = self._sessions[session_hash] = Session(owner, say=say)
        self._sessions.move_to_end(session_hash)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session
