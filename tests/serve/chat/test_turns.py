"""A question becomes a turn: step by step, and never an exception."""

import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from surface_fakes import HOSTILE, MODEL, NOTICE, FakeAssistant, History, answer, answered

from assistant.errors import Busy, QuestionError, StoreError
from assistant.serve.background import Admission
from assistant.serve.chat import turns
from assistant.serve.chat.turns import (
    MAX_HISTORY_TURNS,
    N_SUGGESTED,
    WRITING,
    Step,
    Turn,
    answer_turn,
    describe_queue,
    summarize,
    to_history,
)
from assistant.text.listing import Reading
from assistant.values import Answer, DocumentId, Stage


def steps_of(
    question: str,
    assistant: FakeAssistant | None = None,
    before: tuple[Turn, ...] = (),
    admission: Admission | None = None,
    **given: Any,
) -> list[Step]:
    admission = admission or Admission(at_once=1, waiting=1)
    turn = Turn(len(before) + 1, question, **given)
    return list(answer_turn(assistant or FakeAssistant(), admission, turn, before))


def outcome_of(
    question: str, assistant: FakeAssistant | None = None, **given: Any
) -> Answer | str | None:
    return steps_of(question, assistant, **given)[-1].turn.outcome


def test_a_question_shows_each_stage_each_statement_and_then_its_answer() -> None:
    steps = steps_of("typhoon")
    whole = FakeAssistant().ask("typhoon")
    assert [step.status for step in steps] == [
        "Starting",
        "Searching 3 documents",
        "Reading 8 passages",
        "Checking each quote",
        "Answered with 1 citation.",
        "Answered with 2 citations.",
        "Answered with 2 citations.",
    ]
    assert [step.is_running for step in steps] == [True] * 6 + [False]
    assert [len(answered(step.turn.outcome).statements) for step in steps[4:]] == [1, 2, 2]
    assert steps[-1].turn == Turn(1, "typhoon", whole)


def test_while_a_model_writes_one_thing_is_read_out_and_what_is_shown_is_told_apart() -> None:
    steps = steps_of("written typhoon")
    said = [step.status for step in steps]
    quoted, whole = "Answered with 2 citations.", "Answered with 2 citations."
    assert said[4:] == [quoted, *[WRITING] * 9, whole]
    until = f"Writing with {MODEL}; exact quotes until then"
    assert [step.doing for step in steps[5:-1]] == [until] * 7 + [f"Writing with {MODEL}"] * 2
    assert steps[5] == steps[6] == steps[7], "a sign of life says nothing new"
    assert [answered(step.turn.outcome).answerer for step in steps[4:]] == ["extract"] * 4 + [
        "generate"
    ] * 7
    assert steps[-1].turn.outcome == FakeAssistant().ask("written typhoon")


def test_a_notice_of_an_answer_is_read_out_with_it() -> None:
    assert steps_of("noted typhoon")[-1].status == f"Answered with 2 citations. {NOTICE}"


def test_who_leaves_while_a_model_writes_ends_its_work() -> None:
    fake = FakeAssistant()
    steps = answer_turn(
        fake, Admission(at_once=1, waiting=1), Turn(1, "written typhoon endless"), ()
    )
    while not fake.is_writing.is_set():
        next(steps)
    assert not fake.is_closed.is_set()
    steps.close()
    assert fake.is_closed.is_set()


def test_a_refusal_comes_with_questions_to_try() -> None:
    steps = steps_of("unknown")
    assert steps[-1].status == "No answer was found."
    assert len(steps[-1].turn.tried) == N_SUGGESTED


class Suggesting(FakeAssistant):
    """Remembers for which refusals it was asked for questions to try."""

    def __init__(self) -> None:
        super().__init__()
        self.near: list[Answer | None] = []

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        self.near.append(near)
        return super().suggest(n, near)


@pytest.mark.parametrize("question", ["typhoon", "leave", "hello", "bug", "", "x" * 4_001])
def test_only_a_refusal_comes_with_questions_to_try(question: str) -> None:
    fake = Suggesting()
    assert steps_of(question, fake)[-1].turn.tried == ()
    assert fake.near == []


def test_the_questions_to_try_are_near_the_refusal() -> None:
    fake = Suggesting()
    (near,) = (outcome_of("unknown", fake),)
    assert fake.near == [near]


def test_a_courtesy_is_told_as_what_was_replied() -> None:
    assert steps_of("hello")[-1].status == "Hello. Ask about the documents."


@pytest.mark.parametrize(
    ("question", "notice"),
    [
        ("", "the question is empty; type one"),
        ("x" * 5_000, "the question has 5,000 characters; 4,000 are allowed"),
    ],
)
def test_a_failure_that_was_foreseen_is_a_notice(question: str, notice: str) -> None:
    (*_, last) = steps_of(question)
    assert (last.turn.outcome, last.status, last.is_running) == (notice, notice, False)


