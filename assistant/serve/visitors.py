"""Who sends a request, and what they may read: a user or a service that proves it, or a browser.

Without users and tokens every browser is a visitor of its own. With any, only they are known: by
HTTP Basic (RFC 7617), or by a bearer token (RFC 6750). A session belongs to whoever used it first.

Where there are collections, each is at `/collections/NAME/`. For who may not read one there is none
of that name; a path without a collection leads to the first that its sender may read.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from assistant.answering import Collection

COOKIE = "assistant_visitor"
COOKIE_S = 400 * 24 * 3600
"""How long a browser keeps the cookie, in seconds: the most that browsers allow."""
MAX_SESSION_CHARS = 64
"""Gradio's page makes hashes of 11 characters; longer ones would only fill the memory."""
MAX_SESSIONS = 100_000
"""Sessions kept in memory; the one that was seen longest ago is dropped first."""

COLLECTIONS = "/collections/"
"""What the path of a collection begins with."""
COMMON = frozenset({"/", "/livez", "/readyz", "/api/collections", "/api/docs", "/api/openapi"})
"""Paths that belong to no collection; those of `/v1/` do not either, where each is a model."""
NAMED = "user:"
"""What the owner begins with of a user or a service that has proved it."""
_PLACE = re.compile(rf"{COLLECTIONS}([^/]*)(.*)", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request; `new_token` is the value of the cookie if the browser needs one."""

    owner: str
    new_token: str | None = None

    @property
    def cookie(self) -> str | None:
        """The Set-Cookie header for a browser that has no cookie yet, else None."""
        return self.set_cookie()

    def set_cookie(
        self, path: str = "/", *, is_secure: bool = False, is_framed: bool = False
    ) -> str | None:
        """Return the Set-Cookie header for a browser that has no cookie yet, else None.

        In a frame of another site a browser keeps a cookie only apart, for that site (CHIPS), and
        only over TLS.
        """
        if self.new_token is None:
            return None
        rules = [f"{COOKIE}={self.new_token}", f"Path={path}", f"Max-Age={COOKIE_S}", "HttpOnly"]
        if is_secure and is_framed:
            return "; ".join([*rules, "SameSite=None", "Secure", "Partitioned"])
        return "; ".join([*rules, "SameSite=Lax", *(["Secure"] if is_secure else [])])


class Readers:
    """Who may read which collection. Without any there is one folder, which everybody may."""

    def __init__(self, collections: Sequence[Collection] = ()) -> None:
        self._readers = {one.name: one.readers for one in collections if one.name}

    def readable(self, owner: str) -> tuple[str, ...]:
        """Return the names of the collections that an owner may read, in the settings' order."""
        user = owner.removeprefix(NAMED) if owner.startswith(NAMED) else None
        found = ((name, readers) for name, readers in self._readers.items())
        return tuple(name for name, readers in found if readers is None or user in readers)

    def split(self, path: str) -> tuple[str | None, str]:
        """Return the collection that a path names, if any, and the path inside it."""
        found = _PLACE.fullmatch(path) if self._readers else None
        return (found[1], found[2]) if found else (None, path)

    def lead(self, path: str, readable: Sequence[str]) -> str | None:
        """Return the path at which a reader's request is served; None: it does not exist."""
        if not self._readers:
            return path
        name, inner = self.split(path)
        if name is not None:
            return path if name in readable else None
        if inner in COMMON or inner.startswith("/v1/"):
            return path
        return f"{COLLECTIONS}{readable[0]}{inner}" if readable else None


class Visitors:
    """Identifies who sends a request, and keeps which session belongs to whom."""

    def __init__(
        self,
        users: Mapping[str, SecretStr],
        tokens: Mapping[str, SecretStr] | None = None,
        readers: Readers | None = None,
    ) -> None:
        self.readers = readers or Readers()
        self._passwords = _digest_all(users)
        self._tokens = _digest_all(tokens or {})
        self._owner_of: OrderedDict[str, str] = OrderedDict()

    def identify(self, headers: Headers) -> Visitor | None:
        """Return who sends a request; None if it lacks a right name and password, or token."""
        if self._passwords or self._tokens:
            scheme, _, sent = headers.get("authorization", "").partition(" ")
            check = {"basic": self._check_password, "bearer": self._check_token}.get(scheme.lower())
            name = check(sent) if check else None
            return None if name is None else Visitor(f"{NAMED}{name}")
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
