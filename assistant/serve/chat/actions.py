"""What people do on a page: open, search, rename, delete, edit, rate, flag, select and sync.

Takes a session and what its browser sent, which is untrusted, and returns the `Update` of the page.
Something that does not belong to the session's owner changes nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assistant.errors import AssistantError
from assistant.serve.background import run_in_thread
from assistant.serve.chat.asking import RunningAnswers
from assistant.serve.chat.corpus import Corpus, describe_progress
from assistant.serve.chat.feedback import UNHELPFUL, FeedbackStore
from assistant.serve.chat.history import N_LISTED, ConversationStore
from assistant.serve.chat.render import render_notice
from assistant.serve.chat.sessions import DOCUMENTS, Session, Update
from assistant.serve.chat.turns import Turn, find_turn, log_error, read_number, to_history
from assistant.serve.chat.views import Views
from assistant.values import Answer, DocumentId

CONVERSATION_GONE = "This conversation is not here: it was deleted, or it is somebody else's."
RATINGS = frozenset({"up", "down", "unanswerable"})
SYNCING = "Syncing"
REFRESH_S = 0.5
"""Seconds between two updates about a running sync."""
MAX_SEARCH_CHARS = 200
MAX_DOCUMENTS = 1_000
"""Documents that a question can be limited to."""
TOO_MANY = f"At most {MAX_DOCUMENTS:,} documents can be ticked. Nothing was changed."


class Chat:
    """What happens when somebody uses a page: loads it, asks (`answers`), clicks or syncs.

    One object serves the sessions of all users. Its methods never raise: an error becomes a notice
    on the page.
    """

    def __init__(
        self,
        conversations: ConversationStore,
        feedback: FeedbackStore,
        views: Views,
        corpus: Corpus,
        answers: RunningAnswers,
        ending: asyncio.Event,
    ) -> None:
        self._conversations = conversations
        self._feedback = feedback
        self._views = views
        self._corpus = corpus
        self.answers = answers
        self._ending = ending
        self._syncing: asyncio.Task[None] | None = None
        self._is_due = False

    def load(self, session: Session, address: str) -> Update:
        """Show a page that has just been loaded; `address` is a conversation's id or empty.

        What was asked on the page or typed into it before that stays.
        """
        named = session.conversation_id or _storable(address) or None
        shown = _catch_errors(session, lambda: self._open_conversation(session, named))
        return replace(shown, question=None)

    def examples(self, session: Session) -> Update:
        """Offer example questions, which take longer to make than a page may wait."""
        return _catch_errors(session, lambda: Update(examples=self._views.examples(session.say)))

    def open(self, session: Session, reference: str, order: object = None) -> Update:
        """Open what a link points at: a conversation, a source, or the list of documents.

        `order` is the page's own count of its clicks. A click that arrives after a later one opens
        nothing.
        """
        reference = _storable(reference)
        kind, _, name = reference.partition("-")
        if kind == "open":
            return _catch_errors(session, lambda: self._open_conversation(session, name))
        n_opened = order if isinstance(order, int) else session.n_opened + 1
        if n_opened < session.n_opened:
            return Update()
        session.reference, session.n_opened = reference, n_opened
        return _catch_errors(session, lambda: Update(panel=self._views.panel(session)))

    def follow(self, session: Session) -> Update:
        """Show what has changed on another page of the same person: what is typed here stays."""
        return _catch_errors(session, lambda: self._follow(session))

    def act(self, session: Session, sent: dict[str, Any]) -> Update:
        """Do what a button says; an unknown action changes nothing."""
        acts: dict[str, Callable[[], Update]] = {
            "new": lambda: self._open_conversation(session, None),
            "rename": lambda: self._rename(session, sent),
            "delete": lambda: self._delete(session, _storable(sent.get("id"))),
            "earlier": lambda: self._show_earlier(session, sent),
            "page": lambda: self._turn_page(session, sent),
            "search": lambda: self._search(session, _storable(sent.get("text", ""))),
            "edit": lambda: self._edit(session, sent),
            "cancel-edit": lambda: self._cancel_edit(session),
            "rate": lambda: self._rate(session, sent),
            "comment": lambda: self._comment(session, sent),
            "flag": lambda: self._flag(session, sent),
            "only": lambda: self._select_documents(session, sent),
            "list": lambda: self._list(session, sent),
            "all": lambda: self._clear_selection(session),
            "halt-sync": self._stop_sync,
            "panel": lambda: Update(panel=self._views.panel(session)),
            "purge": lambda: self._purge(session, sent),
        }
        return _catch_errors(session, acts.get(str(sent.get("act")), Update))

    async def sync(self, session: Session) -> AsyncGenerator[Update]:
        """Start a sync, which continues when the page is closed, and follow it.

        Where one runs, another comes after it: what has changed since then is not in its plan.
        """
        self._is_due = True
        if self._running() is None:
            self._syncing = asyncio.create_task(self._sync_through())
        async with aclosing(self.follow_sync(session)) as updates:
            async for update in updates:
                yield update

    async def follow_sync(self, session: Session) -> AsyncGenerator[Update]:
        """Yield the progress of the running sync until it ends, the panel where it is shown.

        Whoever began it: this page, another, or the command that serves them.
        """
        if session.is_following:
            return
        session.is_following = True
        try:
            while self._running() or self._corpus.progress:  # another may have begun meanwhile
                async with aclosing(self._tell_sync(session)) as updates:
                    async for update in updates:
                        yield update
        finally:
            session.is_following, session.sent = False, None

    async def _tell_sync(self, session: Session) -> AsyncGenerator[Update]:
        beside, is_followed = session.reference, False
        while (task := self._running()) or self._corpus.progress:
            is_shown = DOCUMENTS in {session.reference, beside}  # now, or when last sent
            progress = self._corpus.progress
            yield Update(
                panel=self._views.panel(session) if is_shown else None,
                status=describe_progress(progress, session.say) if progress else SYNCING,
                ready=self._views.ready(session.say),
            )
            beside, is_followed = session.reference, True
            await (asyncio.wait({task}, timeout=REFRESH_S) if task else asyncio.sleep(REFRESH_S))
        if is_followed:
            panel = self._views.panel(session) if session.reference == DOCUMENTS else None
            told = self._corpus.tell_last(session.say)
            yield Update(panel=panel, status=told, ready=self._views.ready(session.say))
            yield await asyncio.to_thread(self.examples, session)

    def _running(self) -> asyncio.Task[None] | None:
        """Return the sync that a page began, while it runs."""
        return None if self._syncing is None or self._syncing.done() else self._syncing

    async def _sync_through(self) -> None:
        while self._is_due and not self._ending.is_set():
            if self._corpus.progress:  # of one that no page began
                await asyncio.sleep(REFRESH_S)
                continue
            self._is_due = False
            async with aclosing(run_in_thread(self._corpus.sync(), self._ending)) as stages:
                async for _ in stages:
                    pass

    def _stop_sync(self) -> Update:
        self._is_due = False
        self._corpus.stop_sync()
        return Update(status="Stopping the sync.")

    def _open_conversation(self, session: Session, conversation_id: str | None) -> Update:
        session.replaces, status = None, ""
        if conversation_id is not None and not self._conversations.has(
            session.owner, conversation_id
        ):
            conversation_id, status = None, CONVERSATION_GONE
        session.conversation_id, session.reference = conversation_id, DOCUMENTS
        session.shown_from = None
        shown = self.answers.show(session)
        return replace(
            shown,
            status=status or shown.status,
            conversations=self._views.conversations(session),
            question="",
            panel=self._views.panel(session),
            banner=render_notice(status, session.say) if status else self._views.banner(session),
            ready=self._views.ready(session.say),
        )

    def _follow(self, session: Session) -> Update:
        before, open_id = session.seen_list, session.conversation_id
        conversations = self._views.conversations(session)
        listed = Update(conversations=conversations if session.seen_list != before else None)
        if open_id is None:
            return listed
        when = self._conversations.updated_at(session.owner, open_id)
        if when is None:
            return replace(self._open_conversation(session, open_id), question=None)
        if when == session.seen_at or session.n_watching:
            return listed
        return replace(self.answers.show(session), conversations=listed.conversations)

    def _rename(self, session: Session, sent: dict[str, Any]) -> Update:
        title = _storable(sent.get("title", ""))
        self._conversations.rename(session.owner, _storable(sent.get("id")), title)
        return Update(conversations=self._views.conversations(session))

    def _delete(self, session: Session, conversation_id: str) -> Update:
        self._conversations.delete(session.owner, conversation_id)
        if conversation_id == session.conversation_id:
            return self._open_conversation(session, None)
        return Update(conversations=self._views.conversations(session), status="Deleted.")

    def _show_earlier(self, session: Session, sent: dict[str, Any]) -> Update:
        number = read_number(sent.get("turn"))
        return Update(conversation=self._views.earlier_turns(session, number) if number else None)

    def _turn_page(self, session: Session, sent: dict[str, Any]) -> Update:
        """List older conversations, or newer ones again."""
        by = N_LISTED if sent.get("by") == "older" else -N_LISTED
        session.n_before = max(0, session.n_before + by)
        return Update(conversations=self._views.conversations(session))

    def _search(self, session: Session, text: str) -> Update:
        session.search, session.n_before = text[:MAX_SEARCH_CHARS], 0
        return Update(conversations=self._views.conversations(session))

    def _edit(self, session: Session, sent: dict[str, Any]) -> Update:
        """Put a turn's question, or the query that was searched for, into the input field."""
        turn, _ = self._find_judged(session, sent)
        if turn is None:
            return Update()
        is_query = sent.get("what") == "query" and isinstance(turn.outcome, Answer)
        session.replaces = turn.number if self.answers.is_last(session, turn) else None
        return Update(
            question=turn.outcome.query if is_query else turn.question,  # type: ignore[union-attr]
            banner=self._views.banner(session, is_editing=True),
        )

    def _cancel_edit(self, session: Session) -> Update:
        session.replaces = None
        return Update(question="", banner=self._views.banner(session))

    def _rate(self, session: Session, sent: dict[str, Any]) -> Update:
        turn, before = self._find_judged(session, sent)
        rating = str(sent.get("rating"))
        if turn is None or not isinstance(turn.outcome, Answer) or rating not in RATINGS:
            return Update()
        kept = None if rating == turn.rating else rating
        self._feedback.rate(session.conversation_id or "", turn, to_history(before), kept)
        status = "Thank you: kept with the answer." if kept else "Taken back."
        return Update(conversation=self._views.changed_turn(session, turn.number), status=status)

    def _comment(self, session: Session, sent: dict[str, Any]) -> Update:
        turn, _ = self._find_judged(session, sent)
        if turn is None or turn.rating not in UNHELPFUL:
            return Update()
        text = _storable(sent.get("text", ""))
        self._feedback.comment(session.conversation_id or "", turn.number, text)
        status = "Thank you: kept with the answer." if text.strip() else "Taken back."
        return Update(conversation=self._views.changed_turn(session, turn.number), status=status)

    def _flag(self, session: Session, sent: dict[str, Any]) -> Update:
        turn, before = self._find_judged(session, sent)
        answer = turn.outcome if turn else None
        numbers = [c.number for c in answer.citations] if isinstance(answer, Answer) else []
        number = next((n for n in numbers if str(n) == str(sent.get("citation"))), None)
        if turn is None or number is None:
            return Update()
        is_wrong = number not in turn.flagged
        self._feedback.flag(
            session.conversation_id or "", turn, to_history(before), number, is_wrong=is_wrong
        )
        return Update(
            conversation=self._views.changed_turn(session, turn.number),
            panel=self._views.panel(session),
            status="Kept: this citation is wrong." if is_wrong else "Taken back.",
        )

    def _find_judged(
        self, session: Session, sent: dict[str, Any]
    ) -> tuple[Turn | None, tuple[Turn, ...]]:
        """Return the turn that was named, and the last few turns before it."""
        turns = self._views.turns_to(session, read_number(sent.get("turn")))
        return find_turn(turns, sent), turns[:-1]

    def _select_documents(self, session: Session, sent: dict[str, Any]) -> Update:
        """Add documents to those that questions are limited to, or remove them.

        One, those of a folder, or all that the list has found.
        """
        named, folder = sent.get("id"), sent.get("folder")
        if isinstance(named, str):
            chosen = frozenset({DocumentId(_storable(named))})
        elif isinstance(folder, str):
            chosen = self._corpus.find(folder=_storable(folder))
        else:
            chosen = (
                self._corpus.find(session.listed.words) if sent.get("matching") else frozenset()
            )
        only = session.only | chosen if sent.get("checked") else session.only - chosen
        if len(only) > MAX_DOCUMENTS:
            notice = render_notice(TOO_MANY, session.say)
            return Update(panel=self._views.panel(session), status=TOO_MANY, banner=notice)
        session.only = only
        panel = None if isinstance(named, str) else self._views.panel(session)
        return Update(panel=panel, banner=self._views.banner(session))

    def _list(self, session: Session, sent: dict[str, Any]) -> Update:
        """List other documents, unless the list has changed again meanwhile."""
        if session.reference != DOCUMENTS:
            return Update()
        listed = session.listed = session.listed.change(sent)
        panel = self._views.panel(session)
        return Update(panel=panel) if session.listed is listed else Update()

    def _purge(self, session: Session, sent: dict[str, Any]) -> Update:
        """Delete for good what is in the trash: what a key names, or all of it."""
        named = sent.get("key")
        self._corpus.purge(None if named is None else _storable(named))
        return Update(panel=self._views.panel(session), status="Deleted.")

    def _clear_selection(self, session: Session) -> Update:
        session.only = frozenset()
        panel = self._views.panel(session) if session.reference == DOCUMENTS else None
        return Update(panel=panel, banner=self._views.banner(session))


def _catch_errors(session: Session, act: Callable[[], Update]) -> Update:
    """Return the update, or a notice of what failed."""
    try:
        return act()
    except AssistantError as error:
        return Update(status=str(error), banner=render_notice(str(error), session.say))
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        return Update(banner=render_notice(log_error("doing that"), session.say))


def _storable(sent: object) -> str:
    """Return what was sent as text that UTF-8 can encode: JSON may contain lone surrogates."""
    return str(sent).encode("utf-8", "replace").decode()
