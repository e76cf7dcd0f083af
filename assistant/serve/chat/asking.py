"""A question asked on a page: kept, answered beside the event loop, shown as it becomes.

Comes in: a page and a question, untrusted. Goes out: `Update`s until the answer is whole. A stop
and the end of the server arrive at once, and what was verified by then stays; whatever happens, the
turn is kept with its outcome. A disk that fails is a notice on the page.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.serve.admission import Admission
from assistant.serve.background import run_aside
from assistant.serve.chat.history import Store
from assistant.serve.chat.pages import Page, Update
from assistant.serve.chat.render import render_notice
from assistant.serve.chat.turns import CLOSING, INTERRUPTED, STOPPED, Step, Turn, converse, report
from assistant.serve.chat.views import Views, wrap
from assistant.show.provenance import CLOSING_PARTLY, STOPPED_PARTLY
from assistant.values import Answer, DocumentId

WATCH_S = 0.3
"""Seconds after which a page that looks at an answer is looked at itself: it may have moved on."""
MAX_TURNS = 200
"""Questions of a conversation: more make a page slow."""
MAX_OF_OWNER = 3
"""Questions of one person that are answered or wait at the same time, so that others get a turn."""
BUSY_ELSEWHERE = f"{MAX_OF_OWNER} of your questions are being answered; wait for one of them."
FULL = f"This conversation has {MAX_TURNS} questions; begin a new one."
BUSY_HERE = "The last question of this conversation is still being answered."
ABSENT = "This question is not here any more."


@dataclass(slots=True)
class _Running:
    """An answer that is being made, however many pages look at it: how far it is, what ends it."""

    owner: str
    before: tuple[Turn, ...]
    step: Step
    stop: asyncio.Event
    news: asyncio.Condition
    task: asyncio.Task[None] | None = None

    async def tell(self, step: Step) -> None:
        """Note a step and wake those who wait for it; one that says nothing new is none."""
        if step == self.step:
            return
        async with self.news:
            self.step = step
            self.news.notify_all()

    async def wait(self, seen: Step) -> None:
        """Wait for another step than the one that was seen, a moment at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WATCH_S), self.news:
                await self.news.wait_for(lambda: self.step is not seen)


