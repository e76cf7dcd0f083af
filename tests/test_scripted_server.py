"""The scripted server does what its replies say, and is gone when it is stopped."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import httpx
import pytest
from scripted_faults import (
    FAULTS,
    MORE_FAULTS,
    Cut,
    Endless,
    SlowStart,
    Stall,
    invented_quotes,
    other_language,
    wrong_numbers,
)
from scripted_replies import GOOD, Received, Reply, Said
from scripted_server import ScriptedServer

ASKED = {
    "model": "tiny",
    "messages": [
        {"role": "system", "content": "x" * 40},
        {"role": "user", "content": "y" * 40},
    ],
}
EVERY_FAULT = {**FAULTS, **MORE_FAULTS}
QUICK_S = 0.5


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5.0, trust_env=False) as opened:
        yield opened


def ask(client: httpx.Client, server: ScriptedServer, **more: Any) -> httpx.Response:
    return client.post(f"{server.url}/chat/completions", json={**ASKED, **more})


def events_in(text: str) -> list[str]:
    parts = text.split("\n\n")
    assert parts.pop() == ""
    return [part.removeprefix("data: ") for part in parts if not part.startswith(":")]


def said_in(events: list[str]) -> str:
    choices = [one for event in events if event != "[DONE]" for one in json.loads(event)["choices"]]
    return "".join(one["delta"].get("content") or "" for one in choices)


class Talk:
    """A stream that is being read: what came until it broke off or `leave` was called."""

    def __init__(self, client: httpx.Client, server: ScriptedServer) -> None:
        request = client.build_request("POST", f"{server.url}/chat/completions", json=ASKED)
        self.response = client.send(request, stream=True)
        self.pieces = self.response.iter_text()
        self.text = ""

    def read(self, until: str = "\0", times: int = 1) -> str:
        while self.text.count(until) < times and (piece := next(self.pieces, None)) is not None:
            self.text += piece
        return self.text

    def leave(self) -> float:
        self.response.close()
        return time.monotonic()


def test_a_good_reply_is_streamed_as_openai_streams_it(client: httpx.Client) -> None:
    with ScriptedServer(Said(GOOD, piece_chars=5)) as server:
        response = ask(client, server, stream_options={"include_usage": True})
    events = events_in(response.text)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert events.pop() == "[DONE]"
    first, *_, last, usage = map(json.loads, events)
    assert {json.loads(event)["object"] for event in events} == {"chat.completion.chunk"}
    assert len({json.loads(event)["id"] for event in events}) == 1
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert first["choices"][0]["finish_reason"] is None
    assert first["usage"] is None
    assert last["choices"][0] | {"logprobs": 0} == {
        "index": 0,
        "delta": {},
        "logprobs": 0,
        "finish_reason": "stop",
    }
    assert usage["choices"] == []
    n_pieces = -(-len(GOOD) // 5)
    assert usage["usage"]["prompt_tokens"] == 20
    assert usage["usage"]["completion_tokens"] == n_pieces
    assert said_in(events) == GOOD


def test_what_a_function_raises_is_raised_when_the_server_stops(client: httpx.Client) -> None:
    def broken(request: Received) -> Reply:
        raise LookupError("no such reply")

    server = ScriptedServer(broken)
    server.__enter__()
    with pytest.raises(httpx.RemoteProtocolError):
        ask(client, server)
    with pytest.raises(LookupError, match="no such reply"):
        server.__exit__(None)


@pytest.mark.parametrize("shown", ["nothing", "headers", "role", "beats"])
def test_the_first_piece_is_late(client: httpx.Client, shown: Any) -> None:
    with ScriptedServer(SlowStart(1.0, shown=shown)) as server:
        began = time.monotonic()
        talk = Talk(client, server)
        assert (time.monotonic() - began > 0.99) == (shown == "nothing")
        if early := {"role": '"role"', "beats": ": keep-alive"}.get(shown):
            talk.read(early)
            assert time.monotonic() - began < 0.9
        talk.read('{"content": "{')
        assert time.monotonic() - began > 0.99
        assert talk.read().count("[DONE]") == 1


def test_a_stalled_reply_stays_open_and_silent(client: httpx.Client) -> None:
    with ScriptedServer(Stall(20)) as server:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{server.url}/chat/completions", json=ASKED, timeout=0.2)
        assert 0.1 < server.wait_closed() - server.chats[0].received_at < 1.2


@pytest.mark.parametrize(
    ("how", "kind"), [("close", httpx.RemoteProtocolError), ("reset", httpx.ReadError)]
)
def test_a_cut_reply_breaks_off(client: httpx.Client, how: Any, kind: type[Exception]) -> None:
    with ScriptedServer(Cut(20, how=how)) as server, pytest.raises(kind):
        ask(client, server)


@pytest.mark.parametrize("how", ["close", "reset", "unframed"])
def test_what_was_said_before_the_cut_arrives(client: httpx.Client, how: Any) -> None:
    with ScriptedServer(Cut(20, how=how, torn_bytes=30)) as server:
        talk = Talk(client, server)
        if how == "unframed":
            talk.read()
        else:
            with pytest.raises(httpx.TransportError):
                talk.read()
    *events, torn = talk.text.split("\n\n")
    assert said_in([one.removeprefix("data: ") for one in events]) == GOOD[:20]
    assert "[DONE]" not in talk.text
    if how == "unframed":
        assert torn == talk.text[-30:]
        assert torn.startswith('data: {"id"')


def test_an_endless_reply_ends_when_the_client_leaves(client: httpx.Client) -> None:
    with ScriptedServer(Endless(piece="more ", pause_s=0.0)) as server:
        talk = Talk(client, server)
        talk.read('"more "', times=500)
        left = talk.leave()
        assert server.wait_closed() - left < 1
        assert server.chats[0].answered_at is None
        assert server.closed_at == server.chats[0].closed_at


def test_wrong_numbers_name_no_sentence_and_are_many_kinds() -> None:
    said = [json.loads(wrong_numbers(Random(seed)).text)["statements"] for seed in range(25)]
    kinds: set[str] = set()
    for one in (statement["sentences"] for listed in said for statement in listed):
        for number in one if isinstance(one, list) else [one]:
            assert type(number) is not int or not 0 < number < 999
            kinds.add(type(number).__name__)
    assert kinds >= {"int", "float", "str", "NoneType", "bool", "list"}


@pytest.mark.parametrize("make", [invented_quotes, other_language])
def test_invented_and_foreign_statements_name_sentences_that_may_exist(make: Any) -> None:
    texts = set()
    for seed in range(25):
        for one in json.loads(make(Random(seed)).text)["statements"]:
            assert set(one["sentences"]) <= {1, 2, 3}
            texts.add(one["text"])
    assert len(texts) >= 6


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_a_fault_is_the_same_for_a_seed_and_differs_between_seeds(name: str) -> None:
    make = EVERY_FAULT[name]
    assert make(Random(7)) == make(Random(7))
    if name not in ("refused", "unauthorized"):
        assert len({repr(make(Random(seed)))[:2_000] for seed in range(9)}) > 1


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_every_fault_can_be_met_and_the_server_still_stops_at_once(
    name: str, client: httpx.Client
) -> None:
    before = threading.active_count()
    for seed in range(6):
        with ScriptedServer(EVERY_FAULT[name](Random(seed))) as server:
            timeout = 0.15 if name in ("slow_start", "stall", "endless") else 5.0
            until = time.monotonic() + timeout
            url = f"{server.url}/chat/completions"
            with (
                suppress(httpx.TransportError),
                client.stream("POST", url, json=ASKED, timeout=timeout) as response,
            ):
                for _ in response.iter_raw():
                    if time.monotonic() > until:
                        break
            began = time.monotonic()
        assert time.monotonic() - began < QUICK_S
        assert server.n_open == 0
    assert threading.active_count() == before
