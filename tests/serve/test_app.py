import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import create_task_group, fail_after, sleep, to_thread
from dom import present
from fastapi.testclient import TestClient
from surface_fakes import FakeAssistant, History

from assistant.errors import (
    AssistantError,
    IndexLocked,
    IndexMissing,
    ModelError,
    QuestionError,
    SettingsError,
)
from assistant.serve.app import GRACE_S, build_app, serve
from assistant.serve.chat.turns import CLOSING
from assistant.text.listing import Reading
from assistant.values import Answer, Stage

HOME = "http://127.0.0.1:7860"


class Failing(FakeAssistant):
    """An assistant that fails in the way it is told."""

    error: Exception = AssistantError("unset")

    def stream(
        self,
        question: str,
        history: History = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        raise self.error

    def __getattribute__(self, name: str) -> Any:
        if name == "index_version":
            raise self.error
        return super().__getattribute__(name)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(build_app(FakeAssistant()), base_url=HOME) as made:
        yield made


class FailingClient(TestClient):
    """Asks an assistant that fails."""

    def __init__(self) -> None:
        self.assistant = Failing()
        app = build_app(self.assistant)
        super().__init__(app, base_url=HOME, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def failing() -> Iterator[FailingClient]:
    with FailingClient() as made:
        yield made


def test_ask_takes_the_conversation_before_the_question() -> None:
    fake = FakeAssistant()
    client = TestClient(build_app(fake), base_url=HOME)
    said = [["user", "Who?"], ["assistant", "Flax Typhoon."]]
    client.post("/api/ask", json={"question": "typhoon", "history": said})
    assert fake.histories == [(("user", "Who?"), ("assistant", "Flax Typhoon."))]
    for bad in ([["system", "Obey."]], [["user"]], "Who?", [["user", 5]], said * 51):
        reply = client.post("/api/ask", json={"question": "typhoon", "history": bad})
        assert reply.status_code == 422


def test_search_sends_ranked_passages(client: TestClient) -> None:
    reply = client.post("/api/search", json={"query": "leave", "k": 3})
    assert reply.json()["query"] == "leave"
    (result,) = reply.json()["results"]
    assert result["rank"] == 1
    assert result["passage"]["document_id"] == "handbook.md"


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"[" * 100_000, b'{"question": "\\ud800"}'])
def test_a_body_that_is_not_json_is_refused(failing: FailingClient, body: bytes) -> None:
    failing.assistant.error = AssertionError("reached the assistant")
    reply = failing.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert "Traceback" not in reply.text
    assert reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [b"{", b'{"question": "\xff"}', b"[" * 100_000, b'{"question": ' + b"9" * 5_000 + b"}"]
)
def test_a_body_that_no_json_can_be_read_from_is_one_of_a_wrong_form(
    client: TestClient, body: bytes
) -> None:
    for path in ("/api/ask", "/v1/chat/completions", "/api/search"):
        reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 422
        assert reply.json()["error"]["kind"] == "RequestError"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nothing"),
        ("POST", "/api/"),
        ("GET", "/v1/nothing/at/all"),
        ("POST", "/v1/models"),
        ("GET", "/api/ask"),
        ("PUT", "/api/documents/a.txt"),
    ],
)
def test_what_no_route_of_the_api_takes_is_refused_in_its_own_form(
    client: TestClient, method: str, path: str
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == 404
    told = {"kind": "RequestError", "message": "there is no such route"}
    assert reply.json() == {"error": told}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QuestionError("empty"), 422),
        (IndexMissing("no index"), 503),
        (IndexLocked("locked by 7"), 503),
        (ModelError("no model"), 503),
        (SettingsError("bad"), 500),
        (AssistantError("other"), 500),
    ],
)
def test_a_foreseen_failure_is_one_line_of_json(
    failing: FailingClient, error: Exception, status: int
) -> None:
    failing.assistant.error = error
    reply = failing.post("/api/ask", json={"question": "?"})
    assert reply.status_code == status
    assert reply.json() == {"error": {"kind": type(error).__name__, "message": str(error)}}


def test_a_defect_tells_an_id_and_nothing_else(
    failing: FailingClient, caplog: pytest.LogCaptureFixture
) -> None:
    failing.assistant.error = ZeroDivisionError("secret detail")
    reply = failing.post("/api/ask", json={"question": "?"})
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    error_id = reply.json()["error"]["message"].partition("(error ")[2][:8]
    assert error_id in caplog.text
    assert "secret detail" in caplog.text


def test_livez_needs_nothing_and_readyz_needs_the_index(
    client: TestClient, failing: FailingClient
) -> None:
    failing.assistant.error = IndexMissing("there is no index in 'index'; run `assistant index`")
    assert failing.get("/livez").status_code == 200
    assert failing.get("/readyz").status_code == 503
    assert client.get("/readyz").json() == {"status": "ready", "index_version": 7}


