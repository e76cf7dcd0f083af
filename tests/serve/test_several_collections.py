"""Several collections behind one door: each is the whole, and another's is not there at all."""

import base64
import json
import re
from collections.abc import Iterator

import openai
import pytest
from browsing import serving
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from surface_fakes import FakeAssistant, document, settings_anywhere

from assistant.answering import Collection
from assistant.serve.access import NO_ROUTE, UPLOAD_PATH
from assistant.serve.app import build_app
from assistant.serve.visitors import COLLECTIONS, COMMON, Readers
from assistant.values import DocumentId

HOME = "http://127.0.0.1:7860"
PASSWORDS = {"ann": "ann's password", "bob": "bob's password", "eve": "eve's password"}
TOKENS = {"wiki": "a token of more than 24 characters"}
READERS = {
    "ours": frozenset({"ann", "bob"}),
    "anns": frozenset({"ann"}),
    "wikis": frozenset({"wiki"}),
}


def basic(name: str) -> dict[str, str]:
    sent = base64.b64encode(f"{name}:{PASSWORDS[name]}".encode()).decode()
    return {"Authorization": f"Basic {sent}"}


ANN, BOB, EVE = basic("ann"), basic("bob"), basic("eve")
WIKI = {"Authorization": f"Bearer {TOKENS['wiki']}"}


@pytest.fixture(scope="module")
def fakes() -> dict[str, FakeAssistant]:
    """An assistant for each collection, with a document that only this one has."""
    made = {}
    for name in READERS:
        settings = settings_anywhere(users=PASSWORDS, tokens=TOKENS, max_file_bytes=2_000_000)
        made[name] = FakeAssistant(settings=settings)
        made[name].held[DocumentId(f"{name}.txt")] = document(f"{name}.txt", f"Of {name}.")
    return made


@pytest.fixture(scope="module")
def served(fakes: dict[str, FakeAssistant]) -> list[Collection]:
    return [Collection(name, fakes[name], readers) for name, readers in READERS.items()]


@pytest.fixture(scope="module")
def client(served: list[Collection]) -> Iterator[TestClient]:
    app = build_app(served)
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
        made.follow_redirects = False
        yield made


NAMES = st.sampled_from([*READERS, "none", "", "..", "ours/x"])
PATHS = st.text("abc/.:", max_size=12).map(lambda text: f"/{text}")


class TestReaders:
    readers = Readers([Collection(name, FakeAssistant(), who) for name, who in READERS.items()])

    def test_readers_are_users_and_services_and_no_visitors(self) -> None:
        assert self.readers.readable("user:ann") == ("ours", "anns")
        assert self.readers.readable("user:wiki") == ("wikis",)
        for owner in ("user:eve", "visitor:ann", "ann", "", "nobody"):
            assert self.readers.readable(owner) == ()

    @given(NAMES, PATHS, st.sampled_from(["user:ann", "user:bob", "user:eve"]))
    def test_a_path_leads_to_what_its_sender_may_read_or_nowhere(
        self, name: str, path: str, owner: str
    ) -> None:
        readable = self.readers.readable(owner)
        for asked in (f"{COLLECTIONS}{name}{path}", path):
            led = self.readers.lead(asked, readable)
            if led is not None and led not in COMMON and not led.startswith("/v1/"):
                assert self.readers.split(led)[0] in readable

    @given(PATHS)
    def test_without_collections_every_path_stays_as_it_is(self, path: str) -> None:
        for asked in (path, f"{COLLECTIONS}ours{path}"):
            assert Readers().lead(asked, ()) == asked
            assert Readers().split(asked) == (None, asked)