def test_a_document_that_is_gone_is_a_notice() -> None:
    outcome = outcome_of("leave", documents=(DocumentId("gone.txt"),))
    assert "the index holds no document 'gone.txt'" in str(outcome)


def test_a_defect_is_a_notice_with_an_id_and_never_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notice = str(outcome_of("bug"))
    assert "secret" not in notice
    assert notice.partition("(error ")[2][:8] in caplog.text
    assert "secret detail" in caplog.text


class Broken(FakeAssistant):
    """Says what it does and then nothing; fails after an answer that was to `fail`."""

    def stream(
        self,
        question: str,
        history: History = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        yield Stage("searching", "Searching")
        if question == "fail":
            yield answer(question)
            raise StoreError("the disk is full")


def test_a_failure_in_the_middle_takes_the_place_of_what_was_there() -> None:
    assert outcome_of("fail", Broken()) == "the disk is full"


def test_no_answer_at_all_is_a_notice() -> None:
    assert outcome_of("typhoon", Broken()) == "The assistant gave no answer."


def test_a_question_is_asked_of_the_documents_of_its_turn() -> None:
    fake = FakeAssistant()
    steps_of("leave", fake, documents=(DocumentId("handbook.md"),))
    assert fake.asked_of == [("handbook.md",)]


def test_who_waits_is_told_how_many_are_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "QUEUE_POLL_S", 0.01)
    admission = Admission(at_once=1, waiting=3)
    running = answer_turn(FakeAssistant(), admission, Turn(1, "leave"), ())
    assert [next(running).status, next(running).status][-1] == "Searching 3 documents"
    waiting = answer_turn(FakeAssistant(), admission, Turn(1, "leave"), ())
    assert [next(waiting).status for _ in range(3)] == [
        "Starting",
        "Waiting: 1 question before this one",
        "Waiting: 1 question before this one",
    ]
    running.close()
    assert next(waiting).status in {"Searching 3 documents", "Waiting for a free place"}


def test_a_full_queue_is_a_notice_that_says_when_to_come_back() -> None:
    admission = Admission(at_once=1, waiting=0)
    with admission.join():
        notice = outcome_of("leave", admission=admission)
    with pytest.raises(Busy, match="ask again in 5 seconds"), admission.join(), admission.join():
        pass
    assert "ask again in 5 seconds" in str(notice)


@pytest.mark.parametrize("question", ["leave", "bug", "", "unknown"])
def test_every_way_to_end_frees_the_place(question: str) -> None:
    admission = Admission(at_once=1, waiting=0)
    for _ in range(3):
        steps_of(question, admission=admission)
    left = answer_turn(FakeAssistant(), admission, Turn(1, "leave"), ())
    next(left), next(left)
    left.close()
    assert admission.tickets == []


def test_who_waits_for_a_place_holds_no_thread_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "QUEUE_POLL_S", 0.01)
    admission = Admission(at_once=1, waiting=1)
    with admission.join():
        waiting = answer_turn(FakeAssistant(), admission, Turn(1, "leave"), ())

        def leave() -> None:
            list(islice(waiting, 2))
            waiting.close()

        thread = threading.Thread(target=leave)
        thread.start()
        thread.join(5)
        assert not thread.is_alive()
        assert len(admission.tickets) == 1


def test_the_next_question_is_told_what_the_last_answered_turns_said() -> None:
    first = Turn(1, "typhoon", FakeAssistant().ask("typhoon"))
    refused = Turn(3, "unknown", FakeAssistant().ask("unknown"))
    said = " ".join(statement.text for statement in answered(first.outcome).statements)
    expected = (("user", "typhoon"), ("assistant", said), ("user", "unknown"), ("assistant", ""))
    before = (first, Turn(2, "bug", "Went wrong."), refused, Turn(4, "Running?"))
    assert to_history(before) == expected
    fake = FakeAssistant()
    steps_of("leave", fake, before)
    assert fake.histories == [expected]


def test_only_the_last_turns_are_told() -> None:
    turns = [replace(Turn(n, f"q{n}"), outcome=answer("?")) for n in range(1, 20)]
    told = [text for who, text in to_history(turns) if who == "user"]
    assert told == [f"q{n}" for n in range(20 - MAX_HISTORY_TURNS, 20)]


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "Waiting for a free place"),
        (1, "Waiting: 1 question before this one"),
        (2, "Waiting: 2 questions before this one"),
    ],
)
def test_the_number_of_those_before_is_said_in_words(n: int, said: str) -> None:
    assert describe_queue(n) == said


def test_an_outcome_is_summarized_in_a_sentence() -> None:
    assert summarize(FakeAssistant().ask("hostile")) == "Answered with 1 citation."
    assert summarize("Stopped.") == "Stopped."
    assert HOSTILE in answered(outcome_of("hostile")).text
    assert isinstance(outcome_of("leave"), Answer)
    assert QuestionError.__name__ not in str(outcome_of(""))
