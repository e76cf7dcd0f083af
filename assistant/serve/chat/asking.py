"""Answers questions that are asked on the chat page, in threads beside the event loop.

Takes a session and a question, which is untrusted, and yields `Update`s until the answer is whole.
A stop or a shutdown takes effect at once and keeps what was verified by then. Every turn is stored
with its outcome, whatever happens; a disk error becomes a notice on the page.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.serve.background import Admission, run_in_thread
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.render import render_notice
from assistant.serve.chat.sessions import Session, Update
from assistant.serve.chat.turns import (
    CLOSING,
    INTERRUPTED,
    STOPPED,
    Step,
    Turn,
    answer_turn,
    find_turn,
    log_error,
    read_number,
)
from assistant.serve.chat.views import Views, wrap_turn
from assistant.show.provenance import CLOSING_PARTLY, STOPPED_PARTLY
from assistant.text.listing import ASKABLE, Reading
from assistant.values import Answer, DocumentId

WATCH_INTERVAL_S = 0.3
"""Seconds after which it is checked whether a page still shows the answer that it watches."""
MAX_TURNS = 2_000
"""Questions in a conversation; an export of more would be a book of a thousand pages."""
MAX_PER_OWNER = 3
"""Questions of one user that are answered or wait at the same time, so that others get a turn."""
BUSY_ELSEWHERE = f"{MAX_PER_OWNER} of your questions are being answered; wait for one of them."
FULL = f"This conversation has {MAX_TURNS:,} questions; begin a new one."
BUSY_HERE = "The last question of this conversation is still being answered."
QUESTION_GONE = "This question is not here any more."


class RunningAnswers:
    """The answers in progress, at most one in each conversation.

    A running answer belongs to its conversation and not to a page: whoever closes or reloads the
    page finds it again.
    """

    def __init__(
        self,
        assistant: Answering,
        conversations: ConversationStore,
        views: Views,
        admission: Admission,
        ending: asyncio.Event,
    ) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._views = views
        self._admission = admission
        self._ending = ending
        self._running: dict[str, _RunningAnswer] = {}

    async def ask(
        self,
        session: Session,
        question: str,
        documents: Sequence[DocumentId] | None = None,
        as_: Reading | None = None,
    ) -> AsyncGenerator[Update]:
        """Answer a question in the session's conversation; start a conversation if there is none.

        `documents` are those that it is limited to; None means those that the session has selected.
        `as_` is what to take it for.
        """
        question = question.encode("utf-8", "replace").decode().strip()
        try:
            turns = self._views.last_turns(session)
            if refused := self._refuse(session, question, turns):
                yield self._notify(session, refused)
                return
            asked_of = sorted(session.only) if documents is None else documents
            self._begin(session, Turn(0, question, documents=tuple(asked_of), as_=as_), turns)
            before, conversations = session.seen_list, self._views.conversations(session)
            also = Update(
                question="",
                conversations=conversations if session.seen_list != before else None,
                banner=self._views.banner(session),
            )
            async with aclosing(self.watch(session)) as updates:
                async for update in updates:
                    yield replace(
                        update,
                        question=also.question,
                        conversations=also.conversations,
                        banner=also.banner,
                    )
                    also = Update()
        except AssistantError as error:
            yield self._notify(session, str(error))

    async def ask_again(self, session: Session, sent: dict[str, Any]) -> AsyncGenerator[Update]:
        """Ask the question of a button: a suggested one, or that of a turn once more."""
        named = read_number(sent.get("turn"))
        turn = find_turn(self._views.turns_to(session, named), sent)
        question = turn.question if turn else sent.get("question")
        if not isinstance(question, str):
            yield Update(status=QUESTION_GONE, banner=render_notice(QUESTION_GONE, session.say))
            return
        if not self.is_running(session):  # else it is refused, and nothing to be replaced later
            session.replaces = turn.number if turn and self.is_last(session, turn) else None
        documents = turn.documents if turn else None
        as_ = next((one for one in ASKABLE if one == sent.get("as")), None)
        async with aclosing(self.ask(session, question, documents, as_)) as updates:
            async for update in updates:
                yield update

    async def watch(self, session: Session) -> AsyncGenerator[Update]:
        """Yield the progress of the running answer, as long as the page shows its conversation."""
        conversation_id = session.conversation_id or ""
        running = self._running.get(conversation_id)
        if running is None:
            return
        session.n_watching += 1
        try:
            async with aclosing(self._watch(session, conversation_id, running)) as updates:
                async for update in updates:
                    yield update
        finally:
            session.n_watching -= 1

    async def _watch(
        self, session: Session, conversation_id: str, running: "_RunningAnswer"
    ) -> AsyncGenerator[Update]:
        seen: Step | None = None
        while session.conversation_id == conversation_id:
            if running.step is not seen:
                seen = running.step
                turn = self._views.turn(seen.turn, seen, say=session.say)
                after = running.before[-1:] or (None,)
                html = wrap_turn(conversation_id, turn, *after, is_last=True)
                yield Update(conversation=html, status=seen.status, is_running=seen.is_running)
            if not seen.is_running:
                self._views.note_seen(session)
                return
            await running.wait(seen)
        yield self.show(session)  # an update of the other one may have come last

    def show(self, session: Session) -> Update:
        """Return the session's conversation as stored, with the latest state of a running turn."""
        running = self._running.get(session.conversation_id or "")
        if running:
            step = running.step
            html = self._views.show_turns(session, step)
            return Update(conversation=html, status=step.status, is_running=step.is_running)
        html = self._views.conversation(session)
        return Update(conversation=html, status="", is_running=False)

    def stop(self, session: Session) -> None:
        """Stop the answer that is running in the session's conversation, at once."""
        if running := self._running.get(session.conversation_id or ""):
            running.stop.set()

    def is_running(self, session: Session) -> bool:
        """Whether an answer is running in the session's conversation."""
        return session.conversation_id in self._running

    def _refuse(self, session: Session, question: str, turns: Sequence[Turn]) -> str:
        if not question:
            return "Type a question first."
        if self.is_running(session):
            return BUSY_HERE
        if sum(one.owner == session.owner for one in self._running.values()) >= MAX_PER_OWNER:
            return BUSY_ELSEWHERE
        replaces_last = bool(turns) and session.replaces == turns[-1].number
        return FULL if self._views.count_turns(session) - replaces_last >= MAX_TURNS else ""

    def is_last(self, session: Session, turn: Turn) -> bool:
        """Whether a turn is the last one of the session's conversation."""
        return turn.number == max(one.number for one in self._views.last_turns(session))

    def _notify(self, session: Session, notice: str) -> Update:
        is_running = self.is_running(session)
        return Update(
            status=notice, banner=render_notice(notice, session.say), is_running=is_running
        )

    def _begin(self, session: Session, asked: Turn, before: tuple[Turn, ...]) -> None:
        """Store the new turn, in place of the one that it replaces, and start to answer it."""
        asked_in, turn = session.conversation_id, self._store(session, asked)
        assert session.conversation_id is not None
        if session.conversation_id != asked_in:  # that one is gone, with its turns
            before = ()
        if before and session.replaces == before[-1].number:
            self._conversations.drop(session.owner, session.conversation_id, before[-1].number)
            before = before[:-1]
        session.replaces = None
        session.shown_from = session.shown_from or turn.number
        first = Step(turn, "Starting")
        running = _RunningAnswer(session.owner, before, first, asyncio.Event(), asyncio.Condition())
        self._running[session.conversation_id] = running
        running.task = asyncio.create_task(self._run(session.conversation_id, running))

    def _store(self, session: Session, asked: Turn) -> Turn:
        """Store a new turn, in a conversation of its own where the session has none any more."""
        begun, number = replace(asked, outcome=INTERRUPTED), None
        while number is None:
            if session.conversation_id is not None:
                number = self._conversations.begin(session.owner, session.conversation_id, begun)
            if number is None:
                session.conversation_id = self._conversations.create(session.owner, asked.question)
        return replace(asked, number=number)

    async def _run(self, conversation_id: str, running: "_RunningAnswer") -> None:
        """Answer until done, stopped or shut down; store the outcome."""
        turn = running.step.turn
        work = answer_turn(self._assistant, self._admission, turn, running.before)
        try:
            async with aclosing(run_in_thread(work, running.stop, self._ending)) as steps:
                async for step in steps:
                    if step.is_running:
                        await running.update(step)
                    else:
                        break
                else:
                    step = _cut_short(running.step.turn, is_stopped=running.stop.is_set())
            self._conversations.put(running.owner, conversation_id, step.turn, is_begun=True)
        except AssistantError as error:
            step = Step(replace(turn, outcome=str(error)), str(error), is_running=False)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            notice = log_error("answering")
            step = Step(replace(turn, outcome=notice), notice, is_running=False)
        finally:
            del self._running[conversation_id]
        await running.update(step)


