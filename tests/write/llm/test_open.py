"""A llama-index language model of the caller's own: it gets the messages, and nothing else."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM, MockLLM
from pydantic import PrivateAttr
from scripted_clients import REQUEST, said

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm.client import Client, open_model
from assistant.write.llm.values import Finished, Request

MARGIN_S = 1.0


class Own(CustomLLM):
    """Says pieces, and keeps what it was given."""

    _say: Callable[[], Any] = PrivateAttr()
    _given: list[tuple[list[ChatMessage], dict[str, Any]]] = PrivateAttr(default_factory=list)
    _ended: threading.Event = PrivateAttr(default_factory=threading.Event)

    def __init__(self, say: Callable[[], Any]) -> None:
        super().__init__()
        self._say = say

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=2_000, model_name="own", is_chat_model=True)

    def stream_chat(self, messages: Any, **kwargs: Any) -> ChatResponseGen:
        self._given.append((list(messages), kwargs))
        try:
            for delta in self._say():
                yield ChatResponse(message=ChatMessage(content=delta), delta=delta)
        finally:
            self._ended.set()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        raise NotImplementedError


def client_of(llm: Any, **given: Any) -> Client:
    model = open_model(LanguageModel.model_validate(given), llm)
    assert isinstance(model, Client)
    return model


def test_it_gets_the_messages_alone_and_braces_stay_braces() -> None:
    odd = "{context_str} {0} {{x}} %s <|im_end|>"
    own = Own(lambda: ["It ", "is ", "so."])
    model = client_of(own)
    *pieces, last = model.stream(Request(odd, odd, 20, {"type": "object"}))
    assert said(pieces) == "It is so."
    ((messages, kwargs),) = own._given
    assert [(m.role.value, m.content) for m in messages] == [("system", odd), ("user", odd)]
    assert kwargs == {}
    assert isinstance(last, Finished)
    assert last.is_estimated
    assert (model.name, model.has_schema) == ("own", False)


def test_its_context_is_what_it_tells_and_its_settings_limit() -> None:
    own = Own(list)
    assert client_of(own).prompt_tokens == 1_500
    assert client_of(own, max_prompt_tokens=800).prompt_tokens == 800
    assert client_of(own, context_tokens=1_024).prompt_tokens == 768


def test_the_mock_of_llama_index_repeats_what_it_is_told() -> None:
    model = client_of(MockLLM())
    assert model.name == "unknown"
    assert REQUEST.user in said(model.stream(REQUEST))


def test_it_is_taken_before_a_server_that_the_settings_name() -> None:
    own = Own(lambda: ["mine"])
    model = client_of(own, base_url="http://127.0.0.1:1/v1", model="other")
    assert (model.name, said(model.stream(REQUEST))) == ("own", "mine")


def test_whatever_it_raises_is_told_in_words() -> None:
    def fail() -> Any:
        yield from ()
        raise LookupError("no weights {here}")

    with pytest.raises(ModelUnavailable, match=r"'own' cannot be read \(LookupError: no weights"):
        said(client_of(Own(fail)).stream(REQUEST))


def test_one_that_talks_on_and_on_without_waiting_ends_when_the_reader_leaves() -> None:
    def chatter() -> Any:
        while True:
            yield "and "

    own = Own(chatter)
    with closing(client_of(own).stream(REQUEST)) as pieces:
        assert next(piece for piece in pieces if piece) == "and "
    assert own._ended.wait(MARGIN_S)


def test_one_that_blocks_keeps_nobody_beyond_the_deadline() -> None:
    let_go = threading.Event()

    def block() -> Any:
        let_go.wait(30)
        yield "late"

    own = Own(block)
    model, began = client_of(own, first_token_timeout_s=0.3), time.monotonic()
    try:
        with pytest.raises(ModelTooSlow, match="did not begin its reply"):
            said(model.stream(REQUEST))
        assert time.monotonic() - began < 0.3 + MARGIN_S
    finally:
        let_go.set()
    assert own._ended.wait(MARGIN_S)


def test_closing_leaves_it_to_its_maker() -> None:
    own = Own(lambda: ["still here"])
    model = client_of(own)
    model.close()
    assert said(model.stream(REQUEST)) == "still here"


def test_without_a_model_or_settings_there_is_none() -> None:
    assert open_model(LanguageModel.model_validate({})) is None
