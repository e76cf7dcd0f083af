"""Any llama-index language model as a `Model`: with deadlines, one retry and a circuit breaker.

A `Backend` connects to the model when it is first needed; `Client.stream` yields its reply piece by
piece. Every failure, of whatever library, becomes a `ModelUnavailable` that says what to do. The
exceptions of the OpenAI SDK and of httpx are known by their shape, so neither is imported here.
"""

import logging
import math
import random
import re
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.text.normalize import normalize
from assistant.write.llm.loop import BEAT_S, Deadlines, read_from_loop
from assistant.write.llm.values import Finished, Request

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.llms import LLM

from typing import TYPE_CHECKING

from assistant.settings import LanguageModel
from assistant.write.llm.local import LocalBackend
from assistant.write.llm.server import LlamaIndexBackend, ServerBackend

MAX_FAILURES = 5
PAUSE_S = 15.0


class Breaker:
    """A circuit breaker (Nygard, Release It!), safe to share between threads."""

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
MAX_CHARS = 200
_REMEDIES = {
    400: "it refuses the request; see `assistant doctor`",
    401: "it wants a key: set ASSISTANT_LLM__API_KEY",
    403: "it does not accept the key in ASSISTANT_LLM__API_KEY",
    404: "it does not know this model or path; check llm.model and llm.base_url",
    413: "the prompt is too long for it; lower llm.max_prompt_tokens",
    429: "it has too many requests; try again later",
}
_ABOUT_SCHEMA = re.compile(r"response_format|json_schema|schema|grammar|structured", re.IGNORECASE)
_ABOUT_LENGTH = re.compile(r"context.{0,20}(?:size|length|window)|too long|exceed", re.IGNORECASE)

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

    def reply_tokens(self) -> int:
        """Return how many tokens a reply may have."""

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

    def __init__(
        self,
        backend: Backend,
        deadlines: Deadlines,
        *,
        has_schema: bool = True,
        is_small: bool = False,
    ) -> None:
        self.is_small = is_small
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
    def reply_tokens(self) -> int:
        """The backend's room for a reply."""
        return self._backend.reply_tokens()

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
        if ended := self._backend.why_ended():
            return f"the language model {self.name!r} ended: {ended}"
        return describe(self.name, error)

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
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    messages = [  # as messages, never as templates: braces in them are braces
        ChatMessage(role=MessageRole.SYSTEM, content=request.system),
        ChatMessage(role=MessageRole.USER, content=request.user),
    ]
    responses = await llm.astream_chat(messages, **options)
    try:
        async for response in responses:
            yield response
    finally:
        if isinstance(responses, AsyncGenerator):  # at once, not when the garbage is collected
            await responses.aclose()


def _whole(told: Any) -> int:
    """Return a number of tokens that a server tells, 0 when it is none."""
    return told if type(told) is int and told > 0 else 0  # True is no number


def _pause(seconds: float) -> Generator[None]:
    """Wait, telling the reader that nothing has come."""
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0:
        yield None
        time.sleep(min(BEAT_S, left))


def describe(name: str, error: BaseException) -> str:
    """Return what went wrong with the model, and what to do."""
    status = _status(error)
    kind = type(error).__name__
    if status is not None:
        told = _REMEDIES.get(status, "it failed")
        if status in (400, 422) and _ABOUT_LENGTH.search(str(error)):
            told = "the prompt is longer than its context; set llm.context_tokens"
        return f"the language model {name!r} replied with status {status}: {told}"
    if "Connect" in kind or isinstance(error, ConnectionError):
        return f"the language model {name!r} cannot be reached; is its server running?"
    if "Timeout" in kind:
        return f"the language model {name!r} did not reply in time"
    said = " ".join(normalize(str(error))[0].split())[:MAX_CHARS]
    return f"the reply of the language model {name!r} cannot be read ({kind}: {said})"


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    status = _status(error)
    if status is not None:
        return status in (408, 409, 425, 429) or status >= 500
    return "Connect" in type(error).__name__ or isinstance(error, (ConnectionError, OSError))


def refuses_schema(error: BaseException) -> bool:
    """Whether a server refuses the request for its JSON schema."""
    status = _status(error)
    return status in (400, 404, 422, 500, 501) and bool(_ABOUT_SCHEMA.search(str(error)))


def told_wait_s(error: BaseException) -> float:
    """Return the seconds that a server asks to be left alone for (`Retry-After`), else 0."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    told = str(headers.get("retry-after", "")) if headers is not None else ""
    try:
        seconds = float(told)
    except ValueError:
        seconds = _seconds_until(told)
    return 0.0 if math.isnan(seconds) else max(0.0, seconds)


def _seconds_until(date: str) -> float:
    """Return the seconds until a date as HTTP writes it, 0 when it is none."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return (told.replace(tzinfo=told.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def open_model(settings: LanguageModel, llm: "LLM | None" = None) -> Client | None:
    """Return the caller's own model, or that of the settings, which may name none.

    Nothing is connected or loaded before the first question.

    Raises:
        ModelUnavailable: a file that is named cannot be run.
    """
    deadlines = Deadlines(settings.first_token_s, settings.token_timeout_s, settings.total_s)
    backend: Backend
    if llm is not None:
        backend = LlamaIndexBackend(llm, settings)
    elif settings.base_url:
        backend = ServerBackend(settings)
    elif settings.path:
        backend = LocalBackend(settings)
    else:
        return None
    return Client(
        backend, deadlines, has_schema=settings.json_schema, is_small=settings.is_short_form
    )