@dataclass(slots=True)
class _RunningAnswer:
    """An answer in progress, which any number of pages may watch.

    `before` are the last few turns before it and `step` is its latest state; `stop` ends it, and
    `changed` wakes those who wait for another state.
    """

    owner: str
    before: tuple[Turn, ...]
    step: Step
    stop: asyncio.Event
    changed: asyncio.Condition
    task: asyncio.Task[None] | None = None

    async def update(self, step: Step) -> None:
        """Set the latest state and wake those who wait, unless nothing has changed."""
        if step == self.step:
            return
        async with self.changed:
            self.step = step
            self.changed.notify_all()

    async def wait(self, seen: Step) -> None:
        """Wait until the state is another than `seen`, for at most `WATCH_INTERVAL_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WATCH_INTERVAL_S), self.changed:
                await self.changed.wait_for(lambda: self.step is not seen)


def _cut_short(turn: Turn, *, is_stopped: bool) -> Step:
    """Return the last state of a turn that was ended early, with what was verified by then."""
    notice = STOPPED if is_stopped else CLOSING
    outcome: Answer | str = notice
    if isinstance(turn.outcome, Answer) and turn.outcome.kind == "answer":
        notice = STOPPED_PARTLY if is_stopped else CLOSING_PARTLY
        outcome = replace(turn.outcome, notice=notice)
    return Step(replace(turn, outcome=outcome), notice, is_running=False)
