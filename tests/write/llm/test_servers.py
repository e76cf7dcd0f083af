"""Servers as they are: what each refuses and calls by another name, and what is made of it."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from scripted_clients import REQUEST, client_of, said, settings_for
from scripted_faults import error
from scripted_replies import Body, Events, Received, Reply, Said
from scripted_server import ScriptedServer

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm.client import Client
from assistant.write.llm.server import (
    HOSTED_CONTEXT,
    UNKNOWN_CONTEXT,
    assumed_context,
    read_context,
)
from assistant.write.llm.speak import headers_for
from assistant.write.llm.values import Finished, Request

PLAIN = Request("You answer.", "What is it?", 50)
GOOD = Said("It rained. [1]")
Refusal = Callable[[dict[str, Any]], Reply | None]


def server_of(*refuses: Refusal, otherwise: Reply = GOOD) -> ScriptedServer:
    """Return a server that refuses what any of these do, one at a time."""

    def reply(request: Received) -> Reply:
        return next((found for one in refuses if (found := one(request.body))), otherwise)

    return ScriptedServer(reply)


def no(name: str, message: str, status: int = 400) -> Refusal:
    return lambda body: error(status, message, param=name) if name in body else None


def no_temperature(body: dict[str, Any]) -> Reply | None:
    told = "Unsupported value: 'temperature' does not support 0.0 with this model."
    return error(400, told, param="temperature") if body.get("temperature", 1) != 1 else None


def no_system(body: dict[str, Any]) -> Reply | None:
    roles = [one["role"] for one in body["messages"]]
    return error(400, "System role not supported") if "system" in roles else None


REASONING = (
    no("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    no_temperature,
)
OLD_VLLM = (no("stream_options", "[{'loc': ['body', 'stream_options'], 'msg': 'extra'}]", 422),)
ROUTER = (no("response_format", "response_format json_schema is not supported"), no_temperature)
GEMMA = (no_system,)
UNBOUND = (
    no("max_tokens", "unknown field max_tokens"),
    no("max_completion_tokens", "unknown field max_completion_tokens"),
)


@pytest.mark.parametrize(
    ("refuses", "n_calls"),
    [(REASONING, 3), (OLD_VLLM, 2), (ROUTER, 3), (GEMMA, 2), (UNBOUND, 3), ((), 1)],
    ids=["reasoning", "old-vllm", "router", "gemma", "unbound", "plain"],
)
def test_what_a_server_refuses_by_name_is_left_out_and_remembered(
    refuses: tuple[Refusal, ...], n_calls: int
) -> None:
    with server_of(*refuses) as server:
        model = client_of(server.url)
        assert said(model.stream(REQUEST)) == GOOD.text
        assert len(server.chats) == n_calls
        assert said(model.stream(REQUEST)) == GOOD.text
        assert len(server.chats) == n_calls + 1


def test_a_reasoning_model_gets_its_bound_under_its_own_name() -> None:
    with server_of(*REASONING) as server:
        said(client_of(server.url).stream(PLAIN))
        body = server.chats[-1].body
    assert body["max_completion_tokens"] == 50
    assert not {"max_tokens", "temperature"} & body.keys()


def test_without_a_system_role_all_is_said_in_one_message() -> None:
    with server_of(*GEMMA) as server:
        said(client_of(server.url).stream(PLAIN))
        (message,) = server.chats[-1].body["messages"]
    assert message == {"role": "user", "content": "You answer.\n\nWhat is it?"}


def test_a_server_that_refuses_whatever_comes_is_not_asked_for_ever() -> None:
    told = "temperature stream_options response_format max_tokens max_completion_tokens system role"
    with server_of(lambda _: error(400, told)) as server:
        with pytest.raises(ModelUnavailable, match="status 400"):
            said(client_of(server.url).stream(REQUEST))
        assert len(server.chats) <= 7


def test_a_prompt_that_is_too_long_is_told_and_changes_nothing() -> None:
    told = "This model's maximum context length is 4096 tokens; reduce max_tokens or the messages"
    with server_of(lambda _: error(400, told)) as server:
        with pytest.raises(ModelUnavailable, match=r"longer than its context.*context_tokens"):
            said(client_of(server.url).stream(PLAIN))
        assert len(server.chats) == 1


def test_a_reply_that_its_bound_cut_off_says_so() -> None:
    with ScriptedServer(Said("It rained and", finish_reason="length")) as server:
        *_, last = client_of(server.url).stream(PLAIN)
    assert isinstance(last, Finished)
    assert last.is_cut


def test_a_bound_that_was_spent_on_thinking_is_told_with_the_setting() -> None:
    thoughts = Said("", thinking="Hm. " * 9, finish_reason="length")
    told = pytest.raises(ModelUnavailable, match=r"50 tokens on thinking.*max_reply_tokens")
    with ScriptedServer(thoughts) as server, told:
        said(client_of(server.url).stream(PLAIN))


def test_a_server_that_does_not_stream_is_read_whole() -> None:
    message = {"role": "assistant", "content": "It rained. [1]"}
    usage = {"prompt_tokens": 7, "completion_tokens": 5}
    told = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    with ScriptedServer(Body(json.dumps(told))) as server:
        *pieces, last = client_of(server.url).stream(PLAIN)
    assert said(pieces) == "It rained. [1]"
    assert isinstance(last, Finished)
    assert (last.prompt_tokens, last.completion_tokens, last.is_estimated) == (7, 5, False)


@pytest.mark.parametrize(
    "events",
    [
        ('{"choices": 3}', "[DONE]"),
        ('{"choices": [3]}',),
        ("{", "[DONE]"),
        ("[" * 100_000,),
        ('{"choices": [{"delta": {"content": 7}}]}',),
        ('{"error": {"message": "secret-key is wrong"}}',),
        ("x" * 2_000_000,),
    ],
)
def test_odd_events_are_no_reply(events: tuple[str, ...]) -> None:
    with ScriptedServer(Events(events)) as server:
        with pytest.raises(ModelUnavailable) as raised:
            said(client_of(server.url, api_key="secret-key").stream(PLAIN))
        assert "secret-key" not in str(raised.value)


def test_a_key_that_a_server_says_back_is_in_no_message_and_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    told = "Incorrect API key provided: secret-key. max_tokens temperature"
    for status in (400, 401, 403, 500):
        with ScriptedServer(error(status, told)) as server:
            with pytest.raises(ModelUnavailable) as raised:
                said(client_of(server.url, api_key="secret-key").stream(PLAIN))
            assert "secret-key" not in str(raised.value) + caplog.text


@dataclass(frozen=True)
class Page:
    path: str
    told: dict[str, Any]


@pytest.mark.parametrize(
    "page",
    [
        Page("/v1/models", {"data": [{"id": "scripted", "context_length": 9_000}]}),
        Page("/v1/models", {"data": [{"id": "scripted", "context_window": 9_000}]}),
        Page("/v1/models", {"data": [{"id": "scripted", "max_context_length": 9_000}]}),
        Page("/api/ps", {"models": [{"name": "scripted", "context_length": 9_000}]}),
    ],
    ids=["openrouter", "groq", "mistral", "ollama"],
)
def test_the_context_is_read_where_each_server_tells_it(page: Page) -> None:
    with ScriptedServer(GOOD, pages={page.path: page.told}) as server:
        assert read_context(settings_for(server.url, connect_timeout_s=10)) == 9_000


@pytest.mark.parametrize(
    ("url", "context"),
    [
        ("https://api.openai.com/v1", HOSTED_CONTEXT),
        ("https://name.openai.azure.com/openai/v1?api-version=2", HOSTED_CONTEXT),
        ("http://localhost:11434/v1", UNKNOWN_CONTEXT),
        ("https://192.168.1.7/v1", UNKNOWN_CONTEXT),
        ("https://box.local/v1", UNKNOWN_CONTEXT),
        ("http://models.example.com/v1", UNKNOWN_CONTEXT),
    ],
)
def test_a_hosted_model_is_given_more_than_one_at_home(url: str, context: int) -> None:
    assert assumed_context(settings_for(url)) == context


def test_an_address_may_have_a_query_and_azure_gets_its_header() -> None:
    with ScriptedServer(GOOD) as server:
        model = client_of(f"{server.url}?api-version=2024-10-21", api_key="k")
        assert said(model.stream(PLAIN)) == GOOD.text
        (chat,) = server.chats
    assert "api-key" not in chat.headers
    azure = headers_for("https://name.openai.azure.com/openai/v1", "k")
    assert (azure["api-key"], azure["Authorization"]) == ("k", "Bearer k")


def test_a_small_file_is_asked_in_the_short_form_and_a_server_is_not() -> None:
    assert not LanguageModel(base_url="http://localhost/v1", model="m").is_short_form
    assert LanguageModel(path="m.gguf").is_short_form
    model = client_of("http://localhost:1/v1", short_form=True)
    assert isinstance(model, Client)
    assert model.is_small
