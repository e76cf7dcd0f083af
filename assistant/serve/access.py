"""Middleware in front of every route: who may send a request, and headers for every response.

Takes raw ASGI requests and passes them on with their owner in `scope["state"]["owner"]` and the
language that they want to be told in beside it. Refused
are foreign `Host` names (DNS rebinding), requests that another site's page sends, people who are
not logged in where users are set, other users' sessions, bodies that are too large or of unstated
length, and Gradio routes that the page does not need.

Without users and tokens in the settings every browser is a visitor of its own, known by a random
cookie. With any, only they are let in: by HTTP Basic (RFC 7617), or by a bearer token (RFC 6750).
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from pydantic import SecretStr
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.serve.background import run_until
from assistant.settings import LOOPBACK
from assistant.show.wording import choose_language

# --- Who asks

COOKIE = "assistant_visitor"
LANGUAGE_COOKIE = "assistant_language"
"""What the page's reader has chosen; its script sets it."""
COOKIE_S = 400 * 24 * 3600
"""How long a browser keeps the cookie, in seconds: the most that browsers allow."""
CHALLENGE = 'Basic realm="assistant", charset="UTF-8"'
MAX_SESSION_CHARS = 64
"""Gradio's page makes hashes of 11 characters; longer ones would only fill the memory."""
MAX_SESSIONS = 100_000
"""Sessions kept in memory; the one that was seen longest ago is dropped first."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request; `new_token` is the value of the cookie if the browser needs one."""

    owner: str
    new_token: str | None = None

    @property
    def cookie(self) -> str | None:
        """The Set-Cookie header for a browser that has no cookie yet, else None."""
        if self.new_token is None:
            return None
        return f"{COOKIE}={self.new_token}; Path=/; Max-Age={COOKIE_S}; HttpOnly; SameSite=Lax"


class Visitors:
    """Identifies who sends a request, and keeps which session belongs to whom."""

    def __init__(
        self, users: Mapping[str, SecretStr], tokens: Mapping[str, SecretStr] | None = None
    ) -> None:
        self._passwords = _digest_all(users)
        self._tokens = _digest_all(tokens or {})
        self._owner_of: OrderedDict[str, str] = OrderedDict()

    def identify(self, headers: Headers) -> Visitor | None:
        """Return who sends a request; None if it lacks a right name and password, or token."""
        if self._passwords or self._tokens:
            scheme, _, sent = headers.get("authorization", "").partition(" ")
            check = {"basic": self._check_password, "bearer": self._check_token}.get(scheme.lower())
            name = check(sent) if check else None
            return None if name is None else Visitor(f"user:{name}")
        token = _read_cookie(headers.get("cookie", ""))
        new_token = None if token else secrets.token_urlsafe(32)
        return Visitor(f"visitor:{_digest(token or new_token or '').hex()}", new_token)

    def claim(self, session: str, owner: str) -> bool:
        """Whether a session is the owner's; it belongs to whoever used it first."""
        if not 0 < len(session) <= MAX_SESSION_CHARS:
            return False
        is_own = self._owner_of.setdefault(session, owner) == owner
        self._owner_of.move_to_end(session)
        if len(self._owner_of) > MAX_SESSIONS:
            self._owner_of.popitem(last=False)
        return is_own

    def _check_password(self, sent: str) -> str | None:
        """Return the user whose name and password were sent; None if they are nobody's."""
        try:
            name, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        digest = self._passwords.get(name, bytes(32))  # an unknown name takes as long
        return name if hmac.compare_digest(digest, _digest(password)) else None

    def _check_token(self, sent: str) -> str | None:
        """Return whose token was sent; None if it is nobody's. All are compared, in equal time."""
        digest = _digest(sent.strip())
        found = [name for name, own in self._tokens.items() if hmac.compare_digest(own, digest)]
        return found[0] if found else None


def _digest_all(secrets_of: Mapping[str, SecretStr]) -> dict[str, bytes]:
    return {name: _digest(secret.get_secret_value()) for name, secret in secrets_of.items()}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _read_cookie(header: str) -> str | None:
    # Not by http.cookies, which rejects a whole header for one malformed cookie of another program.
    token = cookie_parser(header).get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


MAX_BODY_BYTES = 1_000_000
"""A question has at most 4,000 characters; the rest is room for Gradio's own data."""
MAX_DIGITS = 18
"""Digits of a Content-Length; a longer one is refused before it is read as a number."""
WRONG_PASSWORD_DELAY_S = 1.0
"""Seconds that a request with a wrong password has to wait, against guessing."""
UPLOAD_PATH = "/api/documents"
PUBLIC_PATHS = frozenset({"/livez", "/readyz"})
"""Probes reveal nothing, and the machines that send them have no password."""
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

    It answers to the host that the server is `bound` to and to the `allowed` names; "*" allows all
    of them. Once `closing` is set, streams that would not end by themselves are ended.
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
        """Refuse the request, or pass it on with its owner."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        target: ASGIApp | None = self._refuse(scope)
        visitor = None if target else await self._identify(scope)
        if visitor is not None:
            state = scope.setdefault("state", {})
            state["owner"], state["language"] = visitor.owner, _read_language(scope)
            receive, target = await self._check_session(scope, receive, visitor.owner)
        cookie = visitor.cookie if visitor and scope["path"] == "/" else None
        await self._serve(
            target or _require_login(), scope, receive, _SendWithHeaders(send, cookie)
        )

    async def _serve(
        self, target: ASGIApp, scope: Scope, receive: Receive, send: "_SendWithHeaders"
    ) -> None:
        """Let the target respond; end a stream that is unfinished when the server closes."""

        async def receive_until_closing() -> Message:
            received = await run_until(receive(), self.closing.wait())
            return received or {"type": "http.disconnect"}

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
        if not self._allows_host(host_name(host)):
            return error_response(
                400, "HostError", f"this server does not answer to the name {host!r}"
            )
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and is_foreign(headers):
            return error_response(403, "OriginError", "another site's page may not send this")
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return error_response(411, "RequestError", "the request needs a Content-Length")
        most = self.max_upload_bytes if scope["path"] == UPLOAD_PATH else MAX_BODY_BYTES
        if len(length) > MAX_DIGITS or int(length) > most:
            return error_response(413, "RequestError", f"the body exceeds {most:,} bytes")
        if not is_known_route(scope["path"]):
            return error_response(404, "RequestError", "there is no such route")
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
        self, scope: Scope, receive: Receive, owner: str
    ) -> tuple[Receive, ASGIApp]:
        """Refuse another user's session; return how the body is read on, and what responds."""
        path, session = scope["path"].rstrip("/"), None
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

    def _allows_host(self, name: str) -> bool:
        if "*" in self.allowed or name in self.allowed:
            return True
        return bool(self.allowed & ANY_ADDRESS) and _is_address(name)


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
    return f"/{parts[1]}" != _GRADIO or (len(parts) > 2 and parts[2] in _GRADIO_ROUTES)


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that the request comes from another site's page."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
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
