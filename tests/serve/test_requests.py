"""Ids of requests, what is logged of them, and how many a sender may send."""

import base64
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.serve import access
from assistant.serve.app import build_app
from assistant.serve.requests import HEADER, MAX_SENDERS, JsonLines, RateLimit

HOME = "http://127.0.0.1:7860"
TOKEN = "a token of more than 24 characters"
PASSWORD = "ann's long password"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BASIC = {"Authorization": "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()}


def serve(**given: Any) -> TestClient:
    app = build_app(FakeAssistant(settings=settings_anywhere(**given)))
    return TestClient(app, base_url=HOME, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with serve() as made:
        yield made


@pytest.fixture(scope="module")
def logging_client() -> Iterator[TestClient]:
    with serve(log="json", users={"ann": PASSWORD}, tokens={"wiki": TOKEN}) as made:
        yield made


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "WRONG_PASSWORD_DELAY_S", 0)


class TestIds:
    @pytest.mark.parametrize("sent", ["a", "0f-9.Z_", "x" * 128])
    def test_a_well_formed_one_is_taken(self, client: TestClient, sent: str) -> None:
        assert client.get("/livez", headers={HEADER: sent}).headers[HEADER] == sent

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 129, '"', "a\u00e4", "<script>", "a;b=c"])
    def test_else_one_is_made(self, client: TestClient, sent: str) -> None:
        reply = client.get("/livez", headers=[(HEADER.encode(), sent.encode())])
        made = reply.headers.get_list(HEADER)
        assert len(made) == 1
        assert re.fullmatch(r"[0-9a-f]{16}", made[0])

    @pytest.mark.parametrize(
        ("method", "path", "options", "status"),
        [
            ("GET", "/api/none", {}, 404),
            ("POST", "/api/ask", {"json": {"question": " "}}, 422),
            ("POST", "/api/ask", {"json": {"question": "bug"}}, 500),
            ("POST", "/api/ask", {"content": b"a" * 1_000_001}, 413),
            ("POST", "/api/ask", {"json": {}, "headers": {"Origin": "https://evil.example"}}, 403),
            ("GET", "/livez", {"headers": {"Host": "evil.example"}}, 400),
            ("GET", "/gradio_api/upload", {}, 404),
        ],
    )
    def test_errors_have_one_too(
        self, client: TestClient, method: str, path: str, options: dict[str, Any], status: int
    ) -> None:
        headers = {HEADER: "mine", **options.get("headers", {})}
        reply = client.request(method, path, **{**options, "headers": headers})
        assert (reply.status_code, reply.headers[HEADER]) == (status, "mine")


