import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from assistant.write.llm.client import MAX_CHARS, describe, is_passing, told_wait_s
from assistant.write.llm.speak import ChatServer, ServerRefused


class StatusError(Exception):
    def __init__(self, status: object, message: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status_code = status
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = httpx.Response(500, headers=sent)


class APITimeoutError(Exception):
    pass


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "it refuses the request; see `assistant doctor`"),
        (401, "it wants a key: set ASSISTANT_LLM__API_KEY"),
        (403, "it does not accept the key in ASSISTANT_LLM__API_KEY"),
        (404, "it does not know this model or path; check llm.model and llm.base_url"),
        (413, "the prompt is too long for it; lower llm.max_prompt_tokens"),
        (429, "it has too many requests; try again later"),
        (500, "it failed"),
        (503, "it failed"),
        (418, "it failed"),
    ],
)
def test_each_status_tells_what_to_do(status: int, remedy: str) -> None:
    told = describe("m", StatusError(status, "whatever the server says"))
    assert told == f"the language model 'm' replied with status {status}: {remedy}"


@pytest.mark.parametrize(
    "message",
    [
        "maximum context length is 4096 tokens, you requested 5000 tokens",
        "request (5000 tokens) exceeds the available context size (4096 tokens)",
        "the prompt is too long",
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_prompt_over_the_context_names_the_setting(status: int, message: str) -> None:
    told = describe("m", StatusError(status, message))
    assert told.endswith("the prompt is longer than its context; set llm.context_tokens")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(), "cannot be reached; is its server running?"),
        (httpx.ConnectError("no"), "cannot be reached; is its server running?"),
        (httpx.ConnectTimeout("no"), "cannot be reached; is its server running?"),
        (APITimeoutError(), "did not reply in time"),
        (json.JSONDecodeError("odd", "", 0), "cannot be read (JSONDecodeError: odd"),
        (StatusError("401"), "cannot be read (StatusError: )"),
    ],
)
def test_other_failures_are_told_in_words(error: Exception, told: str) -> None:
    assert told in describe("m", error)


def test_what_a_library_says_is_one_short_clean_line() -> None:
    told = describe("m", ValueError("a\n\x00\u202eb\ud800 " + "c" * 5_000))
    assert "\n" not in told
    assert len(told) < MAX_CHARS + 100
    told.encode()


def test_a_busy_server_and_a_lost_connection_may_pass_and_a_refusal_does_not() -> None:
    for status in (408, 409, 425, 429, 500, 502, 503, 504):
        assert is_passing(StatusError(status)), status
    for status in (301, 400, 401, 403, 404, 413, 422):
        assert not is_passing(StatusError(status)), status
    for error in (ConnectionResetError(), OSError(), httpx.ConnectError("no")):
        assert is_passing(error)
    for other in (ValueError(), TypeError(), httpx.ReadTimeout("no")):
        assert not is_passing(other)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (400, "response_format is not supported", True),
        (422, "unknown field json_schema", True),
        (500, "failed to parse grammar", True),
        (400, "model not found", False),
        (401, "response_format", False),
        (429, "response_format", False),
    ],
)
def test_a_refused_schema_is_told_from_other_refusals(
    status: int, message: str, expected: bool
) -> None:
    server = ChatServer("http://localhost/v1", "m", "none", 1.0)
    assert server.learn(ServerRefused(status, message, {})) is expected
    assert server.takes_schema is not expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-7", 0.0),
        ("nan", 0.0),
        ("inf", float("inf")),
        ("soon", 0.0),
        ("", 0.0),
        ("Wed, 21 Oct 1987 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 9999999 07:28:00 GMT", 0.0),
    ],
)
def test_the_wait_that_a_server_asks_for_is_in_seconds(told: str, expected: float) -> None:
    assert told_wait_s(StatusError(429, retry_after=told)) == expected


@pytest.mark.parametrize("usegmt", [True, False])
def test_the_wait_may_be_told_as_a_date(usegmt: bool) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=usegmt)
    assert 80 < told_wait_s(StatusError(429, retry_after=date)) < 91


def test_no_wait_is_told_by_what_is_no_response() -> None:
    assert told_wait_s(StatusError(429)) == told_wait_s(ValueError()) == 0
