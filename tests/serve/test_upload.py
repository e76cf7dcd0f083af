"""A file that is dropped on the page becomes a file of the folder, whole or not at all."""

import asyncio
import errno
import os
import re
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.serve.app import build_app
from assistant.serve.background import RETRY_AFTER_S
from assistant.serve.folder import MAX_NAME_BYTES, NameTaken, check_name, save_upload

HOME = "http://127.0.0.1:7860"
LIMIT = 1_000
BAD_NAMES = [
    *". .. ../a.txt ../../etc/passwd.txt /etc/a.txt sub/a.txt .hidden.txt .txt".split(),
    *r"sub\a.txt ..\a.txt C:\a.txt a a.exe a.txt.exe a.ogg a.txt. a.txt/".split(),
    "",
    "a.txt ",
    "a\0.txt",
    "a\n.txt",
    "a\r\n.txt",
    "a\x1b[31m.txt",
    "a\x7f.txt",
    "a\u2028.txt",
    "a\u202etxt.txt",
    "a\ud800.txt",
    "a" * MAX_NAME_BYTES + ".txt",
    "漢" * 80 + ".txt",
]


@pytest.fixture(scope="module")
def corpus() -> Path:
    """The folder that the client uploads into."""
    return settings_anywhere().corpus_dir


@pytest.fixture(scope="module")
def client(corpus: Path) -> Iterator[TestClient]:
    assistant = FakeAssistant(settings=settings_anywhere(max_file_bytes=LIMIT, corpus_dir=corpus))
    with TestClient(build_app(assistant), base_url=HOME, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "corpus"
    made.mkdir()
    return made


async def parts_of(
    data: bytes, n: int = 7, then: BaseException | None = None
) -> AsyncIterator[bytes]:
    for start in range(0, len(data), n):
        yield data[start : start + n]
    if then:
        raise then


def take(folder: Path, name: str, data: bytes, limit: int = LIMIT, **given: Any) -> bool:
    return asyncio.run(save_upload(folder, name, parts_of(data, **given), limit))


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "name", ["a.txt", "A B.MD", "日本語.html", "a.tar.txt", "-rf.txt", "a'b.txt"]
)
def test_a_file_is_kept_under_its_name_byte_by_byte(folder: Path, name: str) -> None:
    assert take(folder, name, "Some text, é.\r\n".encode())
    assert held(folder) == {name: "Some text, é.\r\n".encode()}