class TestLog:
    @pytest.fixture
    def lines(self) -> Iterator[list[dict[str, Any]]]:
        """What is logged, as JSON."""
        told: list[dict[str, Any]] = []

        class Keeping(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                told.append(json.loads(JsonLines().format(record)))

        logger, handler = logging.getLogger("assistant"), Keeping()
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        yield told
        logger.removeHandler(handler)
        logger.setLevel(level)

    def test_each_request_is_a_line_of_what_happened(
        self, logging_client: TestClient, lines: list[dict[str, Any]]
    ) -> None:
        asked = {"question": "leave secretword"}
        logging_client.post("/api/ask", json=asked, headers={**BEARER, HEADER: "one"})
        logging_client.get("/api/trash/none-of-these", headers={**BASIC, HEADER: "two"})
        logging_client.get("/api/documents?words=secretword", headers={HEADER: "three"})
        logging_client.get("/api/documents/secretword.txt", headers={**BASIC, HEADER: "four"})
        found = {one["id"]: one for one in lines if one["message"] == "request"}
        assert [one["status"] for one in found.values()] == [200, 404, 401, 404]
        one = found["one"]
        assert 0 <= one.pop("seconds") < 60
        assert re.match(r"20..-..-..T", one.pop("at"))
        assert one == {
            "level": "info",
            "logger": "assistant.serve.requests",
            "message": "request",
            "id": "one",
            "method": "POST",
            "route": "/api/ask",
            "status": 200,
            "user": "wiki",
        }
        assert (found["two"]["user"], found["three"]["user"]) == ("ann", None)
        assert found["four"]["route"] == "/api/documents/{document:path}"

    def test_no_question_no_token_and_no_password_is_in_it(
        self, logging_client: TestClient, lines: list[dict[str, Any]]
    ) -> None:
        for headers in (BEARER, BASIC, {"Authorization": "Bearer wrong-secretword-token-here"}):
            for path in ("/api/documents?words=secretword", f"/api/{TOKEN}", "/secretword"):
                logging_client.get(path, headers=headers)
            for question in ("secretword", "bug secretword"):
                logging_client.post("/api/ask", json={"question": question}, headers=headers)
            logging_client.post("/api/feedback", json={"answer": "secretword"}, headers=headers)
        assert lines
        told = json.dumps(lines)
        for secret in ("secretword", TOKEN, PASSWORD, BASIC["Authorization"][6:]):
            assert secret not in told

    def test_a_defect_is_logged_under_the_id_of_its_request(
        self, logging_client: TestClient, lines: list[dict[str, Any]]
    ) -> None:
        headers = {**BEARER, HEADER: "broken"}
        logging_client.post("/api/ask", json={"question": "bug"}, headers=headers)
        (defect,) = [one for one in lines if "exception" in one]
        assert (defect["id"], defect["level"]) == ("broken", "error")
        assert "ZeroDivisionError" in defect["exception"]

    def test_unless_it_is_asked_for_no_request_is_logged(
        self, client: TestClient, lines: list[dict[str, Any]]
    ) -> None:
        client.get("/api/documents")
        assert not lines


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestLimit:
    def test_without_a_limit_nothing_is_counted(self) -> None:
        limit = RateLimit(None)
        assert {limit.take("ann") for _ in range(1_000)} == {0}

    @given(st.integers(1, 500), st.lists(st.floats(0, 30), min_size=1, max_size=200))
    def test_nobody_sends_more_in_any_minute_than_twice_what_a_minute_allows(
        self, per_minute: int, pauses: list[float]
    ) -> None:
        clock, taken = Clock(), []
        limit = RateLimit(per_minute, clock)
        for pause in pauses:
            clock.now += pause
            if not limit.take("ann"):
                taken.append(clock.now)
        for at in taken:
            assert sum(at <= one < at + 60 for one in taken) <= 2 * per_minute

    @given(st.integers(1, 500), st.integers(1, 20))
    def test_who_waits_as_long_as_was_told_is_taken(self, per_minute: int, n_more: int) -> None:
        clock = Clock()
        limit = RateLimit(per_minute, clock)
        assert [limit.take("ann") for _ in range(per_minute)] == [0] * per_minute
        assert limit.take("bob") == 0
        for _ in range(n_more):
            wait_s = limit.take("ann")
            assert wait_s >= 1
            clock.now += wait_s
            assert limit.take("ann") == 0
            while not limit.take("ann"):
                pass

    def test_an_ipv6_network_is_one_sender_and_memory_is_bounded(self) -> None:
        limit = RateLimit(1, Clock())
        assert limit.take("2001:db8::1") == 0
        assert limit.take("2001:db8::2") > 0
        assert limit.take("2001:db8:1::2") == 0
        assert limit.take("192.0.2.1") == 0
        assert limit.take("::ffff:192.0.2.1") > 0
        for n in range(MAX_SENDERS):
            limit.take(f"user:{n}")
        assert limit.take("192.0.2.1") == 0

    def test_it_is_by_user_where_one_is_named_and_told_with_429(self) -> None:
        with serve(max_requests_per_minute=3, users={"ann": PASSWORD}, tokens={"wiki": TOKEN}) as c:
            assert [c.get("/api/trash", headers=BASIC).status_code for _ in range(4)][-1] == 429
            assert c.get("/api/trash", headers=BEARER).status_code == 200
            refused = c.get("/api/trash", headers=BASIC)
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert refused.json()["error"]["kind"] == "TooManyRequests"
            assert c.get("/livez", headers=BASIC).status_code == 200

    def test_who_proves_nothing_is_known_by_address_so_that_guessing_ends(self) -> None:
        wrong = {"Authorization": "Bearer " + "x" * 30}
        with serve(max_requests_per_minute=3, tokens={"wiki": TOKEN}) as c:
            assert [c.get("/api/trash", headers=wrong).status_code for _ in range(4)] == [
                *[401] * 3,
                429,
            ]
            assert c.get("/api/trash", headers=BEARER).status_code == 200

    @pytest.mark.parametrize(("trusted", "status"), [(("testclient",), 200), ((), 429)])
    def test_an_address_is_believed_of_a_named_proxy_alone(
        self, trusted: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(access.Reach, "_trusts", lambda *_: bool(trusted))
        with serve(max_requests_per_minute=1) as c:
            for n in range(2):
                reply = c.get("/api/trash", headers={"X-Forwarded-For": f"192.0.2.{n}"})
            assert reply.status_code == status

    def test_a_page_that_is_open_uses_up_nothing(self) -> None:
        with serve(max_requests_per_minute=1) as c:
            assert {c.get("/api/changes").status_code for _ in range(20)} == {200}

    @pytest.mark.parametrize("path", ["/api/changes", "/assets/x", "/gradio_api/heartbeat/x"])
    def test_no_path_lets_anybody_guess_without_end(self, path: str) -> None:
        wrong = {"Authorization": "Basic " + base64.b64encode(b"ann:guessed").decode()}
        with serve(max_requests_per_minute=3, users={"ann": PASSWORD}) as c:
            assert [c.get(path, headers=wrong).status_code for _ in range(4)] == [*[401] * 3, 429]
            assert c.get("/livez").status_code == 200

    def test_a_page_of_a_user_that_is_open_uses_up_nothing(self) -> None:
        with serve(max_requests_per_minute=1, users={"ann": PASSWORD}) as c:
            told = {c.get("/api/changes", headers=BASIC).status_code for _ in range(20)}
            assert told == {200}
