"""Middleware in front of every route: who may send a request, and headers for every response.

Takes raw ASGI requests and passes them on with their owner in `scope["state"]["owner"]`, the
language that they want to be told in and the `collections` that they may read beside it. Refused
are foreign `Host` names (DNS rebinding), requests that another site's page sends, people who are
not logged in where users are set, too many requests, other users' sessions and collections, bodies
that are too large or of unstated length, and Gradio routes that the page does not need.

A proxy before the server is believed what it says of a request (`X-Forwarded-Host`, `-Proto`) where
its address is named; of all others these headers are dropped, before anything else reads them.
"""

import asyncio
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.serve.background import run_until
from assistant.serve.requests import ROUTE, RateLimit, name_route
from assistant.serve.visitors import NAMED, Visitor, Visitors
from assistant.settings import LOOPBACK
from assistant.show.wording import choose_language

LANGUAGE_COOKIE = "assistant_language"
"""What the page's reader has chosen; its script sets it."""
CHALLENGE = 'Basic realm="assistant", charset="UTF-8"'
EVENTS = "text/event-stream"
_ASSETS = "/assets/"
FOR_GOOD = "max-age=31536000, immutable"
"""Gradio's files have a hash of their content in their names."""
FOREIGN = (
    "another site's page may not send this. If it is no other site: this server was asked for as "
    "{host!r}; the proxy before it has to pass on the Host that the browser sent"
)
MAX_BODY_BYTES = 1_000_000
"""A question has at most 4,000 characters; the rest is room for Gradio's own data."""
MAX_DIGITS = 18
"""Digits of a Content-Length; a longer one is refused before it is read as a number."""
WRONG_PASSWORD_DELAY_S = 1.0
"""Seconds that a request with a wrong password has to wait, against guessing."""
UPLOAD_PATH = "/api/documents"
PUBLIC_PATHS = frozenset({"/livez", "/readyz"})
"""Probes reveal nothing, and the machines that send them have no password."""
UNLIMITED = PUBLIC_PATHS | {"/api/changes"}
"""What is asked for again and again, and costs nothing: of who is known it is not counted."""
NO_ROUTE = "there is no such route"
"""Said of a collection of others, too."""
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})
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
"""Sent with every response; they allow no other origin."""


