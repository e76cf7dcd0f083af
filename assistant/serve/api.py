"""The routes of the HTTP API: ask, search, take in a file, take a conversation along, probes.

Comes in: requests that the gate has admitted, with their owner. Goes out: answers as
`Answer.to_dict()`, at once or as server-sent events. When the client leaves, the work for it ends.
Refuses unknown fields, text that no reply could hold, and conversations of others.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import ExitStack, aclosing, closing
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from assistant.answering import Answering, streaming
from assistant.errors import AssistantError
from assistant.serve.access import UPLOADS, failure
from assistant.serve.admission import Admission, Ticket
from assistant.serve.background import run_aside
from assistant.serve.chat.history import Store
from assistant.serve.chat.turns import CLOSING, WAIT_S, report, say_ahead
from assistant.serve.pictures import add_pictures
from assistant.serve.upload import NameTaken, take_in
from assistant.show.export import export_html, export_markdown
from assistant.values import Stage

MAX_HISTORY = 100
"""Upper bound of the turns of a conversation; only the last ones count."""
MAX_RESULTS = 100
"""Upper bound of `k` in a search."""
MAX_CHOSEN = 1_000
"""Upper bound of the documents that a question is asked of."""
KEEPALIVE_S = 5.0
"""Seconds after which a stage that goes on is told again, so that no proxy thinks it dead."""
EVENTS = "text/event-stream"
Event = tuple[str, dict[str, Any]]
"""The name of a server-sent event, and its data."""
GONE: Event = ("error", {"kind": "RequestError", "message": "the client has left"})
ENDED: Event = ("error", {"kind": "Closing", "message": CLOSING})
T = TypeVar("T")


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
    add_pictures(app, assistant)
    _add_probes(app, assistant)


def _add_asking(app: FastAPI, assistant: Answering, admission: Admission) -> None:
    @app.post("/api/ask")
    async def ask(body: AskBody, request: Request) -> Response:
        place = ExitStack()
        ticket = place.enter_context(admission.join())  # a refusal needs no thread
        steps = _steps(assistant, ticket, place, body)
        events = run_aside(_thin_out(steps, is_ending=app.state.ending.is_set))
        if EVENTS in request.headers.get("accept", ""):
            return await _stream(events)
        name, data = await until_left(_last(events), request.receive) or GONE
        return JSONResponse(data) if name == "answer" else failure(503, **data)

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


def _steps(
    assistant: Answering, ticket: Ticket, place: ExitStack, body: AskBody
) -> Generator[Event | None]:
    """Yield what happens to a question: `stage`, `partial` (what is verified so far), `answer`.

    None stands for nothing new: a step may be the last before the client has left.
    """
    with place:
        while not ticket.wait(WAIT_S):
            yield "stage", {"name": "waiting", "detail": say_ahead(ticket.ahead)}
        made: dict[str, Any] = {}
        with streaming(assistant, body.question, body.history, body.documents) as steps:
            for step in steps:
                if isinstance(step, Stage):
                    yield "stage", asdict(step)
                else:
                    made = step.to_dict()
                    yield "partial", made
        yield "answer", made


def _thin_out(
    events: Generator[Event | None], *, is_ending: Callable[[], bool]
) -> Generator[Event | None]:
    """Yield None for a stage that was told a moment ago; again after a while, as a sign of life.

    Once the server ends, what is not answered yet ends with that.
    """
    told: Event | None = None
    told_at = 0.0
    with closing(events):
        for event in events:
            if is_ending() and event and event[0] != "answer":
                yield ENDED
                return
            if event and event[0] == "stage":
                now = time.monotonic()
                if event == told and now - told_at < KEEPALIVE_S:
                    yield None
                    continue
                told, told_at = event, now
            yield event


async def _stream(events: AsyncGenerator[Event | None]) -> Response:
    """Answer as events; a question that is refused at once has a status instead."""
    first = await anext(events)
    return _Events(_to_the_end(first, events), media_type=EVENTS)


async def _to_the_end(
    first: Event | None, events: AsyncGenerator[Event | None]
) -> AsyncGenerator[str]:
    """Yield the events as they are sent, a failure as the last of them."""
    async with aclosing(events):
        try:
            yield _spell(first)
            async for event in events:
                if event:
                    yield _spell(event)
        except AssistantError as error:
            yield _spell(("error", {"kind": type(error).__name__, "message": str(error)}))
        except Exception:  # noqa: BLE001 (the edge: a defect becomes an event and a log entry)
            yield _spell(("error", {"kind": "InternalError", "message": report("answering")}))


async def _last(events: AsyncGenerator[Event | None]) -> Event:
    """Return the event that comes last: the answer, unless the server ends."""
    last = GONE
    async with aclosing(events):
        async for event in events:
            last = event or last
    return last


def _spell(event: Event | None) -> str:
    return f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n" if event else ""


class _Events(StreamingResponse):
    """A response whose content is let go as soon as the client has left."""

    def __init__(self, events: AsyncGenerator[str], media_type: str) -> None:
        super().__init__(events, media_type=media_type)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the events until they end, or the client leaves."""
        async with aclosing(self._events):
            await until_left(self.stream_response(send), receive)


async def until_left(work: Coroutine[Any, Any, T], receive: Receive) -> T | None:
    """Do the work and return what comes of it; give it up, with None, when the client leaves."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_leave(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
