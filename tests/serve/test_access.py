"""What comes in and what does not, asked of the whole app over HTTP, and of the gate alone."""

import asyncio
import base64
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.serve import access as gate
from assistant.serve.access import (
    FOR_GOOD,
    MAX_BODY_BYTES,
    SECURITY_HEADERS,
    UPLOAD_PATH,
    AccessMiddleware,
    Reach,
    host_name,
    is_known_route,
)
from assistant.serve.app import build_app
from assistant.serve.visitors import COOKIE, Visitors

HOME = "http://127.0.0.1:7860"
JOIN, DATA = "/gradio_api/queue/join", "/gradio_api/queue/data"
HEARTBEAT = "/gradio_api/heartbeat"
ALICE = {"Authorization": "Basic " + base64.b64encode(b"alice:wonderland").decode()}
BOB = {"Authorization": "Basic " + base64.b64encode(b"bob:builder-of-things").decode()}
WRONG = {"Authorization": "Basic " + base64.b64encode(b"alice:builder-of-things").decode()}
USERS = {"alice": "wonderland", "bob": "builder-of-things"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The app as it is for anyone on this machine."""
    settings = settings_anywhere(max_file_bytes=2 * MAX_BODY_BYTES)
    app = build_app(FakeAssistant(settings=settings))
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def guarded() -> Iterator[TestClient]:
    """The app as it is with users in the settings."""
    app = build_app(FakeAssistant(settings=settings_anywhere(users=USERS)))
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def box() -> TestClient:
    """The app as it is when bound to another name than that of this machine."""
    settings = settings_anywhere(host="box.example")
    return TestClient(build_app(FakeAssistant(settings=settings)), base_url=HOME)


@pytest.fixture(autouse=True)
def nobody_is_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins as another browser, and guesses fast."""
    monkeypatch.setattr(gate, "WRONG_PASSWORD_DELAY_S", 0.0)
    for name in {"client", "guarded"} & set(request.fixturenames):
        request.getfixturevalue(name).cookies.clear()


def visitor(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token * 43}"}


def joining(session: object) -> dict[str, object]:
    return {"fn_index": 9_999, "data": [], "session_hash": session}


ROUTES = [
    *(("GET", path) for path in "/ /config /config/ /assets/index.js /static/img/logo.svg".split()),
    *(("GET", path) for path in "/theme.css /favicon.ico /monitoring /nothing /logout".split()),
    *(("GET", path) for path in "/conversations/x.md /livez/ /livez/..".split()),
    *(("GET", f"/gradio_api/{name}") for name in ("startup-events", "info", "app_id")),
    *(("GET", path) for path in (f"{DATA}?session_hash=x", f"{HEARTBEAT}/x", f"{HOME}//livez")),
    *(("POST", path) for path in ("/login", "/api/ask", "/api/search", JOIN, f"{JOIN}/")),
    ("POST", "/api/documents?name=a.txt"),
    ("HEAD", "/"),
    ("OPTIONS", "/api/ask"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", [{}, WRONG], ids=["nobody", "a wrong password"])
def test_with_users_nobody_else_reaches_any_route(
    guarded: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    reply = guarded.request(method, path, headers=headers, follow_redirects=False)
    assert reply.status_code == 401
    assert {name: reply.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="assistant", charset="UTF-8"'
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_need_no_password(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_with_the_right_password_the_page_and_the_api_are_there(guarded: TestClient) -> None:
    assert guarded.get("/", headers=ALICE).status_code == 200
    assert guarded.get("/config", headers=BOB).status_code == 200
    reply = guarded.post("/api/ask", json={"question": "leave"}, headers=ALICE)
    assert reply.status_code == 200


def test_a_wrong_password_costs_time_and_a_missing_one_does_not(
    guarded: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "WRONG_PASSWORD_DELAY_S", 1.5)
    took = []
    for headers in ({}, ALICE, WRONG):
        started = time.monotonic()
        guarded.get("/conversations/x.md", headers=headers)
        took.append(time.monotonic() - started)
    assert max(took[:2]) < 1.5 <= took[2]


def test_a_browser_without_a_cookie_gets_one_with_the_page_and_with_nothing_else(
    client: TestClient,
) -> None:
    for path in ("/config", "/livez", "/api/nothing", "/conversations/x.md"):
        assert "set-cookie" not in client.get(path).headers
    told = client.get("/").headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=")
    for rule in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert rule in told.split("; ")


def test_a_browser_with_a_cookie_keeps_it_unless_it_is_malformed(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/", headers=visitor("a")).headers
    assert "set-cookie" in client.get("/", headers={"Cookie": f"{COOKIE}=short"}).headers


@pytest.mark.parametrize(
    ("alice", "bob"),
    [(visitor("a"), visitor("b")), (visitor("c"), {}), (ALICE, BOB)],
    ids=["visitors", "no cookie", "users"],
)
def test_nobody_joins_or_reads_the_session_of_another(
    client: TestClient,
    guarded: TestClient,
    alice: dict[str, str],
    bob: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    app = guarded if alice is ALICE else client
    session = f"of {request.node.callspec.id}"
    own = app.post(JOIN, json=joining(session), headers=alice)
    assert own.status_code not in {401, 403}
    foreign = [
        app.post(JOIN, json=joining(session), headers=bob),
        app.post(f"{JOIN}/", json=joining(session), headers=bob),
        app.get(DATA, params={"session_hash": session}, headers=bob),
        app.get(f"{DATA}/", params={"session_hash": session}, headers=bob),
        app.get(f"{HEARTBEAT}/{session}", headers=bob),
        app.get(f"{HEARTBEAT}/{session}/", headers=bob),
    ]
    assert [reply.status_code for reply in foreign] == [403] * 6
    assert {reply.json()["error"]["kind"] for reply in foreign} == {"SessionError"}


@pytest.mark.parametrize(
    "query",
    [
        "session_hash=bobs&session_hash=alices",
        "session_hash=alices&session_hash=bobs",
        "session_hash=bobs&session_hash=alice%73",
        "session_hash=bobs&session%5Fhash=alices",
        "session_hash=&session_hash=alices",
    ],
)
def test_naming_two_sessions_opens_neither(client: TestClient, query: str) -> None:
    for session, owner in (("alices", "a"), ("bobs", "b")):
        client.post(JOIN, json=joining(session), headers=visitor(owner))
    assert client.get(f"{DATA}?{query}", headers=visitor("b")).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        *b'{ [] null "s" {} \xff\xfe'.split(),
        b'{"session_hash": null}',
        b'{"session_hash": ""}',
        b'{"session_hash": 5}',
        b'{"session_hash": ["s"]}',
        b'{"data": []}',
        b"[" * 100_000,
        b'{"session_hash": "s"',
    ],
)
def test_a_body_that_names_no_session_joins_nothing(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post(JOIN, content=body, headers=headers).status_code == 403


def test_the_session_named_last_counts_as_it_does_for_the_queue(client: TestClient) -> None:
    client.post(JOIN, json=joining("alices own"), headers=visitor("a"))
    body = b'{"session_hash": "bobs own", "session_hash": "alices own", "data": []}'
    headers = {"Content-Type": "application/json", **visitor("b")}
    assert client.post(JOIN, content=body, headers=headers).status_code == 403


def test_reading_without_a_session_is_refused(client: TestClient) -> None:
    for path in (DATA, f"{DATA}?session_hash=", f"{DATA}?SESSION_HASH=x"):
        assert client.get(path).status_code == 403
    assert client.get(f"{HEARTBEAT}/").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:7861"},
        {"Origin": "http://127.0.0.1:7860.evil.example"},
        {"Origin": "http://[evil"},
        {"Origin": "127.0.0.1:7860"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOME},
        {"Sec-Fetch-Site": "none", "Origin": "https://evil.example"},
        {"X-Forwarded-Host": "docs.example", "Origin": "https://docs.example"},
        {"Host": "localhost:7860", "Origin": HOME},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api/ask", JOIN, "/livez"])
def test_the_page_of_another_site_sends_nothing(
    client: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    reply = client.request(method, path, json={"question": "leave"}, headers=headers)
    assert reply.status_code == 403
    assert reply.json()["error"]["kind"] == "OriginError"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": HOME},
        {"Origin": HOME, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://docs.example", "Sec-Fetch-Site": "same-origin"},  # a proxy's host
        {"Sec-Fetch-Site": "none"},
        {"Host": "LOCALHOST:7860", "Origin": "http://localhost:7860"},
    ],
)
def test_our_own_page_and_programs_send_what_they_like(
    client: TestClient, headers: dict[str, str]
) -> None:
    reply = client.post("/api/ask", json={"question": "leave"}, headers=headers)
    assert reply.status_code == 200


def test_a_link_on_another_site_leads_to_the_page(client: TestClient) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *"proxy=http://example.com/ PROXY=https://example.com/ file=http://example.com/x".split(),
        *"file=/etc/passwd file/etc/passwd upload upload_progress run/on_ask api/on_ask".split(),
        *"call/on_ask call/on_ask/id stream/s/r/1/playlist.m3u8 component_server cancel".split(),
        *"reset deep_link runs openapi.json process_recording vibe-edit".split(),
        "",
    ],
)
def test_gradio_routes_that_the_page_does_not_need_do_not_exist(
    client: TestClient, path: str
) -> None:
    client.get("/")  # as a browser that is known
    for reply in (client.get(f"/gradio_api/{path}"), client.post(f"/gradio_api/{path}", json={})):
        assert reply.status_code == 404
    assert client.get(f"/gradio_api/{path.replace('=', '%3D')}").status_code == 404
    for prefix in ("/GRADIO_API/", "//gradio_api/", "/./gradio_api/", "/gradio%5Fapi/"):
        assert client.get(f"{HOME}{prefix}{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/gradio_api", "/Gradio_Api/upload", "/gradio_api//queue/join", "/gradio_api/"]
)
def test_what_resembles_a_gradio_route_is_held_to_the_same_list(path: str) -> None:
    assert not is_known_route(path)


@pytest.mark.parametrize("path", ["/", JOIN, "/gradio_api/queue/data", "/livez"])
@pytest.mark.parametrize("headers", [{}, ALICE])
def test_websockets_are_closed(guarded: TestClient, path: str, headers: dict[str, str]) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        guarded.websocket_connect(path, headers=headers),
    ):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/", {}, b"", 200),
        ("GET", "/livez", {}, b"", 200),
        ("GET", "/config", {}, b"", 200),
        ("GET", "/nothing", {}, b"", 404),
        ("GET", "/gradio_api/file=x", {}, b"", 404),
        ("POST", "/api/ask", {"Origin": "https://evil.example"}, b"{}", 403),
        ("POST", JOIN, {}, b"{}", 403),
        ("POST", "/api/ask", {}, b"{}", 422),
        ("POST", "/api/ask", {}, b"x" * (MAX_BODY_BYTES + 1), 413),
        ("GET", "/", {"Host": "evil.example"}, b"", 400),
        ("GET", "/api/ask", {}, b"", 404),
    ],
)
def test_every_response_carries_the_security_headers(
    client: TestClient, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    reply = client.request(method, path, headers=headers, content=body)
    assert reply.status_code == status
    for name, value in SECURITY_HEADERS.items():
        assert reply.headers.get_list(name) == [value]
    assert "http:" not in reply.headers["Content-Security-Policy"]
    assert "img-src 'self';" in reply.headers["Content-Security-Policy"]
    assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/assets/../x", "/api/ask", JOIN])
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
@pytest.mark.parametrize("host", ["127.0.0.1:7860", "box.example"])
def test_no_response_lets_another_origin_read_it(
    box: TestClient, path: str, origin: str, host: str
) -> None:
    asked = {"Origin": origin, "Host": host, "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        reply = box.request(method, path, headers=asked)
        assert not [name for name in reply.headers if name.startswith("access-control-allow-o")]
        assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[::1", "localhost.x"],
)
@pytest.mark.parametrize("path", ["/", "/api/ask", "/livez", JOIN])
def test_a_foreign_host_is_refused(client: TestClient, path: str, host: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 400


def admitted(name: str, bound: str = "127.0.0.1", allowed: tuple[str, ...] = ()) -> bool:
    """Whether the gate alone admits a request to a host of this name."""
    return pass_through(host=name, bound=bound, allowed=allowed)[0] == 200


def status_of_body(n_bytes: int, path: str) -> int:
    return pass_through((b"content-length", str(n_bytes).encode()), path=path, method="POST")[0]


def pass_through(
    *headers: tuple[bytes, bytes],
    host: str = "localhost",
    path: str = "/",
    method: str = "GET",
    messages: Iterable[Message] = (),
    **given: Any,
) -> tuple[int, list[str]]:
    """Send a request through a gate with nothing behind it; return the status and who it is."""
    sent: list[Message] = []
    owners: list[str] = []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        owners.append(scope["state"]["owner"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        sent.append(message)

    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting, {"type": "http.disconnect"})

    made = AccessMiddleware(
        behind,
        reach=Reach(**{"bound": "127.0.0.1", **given}),
        visitors=Visitors({}),
        max_upload_bytes=2_000_000,
        closing=asyncio.Event(),
    )
    scope = {"type": "http", "path": path, "method": method, "query_string": b""}
    sent_headers = [(b"host", host.encode()), *headers]
    asyncio.run(made({**scope, "headers": sent_headers}, receive, send))
    return sent[0]["status"], owners


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860"])
def test_loopback_names_are_served(host: str) -> None:
    assert admitted(host)


@pytest.mark.parametrize(
    ("host", "bound", "is_admitted"),
    [
        ("box.example", "box.example", True),
        ("Docs.Example:80", "box.example", True),
        ("other.example", "box.example", False),
        ("192.0.2.7:7860", "0.0.0.0", True),
        ("[2001:db8::1]", "::", True),
        ("evil.example", "0.0.0.0", False),
        ("192.0.2.7", "127.0.0.1", False),
    ],
)
def test_the_bound_and_the_allowed_names_are_served_and_any_address_when_bound_to_all(
    host: str, bound: str, is_admitted: bool
) -> None:
    assert admitted(host, bound, ("docs.example",)) == is_admitted


def test_every_name_is_served_behind_a_proxy_that_checks() -> None:
    assert admitted("anything.example", allowed=("*",))


def unwrapped(
    *headers: tuple[bytes, bytes], client: object = ("10.0.0.1", 1), path: str = "/", **given: Any
) -> Scope:
    """Return what a request is taken for that a proxy, or somebody who plays one, has sent."""
    scope = {"scheme": "http", "path": path, "client": client, "query_string": b""}
    return Reach("127.0.0.1", **given).unwrap(
        {**scope, "headers": [(b"host", b"inner:7860"), *headers]}
    )


TOLD = ((b"x-forwarded-host", b"docs.example"), (b"x-forwarded-proto", b"https"))
NETWORKS = ("10.0.0.0/8", "::1", "192.0.2.7")


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        (("10.1.2.3", 80), True),
        (("::1", 80), True),
        (("::ffff:10.1.2.3", 80), True),
        (("192.0.2.7", 80), True),
        (("192.0.2.8", 80), False),
        (("127.0.0.1", 80), False),
        (("testclient", 80), False),
        (None, False),
    ],
)
def test_only_a_named_proxy_is_believed_for_whom_and_how_it_asks(
    peer: object, is_trusted: bool
) -> None:
    scope = unwrapped(*TOLD, client=peer, trusted_proxies=NETWORKS)
    (host,) = (one for name, one in scope["headers"] if name == b"host")
    told = (b"docs.example", "https") if is_trusted else (b"inner:7860", "http")
    assert (host, scope["scheme"]) == told


@pytest.mark.parametrize(
    "name",
    b"forwarded x-forwarded-host x-forwarded-proto x-forwarded-for x-forwarded-prefix "
    b"x-forwarded-port x-real-ip x-original-url x-rewrite-url".split(),
)
@pytest.mark.parametrize("trusted", [(), NETWORKS])
def test_nothing_behind_the_gate_sees_what_proxies_say(
    name: bytes, trusted: tuple[str, ...]
) -> None:
    scope = unwrapped((name, b"https"), (b"accept", b"x"), trusted_proxies=trusted)
    assert [one for one, _ in scope["headers"] if one != b"host"] == [b"accept"]


@pytest.mark.parametrize(
    "headers",
    [
        ((b"x-forwarded-host", b"evil.example, docs.example"),),
        ((b"x-forwarded-host", b"evil.example"), (b"x-forwarded-host", b"docs.example")),
    ],
)
def test_of_what_several_proxies_say_the_nearest_counts(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    scope = unwrapped(*headers, trusted_proxies=NETWORKS)
    assert [one for name, one in scope["headers"] if name == b"host"] == [b"docs.example"]


@pytest.mark.parametrize("proto", [b"", b"ftp", b"javascript", b"https, x"])
def test_a_scheme_that_is_none_changes_nothing(proto: bytes) -> None:
    scope = unwrapped((b"x-forwarded-proto", proto), trusted_proxies=NETWORKS)
    assert scope["scheme"] == "http"


@pytest.mark.parametrize(
    ("path", "without"),
    [
        ("/assistant/api/ask", "/api/ask"),
        ("/assistant/", "/"),
        ("/assistant", "/"),
        ("/api/ask", "/api/ask"),  # a proxy that strips it
        ("/assistants/api/ask", "/assistants/api/ask"),
        ("/assistant/assistant/x", "/assistant/x"),
        ("/assistant//livez", "//livez"),
    ],
)
def test_a_path_before_the_page_is_taken_off_once(path: str, without: str) -> None:
    scope = unwrapped(path=path, root_path="/assistant")
    assert (scope["path"], scope["raw_path"] if path != without else None) == (
        without,
        without.encode() if path != without else None,
    )
    assert unwrapped(path=path)["path"] == path


@pytest.mark.parametrize("path", ["/assistant/gradio_api/file=/etc/passwd", "/assistant/x"])
def test_what_is_refused_is_refused_under_a_path_too(path: str) -> None:
    status, _ = pass_through((b"content-length", b"9" * 9), path=path, root_path="/assistant")
    assert status == 413
    assert pass_through(path="/assistant/gradio_api/upload", root_path="/assistant")[0] == 404


@pytest.fixture(scope="module")
def framed() -> TestClient:
    """The app as it is behind a proxy with TLS, for the frames of two origins."""
    settings = settings_anywhere(
        frame_origins=("https://intranet.example", "http://127.0.0.1:8000"),
        trusted_proxies=("10.0.0.1",),
        allowed_hosts=("docs.example",),
        root_path="/assistant",
    )
    app = build_app(FakeAssistant(settings=settings))
    return TestClient(app, base_url=HOME, client=("10.0.0.1", 50_000))


def test_only_named_origins_may_show_the_page_in_a_frame(
    framed: TestClient, client: TestClient
) -> None:
    for path in ("/", "/livez", "/nothing"):
        headers = framed.get(path).headers
        policy = headers["Content-Security-Policy"].split("; ")
        assert policy[-1] == (
            "frame-ancestors 'self' https://intranet.example http://127.0.0.1:8000"
        )
        assert "X-Frame-Options" not in headers, "it knows no names, and would forbid them"
        refused = client.get(path).headers
        assert refused["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in refused["Content-Security-Policy"]


def test_behind_tls_the_cookie_is_for_tls_and_in_a_frame_for_that_frame(
    framed: TestClient,
) -> None:
    def rules(**headers: str) -> set[str]:
        framed.cookies.clear()
        _, *told = framed.get("/", headers=headers).headers["set-cookie"].split("; ")
        return set(told) - {"HttpOnly", "Max-Age=34560000"}

    plain = {"Path=/assistant/", "SameSite=Lax"}
    assert rules() == plain
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "docs.example"}
    secure = {"Path=/assistant/", "SameSite=None", "Secure", "Partitioned"}
    assert rules(**forwarded) == secure


def test_a_name_that_a_trusted_proxy_tells_must_be_allowed_all_the_same(
    framed: TestClient,
) -> None:
    assert framed.get("/", headers={"X-Forwarded-Host": "evil.example"}).status_code == 400
    sent = {"X-Forwarded-Host": "docs.example", "Origin": "https://docs.example"}
    reply = framed.post("/api/ask", json={"question": "leave"}, headers=sent)
    assert reply.status_code == 200
    foreign = sent | {"Origin": "https://evil.example"}
    assert framed.post("/api/ask", json={"question": "leave"}, headers=foreign).status_code == 403


def test_a_stream_tells_nginx_to_keep_nothing_back(client: TestClient) -> None:
    reply = client.post(
        "/api/ask", json={"question": "leave"}, headers={"Accept": "text/event-stream"}
    )
    assert reply.headers["X-Accel-Buffering"] == "no"
    assert "X-Accel-Buffering" not in client.get("/").headers


def test_files_with_their_hash_in_their_name_are_kept_and_the_page_is_asked_for_anew(
    client: TestClient,
) -> None:
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    kept = re.findall(r'(?:src|href)="\./((?:assets|start)[/-][^"]+)"', page.text)
    assert len(kept) == 3
    for path in kept:
        reply = client.get(f"/{path}")
        assert (reply.status_code, reply.headers["Cache-Control"]) == (200, FOR_GOOD)
    assert client.get("/assets/nothing.js").headers.get("Cache-Control") != FOR_GOOD
    assert client.get("/start-0000000000000000.js").headers["Cache-Control"] == "no-cache"


def test_host_names_lose_port_brackets_and_case() -> None:
    names = [host_name(host) for host in ("A:1", "[::1]:80", "a.", "[::1]")]
    assert names == ["a", "::1", "a", "::1"]


@pytest.mark.parametrize("path", ["/", "/api/ask", JOIN, "/nothing", f"{UPLOAD_PATH}/"])
def test_a_body_over_the_cap_is_refused_before_it_is_read(path: str) -> None:
    assert status_of_body(MAX_BODY_BYTES + 1, path) == 413
    assert status_of_body(MAX_BODY_BYTES, path) != 413


def test_a_file_may_be_as_large_as_the_settings_say() -> None:
    assert [status_of_body(n, UPLOAD_PATH) for n in (2_000_000, 2_000_001)] == [200, 413]


@pytest.mark.parametrize(
    "header",
    [
        (b"transfer-encoding", b"chunked"),
        (b"content-length", b""),
        (b"content-length", b"-1"),
        (b"content-length", b"1e3"),
        (b"content-length", b"\xb2"),
    ],
)
def test_a_body_of_unstated_length_is_refused(header: tuple[bytes, bytes]) -> None:
    assert pass_through(header, method="POST")[0] == 411


def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    assert pass_through((b"content-length", b"9" * 5_000), method="POST")[0] == 413


def test_a_body_that_comes_in_parts_is_read_whole_and_given_on() -> None:
    parts = (b'{"session', b'_hash": "s"', b"}")
    messages = [
        {"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts
    ]
    status, owners = pass_through(path=JOIN, method="POST", messages=messages)
    assert status == 200
    assert len(owners) == 1


def test_a_sender_that_leaves_in_the_middle_joins_nothing() -> None:
    messages = [{"type": "http.request", "body": b'{"session_hash": "s"', "more_body": True}]
    assert pass_through(path=JOIN, method="POST", messages=messages)[0] == 403
