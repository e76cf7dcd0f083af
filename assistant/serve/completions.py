"""The assistant as a model of OpenAI's chat completions, for clients that know no other form.

The last message of a conversation is the question, the ones before it are its history; what a
client says as the system is not read. The reply is Markdown whose marks are footnotes: under it
stand the places and the quotes, and `annotations` say the same for programs. While a language model
writes, what is verified is sent as it comes.
"""

import json
import re
import secrets
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, replace
from itertools import takewhile
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from assistant.answering import Answering
from assistant.errors import AssistantError, QuestionError
from assistant.serve.access import EVENTS, error_response
from assistant.serve.api import (
    MAX_HISTORY,
    AskBody,
    DocumentIds,
    Event,
    EventResponse,
    Text,
    answer_events,
    wait_for_answer,
)
from assistant.serve.background import Admission
from assistant.serve.chat.turns import log_error
from assistant.serve.visitors import COLLECTIONS
from assistant.show.blocks import Prose, list_blocks
from assistant.show.export import Markdown
from assistant.show.wording import Wording
from assistant.values import Answer, Citation, PageKind, Verdict

MODEL = "assistant"
"""The name by which clients ask for it; of several collections each is a model of its own name."""
MAX_MESSAGES = 2_000
MAX_PARTS = 100
"""Parts of a message."""
DONE = "data: [DONE]\n\n"
_MARK = re.compile(r"\[\^(\d+)\](?!:)")


class Part(BaseModel):
    """A part of a message; only texts are read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: Text
    text: Text = ""


class Message(BaseModel):
    """A message of a conversation."""

    model_config = ConfigDict(extra="ignore", strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | Annotated[list[Part], Field(max_length=MAX_PARTS)] | None = None

    @property
    def said(self) -> str:
        """Its text.

        Raises:
            QuestionError: it has a part that is no text.
        """
        if not isinstance(self.content, list):
            return self.content or ""
        if other := next((part.type for part in self.content if part.type != "text"), None):
            raise QuestionError(
                f"only text can be asked, not {other!r}: put the file in the folder"
            )
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """What a stream tells besides."""

    model_config = ConfigDict(extra="ignore", strict=True)

    include_usage: bool = False


class CompletionBody(BaseModel):
    """The body of `POST /v1/chat/completions`; what else clients send is not read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: Text | None = None
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    documents: DocumentIds = []
    """Ids of documents to which the question is limited: no field of OpenAI's."""

    def to_question(self) -> AskBody:
        """Return what is asked.

        Raises:
            QuestionError: the last message is no question.
        """
        *before, last = [one for one in self.messages if one.role in ("user", "assistant")] or [
            Message(role="system")
        ]
        if last.role != "user":
            raise QuestionError("the last message must be the user's: it is the question")
        history = [(one.role, one.said) for one in before][-MAX_HISTORY:]
        return AskBody.model_validate(
            {"question": last.said, "history": history, "documents": self.documents}
        )


def add_completions(
    app: FastAPI, assistants: Mapping[str, Answering], admission: Admission, root_path: str
) -> None:
    """Add the routes to the app; the assistants are those of the collections, or one under "".

    Links lead to the `root_path`, under which browsers reach the page.
    """
    begun = int(time.time())

    def find_models(request: Request) -> dict[str, Answering]:
        """Return the models that there are for the one who asks."""
        if "" in assistants:
            return {MODEL: assistants[""]}
        return {name: assistants[name] for name in request.state.collections}

    @app.get("/v1/models", summary="List the models")
    def models(request: Request) -> JSONResponse:
        data = [_model(name, begun) for name in find_models(request)]
        return JSONResponse({"object": "list", "data": data})

    @app.get("/v1/models/{name}", summary="Tell of a model")
    def model(name: str, request: Request) -> JSONResponse:
        known = find_models(request)
        return JSONResponse(_model(name, begun)) if name in known else _unknown(name, known)

    @app.post("/v1/chat/completions", summary="Ask in OpenAI's form")
    async def complete(body: CompletionBody, request: Request) -> Response:
        known = find_models(request)
        name = next(iter(known), MODEL) if body.model is None else body.model
        if name not in known:
            return _unknown(name, known)
        ending = app.state.ending.is_set
        events = answer_events(known[name], admission, body.to_question(), ending)
        part = "/" if "" in assistants else f"{COLLECTIONS}{name}/"
        at = f"{str(request.base_url).rstrip('/')}{root_path}{part}"
        reply = _Reply(name, at, Wording(request.state.language))
        if body.stream:
            first = await anext(events)  # a question that is refused at once gets an error status
            tells_usage = bool(body.stream_options and body.stream_options.include_usage)
            pieces = reply.stream(first, events, tells_usage=tells_usage)
            return EventResponse(pieces, media_type=EVENTS)
        outcome = await wait_for_answer(request, events)
        if isinstance(outcome, Answer):
            return JSONResponse(reply.whole(outcome))
        return error_response(503, **outcome)


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "assistant"}