def security_headers(frame_origins: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of every response; pages of these origins may show ours in a frame."""
    if not frame_origins:
        return SECURITY_HEADERS
    headers = {name: one for name, one in SECURITY_HEADERS.items() if name != "X-Frame-Options"}
    policy, framed = "Content-Security-Policy", " ".join(frame_origins)
    headers[policy] = headers[policy].replace("ancestors 'none'", f"ancestors 'self' {framed}")
    return headers


_FORWARDED = re.compile(rb"(x-)?forwarded(-.*)?|x-real-ip|x-original-.*|x-rewrite-.*")
"""Headers by which proxies tell of a request; Gradio would believe some of anybody."""


class Reach:
    """How browsers reach the server: by which names and path, through which proxies and frames.

    It answers to the host that it is `bound` to and to the `allowed` names; "*" allows all of them.
    """

    def __init__(
        self,
        bound: str,
        allowed: Sequence[str] = (),
        *,
        trusted_proxies: Sequence[str] = (),
        root_path: str = "",
        frame_origins: Sequence[str] = (),
    ) -> None:
        self._allowed = LOOPBACK | {bound.lower()} | {name.lower() for name in allowed}
        self._trusted = [ipaddress.ip_network(one, strict=False) for one in trusted_proxies]
        self.root_path = root_path
        self.is_framed = bool(frame_origins)
        self.headers = security_headers(frame_origins)

    def allows_host(self, name: str) -> bool:
        """Whether the server answers to this name."""
        if "*" in self._allowed or name in self._allowed:
            return True
        return bool(self._allowed & ANY_ADDRESS) and _is_address(name)

    def unwrap(self, scope: Scope) -> Scope:
        """Return a request as its browser sent it, at the path that it has without the root path.

        Of several values the last one counts: it is that of the nearest proxy.
        """
        given = Headers(scope=scope)
        kept = [(name, one) for name, one in scope["headers"] if not _FORWARDED.fullmatch(name)]
        unwrapped = {**scope, "headers": kept}
        if self._trusts(scope):
            host, scheme = (_last_of(given, f"x-forwarded-{name}") for name in ("host", "proto"))
            if host:
                others = [(name, one) for name, one in kept if name != b"host"]
                unwrapped["headers"] = [(b"host", host.encode("latin-1")), *others]
            if scheme in {"http", "https"}:
                unwrapped["scheme"] = scheme
            if _is_address(address := _last_of(given, "x-forwarded-for")):
                unwrapped["client"] = (address, 0)
        path, root = scope["path"], self.root_path
        if root and (path == root or path.startswith(f"{root}/")):
            unwrapped["path"] = path[len(root) :] or "/"
            unwrapped["raw_path"] = quote(unwrapped["path"]).encode()
        return unwrapped

    def _trusts(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:  # of a socket that has no address
            return False
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        return any(mapped in network for network in self._trusted)


def _last_of(headers: Headers, name: str) -> str:
    """Return the last of the values that proxies have put into a header one after the other."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


_GRADIO = "/gradio_api"
_HEARTBEAT = f"{_GRADIO}/heartbeat/"
_QUEUE_JOIN = f"{_GRADIO}/queue/join"
_QUEUE_DATA = f"{_GRADIO}/queue/data"
_GRADIO_ROUTES = frozenset(
    {"queue", "heartbeat", "startup-events", "app_id", "theme.css", "info", "user"}
    | {"login_check", "token"}
)
"""First part of the Gradio routes that the page uses. Not among them are file=, upload, run, call
and cancel: a stop goes through our own handler, which knows whose answer it is."""


class AccessMiddleware:
    """ASGI middleware that admits or refuses requests and adds headers to responses.

    Once `closing` is set, streams that would not end by themselves are ended.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        reach: Reach,
        visitors: Visitors,
        max_upload_bytes: int,
        closing: asyncio.Event,
        limit: RateLimit | None = None,
    ) -> None:
        self.app = app
        self.reach = reach
        self.limit = limit or RateLimit(None)
        self.closing = closing
        self.visitors = visitors
        self.readers = visitors.readers
        self.max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with its owner."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = self.reach.unwrap(scope)
        _, path = self.readers.split(scope["path"])
        target: ASGIApp | None = self._refuse(scope, path)
        visitor = None if target else await self._identify(scope)
        target = target or self._restrain(scope, path, visitor)
        if visitor is not None and target is None:
            state = scope.setdefault("state", {})
            readable = self.readers.readable(visitor.owner)
            state.update(owner=visitor.owner, language=_read_language(scope), collections=readable)
            receive, target = await self._check_session(scope, path, receive, visitor.owner)
            target = self._lead(scope, readable) or target
        headers = dict(self.reach.headers)
        if path.startswith(_ASSETS):
            headers["Cache-Control"] = FOR_GOOD
        told = _SendWithHeaders(send, headers, self._cookie(scope, path, visitor))
        try:
            await self._serve(target or _require_login(), scope, receive, told)
        finally:
            scope.get("state", {})[ROUTE] = name_route(scope)

    def _restrain(self, scope: Scope, path: str, visitor: Visitor | None) -> ASGIApp | None:
        """Refuse a request where its sender has sent too many of late.

        Who proves nothing is counted at any path: else passwords could be guessed at some.
        """
        if visitor and (path in UNLIMITED or path.startswith((_ASSETS, _HEARTBEAT))):
            return None
        owner = visitor.owner if visitor else ""
        address = (scope.get("client") or ("",))[0]
        wait_s = self.limit.take(owner if owner.startswith(NAMED) else address)
        if not wait_s:
            return None
        told = f"too many requests; come back in {wait_s} seconds"
        return error_response(429, "TooManyRequests", told, {"Retry-After": str(wait_s)})

    def _lead(self, scope: Scope, readable: Sequence[str]) -> ASGIApp | None:
        """Lead a request to its collection; return what refuses it where there is none."""
        asked = scope["path"]
        path = self.readers.lead(asked, readable)
        if path is None:
            return error_response(404, "RequestError", NO_ROUTE)
        if path != asked:
            scope["path"], scope["raw_path"] = path, quote(path).encode()
        name, inner = self.readers.split(path)
        return RedirectResponse(f"{name}/", 307) if name and not inner else None

    def _cookie(self, scope: Scope, page: str, visitor: Visitor | None) -> str | None:
        """Return the Set-Cookie header that goes with the page."""
        if visitor is None or page != "/":
            return None
        is_secure = scope.get("scheme") == "https"
        path = f"{self.reach.root_path}/"
        return visitor.set_cookie(path, is_secure=is_secure, is_framed=self.reach.is_framed)

    async def _serve(
        self, target: ASGIApp, scope: Scope, receive: Receive, send: "_SendWithHeaders"
    ) -> None:
        """Let the target respond; end a stream that is unfinished when the server closes."""

        async def receive_until_closing() -> Message:
            received = await run_until(receive(), self.closing.wait())
            return received or {"type": "http.disconnect"}

        endless = self.readers.split(scope["path"])[1].startswith(_HEARTBEAT)
        try:
            await target(scope, receive_until_closing if endless else receive, send)
        except asyncio.CancelledError:
            if not self.closing.is_set():
                raise
        if send.is_unfinished and self.closing.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _refuse(self, scope: Scope, path: str) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.reach.allows_host(host_name(host)):
            return error_response(
                400, "HostError", f"this server does not answer to the name {host!r}"
            )
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and is_foreign(headers):
            return error_response(403, "OriginError", FOREIGN.format(host=host))
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return error_response(411, "RequestError", "the request needs a Content-Length")
        most = self.max_upload_bytes if path == UPLOAD_PATH else MAX_BODY_BYTES
        if len(length) > MAX_DIGITS or int(length) > most:
            return error_response(413, "RequestError", f"the body exceeds {most:,} bytes")
        if not is_known_route(path):
            return error_response(404, "RequestError", NO_ROUTE)
        return None

    async def _identify(self, scope: Scope) -> Visitor | None:
        headers = Headers(scope=scope)
        if scope["path"] in PUBLIC_PATHS:
            return Visitor("nobody")
        visitor = self.visitors.identify(headers)
        if visitor is None and "authorization" in headers:
            await asyncio.sleep(WRONG_PASSWORD_DELAY_S)
        return visitor

    async def _check_session(
        self, scope: Scope, path: str, receive: Receive, owner: str
    ) -> tuple[Receive, ASGIApp]:
        """Refuse another user's session; return how the body is read on, and what responds."""
        path, session = path.rstrip("/"), None
        if path == _QUEUE_JOIN:
            body = await _read_body(receive)
            receive = _replay(body, receive)
            session = _read_session(body)
        elif path == _QUEUE_DATA:
            named = QueryParams(scope["query_string"]).getlist("session_hash")
            session = named[0] if len(named) == 1 else ""  # given two, Gradio would take the other
        elif path.startswith(_HEARTBEAT):
            session = path.removeprefix(_HEARTBEAT)
        if session is not None and not self.visitors.claim(session, owner):
            return receive, error_response(403, "SessionError", "this session is not yours")
        return receive, self.app


def error_response(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a failure as JSON: its kind and a line for people."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)


def host_name(host: str) -> str:
    """Return the name in a `Host` header: without port and brackets, in lower case."""
    name, bracket, _ = host.removeprefix("[").partition("]")
    return (name if bracket else host.partition(":")[0]).lower().rstrip(".")


def is_known_route(path: str) -> bool:
    """Whether a route is ours, or one of the few of Gradio's that the page uses."""
    parts = path.lower().split("/")
    return parts[1:2] != [_GRADIO[1:]] or (len(parts) > 2 and parts[2] in _GRADIO_ROUTES)


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that the request comes from another site's page.

    Where it says itself that it is the same origin, which no page can forge, the names need not be
    compared: a proxy may have changed the host.
    """
    site = headers.get("sec-fetch-site")
    if site == "same-origin":
        return False
    if site not in {None, "none"}:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:
        return True


class _SendWithHeaders:
    """A `send` that adds our headers to the response and knows whether it is unfinished."""

    def __init__(self, send: Send, headers: Mapping[str, str], cookie: str | None) -> None:
        self._send = send
        self._headers = headers
        self._cookie = cookie
        self.is_unfinished = False

    async def __call__(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start:
            headers = MutableHeaders(scope=message)
            headers.update(self._headers)
            if headers.get("content-type", "").startswith(EVENTS):
                headers["X-Accel-Buffering"] = "no"  # else nginx keeps what is not much yet
            if "Cache-Control" in self._headers and message["status"] >= HTTPStatus.BAD_REQUEST:
                del headers["Cache-Control"]
            if self._cookie:
                headers.append("Set-Cookie", self._cookie)
        self.is_unfinished = is_start or message.get("more_body", False)
        await self._send(message)


def _read_language(scope: Scope) -> str:
    """Return the language in which a request's sender wants to be told what the program says."""
    headers = Headers(scope=scope)
    kept = cookie_parser(headers.get("cookie", "")).get(LANGUAGE_COOKIE, "")
    return choose_language(kept, headers.get("accept-language", ""))


def _require_login() -> JSONResponse:
    challenge = {"WWW-Authenticate": CHALLENGE}
    needed = "a name and a password, or a token, are needed"
    return error_response(401, "LoginError", needed, challenge)


def _is_address(name: str) -> bool:
    """Whether a host is an IP address, which DNS cannot rebind to another machine."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _read_body(receive: Receive) -> bytes:
    """Return a request's body; the server keeps it to its Content-Length, which was checked."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once more, and then what follows it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _read_session(body: bytes) -> str:
    """Return the session hash in a JSON body, or "", which is nobody's session."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    session = sent.get("session_hash") if isinstance(sent, dict) else None
    return session if isinstance(session, str) else ""
