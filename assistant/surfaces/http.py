"""The assistant over HTTP: JSON API, probes and the chat page in one FastAPI app.

Comes in: the assistant, and requests from anyone who reaches the port. Goes out: answers
as `Answer.to_dict()`, failures as one line of JSON. Refuses foreign hosts, large bodies,
unknown fields and every Gradio route that the chat page does not need.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from types import FrameType
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from assistant.errors import (
    AssistantError,
    CorpusError,
    ModelError,
    QuestionError,
    SettingsError,
    StoreError,
)
from assistant.surfaces.chat.conversation import report
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.gate import SECURITY_HEADERS, Gate, failure

STATUSES: dict[type[AssistantError], int] = {
    QuestionError: 422,
    CorpusError: 404,
    StoreError: 503,
    ModelError: 503,
}
"""The HTTP status of each kind of failure; the rest are 500."""
MAX_HISTORY = 100
"""Upper bound of the turns of a conversation; only the last ones count."""
MAX_RESULTS = 100
"""Upper bound of `k` in a search."""
GRACE_S = 5
"""Seconds that running answers get when the server is asked to stop."""


def _is_text(given: str) -> str:
    """Refuse lone surrogates: JSON can spell them and no answer could be sent back."""
    given.encode()
    return given


Text = Annotated[str, AfterValidator(_is_text)]


Said = Annotated[tuple[Literal["user", "assistant"], Text], Field(strict=False)]
"""A turn: JSON has no tuples, so a list of two will do."""


class AskBody(BaseModel):
    """What `POST /api/ask` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Text
    history: Annotated[list[Said], Field(max_length=MAX_HISTORY)] = []


class SearchBody(BaseModel):
    """What `POST /api/search` takes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: Text
    k: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 10


def build_app(assistant: Answering, *, allowed_hosts: Sequence[str] = ()) -> FastAPI:
    """Return the app: `/api/*`, `/livez`, `/readyz`, and the chat at `/`.

    Requests must name the bound host, a loopback name or one of `allowed_hosts`
    (`"*"` allows every name; use it only behind a proxy that checks).
    """
    app = FastAPI(title="assistant", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.state.closing = asyncio.Event()
    app.add_middleware(
        Gate,
        bound=assistant.settings.host,
        allowed=tuple(allowed_hosts),
        closing=app.state.closing,
    )
    app.add_exception_handler(AssistantError, _on_assistant_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_defect)
    _add_routes(app, assistant)
    _mount_chat(app, assistant)
    return app


def serve(
    assistant: Answering,
    host: str,
    port: int,
    *,
    allowed_hosts: Sequence[str] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish running answers and return.

    `ready` is called with the page's address once it is bound.

    Raises:
        SettingsError: the address cannot be bound.
    """
    with _bind(host, port) as listener:
        app = build_app(assistant, allowed_hosts=(host, *allowed_hosts))
        config = uvicorn.Config(
            app,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        if ready:
            ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        _Server(config, app.state.closing).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Stops by returning, so that the caller can close what it holds."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self.closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.closing.set()
        await super().shutdown(sockets)


def _add_routes(app: FastAPI, assistant: Answering) -> None:
    @app.post("/api/ask")
    def ask(body: AskBody) -> JSONResponse:
        return JSONResponse(assistant.ask(body.question, body.history).to_dict())

    @app.post("/api/search")
    def search(body: SearchBody) -> JSONResponse:
        found = assistant.search(body.query, k=body.k)
        return JSONResponse({"query": body.query, "results": [asdict(one) for one in found]})

    @app.get("/livez")
    def livez() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        return JSONResponse({"status": "ready", "index_version": assistant.index_version})


def _mount_chat(app: FastAPI, assistant: Answering) -> None:
    """Mount the chat at `/`, building it inside an event loop.

    Outside of one, Gradio opens a loop for each of its locks and closes none.
    """

    async def mount() -> None:
        import gradio

        from assistant.surfaces.chat.page import build_chat, page_options

        gradio.mount_gradio_app(
            app,
            build_chat(assistant),
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

    with ThreadPoolExecutor(max_workers=1) as aside:  # the caller may be inside a loop itself
        aside.submit(asyncio.run, mount()).result()


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


async def _on_assistant_error(_: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    return failure(status, type(error).__name__, str(error))


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in found[:3])
    return failure(422, "RequestError", "; ".join(faults))


async def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return failure(status, "RequestError", str(getattr(error, "detail", error)))


async def _on_defect(_: Request, __: Exception) -> JSONResponse:
    response = failure(500, "InternalError", report("answering a request"))
    response.headers.update(SECURITY_HEADERS)  # this handler runs outside of the gate
    return response
