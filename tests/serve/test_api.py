"""The HTTP API: answers at once or as events, exports of one's own, failures as a line of JSON."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import uvicorn
from dom import present
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.datastructures import Headers
from surface_fakes import DROPPED, MODEL, FakeAssistant, History, settings_anywhere

from assistant.errors import CorpusError, StoreError
from assistant.serve import api
from assistant.serve.app import build_app
from assistant.serve.background import RETRY_AFTER_S
from assistant.serve.chat.database import Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import CLOSING, Turn
from assistant.serve.visitors import COOKIE, Visitors
from assistant.show.export import CopyForm, copy_answer, export_html, export_markdown
from assistant.show.wording import LANGUAGES, Wording
from assistant.text.listing import Reading
from assistant.values import Answer, RankedPassage, Stage

HOME = "http://127.0.0.1:7860"
EVENTS = {"Accept": "text/event-stream"}
ALICE = {"Cookie": f"{COOKIE}={'a' * 43}"}
BOB = {"Cookie": f"{COOKIE}={'b' * 43}"}


class Scripted(FakeAssistant):
    """Fails after its first statement when asked of a `fault`."""

    def __init__(self) -> None:
        super().__init__(settings=settings_anywhere(n_asking=1, n_waiting=0))
        self.fault: Exception | None = None

    def stream(
        self,
        question: str,
        history: History = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        if "fault" in question:
            yield Stage("searching", "Searching")
            yield super().ask("leave")
            raise present(self.fault)
        yield from super().stream(question, history, documents=documents, as_=as_)

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> tuple[RankedPassage, ...]:
        self.asked_of.append(tuple(documents))
        return super().search(query, k, documents=documents)


@pytest.fixture(scope="module")
def assistant() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def app(assistant: Scripted) -> FastAPI:
    return build_app(assistant)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def store(assistant: Scripted) -> ConversationStore:
    return ConversationStore(Database(assistant.settings.index_dir))


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream: their names and data."""
    assert text.endswith("\n\n")
    found = [re.fullmatch(r"event: (\w+)\ndata: (.*)", one) for one in text.split("\n\n")[:-1]]
    return [(match[1], json.loads(match[2])) for match in map(present, found)]


def ask(
    client: TestClient, question: str, **more: object
) -> tuple[Response, list[tuple[str, Any]]]:
    reply = client.post("/api/ask", json={"question": question, **more}, headers=EVENTS)
    return reply, events(reply.text) if reply.status_code == 200 else []


def test_an_answer_comes_as_stages_then_what_is_verified_so_far_then_the_whole(
    client: TestClient,
) -> None:
    reply, found = ask(client, "typhoon")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in found] == ["stage"] * 3 + ["partial", "partial", "answer"]
    assert found[0][1] == {"name": "searching", "detail": "Searching 3 documents"}
    whole = FakeAssistant().ask("typhoon")
    first = replace(whole, statements=whole.statements[:1], citations=whole.citations[:1])
    assert found[3][1] == json.loads(json.dumps(first.to_dict()))
    assert found[4][1] == found[5][1] == json.loads(json.dumps(whole.to_dict()))


@pytest.mark.parametrize(
    "question", ["typhoon", "leave", "unknown", "hostile", "hello", "written typhoon"]
)
def test_an_answer_is_the_same_at_once_and_as_events(client: TestClient, question: str) -> None:
    _, found = ask(client, question)
    at_once = client.post("/api/ask", json={"question": question}).json()
    assert at_once == json.loads(json.dumps(FakeAssistant().ask(question).to_dict()))
    assert found[-1] == ("answer", at_once)
    assert [name for name, _ in found].count("answer") == 1


def test_a_failure_in_the_middle_ends_the_events_with_its_kind(
    client: TestClient, assistant: Scripted
) -> None:
    assistant.fault = StoreError("the index is gone")
    reply, found = ask(client, "fault")
    assert reply.status_code == 200
    assert [name for name, _ in found] == ["stage", "partial", "error"]
    assert found[-1][1] == {"kind": "StoreError", "message": "the index is gone"}


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_a_failure_in_the_middle_is_told_in_the_language_that_is_wished(
    client: TestClient, assistant: Scripted, path: str
) -> None:
    assistant.fault = CorpusError("'gone.md' is no file of the folder")
    body: dict[str, Any] = {"question": "fault"}
    if path.startswith("/v1"):
        body = {"stream": True, "messages": [{"role": "user", "content": "fault"}]}
    reply = client.post(path, json=body, headers=EVENTS | {"Accept-Language": "de"})
    assert reply.status_code == 200
    said = [line for line in reply.text.splitlines() if '"kind": "CorpusError"' in line]
    data: Any = json.loads(said[0].removeprefix("data: "))
    assert data.get("error", data)["message"] == "'gone.md' ist keine Datei des Ordners"


