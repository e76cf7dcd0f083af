"""The routes of the HTTP API: ask, search, upload a file, export a conversation, probes.

Requests have passed `AccessMiddleware` and carry their owner. Answers are `Answer.to_dict()`, at
once or as server-sent events. When the client leaves, the work for it ends. Refused are unknown
fields, text that no response could hold, and other users' conversations.

A file that is uploaded, whose name and bytes are untrusted, appears directly in the folder, whole
or not at all. Refused are names that are not plain file names, kinds of files that cannot be read,
and anything that would overwrite a file.
"""

import asyncio
import errno
import json
import os
import secrets
import time
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import ExitStack, aclosing, closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from assistant.answering import Answering, streaming
from assistant.errors import AssistantError, CorpusError, DocumentUnreadable
from assistant.ingest.sniff import SUFFIXES, media_type
from assistant.ingest.walk import is_document_name
from assistant.serve.access import UPLOAD_PATH, error_response
from assistant.serve.background import Admission, Ticket, run_in_thread, run_until
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import CLOSING, QUEUE_POLL_S, describe_queue, log_error
from assistant.serve.reading import add_reading_routes
from assistant.show.export import export_html, export_markdown
from assistant.values import Stage

# --- Uploads

LINK_UNSUPPORTED = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
"""Errors of file systems without hard links."""
MAX_NAME_BYTES = 200
"""File systems allow 255; the rest is room for what programs append."""


class NameTaken(CorpusError):
    """The folder has another file with this name."""


def check_name(name: str) -> str:
    """Return the name in the form that the file gets (Unicode NFC).

    Raises:
        DocumentUnreadable: it is not a plain file name, or of a kind that cannot be read.
    """
    name = unicodedata.normalize("NFC", name)
    if not is_document_name(name) or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise DocumentUnreadable(
            f"{name[:MAX_NAME_BYTES]!r} is no plain file name: rename it, without slashes or "
            "control characters and not beginning with a dot"
        )
    if (suffix := Path(name).suffix.lower()) not in SUFFIXES:
        raise DocumentUnreadable(
            f"unsupported kind of file ({suffix or 'no suffix'}); supported: {' '.join(SUFFIXES)}"
        )
    return name


async def save_upload(
    corpus_dir: Path, name: str, parts: AsyncIterator[bytes], max_bytes: int
) -> bool:
    """Write a file into the folder; return False if the same file is there already.

    Raises:
        DocumentUnreadable: it cannot be read as a document, or is larger than `max_bytes`.
        NameTaken: another file has this name.
        CorpusError: the folder cannot be written.
    """
    name, data = check_name(name), bytearray()
    async for part in parts:
        data += part
        if len(data) > max_bytes:
            raise DocumentUnreadable(f"larger than {max_bytes:,} bytes")
    media_type(name, bytes(data))
    return await asyncio.to_thread(_write, corpus_dir, name, bytes(data))


def _write(corpus_dir: Path, name: str, data: bytes) -> bool:
    temporary = corpus_dir / f".incoming-{secrets.token_hex(8)}"  # hidden: no sync looks at it
    target = corpus_dir / name
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _move_without_overwriting(temporary, target)
    except FileExistsError:
        if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
            return False
        raise NameTaken(
            f"the folder has another file named {name!r}: rename yours, or replace that one in the "
            "folder itself"
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{name!r} cannot be written into {str(corpus_dir)!r} ({error.strerror}): see to the "
            "folder, its permissions and the free space"
        ) from error
    finally:
        with suppress(OSError):  # it was never made, or there is no such folder
            temporary.unlink()
    return True


