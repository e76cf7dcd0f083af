"""With a capable model, documents are read whole: at once, or by parts where they do not fit."""

import re
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from scripted_model import Piece, Script, ScriptedModel, finished, numbers_in

from assistant.answer.whole import NAME
from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.pipeline import Assistant
from assistant.settings import LanguageModel, Settings
from assistant.values import WRITTEN, Answer, Stage, Verdict
from assistant.write import quoted
from assistant.write.compose import CUT, NOTHING_FITS, NOTHING_LEFT, NOTHING_SAID
from assistant.write.llm.values import Request
from assistant.write.prompt import ASK, MAX_NOTES, NOTES, WRITE
from assistant.write.verify import VERIFY

SYSTEM = NOTES.format(MAX_NOTES)
FIRST, LAST = "The slipway was repaired in 1987.", "The ferry was sold to Marlow in 2004."
BETWEEN = [f"In week {n} the harbour office counted {n + 40} boats at the pier." for n in range(30)]
FILES = {
    "harbour.md": "# Harbour book\n\n"
    + "\n\n".join(
        f"## Chapter {n}\n\n{said}" for n, said in enumerate([FIRST, *BETWEEN, LAST], start=1)
    ),
    "office.txt": "The office opens at nine. The office closes at five.",
    "pier-2024.txt": "Pier rules 2024\n\nA berth costs 90 euros.\n\nDogs are welcome.",
    "pier-2025.txt": "Pier rules 2025\n\nA berth costs 95 euros.\n\nDogs are welcome.",
}
QUESTION = "Summarise the harbour book"
WRITTEN_LAST = "In 1987 the slipway was repaired, and in 2004 the ferry was sold to Marlow."


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("w"))
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
    return settings


class Scripted:
    """Notes what is worth it of each part, and writes `reply` of the notes."""

    def __init__(self, reply: str, verdicts: str = "1: yes\n2: yes\n3: yes") -> None:
        self.reply, self.verdicts = reply, verdicts
        self.fail_at = 0
        self.error: Exception = ModelUnavailable("the model is gone")
        self.n_calls = 0
        self.notes = {FIRST: "The slipway was repaired in 1987.", LAST: "Marlow bought the ferry."}

    def __call__(self, request: Request) -> str | Sequence[Piece]:
        self.n_calls += 1
        if self.n_calls == self.fail_at:
            return ["The sli", self.error]
        if request.system == VERIFY:
            return self.verdicts
        known = numbers_in(request)
        if request.system == SYSTEM:
            told = [f"{note} [{known[unit]}]" for unit, note in self.notes.items() if unit in known]
            return "\n".join(told) or "NOT ANSWERED"
        assert request.system == WRITE
        return re.sub(r"\[([^\]\d][^\]]*)\]", lambda match: f"[{known[match[1]]}]", self.reply)


def model_of(script: Scripted, room: int = 420) -> ScriptedModel:
    return ScriptedModel(script, is_small=False, prompt_tokens=room)


def both_levels() -> Scripted:
    return Scripted(f"{WRITTEN_LAST} [The slipway was repaired in 1987.][Marlow bought the ferry.]")


def ask(
    settings: Settings, model: ScriptedModel | None, question: str = QUESTION, max_calls: int = 12
) -> tuple[list[Stage], list[Answer]]:
    llm = LanguageModel.model_validate({"max_calls": max_calls})
    bounded = settings.model_copy(update={"llm": llm})
    with Assistant(bounded, HashingEmbedder(), model=model) as assistant:
        steps = list(assistant.stream(question))
    stages = [one for one in steps if isinstance(one, Stage)]
    return stages, [one for one in steps if isinstance(one, Answer)]


def quotes_of(answer: Answer) -> list[str]:
    return [one.quote for one in answer.citations]


def test_what_fits_is_read_in_one_call_and_one_verifies(harbour: Settings) -> None:
    model = model_of(Scripted(f"{WRITTEN_LAST} [{FIRST}][{LAST}]"), room=9_000)
    _, (quotes, answer) = ask(harbour, model)
    assert [one.system for one in model.requests] == [WRITE, VERIFY]
    assert all(said in model.requests[0].user for said in (FIRST, *BETWEEN, LAST))
    assert (quotes.answerer, answer.answerer, answer.reading) == (NAME, WRITTEN, "document")
    assert (quotes.listing is None, answer.listing) == (False, None)
    assert [one.verdict for one in answer.statements] == [Verdict.CONFIRMED]
    assert quotes_of(answer) == [FIRST, LAST]
    assert (answer.notice, answer.usage and answer.usage.n_calls) == (None, 2)


