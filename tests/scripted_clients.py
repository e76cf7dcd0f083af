"""Clients of a scripted server, with deadlines that suit a test."""

from collections.abc import Iterable
from typing import Any

from assistant.settings import LanguageModel
from assistant.write.llm.client import Client, open_model
from assistant.write.llm.values import Finished, Request

LONG_S = 60.0
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"statements": {"type": "array"}}}
REQUEST = Request("You answer.", "What is it?", 50, SCHEMA)


def settings_for(url: str, **given: Any) -> LanguageModel:
    """Return settings whose deadlines are far away unless they are given."""
    fields = {
        "base_url": url,
        "model": "scripted",
        "connect_timeout_s": LONG_S,
        "first_token_timeout_s": LONG_S,
        "token_timeout_s": LONG_S,
        "total_timeout_s": LONG_S,
        **given,
    }
    return LanguageModel.model_validate(fields)


def client_of(url: str, **given: Any) -> Client:
    model = open_model(settings_for(url, **given))
    assert isinstance(model, Client)
    return model


def said(pieces: Iterable[str | Finished | None]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))