def test_a_defect_in_the_middle_tells_an_id_and_nothing_else(
    client: TestClient, assistant: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.fault = ZeroDivisionError("secret detail")
    _, found = ask(client, "fault")
    assert found[-1][0] == "error"
    assert found[-1][1]["kind"] == "InternalError"
    assert "secret" not in json.dumps(found)
    assert found[-1][1]["message"].partition("(error ")[2][:8] in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("question", ["  ", "x" * 4_001])
def test_a_question_that_is_refused_has_a_status_even_when_asked_for_events(
    client: TestClient, question: str
) -> None:
    for headers in (EVENTS, {}):
        reply = client.post("/api/ask", json={"question": question}, headers=headers)
        assert reply.status_code == 422
        assert reply.json()["error"]["kind"] == "QuestionError"


def test_a_document_that_is_not_there_has_a_status_even_when_asked_for_events(
    client: TestClient,
) -> None:
    reply, _ = ask(client, "leave", documents=["nothing.txt"])
    assert reply.status_code == 404
    assert reply.json()["error"]["kind"] == "CorpusError"


def test_who_finds_every_place_taken_is_told_when_to_come_back(
    client: TestClient, assistant: Scripted
) -> None:
    assistant.n_begun = 0
    assistant.let_go.clear()
    with ExitStack() as ended:
        asking = threading.Thread(target=ask, args=(client, "wait, typhoon"))
        asking.start()
        ended.callback(asking.join)
        ended.callback(assistant.let_go.set)
        while not assistant.n_begun:
            threading.Event().wait(0.01)
        for headers in (EVENTS, {}):
            reply = client.post("/api/ask", json={"question": "leave"}, headers=headers)
            assert reply.status_code == 503
            assert reply.headers["Retry-After"] == str(RETRY_AFTER_S)
            assert reply.json()["error"]["kind"] == "Busy"
        assert client.post("/api/search", json={"query": "leave"}).status_code == 200
    assert ask(client, "leave")[0].status_code == 200


def test_few_search_at_once_and_few_wait_for_their_turn(
    client: TestClient, assistant: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = threading.Semaphore(0), threading.Event()

    def search(*_: object, **__: object) -> tuple[RankedPassage, ...]:
        begun.release()
        goes_on.wait(20)
        return ()

    def find() -> Response:
        return client.post("/api/search", json={"query": "leave"})

    monkeypatch.setattr(assistant, "search", search)
    monkeypatch.setattr("assistant.serve.reading.WAIT_S", 0.1)
    with ThreadPoolExecutor(1) as slow:
        first = slow.submit(find)
        assert begun.acquire(timeout=10)
        second = slow_or_refused(find, goes_on)
        assert first.result().status_code == 200
    assert second.status_code == 503
    assert second.headers["Retry-After"] == str(RETRY_AFTER_S)
    assert second.json()["error"]["kind"] == "Busy"
    assert find().status_code == 200


def slow_or_refused(find: Callable[[], Response], goes_on: threading.Event) -> Response:
    """Return what a second request gets while the first goes on, at most a few seconds."""
    ended = threading.Timer(5, goes_on.set)
    ended.start()
    try:
        return find()
    finally:
        ended.cancel()
        goes_on.set()


@pytest.mark.parametrize("question", ["fault", "leave", "  "])
def test_every_way_to_end_frees_the_place(
    client: TestClient, assistant: Scripted, question: str
) -> None:
    assistant.fault = ZeroDivisionError("x")
    for headers in (EVENTS, {}, EVENTS, {}):
        client.post("/api/ask", json={"question": question}, headers=headers)
    assert client.post("/api/ask", json={"question": "leave"}).status_code == 200


@pytest.fixture(scope="module")
def server(app: FastAPI) -> Iterator[str]:
    """Serve the app on a socket: the client of the tests reads every stream to its end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("headers", [EVENTS, {}])
def test_when_the_client_leaves_while_a_model_writes_its_work_ends(
    server: str, assistant: Scripted, headers: dict[str, str]
) -> None:
    assistant.is_writing.clear()
    assistant.is_closed.clear()
    host, port = server.removeprefix("http://").split(":")
    body = json.dumps({"question": "written typhoon endless"}).encode()
    lines = ["POST /api/ask HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{one}: {two}" for one, two in headers.items())]
    with socket.create_connection((host, int(port))) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        assert assistant.is_writing.wait(10)
        time.sleep(0.2)
        assert not assistant.is_closed.is_set()
    assert assistant.is_closed.wait(1)
    deadline = time.monotonic() + 2
    while (
        reply := httpx.post(f"{server}/api/ask", json={"question": "leave"}, timeout=10)
    ).status_code == 503:
        assert time.monotonic() < deadline, "the place is free"
    assert reply.status_code == 200


def test_a_stage_that_goes_on_is_told_again_only_after_a_while(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = ask(client, "written typhoon")
    assert [name for name, _ in found][3:] == ["partial", "stage", *["partial"] * 3, "answer"]
    monkeypatch.setattr(api, "KEEPALIVE_S", 0)
    _, found = ask(client, "written typhoon")
    assert [data["name"] for name, data in found if name == "stage"][3:] == ["writing"] * 6
    assert found[-1][1]["dropped"][0]["text"] == DROPPED.text, "data is whole"
    assert found[-1][1]["usage"]["model"] == MODEL


@pytest.mark.parametrize("headers", [EVENTS, {}])
def test_the_end_of_the_server_ends_an_answer_that_a_model_still_writes(
    app: FastAPI, client: TestClient, assistant: Scripted, headers: dict[str, str]
) -> None:
    assistant.is_writing.clear()
    assistant.is_closed.clear()
    replies = []

    def ask_on() -> None:
        body = {"question": "written typhoon endless"}
        replies.append(client.post("/api/ask", json=body, headers=headers))

    asking = threading.Thread(target=ask_on)
    asking.start()
    assert assistant.is_writing.wait(10)
    app.state.ending.set()
    try:
        asking.join(2)
    finally:
        app.state.ending.clear()
    assert assistant.is_closed.wait(1)
    (reply,) = replies
    told = events(reply.text)[-1] if headers else ("error", reply.json()["error"])
    assert told == ("error", {"kind": "Closing", "message": CLOSING})
    assert reply.status_code == (200 if headers else 503)


def test_a_stage_in_other_words_is_told_at_once() -> None:
    stages = [("stage", {"detail": detail}) for detail in "aabba"]
    given = (one for one in [*stages, None, ("partial", {}), ("partial", {}), stages[-1]])
    told = list(api._throttle(given, is_ending=lambda: False))
    a, _, b, *_ = stages
    assert told == [a, None, b, None, a, None, ("partial", {}), ("partial", {}), None]


def test_a_question_is_asked_only_of_the_documents_that_it_names(
    client: TestClient, assistant: Scripted
) -> None:
    for headers in (EVENTS, {}):
        body = {"question": "leave", "documents": ["handbook.md"]}
        assert client.post("/api/ask", json=body, headers=headers).status_code == 200
        assert assistant.asked_of[-1] == ("handbook.md",)
    body = {"query": "leave", "documents": ["handbook.md"]}
    assert client.post("/api/search", json=body).status_code == 200
    assert assistant.asked_of[-1] == ("handbook.md",)
    client.post("/api/search", json={"query": "leave"})
    assert not assistant.asked_of[-1]


ODD: list[dict[str, object]] = [
    {"documents": "handbook.md"},
    {"documents": [5]},
    {"documents": ["a"] * 1_001},
    {"documents": ["\ud800"]},
    {"\ud800": 1},
    {"else": "\ud800"},
]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *(("/api/ask", {"question": "leave"} | odd) for odd in ODD),
        *(("/api/ask", {"question": odd}) for odd in ("\ud800", None, 3)),
        ("/api/ask", {}),
        ("/api/ask", {"question": "typhoon", "histories": []}),
        ("/api/ask", ["question"]),
        *(("/api/search", {"query": "leave"} | odd) for odd in ODD),
        *(("/api/search", {"query": odd}) for odd in ("\ud800", None)),
        *(("/api/search", {"query": "leave", "k": odd}) for odd in (0, 101, "3")),
    ],
)
def test_a_body_of_another_shape_is_refused_in_one_line(
    client: TestClient, path: str, body: object
) -> None:
    headers = {"Content-Type": "application/json"}
    reply = client.post(path, content=json.dumps(body), headers=headers)
    assert reply.status_code == 422
    assert reply.json()["error"]["kind"] == "RequestError"
    assert "\n" not in reply.json()["error"]["message"]


def begin(store: ConversationStore, title: str) -> str:
    """Begin a conversation of Alice's with one answer, as the page does."""
    owner = present(Visitors({}).identify(Headers(ALICE))).owner
    conversation_id = store.create(owner, "leave")
    store.rename(owner, conversation_id, title)
    store.put(owner, conversation_id, Turn(1, "leave", FakeAssistant().ask("leave")))
    return conversation_id


@pytest.mark.parametrize(
    ("form", "make", "kind"),
    [("md", export_markdown, "text/markdown"), ("html", export_html, "text/html")],
)
def test_a_conversation_is_exported_to_its_owner(
    client: TestClient,
    store: ConversationStore,
    form: str,
    make: Callable[[str, Sequence[Turn], Wording], str],
    kind: str,
) -> None:
    conversation_id = begin(store, "Leave")
    turns = [Turn(1, "leave", FakeAssistant().ask("leave"))]
    for language in LANGUAGES:
        headers = ALICE | {"Accept-Language": language}
        reply = client.get(f"/conversations/{conversation_id}.{form}", headers=headers)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(kind)
        assert reply.text == make("Leave", turns, Wording(language))


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_conversation_is_not_there_for_anybody_else(
    client: TestClient, store: ConversationStore, form: str
) -> None:
    path = f"/conversations/{begin(store, 'Leave')}.{form}"
    absent = client.get(f"/conversations/nothing.{form}", headers=ALICE)
    for headers in (BOB, {}):
        reply = client.get(path, headers=headers)
        assert reply.status_code == absent.status_code == 404
        assert reply.content == absent.content


def test_an_export_of_another_form_does_not_exist(
    client: TestClient, store: ConversationStore
) -> None:
    conversation_id = begin(store, "Leave")
    for form in ("pdf", "md.html", "MD"):
        reply = client.get(f"/conversations/{conversation_id}.{form}", headers=ALICE)
        assert reply.status_code in {404, 422}


@pytest.mark.parametrize(
    "title",
    [
        'a "quoted" title',
        "it's; filename=evil.exe",
        "two\nlines\r\nX-Injected: yes",
        "日本語のタイトル",
        "../../etc/passwd",
        "a\\b",
        "100% é",
        "<script>alert(1)</script>",
        "..",
        "\0\x1b[31m",
    ],
)
def test_an_exported_file_is_named_as_the_conversation_and_the_header_stays_whole(
    client: TestClient, store: ConversationStore, title: str
) -> None:
    reply = client.get(f"/conversations/{begin(store, title)}.md", headers=ALICE)
    assert "x-injected" not in reply.headers
    prefix = "attachment; filename*=UTF-8''"
    sent = reply.headers["content-disposition"]
    assert re.fullmatch(re.escape(prefix) + r"[A-Za-z0-9_.~%-]+", sent)
    assert unquote(sent.removeprefix(prefix)) == " ".join(title.split()).replace("/", "-") + ".md"


def test_a_server_that_is_being_stopped_is_alive_and_not_ready(
    app: FastAPI, client: TestClient
) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "index_version": 7}
    app.state.closing.set()
    try:
        reply = client.get("/readyz")
        assert reply.status_code == 503
        assert reply.json()["error"]["kind"] == "Closing"
        assert client.get("/livez").status_code == 200
    finally:
        app.state.closing.clear()


def test_another_reading_can_be_asked_for(assistant: Scripted, client: TestClient) -> None:
    for reading in ("question", "folder", None):
        more = {"as": reading} if reading else {}
        assert client.post("/api/ask", json={"question": "typhoon", **more}).status_code == 200
    assert assistant.asked_as[-3:] == ["question", "folder", None]
    refused = client.post("/api/ask", json={"question": "typhoon", "as": "poem"})
    assert refused.status_code == 422


def test_an_answer_is_copied_by_its_owner_in_a_form(
    client: TestClient, store: ConversationStore
) -> None:
    path = f"/conversations/{begin(store, 'Leave')}/1"
    made = FakeAssistant().ask("leave")
    forms: tuple[CopyForm, ...] = ("text", "markdown", "sources")
    for form in forms:
        reply = client.get(path, params={"form": form}, headers=ALICE)
        assert reply.text == copy_answer(made, form)
        assert reply.headers["content-type"].startswith("text/plain")
        headers = ALICE | {"Accept-Language": "de"}
        reply = client.get(path, params={"form": form}, headers=headers)
        assert reply.text == copy_answer(made, form, Wording("de"))
    for headers, at, status in (
        (BOB, path, 404),
        ({}, path, 404),
        (ALICE, f"{path}0", 404),
        (ALICE, f"{path}?form=x", 422),
    ):
        assert client.get(at, headers=headers).status_code == status


def test_a_version_stays_while_no_conversation_changes(client: TestClient) -> None:
    told = [client.get("/api/changes", headers=ALICE).json() for _ in range(2)]
    assert told[0] == told[1]
    assert told[0]["version"]