class TestAnothers:
    @pytest.mark.parametrize("name", ["anns", "wikis", "none"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"),
            ("GET", ""),
            ("GET", UPLOAD_PATH),
            ("GET", "/api/documents/anns.txt"),
            ("POST", f"{UPLOAD_PATH}?name=a.txt"),
            ("DELETE", "/api/documents/anns.txt"),
            ("POST", "/api/ask"),
            ("POST", "/api/feedback"),
            ("POST", "/api/sync"),
            ("GET", "/api/trash"),
            ("GET", "/api/file?document=anns.txt"),
            ("GET", "/conversations/x.md"),
            ("POST", "/mcp"),
            ("GET", "/metrics"),
            ("GET", "/gradio_api/queue/data?session_hash=a"),
            ("GET", "/livez"),
            ("GET", "/assets/index.js"),
        ],
    )
    def test_a_collection_of_others_does_not_exist(
        self, client: TestClient, method: str, path: str, name: str
    ) -> None:
        reply = client.request(method, f"{COLLECTIONS}{name}{path}", headers=BOB, content=b"{}")
        assert reply.status_code == 404
        assert reply.json()["error"]["message"] == NO_ROUTE
        assert (
            client.request(method, f"{COLLECTIONS}{name}{path}", content=b"{}").status_code == 401
        )

    def test_no_route_that_there_is_leads_into_it(self, client: TestClient) -> None:
        paths = client.get("/api/openapi", headers=BOB).json()["paths"]
        routes = [(method, path) for path, methods in paths.items() for method in methods]
        assert len(routes) > 25
        for method, path in routes:
            at = f"{COLLECTIONS}anns{re.sub(r'{[^}]+}', 'x', path)}"
            reply = client.request(method.upper(), at, headers=BOB, content=b"{}")
            assert (reply.status_code, reply.json()["error"]["message"]) == (404, NO_ROUTE), at

    def test_who_may_read_none_is_told_of_none(self, client: TestClient) -> None:
        for path in ("/", "/api/documents", "/metrics", "/mcp", "/collections/ours/"):
            assert client.get(path, headers=EVE).status_code == 404
        assert client.get("/api/collections", headers=EVE).json() == {"collections": []}
        assert client.get("/v1/models", headers=EVE).json()["data"] == []
        asked = {"messages": [{"role": "user", "content": "typhoon"}]}
        assert client.post("/v1/chat/completions", json=asked, headers=EVE).status_code == 404

    def test_its_name_is_nowhere_in_what_others_get(self, client: TestClient) -> None:
        asked = {"model": "anns", "messages": [{"role": "user", "content": "typhoon"}]}
        replies = [
            client.get("/api/collections", headers=BOB),
            client.get("/v1/models", headers=BOB),
            client.get("/metrics", headers=BOB),
            client.get("/api/openapi", headers=BOB),
            client.get("/api/docs", headers=BOB),
            client.get("/readyz"),
        ]
        assert not [one for one in replies if "anns" in one.text]
        for path in ("/v1/chat/completions", "/v1/models/anns"):
            method = "POST" if "chat" in path else "GET"
            refused = client.request(method, path, json=asked, headers=BOB)
            assert refused.status_code == 404
            assert "wikis" not in refused.text


