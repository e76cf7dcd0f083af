"""The `Backend`s of models that are not files: OpenAI-compatible servers, llama-index objects.

OpenAI, Ollama, vLLM, llama-server and LM Studio are reached through llama-index's `OpenAILike`; how
long a prompt such a server takes is asked of it. Nothing is imported or connected before the first
question needs it.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm.loop import Deadlines, read_from_loop, run_beside

if TYPE_CHECKING:
    import httpx
    from llama_index.core.llms import LLM


UNKNOWN_CONTEXT = 4_096
"""Of a server that does not tell: what Ollama gives a model unless it is told otherwise."""
ASK_AGAIN_S = 60.0
"""Between two times that a server is asked for its context: many never tell."""
MAX_PROMPT_TOKENS = 12_000
"""Unless it is set: some 40 passages, of which a strong model chooses well."""
MAX_REPLY_TOKENS, MAX_SHORT_TOKENS = 4_096, 300
"""Unless they are set; at most a quarter of the context."""
MIN_CONTEXT = 512
"""What a server tells beneath is a mistake, or nothing to write with."""
MAX_PAGE_BYTES = 4_000_000
OPTIONS = {"stream_options": {"include_usage": True}}

logger = logging.getLogger(__name__)


class ServerBackend:
    """An OpenAI-compatible server that the settings name."""

    options: ClassVar[dict[str, Any] | None] = OPTIONS

    def __init__(self, settings: LanguageModel) -> None:
        self.name = settings.model
        self._settings = settings
        self._context_tokens: int | None = None
        self._asked_at = -ASK_AGAIN_S
        self._llm: LLM | None = None

    def prompt_tokens(self) -> int:
        """The room that the context leaves, `UNKNOWN_CONTEXT` where that is not known."""
        return room_for_prompt(self._settings, self.context_tokens() or UNKNOWN_CONTEXT)

    def reply_tokens(self) -> int:
        """As the settings say, or as the context allows."""
        return room_for_reply(self._settings, self.context_tokens() or UNKNOWN_CONTEXT)

    def context_tokens(self) -> int | None:
        """The context of the settings or of the server, asked now and then until it tells."""
        if self._context_tokens is None and time.monotonic() - self._asked_at >= ASK_AGAIN_S:
            self._asked_at = time.monotonic()
            self._context_tokens = read_context(self._settings)
        return self._context_tokens

    def connect(self) -> "Generator[None, None, LLM]":
        """Import and make llama-index's client, once."""
        yield None
        if self._llm is None:
            given = self._settings
            self._llm = yield from run_beside(  # it imports for seconds
                lambda: make_llm(given.base_url or "", given.model, key_of(given), given)
            )
        return self._llm

    def why_ended(self) -> str | None:
        """None: of another's process nothing is known."""
        return None

    def close(self) -> None:
        """Do nothing: connections are closed after each call."""


def make_llm(
    base_url: str, model: str, api_key: str, settings: LanguageModel, *, is_here: bool = False
) -> "LLM":
    """Return llama-index's client for a server; only the time to connect is limited by it.

    The URL ends in the API's version; the key is any text where none is needed. No proxy may stand
    before a process of ours (`is_here`).
    """
    import httpx
    from llama_index.llms.openai_like import OpenAILike

    async def limit(request: httpx.Request) -> None:
        # The reader has deadlines of its own (`loop.py`), which tell apart what httpx cannot.
        timeout = httpx.Timeout(None, connect=settings.connect_timeout_s)
        request.extensions["timeout"] = timeout.as_dict()

    async def let_go(response: httpx.Response) -> None:
        # The streams above it hold themselves: left to be collected, they end some minutes later.
        def close(_: object) -> None:
            closing = asyncio.ensure_future(response.aclose())
            ending.add(closing)
            closing.add_done_callback(ending.discard)

        if task := asyncio.current_task():
            task.add_done_callback(close)

    ending: set[asyncio.Future[None]] = set()
    limits = httpx.Limits(max_keepalive_connections=0)  # what a cancelled reply leaves is closed
    hooks: dict[str, list[Any]] = {"request": [limit], "response": [let_go]}
    client = httpx.AsyncClient(event_hooks=hooks, limits=limits, trust_env=not is_here)
    llm: LLM = OpenAILike(
        model=model,
        api_base=base_url,
        api_key=api_key,
        is_chat_model=True,
        is_function_calling_model=False,
        temperature=0.0,
        max_retries=0,
        async_http_client=client,
    )
    return llm


