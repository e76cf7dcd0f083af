"""The load that is measured: an asker gets its own answer, is told to come back, or has lost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from browsing import serving
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.pipeline import Assistant
from evals import load as loads
from evals.load import ApiAsker, Load, PageAsker, Refused, measure, share

WORDS = ["Danube", "Titan", "Saturn", "leave", "month", "ocean", "Europa", "methane", "forest"]
SEED = 7


class Scripted:
    """An asker that is answered by a function."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        self._answer = answer
        self.is_closed = False

    def __call__(self, question: str) -> str:
        return self._answer(question)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with room for three questions, one of them answered at a time."""
    settings = settings_in(
        tmp_path_factory.mktemp("load"), max_over_refusal=0.0, n_asking=1, n_waiting=2
    )
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        with serving(assistant) as (at, _):
            yield at


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: real(min(seconds, 0.05)))
    monkeypatch.setattr(loads, "N_KNOWN", 5)


def ask_all(make_asker: Any, n_askers: int = 8, n_questions: int = 40, **more: Any) -> Load:
    return measure(
        make_asker,
        WORDS,
        n_askers=n_askers,
        seconds=120,
        n_questions=n_questions,
        seed=SEED,
        **more,
    )


def test_of_many_askers_at_once_each_gets_its_own_answer_or_is_told_to_come_back(
    address: str,
) -> None:
    load = ask_all(lambda: ApiAsker(address))
    assert load.lost == []
    assert len(load.answering_s) == len(load.waiting_s) == 40
    assert load.n_refused > 0, "eight ask a server that lets three in"
    told = load.to_dict()
    assert 0 < told["answering_s"]["p50"] <= told["answering_s"]["p95"]
    assert told["waiting_s"]["p95"] >= told["answering_s"]["p50"]


def test_the_page_is_asked_as_it_asks_itself(address: str) -> None:
    load = ask_all(lambda: PageAsker(address), n_askers=2, n_questions=6)
    assert load.lost == []
    assert len(load.answering_s) == 6


def test_an_answer_that_belongs_to_another_counts_as_lost() -> None:
    said: list[str] = []

    def make() -> Scripted:
        def ask(question: str) -> str:
            said.append(question)
            if len(said) > loads.N_KNOWN and len(said) % 2:
                return "what somebody else was told"
            return f"to {question}"

        return Scripted(ask)

    load = ask_all(make, n_askers=1, n_questions=20)
    assert load.lost
    assert all("answered otherwise before" in one for one in load.lost)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, {"error": {}}, "status 500"),
        (200, {"question": "Another?", "text": "."}, "the answer is to 'Another\\?'"),
        (503, {"error": {"kind": "StoreError"}}, "status 503"),
    ],
)
def test_what_is_no_answer_to_the_question_is_no_answer(
    status: int, body: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    reply = httpx.Response(status, json=body)
    monkeypatch.setattr(httpx.Client, "post", lambda *_, **__: reply)
    with closing(ApiAsker("http://127.0.0.1:1")) as ask, pytest.raises(RuntimeError, match=why):
        ask("Which?")


def test_the_same_seed_asks_the_same() -> None:
    asked: list[list[str]] = []
    for _ in range(2):
        mine: list[str] = []
        asked.append(mine)

        def make(mine: list[str] = mine) -> Scripted:
            return Scripted(lambda question: mine.append(question) or ".")  # type: ignore[func-returns-value]

        ask_all(make, n_askers=1, n_questions=30)
    assert asked[0] == asked[1]
    assert len(set(asked[0])) > 15


def test_a_refusal_is_no_loss_and_the_wait_counts() -> None:
    lock, tries = threading.Lock(), [0]

    def make() -> Scripted:
        def ask(question: str) -> str:
            with lock:
                tries[0] += 1
                if tries[0] > loads.N_KNOWN and tries[0] % 3:
                    raise Refused(5.0)
            return question

        return Scripted(ask)

    load = ask_all(make, n_askers=3, n_questions=10)
    assert load.lost == []
    assert load.n_refused >= 10
    assert max(load.waiting_s) >= max(load.answering_s)


def test_the_memory_is_read_at_the_marks_and_at_the_end() -> None:
    memory = iter(range(100))
    load = ask_all(
        lambda: Scripted(lambda _: "."),
        n_askers=1,
        n_questions=9,
        resident_mb=lambda: float(next(memory)),
        marks=(3, 6),
    )
    assert load.resident_mb == {0: 0.0, 3: 1.0, 6: 2.0, 9: 3.0}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_share_is_the_least_value_that_so_many_reach(seconds: list[float], part: float) -> None:
    found = share(seconds, part)
    assert found is not None
    below = sum(round(one, 2) <= found for one in seconds)
    assert below >= part * len(seconds) - 1e-9
    assert found in [round(one, 2) for one in seconds]


def test_the_words_are_those_of_the_files(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "The Danube and the Rhine", "b.txt": "Rhine, again"})
    assert loads.list_words(tmp_path) == ["Danube", "Rhine", "again"]
