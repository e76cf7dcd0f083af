"""How long a prompt may be: what servers tell of their context, in their several ways."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from dom import present
from llama_index.core.llms import MockLLM
from scripted_clients import client_of, settings_for
from scripted_faults import Stall, garbage, not_http
from scripted_replies import Body, Pause, Reply, Said, head
from scripted_server import ScriptedServer, refused_url

from assistant.write.llm.client import open_model
from assistant.write.llm.server import (
    ASK_AGAIN_S,
    MAX_PROMPT_TOKENS,
    UNKNOWN_CONTEXT,
    read_context,
    room_for_prompt,
)

REPLY_SHARE = 4
MARGIN_S = 1.5
LOADED = {"id": "scripted", "loaded_context_length": 9_000}


def context_of(server: ScriptedServer, **given: Any) -> int | None:
    return read_context(settings_for(server.url, **{"connect_timeout_s": 10, **given}))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"n_ctx": 8_192}, 8_192),
        ({"model_fields": {"max_model_len": 32_768}}, 32_768),
        ({"pages": {"/api/v0/models": {"data": [LOADED]}}}, 9_000),
        ({"n_ctx": 8_192, "model_fields": {"max_model_len": 32_768}}, 8_192),
        ({}, None),
    ],
    ids=["llama-server", "vllm", "lm-studio", "llama-server-before-vllm", "none"],
)
def test_the_context_is_what_the_server_tells(told: dict[str, Any], expected: int | None) -> None:
    with ScriptedServer(Said(), **told) as server:
        assert context_of(server) == expected
        assert not server.chats


def test_the_context_is_that_of_the_model_with_the_name() -> None:
    data = [{"id": "other", "max_model_len": 1_024}, {"id": "scripted", "max_model_len": 4_000}]
    with ScriptedServer(Said(), pages={"/v1/models": {"data": data}}) as server:
        assert context_of(server) == 4_000
        assert context_of(server, model="unknown") is None


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        3,
        "text",
        {},
        {"data": None},
        {"data": {}},
        {"data": [None, 3, [], {"id": "scripted"}]},
        {"data": [{"id": "scripted", "max_model_len": "4096"}]},
        {"data": [{"id": "scripted", "max_model_len": 4096.5}]},
        {"data": [{"id": "scripted", "max_model_len": True}]},
        {"data": [{"id": "scripted", "max_model_len": -4096}]},
        {"data": [{"id": "scripted", "max_model_len": 0}]},
        {"data": [{"id": {}, "max_model_len": 4096}]},
    ],
)
def test_odd_json_tells_nothing(page: Any) -> None:
    pages = {"/v1/models": page, "/props": page, "/api/v0/models": page}
    with ScriptedServer(Said(), pages=pages) as server:
        assert context_of(server) is None


@pytest.mark.parametrize(
    "probe",
    [
        Body("<html>Log in</html>", "text/html"),
        Body("", status=204),
        Body('{"default_generation_settings": {"n_ctx": 8192}}', status=500),
        Body(b"\xff\xfe\x00"),
        Body("[" * 200_000),
        Body("9" * 10_000),
        Body(b"0" * 10_000_000),
        Body("", headers={"location": "http://evil.example/props"}, status=302),
        Body("{}", headers={"content_encoding": "gzip"}),
        garbage(Random(1)),
        not_http(Random(1)),
        not_http(Random(2)),
    ],
)
def test_garbage_tells_nothing(probe: Reply) -> None:
    with ScriptedServer(Said(), probe=probe) as server:
        assert context_of(server) is None


class Drips:
    """A page that never ends, a byte at a time."""

    def steps(self, request: object) -> Any:
        yield head(200, "application/json", content_length=10_000)
        while True:
            yield b" "
            yield Pause(0.02)


@pytest.mark.parametrize("make", [lambda: Stall(0), Drips], ids=["stall", "drips"])
def test_a_server_that_keeps_silent_is_not_waited_for(make: Callable[[], Reply]) -> None:
    with ScriptedServer(Said(), probe=make()) as server:
        began = time.monotonic()
        assert context_of(server, connect_timeout_s=0.4) is None
        assert time.monotonic() - began < 0.4 + MARGIN_S
        server.wait_idle(MARGIN_S)


def test_a_server_that_is_not_there_tells_nothing() -> None:
    assert read_context(settings_for(refused_url())) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999999/v1", "http://127.0.0.1:odd/v1", "http:///v1"]
)
def test_an_address_that_is_none_tells_nothing(url: str) -> None:
    assert read_context(settings_for(url)) is None


def test_a_context_that_is_set_is_not_asked_for() -> None:
    with ScriptedServer(Said(), n_ctx=8_192) as server:
        assert context_of(server, context_tokens=2_000) == 2_000
        assert not server.requests


def test_the_key_goes_with_the_question() -> None:
    with ScriptedServer(Said(), n_ctx=8_192) as server:
        context_of(server, api_key="key-1")
        assert server.requests[0].headers["authorization"] == "Bearer key-1"


def test_a_context_once_told_is_not_asked_for_again() -> None:
    with ScriptedServer(Said(), n_ctx=8_192) as server:
        source = client_of(server.url)
        assert [source.prompt_tokens for _ in range(3)] == [8_192 - 8_192 // REPLY_SHARE] * 3
        assert len(server.requests) == 1


def test_a_server_that_does_not_tell_is_asked_again_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_000.0]
    with ScriptedServer(Said()) as server:
        source = client_of(server.url)
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        assert source.prompt_tokens == UNKNOWN_CONTEXT - UNKNOWN_CONTEXT // REPLY_SHARE
        n_asked = len(server.requests)
        assert source.prompt_tokens == UNKNOWN_CONTEXT - UNKNOWN_CONTEXT // REPLY_SHARE
        assert len(server.requests) == n_asked > 0
        server.pages["/props"] = {"default_generation_settings": {"n_ctx": 16_384}}
        now[0] += ASK_AGAIN_S
        assert source.prompt_tokens == MAX_PROMPT_TOKENS


@pytest.mark.parametrize(
    ("given", "context", "expected"),
    [
        ({}, 4_096, 3_072),
        ({}, 32_768, 12_000),
        ({}, 1_000_000, 12_000),
        ({"max_prompt_tokens": 20_000}, 32_768, 20_000),
        ({"max_prompt_tokens": 1_024}, 4_096, 1_024),
        ({"max_prompt_tokens": 9_999}, 4_096, 3_072),
        ({"short_form": True}, 4_096, 3_796),
        ({"max_reply_tokens": 9_999}, 4_096, 0),
    ],
)
def test_the_room_for_a_prompt_is_what_the_reply_leaves(
    given: dict[str, int], context: int, expected: int
) -> None:
    assert room_for_prompt(settings_for("http://localhost/v1", **given), context) == expected


def test_the_room_is_that_of_the_context_of_the_settings_where_they_name_one() -> None:
    given = settings_for("http://localhost/v1", context_tokens=2_048)
    for model in (open_model(given), open_model(given, MockLLM())):
        assert present(model).prompt_tokens == 1_536
