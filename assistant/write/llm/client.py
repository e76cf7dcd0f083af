"""Any language model as a `Model`: with deadlines, one retry and a circuit breaker.

A `Backend` connects to the model when it is first needed; `Client.stream` yields its reply piece by
piece. Every failure, of whatever library, becomes a `ModelUnavailable` that says what to do. The
exceptions of libraries are known by their shape, so none is imported here.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.settings import LanguageModel
from assistant.text.normalize import normalize
from assistant.write.llm.local import LocalBackend
from assistant.write.llm.loop import BEAT_S, Deadlines, read_from_loop
from assistant.write.llm.server import (
    LlamaIndexBackend,
    ServerBackend,
    assumed_context,
    room_for_prompt,
    room_for_reply,
)
from assistant.write.llm.speak import ABOUT_LENGTH, Speak
from assistant.write.llm.values import Finished, Request

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

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
MAX_LEARNT = 5
"""Times that one request is made anew without what the server has refused in it."""
_BROKEN = ("Connect", "ProtocolError", "ReadError", "WriteError")
"""What stands in the names of a connection's exceptions."""

logger = logging.getLogger(__name__)


class Backend(Protocol):
    """What runs a language model: a server, a file on this machine, an object of the caller's."""

    @property
    def name(self) -> str:
        """What people call the model."""

    @property
    def max_prompt_tokens(self) -> int:
        """How many tokens a prompt may have, unless the settings say it, where there is room."""

    @property
    def takes_schema(self) -> bool:
        """Whether a reply may be bound to a JSON schema, as far as is known."""

    def context_tokens(self) -> int | None:
        """Return how many a prompt and its reply may have together, None when it is not known."""

    def connect(self) -> Generator[None, None, Speak]:
        """Yield None while the model is made ready, and return what speaks for it."""

    def learn(self, error: Exception) -> bool:
        """Ask otherwise from now on if an error says how; return whether anything has changed."""

    def why_ended(self) -> str | None:
        """Say why the model has ended by itself, None if it lives or nothing is known."""

    def close(self) -> None:
        """Let go of what is kept open."""


class Client:
    """The `Model` of a backend. The deadlines count from when the backend is ready."""

    def __init__(self, backend: Backend, settings: LanguageModel) -> None:
        self.is_small = settings.is_short_form
        self._backend = backend
        self._settings = settings
        self._deadlines = Deadlines(
            settings.first_token_s, settings.token_timeout_s, settings.total_s
        )
        self._breaker = Breaker()

    @property
    def name(self) -> str:
        """The backend's name for the model."""
        return self._backend.name

    @property
    def prompt_tokens(self) -> int:
        """As the settings say, or as the context allows."""
        most = self._backend.max_prompt_tokens
        return room_for_prompt(self._settings, self._context(), most)

    @property
    def reply_tokens(self) -> int:
        """As the settings say, or as its form and context allow."""
        return room_for_reply(self._settings, self._context())

    @property
    def context_tokens(self) -> int | None:
        """How many tokens a prompt and its reply may have together, None when it is not known."""
        return self._backend.context_tokens()

    @property
    def has_schema(self) -> bool:
        """Whether replies are bound to a schema, as far as is known."""
        return self._settings.json_schema and self._backend.takes_schema

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
        """Stream with one retry, of a failure that may pass, before anything has come.

        What a server refuses by name is left out, and the request made anew.
        """
        n_tried = 0
        while True:
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
                logger.debug("the language model failed: %s", type(error).__name__)
                wait_s, is_learnt = told_wait_s(error), False
                if not has_begun and n_tried < MAX_LEARNT:
                    is_learnt = self._backend.learn(error)
                can_retry = not (has_begun or n_tried) and is_passing(error)
                if not is_learnt and not (can_retry and wait_s <= MAX_WAIT_S):
                    raise ModelUnavailable(self._explain(error)) from error
            n_tried += 1
            if not is_learnt:
                yield from _pause(min(wait_s, MAX_WAIT_S) + random.uniform(0, MAX_JITTER_S))

    def _try(self, request: Request) -> Generator[str | Finished | None]:
        speak = yield from self._backend.connect()
        asked = request if self.has_schema else replace(request, schema=None)
        started = time.monotonic()
        first_s, text, prompt, completion, is_cut = 0.0, 0, 0, 0, False
        try:
            replies = read_from_loop(
                lambda: speak(asked), self._deadlines, lambda piece: bool(piece.text)
            )
            with closing(replies) as reading:
                for piece in reading:
                    if piece is None:
                        yield None
                        continue
                    if piece.text:
                        first_s = first_s or time.monotonic() - started
                    prompt = piece.prompt_tokens or prompt
                    completion = piece.completion_tokens or completion
                    is_cut = is_cut or piece.is_cut
                    text += len(piece.text)
                    yield piece.text
        except ModelTooSlow as error:
            raise ModelTooSlow(f"the language model {self.name!r} is too slow: {error}") from error
        if not text and is_cut:
            raise ModelUnavailable(
                f"the language model {self.name!r} spent all of its {request.max_tokens:,} tokens "
                "on thinking; raise llm.max_reply_tokens"
            )
        if not text:
            raise ModelUnavailable(f"the language model {self.name!r} sent an empty reply")
        yield Finished(
            prompt_tokens=prompt or self.count(request.system + request.user),
            completion_tokens=completion or text // BYTES_PER_TOKEN + 1,
            first_token_s=first_s,
            total_s=time.monotonic() - started,
            is_estimated=not (prompt and completion),
            is_cut=is_cut,
        )

    def _context(self) -> int:
        told = self._backend.context_tokens()
        return assumed_context(self._settings) if told is None else told

    def _explain(self, error: Exception) -> str:
        if ended := self._backend.why_ended():
            return f"the language model {self.name!r} ended: {ended}"
        return describe(self.name, error)


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
        if status in (400, 422) and ABOUT_LENGTH.search(getattr(error, "said", str(error))):
            told = "the prompt is longer than its context; set llm.context_tokens"
        return f"the language model {name!r} replied with status {status}: {told}"
    if _is_broken(error):
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
    return _is_broken(error) or isinstance(error, OSError)


def _is_broken(error: BaseException) -> bool:
    """Whether a connection failed, whoever says so."""
    kind = type(error).__name__
    return isinstance(error, ConnectionError) or any(name in kind for name in _BROKEN)


def told_wait_s(error: BaseException) -> float:
    """Return the seconds that a server asks to be left alone for (`Retry-After`), else 0."""
    headers = getattr(getattr(error, "response", error), "headers", None)
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
    backend: Backend
    if llm is not None:
        backend = LlamaIndexBackend(llm, settings)
    elif settings.base_url:
        backend = ServerBackend(settings)
    elif settings.path:
        backend = LocalBackend(settings)
    else:
        return None
    return Client(backend, settings)
