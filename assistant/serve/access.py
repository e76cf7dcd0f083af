"""The gate in front of every route: which requests come in, what every response carries.

Comes in: raw ASGI requests. Goes out: the same, with their owner in `scope["state"]["owner"]`, and
security headers on the response. Refuses foreign `Host` names (DNS rebinding), requests that
another site's page sends, people who are not logged in where users are set, sessions of others,
bodies that are too large or of unstated length, and Gradio's routes that the page does not need.
"""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.serve.identity import CHALLENGE, Visitor, Visitors
from assistant.settings import LOOPBACK

MAX_BODY_BYTES = 1_000_000
"""A question has 4,000 characters; the rest is room for Gradio's own bookkeeping."""
MAX_DIGITS = 18
"""Digits of a Content-Length; more are no number of bytes that anybody sends."""
WRONG_PASSWORD_S = 1.0
"""Seconds that a wrong password costs the one who guesses."""
UPLOADS = "/api/documents"
OPEN_TO_ALL = frozenset({"/livez", "/readyz"})
"""Probes tell nothing and are asked by machines that have no password."""
WILDCARD = frozenset({"0.0.0.0", "::"})
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's page needs both
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self'",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every response carries; no foreign origin appears in it."""

_GRADIO = "/gradio_api"
_HEARTBEAT = f"{_GRADIO}/heartbeat/"
_JOIN = f"{_GRADIO}/queue/join"
_DATA = f"{_GRADIO}/queue/data"
_NEEDED = frozenset(
    {"queue", "heartbeat", "startup-events", "app_id", "theme.css", "info", "user"}
    | {"login_check", "token"}
)
"""First part of the Gradio routes that the page uses; not file=, upload, run, call, cancel: a stop
goes through our own handler, which knows whose answer it is."""


class Gate:
    """ASGI middleware that refuses what should not come in and marks what goes out.

    Once `closing` is set, streams that would never end by themselves are ended.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bound: str,
        allowed: tuple[str, ...],
        visitors: Visitors,
        max_upload_bytes: int,
        closing: asyncio.Event,
    ) -> None:
        self.app = app
        self.closing = closing
        self.visitors = visitors
        self.max_upload_bytes = max_upload_bytes
        self.allowed = LOOPBACK | {bound.lower()} | {name.lower() for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request with a refusal, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        target: ASGIApp | None = self._refuse(scope)
        visitor = None if target else await self._identify(scope)
        if visitor is not None:
            scope.setdefault("state", {})["owner"] = visitor.owner
            receive, target = await self._admit(scope, receive, visitor.owner)
        cookie = visitor.cookie if visitor and scope["path"] == "/" else None
        await self._serve(target or _log_in(), scope, receive, _Marked(send, cookie))

    async def _serve(
        self, target: ASGIApp, scope: Scope, receive: Receive, send: "_Marked"
    ) -> None:
        """Let the target answer; end what would not end by itself once the server closes."""

        async def receive_until_closing() -> Message:
            return await _first(receive(), self.closing)

        endless = scope["path"].startswith(_HEARTBEAT)
        try:
            await target(scope, receive_until_closing if endless else receive, send)
        except asyncio.CancelledError:
            if not self.closing.is_set():
                raise
        if send.is_unfinished and self.closing.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _refuse(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._admits(host_name(host)):
            return failure(400, "HostError", f"this server does not answer to the name {host!r}")
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and is_foreign(headers):
            return failure(403, "OriginError", "another site's page may not send this")
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return failure(411, "RequestError", "the request needs a Content-Length")
        most = self.max_upload_bytes if scope["path"] == UPLOADS else MAX_BODY_BYTES
        if len(length) > MAX_DIGITS or int(length) > most:
            return failure(413, "RequestError", f"the body exceeds {most:,} bytes")
        if not is_needed(scope["path"]):
            return failure(404, "RequestError", "there is no such route")
        return None

    async def _identify(self, scope: Scope) -> Visitor | None:
        headers = Headers(scope=scope)
        if scope["path"] in OPEN_TO_ALL:
            return Visitor("nobody")
        visitor = self.visitors.identify(headers)
        if visitor is None and "authorization" in headers:
            await asyncio.sleep(WRONG_PASSWORD_S)
        return visitor

    async def _admit(self, scope: Scope, receive: Receive, owner: str) -> tuple[Receive, ASGIApp]:
        """Return how the request is read on and who answers it: nobody else's session comes in."""
        path, session = scope["path"].rstrip("/"), None
        if path == _JOIN:
            body = await _read(receive)
            receive = _replay(body, receive)
            session = _session_in(body)
        elif path == _DATA:
            named = QueryParams(scope["query_string"]).getlist("session_hash")
            session = named[0] if len(named) == 1 else ""  # of two, Gradio would take the other
        elif path.startswith(_HEARTBEAT):
            session = path.removeprefix(_HEARTBEAT)
        if session is not None and not self.visitors.claim(session, owner):
            return receive, failure(403, "SessionError", "this session is not yours")
        return receive, self.app

    def _admits(self, name: str) -> bool:
        if "*" in self.allowed or name in self.allowed:
            return True
        return bool(self.allowed & WILDCARD) and _is_address(name)


class _Marked:
    """A `send` that writes our headers on the response, and knows whether it has ended."""

    def __init__(self, send: Send, cookie: str | None) -> None:
        self._send = send
        self._cookie = cookie
        self.is_unfinished = False

    async def __call__(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start:
            headers = MutableHeaders(scope=message)
            headers.update(SECURITY_HEADERS)
            if self._cookie:
                headers.append("Set-Cookie", self._cookie)
        self.is_unfinished = is_start or message.get("more_body", False)
        await self._send(message)


def failure(status: int, kind: str, message: str) -> JSONResponse:
    """Return the JSON of a failure: its kind and one line for people."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status_code=status)


def host_name(host: str) -> str:
    """Return the name of a `Host` header, without port, brackets and case."""
    name, bracket, _ = host.removeprefix("[").partition("]")
    return (name if bracket else host.partition(":")[0]).lower().rstrip(".")


def is_needed(path: str) -> bool:
    """Tell whether a route is ours or one of the few of Gradio's that the page uses."""
    parts = path.lower().split("/")
    return f"/{parts[1]}" != _GRADIO or (len(parts) > 2 and parts[2] in _NEEDED)


def is_foreign(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page sends the request."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


def _log_in() -> JSONResponse:
    refused = failure(401, "LoginError", "a name and a password are needed")
    refused.headers["WWW-Authenticate"] = CHALLENGE
    return refused


def _is_address(name: str) -> bool:
    """An address cannot be rebound to another machine by DNS, unlike a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _read(receive: Receive) -> bytes:
    """Return a request's body; the server holds it to the Content-Length that was admitted."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that gives the body again, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _session_in(body: bytes) -> str:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    session = sent.get("session_hash") if isinstance(sent, dict) else None
    return session if isinstance(session, str) else ""


async def _first(message: Awaitable[Message], closing: asyncio.Event) -> Message:
    """Return the next message, or a disconnect when the server closes before it comes."""
    received, closed = asyncio.ensure_future(message), asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({received, closed}, return_when=asyncio.FIRST_COMPLETED)
        return received.result() if received.done() else {"type": "http.disconnect"}
    finally:
        received.cancel()
        closed.cancel()