def key_of(settings: LanguageModel) -> str:
    """Return the key; servers without one take any."""
    return settings.api_key.get_secret_value() if settings.api_key else "none"


def room_for_prompt(settings: LanguageModel, context_tokens: int) -> int:
    """Return how many tokens a prompt may have, in a context of this many."""
    context = settings.context_tokens or context_tokens
    room = context - room_for_reply(settings, context)
    return max(0, min(room, settings.max_prompt_tokens or MAX_PROMPT_TOKENS))


def room_for_reply(settings: LanguageModel, context_tokens: int) -> int:
    """Return how many tokens a reply may have: of a large model with its thoughts."""
    most = MAX_SHORT_TOKENS if settings.is_short_form else MAX_REPLY_TOKENS
    context = settings.context_tokens or context_tokens
    return settings.max_reply_tokens or min(most, context // 4)


def read_context(settings: LanguageModel) -> int | None:
    """Ask the server how many tokens its context has; None when it does not tell in time."""
    if settings.context_tokens:
        return settings.context_tokens
    limit_s = settings.connect_timeout_s
    try:
        told = read_from_loop(lambda: _ask(settings), Deadlines(limit_s, limit_s, limit_s))
        return next((n for n in told if n), None)
    except ModelUnavailable as error:
        logger.debug("the server tells no context: %s", error)
        return None


async def _ask(settings: LanguageModel) -> AsyncGenerator[int]:
    import httpx

    root = (settings.base_url or "").rstrip("/").removesuffix("/v1")
    headers = {"Authorization": f"Bearer {key_of(settings)}"}
    async with httpx.AsyncClient(headers=headers, timeout=None) as client:
        for path, read in PAGES:
            for told in read(await _fetch(client, root + path), settings.model):
                if isinstance(told, int) and told >= MIN_CONTEXT:
                    yield told
                    return


async def _fetch(client: "httpx.AsyncClient", url: str) -> Any:
    """Return the JSON at an address, {} when there is none."""
    import httpx

    body = b""
    try:
        async with client.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_PAGE_BYTES:
                    return {}
            return json.loads(body) if response.status_code == 200 else {}
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        logger.debug("%s tells no context: %r", url, error)
        return {}
    except Exception as error:  # such as a group of those of anyio
        raise ModelUnavailable(f"{url} cannot be asked: {error}") from error


def _read_settings(told: Any, _: str) -> Iterator[Any]:
    yield _inside(_inside(told, "default_generation_settings"), "n_ctx")


def _read_listed(told: Any, model: str, *, key: str) -> Iterator[Any]:
    data = _inside(told, "data")
    if isinstance(data, list):
        yield from (_inside(one, key) for one in data if _inside(one, "id") == model)


def _inside(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


PAGES: tuple[tuple[str, Callable[[Any, str], Iterator[Any]]], ...] = (
    ("/props", _read_settings),  # llama-server
    ("/v1/models", partial(_read_listed, key="max_model_len")),  # vLLM
    ("/api/v0/models", partial(_read_listed, key="loaded_context_length")),  # LM Studio
)
"""Where a server may tell its context, and who reads it there."""


class LlamaIndexBackend:
    """A llama-index language model that the caller has made."""

    options = None

    def __init__(self, llm: "LLM", settings: LanguageModel) -> None:
        self._llm = llm
        self._settings = settings

    @property
    def name(self) -> str:
        """As the model calls itself, or else its class."""
        return self._llm.metadata.model_name or type(self._llm).__name__

    def prompt_tokens(self) -> int:
        """The room that the model's context leaves."""
        return room_for_prompt(self._settings, self.context_tokens())

    def reply_tokens(self) -> int:
        """As the settings say, or as the context allows."""
        return room_for_reply(self._settings, self.context_tokens())

    def context_tokens(self) -> int:
        """As the model tells."""
        return self._llm.metadata.context_window

    def connect(self) -> "Generator[None, None, LLM]":
        """Return the model as it is."""
        yield None
        return self._llm

    def why_ended(self) -> str | None:
        """None: its maker knows."""
        return None

    def close(self) -> None:
        """Do nothing: the model stays its maker's."""
