"""A client of a server over real HTTP: what it sends, how often, and how it leaves."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from random import Random
from typing import Any

import pytest
from scripted_clients import LONG_S, REQUEST, SCHEMA, client_of, said
from scripted_faults import (
    MORE_FAULTS,
    Cut,
    Dropped,
    Endless,
    RefusesSchema,
    SlowStart,
    Stall,
    error,
    redirect,
    server_error,
    unauthorized,
)
from scripted_replies import GOOD, Body, Events, Received, Reply, Said
from scripted_server import ScriptedServer, refused_url

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.write.llm import client as client_module
from assistant.write.llm.client import MAX_FAILURES, MAX_WAIT_S
from assistant.write.llm.values import Finished, Request

MARGIN_S = 1.5


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_JITTER_S", 0.0)


@pytest.fixture(autouse=True, scope="module")
def libraries() -> None:
    """Import what the first call imports, so that no test measures it."""
    with ScriptedServer(Said()) as server:
        said(client_of(server.url).stream(REQUEST))


def test_the_reply_comes_piece_by_piece_and_its_cost_at_the_end() -> None:
    with ScriptedServer(Said(GOOD, piece_chars=5)) as server:
        *pieces, last = client_of(server.url).stream(REQUEST)
    assert said(pieces) == GOOD
    assert len([piece for piece in pieces if piece]) == -(-len(GOOD) // 5)
    assert isinstance(last, Finished)
    n_prompt = (len(REQUEST.system) + len(REQUEST.user)) // 4
    assert (last.prompt_tokens, last.completion_tokens) == (n_prompt, -(-len(GOOD) // 5))
    assert not last.is_estimated
    assert 0 < last.first_token_s <= last.total_s < LONG_S


def test_a_cost_that_the_server_does_not_count_is_estimated() -> None:
    with ScriptedServer(Said(GOOD, usage=False)) as server:
        model = client_of(server.url)
        *_, last = model.stream(REQUEST)
    assert isinstance(last, Finished)
    assert last.is_estimated
    assert last.prompt_tokens == model.count(REQUEST.system + REQUEST.user)
    assert len(GOOD) / 6 < last.completion_tokens < len(GOOD)


@pytest.mark.parametrize("told", ['"many"', "-3", "null", "1.5", "[1]", '{"n": 1}'])
def test_a_cost_that_is_no_number_is_estimated(told: str) -> None:
    usage = f'{{"prompt_tokens": {told}, "completion_tokens": {told}, "total_tokens": {told}}}'
    delta = '{"choices": [{"index": 0, "delta": {"content": "It is so."}}]}'
    with ScriptedServer(
        Events((delta, f'{{"choices": [], "usage": {usage}}}', "[DONE]"))
    ) as server:
        *_, last = client_of(server.url).stream(REQUEST)
    assert isinstance(last, Finished)
    assert type(last.prompt_tokens) is type(last.completion_tokens) is int
    assert last.is_estimated


def test_the_request_is_two_messages_a_limit_and_a_schema() -> None:
    with ScriptedServer(Said()) as server:
        said(client_of(server.url, api_key="key-1").stream(REQUEST))
        (chat,) = server.chats
    assert chat.body["messages"] == [
        {"role": "system", "content": "You answer."},
        {"role": "user", "content": "What is it?"},
    ]
    assert chat.body["max_tokens"] == 50
    assert chat.body["temperature"] == 0.0
    assert chat.body["stream"] is True
    assert chat.body["stream_options"] == {"include_usage": True}
    assert chat.body["response_format"]["type"] == "json_schema"
    assert chat.body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert chat.headers["authorization"] == "Bearer key-1"


@pytest.mark.parametrize("settings", [{}, {"json_schema": False}])
def test_no_schema_is_sent_where_none_is_wanted(settings: dict[str, Any]) -> None:
    request = REQUEST if settings else Request("You ask.", "When?", 20)
    with ScriptedServer(Said()) as server:
        said(client_of(server.url, **settings).stream(request))
        assert "response_format" not in server.chats[0].body


def test_braces_and_marks_of_templates_arrive_as_they_are() -> None:
    odd = "{context_str} {0} {{x}} %s $y <|im_end|> {% raw %} \\n"
    with ScriptedServer(Said()) as server:
        said(client_of(server.url).stream(Request(odd, odd, 20)))
        assert [one["content"] for one in server.chats[0].body["messages"]] == [odd, odd]


@pytest.mark.parametrize(
    "fault",
    [
        error(429, "Rate limit reached"),
        error(429, "Rate limit reached", retry_after=0),
        error(429, "Rate limit reached", retry_after="soon"),
        error(500, "down"),
        error(503, "loading"),
        Dropped("close"),
        Dropped("reset"),
    ],
    ids=["429", "429-0", "429-soon", "500", "503", "closed", "reset"],
)
def test_what_may_pass_is_tried_once_more(fault: Reply) -> None:
    with ScriptedServer([fault, Said(GOOD)]) as server:
        assert said(client_of(server.url).stream(REQUEST)) == GOOD
        assert len(server.chats) == 2
    with ScriptedServer([fault, fault, Said(GOOD)]) as server:
        with pytest.raises(ModelUnavailable):
            said(client_of(server.url).stream(REQUEST))
        assert len(server.chats) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_does_not_pass_is_not_tried_again(status: int) -> None:
    with ScriptedServer([error(status, "no"), Said(GOOD)]) as server:
        with pytest.raises(ModelUnavailable, match=f"status {status}"):
            said(client_of(server.url).stream(REQUEST))
        assert len(server.chats) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Cut(20),
        Cut(20, how="reset"),
        Events(('{"error": {"message": "x", "code": 500}}',)),
        Said(""),
    ],
    ids=["closed", "reset", "error", "empty"],
)
def test_what_has_begun_or_ended_is_not_tried_again(fault: Reply) -> None:
    with ScriptedServer([fault, Said(GOOD)]) as server:
        with pytest.raises(ModelUnavailable):
            said(client_of(server.url).stream(REQUEST))
        assert len(server.chats) == 1


def test_a_server_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be reached; is its server running"):
        said(client_of(refused_url()).stream(REQUEST))


@pytest.mark.parametrize("wait", [MAX_WAIT_S + 1, 3600, "Wed, 21 Oct 2099 07:28:00 GMT", "inf"])
def test_a_server_that_wants_to_be_left_alone_is(wait: str | float) -> None:
    told = wait if isinstance(wait, str) else int(wait)
    with ScriptedServer(error(429, "Rate limit reached", retry_after=told)) as server:
        began = time.monotonic()
        with pytest.raises(ModelUnavailable, match="too many requests; try again later"):
            said(client_of(server.url).stream(REQUEST))
        assert time.monotonic() - began < MARGIN_S
        assert len(server.chats) == 1


def test_a_short_wait_that_is_asked_for_is_kept_with_beats() -> None:
    with ScriptedServer([error(429, "Slow down", retry_after=1), Said(GOOD)]) as server:
        pieces = list(client_of(server.url).stream(REQUEST))
        first, second = server.chats
    assert said(pieces) == GOOD
    assert second.received_at - first.received_at >= 1
    assert pieces[: pieces.index(next(p for p in pieces if p))].count(None) >= 3


def test_a_server_that_refuses_a_schema_is_asked_without_it_from_then_on() -> None:
    with ScriptedServer(RefusesSchema(Said(GOOD))) as server:
        model = client_of(server.url)
        assert model.has_schema
        assert [said(model.stream(REQUEST)) for _ in range(3)] == [GOOD] * 3
        assert not model.has_schema
        bound = ["response_format" in chat.body for chat in server.chats]
    assert bound == [True, False, False, False]


def test_refusing_the_schema_uses_up_the_one_retry() -> None:
    def reply(request: Received) -> Reply:
        status = 400 if "response_format" in request.body else 503
        return error(status, "response_format is not supported")

    with ScriptedServer(reply) as server:
        with pytest.raises(ModelUnavailable, match="status 503"):
            said(client_of(server.url).stream(REQUEST))
        assert len(server.chats) == 2


@pytest.mark.parametrize(
    ("fault", "limits", "told"),
    [
        (SlowStart(LONG_S, shown="nothing"), {"first_token_timeout_s": 0.4}, "did not begin"),
        (SlowStart(LONG_S, shown="headers"), {"first_token_timeout_s": 0.4}, "did not begin"),
        (SlowStart(LONG_S, shown="role"), {"first_token_timeout_s": 0.4}, "did not begin"),
        (SlowStart(LONG_S, shown="beats"), {"first_token_timeout_s": 0.4}, "did not begin"),
        (Stall(20), {"token_timeout_s": 0.4}, "silent in 0.4 s"),
        (Stall(20, beats="comments"), {"token_timeout_s": 0.4}, "silent in 0.4 s"),
        (Stall(20, beats="deltas"), {"total_timeout_s": 0.4}, "did not end"),
        (Endless(), {"total_timeout_s": 0.4}, "did not end its reply in 0.4 s"),
    ],
)
def test_deadlines_end_the_reply_and_the_connection(
    fault: Reply, limits: dict[str, float], told: str
) -> None:
    with ScriptedServer(fault) as server:
        model, began = client_of(server.url, **limits), time.monotonic()
        with pytest.raises(ModelTooSlow, match=f"'scripted' is too slow: .*{told}"):
            said(model.stream(REQUEST))
        assert 0.4 <= time.monotonic() - began < 0.4 + MARGIN_S
        server.wait_closed(MARGIN_S)
        assert len(server.chats) == 1, "a deadline is not waited for twice"


def test_the_wait_for_the_first_token_outlasts_the_role() -> None:
    """The limit between two pieces holds once the reply has begun."""
    with ScriptedServer(SlowStart(0.8, shown="role")) as server:
        model = client_of(server.url, token_timeout_s=0.5)
        *pieces, last = model.stream(REQUEST)
    assert said(pieces) == GOOD
    assert isinstance(last, Finished)
    assert last.first_token_s >= 0.8


def test_a_model_that_thinks_is_not_silent() -> None:
    thoughtful = Said(GOOD, thinking="Hm. " * 10, piece_chars=4, pause_s=0.1)
    with ScriptedServer(thoughtful) as server:
        model = client_of(server.url, first_token_timeout_s=0.7, token_timeout_s=0.7)
        assert said(model.stream(REQUEST)) == GOOD


def wait_for_the_call(pieces: Iterator[object], server: ScriptedServer, n: int = 1) -> None:
    """Read on, however long the connecting takes, until the nth call has reached the server."""
    while len(server.chats) < n:
        next(pieces)


@pytest.mark.parametrize("n_pieces", [0, 3], ids=["before-the-first", "while-it-streams"])
def test_leaving_closes_the_connection_within_a_second(n_pieces: int) -> None:
    fault = Endless(pause_s=0.05) if n_pieces else SlowStart(LONG_S)
    with ScriptedServer(fault) as server:
        with closing(client_of(server.url).stream(REQUEST)) as pieces:
            wait_for_the_call(pieces, server)
            while n_pieces:
                n_pieces -= bool(next(pieces))
            left_at = time.monotonic()
        assert server.wait_closed(2.0) - left_at < 1.0


@pytest.mark.parametrize(
    "reply", [Said(GOOD), Endless(), Events(('{"choices": 3}',)), MORE_FAULTS["garbage"](Random(2))]
)
def test_no_connection_waits_for_the_garbage_collector(reply: Reply) -> None:
    with ScriptedServer(reply) as server:
        model = client_of(server.url)
        for _ in range(4):
            with closing(model.stream(REQUEST)) as pieces, suppress(ModelUnavailable):
                next(piece for piece in pieces if piece)
            server.wait_idle(1.0)


def test_nothing_stays_open_after_a_reply() -> None:
    with ScriptedServer(Said()) as server:
        model = client_of(server.url)
        for _ in range(3):
            said(model.stream(REQUEST))
        server.wait_idle()


def test_the_key_is_sent_nowhere_else_and_stands_in_no_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="assistant")
    for make in (unauthorized, redirect, server_error):
        with ScriptedServer(make(Random(1))) as server:
            with pytest.raises(ModelUnavailable) as raised:
                said(client_of(server.url, api_key="secret-key").stream(REQUEST))
            assert "secret-key" not in str(raised.value) + caplog.text


def ask(model: client_module.Client, n: int) -> Iterator[str]:
    for _ in range(n):
        with pytest.raises(ModelUnavailable) as raised:
            said(model.stream(REQUEST))
        yield str(raised.value)


def test_a_model_that_fails_on_and_on_is_left_alone() -> None:
    with ScriptedServer(error(401, "no")) as server:
        model = client_of(server.url)
        *_, last = ask(model, MAX_FAILURES + 3)
        assert "failed several times in a row; it is tried again within 15 s" in last
        assert len(server.chats) == MAX_FAILURES


def test_a_reader_who_leaves_early_is_no_failure() -> None:
    with ScriptedServer(SlowStart(LONG_S)) as server:
        model = client_of(server.url)
        for n in range(1, MAX_FAILURES + 2):
            with closing(model.stream(REQUEST)) as pieces:
                wait_for_the_call(pieces, server, n)


def test_a_reader_who_has_read_enough_has_seen_that_it_works() -> None:
    replies: list[Reply] = [error(401, "no")] * (MAX_FAILURES - 1)
    with ScriptedServer([*replies, Said(GOOD), error(401, "no"), Said(GOOD)]) as server:
        model = client_of(server.url)
        list(ask(model, MAX_FAILURES - 1))
        with closing(model.stream(REQUEST)) as pieces:
            next(piece for piece in pieces if piece)
        list(ask(model, 1))
        assert said(model.stream(REQUEST)) == GOOD


def test_a_page_of_html_is_no_reply() -> None:
    page = Body("<html>Log in</html>", "text/html")
    refusal = pytest.raises(ModelUnavailable, match=r"empty reply|cannot be read")
    with ScriptedServer(page) as server, refusal:
        said(client_of(server.url).stream(REQUEST))


@pytest.mark.parametrize("text", ["", "a", "ähm " * 50, "\ud800", "数字" * 9])
def test_tokens_are_counted_rather_too_high(text: str) -> None:
    model = client_of("http://localhost:1/v1")
    assert model.count(text) >= len(text) / 4
