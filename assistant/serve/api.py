"""The routes of the HTTP API: ask, search, documents, feedback, export of a conversation.

Requests have passed `AccessMiddleware` and carry their owner. Answers are `Answer.to_dict()`, at
once or as server-sent events. When the client leaves, the work for it ends. Refused are unknown
fields, text that no response could hold, and other users' conversations.
"""

import json
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, aclosing, closing
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from assistant.answering import Answering, streaming
from assistant.errors import AssistantError
from assistant.serve.access import EVENTS, UPLOAD_PATH, error_response
from assistant.serve.background import Admission, Ticket, run_in_thread, run_until
from assistant.serve.chat.corpus import MAX_WORDS_CHARS, Order, choose_records
from assistant.serve.chat.feedback import (
    MAX_COMMENT_CHARS,
    UNHELPFUL,
    FeedbackStore,
    GivenAnswers,
)
from assistant.serve.chat.history import LAST_NUMBER, ConversationStore
from assistant.serve.chat.turns import (
    CLOSING,
    QUEUE_POLL_S,
    Rating,
    describe_queue,
    log_error,
)
from assistant.serve.folder import list_removed, purge, remove, rename, restore, save_upload
from assistant.serve.reading import MAX_LOADING, Turns, add_reading_routes
from assistant.serve.visitors import NAMED
from assistant.settings import Settings
from assistant.show.export import CopyForm, copy_answer, export_html, export_markdown
from assistant.show.wording import Wording
from assistant.values import Answer, Stage

MAX_HISTORY = 100
"""Messages in a request's history; only the last ones count."""
MAX_RESULTS = 100
"""Passages that a search may ask for."""
MAX_ID_CHARS = 128
MAX_LISTED = 1_000
"""Documents that are listed at once."""
MAX_DOCUMENTS = 1_000
"""Documents that a question can be limited to."""
SYNC_POLL_S = 0.2
"""Seconds between two looks at a sync that another has begun."""
KEEPALIVE_S = 5.0
"""Seconds after which an unchanged stage is sent again, so that no proxy drops the connection."""
OF_A_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}
"""What the schema says of a body that is the bytes of a file."""
Event = tuple[str, dict[str, Any] | Answer]
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


class FeedbackBody(BaseModel):
    """The body of `POST /api/feedback`; `answer` is the id of the request that asked for it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answer: Annotated[Text, Field(max_length=MAX_ID_CHARS)]
    rating: Rating | None = None
    comment: Annotated[Text, Field(max_length=MAX_COMMENT_CHARS)] = ""
    wrong: Annotated[list[int], Field(max_length=MAX_RESULTS)] = []


class RenameBody(BaseModel):
    """The body of `PATCH /api/documents/ID`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Text


def add_routes(
    app: FastAPI,
    assistant: Answering,
    conversations: ConversationStore,
    feedback: FeedbackStore,
    admission: Admission,
) -> None:
    """Add the API's routes to the app."""
    given = GivenAnswers()
    _add_asking(app, assistant, admission, given)
    _add_feedback(app, feedback, given)
    syncing = _Syncing(assistant)
    _add_documents(app, assistant, syncing)
    _add_sync(app, syncing)
    _add_conversations(app, conversations)
    add_reading_routes(app, assistant)


def _name_of(request: Request) -> str:
    """Return who sends a request, "" where nobody is named: a program keeps no cookie."""
    owner = str(request.state.owner)
    return owner if owner.startswith(NAMED) else ""


def _add_feedback(app: FastAPI, feedback: FeedbackStore, given: GivenAnswers) -> None:
    @app.post("/api/feedback", summary="Say what an answer was worth")
    def judge(body: FeedbackBody, request: Request) -> JSONResponse:
        one = given.find(_name_of(request), body.answer)
        if one is None:
            return error_response(404, "RequestError", "there is no such answer, or not any more")
        numbers = one.numbers
        if unknown := set(body.wrong) - numbers:
            return error_response(422, "RequestError", f"it has no citation {min(unknown)}")
        named = (one.conversation_id, one.turn, one.history)
        feedback.rate(*named, body.rating)
        feedback.comment(one.conversation_id, 1, body.comment if body.rating in UNHELPFUL else "")
        for number in numbers:
            feedback.flag(*named, number, is_wrong=number in body.wrong)
        return JSONResponse({"answer": body.answer})


def _add_asking(
    app: FastAPI, assistant: Answering, admission: Admission, given: GivenAnswers
) -> None:
    @app.post("/api/ask", summary="Ask a question")
    async def ask(body: AskBody, request: Request) -> Response:
        events = answer_events(assistant, admission, body, app.state.ending.is_set)
        asked = (_name_of(request), request.state.request_id, body.question, body.history)
        events = _keep_answer(events, partial(given.keep, *asked))
        if EVENTS in request.headers.get("accept", ""):
            first = await anext(events)  # a question that is refused at once gets an error status
            return EventResponse(
                _encode_all(first, events, Wording(request.state.language)), media_type=EVENTS
            )
        outcome = await wait_for_answer(request, events)
        if isinstance(outcome, Answer):
            return JSONResponse(outcome.to_dict())
        return error_response(503, **outcome)

    @app.post("/api/search", summary="Find the passages nearest to words or a question")
    def search(body: SearchBody) -> JSONResponse:
        with app.state.searching.take():
            found = assistant.search(body.query, body.k, documents=body.documents)
        return JSONResponse({"query": body.query, "results": [asdict(one) for one in found]})


