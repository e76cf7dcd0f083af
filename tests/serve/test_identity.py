"""Who sends a request: by cookie without users, by name and password with them."""

import base64
import re
from collections.abc import Mapping

import pytest
from dom import present
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.datastructures import Headers
from surface_fakes import settings_anywhere

from assistant.serve import visitors
from assistant.serve.visitors import COOKIE, Visitor, Visitors

USERS = {"alice": SecretStr("wonder:land"), "böb": SecretStr("pässword"), "": SecretStr("none")}


def admit(users: Mapping[str, SecretStr], headers: Headers) -> Visitor:
    return present(Visitors(users).identify(headers))


def basic(name: str, password: str, scheme: str = "Basic") -> Headers:
    sent = base64.b64encode(f"{name}:{password}".encode()).decode()
    return Headers({"Authorization": f"{scheme} {sent}"})


TOKENS = {"alice": SecretStr("a" * 24), "open-webui": SecretStr("t0ken/+=" * 4)}


def bearer(token: str, scheme: str = "Bearer") -> Headers:
    return Headers({"Authorization": f"{scheme} {token}"})


@pytest.mark.parametrize("users", [USERS, {}])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_lets_in_its_user_or_service(users: Mapping[str, SecretStr], scheme: str) -> None:
    visitors_ = Visitors(users, TOKENS)
    for name, token in TOKENS.items():
        visitor = present(visitors_.identify(bearer(token.get_secret_value(), scheme)))
        assert (visitor.owner, visitor.cookie) == (f"user:{name}", None)


@given(st.text(max_size=40).filter(lambda sent: sent.strip() not in ("a" * 24, "t0ken/+=" * 4)))
def test_another_token_and_none_stay_out(sent: str) -> None:
    only_tokens = Visitors({}, TOKENS)
    headers = Headers(raw=[(b"authorization", f"Bearer {sent}".encode())])
    assert only_tokens.identify(headers) is None
    assert only_tokens.identify(Headers()) is None
    assert only_tokens.identify(basic("alice", "a" * 24)) is None


def test_a_password_is_no_token_and_a_token_no_password() -> None:
    both = Visitors(USERS, TOKENS)
    assert both.identify(bearer("wonder:land")) is None
    assert both.identify(basic("alice", "a" * 24)) is None
    assert present(both.identify(basic("alice", "wonder:land"))).owner == "user:alice"


def owner_of_cookie(cookie: str) -> tuple[str, bool]:
    """Return the owner, and whether the browser is told a new cookie."""
    visitor = admit({}, Headers({"Cookie": cookie}))
    return visitor.owner, visitor.cookie is not None


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wonder:land"), ("böb", "pässword"), ("", "none")]
)
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_user_with_the_right_password_comes_in_and_needs_no_cookie(
    name: str, password: str, scheme: str
) -> None:
    visitor = admit(USERS, basic(name, password, scheme))
    assert visitor.owner == f"user:{name}"
    assert visitor.cookie is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "pässword"),
        ("alice", "wonder"),
        ("alice", "wonder:land "),
        ("alice", ""),
        ("Alice", "wonder:land"),
        ("eve", "wonder:land"),
        ("eve", ""),
        ("eve", "\0" * 32),
        ("", ""),
    ],
)
def test_a_user_with_another_password_stays_out(name: str, password: str) -> None:
    assert Visitors(USERS).identify(basic(name, password)) is None


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWxpY2U",
        "Basic YWxpY2U6d29uZGVyOmxhbmQ",
        "Basic " + base64.b64encode(b"alice").decode(),
        "Basic " + base64.b64encode(b"alice:\xff\xfe").decode(),
        "Basic \xff\xfe",
        "Bearer " + base64.b64encode(b"alice:wonder:land").decode(),
        "Basic alice:wonder:land",
    ],
)
def test_a_malformed_login_stays_out(sent: str) -> None:
    assert Visitors(USERS).identify(Headers({"Authorization": sent})) is None


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_header_whatever_it_says_comes_in_or_breaks(sent: str) -> None:
    headers = Headers({"Authorization": f"Basic {sent}", "Cookie": sent})
    assert Visitors(USERS).identify(headers) is None
    assert admit({}, headers).owner.startswith("visitor:")


def test_a_cookie_does_not_stand_in_for_a_password() -> None:
    token = "a" * 43
    assert Visitors(USERS).identify(Headers({"Cookie": f"{COOKIE}={token}"})) is None


def test_a_new_browser_is_told_who_it_is_and_is_known_by_that_again() -> None:
    first = admit({}, Headers({}))
    pair, *rules = present(first.cookie).split("; ")
    assert sorted(rules) == ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax"]
    assert owner_of_cookie(pair) == (first.owner, False)
    assert present(first.new_token) not in first.owner, (
        "the owner is kept; the token would open the door"
    )


def test_no_two_new_browsers_are_the_same() -> None:
    assert len({admit({}, Headers({})).owner for _ in range(100)}) == 100


def test_another_cookie_is_another_owner() -> None:
    assert owner_of_cookie(f"{COOKIE}={'a' * 43}")[0] != owner_of_cookie(f"{COOKIE}={'b' * 43}")[0]


@pytest.mark.parametrize(
    "value", ["", "a", "a" * 42, "a" * 44, "a" * 42 + "!", "a" * 42 + "é", '"' + "a" * 42 + '"']
)
def test_a_malformed_cookie_is_replaced(value: str) -> None:
    assert owner_of_cookie(f"{COOKIE}={value}")[1]


@pytest.mark.parametrize(
    "others",
    ["theme=dark", '_prefs={"a": [1, 2]}', "x=a b", "=", "a", "naïve=1", "a[b]=c", "k=\x01"],
)
def test_the_cookies_of_other_programs_on_this_host_do_not_hide_ours(others: str) -> None:
    own = f"{COOKIE}={'a' * 43}"
    known = owner_of_cookie(own)
    assert owner_of_cookie(f"{others}; {own}") == known
    assert owner_of_cookie(f"{own}; {others}") == known


def test_a_session_belongs_to_whoever_came_with_it_first() -> None:
    claims = Visitors({})
    assert claims.claim("s", "alice")
    assert claims.claim("s", "alice")
    assert not claims.claim("s", "bob")
    assert claims.claim("other", "bob")


def test_the_session_seen_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MAX_SESSIONS", 2)
    claims = Visitors({})
    for session in ("one", "two", "one", "three"):
        claims.claim(session, "alice")
    assert not claims.claim("one", "bob")
    assert claims.claim("two", "bob")


def test_passwords_are_not_held_as_they_are() -> None:
    held = repr(vars(Visitors(USERS)))
    assert not re.search("wonder|pässword", held)


def test_settings_show_no_password_when_they_are_printed() -> None:
    held = settings_anywhere(users={"alice": "wonderland"})
    assert "wonderland" not in f"{held!r} {held} {held.model_dump_json()}"


@pytest.mark.parametrize("session", ["", "x" * 65, "x" * 1_000_000])
def test_a_session_without_a_name_or_with_an_endless_one_is_nobodys(session: str) -> None:
    held = Visitors({})
    assert not held.claim(session, "alice")
    assert not held._owner_of
