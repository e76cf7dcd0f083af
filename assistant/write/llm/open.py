"""The language model that the settings name, or that the caller has made, as a `Client`."""

from typing import TYPE_CHECKING

from assistant.settings import LanguageModel
from assistant.write.llm.client import Client
from assistant.write.llm.local import LocalBackend
from assistant.write.llm.server import LlamaIndexBackend, ServerBackend, deadlines_of

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def open_model(settings: LanguageModel, llm: "LLM | None" = None) -> Client | None:
    """Return the model; nothing is connected or loaded before the first question.

    Args:
        settings: names a server or a file, or neither.
        llm: a language model that the caller has made, before any that the settings name.

    Raises:
        ModelUnavailable: a file that is named cannot be run.
    """
    deadlines = deadlines_of(settings)
    if llm is not None:
        return Client(LlamaIndexBackend(llm, settings), deadlines)
    if settings.base_url:
        return Client(ServerBackend(settings), deadlines, has_schema=settings.json_schema)
    if settings.path:
        return Client(LocalBackend(settings), deadlines, has_schema=settings.json_schema)
    return None
