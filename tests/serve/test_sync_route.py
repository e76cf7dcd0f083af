"""A sync over HTTP: begun, followed and told how it ended, while questions are answered."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import write_files
from fastapi.testclient import TestClient
from hashing import HashingEmbedder
from surface_fakes import FakeAssistant

from assistant.pipeline import Assistant
from assistant.serve.app import build_app
from assistant.settings import Settings
from assistant.store.lock import hold_lock

HOME = "http://127.0.0.1:7860"


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    write_files(tmp_path / "corpus", {"a.txt": "The mill was built in 1791."})
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index")
    with Assistant(settings, HashingEmbedder()) as made:
        made.sync()
        yield made


def follow(client: TestClient) -> dict[str, Any]:
    """Return what is told once no sync runs any more."""
    for _ in range(600):
        state: dict[str, Any] = client.get("/api/sync").json()
        if not state["is_running"]:
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_what_was_uploaded_is_found_once_the_sync_has_ended(assistant: Assistant) -> None:
    client = TestClient(build_app(assistant), base_url=HOME)
    note = b"The harbour of Dorn was built in 1802."
    assert (
        client.post("/api/documents", params={"name": "note.txt"}, content=note).status_code == 201
    )
    before = client.get("/api/sync").json()
    assert (before["is_running"], before["report"], before["error"]) == (False, None, None)
    time.sleep(1.0)  # the time of a sync is told to the second
    assert client.post("/api/sync").status_code == 202
    ended = follow(client)
    assert (ended["report"]["n_added"], ended["error"]) == (1, None)
    assert ended["synced_at"] > before["synced_at"]
    asked = {"question": "When was the harbour of Dorn built?"}
    assert "1802" in client.post("/api/ask", json=asked).json()["text"]


def test_a_sync_that_runs_says_how_far_it_is_and_what_is_asked_for_meanwhile_comes_after_it() -> (
    None
):
    fake = FakeAssistant(pause_s=0.2)
    client = TestClient(build_app(fake), base_url=HOME)
    assert [client.post("/api/sync").status_code for _ in range(3)] == [202, 200, 200]
    while not (told := client.get("/api/sync").json()["progress"]):
        pass
    assert told["total"] == 4
    assert told["doing"] == "reading b.txt"
    assert follow(client)["report"]["n_added"] == 1
    assert fake.n_syncs == 2


def test_what_is_uploaded_while_a_sync_runs_is_found_when_it_is_said_to_have_ended() -> None:
    fake = FakeAssistant(pause_s=0.1)
    client = TestClient(build_app(fake), base_url=HOME)
    assert client.post("/api/sync").status_code == 202
    while not fake.progress:
        pass
    sent = client.post("/api/documents?sync=true&name=n.txt", content=b"Late.")
    assert sent.status_code == 201
    follow(client)
    assert fake.n_syncs == 2


def test_a_sync_that_another_part_has_begun_is_waited_for() -> None:
    fake = FakeAssistant(pause_s=0.1)
    client = TestClient(build_app(fake), base_url=HOME)
    other = threading.Thread(target=fake.sync)
    other.start()
    while not fake.progress:
        pass
    assert client.post("/api/sync").status_code == 200
    other.join()
    assert follow(client)["report"]["n_added"] == 1
    assert fake.n_syncs == 2


def test_why_a_sync_failed_is_told_and_another_may_be_begun(assistant: Assistant) -> None:
    client = TestClient(build_app(assistant), base_url=HOME)
    with hold_lock(assistant.settings.index_dir):
        client.post("/api/sync")
        error = follow(client)["error"]
    assert error["kind"] == "IndexLocked"
    assert "is being written by process" in error["message"]
    client.post("/api/sync")
    assert follow(client)["error"] is None


def test_another_sites_page_begins_none() -> None:
    fake = FakeAssistant()
    client = TestClient(build_app(fake), base_url=HOME)
    foreign = {"Origin": "https://evil.example"}
    assert client.post("/api/sync", headers=foreign).status_code == 403
    assert fake.n_syncs == 0