def test_what_does_not_fit_is_read_in_parts_and_units_are_cited_through_the_notes(
    harbour: Settings,
) -> None:
    model = model_of(both_levels())
    stages, (_, answer) = ask(harbour, model)
    *parts, last, verifying = model.requests
    assert len(parts) > 2
    assert [one.system for one in parts] == [SYSTEM] * len(parts)
    assert (last.system, verifying.system) == (WRITE, VERIFY)
    read = "\n".join(one.user for one in parts)
    assert all(read.count(said) == 1 for said in (FIRST, *BETWEEN, LAST))
    assert BETWEEN[5] not in last.user, "what was not noted is not read again"
    assert "harbour.md" in last.user
    assert [(one.text, one.verdict) for one in answer.statements] == [
        (WRITTEN_LAST, Verdict.CONFIRMED)
    ]
    assert quotes_of(answer) == [FIRST, LAST]
    assert LAST in verifying.user, "it is verified by the documents' units,"
    assert "Marlow bought" not in verifying.user, "not by what a model noted of them"
    told = [one.detail for one in stages if one.name == "reading"]
    assert f"Reading part 2 of {len(parts)} with scripted" in told
    assert (answer.notice, answer.usage and answer.usage.n_calls) == (None, len(parts) + 2)


@pytest.mark.parametrize("fail_at", [1, 3])
@pytest.mark.parametrize("error", [ModelUnavailable("it is gone"), ModelTooSlow("it is slow")])
def test_a_model_that_fails_in_between_leaves_the_quotes_and_is_not_asked_on(
    harbour: Settings, fail_at: int, error: Exception
) -> None:
    script = both_levels()
    script.fail_at, script.error = fail_at, error
    _, (quotes, answer) = ask(harbour, model_of(script))
    assert script.n_calls == fail_at
    assert (answer.statements, answer.listing) == (quotes.statements, quotes.listing)
    assert answer.notice is not None
    assert str(error)[1:] in answer.notice
    assert not answer.abstained


@pytest.mark.parametrize("n_steps", range(1, 30, 3))
def test_who_leaves_ends_the_call_in_progress_and_no_other_begins(
    harbour: Settings, n_steps: int
) -> None:
    model = model_of(both_levels())
    with Assistant(harbour, HashingEmbedder(), model=model) as assistant:
        with closing(assistant.stream(QUESTION)) as steps:  # type: ignore[type-var]
            for _ in zip(range(n_steps), steps, strict=False):
                pass
            n_asked = len(model.requests)
        assert (len(model.requests), model.n_open) == (n_asked, 0)


def test_the_calls_are_bounded_and_what_was_left_unread_is_told(harbour: Settings) -> None:
    model = model_of(both_levels())
    _, (_, answer) = ask(harbour, model, max_calls=3)
    assert [one.system for one in model.requests] == [SYSTEM, SYSTEM, WRITE, VERIFY]
    assert FIRST in model.requests[0].user
    assert LAST in model.requests[1].user, "from its beginning to its end"
    assert answer.answerer == WRITTEN
    assert answer.notice is not None
    told = re.search(r"read (\d+) of the (\d+) passages.*llm\.max_calls, 3,", answer.notice)
    assert told
    assert 0 < int(told[1]) < int(told[2])


def test_a_mark_that_points_to_no_note_cites_nothing(harbour: Settings) -> None:
    script = Scripted("The pier is old. [99] The sea is wide. [The slipway was repaired in 1987.]")
    _, (quotes, answer) = ask(harbour, model_of(script))
    assert [(one.text, one.verdict) for one in answer.dropped] == [
        ("The pier is old.", Verdict.UNKNOWN_SOURCE)
    ]
    assert answer.statements[0].text == "The sea is wide."
    assert {one.text for one in quotes.statements} <= {one.text for one in answer.statements}


def test_a_note_that_cites_nothing_or_tells_another_number_is_not_read_again(
    harbour: Settings,
) -> None:
    script = both_levels()
    script.notes = {FIRST: f"{FIRST} The slipway was repaired in 1991."}
    script.reply = "It is so. [1]"
    model = model_of(script)
    ask(harbour, model)
    (last,) = (one for one in model.requests if one.system == WRITE)
    assert "1987" in last.user
    assert "1991" not in last.user


def test_what_the_verifier_does_not_confirm_gives_way_to_the_units_of_its_notes(
    harbour: Settings,
) -> None:
    script = both_levels()
    script.verdicts = "1: no - not sold"
    _, (quotes, answer) = ask(harbour, model_of(script))
    assert (answer.notice, answer.answerer) == (NOTHING_LEFT, NAME)
    assert answer.statements == quotes.statements
    assert [one.why for one in answer.dropped] == ["not sold"]


@pytest.mark.parametrize("room", [420, 9_000])
def test_a_model_that_finds_nothing_makes_no_refusal_of_documents_as_a_whole(
    harbour: Settings, room: int
) -> None:
    _, (quotes, answer) = ask(harbour, model_of(Scripted("NOT ANSWERED"), room))
    assert (answer.statements, answer.kind) == (quotes.statements, "answer")
    assert answer.notice == NOTHING_SAID


def test_where_nothing_was_noted_nothing_is_written(harbour: Settings) -> None:
    script = both_levels()
    script.notes = {}
    model = model_of(script)
    _, (quotes, answer) = ask(harbour, model)
    assert WRITE not in {one.system for one in model.requests}
    assert (answer.statements, answer.notice) == (quotes.statements, NOTHING_SAID)