def _unknown(name: str, known: Iterable[str]) -> JSONResponse:
    message = f"there is no model {name!r} here; there is {', '.join(map(repr, known)) or 'none'}"
    return error_response(404, "ModelNotFound", message)


class _Reply:
    """A reply of a model in the form of chat completions; its links begin with `base`."""

    def __init__(self, model: str, base: str, say: Wording) -> None:
        self._base = base
        self._say = say
        self._head = {
            "id": f"chatcmpl-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Return the reply at once."""
        text = write(answer)
        message = {
            "role": "assistant",
            "content": text,
            "refusal": None,
            "annotations": list(annotate(answer, text, self._base)),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        usage = _usage(answer)
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": usage}

    async def stream(
        self, first: Event | None, events: AsyncGenerator[Event | None], *, tells_usage: bool
    ) -> AsyncGenerator[str]:
        """Yield the reply as server-sent events: what is sure to stay as soon as it is there."""
        sent = ""
        event: Event | None = first
        yield self._piece({"role": "assistant", "content": ""})
        try:
            async with aclosing(events):
                while True:
                    name, data = event or ("", {})
                    if isinstance(data, Answer):
                        added = _added(sent, data, is_last=name == "answer")
                        sent += added
                        if added:
                            yield self._piece({"content": added})
                        if name == "answer":
                            for piece in self._end(data, sent, tells_usage=tells_usage):
                                yield piece
                            return
                    elif name == "error":
                        yield self._failure(**data)
                        return
                    elif name == "stage":
                        yield f": {name}\n\n"
                    event = await anext(events)
        except AssistantError as error:
            yield self._failure(type(error).__name__, str(error))
        except Exception:  # noqa: BLE001 (the edge: a defect becomes an event and a log entry)
            yield self._failure("InternalError", log_error("answering"))

    def _end(self, answer: Answer, text: str, *, tells_usage: bool) -> Iterator[str]:
        if annotations := list(annotate(answer, text, self._base)):
            yield self._piece({"annotations": annotations})
        yield self._piece({}, finish_reason="stop")
        if tells_usage:
            yield self._event({"choices": [], "usage": _usage(answer)})
        yield DONE

    def _piece(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._event({"choices": [choice]})

    def _event(self, data: dict[str, Any]) -> str:
        return f"data: {json.dumps({**self._head, 'object': 'chat.completion.chunk', **data})}\n\n"

    def _failure(self, kind: str, message: str) -> str:
        told = {"error": {"kind": kind, "message": self._say.retell(message)}}
        return f"data: {json.dumps(told)}\n\n{DONE}"


def write(answer: Answer) -> str:
    """Return an answer as Markdown with footnotes."""
    return "\n\n".join(Markdown(is_footnoted=True).write(answer))


def _added(sent: str, answer: Answer, *, is_last: bool) -> str:
    """Return what is sent of an answer after what was sent of it before.

    What may still change is not sent: quotes that a language model's words will take the place of,
    and tables and lists, whose form depends on all of their rows. Where the whole answer does not
    go on where the last ended, it follows after a rule.
    """
    if is_last:
        text = write(answer)
        return text.removeprefix(sent) if text.startswith(sent) else f"\n\n---\n\n{text}"
    is_told = answer.kind != "answer" or answer.listing or answer.computed
    confirmed = takewhile(lambda one: one.verdict is Verdict.CONFIRMED, answer.statements)
    sure = replace(answer, statements=tuple(confirmed), missing=())
    if is_told or not all(isinstance(block, Prose) for block in list_blocks(sure)):
        return ""
    said = "\n\n".join(Markdown(is_footnoted=True).body(sure))
    return said.removeprefix(sent) if said.startswith(sent) else ""


def annotate(answer: Answer, text: str, base: str) -> Iterator[dict[str, Any]]:
    """Yield an annotation for each mark of a written answer, where it stands in the text."""
    of = {one.number: one for one in answer.citations}
    for mark in _MARK.finditer(text):
        if cited := of.get(int(mark[1])):
            yield {
                "type": "url_citation",
                "url_citation": {
                    "start_index": mark.start(),
                    "end_index": mark.end(),
                    "title": cited.title or cited.document_id,
                    "url": link(cited, base),
                },
                "citation": asdict(cited),
            }


def link(cited: Citation, base: str) -> str:
    """Return the address of a cited file, of a PDF at its page."""
    given = {"document": cited.document_id, "version": cited.sha256}
    is_paged = cited.page is not None and cited.page_kind is PageKind.PAGE
    is_pdf = cited.document_id.casefold().endswith(".pdf")
    if is_pdf and is_paged:
        asked = urlencode({**given, "inline": "true"}, quote_via=quote)
        return f"{base}api/file?{asked}#page={cited.page}"
    return f"{base}api/file?{urlencode(given, quote_via=quote)}"


def _usage(answer: Answer) -> dict[str, int]:
    """Return the tokens that a language model read and wrote; none without one."""
    read, written = (
        (answer.usage.prompt_tokens, answer.usage.completion_tokens) if answer.usage else (0, 0)
    )
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
