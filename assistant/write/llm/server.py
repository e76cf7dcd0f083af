"""The `Backend`s of models that are not files: OpenAI-compatible servers, llama-index objects.

How long a prompt a server takes is asked of it. Nothing is imported or connected before the first
question needs it.
"""

import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm.loop import Deadlines, read_from_loop, run_beside
from assistant.write.llm.speak import ChatServer, ReplyPiece, Speak, headers_for, whole
from assistant.write.llm.values import Request

if TYPE_CHECKING:
    import httpx
    from llama_index.core.llms import LLM


UNKNOWN_CONTEXT = 4_096
"""Of a server that does not tell: what Ollama gives a model unless it is told otherwise."""
HOSTED_CONTEXT = 32_768
"""Of one that does not tell and is no private address: what hosted models have at least."""
ASK_AGAIN_S = 60.0
"""Between two times that a server is asked for its context: many never tell."""
MAX_PROMPT_TOKENS = 12_000
"""Unless it is set: some 40 passages, of which a strong model chooses well."""
MAX_REPLY_TOKENS, MAX_SHORT_TOKENS = 4_096, 300
"""Unless they are set; at most a quarter of the context."""
MIN_CONTEXT = 512
"""What a server tells beneath is a mistake, or nothing to write with."""
MAX_PAGE_BYTES = 4_000_000

logger = logging.getLogger(__name__)


class ServerBackend:
    """An OpenAI-compatible server that the settings name."""

    max_prompt_tokens = MAX_PROMPT_TOKENS

    def __init__(self, settings: LanguageModel) -> None:
        self.name = settings.model
        self._settings = settings
        self._context_tokens: int | None = None
        self._asked_at = -ASK_AGAIN_S
        self._chat = ChatServer(
            settings.base_url or "", settings.model, key_of(settings), settings.connect_timeout_s
        )

    @property
    def takes_schema(self) -> bool:
        """Whether the server has not refused a JSON schema."""
        return self._chat.takes_schema

    def context_tokens(self) -> int | None:
        """The context of the settings or of the server, asked now and then until it tells."""
        if self._context_tokens is None and time.monotonic() - self._asked_at >= ASK_AGAIN_S:
            self._asked_at = time.monotonic()
            self._context_tokens = read_context(self._settings)
        return self._context_tokens

    def connect(self) -> Generator[None, None, Speak]:
        """Import what asks the server, once."""
        yield None
        yield from run_beside(partial(import_module, "httpx"))
        return self._chat.speak

    def learn(self, error: Exception) -> bool:
        """Leave out from now on what the server refuses by name."""
        return self._chat.learn(error)

    def why_ended(self) -> str | None:
        """None: of another's process nothing is known."""
        return None

    def close(self) -> None:
        """Do nothing: connections are closed after each call."""


def key_of(settings: LanguageModel) -> str:
    """Return the key; servers without one take any."""
    return settings.api_key.get_secret_value() if settings.api_key else "none"


def assumed_context(settings: LanguageModel) -> int:
    """Return the context of a server that does not tell it.

    >>> assumed_context(LanguageModel(base_url="https://api.openai.com/v1", model="x"))
    32768
    """
    url = urlsplit(settings.base_url or "")
    host = url.hostname or ""
    is_private = "." not in host or host.endswith((".local", ".lan", ".internal"))
    with suppress(ValueError):
        is_private = not ip_address(host).is_global
    return UNKNOWN_CONTEXT if is_private or url.scheme != "https" else HOSTED_CONTEXT


def room_for_prompt(
    settings: LanguageModel, context_tokens: int, most: int = MAX_PROMPT_TOKENS
) -> int:
    """Return how many tokens a prompt may have, in a context of this many; by default `most`."""
    room = context_tokens - room_for_reply(settings, context_tokens)
    return max(0, min(room, settings.max_prompt_tokens or most))


def room_for_reply(settings: LanguageModel, context_tokens: int) -> int:
    """Return how many tokens a reply may have: of a large model with its thoughts."""
    most = MAX_SHORT_TOKENS if settings.is_short_form else MAX_REPLY_TOKENS
    return settings.max_reply_tokens or min(most, context_tokens // 4)


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

    base_url = settings.base_url or ""
    root = base_url.partition("?")[0].rstrip("/").removesuffix("/v1")
    headers = headers_for(base_url, key_of(settings))
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


def _read_listed(told: Any, model: str, *, name: str, keys: tuple[str, ...]) -> Iterator[Any]:
    listed = _inside(told, name)
    for one in listed if isinstance(listed, list) else ():
        if model in (_inside(one, "id"), _inside(one, "name")):
            yield from (_inside(one, key) for key in keys)


def _inside(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


LISTED = ("max_model_len", "context_length", "context_window", "max_context_length")
"""What vLLM, OpenRouter and Together, Groq, and Mistral call a model's context."""
PAGES: tuple[tuple[str, Callable[[Any, str], Iterator[Any]]], ...] = (
    ("/props", _read_settings),  # llama-server
    ("/v1/models", partial(_read_listed, name="data", keys=LISTED)),
    ("/api/v0/models", partial(_read_listed, name="data", keys=("loaded_context_length",))),
    ("/api/ps", partial(_read_listed, name="models", keys=("context_length",))),  # Ollama
)
"""Where a server may tell its context, and who reads it there."""


class LlamaIndexBackend:
    """A llama-index language model that the caller has made."""

    takes_schema = False
    max_prompt_tokens = MAX_PROMPT_TOKENS

    def __init__(self, llm: "LLM", settings: LanguageModel) -> None:
        self._llm = llm
        self._settings = settings

    @property
    def name(self) -> str:
        """As the model calls itself, or else its class."""
        return self._llm.metadata.model_name or type(self._llm).__name__

    def context_tokens(self) -> int:
        """As the settings say, or as the model tells."""
        return self._settings.context_tokens or self._llm.metadata.context_window

    def connect(self) -> Generator[None, None, Speak]:
        """Return what speaks for the model as it is."""
        yield None
        return self._speak

    def learn(self, error: Exception) -> bool:  # noqa: ARG002
        """Change nothing: its maker has chosen what it is asked."""
        return False

    async def _speak(self, request: Request) -> AsyncGenerator[ReplyPiece]:
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        messages = [  # as messages, never as templates: braces in them are braces
            ChatMessage(role=MessageRole.SYSTEM, content=request.system),
            ChatMessage(role=MessageRole.USER, content=request.user),
        ]
        responses = await self._llm.astream_chat(messages)
        try:
            async for response in responses:
                told = response.additional_kwargs
                yield ReplyPiece(
                    response.delta or "",
                    whole(told.get("prompt_tokens")),
                    whole(told.get("completion_tokens")),
                )
        finally:
            if isinstance(responses, AsyncGenerator):  # at once, not with the garbage
                await responses.aclose()

    def why_ended(self) -> str | None:
        """None: its maker knows."""
        return None

    def close(self) -> None:
        """Do nothing: the model stays its maker's."""
