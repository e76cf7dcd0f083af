"""What a scripted server can reply: each reply is a value that yields the steps of saying it.

A step is bytes to send, a `Pause`, or an `End` of the connection. Nothing here does I/O.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from typing import Any, Literal, Protocol

CREATED = 1_767_225_600
SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds in which nothing is sent; `math.inf` until the client leaves."""

    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class End:
    """The server ends the connection, politely (FIN) or not (RST)."""

    how: Literal["close", "reset"] = "close"


Step = bytes | Pause | End


@dataclass(slots=True)
class Received:
    """A request that came. Times are those of `time.monotonic`.

    Attributes:
        headers: with lower-case names.
        body: the parsed JSON; an empty one when there was none.
        connection: which connection of the server it came on, from 0.
        answered_at: when the last byte of the whole reply was handed to the socket.
        closed_at: when the client was seen to close during the reply; None when it did not.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    connection: int
    received_at: float
    answered_at: float | None = None
    closed_at: float | None = None


class Reply(Protocol):
    def steps(self, request: Received) -> Iterator[Step]:
        """Yield what the server does; it hears of the client's leaving by being closed."""


def statements(*said: tuple[Any, str]) -> str:
    """Return the JSON of a good reply: `statements(([2], "It is so."), ([3, 4], "And so."))`."""
    listed = [{"sentences": numbers, "text": text} for numbers, text in said]
    return json.dumps({"statements": listed}, ensure_ascii=False)


GOOD = statements(
    ([1], "The first sentence says so."),
    ([2, 3], "The second and the third say “more” – in détail."),
)


def head(status: int, content_type: str, **headers: str | int) -> bytes:
    """Return the first lines of a response; `retry_after=3` is the header `retry-after: 3`."""
    phrase = HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {phrase}", f"content-type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def pieces(text: str, piece_chars: int) -> Iterator[str]:
    return (text[at : at + piece_chars] for at in range(0, len(text), piece_chars))


class Chat:
    """Puts one streamed chat completion into bytes."""

    def __init__(
        self,
        request: Received,
        *,
        encoding: str = "utf-8",
        padding_chars: int = 0,
        is_framed: bool = True,
    ) -> None:
        self.encoding = encoding
        self.padding_chars = padding_chars
        self.is_framed = is_framed
        self.n_pieces = 0
        options = request.body.get("stream_options") or {}
        self.wants_usage = bool(options.get("include_usage"))
        said = request.body.get("messages") or []
        self.n_prompt_chars = sum(len(str(one.get("content"))) for one in said)
        self.common = {
            "id": f"chatcmpl-{request.connection}",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": request.body.get("model", "scripted"),
        }

    def head(self) -> bytes:
        if self.is_framed:
            return head(200, SSE, cache_control="no-cache", transfer_encoding="chunked")
        return head(200, SSE, cache_control="no-cache", connection="close")

    def opening(self) -> bytes:
        """Return the role, which servers send before the first token."""
        return self.event({"role": "assistant", "content": ""})

    def piece(self, text: str) -> bytes:
        self.n_pieces += 1
        return self.event({"content": text})

    def thought(self, text: str) -> bytes:
        """Return a piece of what a reasoning model thinks before it speaks."""
        self.n_pieces += 1
        return self.event({"reasoning_content": text})

    def beat(self) -> bytes:
        """Return the comment by which proxies keep a stream open; it is no token."""
        return self.frame(": keep-alive\n\n")

    def event(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self.data({**self.common, "choices": [choice]})

    def data(self, payload: dict[str, Any]) -> bytes:
        """Return one event of the stream."""
        if self.wants_usage:
            payload = {"usage": None, **payload}
        if self.padding_chars:
            payload = {**payload, "obfuscation": "x" * self.padding_chars}
        return self.line(json.dumps(payload, ensure_ascii=False))

    def line(self, payload: str) -> bytes:
        return self.frame(f"data: {payload}\n\n")

    def closing(self, finish_reason: str = "stop", *, usage: bool = True) -> bytes:
        """Return the reason of the end, the usage if it is to be told, and the end itself."""
        parts = [self.event({}, finish_reason)]
        if usage and self.wants_usage:
            parts.append(self.data({**self.common, "choices": [], "usage": self.usage()}))
        return b"".join([*parts, self.line("[DONE]"), self.last()])

    def usage(self) -> dict[str, int]:
        """Return the cost: a token for four characters of the prompt and for each piece said."""
        prompt = self.n_prompt_chars // 4
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self.n_pieces,
            "total_tokens": prompt + self.n_pieces,
        }

    def frame(self, text: str) -> bytes:
        sent = text.encode(self.encoding, errors="replace")
        if not self.is_framed:
            return sent
        return b"%x\r\n%b\r\n" % (len(sent), sent)

    def last(self) -> bytes:
        return b"0\r\n\r\n" if self.is_framed else b""


@dataclass(frozen=True, slots=True)
class Said:
    """What a server says that works.

    Attributes:
        pause_s: before each piece but the first.
        usage: whether the cost is told when it is asked for with `include_usage`.
        thinking: what it thinks first, as `reasoning_content`.
        encoding: of the body, whatever the headers say.
        padding_chars: a field that nobody asked for makes each event so much longer.
    """

    text: str = GOOD
    piece_chars: int = 8
    pause_s: float = 0.0
    usage: bool = True
    finish_reason: str = "stop"
    thinking: str = ""
    encoding: str = "utf-8"
    padding_chars: int = 0

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request, encoding=self.encoding, padding_chars=self.padding_chars)
        yield chat.head()
        yield chat.opening()
        thoughts = map(chat.thought, pieces(self.thinking, self.piece_chars))
        said = map(chat.piece, pieces(self.text, self.piece_chars))
        for n, sent in enumerate(chain(thoughts, said)):
            if n and self.pause_s:
                yield Pause(self.pause_s)
            yield sent
        yield chat.closing(self.finish_reason, usage=self.usage)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool instead of content."""

    name: str = "search"
    arguments: str = '{"query": "leave days"}'

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request)
        call: dict[str, Any] = {"index": 0, "id": "call_1", "type": "function"}
        start = {**call, "function": {"name": self.name, "arguments": ""}}
        yield chat.head()
        yield chat.event({"role": "assistant", "content": None, "tool_calls": [start]})
        for part in pieces(self.arguments, 6):
            yield chat.event({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        yield chat.closing("tool_calls")


@dataclass(frozen=True, slots=True)
class Events:
    """A stream of just these events, each the text after `data: `.

    A proper stream ends with "[DONE]", which is an event like the others here.
    """

    payloads: Sequence[str]

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request)
        yield chat.head()
        for payload in self.payloads:
            yield chat.line(payload)
        yield chat.last()


@dataclass(frozen=True, slots=True)
class Body:
    """A whole response of one piece, whatever was asked."""

    content: str | bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str | int] = field(default_factory=dict)

    def steps(self, request: Received) -> Iterator[Step]:
        sent = self.content.encode() if isinstance(self.content, str) else self.content
        yield head(self.status, self.content_type, content_length=len(sent), **self.headers) + sent


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that need not be HTTP; then the connection ends."""

    content: bytes

    def steps(self, request: Received) -> Iterator[Step]:
        yield self.content
        yield End()
