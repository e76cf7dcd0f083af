"""Any llama-index language model as a `Model`: with deadlines, one retry and a circuit breaker.

A `Backend` connects to the model when it is first needed; `Client.stream` yields its reply piece by
piece. Every failure, of whatever library, becomes a `ModelUnavailable` that says what to do.
"""

import logging
import random
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.write.llm.faults import describe, is_passing, refuses_schema, told_wait_s
from assistant.write.llm.loop import BEAT_S, Deadlines, read_from_loop
from assistant.write.llm.values import Finished, Request

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import LLM


MAX_FAILURES = 5
PAUSE_S = 15.0


class Breaker:
    """A circuit breaker (Nygard, Release It!): after failures in a row it lets few calls through.

    Safe to share between threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._n_failures = 0
        self._tried_at = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now; after `MAX_FAILURES`, one in each `PAUSE_S` may."""
        with self._lock:
            if self._n_failures < MAX_FAILURES:
                return True
            if self._clock() - self._tried_at < PAUSE_S:
                return False
            self._tried_at = self._clock()
            return True

    def note(self, *, is_success: bool) -> None:
        """Note how a call ended."""
        with self._lock:
            self._n_failures = 0 if is_success else self._n_failures + 1
            self._tried_at = self._clock()


BYTES_PER_TOKEN = 3
"""English has about 4.3, code and German some 3.2: an estimate that fits is rather too high."""
MAX_JITTER_S = 0.5
MAX_WAIT_S = 2.0
"""A server that asks to be left alone for longer is not asked again for this question."""

logger = logging.getLogger(__name__)


class Backend(Protocol):
    """What runs a language model: a server, a file on this machine, an object of the caller's."""

    @property
    def name(self) -> str:
        """What people call the model."""

    @property
    def options(self) -> dict[str, Any] | None:
        """What every call is given; None where not even a limit of tokens or a schema may be."""

    def prompt_tokens(self) -> int:
        """Return how many tokens a prompt may have."""

    def context_tokens(self) -> int | None:
        """Return how many a prompt and its reply may have together, None when it is not known."""

    def connect(self) -> "Generator[None, None, LLM]":
        """Yield None while the model is made ready, and return it."""

    def why_ended(self) -> str | None:
        """Say why the model has ended by itself, None if it lives or nothing is known."""

    def close(self) -> None:
        """Let go of what is kept open."""


class Client:
    """The `Model` of a backend. The deadlines count from when the backend is ready."""

    def __init__(self, backend: Backend, deadlines: Deadlines, *, has_schema: bool = True) -> None:
        self._backend = backend
        self._deadlines = deadlines
        self._has_schema = has_schema
        self._breaker = Breaker()

    @property
    def name(self) -> str:
        """The backend's name for the model."""
        return self._backend.name

    @property
    def prompt_tokens(self) -> int:
        """The backend's room for a prompt."""
        return self._backend.prompt_tokens()

    @property
    def context_tokens(self) -> int | None:
        """How many tokens a prompt and its reply may have together, None when it is not known."""
        return self._backend.context_tokens()

    @property
    def has_schema(self) -> bool:
        """Whether replies are bound to a schema, as far as is known."""
        return self._has_schema and self._backend.options is not None

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()

    def count(self, text: str) -> int:
        """Estimate the tokens of a text, rather too many."""
        return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """Stream the reply, unless the breaker is open; how the call ends is noted there."""
        if not self._breaker.admits():
            raise ModelUnavailable(
                f"the language model {self.name!r} failed several times in a row; it is tried "
                f"again within {PAUSE_S:g} s"
            )
        is_speaking = False
        try:
            with closing(self._stream(request)) as pieces:
                for piece in pieces:
                    is_speaking = bool(piece)
                    yield piece
        except GeneratorExit:  # the reader has left: no failure of the model
            if is_speaking:  # as who has read enough does
                self._breaker.note(is_success=True)
            raise
        except ModelUnavailable:
            self._breaker.note(is_success=False)
            raise
        self._breaker.note(is_success=True)

    def _stream(self, request: Request) -> Generator[str | Finished | None]:
        """Stream with one retry, of a failure that may pass, before anything has come."""
        for is_last in (False, True):
            has_begun = False
            try:
                with closing(self._try(request)) as pieces:
                    for piece in pieces:
                        has_begun = has_begun or bool(piece)
                        yield piece
                return
            except ModelUnavailable:
                raise
            except Exception as error:  # any library's: the LLM may be of anyone
                logger.debug("the language model failed: %r", error)
                can_retry = not (has_begun or is_last)
                wait_s = told_wait_s(error)
                if can_retry and self.has_schema and request.schema and refuses_schema(error):
                    self._has_schema = False
                elif not (can_retry and is_passing(error) and wait_s <= MAX_WAIT_S):
                    raise ModelUnavailable(self._explain(error)) from error
            yield from _pause(min(wait_s, MAX_WAIT_S) + random.uniform(0, MAX_JITTER_S))

    def _try(self, request: Request) -> Generator[str | Finished | None]:
        llm = yield from self._backend.connect()
        options = self._options_for(request)
        started = time.monotonic()
        first_s, text, prompt, completion = 0.0, 0, 0, 0
        try:
            replies = read_from_loop(
                lambda: _reply(llm, request, options), self._deadlines, lambda one: bool(one.delta)
            )
            with closing(replies) as reading:
                for reply in reading:
                    if reply is None:
                        yield None
                        continue
                    if reply.delta:
                        first_s = first_s or time.monotonic() - started
                    counted = reply.additional_kwargs
                    prompt = _whole(counted.get("prompt_tokens")) or prompt
                    completion = _whole(counted.get("completion_tokens")) or completion
                    text += len(reply.delta or "")
                    yield reply.delta or ""
        except ModelTooSlow as error:
            raise ModelTooSlow(f"the language model {self.name!r} is too slow: {error}") from error
        if not text:
            raise ModelUnavailable(f"the language model {self.name!r} sent an empty reply")
        yield Finished(
            prompt_tokens=prompt or self.count(request.system + request.user),
            completion_tokens=completion or text // BYTES_PER_TOKEN + 1,
            first_token_s=first_s,
            total_s=time.monotonic() - started,
            is_estimated=not (prompt and completion),
        )

    def _explain(self, error: Exception) -> str:
        ended = self._backend.why_ended()
        return (
            f"the language model {self.name!r} ended: {ended}"
            if ended
            else describe(self.name, error)
        )

    def _options_for(self, request: Request) -> dict[str, Any]:
        if self._backend.options is None:
            return {}
        options = {**self._backend.options, "max_tokens": request.max_tokens}
        if request.schema and self.has_schema:
            schema = {"name": "reply", "schema": request.schema, "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        return options


async def _reply(
    llm: "LLM", request: Request, options: dict[str, Any]
) -> "AsyncGenerator[ChatResponse]":
    responses = await llm.astream_chat(_messages(request), **options)
    try:
        async for response in responses:
            yield response
    finally:
        if isinstance(responses, AsyncGenerator):  # at once, not when the garbage is collected
            await responses.aclose()


def _messages(request: Request) -> "list[ChatMessage]":
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    # As messages, never as templates: braces in them are braces.
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=request.system),
        ChatMessage(role=MessageRole.USER, content=request.user),
    ]


def _whole(told: Any) -> int:
    """Return a number of tokens that a server tells, 0 when it is none."""
    return told if type(told) is int and told > 0 else 0  # True is no number


def _pause(seconds: float) -> Generator[None]:
    """Wait, telling the reader that nothing has come."""
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0:
        yield None
        time.sleep(min(BEAT_S, left))
