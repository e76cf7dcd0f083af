"""A question on a page: kept whatever happens, shown where it was asked, stopped at once."""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from dom import first, parse, present
from surface_fakes import FakeAssistant, answered

from assistant.errors import StoreError
from assistant.serve.background import Admission
from assistant.serve.chat import asking as asking_module
from assistant.serve.chat.asking import BUSY_HERE, FULL, QUESTION_GONE, RunningAnswers
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.database import Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.sessions import Session, Update
from assistant.serve.chat.turns import CLOSING, INTERRUPTED, STOPPED, Turn
from assistant.serve.chat.views import Views
from assistant.show.provenance import CLOSING_PARTLY, STOPPED_PARTLY
from assistant.values import Answer, DocumentId

pytestmark = pytest.mark.anyio


def collect(given: AsyncIterator[Update]) -> tuple[asyncio.Future[None], list[Update]]:
    """Return a task that takes updates, and the list that they come into."""
    updates: list[Update] = []

    async def take() -> None:
        async for update in given:
            updates.append(update)

    return asyncio.ensure_future(take()), updates


class Room:
    """An asking with all that belongs to it."""

    def __init__(
        self, store_of: Callable[[Database], ConversationStore] = ConversationStore
    ) -> None:
        self.assistant = FakeAssistant()
        self.store = store_of(Database(self.assistant.settings.index_dir))
        self.ending = asyncio.Event()
        self.views = views = Views(self.assistant, self.store, Corpus(self.assistant))
        admission = Admission(at_once=2, waiting=4)
        self.asking = RunningAnswers(self.assistant, self.store, views, admission, self.ending)
        self.page = Session("alice")

    @property
    def conversation_id(self) -> str:
        return present(self.page.conversation_id)

    async def ask(self, question: str, page: Session | None = None, **given: Any) -> list[Update]:
        updates = self.asking.ask(page or self.page, question, **given)
        return [update async for update in updates]

    async def again(self, sent: dict[str, Any], page: Session | None = None) -> list[Update]:
        return [update async for update in self.asking.ask_again(page or self.page, sent)]

    async def begin(
        self, question: str = "wait, leave", page: Session | None = None
    ) -> tuple[asyncio.Future[None], list[Update]]:
        """Begin an answer that waits; return its task and the updates that come."""
        n = self.assistant.n_begun
        task, updates = collect(self.asking.ask(page or self.page, question))
        while self.assistant.n_begun == n:
            await asyncio.sleep(0.005)
        return task, updates

    def turns(self, conversation_id: str | None = None) -> tuple[Turn, ...]:
        return present(self.store.load("alice", conversation_id or self.conversation_id))


@pytest.fixture
def room() -> Iterator[Room]:
    """A room of one's own; whatever waits is let go at the end."""
    made = Room()
    yield made
    made.assistant.let_go.set()


async def test_the_first_question_begins_a_conversation_with_its_words_as_the_title(
    room: Room,
) -> None:
    updates = await room.ask("  typhoon  ")
    (turn,) = room.turns()
    assert (turn.number, turn.question) == (1, "typhoon")
    assert isinstance(turn.outcome, Answer)
    assert [one.title for one in room.store.list("alice")] == ["typhoon"]
    assert updates[0].question == ""
    assert "typhoon" in present(updates[0].conversations)
    assert [one.is_running for one in updates] == [True] * (len(updates) - 1) + [False]
    assert "Integrity" not in present(updates[0].conversation)
    assert "Flax Typhoon" in present(updates[-1].conversation)
    assert updates[-1].status == "Answered with 2 citations."


async def test_further_questions_go_on_in_the_conversation_and_are_told_what_was_said(
    room: Room,
) -> None:
    await room.ask("typhoon")
    await room.ask("leave")
    assert [turn.question for turn in room.turns()] == ["typhoon", "leave"]
    assert room.assistant.histories[-1][0] == ("user", "typhoon")


@pytest.mark.parametrize("question", ["", " \n\t "])
async def test_a_blank_question_begins_nothing(room: Room, question: str) -> None:
    (update,) = await room.ask(question)
    assert update.status == "Type a question first."
    assert update.is_running is False
    assert room.store.list("alice") == ()


