"""What the server tells of itself, and what programs read and judge over HTTP."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Route
from surface_fakes import HANDBOOK, FakeAssistant

from assistant.answering import Collection
from assistant.serve.app import build_app
from assistant.serve.chat.feedback import MAX_GIVEN, GivenAnswers, list_questions, read_feedback
from assistant.serve.requests import HEADER

HOME = "http://127.0.0.1:7860"
FOREIGN = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def fake() -> FakeAssistant:
    return FakeAssistant()


@pytest.fixture(scope="module")
def client(fake: FakeAssistant) -> Iterator[TestClient]:
    with TestClient(build_app(fake), base_url=HOME, raise_server_exceptions=False) as made:
        yield made


class TestSchema:
    def test_it_has_every_route_of_the_api_with_a_line_of_what_it_does(
        self, client: TestClient
    ) -> None:
        schema = client.get("/api/openapi").json()
        routes = {
            re.sub(r":\w+\}", "}", route.path)
            for route in client.app.routes  # type: ignore[attr-defined]
            if isinstance(route, Route) and re.match(r"/(api|v1|conversations|livez)\b", route.path)
        }
        assert routes <= set(schema["paths"])
        for path, operations in schema["paths"].items():
            for method, one in operations.items():
                automatic = one["operationId"].partition("_api_")[0].replace("_", " ").title()
                assert one["summary"] not in ("", automatic), (method, path)
                assert "422" not in one["responses"]
                assert "default" in one["responses"]

    def test_every_reference_leads_somewhere(self, client: TestClient) -> None:
        reply = client.get("/api/openapi")
        schemas = reply.json()["components"]["schemas"]
        named = set(re.findall(r'"#/components/schemas/(\w+)"', reply.text))
        assert named
        assert named <= set(schemas)

    def test_its_page_shows_the_same_without_a_script_or_another_host(
        self, client: TestClient
    ) -> None:
        reply = client.get("/api/docs")
        assert reply.headers["content-type"].startswith("text/html")
        assert not re.search(r"<script|https?:|//|\son\w+=|@import|url\(", reply.text)
        said = unescape(re.sub(r"<[^>]+>", " ", reply.text))
        for path, operations in client.get("/api/openapi").json()["paths"].items():
            for method, one in operations.items():
                assert re.search(rf"{method.upper()}\s+{re.escape(path)}\s", said)
                assert one["summary"] in said

    def test_with_collections_it_is_that_of_one_of_them(self, fake: FakeAssistant) -> None:
        whole = [Collection(name, FakeAssistant()) for name in ("a", "b")]
        with TestClient(build_app(whole), base_url=HOME) as several:
            paths = several.get("/api/openapi").json()["paths"]
        with TestClient(build_app(fake), base_url=HOME) as plain:
            assert paths.keys() == plain.get("/api/openapi").json()["paths"].keys()


class TestReading:
    def test_a_text_is_read_in_parts_in_which_spans_count(self, client: TestClient) -> None:
        whole = client.get("/api/documents/handbook.md").json()
        assert whole["text"] == HANDBOOK
        assert (whole["start"], whole["end"]) == (0, whole["n_chars"])
        part = client.get("/api/documents/handbook.md?start=20&n=30").json()
        assert part["text"] == HANDBOOK[20:50]
        assert (part["start"], part["end"]) == (20, 50)
        assert client.get("/api/documents/news/typhoon.txt").json()["title"].startswith("Sanctions")
        beyond = client.get("/api/documents/handbook.md?start=999999999").json()
        assert (beyond["text"], beyond["start"]) == ("", len(HANDBOOK))

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ("none.txt", 404),
            ("../handbook.md", 404),
            ("%2e%2e/%2e%2e/etc/passwd", 404),
            ("handbook.md?version=other", 409),
            ("handbook.md?start=-1", 422),
            ("handbook.md?n=0", 422),
            ("handbook.md?n=1000001", 422),
        ],
    )
    def test_what_is_not_there_or_malformed_is_refused(
        self, client: TestClient, asked: str, status: int
    ) -> None:
        assert client.get(f"/api/documents/{asked}").status_code == status

    def test_another_sites_page_reads_nothing(self, client: TestClient) -> None:
        assert client.get("/api/documents/handbook.md", headers=FOREIGN).status_code == 403


class TestFeedback:
    def ask(self, client: TestClient, question: str, **headers: str) -> str:
        reply = client.post("/api/ask", json={"question": question}, headers=headers)
        assert reply.status_code == 200
        return reply.headers[HEADER]

    def test_an_answer_is_judged_by_the_id_of_its_request(
        self, client: TestClient, fake: FakeAssistant
    ) -> None:
        asked = self.ask(client, "typhoon")
        judged = {"answer": asked, "rating": "down", "comment": "Not the year.", "wrong": [2]}
        assert client.post("/api/feedback", json=judged).json() == {"answer": asked}
        (kept,) = read_feedback(fake.settings)
        assert (kept.rating, kept.comment, kept.wrong) == (
            "down",
            "Not the year.",
            frozenset({2}),
        )
        assert kept.answer.question == kept.question == "typhoon"
        assert next(list_questions([kept]))["kind"] == "feedback"
        better = {"answer": asked, "rating": "up", "comment": "kept with what did not help only"}
        client.post("/api/feedback", json=better)
        (kept,) = read_feedback(fake.settings)
        assert (kept.rating, kept.comment, kept.wrong) == ("up", "", frozenset())
        client.post("/api/feedback", json={"answer": asked})
        assert not read_feedback(fake.settings)

    def test_an_answer_that_came_as_events_is_judged_too(self, client: TestClient) -> None:
        asked = self.ask(client, "leave", Accept="text/event-stream")
        judged = {"answer": asked, "rating": "up"}
        assert client.post("/api/feedback", json=judged).status_code == 200
        client.post("/api/feedback", json={"answer": asked})

    @pytest.mark.parametrize(
        ("judged", "status"),
        [
            ({"answer": "never-asked", "rating": "up"}, 404),
            ({"rating": "up"}, 422),
            ({"answer": "x" * 129}, 422),
            ({"answer": "x", "rating": "best"}, 422),
            ({"answer": "x", "comment": "x" * 501}, 422),
            ({"answer": "x", "wrong": ["1"]}, 422),
            ({"answer": "x", "wrong": list(range(101))}, 422),
            ({"answer": "x", "more": 1}, 422),
            ([], 422),
        ],
    )
    def test_what_is_unknown_or_malformed_is_refused(
        self, client: TestClient, judged: object, status: int
    ) -> None:
        assert client.post("/api/feedback", json=judged).status_code == status

    def test_a_citation_that_the_answer_has_not_is_refused(
        self, client: TestClient, fake: FakeAssistant
    ) -> None:
        asked = self.ask(client, "typhoon")
        judged = {"answer": asked, "rating": "down", "wrong": [1, 9]}
        assert client.post("/api/feedback", json=judged).status_code == 422
        assert not read_feedback(fake.settings)

    def test_another_sites_page_and_too_much_are_refused(self, client: TestClient) -> None:
        asked = {"answer": self.ask(client, "typhoon"), "rating": "up"}
        assert client.post("/api/feedback", json=asked, headers=FOREIGN).status_code == 403
        assert client.post("/api/feedback", content=b"1" * 1_000_001).status_code == 413

    def test_answers_of_others_are_not_there_and_old_ones_are_forgotten(self) -> None:
        given, answer = GivenAnswers(), FakeAssistant().ask("typhoon")
        given.keep("user:ann", "one", "typhoon", (), answer)
        assert given.find("user:ann", "one")
        assert not given.find("user:bob", "one")
        for n in range(MAX_GIVEN):
            given.keep("user:bob", str(n), "typhoon", (), answer)
        assert not given.find("user:ann", "one")
        assert given.find("user:bob", "0")

    def test_an_answer_under_an_id_that_was_used_before_is_the_newest(self) -> None:
        given, answer = GivenAnswers(), FakeAssistant().ask("typhoon")
        for name in ("again", "between", "again"):
            given.keep("user:ann", name, "typhoon", (), answer)
        for n in range(MAX_GIVEN - 1):
            given.keep("user:bob", str(n), "typhoon", (), answer)
        assert given.find("user:ann", "again")
        assert not given.find("user:ann", "between")
