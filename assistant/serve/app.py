"""The assistant over HTTP: JSON API, probes and chat page in one FastAPI app.

`access` decides which requests come in, `api` has the routes, `chat/` the page. Failures are
responded to with a line of JSON. Each of several collections has an app of its own, which is
mounted in the one: none of its routes knows of another.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from assistant.answering import Answering, Collection
from assistant.errors import (
    AssistantError,
    Busy,
    CorpusError,
    DocumentChanged,
    DocumentUnreadable,
    ModelError,
    QuestionError,
    SettingsError,
    StoreError,
)
from assistant.serve.access import NO_ROUTE, AccessMiddleware, Reach, error_response
from assistant.serve.api import add_routes
from assistant.serve.background import RETRY_AFTER_S, Admission
from assistant.serve.chat.database import open_database
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import log_error
from assistant.serve.completions import add_completions
from assistant.serve.door import add_door
from assistant.serve.folder import NameTaken
from assistant.serve.mcp import add_mcp
from assistant.serve.metrics import add_metrics
from assistant.serve.reading import SEARCHING, Turns
from assistant.serve.requests import (
    HEADER,
    RateLimit,
    RequestMiddleware,
    TraceMiddleware,
    log_as_json,
)
from assistant.serve.visitors import COLLECTIONS, Readers, Visitors
from assistant.show.wording import DEFAULT, Wording

STATUSES: dict[type[AssistantError], int] = {
    QuestionError: 422,
    DocumentUnreadable: 415,
    NameTaken: 409,
    DocumentChanged: 409,
    CorpusError: 404,
    StoreError: 503,
    ModelError: 503,
    Busy: 503,
}
"""The HTTP status of each kind of error; the first that fits counts, and others are 500."""
UNREADABLE = (ValueError, RecursionError)
"""What Python says of JSON that is no UTF-8, nested too deep, or has a number of too many digits.
FastAPI takes none of these for a wrong body, as it does every other fault of JSON."""
NO_JSON = (
    "body: no JSON that can be read; it must be in UTF-8, its nesting and its numbers not long"
)
GRACE_S = 5
"""Seconds that open connections get after the server was asked to stop."""
FINISH_S = 3.0
"""Seconds of these that running answers get before they end with a notice."""


def build_app(
    served: Answering | Sequence[Collection], *, allowed_hosts: Sequence[str] = ()
) -> FastAPI:
    """Return the app of one assistant, or of several collections; see `_add_surfaces`.

    Requests must name the bound host, a loopback name or one of `allowed_hosts`
    (`"*"` allows every name; use it only behind a proxy that checks).

    Raises:
        StoreError: the conversations cannot be kept.
    """
    collections = served if isinstance(served, Sequence) else (Collection("", served),)
    settings = collections[0].assistant.settings
    app = _make_app()
    app.state.closing, app.state.ending = asyncio.Event(), asyncio.Event()
    app.state.searching = Turns(settings.n_asking, SEARCHING)
    reach = Reach(
        settings.host,
        (*settings.allowed_hosts, *allowed_hosts),
        trusted_proxies=settings.trusted_proxies,
        root_path=settings.root_path,
        frame_origins=settings.frame_origins,
    )
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(
        AccessMiddleware,
        reach=reach,
        visitors=Visitors(settings.users, settings.tokens, Readers(collections)),
        max_upload_bytes=settings.max_file_bytes,
        closing=app.state.closing,
        limit=RateLimit(settings.max_requests_per_minute),
    )
    if settings.tracing != "off":
        app.add_middleware(TraceMiddleware, settings=settings)
    app.add_middleware(RequestMiddleware, is_logging=settings.log == "json")
    app.state.security_headers = reach.headers
    admission = Admission(at_once=settings.n_asking, waiting=settings.n_waiting)
    parts = {one.name: _mount(app, one.name) if one.name else app for one in collections}
    add_door(app, [one.assistant for one in collections], parts)
    counted = {
        one.name: add_metrics(parts[one.name], one.assistant, admission) for one in collections
    }
    add_completions(app, counted, admission, reach.root_path)
    for name, assistant in counted.items():
        _add_surfaces(parts[name], assistant, admission, name)
    return app


def _make_app() -> FastAPI:
    app = FastAPI(title="assistant", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(AssistantError, _on_assistant_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected)
    return app


def _mount(app: FastAPI, name: str) -> FastAPI:
    """Mount the app of a collection, which lives as long as the whole."""
    part, whole = _make_app(), app.router.lifespan_context
    part.state = app.state
    app.mount(f"{COLLECTIONS}{name}", part)

    @asynccontextmanager
    async def lifespan(given: Any) -> AsyncIterator[Any]:
        async with whole(given) as state, part.router.lifespan_context(part):
            yield state

    app.router.lifespan_context = lifespan
    return part


def _add_surfaces(app: FastAPI, assistant: Answering, admission: Admission, name: str) -> None:
    """Add to the app what asks one folder: the chat at `/`, `/api/*` and `/mcp`."""
    database = open_database(assistant.settings)
    conversations, feedback = ConversationStore(database), FeedbackStore(database)
    add_routes(app, assistant, conversations, feedback, admission)
    add_mcp(app, assistant, admission)
    for path in ("/api", "/v1", "/conversations"):
        app.mount(path, _refuse_unknown)
    _mount_chat(app, assistant, conversations, feedback, admission, name)


async def _refuse_unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse what no route of the API takes, before the page's app says so in its own form."""
    await error_response(404, "RequestError", NO_ROUTE)(scope, receive, send)