async def test_a_question_that_no_file_can_hold_is_asked_with_marks_in_its_place(
    room: Room,
) -> None:
    await room.ask("typhoon \ud800?")
    assert room.turns()[0].question == "typhoon ??"


async def test_a_stop_ends_the_answer_at_once_and_is_kept(room: Room) -> None:
    task, updates = await room.begin()
    started = time.monotonic()
    room.asking.stop(room.page)
    await task
    assert time.monotonic() - started < 2
    assert [turn.outcome for turn in room.turns()] == [STOPPED]
    assert (updates[-1].is_running, updates[-1].status) == (False, STOPPED)
    assert not room.asking.is_running(room.page)


async def test_a_stop_touches_no_other_conversation(room: Room) -> None:
    task, _ = await room.begin()
    room.asking.stop(Session("alice"))
    room.asking.stop(Session("bob"))
    room.assistant.let_go.set()
    await task
    assert isinstance(room.turns()[0].outcome, Answer)


async def test_the_end_of_the_server_ends_the_answer_with_a_notice(room: Room) -> None:
    task, updates = await room.begin()
    room.ending.set()
    await task
    assert [turn.outcome for turn in room.turns()] == [CLOSING]
    assert updates[-1].status == CLOSING


@pytest.mark.parametrize("ends", ["stop", "close"])
async def test_what_was_verified_when_a_model_is_stopped_or_the_server_ends_is_kept(
    room: Room, ends: str
) -> None:
    task, updates = collect(room.asking.ask(room.page, "written typhoon endless"))
    while not room.assistant.is_writing.is_set():
        await asyncio.sleep(0.005)
    while "active since 2021" not in (updates[-1].conversation or ""):
        await asyncio.sleep(0.005)
    started = time.monotonic()
    if ends == "stop":
        room.asking.stop(room.page)
    else:
        room.ending.set()
    await task
    assert time.monotonic() - started < 1
    notice = STOPPED_PARTLY if ends == "stop" else CLOSING_PARTLY
    (turn,) = room.turns()
    whole = FakeAssistant().ask("written typhoon")
    assert answered(turn.outcome).notice == updates[-1].status == notice
    assert answered(turn.outcome).statements[0] == whole.statements[0]
    assert answered(turn.outcome).statements[1].text == whole.citations[1].quote
    assert answered(turn.outcome).citations == whole.citations
    assert updates[-1].is_running is False
    assert notice in present(updates[-1].conversation)
    assert "Copy" in present(updates[-1].conversation)
    assert await asyncio.to_thread(room.assistant.is_closed.wait, 1), "the model is let go"


def test_a_stop_before_anything_is_answered_or_after_a_refusal_keeps_nothing() -> None:
    turn = Turn(1, "Why?")
    refused = replace(turn, outcome=FakeAssistant().ask("unknown"))
    for one in (turn, refused):
        step = asking_module._cut_short(one, is_stopped=True)
        assert (step.turn.outcome, step.status, step.is_running) == (STOPPED, STOPPED, False)
    assert asking_module._cut_short(turn, is_stopped=False).turn.outcome == CLOSING


async def test_a_sign_of_life_shows_and_reads_out_nothing_anew(room: Room) -> None:
    updates = await room.ask("written typhoon")
    shown = [(update.conversation, update.status) for update in updates]
    assert len(set(shown)) == len(shown)
    read_out = [update.status for update in updates]
    changes = [one for one, before in zip(read_out[1:], read_out, strict=False) if one != before]
    assert len(changes) == len(set(changes)) + 1, "Answered, Writing, Answered"
    assert all(update.is_running for update in updates[:-1])
    assert "Cost and checks" not in "".join(present(update.conversation) for update in updates[:-1])
    assert "Cost and checks" in present(updates[-1].conversation)


