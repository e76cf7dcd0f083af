"""The scripted server does what its replies say, and is gone when it is stopped."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest
from scripted_faults import (
    FAULTS,
    MORE_FAULTS,
    Cut,
    Dropped,
    Endless,
    RefusesSchema,
    SlowStart,
    Stall,
    context_exceeded,
    error,
    garbage,
    invented_quotes,
    long_lines,
    null_choices,
    other_language,
    too_many_requests,
    wrong_numbers,
)
from scripted_replies import GOOD, Body, Raw, Received, Reply, Said, ToolCall
from scripted_server import ScriptedServer, refused_url, statements

ASKED = {
    "model": "tiny",
    "messages": [
        {"role": "system", "content": "x" * 40},
        {"role": "user", "content": "y" * 40},
    ],
}
WITH_USAGE = {"stream_options": {"include_usage": True}}
EVERY_FAULT = {**FAULTS, **MORE_FAULTS}
QUICK_S = 0.5


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5.0, trust_env=False) as opened:
        yield opened


def ask(client: httpx.Client, server: ScriptedServer, **more: Any) -> httpx.Response:
    return client.post(f"{server.url}/chat/completions", json={**ASKED, **more})


def events_of(response: httpx.Response) -> list[str]:
    return events_in(response.text)


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
        asked = {**ASKED, "stream": True}
        request = client.build_request("POST", f"{server.url}/chat/completions", json=asked)
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
        response = ask(client, server, stream=True, **WITH_USAGE)
    events = events_of(response)
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


def test_usage_is_streamed_only_when_asked_for_and_told(client: httpx.Client) -> None:
    with ScriptedServer([Said(), Said(usage=False)]) as server:
        assert "usage" not in ask(client, server, stream=True).text
        assert '"usage": {' not in ask(client, server, stream=True, **WITH_USAGE).text


def test_a_whole_reply_is_one_object(client: httpx.Client) -> None:
    with ScriptedServer(Said(finish_reason="length")) as server:
        told = ask(client, server).json()
    assert told["object"] == "chat.completion"
    assert told["model"] == "tiny"
    assert told["choices"][0]["message"] == {"role": "assistant", "content": GOOD}
    assert told["choices"][0]["finish_reason"] == "length"
    assert told["usage"]["prompt_tokens"] == 20


def test_the_statements_of_a_good_reply_are_json() -> None:
    assert json.loads(statements(([2], "It is so."), ([3, 4], "And “so”."))) == {
        "statements": [
            {"sentences": [2], "text": "It is so."},
            {"sentences": [3, 4], "text": "And “so”."},
        ]
    }


def test_pieces_come_one_after_the_other_with_pauses(client: httpx.Client) -> None:
    with ScriptedServer(Said("abcd", piece_chars=1, pause_s=0.05)) as server:
        talk = Talk(client, server)
        talk.read('"a"')
        began = time.monotonic()
        talk.read('"d"')
        assert 0.1 < time.monotonic() - began < 2
        talk.leave()


def test_events_arrive_in_packets_that_split_letters(client: httpx.Client) -> None:
    with ScriptedServer(Said("é的“", packet_bytes=1)) as server:
        talk = Talk(client, server)
        packets = list(talk.response.iter_raw())
    assert {len(packet) for packet in packets} == {1}
    assert "é的“" in b"".join(packets).decode()


def test_a_thinking_model_thinks_beside_the_content(client: httpx.Client) -> None:
    with ScriptedServer(Said("so", thinking="Let me see.")) as server:
        events = events_of(ask(client, server, stream=True))
    assert said_in(events) == "so"
    assert '"reasoning_content": "Let me s"' in "".join(events)


def test_models_and_props_and_further_pages_are_told(client: httpx.Client) -> None:
    more: dict[str, Any] = {"/api/show": {"model_info": {}}}
    with ScriptedServer(
        Said(), model="tiny", n_ctx=2048, model_fields={"max_model_len": 9}, pages=more
    ) as server:
        root = server.url.removesuffix("/v1")
        listed = client.get(f"{server.url}/models").json()
        assert listed["data"][0]["id"] == "tiny"
        assert listed["data"][0]["max_model_len"] == 9
        props = client.get(f"{root}/props").json()
        assert props["default_generation_settings"]["n_ctx"] == 2048
        assert client.post(f"{root}/api/show", json={}).json() == {"model_info": {}}
        assert client.get(f"{root}/else").status_code == 404
        assert client.get(f"{server.url}/chat/completions").status_code == 405
        assert client.post(f"{server.url}/chat/completions", content="?").status_code == 400
        assert len(server.requests) == 6


def test_there_are_no_props_unless_given_and_a_probe_replaces_every_page(
    client: httpx.Client,
) -> None:
    page = Body("<html>", "text/html")
    with ScriptedServer(Said()) as plain, ScriptedServer(Said(), probe=page) as odd:
        assert client.get(plain.url.replace("/v1", "/props")).status_code == 404
        assert client.get(f"{odd.url}/models").text == "<html>"
        assert ask(client, odd).status_code == 200


def test_every_request_is_recorded_and_connections_are_kept(client: httpx.Client) -> None:
    with ScriptedServer(Said()) as server:
        client.get(f"{server.url}/models")
        client.post(
            f"{server.url}/chat/completions", json=ASKED, headers={"Authorization": "Bearer k"}
        )
        assert [one.method for one in server.requests] == ["GET", "POST"]
        (chat,) = server.chats
        assert chat.headers["authorization"] == "Bearer k"
        assert chat.body == ASKED
        assert not chat.is_streaming
        assert server.n_connections == 1
        assert server.n_open == 1
        client.close()
        server.wait_idle()
        assert chat.answered_at is not None
        assert server.closed_at is None  # it left after the reply, not during it


def test_replies_are_used_in_turn_and_the_last_repeats(client: httpx.Client) -> None:
    with ScriptedServer([error(500, "down"), Said()]) as server:
        assert [ask(client, server).status_code for _ in range(3)] == [500, 200, 200]
        assert len(server.chats) == 3


def test_a_function_replies_to_the_request(client: httpx.Client) -> None:
    def echo(request: Received) -> Reply:
        return Said(request.body["messages"][-1]["content"])

    with ScriptedServer(echo) as server:
        assert ask(client, server).json()["choices"][0]["message"]["content"] == "y" * 40


def test_what_a_function_raises_is_raised_when_the_server_stops(client: httpx.Client) -> None:
    def broken(request: Received) -> Reply:
        raise LookupError("no such reply")

    server = ScriptedServer(broken)
    server.__enter__()
    with pytest.raises(httpx.RemoteProtocolError):
        ask(client, server)
    with pytest.raises(LookupError, match="no such reply"):
        server.__exit__(None)


def test_nothing_listens_at_a_refused_address(client: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError):
        client.get(refused_url())
    with ScriptedServer(FAULTS["refused"](Random(0))) as server:
        with pytest.raises(httpx.ConnectError):
            ask(client, server)
        assert server.requests == []


def test_a_server_can_come_up_later(client: httpx.Client) -> None:
    with ScriptedServer(Said(), listens=False) as server:
        with pytest.raises(httpx.ConnectError):
            ask(client, server)
        server.listen()
        assert ask(client, server).status_code == 200


@pytest.mark.parametrize("shown", ["nothing", "headers", "role", "beats"])
def test_the_first_piece_is_late(client: httpx.Client, shown: Any) -> None:
    with ScriptedServer(SlowStart(1.0, shown=shown)) as server:
        began = time.monotonic()
        talk = Talk(client, server)
        if shown == "nothing":
            assert time.monotonic() - began > 0.99
        else:
            assert time.monotonic() - began < 0.9
        if shown == "role":
            talk.read('"role"')
            assert time.monotonic() - began < 0.9
        if shown == "beats":
            talk.read(": keep-alive")
            assert time.monotonic() - began < 0.9
        talk.read('{"content": "{')
        assert time.monotonic() - began > 0.99
        assert talk.read().count("[DONE]") == 1


@pytest.mark.parametrize("stream", [True, False])
def test_a_stalled_reply_stays_open_and_silent(client: httpx.Client, stream: bool) -> None:
    with ScriptedServer(Stall(20)) as server:
        with pytest.raises(httpx.ReadTimeout):
            client.post(
                f"{server.url}/chat/completions", json={**ASKED, "stream": stream}, timeout=0.2
            )
        assert 0.1 < server.wait_closed() - server.chats[0].received_at < 1.2


@pytest.mark.parametrize(("beats", "sign"), [("comments", ": keep-alive"), ("deltas", '""')])
def test_a_stalled_reply_may_beat(client: httpx.Client, beats: Any, sign: str) -> None:
    with ScriptedServer(Stall(20, beats=beats)) as server:
        talk = Talk(client, server)
        began = time.monotonic()
        talk.read(sign, times=4)
        assert 0.1 < time.monotonic() - began < 2
        assert said_in(events_in(talk.text)) == GOOD[:20]
        talk.leave()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("how", "kind"),
    [("close", httpx.RemoteProtocolError), ("reset", httpx.ReadError)],
)
def test_a_cut_reply_breaks_off(
    client: httpx.Client, how: Any, kind: type[Exception], stream: bool
) -> None:
    with ScriptedServer(Cut(20, how=how)) as server, pytest.raises(kind):
        ask(client, server, stream=stream)


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


def test_a_dropped_connection_gives_no_response(client: httpx.Client) -> None:
    with ScriptedServer([Dropped(), Dropped("reset"), Raw(b"nonsense\r\n\r\n"), Said()]) as server:
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                ask(client, server)
        assert ask(client, server).status_code == 200
        assert server.n_connections == 4


def test_statuses_come_with_what_belongs_to_them(client: httpx.Client) -> None:
    told: list[Reply] = [error(429, "slow down", retry_after=3), error(401, "who?"), error(500, "")]
    with ScriptedServer(told) as server:
        responses = [ask(client, server) for _ in told]
    assert [one.status_code for one in responses] == [429, 401, 500]
    assert responses[0].headers["retry-after"] == "3"
    assert responses[0].json()["error"]["message"] == "slow down"


def test_a_server_refuses_a_schema_only_when_one_is_sent(client: httpx.Client) -> None:
    with ScriptedServer(RefusesSchema()) as server:
        refusal = ask(client, server, response_format={"type": "json_schema"})
        assert refusal.status_code == 400
        assert "response_format is not supported" in refusal.json()["error"]["message"]
        assert ask(client, server).status_code == 200


def test_a_prompt_that_is_too_long_is_refused_in_two_dialects() -> None:
    told = {json.loads(context_exceeded(Random(n)).content)["error"]["type"] for n in range(9)}
    assert told == {"invalid_request_error", "exceed_context_size_error"}


def test_an_endless_reply_ends_when_the_client_leaves(client: httpx.Client) -> None:
    with ScriptedServer(Endless(piece="more ", pause_s=0.0)) as server:
        talk = Talk(client, server)
        talk.read('"more "', times=500)
        left = talk.leave()
        assert server.wait_closed() - left < 1
        assert server.chats[0].answered_at is None
        assert server.closed_at == server.chats[0].closed_at


def test_a_client_that_leaves_in_a_silence_is_noticed_at_once(client: httpx.Client) -> None:
    with ScriptedServer(SlowStart(60)) as server:
        talk = Talk(client, server)
        left = talk.leave()
        assert abs(server.wait_closed() - left) < 1


def test_a_client_that_does_not_read_is_noticed_when_it_leaves() -> None:
    with ScriptedServer(Endless(piece="x" * 100_000, pause_s=0.0)) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as idle:
            body = json.dumps({**ASKED, "stream": True})
            length = f"content-length: {len(body)}\r\n\r\n"
            idle.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{length}{body}".encode())
            server.wait_chats()
            time.sleep(0.1)
            assert server.closed_at is None
        server.wait_closed()


def test_a_tool_call_has_no_content(client: httpx.Client) -> None:
    with ScriptedServer(ToolCall("look", '{"for": "it"}')) as server:
        events = events_of(ask(client, server, stream=True))
        whole = ask(client, server).json()
    assert said_in(events) == ""
    parts = [json.loads(one)["choices"][0]["delta"] for one in events if one != "[DONE]"]
    called = [part["tool_calls"][0]["function"] for part in parts if "tool_calls" in part]
    assert "".join(one["arguments"] for one in called) == '{"for": "it"}'
    assert whole["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "look"
    assert whole["choices"][0]["finish_reason"] == "tool_calls"


def test_wrong_charsets_are_not_utf_8(client: httpx.Client) -> None:
    for seed in range(6):
        with ScriptedServer(MORE_FAULTS["wrong_charset"](Random(seed))) as server:
            raw = ask(client, server, stream=True).content
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")


def test_garbage_is_ten_megabytes(client: httpx.Client) -> None:
    seen = set()
    for seed in range(6):
        reply = garbage(Random(seed))
        seen.add(type(reply))
        with ScriptedServer(reply) as server:
            assert len(ask(client, server, stream=True).content) > 9_999_990
    assert seen == {Body, Said}


def test_long_lines_are_a_megabyte_and_say_what_is_right(client: httpx.Client) -> None:
    with ScriptedServer(long_lines(Random(1))) as server:
        events = events_of(ask(client, server, stream=True))
    assert said_in(events) == GOOD
    assert min(len(one) for one in events if one != "[DONE]") > 1_000_000


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


def test_null_choices_hold_no_content() -> None:
    for seed in range(25):
        assert "statements" not in "".join(null_choices(Random(seed)).payloads)


def test_rate_limits_name_seconds_or_dates_or_nothing() -> None:
    told = [too_many_requests(Random(seed)).headers.get("retry_after") for seed in range(25)]
    assert {type(one).__name__ for one in told} == {"int", "str", "NoneType"}


def test_there_are_twelve_faults_and_more() -> None:
    assert len(FAULTS) == 12
    assert not FAULTS.keys() & MORE_FAULTS.keys()


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_a_fault_is_the_same_for_a_seed_and_differs_between_seeds(name: str) -> None:
    make = EVERY_FAULT[name]
    assert make(Random(7)) == make(Random(7))
    if name not in ("refused", "unauthorized"):
        assert len({repr(make(Random(seed)))[:2_000] for seed in range(9)}) > 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", EVERY_FAULT)
def test_every_fault_can_be_met_and_the_server_still_stops_at_once(
    name: str, stream: bool, client: httpx.Client
) -> None:
    before = threading.active_count()
    for seed in range(6):
        with ScriptedServer(EVERY_FAULT[name](Random(seed))) as server:
            timeout = 0.15 if name in ("slow_start", "stall", "endless") else 5.0
            asked = {**ASKED, "stream": stream}
            until = time.monotonic() + timeout
            try:
                with client.stream(
                    "POST", f"{server.url}/chat/completions", json=asked, timeout=timeout
                ) as response:
                    for _ in response.iter_raw():
                        if time.monotonic() > until:
                            break
            except httpx.TransportError:
                pass
            began = time.monotonic()
        assert time.monotonic() - began < QUICK_S
        assert server.n_open == 0
    assert threading.active_count() == before


def test_a_server_with_stalled_connections_stops_at_once() -> None:
    with ScriptedServer(Stall(9)) as server, httpx.Client(trust_env=False) as client:
        talks = [Talk(client, server) for _ in range(20)]
        server.wait_chats(20)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < QUICK_S
        assert server.closed_at is None  # the server ended it, not the client
        with pytest.raises(httpx.ConnectError):
            ask(client, server)
        for talk in talks:
            talk.leave()