def serve(
    served: Answering | Sequence[Collection],
    host: str,
    port: int,
    *,
    allowed_hosts: Sequence[str] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish running answers and return.

    `ready` is called with the page's URL once the port is bound.

    Raises:
        SettingsError: the address cannot be bound.
    """
    first = served[0].assistant if isinstance(served, Sequence) else served
    if first.settings.log == "json":
        log_as_json()
    with _bind(host, port) as listener:
        app = build_app(served, allowed_hosts=(host, *allowed_hosts))
        config = uvicorn.Config(
            app,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        if ready:
            ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        _Server(config, app).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that returns on a signal, so that the caller can close what it holds."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self.app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.closing.set()
        asyncio.get_running_loop().call_later(FINISH_S, self.app.state.ending.set)
        await super().shutdown(sockets)


def _mount_chat(
    app: FastAPI,
    assistant: Answering,
    conversations: ConversationStore,
    feedback: FeedbackStore,
    admission: Admission,
    name: str,
) -> None:
    """Build the chat inside an event loop and mount it at `/`.

    Outside of one, Gradio opens an event loop for each of its locks and closes none.
    """

    async def mount() -> None:
        import gradio

        from assistant.serve.chat.page import build_page, make_chat, page_options
        from assistant.serve.chat.shell import add_shell

        add_shell(app)
        chat = make_chat(assistant, conversations, feedback, admission, app.state.ending)
        gradio.mount_gradio_app(
            app,
            build_page(chat, name),
            path="/",
            show_error=False,
            run_history=False,
            footer_links=[],
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
            max_file_size=1,
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
            **page_options(),
        )

    with ThreadPoolExecutor(max_workers=1) as executor:  # the caller may be in a loop itself
        executor.submit(asyncio.run, mount()).result()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"port {port} on {host} is taken by another program; "
                f"choose another one with --port {port + 1 if port < 65535 else port - 1}"
            ) from error
        raise SettingsError(f"cannot listen on {host!r}, port {port}: {error.strerror}") from error
    return listener


async def _on_assistant_error(request: Request, error: Exception) -> JSONResponse:
    say = Wording(getattr(request.state, "language", DEFAULT))
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, Busy) else None
    return error_response(status, type(error).__name__, say.retell(str(error)), headers)


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in found[:3])
    return error_response(422, "RequestError", "; ".join(faults))


async def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, UNREADABLE):
        return error_response(422, "RequestError", NO_JSON)
    return error_response(status, "RequestError", str(getattr(error, "detail", error)))


async def _on_unexpected(request: Request, _: Exception) -> JSONResponse:
    # This handler runs outside the middleware.
    notice = log_error("answering a request")
    named = {HEADER: getattr(request.state, "request_id", "")}
    headers = {**request.app.state.security_headers, **named}
    return error_response(500, "InternalError", notice, headers)