async def test_a_page_that_is_closed_in_the_middle_finds_the_answer_later(room: Room) -> None:
    updates = room.asking.ask(room.page, "wait, leave")
    await anext(updates)
    await updates.aclose()
    assert room.asking.is_running(room.page)
    assert [turn.outcome for turn in room.turns()] == [INTERRUPTED], "what a crash would leave"
    assert "interrupted" not in present(room.asking.show(room.page).conversation)
    room.assistant.let_go.set()
    seen = [update async for update in room.asking.watch(room.page)]
    assert seen[-1].is_running is False
    assert "accrue two days" in present(seen[-1].conversation)
    assert isinstance(room.turns()[0].outcome, Answer)
    await room.ask("leave")
    assert [turn.number for turn in room.turns()] == [1, 2]


async def test_every_page_that_looks_at_a_conversation_sees_its_answer_become(room: Room) -> None:
    task, _ = await room.begin()
    other = Session("alice", room.page.conversation_id)
    watching, updates = collect(room.asking.watch(other))
    while not any("Searching" in present(update.conversation) for update in updates):
        await asyncio.sleep(0.005)
    assert updates[-1].is_running
    room.assistant.let_go.set()
    await task
    await watching
    assert "accrue two days" in present(updates[-1].conversation)
    assert updates[-1].is_running is False


async def test_watching_where_nothing_is_asked_ends_at_once(room: Room) -> None:
    await room.ask("leave")
    assert [update async for update in room.asking.watch(room.page)] == []
    assert [update async for update in room.asking.watch(Session("alice"))] == []


async def test_one_question_at_a_time_is_answered_in_a_conversation_on_any_of_its_pages(
    room: Room,
) -> None:
    task, _ = await room.begin()
    other = Session("alice", room.page.conversation_id)
    for page in (room.page, other):
        (update,) = await room.ask("leave", page)
        assert update.status == BUSY_HERE
        assert update.is_running, "the page keeps its stop"
    assert len(room.turns()) == 1
    room.assistant.let_go.set()
    await task
    await room.ask("leave", other)
    assert len(room.turns()) == 2


async def test_other_conversations_are_answered_meanwhile(room: Room) -> None:
    task, _ = await room.begin()
    other = Session("alice")
    await room.ask("leave", other)
    assert isinstance(room.turns(other.conversation_id)[0].outcome, Answer)
    room.assistant.let_go.set()
    await task


async def test_another_conversation_that_is_opened_meanwhile_is_shown_again_and_the_answer_is_kept(
    room: Room,
) -> None:
    task, updates = await room.begin()
    asked_in, n = room.conversation_id, len(updates)
    room.page.conversation_id = room.store.create("alice", "Another")
    await task
    room.assistant.let_go.set()
    async for _ in room.asking.watch(Session("alice", asked_in)):
        pass
    (again,) = updates[n:]  # in case a step of the answer came after it was opened
    assert "welcome" in present(again.conversation)
    assert again.is_running is False
    assert isinstance(room.turns(asked_in)[0].outcome, Answer)
    assert room.turns() == ()


async def test_a_conversation_that_is_deleted_meanwhile_stays_deleted(room: Room) -> None:
    task, _ = await room.begin()
    asked_in = room.conversation_id
    room.store.delete("alice", asked_in)
    room.assistant.let_go.set()
    await task
    assert room.store.load("alice", asked_in) is None


async def test_asking_again_or_anew_replaces_the_last_turn_and_adds_to_an_earlier_one(
    room: Room,
) -> None:
    for question in ("typhoon", "leave"):
        await room.ask(question)
    await room.again({"turn": "2"})
    assert [(turn.number, turn.question) for turn in room.turns()] == [
        (1, "typhoon"),
        (3, "leave"),
    ]
    await room.again({"turn": 1})
    assert [turn.question for turn in room.turns()] == ["typhoon", "leave", "typhoon"]
    room.page.replaces = 4
    await room.ask("unknown")
    assert [turn.question for turn in room.turns()] == ["typhoon", "leave", "unknown"]
    await room.ask("typhoon")
    assert len(room.turns()) == 4, "an edit is over once it was asked"


