"""Every route of the schema, sent what nobody should send: refused in one line, and never a defect.

The assistant is a real one over a few files, so that what is malformed meets what reads it.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from corpora import FILES, settings_in, write_files
from fastapi.testclient import TestClient
from hashing import HashingEmbedder

from assistant.pipeline import Assistant
from assistant.serve.app import build_app

HOME = "http://127.0.0.1:7860"
REFUSED = {400, 403, 404, 405, 409, 411, 413, 415, 422, 503}
"""The statuses that docs/http.md tells of, without those of people who are not let in."""
WORDS = ["", " ", "%00", "%ff", "%ED%A0%80", "..%2f..%2fetc%2fpasswd", quote("ä\u2028'\"<"), "-1"]
WORDS += ["1e9", "0x1", "NaN", "9" * 5_000, "x" * 9_000, "0-9 5-1 99999-999999", "a/" * 200]
VALUES: list[Any] = [None, True, -1, 10**30, 1.5, float("inf"), "", "\0", "\ud800", "x" * 5_000]
VALUES += [[], {}, [[]], [None], ["x"] * 2_001, {"a": {}}, [{"role": "user"}], [["user", 1]]]
RIGHT = {"document": next(iter(FILES)), "start": "0", "end": "9", "page": "1", "words": "Danube"}
RIGHT |= {"places": "0-9", "name": "new.txt"}
FOREIGN = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = settings_in(tmp_path_factory.mktemp("malformed"), max_over_refusal=0.0)
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        app = build_app(assistant)
        with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
            made.follow_redirects = False
            yield made


@pytest.fixture(scope="module")
def schema(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi").json()
    return found


def require_refused_or_done(reply: Any, *, told: object) -> None:
    """Check that a response is one of those that are documented."""
    if reply.status_code < 400:
        return
    assert reply.status_code in REFUSED, told
    error = reply.json().get("error")
    assert error, told
    assert error["kind"] != "InternalError", told
    assert error["message"], told
    assert "\n" not in error["message"], told


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def fill(path: str, word: str) -> str:
    """Return a path with a word in place of each of its parameters."""
    for named in ("{document}", "{key}", "{conversation_id}", "{number}", "{form}", "{name}"):
        path = path.replace(named, word)
    assert "{" not in path
    return path


def fields_of(operation: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return the names of the fields of a body of JSON; none where there is no such body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return []
    name = content["schema"]["$ref"].rpartition("/")[2]
    return list(schema["components"]["schemas"][name]["properties"])


def test_words_that_mean_nothing_in_a_path_or_a_query(
    client: TestClient, schema: dict[str, Any]
) -> None:
    n_tried = 0
    for method, path, operation in operations(schema):
        named = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        for word in WORDS:
            at = fill(path, word) if word else fill(path, "x")
            right = {name: RIGHT[name] for name in named if name in RIGHT}
            odd = ({**right, name: word} for name in named)
            for query in ({}, *odd, dict.fromkeys(named, word)):
                asked = "&".join(f"{name}={value}" for name, value in query.items())
                reply = client.request(method, f"{at}?{asked}")
                require_refused_or_done(reply, told=(method, at[:200], asked[:200], reply.text))
                n_tried += 1
    assert n_tried > 500


def test_values_of_another_type_or_size_in_a_body(
    client: TestClient, schema: dict[str, Any]
) -> None:
    right = {
        "question": "Where does the Danube rise?",
        "query": "Danube",
        "answer": "x",
        "name": "a.txt",
        "messages": [{"role": "user", "content": "Where does the Danube rise?"}],
    }
    n_tried = 0
    for method, path, operation in operations(schema):
        fields = fields_of(operation, schema)
        whole = {name: right[name] for name in fields if name in right}
        bodies: list[Any] = [*VALUES] if fields else []
        bodies += [{**whole, name: value} for name in fields for value in VALUES]
        for body in bodies:
            reply = client.request(
                method,
                fill(path, "rivers.txt"),
                content=json.dumps(body),
                headers={"Content-Type": "application/json"},
            )
            require_refused_or_done(reply, told=(method, path, str(body)[:200], reply.text))
            n_tried += 1
    assert n_tried > 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_what_changes_or_asks_anything_is_refused_to_another_sites_page(
    client: TestClient, schema: dict[str, Any], headers: dict[str, str]
) -> None:
    for method, path, _ in operations(schema):
        reply = client.request(method, fill(path, "x"), headers=headers)
        assert "access-control-allow-origin" not in reply.headers
        if method != "GET":
            assert reply.status_code == 403, (method, path)


def test_a_body_that_is_too_large_or_of_no_stated_length_is_refused_everywhere(
    client: TestClient, schema: dict[str, Any]
) -> None:
    for method, path, _ in operations(schema):
        if method == "GET":
            continue
        at = fill(path, "x")
        large = {"Content-Length": str(10**12)}
        assert client.request(method, at, headers=large).status_code == 413, (method, path)
        chunked = client.request(method, at, content=iter([b"{}"]))
        assert chunked.status_code == 411, (method, path)