def _add_documents(app: FastAPI, assistant: Answering, syncing: "_Syncing") -> None:
    settings = assistant.settings
    document_path = f"{UPLOAD_PATH}/{{document:path}}"

    @app.get(UPLOAD_PATH, summary="List the documents")
    def list_documents(
        words: Annotated[str, Query(max_length=MAX_WORDS_CHARS)] = "",
        order: Order = Order.NAME,
        start: Annotated[int, Query(ge=0)] = 0,
        n: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 100,
    ) -> JSONResponse:
        found = choose_records(assistant.documents(), words, order)
        listed = [asdict(one) for one in found[start : start + n]]
        return JSONResponse({"total": len(found), "start": start, "documents": listed})

    taking = [Depends(Turns(MAX_LOADING, "files are being taken in").hold)]
    told = "Add a file to the folder"

    @app.post(UPLOAD_PATH, summary=told, openapi_extra=OF_A_FILE, dependencies=taking)
    async def add_document(name: str, request: Request, sync: bool = False) -> JSONResponse:
        limit = settings.max_file_bytes
        try:
            is_new = await save_upload(settings.corpus_dir, name, request.stream(), limit)
        except (ClientDisconnect, TimeoutError):
            return error_response(400, "RequestError", "the file did not come whole")
        if sync:
            syncing.begin()
        return JSONResponse({"name": name, "is_new": is_new}, status_code=201 if is_new else 200)

    @app.delete(document_path, summary="Move a document into the trash")
    def remove_document(document: str) -> JSONResponse:
        return JSONResponse({"document_id": document, "key": remove(settings, document)})

    @app.patch(document_path, summary="Give a file another name")
    def rename_document(document: str, body: RenameBody) -> JSONResponse:
        return JSONResponse({"document_id": rename(settings, document, body.name)})

    _add_trash(app, settings)


def _add_trash(app: FastAPI, settings: Settings) -> None:
    @app.post("/api/trash/{key}", summary="Bring a removed file back")
    def restore_document(key: str) -> JSONResponse:
        return JSONResponse({"document_id": restore(settings, key)}, status_code=201)

    @app.get("/api/trash", summary="List what is in the trash")
    def list_trash() -> JSONResponse:
        return JSONResponse({"removed": [asdict(one) for one in list_removed(settings)]})

    @app.delete("/api/trash", summary="Delete for good all that is in the trash")
    def empty_trash() -> JSONResponse:
        return JSONResponse({"deleted": purge(settings)})

    @app.delete("/api/trash/{key}", summary="Delete a removed file for good")
    def delete_removed(key: str) -> JSONResponse:
        return JSONResponse({"deleted": purge(settings, key)})


class _Syncing:
    """Brings the index in step while others ask, one sync at a time, and keeps how the last ended.

    What is asked for while a sync runs comes after it: what has changed since then is not in its
    plan. Safe to share between threads.
    """

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_due = False
        self._ended: dict[str, Any] = {"report": None, "error": None}

    def begin(self) -> bool:
        """Begin a sync, or see to it that another follows; whether it could begin at once."""
        with self._lock:
            self._is_due = True
            if self._thread is not None:
                return False
            is_free = self._assistant.progress is None
            self._thread = threading.Thread(target=self._run_all, name="sync", daemon=True)
            self._thread.start()
            return is_free

    def state(self) -> dict[str, Any]:
        """Return how far the sync is that runs, and how the last one that was asked for ended."""
        progress = self._assistant.progress
        return {
            "is_running": self._thread is not None or progress is not None,
            "progress": progress and {**asdict(progress), "doing": progress.doing},
            "synced_at": self._assistant.synced_at,
            **self._ended,
        }

    def _run_all(self) -> None:
        while True:
            with self._lock:
                if not self._is_due:
                    self._thread = None
                    return
            while self._assistant.progress is not None:  # of one that the page or its start began
                time.sleep(SYNC_POLL_S)
            self._is_due = False
            self._run()

    def _run(self) -> None:
        try:
            self._ended = {"report": asdict(self._assistant.sync()), "error": None}
        except AssistantError as error:
            told = {"kind": type(error).__name__, "message": str(error)}
            self._ended = {"report": None, "error": told}
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            told = {"kind": "InternalError", "message": log_error("a sync")}
            self._ended = {"report": None, "error": told}


def _add_sync(app: FastAPI, syncing: _Syncing) -> None:
    @app.post("/api/sync", summary="Bring the index in step with the folder")
    def begin() -> JSONResponse:
        status = 202 if syncing.begin() else 200
        return JSONResponse(syncing.state(), status_code=status)

    @app.get("/api/sync", summary="Tell how far a sync is, and how the last one ended")
    def look() -> JSONResponse:
        return JSONResponse(syncing.state())


