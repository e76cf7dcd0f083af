"""The routes of the HTTP API: ask, search, take in a file, take a conversation along, probes.

Comes in: requests that the gate has admitted, with their owner. Goes out: answers as
`Answer.to_dict()`, at once or as server-sent events. Refuses unknown fields, text that no reply
could hold, and conversations of others.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from assistant.errors import AssistantError
from assistant.surfaces.admission import Admission, Ticket
from assistant.surfaces.chat.conversation import WAIT_S, report, say_ahead
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.chat.store import Store
from assistant.surfaces.export import export_html, export_markdown
from assistant.surfaces.gate import UPLOADS, failure
from assistant.surfaces.upload import NameTaken, take_in
from assistant.values import Stage

MAX_HISTORY = 100
"""Upper bound of the turns of a conversation; only the last ones count."""
MAX_RESULTS = 100
"""Upper bound of `k` in a search."""
MAX_CHOSEN = 1_000
"""Upper bound of the documents that a question is asked of."""
EVENTS = "text/event-stream"


def _is_text(given: str) -> str:
    """Refuse lone surrogates: JSON can spell them and no answer could be sent back."""
    given.encode()
    return given


Text = Annotated[str, AfterValidator(_is_text)]


Said = Annotated[tuple[Literal["user", "assistant"], Text], Field(strict=False)]
"""A turn: JSON has no tuples, so a list of two will do."""
Chosen = Annotated[list[Text], Field(max_length=MAX_CHOSEN)]


class AskBody(BaseModel):
    """What `POST /api/ask` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    history: Annotated[list[Said], Field(max_length=MAX_HISTORY)] = []
    documents: Chosen = []


class SearchBody(BaseModel):
    """What `POST /api/search` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: Text
    k: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 10
    documents: Chosen = []


def add_routes(app: FastAPI, assistant: Answering, store: Store, admission: Admission) -> None:
    """Add the API's routes to the app."""
    _add_asking(app, assistant, admission)
    _add_documents(app, assistant, store)
    _add_probes(app, assistant)


def _add_asking(app: FastAPI, assistant: Answering, admission: Admission) -> None:
    @app.post("/api/ask")
    async def ask(body: AskBody, request: Request) -> Response:
        with ExitStack() as place:  # joined before a thread is asked for: a refusal needs none
            ticket = place.enter_context(admission.join())
            if EVENTS in request.headers.get("accept", ""):
                return await _stream(assistant, ticket, place.pop_all(), body)
            return JSONResponse(await run_in_threadpool(_ask, assistant, ticket, body))

    @app.post("/api/search")
    def search(body: SearchBody) -> JSONResponse:
        found = assistant.search(body.query, body.k, documents=body.documents)
        return JSONResponse({"query": body.query, "results": [asdict(one) for one in found]})


def _add_documents(app: FastAPI, assistant: Answering, store: Store) -> None:
    @app.post(UPLOADS)
    async def add_document(name: str, request: Request) -> JSONResponse:
        settings = assistant.settings
        limit = settings.max_file_bytes
        try:
            is_new = await take_in(settings.corpus_dir, name, request.stream(), limit)
        except NameTaken as error:
            return failure(409, "NameTaken", str(error))
        except ClientDisconnect:
            return failure(400, "RequestError", "the file did not come whole")
        return JSONResponse({"name": name, "is_new": is_new}, status_code=201 if is_new else 200)

    @app.get("/conversations/{conversation_id}.{form}")
    def export(conversation_id: str, form: Literal["md", "html"], request: Request) -> Response:
        owner = str(request.state.owner)
        title = store.title(owner, conversation_id)
        turns = store.load(owner, conversation_id)
        if title is None or turns is None:
            return failure(404, "RequestError", "there is no such conversation")
        make = export_markdown if form == "md" else export_html
        kind = "text/markdown" if form == "md" else "text/html"
        name = quote(f"{title}.{form}".replace("/", "-"), safe="")
        attached = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(make(title, turns), media_type=kind, headers=attached)


def _add_probes(app: FastAPI, assistant: Answering) -> None:
    @app.get("/livez")
    def livez() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        if app.state.closing.is_set():
            return failure(503, "Closing", "the server is being stopped")
        return JSONResponse({"status": "ready", "index_version": assistant.index_version})


def _ask(assistant: Answering, ticket: Ticket, body: AskBody) -> dict[str, Any]:
    ticket.wait()
    return assistant.ask(body.question, body.history, documents=body.documents).to_dict()


async def _stream(
    assistant: Answering, ticket: Ticket, place: ExitStack, body: AskBody
) -> StreamingResponse:
    """Answer as events: `stage`, `partial` (what is verified so far), `answer`, or `error`."""
    events = _events(assistant, ticket, place, body)
    first = await run_in_threadpool(next, events)  # a question that is refused has a status
    return StreamingResponse(chain([first], _to_the_end(events)), media_type=EVENTS)


def _events(assistant: Answering, ticket: Ticket, place: ExitStack, body: AskBody) -> Iterator[str]:
    with place:
        while not ticket.wait(WAIT_S):
            yield _event("stage", {"name": "waiting", "detail": say_ahead(ticket.ahead)})
        made: dict[str, Any] = {}
        for step in assistant.stream(body.question, body.history, documents=body.documents):
            if isinstance(step, Stage):
                yield _event("stage", asdict(step))
            else:
                made = step.to_dict()
                yield _event("partial", made)
        yield _event("answer", made)


def _to_the_end(events: Iterator[str]) -> Iterator[str]:
    try:
        yield from events
    except AssistantError as error:
        yield _event("error", {"kind": type(error).__name__, "message": str(error)})
    except Exception:  # noqa: BLE001 (the edge: a defect becomes an event and a log entry)
        yield _event("error", {"kind": "InternalError", "message": report("answering")})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
