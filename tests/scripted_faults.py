"""What can go wrong with a server of language models, as replies of a scripted one.

`FAULTS` are those that an assistant has to survive by name; `MORE_FAULTS` happen as well. Each
takes a seeded `Random`, so that runs of a fault differ and can be repeated.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from scripted_replies import (
    GOOD,
    SSE,
    Body,
    Chat,
    End,
    Events,
    Pause,
    Raw,
    Received,
    Reply,
    Said,
    Step,
    ToolCall,
    pieces,
    statements,
)

BEAT_S = 0.05
Beats = Literal["none", "comments", "deltas"]
Shown = Literal["nothing", "headers", "role", "beats"]
Ending = Literal["close", "reset", "unframed"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing listens. As a server's only reply it keeps the server from listening."""

    def steps(self, request: Received) -> Iterator[Step]:
        yield End("reset")


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is taken and ended before a byte of a response."""

    how: Literal["close", "reset"] = "close"

    def steps(self, request: Received) -> Iterator[Step]:
        yield End(self.how)


@dataclass(frozen=True, slots=True)
class SlowStart:
    """A good reply whose first piece is so late.

    Attributes:
        shown: what comes at once all the same: nothing, the headers, the role as well, or beats:
            comments that keep the stream open.
    """

    wait_s: float
    text: str = GOOD
    shown: Shown = "headers"

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request)
        early = {"nothing": 0, "headers": 1}.get(self.shown, 2)
        opening = (chat.head(), chat.opening())
        yield from opening[:early]
        if self.shown == "beats":
            for _ in range(math.floor(self.wait_s / BEAT_S)):
                yield chat.beat()
                yield Pause(BEAT_S)
        yield Pause(self.wait_s % BEAT_S if self.shown == "beats" else self.wait_s)
        yield from opening[early:]
        for piece in pieces(self.text, 8):
            yield chat.piece(piece)
        yield chat.closing()


@dataclass(frozen=True, slots=True)
class Stall:
    """So many characters of a reply, then no more of it, with the connection open.

    Attributes:
        beats: what still comes, though no token: nothing, comments, or deltas without content.
    """

    after_chars: int
    text: str = GOOD
    piece_chars: int = 8
    beats: Beats = "none"

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request)
        yield chat.head()
        yield chat.opening()
        for piece in pieces(self.text[: self.after_chars], self.piece_chars):
            yield chat.piece(piece)
        while self.beats != "none":
            yield Pause(BEAT_S)
            yield chat.beat() if self.beats == "comments" else chat.piece("")
        yield Pause()


@dataclass(frozen=True, slots=True)
class Cut:
    """So many characters of a reply, then the end of the connection.

    Attributes:
        how: close (FIN in the middle of a chunked body), reset (RST), or unframed: a body without
            length that ends with its connection, so that HTTP sees nothing wrong.
        torn_bytes: so many bytes of the next event are sent as well.
    """

    after_chars: int
    text: str = GOOD
    piece_chars: int = 8
    how: Ending = "close"
    torn_bytes: int = 0

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request, is_framed=self.how != "unframed")
        yield chat.head()
        yield chat.opening()
        for piece in pieces(self.text[: self.after_chars], self.piece_chars):
            yield chat.piece(piece)
        if self.torn_bytes:
            yield chat.piece(self.text[self.after_chars :])[: self.torn_bytes]
        if self.how == "reset":
            yield Pause(BEAT_S)  # a reset takes back what was not yet read
        yield End("reset" if self.how == "reset" else "close")


@dataclass(frozen=True, slots=True)
class Endless:
    """A start, then a piece again and again until the client leaves."""

    start: str = '{"statements": ['
    piece: str = " "
    pause_s: float = 0.002
    is_thought: bool = False

    def steps(self, request: Received) -> Iterator[Step]:
        chat = Chat(request)
        yield chat.head()
        yield chat.opening()
        yield chat.piece(self.start)
        while True:
            yield chat.thought(self.piece) if self.is_thought else chat.piece(self.piece)
            yield Pause(self.pause_s)


@dataclass(frozen=True, slots=True)
class RefusesSchema:
    """A server that knows no `response_format`: it refuses a request with one, else it replies."""

    otherwise: Reply = Said()  # noqa: RUF009 - frozen
    status: int = 400

    def steps(self, request: Received) -> Iterator[Step]:
        message = "response_format is not supported"
        refusal = error(self.status, message, param="response_format")
        reply = refusal if "response_format" in request.body else self.otherwise
        return reply.steps(request)


def error(
    status: int,
    message: str,
    kind: str = "invalid_request_error",
    *,
    retry_after: str | int | None = None,
    **more: Any,
) -> Body:
    """Return an error status with the body that OpenAI gives it."""
    told = {"error": {"message": message, "type": kind, "param": None, "code": None, **more}}
    headers = {} if retry_after is None else {"retry_after": retry_after}
    return Body(json.dumps(told), status=status, headers=headers)


def refused(random: Random) -> Refused:
    return Refused()


def slow_start(random: Random) -> SlowStart:
    """Wait from 5 seconds to a minute."""
    shown: Shown = random.choice(("nothing", "headers", "role", "beats"))
    return SlowStart(random.uniform(5, 60), shown=shown)


def stall(random: Random, text: str = GOOD) -> Stall:
    beats: Beats = random.choice(("none", "none", "comments", "deltas"))
    return Stall(random.randrange(1, len(text)), text, random.randint(1, 16), beats)


def cut(random: Random, text: str = GOOD) -> Cut:
    how: Ending = random.choice(("close", "reset", "unframed"))
    torn_bytes = random.choice((0, random.randint(1, 60)))
    return Cut(random.randrange(1, len(text)), text, random.randint(1, 16), how, torn_bytes)


def too_many_requests(random: Random) -> Body:
    wait: str | int | None = random.choice(
        (0, 1, random.randint(2, 3600), "Wed, 21 Oct 2099 07:28:00 GMT", "soon", None)
    )
    return error(429, "Rate limit reached", "rate_limit_exceeded", retry_after=wait)


def server_error(random: Random) -> Body:
    plain = ("Internal Server Error", "", '{"error": "CUDA out of memory"}', '{"detail": null}')
    if random.random() < 0.5:
        return error(500, "The server had an error", "server_error")
    return Body(random.choice(plain), "text/plain", 500)


def html_page(random: Random) -> Body:
    """Give a page with status 200, as a proxy or a log-in does."""
    title = random.choice(("502 Bad Gateway", "Log in", "Web UI", '{"statements": []}'))
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>\n"
    page += "<p>data: {}</p>\n" * random.randint(0, 200) + "</body></html>\n"
    return Body(page, random.choice(("text/html; charset=utf-8", SSE)))


def endless(random: Random) -> Endless:
    start = '{"statements": ['
    pause_s = random.uniform(0.001, 0.02)
    word = random.choice(("and ", "so ", "\\n", "的"))
    return random.choice(
        (
            Endless(start, random.choice((" ", "\n", "\t")), pause_s),
            Endless(start + '{"sentences": [1], "text": "It says ', word, pause_s),
            Endless(start, '{"sentences": [1], "text": "It is so."}, ', pause_s),
            Endless(start + '{"sentences": [', "1, ", pause_s),
            Endless("", "", pause_s),
            Endless("", "[" * random.randint(1, 500), pause_s),
            Endless("", word, pause_s, is_thought=True),
        )
    )


def empty(random: Random) -> Reply:
    finished = '{"choices": [{"index": 0, "delta": {"content": null}, "finish_reason": "stop"}]}'
    return random.choice(
        (
            Said(""),
            Said("", usage=False),
            Said(random.choice((" ", "\n\n", "{}", "null", statements()))),
            Said("", thinking="Nothing to say."),
            Said("", finish_reason="content_filter"),
            Events((finished, "[DONE]")),
            Events(("[DONE]",)),
            Body("", SSE),
        )
    )


def wrong_numbers(random: Random) -> Said:
    """Name sentences that do not exist, in well-formed statements."""
    wrong: list[Any] = [0, -1, 999, 10**30, -(2**63), 0.5, 1e308, math.nan, math.inf]
    wrong += ["1", "one", "", None, True, [1], {"n": 1}]
    few = random.sample(wrong, random.randint(1, 4))
    numbers: Any = random.choice((few, few, few, few[0], [], [*few] * 500))
    return Said(statements((numbers, "The sentences say so."), (few[:1], "They say more.")))


def invented_quotes(random: Random) -> Said:
    """Cite sentences 1 to 3 for what no sentence says."""
    facts = (
        f"The dragon of Ulmarra sleeps {random.randint(2, 99)} years under the salt lake.",
        f"Admiral Quenby paid {random.randint(1000, 9999)} doubloons for the brass elephant.",
        "“Nobody may whistle in the zeppelin,” the third gardener declared.",
        f"The moon cheese exports rose by {random.randint(2, 90)} percent in 1387.",
    )
    said = random.sample(facts, random.randint(1, 3))
    return Said(statements(*(([random.randint(1, 3)], text) for text in said)))


def other_language(random: Random) -> Said:
    """Cite sentences 1 to 3 in Chinese, Russian or German."""
    said = {
        "zh": ("第一句话说的就是这个。", "公司否认了所有指控。"),
        "ru": ("В первом предложении сказано именно это.", "Компания отвергла все обвинения."),
        "de": ("Genau das steht im ersten Satz.", "Das Unternehmen wies alle Vorwürfe zurück."),
    }[random.choice(("zh", "ru", "de"))]
    few = random.sample(said, random.randint(1, 2))
    return Said(statements(*(([random.randint(1, 3)], text) for text in few)))


def garbage(random: Random, n_bytes: int = 10_000_000) -> Reply:
    """Send 10 MB that mean nothing: with lines or without, as events or as a body."""
    noise = random.randbytes(n_bytes)
    return random.choice(
        (
            Body(noise, SSE),
            Body(noise.replace(b"\n", b" "), SSE),
            Body(b"data: " * (n_bytes // 6), SSE),
            Said("x" * n_bytes, piece_chars=65_536),
        )
    )


def not_json(random: Random) -> Said:
    prose = "Sure! The documents say [1] that it is so."
    quoted = "{'statements': [{'sentences': [1], 'text': 'It is so.'}]}"
    nested = '{"statements": ' + "[" * 5_000
    return Said(random.choice((prose, quoted, nested, GOOD[:-1], GOOD + GOOD, "<answer/>", "\x00")))


def tool_call(random: Random) -> ToolCall:
    return ToolCall(random.choice(("search", "", "rm")), random.choice(("{}", GOOD, "not JSON")))


def wrong_charset(random: Random) -> Said:
    return Said(GOOD, encoding=random.choice(("latin-1", "cp1252", "utf-16", "utf-16-be")))


def unauthorized(random: Random) -> Body:
    message = "Incorrect API key provided: sk-****. You can find your key in the settings."
    return error(401, message, code="invalid_api_key")


def refuses_schema(random: Random) -> RefusesSchema:
    return RefusesSchema(status=random.choice((400, 400, 422)))


def context_exceeded(random: Random) -> Body:
    """Refuse the prompt as too long, in the words of llama-server or of OpenAI."""
    n_ctx = 2 ** random.randint(9, 13)
    n_prompt = n_ctx + random.randint(1, 5000)
    if random.random() < 0.5:
        message = f"maximum context length is {n_ctx} tokens, you requested {n_prompt} tokens"
        return error(400, message, param="messages", code="context_length_exceeded")
    message = f"request ({n_prompt} tokens) exceeds the available context size ({n_ctx} tokens)"
    sizes = {"n_prompt_tokens": n_prompt, "n_ctx": n_ctx}
    return error(400, message, "exceed_context_size_error", code=400, **sizes)


def null_choices(random: Random) -> Events:
    choices = ["null", "[null]", "[{}]", '[{"delta": null}]', '{"0": {}}']
    choices += ['[{"delta": {"content": 3}}]', '[{"delta": [], "message": null}]']
    odd = ["null", "[]", "3", '"text"', "{}", "", "not JSON"]
    odd += [f'{{"choices": {one}}}' for one in choices]
    return Events((*random.sample(odd, random.randint(1, 4)), "[DONE]"))


def long_lines(random: Random) -> Said:
    """Say what is right, in events of a megabyte each."""
    return Said(GOOD, piece_chars=random.randint(16, 64), padding_chars=1_000_000)


def error_event(random: Random) -> Events:
    """Break off with an error inside of a stream that began with status 200."""
    delta = {"choices": [{"index": 0, "delta": {"content": GOOD[: random.randint(0, 40)]}}]}
    told = {"error": {"message": "CUDA out of memory", "type": "server_error", "code": 500}}
    return Events((json.dumps(delta), json.dumps(told)))


def unfinished(random: Random) -> Reply:
    """End in the middle of the JSON as if that were the end."""
    part = GOOD[: random.randrange(1, len(GOOD))]
    delta = json.dumps({"choices": [{"index": 0, "delta": {"content": part}}]})
    return random.choice((Said(part, finish_reason="length"), Events((delta,))))


def dropped(random: Random) -> Dropped:
    return Dropped(random.choice(("close", "reset")))


def not_http(random: Random) -> Raw:
    tls = b"\x15\x03\x01\x00\x02\x02\x46"
    return Raw(random.choice((tls, random.randbytes(500), b"HTTP/1.1 999\r\n\r\n", b"\r\n" * 99)))


def redirect(random: Random) -> Body:
    """Send the client, prompt and key and all, to a host that nobody configured."""
    status = random.choice((301, 302, 307, 308))
    headers = {"location": "http://evil.example/v1/chat/completions"}
    return Body("", "text/plain", status, headers)


Fault = Callable[[Random], Reply]
FAULTS: dict[str, Fault] = {
    made.__name__: made
    for made in (
        refused,
        slow_start,
        stall,
        cut,
        too_many_requests,
        server_error,
        html_page,
        endless,
        empty,
        wrong_numbers,
        invented_quotes,
        other_language,
    )
}
MORE_FAULTS: dict[str, Fault] = {
    made.__name__: made
    for made in (
        garbage,
        not_json,
        tool_call,
        wrong_charset,
        unauthorized,
        refuses_schema,
        context_exceeded,
        null_choices,
        long_lines,
        error_event,
        unfinished,
        dropped,
        not_http,
        redirect,
    )
}