def _add_conversations(app: FastAPI, conversations: ConversationStore) -> None:
    begun = secrets.token_hex(4)

    @app.get("/api/changes", summary="Tell whether one's conversations have changed")
    def changes(request: Request) -> JSONResponse:
        return JSONResponse({"version": f"{begun}-{conversations.version(request.state.owner)}"})

    @app.get("/conversations/{conversation_id}/{number}", summary="Copy an answer")
    def copy(
        conversation_id: str, number: int, request: Request, form: CopyForm = "sources"
    ) -> Response:
        number = max(0, min(number, LAST_NUMBER))
        limits = {"since": number, "before": number + 1}
        turns = conversations.load(str(request.state.owner), conversation_id, **limits) or ()
        outcome = next((turn.outcome for turn in turns), None)
        if not isinstance(outcome, Answer):
            return error_response(404, "RequestError", "there is no such answer")
        copied = copy_answer(outcome, form, Wording(request.state.language))
        return PlainTextResponse(copied.encode("utf-8", "replace"))

    @app.get("/conversations/{conversation_id}.{form}", summary="Export a conversation")
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
        page = make(title, turns, Wording(request.state.language))
        return Response(page, media_type=kind, headers=attached)


def answer_events(
    assistant: Answering, admission: Admission, body: AskBody, is_ending: Callable[[], bool]
) -> AsyncGenerator[Event | None]:
    """Yield the events of a question: `stage`, `partial` (what is verified so far), `answer`.

    A None in between is a sign of life. The place in the queue is held until the work has ended,
    which is after its present step where nobody waits any more.

    Raises:
        Busy: too many questions wait.
    """
    place = ExitStack()
    ticket = place.enter_context(admission.join())  # before a thread is taken
    steps = _answer(assistant, ticket, place, body)
    return run_in_thread(_throttle(steps, is_ending=is_ending))


async def wait_for_answer(
    request: Request, events: AsyncGenerator[Event | None]
) -> Answer | dict[str, Any]:
    """Return the answer, or the kind and the message of why there is none."""
    gone = wait_for_disconnect(request.receive)
    name, data = await run_until(_last_event(events), gone) or CLIENT_GONE
    assert name in ("answer", "error"), name
    return data if isinstance(data, Answer) else retell_error(data, Wording(request.state.language))


def retell_error(told: dict[str, Any], say: Wording) -> dict[str, Any]:
    """Return what is told of an error in a language."""
    return {**told, "message": say.retell(told["message"])}


async def _keep_answer(
    events: AsyncGenerator[Event | None], keep: Callable[[Answer], None]
) -> AsyncGenerator[Event | None]:
    """Yield the events; keep the answer before it is sent."""
    async with aclosing(events):
        async for event in events:
            if event and event[0] == "answer" and isinstance(event[1], Answer):
                keep(event[1])
            yield event


def _answer(
    assistant: Answering, ticket: Ticket, place: ExitStack, body: AskBody
) -> Generator[Event | None]:
    """Yield the events; `place` holds the place in the queue, which is given up at the end."""
    with place:
        while not ticket.wait(QUEUE_POLL_S):
            yield "stage", {"name": "waiting", "detail": describe_queue(ticket.ahead)}
        answer: Answer | None = None
        with streaming(
            assistant, body.question, body.history, documents=body.documents, as_=body.as_
        ) as steps:
            for step in steps:
                if isinstance(step, Stage):
                    yield "stage", asdict(step)
                else:
                    answer = step
                    yield "partial", answer
        assert answer, "the last step is the answer"
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
    first: Event | None, events: AsyncGenerator[Event | None], say: Wording
) -> AsyncGenerator[str]:
    """Yield the events as text; an error becomes the last of them."""
    async with aclosing(events):
        try:
            yield _encode(first, say)
            async for event in events:
                if event:
                    yield _encode(event, say)
        except AssistantError as error:
            yield _encode(("error", {"kind": type(error).__name__, "message": str(error)}), say)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes an event and a log entry)
            told = {"kind": "InternalError", "message": log_error("answering")}
            yield _encode(("error", told), say)


async def _last_event(events: AsyncGenerator[Event | None]) -> Event:
    """Return the last event: the answer, unless the server ends."""
    last = CLIENT_GONE
    async with aclosing(events):
        async for event in events:
            last = event or last
    return last


def _encode(event: Event | None, say: Wording) -> str:
    """Return an event in the format of `text/event-stream`."""
    if not event:
        return ""
    name, data = event
    plain = data.to_dict() if isinstance(data, Answer) else data
    plain = retell_error(plain, say) if name == "error" else plain
    return f"event: {name}\ndata: {json.dumps(plain)}\n\n"


class EventResponse(StreamingResponse):
    """A stream of events whose generator is closed as soon as the client has left."""

    def __init__(self, events: AsyncGenerator[str], media_type: str) -> None:
        super().__init__(events, media_type=media_type)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the events until they end or the client leaves."""
        async with aclosing(self._events):
            await run_until(self.stream_response(send), wait_for_disconnect(receive))


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