def test_a_name_is_kept_in_its_composed_form(folder: Path) -> None:
    take(folder, "cafe\u0301.txt", b"x")
    assert list(held(folder)) == ["caf\u00e9.txt"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_plain_name_of_a_readable_file_is_refused(
    folder: Path, name: str
) -> None:
    with pytest.raises(DocumentUnreadable):
        take(folder, name, b"text")
    assert held(folder) == {}
    assert [one.name for one in folder.parent.iterdir()] == ["corpus"]


@given(st.text(max_size=20).map(lambda stem: f"{stem}.txt"))
def test_no_name_that_is_taken_leads_out_of_the_folder(name: str) -> None:
    try:
        kept = check_name(name)
    except DocumentUnreadable:
        return
    assert os.path.basename(kept) == kept
    assert not kept.startswith(".")
    assert not re.search("[\x00-\x1f\x7f-\x9f/\\\\\u2028\u2029]", kept)
    assert kept.encode()


def test_a_file_is_held_in_memory_once(folder: Path) -> None:
    n_bytes, block = 30_000_000, b"x" * 100_000
    take(folder, "warm.txt", b"x")

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(n_bytes // len(block)):
            yield block

    tracemalloc.start()
    try:
        asyncio.run(save_upload(folder, "a.pdf", parts_after(b"%PDF-1.7\n", parts()), 2 * n_bytes))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1.5 * n_bytes


async def parts_after(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in parts:
        yield part


def test_a_file_of_which_nothing_more_comes_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.serve.folder.STALL_S", 0.05)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"some"
        await asyncio.sleep(20)

    with pytest.raises(TimeoutError):
        asyncio.run(save_upload(folder, "a.txt", stalling(), LIMIT))
    assert held(folder) == {}


def test_over_http_few_files_are_taken_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.serve.api.MAX_LOADING", 1)
    monkeypatch.setattr("assistant.serve.reading.MAX_WAITING", 0)
    monkeypatch.setattr("assistant.serve.folder.STALL_S", 20.0)
    app = build_app(FakeAssistant())
    begun, goes_on, sent = threading.Event(), threading.Event(), list[Message]()

    async def receive() -> Message:
        begun.set()
        await asyncio.to_thread(goes_on.wait, 20)
        return {"type": "http.request", "body": b"text", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    path = {"path": "/api/documents", "query_string": b"name=a.txt", "method": "POST"}
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"4")]
    scope = {"type": "http", "headers": headers, **path}
    with TestClient(app, base_url=HOME) as client, ThreadPoolExecutor(1) as slow:
        first = slow.submit(lambda: asyncio.run(app(scope, receive, send)))
        assert begun.wait(10)
        refused = client.post("/api/documents?name=b.txt", content=b"text")
        goes_on.set()
        first.result()
        assert sent[0]["status"] == 201
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == str(RETRY_AFTER_S)
        assert client.post("/api/documents?name=b.txt", content=b"text").status_code == 201


def test_a_file_may_have_the_limit_and_not_one_byte_more(folder: Path) -> None:
    assert take(folder, "a.txt", b"x" * LIMIT)
    with pytest.raises(DocumentUnreadable, match="larger than 1,000 bytes"):
        take(folder, "b.txt", b"x" * (LIMIT + 1))
    assert list(held(folder)) == ["a.txt"]


@pytest.mark.parametrize("data", [b"OggS\x00\x02\x00\x01", b"PK\x03\x04", b"\x7fELF"])
def test_a_binary_under_the_name_of_a_text_is_refused(folder: Path, data: bytes) -> None:
    with pytest.raises(DocumentUnreadable):
        take(folder, "a.txt", data + bytes(100))
    assert held(folder) == {}


def test_the_very_same_file_again_is_no_new_file_and_no_failure(folder: Path) -> None:
    assert take(folder, "a.txt", b"one")
    assert not take(folder, "a.txt", b"one")
    assert held(folder) == {"a.txt": b"one"}


@pytest.mark.parametrize("data", [b"two", b"", b"one and more"])
def test_another_file_of_the_name_is_never_overwritten(folder: Path, data: bytes) -> None:
    take(folder, "a.txt", b"one")
    with pytest.raises(NameTaken, match=r"another file named 'a\.txt'"):
        take(folder, "a.txt", data)
    assert held(folder) == {"a.txt": b"one"}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_of_the_name_is_neither_followed_nor_replaced(folder: Path, is_there: bool) -> None:
    outside = folder.parent / "outside.txt"
    if is_there:
        outside.write_bytes(b"one")
    (folder / "a.txt").symlink_to(outside)
    for data in (b"one", b"two"):
        with pytest.raises(NameTaken):
            take(folder, "a.txt", data)
    assert (folder / "a.txt").is_symlink()
    assert not is_there or outside.read_bytes() == b"one"
    assert outside.exists() == is_there
    assert len(list(folder.iterdir())) == 1


def test_a_folder_or_a_pipe_of_the_name_is_left_alone(folder: Path) -> None:
    (folder / "a.txt").mkdir()
    os.mkfifo(folder / "b.txt")
    for name in ("a.txt", "b.txt"):
        with pytest.raises(NameTaken):
            take(folder, name, b"text")
    assert sorted(one.name for one in folder.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("error", [ClientDisconnect(), asyncio.CancelledError()])
def test_a_sender_who_leaves_in_the_middle_leaves_nothing_behind(
    folder: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        take(folder, "a.txt", b"half of it", then=error)
    assert held(folder) == {}


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_disk_that_fails_leaves_nothing_behind_and_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(CorpusError, match=r"No space left on device.* free space"):
        take(folder, "a.txt", b"text")
    assert held(folder) == {}


def test_a_file_system_without_hard_links_is_written_to_and_nothing_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert take(folder, "a.txt", b"text")
    assert not take(folder, "a.txt", b"text")
    with pytest.raises(NameTaken):
        take(folder, "a.txt", b"other")
    assert held(folder) == {"a.txt": b"text"}


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"'a\.txt' cannot be written into '.*nowhere'"):
        take(tmp_path / "nowhere", "a.txt", b"text")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "corpus").write_bytes(b"")
    with pytest.raises(CorpusError, match="cannot be written into"):
        take(tmp_path / "corpus", "a.txt", b"text")


def test_two_files_of_one_name_at_once_end_as_one_of_them_whole(folder: Path) -> None:
    async def both() -> list[bool | BaseException]:
        data = [b"one" * 50, b"two" * 50]
        taking = [save_upload(folder, "a.txt", parts_of(one), LIMIT) for one in data]
        return await asyncio.gather(*taking, return_exceptions=True)

    results = asyncio.run(both())
    assert sorted(map(str, map(type, results))) == sorted(map(str, (bool, NameTaken)))
    assert held(folder) in ({"a.txt": b"one" * 50}, {"a.txt": b"two" * 50})


def test_over_http_a_file_is_new_then_known_then_refused(client: TestClient, corpus: Path) -> None:
    sent = [
        client.post("/api/documents", params={"name": "né.txt"}, content=data)
        for data in (b"one", b"one", b"two")
    ]
    assert [reply.status_code for reply in sent] == [201, 200, 409]
    assert sent[0].json() == {"name": "né.txt", "is_new": True}
    assert sent[1].json() == {"name": "né.txt", "is_new": False}
    assert sent[2].json()["error"]["kind"] == "NameTaken"
    assert (corpus / "né.txt").read_bytes() == b"one"


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.exe", b"x", 415),
        ("../a.txt", b"x", 415),
        ("a%00.txt", b"x", 201),  # a percent sign, not a NUL: the name is decoded once
        ("a\0.txt", b"x", 415),
        ("a.txt", b"OggS\x00\x02\x00\x01", 415),
        ("a.txt", b"x" * (LIMIT + 1), 413),
    ],
)
def test_over_http_what_is_refused_has_a_status_and_one_line(
    client: TestClient, corpus: Path, name: str, data: bytes, status: int
) -> None:
    before = held(corpus)
    reply = client.post("/api/documents", params={"name": name}, content=data)
    assert reply.status_code == status
    if status != 201:
        assert "\n" not in reply.json()["error"]["message"]
        assert held(corpus) == before


def test_over_http_a_file_needs_a_name_and_a_page_of_ours(client: TestClient, corpus: Path) -> None:
    assert client.post("/api/documents", content=b"x").status_code == 422
    foreign = {"Origin": "https://evil.example"}
    reply = client.post("/api/documents?name=a.txt", content=b"x", headers=foreign)
    assert reply.status_code == 403
    assert "a.txt" not in held(corpus)