def _move_without_overwriting(temporary: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError if the target exists."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in LINK_UNSUPPORTED:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        os.replace(temporary, target)


MAX_HISTORY = 100
"""Messages in a request's history; only the last ones count."""
MAX_RESULTS = 100
"""Passages that a search may ask for."""
MAX_DOCUMENTS = 1_000
"""Documents that a question can be limited to."""
KEEPALIVE_S = 5.0
"""Seconds after which an unchanged stage is sent again, so that no proxy drops the connection."""
EVENTS = "text/event-stream"
Event = tuple[str, dict[str, Any]]
"""The name of a server-sent event, and its data."""
CLIENT_GONE: Event = ("error", {"kind": "RequestError", "message": "the client has left"})
SERVER_CLOSING: Event = ("error", {"kind": "Closing", "message": CLOSING})


def _require_encodable(given: str) -> str:
    """Refuse lone surrogates: JSON may contain them, but a response could not."""
    given.encode()
    return given


Text = Annotated[str, AfterValidator(_require_encodable)]
Message = Annotated[tuple[Literal["user", "assistant"], Text], Field(strict=False)]
"""One message of the history: JSON has no tuples, so a list of two is taken."""
DocumentIds = Annotated[list[Text], Field(max_length=MAX_DOCUMENTS)]


class AskBody(BaseModel):
    """The body of `POST /api/ask`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    history: Annotated[list[Message], Field(max_length=MAX_HISTORY)] = []
    documents: DocumentIds = []
    as_: Literal["question", "document", "comparison", "folder"] | None = Field(None, alias="as")


class SearchBody(BaseModel):
    """The body of `POST /api/search`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: Text
    k: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 10
    documents: DocumentIds = []


def add_routes(
    app: FastAPI, assistant: Answering, conversations: ConversationStore, admission: Admission
) -> None:
    """Add the API's routes to the app."""
    _add_asking(app, assistant, admission)
    _add_documents(app, assistant, conversations)
    add_reading_routes(app, assistant)
    _add_probes(app, assistant)


def _add_asking(app: FastAPI, assistant: Answering, admission: Admission) -> None:
    @app.post("/api/ask")
    async def ask(body: AskBody, request: Request) -> Response:
        place = ExitStack()
        ticket = place.enter_context(admission.join())  # before a thread is taken
        steps = _answer_events(assistant, ticket, place, body)
        events = run_in_thread(_throttle(steps, is_ending=app.state.ending.is_set))
        if EVENTS in request.headers.get("accept", ""):
            first = await anext(events)  # a question that is refused at once gets an error status
            return _EventResponse(_encode_all(first, events), media_type=EVENTS)
        gone = _wait_for_disconnect(request.receive)
        name, data = await run_until(_last_event(events), gone) or CLIENT_GONE
        return JSONResponse(data) if name == "answer" else error_response(503, **data)

    @app.post("/api/search")
    def search(body: SearchBody) -> JSONResponse:
        found = assistant.search(body.query, body.k, documents=body.documents)
        return JSONResponse({"query": body.query, "results": [asdict(one) for one in found]})


def _add_documents(app: FastAPI, assistant: Answering, conversations: ConversationStore) -> None:
    @app.post(UPLOAD_PATH)
    async def add_document(name: str, request: Request) -> JSONResponse:
        settings = assistant.settings
        limit = settings.max_file_bytes
        try:
            is_new = await save_upload(settings.corpus_dir, name, request.stream(), limit)
        except NameTaken as error:
            return error_response(409, "NameTaken", str(error))
        except ClientDisconnect:
            return error_response(400, "RequestError", "the file did not come whole")
        return JSONResponse({"name": name, "is_new": is_new}, status_code=201 if is_new else 200)

    @app.get("/conversations/{conversation_id}.{form}")
    def export(conversation_id: str, form: Literal["md", "html"], request: Request) -> Response:
        owner = str(request.state.owner)
        title = conversations.title(owner, conversation_id)
        turns = conversations.load(owner, conversation_id)
        if title is None or turns is None:
            return error_response(404, "RequestError", "there is no such conversation")
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
            return error_response(503, "Closing", "the server is being stopped")
        return JSONResponse({"status": "ready", "index_version": assistant.index_version})


def _answer_events(
    assistant: Answering, ticket: Ticket, place: ExitStack, body: AskBody
) -> Generator[Event | None]:
    """Yield the events of a question: `stage`, `partial` (what is verified so far), `answer`.

    `place` holds its place in the queue, which is given up at the end.
    """
    with place:
        while not ticket.wait(QUEUE_POLL_S):
            yield "stage", {"name": "waiting", "detail": describe_queue(ticket.ahead)}
        answer: dict[str, Any] = {}
        with streaming(
            assistant, body.question, body.history, documents=body.documents, as_=body.as_
        ) as steps:
            for step in steps:
                if isinstance(step, Stage):
                    yield "stage", asdict(step)
                else:
                    answer = step.to_dict()
                    yield "partial", answer
        yield "answer", answer


def _throttle(
    events: Generator[Event | None], *, is_ending: Callable[[], bool]
) -> Generator[Event | None]:
    """Replace a repeated stage by None, but for one every `KEEPALIVE_S` as a sign of life.

    A None is not sent, yet it lets the work be ended in between when the client has left.

    Once the server ends, a question that is not answered yet ends with `SERVER_CLOSING`.
    """
    sent: Event | None = None
    sent_at = 0.0
    with closing(events):
        for event in events:
            if is_ending() and event and event[0] != "answer":
                yield SERVER_CLOSING
                return
            if event and event[0] == "stage":
                now = time.monotonic()
                if event == sent and now - sent_at < KEEPALIVE_S:
                    yield None
                    continue
                sent, sent_at = event, now
            yield event


async def _encode_all(
    first: Event | None, events: AsyncGenerator[Event | None]
) -> AsyncGenerator[str]:
    """Yield the events as text; an error becomes the last of them."""
    async with aclosing(events):
        try:
            yield _encode(first)
            async for event in events:
                if event:
                    yield _encode(event)
        except AssistantError as error:
            yield _encode(("error", {"kind": type(error).__name__, "message": str(error)}))
        except Exception:  # noqa: BLE001 (the edge: a defect becomes an event and a log entry)
            yield _encode(("error", {"kind": "InternalError", "message": log_error("answering")}))


async def _last_event(events: AsyncGenerator[Event | None]) -> Event:
    """Return the last event: the answer, unless the server ends."""
    last = CLIENT_GONE
    async with aclosing(events):
        async for event in events:
            last = event or last
    return last


def _encode(event: Event | None) -> str:
    """Return an event in the format of `text/event-stream`."""
    return f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n" if event else ""


class _EventResponse(StreamingResponse):
    """A stream of events whose generator is closed as soon as the client has left."""

    def __init__(self, events: AsyncGenerator[str], media_type: str) -> None:
        super().__init__(events, media_type=media_type)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the events until they end or the client leaves."""
        async with aclosing(self._events):
            await run_until(self.stream_response(send), _wait_for_disconnect(receive))


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