class Asking:
    """Asks for the pages of everybody, one question a conversation at a time.

    An answer that is being made belongs to no page: who closes or reloads one finds it again.
    """

    def __init__(
        self,
        assistant: Answering,
        store: Store,
        views: Views,
        admission: Admission,
        ending: asyncio.Event,
    ) -> None:
        self._assistant = assistant
        self._store = store
        self._views = views
        self._admission = admission
        self._ending = ending
        self._running: dict[str, _Running] = {}

    async def ask(
        self, page: Page, question: str, documents: Sequence[DocumentId] | None = None
    ) -> AsyncGenerator[Update]:
        """Answer a question in the page's conversation, beginning one when there is none."""
        question = question.encode("utf-8", "replace").decode().strip()
        try:
            if refused := self._refuse(page, question):
                yield self._notify(page, refused)
                return
            self._begin(page, question, documents)
            listed, banner = self._views.listed(page), self._views.banner(page)
            also = Update(question="", listed=listed, banner=banner)
            async with aclosing(self.watch(page)) as updates:
                async for update in updates:
                    yield replace(
                        also, talk=update.talk, status=update.status, is_running=update.is_running
                    )
                    also = Update()
        except AssistantError as error:
            yield self._notify(page, str(error))

    async def ask_again(self, page: Page, sent: dict[str, Any]) -> AsyncGenerator[Update]:
        """Ask what a button stands for: a question to try, or the question of a turn."""
        turns = self._views.turns(page)
        turn = find_turn(turns, sent)
        question = turn.question if turn else sent.get("question")
        if not isinstance(question, str):
            yield Update(status=ABSENT, banner=render_notice(ABSENT))
            return
        if not self.is_running(page):  # else it is refused, and the next question replaces nothing
            page.replaces = turn.number if turn and turn is turns[-1] else None
        async with aclosing(self.ask(page, question, turn.documents if turn else None)) as updates:
            async for update in updates:
                yield update

    async def watch(self, page: Page) -> AsyncGenerator[Update]:
        """Yield what becomes of an answer that is being made, as long as the page looks at it."""
        conversation_id = page.conversation_id or ""
        running = self._running.get(conversation_id)
        if running is None:
            return
        shown = [self._views.turn(turn) for turn in running.before]  # once: they stay as they are
        seen: Step | None = None
        while page.conversation_id == conversation_id:
            if running.step is not seen:
                seen = running.step
                talk = wrap(conversation_id, [*shown, self._views.turn(seen.turn, seen)])
                yield Update(talk=talk, status=seen.status, is_running=seen.is_running)
            if not seen.is_running:
                return
            await running.wait(seen)
        yield self.show(page)  # a step may have come after what is looked at now

    def show(self, page: Page) -> Update:
        """Return the page's conversation as it is kept, the running turn as it is by now."""
        running = self._running.get(page.conversation_id or "")
        if running:
            before, step = running.before, running.step
            talk = self._views.show_turns(page.conversation_id or "", before, step)
            return Update(talk=talk, status=step.status, is_running=step.is_running)
        talk = self._views.talk(page, self._views.turns(page))
        return Update(talk=talk, status="", is_running=False)

    def stop(self, page: Page) -> None:
        """End the answer that is being made in the page's conversation, at once."""
        if running := self._running.get(page.conversation_id or ""):
            running.stop.set()

    def is_running(self, page: Page) -> bool:
        """Whether an answer is being made in the page's conversation."""
        return page.conversation_id in self._running

    def _refuse(self, page: Page, question: str) -> str:
        if not question:
            return "Type a question first."
        if self.is_running(page):
            return BUSY_HERE
        if sum(one.owner == page.owner for one in self._running.values()) >= MAX_OF_OWNER:
            return BUSY_ELSEWHERE
        turns = self._views.turns(page)
        replaces_last = bool(turns) and page.replaces == turns[-1].number
        return FULL if len(turns) - replaces_last >= MAX_TURNS else ""

    def _notify(self, page: Page, notice: str) -> Update:
        is_running = self.is_running(page)
        return Update(status=notice, banner=render_notice(notice), is_running=is_running)

    def _begin(self, page: Page, question: str, documents: Sequence[DocumentId] | None) -> None:
        """Keep the new turn, in place of the one it replaces, and begin to answer it."""
        before = self._views.turns(page)
        if page.conversation_id is None or not self._store.has(page.owner, page.conversation_id):
            page.conversation_id = self._store.create(page.owner, question)
        number = before[-1].number + 1 if before else 1
        if before and page.replaces == before[-1].number:
            self._store.drop(page.owner, page.conversation_id, before[-1].number)
            before = before[:-1]
        page.replaces = None
        asked_of = sorted(page.only) if documents is None else documents
        turn = Turn(number, question, documents=tuple(asked_of))
        self._store.put(page.owner, page.conversation_id, replace(turn, outcome=INTERRUPTED))
        first = Step(turn, "Starting")
        running = _Running(page.owner, before, first, asyncio.Event(), asyncio.Condition())
        self._running[page.conversation_id] = running
        running.task = asyncio.create_task(self._run(page.conversation_id, running))

    async def _run(self, conversation_id: str, running: _Running) -> None:
        """Answer to the end, to a stop, or to the end of the server; keep what became of it."""
        turn = running.step.turn
        work = converse(self._assistant, self._admission, turn, running.before)
        try:
            async with aclosing(run_aside(work, running.stop, self._ending)) as steps:
                async for step in steps:
                    if step.is_running:
                        await running.tell(step)
                    else:
                        break
                else:
                    step = _leave_off(running.step.turn, is_stopped=running.stop.is_set())
            self._store.put(running.owner, conversation_id, step.turn)
        except AssistantError as error:
            step = Step(replace(turn, outcome=str(error)), str(error), is_running=False)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            notice = report("answering")
            step = Step(replace(turn, outcome=notice), notice, is_running=False)
        finally:
            del self._running[conversation_id]
        await running.tell(step)


def _leave_off(turn: Turn, *, is_stopped: bool) -> Step:
    """Return the end of a turn that was not let finish: with what of its answer was verified."""
    notice = STOPPED if is_stopped else CLOSING
    outcome: Answer | str = notice
    if isinstance(turn.outcome, Answer) and turn.outcome.kind == "answer":
        notice = STOPPED_PARTLY if is_stopped else CLOSING_PARTLY
        outcome = replace(turn.outcome, notice=notice)
    return Step(replace(turn, outcome=outcome), notice, is_running=False)


def find_turn(turns: Sequence[Turn], sent: dict[str, Any]) -> Turn | None:
    """Return the turn that the browser names, None when there is no such."""
    named = str(sent.get("turn"))
    return next((turn for turn in turns if str(turn.number) == named), None)