async def test_questions_on_two_servers_in_one_conversation_are_both_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.ask("typhoon")
    elsewhere = Room(lambda _: room.store)
    page = Session("alice", room.conversation_id)
    seen = elsewhere.views.last_turns(page)
    task, _ = await room.begin()
    monkeypatch.setattr(elsewhere.views, "last_turns", lambda _: seen)  # it looked before
    await elsewhere.ask("leave", page)
    room.assistant.let_go.set()
    await task
    turns = room.turns()
    assert [(one.number, one.question) for one in turns] == [
        (1, "typhoon"),
        (2, "wait, leave"),
        (3, "leave"),
    ]
    assert all(isinstance(one.outcome, Answer) for one in turns)


async def test_a_turn_that_is_replaced_on_another_server_while_it_is_answered_stays_replaced(
    room: Room,
) -> None:
    task, _ = await room.begin()
    elsewhere = Room(lambda _: room.store)
    elsewhere.assistant.let_go.set()
    await elsewhere.again({"turn": "1"}, page := Session("alice", room.conversation_id))
    assert page.replaces is None
    room.assistant.let_go.set()
    await task
    assert [(one.number, one.question) for one in room.turns()] == [(2, "wait, leave")]


async def test_a_conversation_that_is_deleted_as_a_question_comes_is_begun_anew(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.ask("typhoon")
    deleted, begin = room.conversation_id, room.store.begin

    def begin_late(owner: str, conversation_id: str, turn: Turn) -> int | None:
        room.store.delete(owner, deleted)
        return begin(owner, conversation_id, turn)

    monkeypatch.setattr(room.store, "begin", begin_late)
    room.page.replaces = 1
    await room.ask("leave")
    assert [(one.question, isinstance(one.outcome, Answer)) for one in room.turns()] == [
        ("leave", True)
    ]
    assert room.conversation_id != deleted
    assert room.assistant.histories[-1] == ()


async def test_a_question_that_replaces_one_is_not_told_what_that_said(room: Room) -> None:
    await room.ask("typhoon")
    await room.again({"turn": "1"})
    assert room.assistant.histories == [(), ()]


async def test_a_question_to_try_is_asked(room: Room) -> None:
    await room.again({"question": "typhoon"})
    assert [turn.question for turn in room.turns()] == ["typhoon"]


@pytest.mark.parametrize(
    "sent", [{}, {"turn": "9"}, {"turn": None}, {"question": 5}, {"question": ["typhoon"]}]
)
async def test_a_button_that_stands_for_nothing_asks_nothing(
    room: Room, sent: dict[str, None] | dict[str, int] | dict[str, list[str]] | dict[str, str]
) -> None:
    (update,) = await room.again(sent)
    assert update.status == QUESTION_GONE
    assert room.store.list("alice") == ()


async def test_asking_again_while_an_answer_is_made_does_not_replace_anything_later(
    room: Room,
) -> None:
    task, _ = await room.begin()
    other = Session("alice", room.page.conversation_id)
    (update,) = await room.again({"turn": "1"}, other)
    assert update.status == BUSY_HERE
    room.assistant.let_go.set()
    await task
    await room.ask("typhoon", other)
    assert [turn.question for turn in room.turns()] == ["wait, leave", "typhoon"]


async def test_a_full_conversation_takes_no_further_question_but_the_last_may_be_asked_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "MAX_TURNS", 2)
    for question in ("typhoon", "leave"):
        await room.ask(question)
    (update,) = await room.ask("unknown")
    assert update.status == FULL
    (update,) = await room.again({"turn": "1"})
    assert update.status == FULL
    await room.again({"turn": "2"})
    assert [turn.number for turn in room.turns()] == [1, 3]


async def test_the_documents_that_were_ticked_are_kept_with_the_turn_and_asked_again(
    room: Room,
) -> None:
    room.page.only = frozenset({DocumentId("handbook.md"), DocumentId("hostile.txt")})
    await room.ask("leave")
    assert room.turns()[0].documents == ("handbook.md", "hostile.txt")
    room.page.only = frozenset()
    await room.again({"turn": "1"})
    await room.ask("typhoon")
    assert [turn.documents for turn in room.turns()] == [("handbook.md", "hostile.txt"), ()]
    assert room.assistant.asked_of == [("handbook.md", "hostile.txt")] * 2 + [()]


