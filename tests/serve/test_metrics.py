"""What a server tells Prometheus, read by its own parser."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from browsing import serving
from prometheus_client.parser import text_string_to_metric_families
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.errors import IndexMissing

Samples = dict[tuple[str, str], float]


@pytest.fixture
def fake() -> FakeAssistant:
    return FakeAssistant()


@pytest.fixture
def address(fake: FakeAssistant) -> Iterator[str]:
    with serving(fake) as (at, _):
        yield at


def read(address: str) -> Samples:
    """Return each sample by its name and the value of its label."""
    reply = httpx.get(f"{address}metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    return {
        (one.name, next(iter(one.labels.values()), "")): one.value
        for family in text_string_to_metric_families(reply.text)
        for one in family.samples
        if "le" not in one.labels
    }


def ask(address: str, question: str) -> int:
    return httpx.post(f"{address}api/ask", json={"question": question}, timeout=30).status_code


def test_questions_are_counted_by_how_they_ended_on_every_surface(address: str) -> None:
    for question in ("typhoon", "leave", "What is the weather?", "written typhoon", " ", "bug"):
        ask(address, question)
    asked = {"messages": [{"role": "user", "content": "typhoon"}]}
    httpx.post(f"{address}v1/chat/completions", json=asked)
    found = read(address)
    ended = {label: n for (name, label), n in found.items() if name == "assistant_questions_total"}
    assert ended == {"answer": 4, "abstention": 1, "QuestionError": 1, "InternalError": 1}
    assert found["assistant_answers_written_total", "extract"] == 3
    assert found["assistant_answers_written_total", "generate"] == 1
    assert found["assistant_stage_seconds_count", "retrieve"] == 5
    assert found["assistant_stage_seconds_sum", "retrieve"] == pytest.approx(0.05)
    assert found["assistant_model_tokens_total", "prompt"] == 1_234
    assert found["assistant_model_failures_total", ""] == 0


def test_nothing_of_what_was_asked_or_answered_is_told(address: str) -> None:
    ask(address, "leave secretword")
    text = httpx.get(f"{address}metrics").text
    assert "secretword" not in text
    assert "handbook" not in text


def test_the_queue_and_the_index_are_told_as_they_are(address: str, fake: FakeAssistant) -> None:
    waiting = [threading.Thread(target=ask, args=(address, "wait leave")) for _ in range(3)]
    for one in waiting:
        one.start()
    while fake.n_begun < 2 or sum(read_queue(address)) < 3:
        pass
    assert read_queue(address) == (2, 1)
    fake.let_go.set()
    for one in waiting:
        one.join()
    assert read_queue(address) == (0, 0)
    found = read(address)
    assert found["assistant_index_version", ""] == 7
    assert found["assistant_index_age_seconds", ""] > 0
    assert (found["assistant_files", "indexed"], found["assistant_files", "skipped"]) == (3, 1)


def read_queue(address: str) -> tuple[float, float]:
    found = read(address)
    return found["assistant_questions_running", ""], found["assistant_questions_waiting", ""]


def test_without_an_index_the_rest_is_told() -> None:
    class Empty(FakeAssistant):
        @property
        def index_version(self) -> int:
            raise IndexMissing("there is no index")

        @index_version.setter
        def index_version(self, _: int) -> None: ...

    with serving(Empty()) as (at, _):
        found = read(at)
    assert ("assistant_index_version", "") not in found
    assert found["assistant_questions_running", ""] == 0


def test_where_there_are_users_it_is_not_told_to_everybody() -> None:
    token = "s3cret-" * 4
    with serving(FakeAssistant(settings=settings_anywhere(tokens={"prometheus": token}))) as (
        at,
        _,
    ):
        assert httpx.get(f"{at}metrics").status_code == 401
        known = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{at}metrics", headers=known).status_code == 200
