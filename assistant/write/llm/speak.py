"""Asks an OpenAI-compatible server for a chat completion, and reads it as it is streamed.

Servers differ in what they take. A refusal (400, 422) that names a part of the request is learnt:
the next request is without it, or has it under its other name. Nothing of what a server says
reaches a message, and the key goes to no other address.
"""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from assistant.write.llm.values import Request

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_EVENT_BYTES = 1_000_000
MAX_BYTES = 20_000_000
"""Of a whole stream, thoughts included."""
MAX_SAID_CHARS = 4_000
"""Of a refusal."""
BOUNDS = ("max_tokens", "max_completion_tokens")
"""Names of a reply's bound, in the order in which they are tried; behind them it has none."""
NAMING = frozenset({400, 422})
"""What a server refuses a request with whose parts it does not take."""
REFUSING_SCHEMA = NAMING | {404, 500, 501}
ABOUT_SCHEMA = re.compile(r"response_format|json_schema|schema|grammar|structured", re.IGNORECASE)
ABOUT_LENGTH = re.compile(
    r"context.{0,20}(?:size|length|window)|prompt is too long|exceeds? the", re.IGNORECASE
)
ABOUT_SYSTEM = re.compile(
    r"system.{0,20}(?:role|message|prompt)|role.{0,20}system|developer instruction", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ReplyPiece:
    """A piece of a reply: "" of what only shows that it lives, and the costs that are told.

    `is_cut` is set where the server says that the reply's bound has cut it off.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cut: bool = False


Speak = Callable[[Request], AsyncGenerator[ReplyPiece]]
"""Streams the reply to a request; called on the loop."""


class ServerRefused(Exception):
    """A reply with another status than 200; `said` is what it says, for reading only."""

    def __init__(self, status: int, said: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        self.said = said
        self.headers = headers


class ChatServer:
    """One model of a server, with what is known of what it takes.

    No proxy may stand before a process of ours (`is_here`).
    """

    def __init__(
        self, url: str, model: str, api_key: str, connect_timeout_s: float, *, is_here: bool = False
    ) -> None:
        self._url = _join(url, "/chat/completions")
        self._model = model
        self._headers = headers_for(url, api_key)
        self._connect_timeout_s = connect_timeout_s
        self._is_here = is_here
        self._bounds: tuple[str, ...] = BOUNDS
        self._left_out: frozenset[str] = frozenset()

    @property
    def takes_schema(self) -> bool:
        """Whether it has not refused a JSON schema."""
        return "response_format" not in self._left_out

    async def speak(self, request: Request) -> AsyncGenerator[ReplyPiece]:
        """Stream the reply; only the time to connect is limited here.

        Raises:
            ServerRefused: the server replies with another status than 200.
            ValueError: what it sends cannot be read.
        """
        import httpx

        timeout = httpx.Timeout(None, connect=self._connect_timeout_s)
        async with (
            httpx.AsyncClient(
                timeout=timeout, trust_env=not self._is_here, verify=_tls()
            ) as client,
            client.stream(
                "POST", self._url, json=self._body(request), headers=self._headers
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                said = await _read_refusal(response)
                raise ServerRefused(response.status_code, said, response.headers)
            if response.headers.get("content-type", "").startswith("application/json"):
                yield _read_event(await _read_all(response))
                return
            async for event in _events(response):
                yield _read_event(event)

    def learn(self, error: Exception) -> bool:
        """Change what is asked by what an error names; return whether there is a change."""
        if not isinstance(error, ServerRefused) or ABOUT_LENGTH.search(error.said):
            return False
        if error.status_code in REFUSING_SCHEMA and ABOUT_SCHEMA.search(error.said):
            return self._leave_out("response_format")
        if error.status_code in NAMING and self._bounds and self._bounds[0] in error.said:
            self._bounds = self._bounds[1:]
            return True
        if error.status_code in NAMING:
            for name in ("temperature", "stream_options"):
                if name in error.said and self._leave_out(name):
                    return True
        return bool(ABOUT_SYSTEM.search(error.said)) and self._leave_out("system")

    def _leave_out(self, name: str) -> bool:
        is_new = name not in self._left_out
        self._left_out |= {name}
        return is_new

    def _body(self, request: Request) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ]
        if "system" in self._left_out:
            messages = [{"role": "user", "content": f"{request.system}\n\n{request.user}"}]
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.0,
            **{name: request.max_tokens for name in self._bounds[:1]},
        }
        if request.schema:
            schema = {"name": "reply", "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {name: value for name, value in body.items() if name not in self._left_out}


def headers_for(url: str, api_key: str) -> dict[str, str]:
    """Return what a request for a server has at its head; Azure reads a header of its own."""
    headers = {"Authorization": f"Bearer {api_key}", "Accept-Encoding": "identity"}
    is_azure = ".azure." in (urlsplit(url).hostname or "")
    return {**headers, "api-key": api_key} if is_azure else headers


def _join(url: str, path: str) -> str:
    """Return an address under a server's, whose query stays.

    >>> _join("https://name.example/openai/v1/?api-version=1", "/chat/completions")
    'https://name.example/openai/v1/chat/completions?api-version=1'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + path))


@cache
def _tls() -> "ssl.SSLContext":
    import httpx

    return httpx.create_ssl_context()  # reading the certificates takes longer than a request


async def _read_all(response: "httpx.Response") -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_EVENT_BYTES:
            raise ValueError("the reply has no end")
    return body


async def _read_refusal(response: "httpx.Response") -> str:
    import httpx

    with suppress(ValueError, httpx.HTTPError):
        body = (await _read_all(response)).decode("utf-8", "replace")
        return body[:MAX_SAID_CHARS]
    return ""


async def _events(response: "httpx.Response") -> AsyncIterator[bytes]:
    """Yield what is behind "data:" of each line, until there is no more."""
    line, n_bytes = bytearray(), 0
    async for piece in response.aiter_bytes():
        n_bytes += len(piece)
        *ended, rest = piece.split(b"\n")
        for part in ended:
            line += part
            if line.startswith(b"data:") and (event := bytes(line[5:]).strip()):
                if event == b"[DONE]":
                    return
                yield event
            line.clear()
        line += rest
        if len(line) > MAX_EVENT_BYTES or n_bytes > MAX_BYTES:
            raise ValueError("the reply has no end")


def _read_event(event: bytes) -> ReplyPiece:
    """Return the piece in an event of a stream, or in a reply that came whole."""
    try:
        told = json.loads(event.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(told, dict) or told.get("error"):
        raise ValueError("the server broke off with an error")
    choices, usage = told.get("choices"), told.get("usage")
    first = choices[0] if isinstance(choices, list) and choices else {}
    choice = first if isinstance(first, dict) else {}
    delta = choice.get("delta") or choice.get("message")
    text = delta.get("content") if isinstance(delta, dict) else None
    cost = usage if isinstance(usage, dict) else {}
    return ReplyPiece(
        text if isinstance(text, str) else "",
        whole(cost.get("prompt_tokens")),
        whole(cost.get("completion_tokens")),
        is_cut=choice.get("finish_reason") == "length",
    )


def whole(told: Any) -> int:
    """Return a number of tokens that a server tells, 0 when it is none."""
    return told if type(told) is int and told > 0 else 0  # True is no number
