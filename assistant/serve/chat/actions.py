"""What people do on a page besides asking: each act -> what changes.

Comes in: a page, and what its browser sent, untrusted. Goes out: an `Update`. What does not belong
to the page's owner changes nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assistant.errors import AssistantError
from assistant.serve.background import run_aside
from assistant.serve.chat.asking import Asking, find_turn
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.feedback import FeedbackBook
from assistant.serve.chat.history import Store
from assistant.serve.chat.pages import DOCUMENTS, Page, Update
from assistant.serve.chat.render import render_notice
from assistant.serve.chat.turns import Turn, report, tell
from assistant.serve.chat.views import Views
from assistant.values import Answer, DocumentId

ABSENT = "This conversation is not here: it was deleted, or it is somebody else's."
RATINGS = frozenset({"up", "down", "unanswerable"})
REFRESH_S = 0.5
"""Seconds between two looks at a running sync."""
MAX_SEARCH_CHARS = 200
MAX_CHOSEN = 1_000
"""Documents that a question can be asked of; beyond these it is better asked of all."""


class Desk:
    """Serves the pages of everybody who asks one assistant."""

    def __init__(
        self,
        store: Store,
        book: FeedbackBook,
        views: Views,
        corpus: Corpus,
        asking: Asking,
        ending: asyncio.Event,
    ) -> None:
        self._store = store
        self._book = book
        self._views = views
        self._corpus = corpus
        self._asking = asking
        self._ending = ending
        self._syncing: asyncio.Task[None] | None = None
        self._stage = ""

    def arrive(self, page: Page, address: str) -> Update:
        """Show a page that was opened, at the address of a conversation or at none."""
        return _guarded(lambda: self._open_conversation(page, _holdable(address) or None))

    def watch(self, page: Page) -> AsyncGenerator[Update]:
        """Follow an answer that is being made already; see `Asking.watch`."""
        return self._asking.watch(page)

    def ask(self, page: Page, question: str) -> AsyncGenerator[Update]:
        """Answer a question; see `Asking.ask`."""
        return self._asking.ask(page, question)

    def ask_again(self, page: Page, sent: dict[str, Any]) -> AsyncGenerator[Update]:
        """Ask what a button stands for; see `Asking.ask_again`."""
        return self._asking.ask_again(page, sent)

    def stop(self, page: Page) -> None:
        """End the page's running answer; see `Asking.stop`."""
        self._asking.stop(page)

    def open(self, page: Page, reference: str, order: object = None) -> Update:
        """Open a reference: a conversation, a source beside it, the documents.

        `order` counts the clicks of the page: one that comes after a later one opens nothing.
        """
        reference = _holdable(reference)
        kind, _, name = reference.partition("-")
        if kind == "open":
            return _guarded(lambda: self._open_conversation(page, name))
        n_opened = order if isinstance(order, int) else page.n_opened + 1
        if n_opened < page.n_opened:
            return Update()
        page.reference, page.n_opened = reference, n_opened
        return _guarded(lambda: Update(panel=self._views.panel(page)))

    def act(self, page: Page, sent: dict[str, Any]) -> Update:
        """Do what a button stands for."""
        acts: dict[str, Callable[[], Update]] = {
            "new": lambda: self._open_conversation(page, None),
            "rename": lambda: self._rename(page, sent),
            "delete": lambda: self._delete(page, _holdable(sent.get("id"))),
            "search": lambda: self._search(page, _holdable(sent.get("text", ""))),
            "edit": lambda: self._edit(page, sent),
            "cancel-edit": lambda: self._cancel_edit(page),
            "rate": lambda: self._rate(page, sent),
            "flag": lambda: self._flag(page, sent),
            "only": lambda: self._choose(page, sent),
            "all": lambda: self._choose_all(page),
            "halt-sync": self._halt_sync,
        }
        return _guarded(acts.get(str(sent.get("act")), Update))

    async def sync(self, page: Page) -> AsyncGenerator[Update]:
        """Sync, or follow the sync that runs; it goes on when the page is closed."""
        if self._syncing is None or self._syncing.done():
            self._stage = "Syncing"
            self._syncing = asyncio.create_task(self._sync_through())
        async with aclosing(self.follow_sync(page)) as updates:
            async for update in updates:
                yield update

    async def follow_sync(self, page: Page) -> AsyncGenerator[Update]:
        """Yield how far the running sync is, where the page shows the documents, to its end."""
        beside, is_followed = page.reference, False
        while self._syncing is not None and not self._syncing.done():
            is_shown = DOCUMENTS in {page.reference, beside}  # or was when it was last sent
            yield Update(panel=self._views.panel(page) if is_shown else None, status=self._stage)
            beside, is_followed = page.reference, True
            await asyncio.wait({self._syncing}, timeout=REFRESH_S)
        if is_followed:
            panel = self._views.panel(page) if page.reference == DOCUMENTS else None
            yield Update(panel=panel, status=self._stage)

    async def _sync_through(self) -> None:
        async with aclosing(run_aside(self._corpus.sync(), self._ending)) as stages:
            async for self._stage in stages:
                pass

    def _halt_sync(self) -> Update:
        self._corpus.halt()
        return Update(status="Stopping the sync.")

    def _open_conversation(self, page: Page, conversation_id: str | None) -> Update:
        page.replaces, status = None, ""
        if conversation_id is not None and not self._store.has(page.owner, conversation_id):
            conversation_id, status = None, ABSENT
        page.conversation_id, page.reference = conversation_id, DOCUMENTS
        shown = self._asking.show(page)
        return replace(
            shown,
            status=status or shown.status,
            listed=self._views.listed(page),
            question="",
            panel=self._views.panel(page),
            banner=render_notice(status) if status else self._views.banner(page),
        )

    def _rename(self, page: Page, sent: dict[str, Any]) -> Update:
        title = _holdable(sent.get("title", ""))
        self._store.rename(page.owner, _holdable(sent.get("id")), title)
        return Update(listed=self._views.listed(page))

    def _delete(self, page: Page, conversation_id: str) -> Update:
        self._store.delete(page.owner, conversation_id)
        if conversation_id == page.conversation_id:
            return self._open_conversation(page, None)
        return Update(listed=self._views.listed(page), status="Deleted.")

    def _search(self, page: Page, text: str) -> Update:
        page.search = text[:MAX_SEARCH_CHARS]
        return Update(listed=self._views.listed(page))

    def _edit(self, page: Page, sent: dict[str, Any]) -> Update:
        """Put a turn's question, or the query that was searched for, where it can be changed."""
        turns = self._views.turns(page)
        turn = find_turn(turns, sent)
        if turn is None:
            return Update()
        is_query = sent.get("what") == "query" and isinstance(turn.outcome, Answer)
        page.replaces = turn.number if turn is turns[-1] else None
        return Update(
            question=turn.outcome.query if is_query else turn.question,  # type: ignore[union-attr]
            banner=self._views.banner(page, is_editing=True),
        )

    def _cancel_edit(self, page: Page) -> Update:
        page.replaces = None
        return Update(question="", banner=self._views.banner(page))

    def _rate(self, page: Page, sent: dict[str, Any]) -> Update:
        turn, before = self._judged(page, sent)
        rating = str(sent.get("rating"))
        if turn is None or not isinstance(turn.outcome, Answer) or rating not in RATINGS:
            return Update()
        kept = None if rating == turn.rating else rating
        self._book.rate(page.conversation_id or "", turn, tell(before), kept)
        status = "Thank you: kept with the answer." if kept else "Taken back."
        return Update(talk=self._views.talk(page, self._views.turns(page)), status=status)

    def _flag(self, page: Page, sent: dict[str, Any]) -> Update:
        turn, before = self._judged(page, sent)
        answer = turn.outcome if turn else None
        numbers = [c.number for c in answer.citations] if isinstance(answer, Answer) else []
        number = next((n for n in numbers if str(n) == str(sent.get("citation"))), None)
        if turn is None or number is None:
            return Update()
        is_wrong = number not in turn.flagged
        self._book.flag(page.conversation_id or "", turn, tell(before), number, is_wrong=is_wrong)
        return Update(
            talk=self._views.talk(page, self._views.turns(page)),
            panel=self._views.panel(page),
            status="Kept: this citation is wrong." if is_wrong else "Taken back.",
        )

    def _judged(self, page: Page, sent: dict[str, Any]) -> tuple[Turn | None, tuple[Turn, ...]]:
        """Return the turn that is judged, with those before it."""
        turns = self._views.turns(page)
        turn = find_turn(turns, sent)
        return turn, turns[: turns.index(turn)] if turn else ()

    def _choose(self, page: Page, sent: dict[str, Any]) -> Update:
        """Ask only of the documents that are ticked."""
        if isinstance(sent.get("id"), str):
            chosen = {DocumentId(_holdable(sent["id"]))}
            only = page.only | chosen if sent.get("checked") else page.only - chosen
            page.only = only if len(only) <= MAX_CHOSEN else page.only
        return Update(banner=self._views.banner(page))

    def _choose_all(self, page: Page) -> Update:
        page.only = frozenset()
        panel = self._views.panel(page) if page.reference == DOCUMENTS else None
        return Update(panel=panel, banner=self._views.banner(page))


def _guarded(act: Callable[[], Update]) -> Update:
    try:
        return act()
    except AssistantError as error:
        return Update(status=str(error), banner=render_notice(str(error)))
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        return Update(banner=render_notice(report("doing that")))


def _holdable(sent: object) -> str:
    """Return what was sent as text that a file can hold: JSON can spell lone surrogates."""
    return str(sent).encode("utf-8", "replace").decode()