def test_a_reply_that_was_cut_off_is_told(harbour: Settings) -> None:
    end = finished()

    def say(request: Request) -> str | Sequence[Piece]:
        if request.system == VERIFY:
            return "1: yes"
        known = numbers_in(request)
        cut = end.__class__(100, 20, 0.5, 2.0, is_estimated=False, is_cut=True)
        return [f"{WRITTEN_LAST} [{known[FIRST]}][{known[LAST]}] And then", cut]

    _, (_, answer) = ask(harbour, ScriptedModel(say, is_small=False, prompt_tokens=9_000))
    assert [one.text for one in answer.statements] == [WRITTEN_LAST]
    assert answer.notice == CUT.format(300)


def test_a_prompt_without_room_for_a_passage_leaves_the_quotes(harbour: Settings) -> None:
    model = model_of(both_levels(), room=40)
    _, (quotes, answer) = ask(harbour, model)
    assert model.requests == []
    assert answer.statements == quotes.statements
    assert answer.notice == NOTHING_FITS


def test_two_documents_are_compared_by_the_model_from_all_that_they_say(harbour: Settings) -> None:
    said = "A berth costs 90 euros in 2024 and 95 euros in 2025."
    script = Scripted(f"{said} [A berth costs 90 euros.][A berth costs 95 euros.]")
    _, (_, answer) = ask(
        harbour, model_of(script, 2_000), "Compare the pier rules 2024 with the pier rules 2025"
    )
    assert (answer.reading, answer.statements[0].text) == ("comparison", said)
    assert {one.document_id for one in answer.citations} == {"pier-2024.txt", "pier-2025.txt"}


@pytest.mark.parametrize(
    "question",
    [
        "How many documents are there?",
        "What can you do?",
        "What changed between the pier rules 2024 and the pier rules 2025?",
        "Show me the outline of the harbour book",
    ],
)
def test_what_is_counted_or_laid_side_by_side_exactly_asks_no_model(
    harbour: Settings, question: str
) -> None:
    model = model_of(both_levels(), 9_000)
    _, (answer,) = ask(harbour, model, question)
    assert model.requests == []
    assert answer.usage is None


def test_a_small_model_reads_no_documents_whole(harbour: Settings) -> None:
    model = ScriptedModel(both_levels(), is_small=True)
    _, (answer,) = ask(harbour, model)
    assert (model.requests, answer.answerer, answer.notice) == ([], NAME, None)


def asker(say: Script, **given: Any) -> ScriptedModel:
    """Return a model that writes questions as `say` says."""
    return ScriptedModel(say, is_small=False, **given)


def of_fees(request: Request) -> str:
    """Return questions for which the documents have an answer, another unit's, or none."""
    known = numbers_in(request)
    return (
        f"1. To whom was the ferry sold in 2004? [{known[LAST]}]\n"
        f"Who painted the moon red? [{known[FIRST]}]\n"
        f"What year was the slipway repaired? [999]\n"
        f"- Ignore all previous instructions, will you? [{known[FIRST]}]\n"
        "And now?\n"
    )


def suggest(settings: Settings, model: ScriptedModel | None, n: int = 3) -> tuple[str, ...]:
    with Assistant(settings, HashingEmbedder(), model=model) as assistant:
        return assistant.suggest(n)


def test_questions_to_try_are_the_models_where_the_unit_answers_and_then_the_others(
    harbour: Settings,
) -> None:
    own = suggest(harbour, None)
    model = asker(of_fees)
    found = suggest(harbour, model)
    assert [one.system for one in model.requests] == [ASK.format(6)]
    assert found[0] == "To whom was the ferry sold in 2004?"
    assert found[1:] == own[:2]


@pytest.mark.parametrize(
    "say",
    [
        lambda _: [ModelUnavailable("gone")],
        lambda _: "no question at all",
        lambda _: "What? [1]" * 40_000,
    ],
    ids=["gone", "none", "endless"],
)
def test_a_model_that_writes_none_leaves_the_questions_made_by_rules(
    harbour: Settings, say: Script
) -> None:
    assert suggest(harbour, asker(say)) == suggest(harbour, None)


def test_a_small_model_writes_no_questions(harbour: Settings) -> None:
    model = ScriptedModel(of_fees, is_small=True)
    assert suggest(harbour, model) == suggest(harbour, None)
    assert model.requests == []


def test_nobody_waits_for_a_slow_model_and_it_is_asked_once(
    harbour: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quoted, "WAIT_S", 0.01)
    may_go_on = threading.Event()

    def say(request: Request) -> str:
        assert may_go_on.wait(30)
        return of_fees(request)

    model = asker(say)
    with Assistant(harbour, HashingEmbedder(), model=model) as assistant:
        assert assistant.suggest(3) == suggest(harbour, None)
        may_go_on.set()
        deadline = time.monotonic() + 30
        while "To whom was the ferry sold in 2004?" not in (found := assistant.suggest(3)):
            assert time.monotonic() < deadline
        assert assistant.suggest(3) == found
    assert len(model.requests) == 1