async def test_a_conversation_of_another_is_never_asked_in(room: Room) -> None:
    await room.ask("typhoon")
    bob = Session("bob", room.page.conversation_id)
    await room.ask("leave", bob)
    assert bob.conversation_id != room.page.conversation_id
    assert len(room.turns()) == 1


class Full(ConversationStore):
    """A store whose disk is full from the n-th turn on that it is to keep."""

    n_left = 0

    def begin(self, owner: str, conversation_id: str, turn: Turn) -> int | None:
        self._take_room()
        return super().begin(owner, conversation_id, turn)

    def put(self, owner: str, conversation_id: str, turn: Turn, *, is_begun: bool = False) -> bool:
        self._take_room()
        return super().put(owner, conversation_id, turn, is_begun=is_begun)

    def _take_room(self) -> None:
        if self.n_left <= 0:
            raise StoreError("the disk is full")
        self.n_left -= 1


@pytest.mark.parametrize("n_kept", [0, 1])
async def test_a_disk_that_fails_is_a_notice_and_the_page_can_ask_again(n_kept: int) -> None:
    room = Room(Full)
    assert isinstance(room.store, Full)
    room.store.n_left = n_kept
    *_, last = await room.ask("leave")
    assert last.is_running is False
    assert last.status == "the disk is full"
    assert "the disk is full" in (last.banner or "") + (last.conversation or "")
    assert not room.asking.is_running(room.page)
    room.store.n_left = 9
    await room.ask("leave")
    assert isinstance(room.turns()[-1].outcome, Answer)


async def test_an_answer_sends_itself_and_not_the_conversation(room: Room) -> None:
    await room.ask("typhoon")
    updates = await room.ask("leave")
    for update in updates:
        talk = first(parse(present(update.conversation)), ".talk")
        assert talk.attributes["data-conversation"] == room.conversation_id
        assert (talk.attributes["data-after"], len(talk.css("article"))) == ("1", 1)
        assert talk.attributes["data-last"] == "true"
    assert "accrue two days" in present(updates[-1].conversation)


async def test_an_answer_in_a_long_conversation_is_as_few_bytes_as_in_a_short_one(
    room: Room,
) -> None:
    def n_bytes(updates: list[Update]) -> int:
        parts = [(one.conversation, one.conversations, one.panel) for one in updates]
        return sum(len((part or "").encode()) for one in parts for part in one)

    await room.ask("leave")
    few = n_bytes(await room.ask("leave"))
    made = FakeAssistant().ask("typhoon")
    for number in range(3, 150):
        room.store.put("alice", room.conversation_id, Turn(number, "typhoon", made))
    assert n_bytes(await room.ask("leave")) < 1.1 * few


async def test_what_is_streamed_is_shown_before_it_is_whole(room: Room) -> None:
    updates = await room.ask("typhoon")
    first = next(one for one in updates if "Flax Typhoon, active" in present(one.conversation))
    assert first.is_running
    assert "North America" not in present(first.conversation)
    assert "Copy" not in present(first.conversation)


async def test_a_question_is_asked_again_as_another_reading(room: Room) -> None:
    await room.ask("leave")
    await room.again({"turn": "1", "as": "folder"})
    await room.again({"turn": "2", "as": "poem"})
    assert room.assistant.asked_as == [None, "folder", None]
    assert len(room.turns()) == 1


async def test_memory_does_not_grow_with_the_questions_that_were_asked(room: Room) -> None:
    async def ask_many(n: int) -> None:
        for number in range(n):
            if number % 10 == 0:
                room.page = Session("alice")
            await room.ask(("typhoon", "written typhoon", "leave", "unknown")[number % 4])

    await ask_many(20)
    tracemalloc.start()
    try:
        await ask_many(10)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        await ask_many(40)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 40 * 2_000, "an answer alone is larger"
