"""The gate in front of every route: which requests come in, what every response carries.

Comes in: raw ASGI requests. Goes out: the same with security headers on the response.
Refuses foreign `Host` names (DNS rebinding), bodies that are too large or of unstated
length, and the Gradio routes that the chat page does not need.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1_000_000
"""A question has 4,000 characters; the rest is room for Gradio's own bookkeeping."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARD = frozenset({"0.0.0.0", "::"})
SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's page needs both
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
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
_ENDLESS = f"{_GRADIO}/heartbeat/"
_NEEDED = frozenset(
    {"queue", "heartbeat", "cancel", "reset", "startup-events", "app_id", "theme.css", "info"}
    | {"user", "login_check", "token"}
)
"""First part of the Gradio routes that the page uses; not file=, proxy=, upload, run, call."""


class Gate:
    """ASGI middleware that refuses what should not come in and marks what goes out.

    Once `closing` is set, streams that would never end by themselves are ended.
    """

    def __init__(
        self, app: ASGIApp, *, bound: str, allowed: tuple[str, ...], closing: asyncio.Event
    ) -> None:
        self.app = app
        self.closing = closing
        self.allowed = LOOPBACK | {bound.lower()} | {name.lower() for name in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request with a refusal, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        unfinished = False

        async def send_marked(message: Message) -> None:
            nonlocal unfinished
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        async def receive_until_closing() -> Message:
            return await _first(receive(), self.closing)

        endless = scope["path"].startswith(_ENDLESS)
        target = self._refuse(scope) or self.app
        try:
            await target(scope, receive_until_closing if endless else receive, send_marked)
        except asyncio.CancelledError:
            if not self.closing.is_set():
                raise
        if unfinished and self.closing.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _refuse(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._admits(host_name(host)):
            return failure(400, "HostError", f"this server does not answer to the name {host!r}")
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return failure(411, "RequestError", "the request needs a Content-Length")
        if int(length) > MAX_BODY_BYTES:
            return failure(413, "RequestError", f"the body exceeds {MAX_BODY_BYTES:,} bytes")
        if not is_needed(scope["path"]):
            return failure(404, "RequestError", "there is no such route")
        return None

    def _admits(self, name: str) -> bool:
        if "*" in self.allowed or name in self.allowed:
            return True
        return bool(self.allowed & WILDCARD) and _is_address(name)


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


def _is_address(name: str) -> bool:
    """An address cannot be rebound to another machine by DNS, unlike a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _first(message: Awaitable[Message], closing: asyncio.Event) -> Message:
    """Return the next message, or a disconnect when the server closes before it comes."""
    received, closed = asyncio.ensure_future(message), asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({received, closed}, return_when=asyncio.FIRST_COMPLETED)
        return received.result() if received.done() else {"type": "http.disconnect"}
    finally:
        received.cancel()
        closed.cancel()
