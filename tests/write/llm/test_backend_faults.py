"""Whatever a server of language models does, a question is answered in time and by the documents.

A whole assistant over real HTTP, with deadlines of fractions of a second.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from statistics import median
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from scripted_clients import REQUEST, client_of, said
from scripted_faults import FAULTS, MORE_FAULTS, Fault, SlowStart, Stall, error
from scripted_replies import Said
from scripted_server import ScriptedServer
from torture import trials

from assistant.answer.compose import NAME as EXTRACT
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.values import Answer, Verdict
from assistant.write.compose import NOTHING_LEFT
from assistant.write.llm import client as client_module
from assistant.write.llm.client import MAX_FAILURES

pytestmark = pytest.mark.slow

N_RUNS = trials(8, 25)
QUESTION = "Where does the Danube rise?"
LIMITS = {
    "connect_timeout_s": 0.3,
    "first_token_timeout_s": 0.15,
    "token_timeout_s": 0.15,
    "total_timeout_s": 0.3,
}
MARGIN_S = 2.0
"""For the search and the retry, in most runs; without a deadline the faults last up to a minute."""
BUSY_S = 15.0
"""For a single run on a machine that is busy with something else."""
WRITES_NONSENSE = {"wrong_numbers", "invented_quotes", "other_language"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("faults"), max_over_refusal=0.0)
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
    with ScriptedServer(Said()) as server:  # what the first call imports, no test measures
        said(client_of(server.url).stream(REQUEST))
    return settings


@pytest.fixture(scope="module")
def expected(indexed: Settings) -> Answer:
    """The answer without a language model."""
    with Assistant(indexed, HashingEmbedder()) as assistant:
        answer = assistant.ask(QUESTION)
    assert not answer.abstained
    return answer


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_JITTER_S", 0.02)
    monkeypatch.setattr(client_module, "MAX_WAIT_S", 0.05)


def assistant_of(
    settings: Settings, server: ScriptedServer, *, short_form: bool = True
) -> Assistant:
    """Return an assistant with a fresh model, whose circuit is closed."""
    model = client_of(server.url, **LIMITS, short_form=short_form)
    return Assistant(settings, HashingEmbedder(), model=model)


def require_quotes(answer: Answer, expected: Answer) -> None:
    """Assert that an answer is the extracted one, with a reason."""
    assert answer.notice
    assert answer.answerer == EXTRACT
    assert answer == replace(
        expected,
        timings=answer.timings,
        notice=answer.notice,
        dropped=answer.dropped,
        usage=answer.usage,
    )
    assert all(one.verdict != Verdict.QUOTED for one in answer.dropped)


def run(name: str, make: Fault, seed: int, settings: Settings, expected: Answer) -> float:
    """Ask once; return the seconds that the answer came after the deadline."""
    with ScriptedServer(make(Random(seed))) as server:
        with assistant_of(settings, server) as assistant:
            began = time.monotonic()
            *stages, answer = assistant.stream(QUESTION)
            late_s = time.monotonic() - began - LIMITS["total_timeout_s"]
        assert isinstance(answer, Answer), (name, seed)
        shown = [one for one in stages if isinstance(one, Answer)]
        assert shown[0].statements == expected.statements, "the quotes come first"
        for one in (*shown, answer):
            assert all(s.verdict == Verdict.QUOTED for s in one.statements), (name, seed)
        require_quotes(answer, expected)
        if name in WRITES_NONSENSE and not (answer.notice or "").count("too slow"):
            assert answer.dropped, (name, seed)
        server.wait_idle(BUSY_S)
    return late_s


@pytest.mark.parametrize("name", FAULTS)
def test_all_runs_of_a_fault_end_in_time_with_the_quotes(
    name: str, indexed: Settings, expected: Answer, record_property: Any
) -> None:
    late = [run(name, FAULTS[name], seed, indexed, expected) for seed in range(N_RUNS)]
    record_property("late_s", max(late))
    record_property("median_late_s", median(late))
    assert median(late) < MARGIN_S
    assert max(late) < BUSY_S


@pytest.mark.parametrize("name", MORE_FAULTS)
def test_further_faults_end_in_time_with_the_quotes(
    name: str, indexed: Settings, expected: Answer
) -> None:
    assert run(name, MORE_FAULTS[name], 1, indexed, expected) < BUSY_S


@pytest.mark.parametrize("name", FAULTS | MORE_FAULTS)
def test_no_fault_of_a_capable_model_loses_a_quote(
    name: str, indexed: Settings, expected: Answer
) -> None:
    with ScriptedServer((FAULTS | MORE_FAULTS)[name](Random(1))) as server:
        with assistant_of(indexed, server, short_form=False) as assistant:
            answer = assistant.ask(QUESTION)
        server.wait_idle(BUSY_S)
    assert answer.notice
    assert all(one.verdict == Verdict.QUOTED for one in answer.statements)
    quotes = {one.text for one in expected.statements}
    assert quotes <= {one.text for one in answer.statements}
    assert not {one.text for one in answer.dropped} & {one.text for one in answer.statements}


def test_after_a_row_of_failures_a_question_does_not_wait_at_all(
    indexed: Settings, expected: Answer
) -> None:
    with ScriptedServer(SlowStart(60.0)) as server, assistant_of(indexed, server) as assistant:
        for _ in range(MAX_FAILURES):
            require_quotes(assistant.ask(QUESTION), expected)
        assert len(server.chats) == MAX_FAILURES
        n_requests = len(server.requests)
        answer = assistant.ask(QUESTION)
        require_quotes(answer, expected)
        assert answer.notice is not None
        assert "failed several times in a row" in answer.notice
        assert answer.timings["write"] < 1.0
        assert len(server.requests) == n_requests


def test_answers_in_between_keep_the_circuit_closed(indexed: Settings) -> None:
    failing = [error(401, "no")] * (MAX_FAILURES - 1)
    with ScriptedServer([*failing, Said(), *failing, Said()]) as server:
        with Assistant(
            indexed, HashingEmbedder(), model=client_of(server.url, short_form=True)
        ) as assistant:
            answers = [assistant.ask(QUESTION) for _ in range(2 * MAX_FAILURES)]
        assert len(server.chats) == 2 * MAX_FAILURES
    assert answers[-1].notice == NOTHING_LEFT


@pytest.mark.parametrize("fault", [SlowStart(60.0), Stall(9)])
def test_a_follow_up_waits_for_a_slow_model_once(
    fault: SlowStart | Stall, indexed: Settings
) -> None:
    history = [("user", QUESTION), ("assistant", "It rises in the Black Forest.")]
    with ScriptedServer(fault) as server, assistant_of(indexed, server) as assistant:
        answer = assistant.ask("And where does it end?", history)  # type: ignore[arg-type]
        assert answer.answerer == EXTRACT
        assert answer.statements
        assert answer.notice is not None
        assert "is too slow" in answer.notice
        assert len(server.chats) == 1


def test_a_reader_who_leaves_ends_the_model_s_work(indexed: Settings) -> None:
    with (
        ScriptedServer(SlowStart(60.0)) as server,
        Assistant(indexed, HashingEmbedder(), model=client_of(server.url)) as assistant,
    ):
        events: Iterator[object] = assistant.stream(QUESTION)
        while not server.chats:
            next(events)
        left_at = time.monotonic()
        events.close()  # type: ignore[attr-defined]
        assert server.wait_closed(2.0) - left_at < 1.0
