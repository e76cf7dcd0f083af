"""A GGUF file on this machine as a `Source`: run in a child process that only this one can ask."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar

from assistant.llm.local import Address, LocalServer
from assistant.llm.loop import run_beside
from assistant.llm.server import OPTIONS, make_llm, room_for_prompt
from assistant.settings import LanguageModel

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

CONTEXT_TOKENS = 4_096
"""Unless it is set: of 1.5 billion weights it takes 120 MB."""
MAX_PROMPT_TOKENS = 1_024
"""Unless it is set: two cores read 40 to 65 tokens/s, so it is some 20 s to the first word."""


class File:
    """A `Source`. The file is looked at at once, and loaded when the first question needs it."""

    options: ClassVar[dict[str, Any] | None] = OPTIONS

    def __init__(self, settings: LanguageModel) -> None:
        assert settings.path is not None
        self._settings = settings
        self._server = LocalServer.open(
            settings.path,
            context_tokens=settings.context_tokens or CONTEXT_TOKENS,
            n_threads=settings.n_threads,
        )
        self._made: tuple[Address, LLM] | None = None

    @property
    def name(self) -> str:
        """See `Source`."""
        return self._server.name

    def prompt_tokens(self) -> int:
        """See `Source`."""
        room = room_for_prompt(self._settings, self.context_tokens())
        return room if self._settings.max_prompt_tokens else min(room, MAX_PROMPT_TOKENS)

    def context_tokens(self) -> int:
        """See `Source`."""
        return self._server.context_tokens

    def connect(self) -> "Generator[None, None, LLM]":
        """See `Source`: starts the child process, anew when it has died."""
        yield None
        address = yield from self._server.ready()
        made = self._made
        if made is None or made[0] != address:
            key, given = address.api_key, self._settings
            llm = yield from run_beside(  # it imports for seconds
                lambda: make_llm(address.url, address.name, key, given, is_here=True)
            )
            made = self._made = address, llm
        return made[1]

    def why_ended(self) -> str | None:
        """See `Source`."""
        return self._server.why_ended()

    def close(self) -> None:
        """See `Source`: ends the child process."""
        self._server.close()
