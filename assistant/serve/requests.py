"""What is kept of each request: an id, a line in the log, and how many its sender has sent of late.

`RequestMiddleware` stands before all others. It gives each response the header `X-Request-ID`, that
of the request where it is well-formed, and logs a line of JSON if it is asked to: never the
address with its query, a body, a header or a token, but the pattern of the route. Within the server
the id is in `scope["state"]["request_id"]`, and in every line that is logged for the request.
`TraceMiddleware` reads off a request which span of OpenTelemetry its sender is in.
"""

import ipaddress
import json
import logging
import math
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.settings import Settings
from assistant.tracing import TRACE_FIELDS, continue_trace

HEADER = "X-Request-ID"
ROUTE = "route"
"""Where the state of a request has the pattern of its route."""
MAX_SENDERS = 10_000
"""Senders whose requests are counted; who was seen longest ago is forgotten first."""
MINUTE_S = 60.0

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)
logger = logging.getLogger(__name__)


class RequestMiddleware:
    """ASGI middleware that names each request; with `is_logging` it logs a line for each."""

    def __init__(self, app: ASGIApp, *, is_logging: bool = False) -> None:
        self.app = app
        self.is_logging = is_logging

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(HEADER, "")
        request_id = sent if _ID.fullmatch(sent) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status, begun = int(HTTPStatus.INTERNAL_SERVER_ERROR), time.monotonic()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        _current.set(request_id)  # of this request's task, whose errors are told further out
        try:
            await self.app(scope, receive, send_named)
        finally:
            if self.is_logging:
                self._log(scope, status, time.monotonic() - begun)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        state = scope["state"]
        kind, _, name = str(state.get("owner", "")).partition(":")
        told = {
            "method": scope["method"],
            "route": state.get(ROUTE),
            "status": status,
            "seconds": round(seconds, 4),
            "user": name if kind == "user" else None,
        }
        logger.info("request", extra={"told": told})


def name_route(scope: Scope) -> str | None:
    """Return the pattern of the route that a request has met, such as `/api/trash/{key}`."""
    root_path, route = scope.get("root_path", ""), scope.get("route")
    if isinstance(route, Mount):  # of what is mounted nothing was met
        return root_path or None
    pattern = getattr(route, "path", None)
    return None if pattern is None else f"{root_path}{pattern}"


class TraceMiddleware:
    """ASGI middleware: questions are traced below the span that their request names."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on below that span."""
        sent = Headers(scope=scope) if scope["type"] == "http" else Headers()
        # Of several lines those of a tracestate are one list, and those of a traceparent are none
        with continue_trace(
            self.settings, {name: ",".join(sent.getlist(name)) for name in TRACE_FIELDS}
        ):
            await self.app(scope, receive, send)


class JsonLines(logging.Formatter):
    """Writes what is logged as JSON, a line each, with the id of the request that it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _current.get():
            told["id"] = request_id
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def log_as_json() -> None:
    """Write all that this process logs from now on as lines of JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())


class RateLimit:
    """How many requests each sender may send: so many at once, and as many again in each minute.

    Safe to share between threads. `clock` tells seconds.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, sender: str) -> int:
        """Count a request; return 0, or after how many seconds its sender may send the next."""
        if self._per_minute is None:
            return 0
        sender, now = _network_of(sender), self._clock()
        with self._lock:
            left, seen = self._left.pop(sender, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - seen) * self._per_minute / MINUTE_S)
            is_taken = left >= 1
            self._left[sender] = (left - is_taken, now)
            if len(self._left) > MAX_SENDERS:
                self._left.popitem(last=False)
        return 0 if is_taken else max(1, math.ceil((1 - left) * MINUTE_S / self._per_minute))


def _network_of(sender: str) -> str:
    """Return the network of an IPv6 address, of which a machine has as many as it likes."""
    try:
        address = ipaddress.IPv6Address(sender)
    except ValueError:
        return sender
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