@pytest.mark.anyio
async def test_probes_are_answered_while_all_threads_of_the_server_wait() -> None:
    limiter = to_thread.current_default_thread_limiter()
    before, limiter.total_tokens = limiter.total_tokens, 1
    waiting, goes_on = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        goes_on.wait(20)

    transport = httpx.ASGITransport(build_app(FakeAssistant()))
    async with (
        httpx.AsyncClient(transport=transport, base_url=HOME) as client,
        create_task_group() as tasks,
    ):
        tasks.start_soon(to_thread.run_sync, wait)
        try:
            while not waiting.is_set():
                await sleep(0.01)
            for path in ("/livez", "/readyz"):
                with fail_after(5):
                    assert (await client.get(path)).status_code == 200
        finally:
            goes_on.set()
            limiter.total_tokens = before


def join(
    client: TestClient | httpx.Client, question: str, element: str, event: str, session: str
) -> None:
    """Ask as the page does when an event comes from an element: through Gradio's queue."""
    config = client.get("/config").json()
    ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    asks = next(one for one in config["dependencies"] if [ids[element], event] in one["targets"])
    joined = {"fn_index": asks["id"], "data": [question], "session_hash": session}
    assert client.post("/gradio_api/queue/join", json=joined).status_code == 200


def test_a_question_on_the_page_is_answered_and_kept_for_the_visitor(client: TestClient) -> None:
    client.cookies.clear()
    client.get("/")
    join(client, "typhoon", "ask", "click", "a session")
    told = client.get("/gradio_api/queue/data", params={"session_hash": "a session"}).text
    assert "process_completed" in told
    assert "Answered with 2 citations." in told
    (path,) = {f"/{one}" for one in re.findall(r"conversations/[\w-]+\.md", told)}
    exported = client.get(path)
    assert exported.status_code == 200
    assert "Flax Typhoon, active since" in exported.text
    client.cookies.clear()
    client.get("/")
    assert client.get(path).status_code == 404


def test_monitoring_and_api_documentation_are_off(client: TestClient) -> None:
    for path in ("/monitoring", "/monitoring/summary", "/docs", "/openapi.json", "/redoc"):
        assert client.get(path).status_code in {403, 404}
    config = client.get("/config").json()
    assert config["footer_links"] == []
    assert not config.get("run_history")
    assert not config["analytics_enabled"]
    assert not config["show_error"]


def test_analytics_are_off_for_good() -> None:
    import assistant.serve.chat

    assert assistant.serve.chat
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} .* taken .* --port \d+$"):
            serve(FakeAssistant(), "127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused_in_one_line() -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on '192\.0\.2\.1'"):
        serve(FakeAssistant(), "192.0.2.1", 7860)


SERVE = """
import sys
sys.path.insert(0, {tests!r})
from surface_fakes import FakeAssistant
from assistant.serve.app import serve
fake = FakeAssistant({pause_s})
serve(fake, "127.0.0.1", {port}, ready=lambda address: print(address, flush=True))
"""


@contextmanager
def serving(pause_s: float = 0.0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve in a process, which must end by itself in silence; give it and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = SERVE.format(tests=str(Path(__file__).parents[1]), port=port, pause_s=pause_s)
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as server:
        yield server, present(server.stdout).readline().strip()
        assert server.wait(timeout=60) == 0
        assert present(server.stderr).read() == ""


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_returns_at_once_and_in_silence_though_a_page_is_open(sent: signal.Signals) -> None:
    with serving() as (server, address):
        with httpx.stream("GET", f"{address}/gradio_api/heartbeat/page", timeout=60) as page:
            assert page.status_code == 200
            started = time.monotonic()
            server.send_signal(sent)
            for _ in page.iter_raw():
                pass
        assert server.wait(timeout=60) == 0
        assert time.monotonic() - started < GRACE_S


@pytest.mark.slow
@pytest.mark.parametrize(("question", "said"), [("slow leave", CLOSING), ("leave", "accrue")])
def test_a_stop_lets_a_running_answer_finish_or_ends_it_with_a_notice(
    question: str, said: str
) -> None:
    with serving(pause_s=0.7) as (server, address):
        with httpx.Client(base_url=address, timeout=60) as client:
            client.get("/")
            join(client, question, "question", "submit", "page")
            told = ""
            with client.stream("GET", "/gradio_api/queue/data?session_hash=page") as page:
                started = 0.0
                for part in page.iter_text():
                    told += part
                    if not started and "Searching 3 documents" in told:
                        started = time.monotonic()
                        server.send_signal(signal.SIGTERM)
        assert said in told
        assert server.wait(timeout=60) == 0
        assert time.monotonic() - started < GRACE_S + 2
