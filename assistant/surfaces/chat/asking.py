"""A question asked on a page: kept, answered beside the event loop, shown as it becomes.

Comes in: a page and a question, untrusted. Goes out: `Update`s until the answer is whole. A stop
and the end of the server arrive at once; whatever happens, the turn is kept with its outcome. A
disk that fails is a notice on the page.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from assistant.errors import AssistantError
from assistant.surfaces.admission import Admission
from assistant.surfaces.chat.aside import run_aside
from assistant.surfaces.chat.conversation import (
    CLOSING,
    INTERRUPTED,
    STOPPED,
    Step,
    Turn,
    converse,
)
from assistant.surfaces.chat.pages import Page, Update
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.chat.store import Store
from assistant.surfaces.chat.views import Views, wrap
from assistant.surfaces.render import render_notice
from assistant.values import DocumentId

WATCH_S = 0.3
"""Seconds between two looks at an answer that another page has made."""
MAX_TURNS = 200
"""Questions of a conversation: more make a page slow."""
FULL = f"This conversation has {MAX_TURNS} questions; begin a new one."
BUSY_HERE = "The last question of this conversation is still being answered."
ABSENT = "This question is not here any more."


@dataclass(slots=True)
class _Running:
    """An answer that is being made: how far it is, and what ends it."""

    step: Step
    stop: asyncio.Event


class Asking:
    """Asks for the pages of everybody, one question a conversation at a time."""

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
            async with aclosing(self._answer(page, question, documents)) as updates:
                async for update in updates:
                    yield update
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
        conversation_id, seen = page.conversation_id, None
        while page.conversation_id == conversation_id and self.is_running(page):
            if (step := self._running[conversation_id or ""].step) is not seen:
                seen = step
                yield self.show(page)
            await asyncio.sleep(WATCH_S)
        if seen is not None and page.conversation_id == conversation_id:
            yield self.show(page)

    def show(self, page: Page) -> Update:
        """Return the page's conversation as it is kept, the running turn as it is by now."""
        turns, running = self._views.turns(page), self._running.get(page.conversation_id or "")
        if running and turns and turns[-1].number == running.step.turn.number:
            talk = self._views.show_turns(page.conversation_id or "", turns[:-1], running.step)
        else:
            talk = self._views.talk(page, turns)
        status = running.step.status if running else ""
        return Update(
            talk=talk,
            status=status,
            is_running=running is not None and running.step.is_running,
            listed=self._views.listed(page),
        )

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
        turns = self._views.turns(page)
        replaces_last = bool(turns) and page.replaces == turns[-1].number
        return FULL if len(turns) - replaces_last >= MAX_TURNS else ""

    def _notify(self, page: Page, notice: str) -> Update:
        is_running = self.is_running(page)
        return Update(status=notice, banner=render_notice(notice), is_running=is_running)

    async def _answer(
        self, page: Page, question: str, documents: Sequence[DocumentId] | None
    ) -> AsyncGenerator[Update]:
        before, turn = self._begin(page, question, documents)
        conversation_id = page.conversation_id or ""
        shown = [self._views.turn(one) for one in before]  # once: only the last one changes
        also = Update(question="", listed=self._views.listed(page), banner=self._views.banner(page))
        beside: str | None = conversation_id
        async with aclosing(self._steps(page.owner, conversation_id, turn, before)) as steps:
            async for step in steps:
                if page.conversation_id == conversation_id:
                    talk = wrap(conversation_id, [*shown, self._views.turn(step.turn, step)])
                    status, is_running = step.status, step.is_running
                    yield replace(also, talk=talk, status=status, is_running=is_running)
                    also = Update()
                elif beside != page.conversation_id:  # another one is looked at since
                    yield self.show(page)
                beside = page.conversation_id

    def _begin(
        self, page: Page, question: str, documents: Sequence[DocumentId] | None
    ) -> tuple[tuple[Turn, ...], Turn]:
        """Keep the new turn, in place of the one it replaces; return it after those before it."""
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
        return before, turn

    async def _steps(
        self, owner: str, conversation_id: str, turn: Turn, before: Sequence[Turn]
    ) -> AsyncGenerator[Step]:
        """Yield the steps; however they end, the turn is kept with what became of it."""
        running = self._running[conversation_id] = _Running(Step(turn, ""), asyncio.Event())
        work = converse(self._assistant, self._admission, turn, before)
        try:
            async with aclosing(run_aside(work, running.stop, self._ending)) as steps:
                async for running.step in steps:
                    if not running.step.is_running:
                        self._store.put(owner, conversation_id, running.step.turn)
                    yield running.step
            if running.step.is_running:
                notice = STOPPED if running.stop.is_set() else CLOSING
                running.step = Step(replace(turn, outcome=notice), notice, is_running=False)
                self._store.put(owner, conversation_id, running.step.turn)
                yield running.step
        finally:
            del self._running[conversation_id]


def find_turn(turns: Sequence[Turn], sent: dict[str, Any]) -> Turn | None:
    """Return the turn that the browser names, None when there is no such."""
    named = str(sent.get("turn"))
    return next((turn for turn in turns if str(turn.number) == named), None)
