"""Identifies who sends a request: a visitor by cookie, or a user by name and password.

Takes the headers of a request, which are untrusted, and returns the owner of what the request reads
and writes. Without users in the settings every browser is a visitor of its own, known by a random
cookie. With users, only they are let in, by HTTP Basic (RFC 7617).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

COOKIE = "assistant_visitor"
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

    def __init__(self, users: Mapping[str, SecretStr]) -> None:
        self._digests = {name: _digest(users[name].get_secret_value()) for name in users}
        self._owner_of: OrderedDict[str, str] = OrderedDict()

    def identify(self, headers: Headers) -> Visitor | None:
        """Return who sends a request; None if it lacks a right name and password."""
        if self._digests:
            name = self._check_password(headers.get("authorization", ""))
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

    def _check_password(self, authorization: str) -> str | None:
        """Return the user that an Authorization header proves; None if it proves none."""
        scheme, _, sent = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        digest = self._digests.get(name, bytes(32))  # for an unknown name, so that it takes as long
        return name if hmac.compare_digest(digest, _digest(password)) else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _read_cookie(header: str) -> str | None:
    # Not by http.cookies, which rejects a whole header for one malformed cookie of another program.
    token = cookie_parser(header).get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None
