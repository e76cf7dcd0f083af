"""The language model that the settings name, or that the caller has made, as a `Client`."""

from typing import TYPE_CHECKING

from assistant.settings import LanguageModel
from assistant.write.llm.client import Client
from assistant.write.llm.local import LocalBackend
from assistant.write.llm.loop import Deadlines
from assistant.write.llm.server import LlamaIndexBackend, ServerBackend

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def open_model(settings: LanguageModel, llm: "LLM | None" = None) -> Client | None:
    """Return the caller's own model, or that of the settings, which may name none.

    Nothing is connected or loaded before the first question.

    Raises:
        ModelUnavailable: a file that is named cannot be run.
    """
    deadlines = Deadlines(settings.first_token_s, settings.token_timeout_s, settings.total_s)
    if llm is not None:
        return Client(LlamaIndexBackend(llm, settings), deadlines)
    if settings.base_url:
        return Client(ServerBackend(settings), deadlines, has_schema=settings.json_schema)
    if settings.path:
        return Client(LocalBackend(settings), deadlines, has_schema=settings.json_schema)
    return None