class TestOnes:
    def test_each_has_its_own_documents(self, client: TestClient) -> None:
        for name in ("ours", "anns"):
            listed = client.get(f"{COLLECTIONS}{name}/api/documents", headers=ANN).json()
            named = {one["document_id"] for one in listed["documents"]}
            assert named & {f"{other}.txt" for other in READERS} == {f"{name}.txt"}

    def test_a_path_without_a_collection_is_that_of_the_first_that_one_may_read(
        self, client: TestClient
    ) -> None:
        for headers, first in ((ANN, "ours"), (WIKI, "wikis")):
            assert client.get(f"/api/documents/{first}.txt", headers=headers).status_code == 200
            assert client.get("/", headers=headers).headers["location"] == f"collections/{first}/"
            listed = client.get("/api/collections", headers=headers).json()["collections"]
            assert listed[0] == first

    def test_its_page_and_what_belongs_to_it_are_under_its_path(self, client: TestClient) -> None:
        assert client.get("/collections/anns", headers=ANN).headers["location"] == "anns/"
        page = client.get("/collections/anns/", headers=ANN)
        assert page.status_code == 200
        assert 'src="/' not in page.text

    def test_an_upload_is_as_large_as_a_file_may_be_and_lands_in_its_folder(
        self, client: TestClient, fakes: dict[str, FakeAssistant]
    ) -> None:
        path = f"{COLLECTIONS}anns{UPLOAD_PATH}"
        sent = client.post(path, params={"name": "a.txt"}, content=b"a " * 600_000, headers=ANN)
        assert sent.status_code == 201
        assert (fakes["anns"].settings.corpus_dir / "a.txt").is_file()
        assert not list(fakes["ours"].settings.corpus_dir.iterdir())
        assert client.post(path, content=b"a" * 2_000_001, headers=ANN).status_code == 413
        other = f"{COLLECTIONS}anns/api/ask"
        assert client.post(other, content=b"a" * 1_000_001, headers=ANN).status_code == 413

    def test_another_sites_page_changes_nothing_in_it(self, client: TestClient) -> None:
        foreign = {**ANN, "Origin": "https://evil.example"}
        for path in ("/api/ask", "/api/sync", "/api/feedback", "/mcp"):
            sent = client.post(f"{COLLECTIONS}anns{path}", content=b"{}", headers=foreign)
            assert sent.status_code == 403

    def test_no_route_of_gradio_is_open_that_is_not_without_collections(
        self, client: TestClient
    ) -> None:
        for path in (
            "/gradio_api/upload",
            "/gradio_api/file=/etc/passwd",
            "/gradio_api/run/predict",
        ):
            assert client.get(f"{COLLECTIONS}anns{path}", headers=ANN).status_code == 404
        joined = {"session_hash": "of-ann", "fn_index": 0, "data": []}
        path = f"{COLLECTIONS}ours/gradio_api/queue/join"
        assert client.post(path, json=joined, headers=ANN).status_code != 403
        assert client.post(path, json=joined, headers=BOB).status_code == 403

    def test_a_host_asks_each_at_its_own_path(self, client: TestClient) -> None:
        begun = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        }
        headers = {**ANN, "Accept": "application/json, text/event-stream"}
        for path in ("/collections/anns/mcp", "/mcp"):
            reply = client.post(path, json=begun, headers=headers)
            assert reply.status_code == 200
            assert '"serverInfo"' in reply.text

    def test_conversations_lie_beside_the_index_of_their_collection(
        self, client: TestClient, fakes: dict[str, FakeAssistant]
    ) -> None:
        kept = {fake.settings.index_dir / "conversations.sqlite" for fake in fakes.values()}
        assert len(kept) == len(READERS)
        assert all(path.is_file() for path in kept)


def test_each_is_a_model_whose_citations_lead_into_it(served: list[Collection]) -> None:
    with serving(served) as (address, _):
        base = f"{address}v1"
        with openai.OpenAI(base_url=base, api_key=TOKENS["wiki"], max_retries=0) as asking:
            assert [one.id for one in asking.models.list()] == ["wikis"]
            reply = asking.chat.completions.create(
                model="wikis", messages=[{"role": "user", "content": "typhoon"}]
            )
            (first, *_) = json.loads(reply.model_dump_json())["choices"][0]["message"][
                "annotations"
            ]
            assert first["url_citation"]["url"].startswith(f"{address}collections/wikis/api/file?")
            with pytest.raises(openai.NotFoundError):
                asking.chat.completions.create(
                    model="ours", messages=[{"role": "user", "content": "typhoon"}]
                )


def test_a_server_is_ready_when_one_of_its_collections_is(served: list[Collection]) -> None:
    with TestClient(build_app(served), base_url=HOME) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/livez").json() == {"status": "alive"}
