"""A llama-index language model that the caller has made, as a `Source`.

It is called with the messages alone: what else it takes, its maker has set.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

from assistant.llm.server import room_for_prompt
from assistant.settings import LanguageModel

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


class Given:
    """A `Source`."""

    options = None

    def __init__(self, llm: "LLM", settings: LanguageModel) -> None:
        self._llm = llm
        self._settings = settings

    @property
    def name(self) -> str:
        """See `Source`."""
        return self._llm.metadata.model_name or type(self._llm).__name__

    def prompt_tokens(self) -> int:
        """See `Source`; the model tells its context."""
        return room_for_prompt(self._settings, self.context_tokens())

    def context_tokens(self) -> int:
        """See `Source`."""
        return self._llm.metadata.context_window

    def connect(self) -> "Generator[None, None, LLM]":
        """See `Source`."""
        yield None
        return self._llm

    def why_ended(self) -> str | None:
        """See `Source`: its maker knows."""
        return None

    def close(self) -> None:
        """See `Source`: it stays its maker's."""
