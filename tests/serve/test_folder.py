"""Files of the folder are renamed, removed and brought back, and nothing else is touched."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.ingest.added import AddedDocument
from assistant.ingest.walk import walk
from assistant.serve.app import build_app
from assistant.serve.folder import (
    TRASH,
    NameTaken,
    list_removed,
    purge,
    remove,
    rename,
    restore,
)
from assistant.settings import Settings
from assistant.store.added import keep, list_added

HOME = "http://127.0.0.1:7860"
NOT_OF_THE_FOLDER = [
    *"../outside.txt sub/../plan.md sub/../../outside.txt /etc/hostname . .. sub sub/".split(),
    "/plan.md",
    *"./plan.md .hidden.md sub/.git/config sub//deep.md gone.md linked.md away/outside.txt".split(),
    *"index/catalog.sqlite PLAN.md Sub/deep.md pipe.md ~$plan.md".split(),
    *("", "plan.md\0", "sub\\deep.md", "a" * 5_000, "\udce9.md", ".added/nothing"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder with files, links, a pipe and the index inside of it; one file outside."""
    corpus = tmp_path / "corpus"
    for name, text in {
        "plan.md": "Plan.",
        "sub/deep.md": "Deep.",
        ".hidden.md": "Hidden.",
        "sub/.git/config": "Config.",
        "index/catalog.sqlite": "Index.",
        "~$plan.md": "Lock.",
        "../outside.txt": "Outside.",
    }.items():
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_text(text)
    (corpus / "linked.md").symlink_to(tmp_path / "outside.txt")
    (corpus / "away").symlink_to(tmp_path)
    os.mkfifo(corpus / "pipe.md")
    return settings_anywhere(corpus_dir=corpus, index_dir=corpus / "index")


def files_in(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def listed(settings: Settings) -> list[str]:
    return [one.document_id for one in walk(settings.corpus_dir, settings.index_dir)]


@pytest.mark.parametrize("name", ["plan.md", "sub/deep.md"])
def test_a_removed_file_is_in_the_trash_and_comes_back_as_it_was(
    settings: Settings, name: str
) -> None:
    before, at = files_in(settings.corpus_dir), (settings.corpus_dir / name).stat()
    key = remove(settings, name)
    assert name not in listed(settings)
    trash = settings.index_dir / TRASH
    assert list(files_in(trash).values()) == [before[name]]
    assert restore(settings, key) == name
    assert files_in(settings.corpus_dir) == before
    assert (settings.corpus_dir / name).stat().st_mtime_ns == at.st_mtime_ns
    assert not list(trash.iterdir())


def test_a_second_removal_of_a_name_leaves_the_first_in_the_trash(settings: Settings) -> None:
    path = settings.corpus_dir / "plan.md"
    keys = [remove(settings, "plan.md")]
    path.write_text("Another plan.")
    keys.append(remove(settings, "plan.md"))
    assert sorted(files_in(settings.index_dir / TRASH).values()) == ["Another plan.", "Plan."]
    restore(settings, keys[0])
    with pytest.raises(NameTaken, match=r"another file named 'plan\.md'"):
        restore(settings, keys[1])
    assert path.read_text() == "Plan."
    assert list(files_in(settings.index_dir / TRASH).values()) == ["Another plan."]


def test_a_file_comes_back_into_a_folder_that_is_gone_and_not_through_a_link(
    settings: Settings, tmp_path: Path
) -> None:
    sub = settings.corpus_dir / "sub"
    keys = [remove(settings, "sub/deep.md")]
    sub.rename(tmp_path / "elsewhere")
    assert restore(settings, keys[0]) == "sub/deep.md"
    keys.append(remove(settings, "sub/deep.md"))
    sub.rmdir()
    sub.symlink_to(tmp_path)
    with pytest.raises(CorpusError):
        restore(settings, keys[1])
    assert not (tmp_path / "deep.md").exists()
    assert list(files_in(settings.index_dir / TRASH).values()) == ["Deep."]


@pytest.mark.parametrize("name", NOT_OF_THE_FOLDER)
def test_what_is_no_file_of_the_folder_is_neither_removed_nor_renamed(
    settings: Settings, name: str, tmp_path: Path
) -> None:
    before = files_in(tmp_path)
    with pytest.raises(CorpusError):
        remove(settings, name)
    with pytest.raises(CorpusError):
        rename(settings, name, "new.md")
    assert files_in(tmp_path) == before
    assert os.path.lexists(settings.corpus_dir / "pipe.md")
    assert os.path.lexists(settings.corpus_dir / "linked.md")


@pytest.mark.parametrize(
    "key", ["", ".", "..", "0" * 32, "../" + "0" * 29, "x" * 32, "0" * 32 + "/"]
)
def test_what_is_no_key_of_a_removal_brings_nothing_back(settings: Settings, key: str) -> None:
    before = files_in(settings.corpus_dir)
    with pytest.raises(CorpusError, match="nothing that was removed has this key"):
        restore(settings, key)
    assert files_in(settings.corpus_dir) == before


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "deep.md").write_text("Not ours.")
    real = os.open

    def swap(path: Any, flags: int, *given: Any, **named: Any) -> int:
        if path == "sub":
            (settings.corpus_dir / "sub").rename(tmp_path / "moved")
            (settings.corpus_dir / "sub").symlink_to(victim)
        return real(path, flags, *given, **named)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(CorpusError):
        remove(settings, "sub/deep.md")
    assert (victim / "deep.md").read_text() == "Not ours."


def test_a_file_that_is_saved_anew_while_it_is_renamed_is_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = os.link, settings.corpus_dir / "plan.md"

    def save(*given: Any, **named: Any) -> None:
        real(*given, **named)
        (settings.corpus_dir / "beside").write_text("Saved anew.")
        os.replace(settings.corpus_dir / "beside", path)

    monkeypatch.setattr(os, "link", save)
    assert rename(settings, "plan.md", "design.md") == "design.md"
    assert (settings.corpus_dir / "design.md").read_text() == "Plan."
    assert path.read_text() == "Saved anew."


@pytest.mark.parametrize("does_copying_fail", [False, True])
def test_a_trash_on_another_disk_takes_a_file_whole_or_leaves_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, does_copying_fail: bool
) -> None:
    def keep_apart(real: Any) -> Any:
        def move(one: Any, other: Any, *, src_dir_fd: int, dst_dir_fd: int, **given: Any) -> Any:
            if src_dir_fd != dst_dir_fd:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return real(one, other, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **given)

        return move

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = files_in(settings.corpus_dir)
    for name in ("rename", "link"):
        monkeypatch.setattr(os, name, keep_apart(getattr(os, name)))
    if does_copying_fail:
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(CorpusError, match=r"cannot be removed .No space left"):
            remove(settings, "sub/deep.md")
        assert files_in(settings.corpus_dir) == before
        return
    key = remove(settings, "sub/deep.md")
    assert list(files_in(settings.index_dir / TRASH).values()) == ["Deep."]
    assert restore(settings, key) == "sub/deep.md"
    assert files_in(settings.corpus_dir) == before


def test_a_file_gets_another_name_in_its_folder(settings: Settings) -> None:
    assert rename(settings, "sub/deep.md", "cafe\u0301.MD") == "sub/café.MD"
    assert (settings.corpus_dir / "sub" / "café.MD").read_text() == "Deep."
    assert rename(settings, "plan.md", "Plan.md") == "Plan.md"
    assert rename(settings, "Plan.md", "Plan.md") == "Plan.md"
    assert {"sub/café.MD", "Plan.md"} <= set(listed(settings))


@pytest.mark.parametrize(
    "name", ["../a.md", "sub/a.md", ".a.md", "a", "a.exe", "a.txt", "", "a\n.md"]
)
def test_a_new_name_is_a_plain_one_of_the_same_kind_of_file(settings: Settings, name: str) -> None:
    with pytest.raises(DocumentUnreadable):
        rename(settings, "plan.md", name)
    assert (settings.corpus_dir / "plan.md").read_text() == "Plan."


def test_a_new_name_that_is_taken_is_refused(settings: Settings) -> None:
    (settings.corpus_dir / "b.md").write_text("B.")
    for taken in ("b.md", "linked.md", "pipe.md"):
        with pytest.raises(NameTaken):
            rename(settings, "plan.md", taken)
    assert files_in(settings.corpus_dir)["b.md"] == "B."


def test_a_document_that_a_program_added_is_removed_brought_back_and_not_renamed(
    settings: Settings,
) -> None:
    keep(settings.index_dir, [AddedDocument("https://a.example/x", "X", ((None, "Text."),))])
    (before,) = list_added(settings.index_dir)
    with pytest.raises(CorpusError, match="added by a program"):
        rename(settings, before.document_id, "x.md")
    key = remove(settings, before.document_id)
    assert not list(list_added(settings.index_dir))
    assert restore(settings, key) == before.document_id == ".added/https://a.example/x"
    assert [one.document_id for one in list_added(settings.index_dir)] == [before.document_id]


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    assistant = FakeAssistant(settings=settings)
    with TestClient(build_app(assistant), base_url=HOME, raise_server_exceptions=False) as made:
        yield made


def test_over_http_a_file_is_renamed_removed_and_brought_back(
    client: TestClient, settings: Settings
) -> None:
    odd = settings.corpus_dir / "sub" / "a #1 100%?.md"
    odd.write_text("Odd.")
    renamed = client.patch("/api/documents/sub/a%20%231%20100%25%3F.md", json={"name": "é.md"})
    assert (renamed.status_code, renamed.json()) == (200, {"document_id": "sub/é.md"})
    removed = client.delete("/api/documents/sub/%C3%A9.md")
    assert removed.status_code == 200
    assert "sub/é.md" not in listed(settings)
    back = client.post(f"/api/trash/{removed.json()['key']}")
    assert (back.status_code, back.json()) == (201, {"document_id": "sub/é.md"})
    assert client.post(f"/api/trash/{removed.json()['key']}").status_code == 404


def test_over_http_what_is_refused_has_a_status_and_one_line(client: TestClient) -> None:
    replies = {
        404: client.delete("/api/documents/gone.md"),
        409: client.patch("/api/documents/plan.md", json={"name": "linked.md"}),
        415: client.patch("/api/documents/plan.md", json={"name": "../x.md"}),
        422: client.patch("/api/documents/plan.md", json={"name": 3}),
        403: client.delete("/api/documents/plan.md", headers={"Origin": "https://evil.example"}),
    }
    assert {code: reply.status_code for code, reply in replies.items()} == {n: n for n in replies}
    assert all("\n" not in reply.json()["error"]["message"] for reply in replies.values())


def test_over_http_nobody_removes_who_is_not_let_in(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "plan.md").write_text("Plan.")
    settings = settings_anywhere(corpus_dir=tmp_path / "corpus", users={"ann": "swordfish"})
    with TestClient(build_app(FakeAssistant(settings=settings)), base_url=HOME) as stranger:
        assert stranger.delete("/api/documents/plan.md").status_code == 401
        assert (
            stranger.delete("/api/documents/plan.md", auth=("ann", "swordfish")).status_code == 200
        )


def test_over_http_the_list_comes_in_parts_found_by_words_and_ordered(client: TestClient) -> None:
    def ask(**given: Any) -> tuple[int, list[str]]:
        told = client.get("/api/documents", params=given).json()
        return told["total"], [one["document_id"] for one in told["documents"]]

    assert ask(n=2) == (4, ["news/typhoon.txt", "handbook.md"])
    assert ask(n=2, start=2) == (4, ["hostile.txt", "scan.pdf"])
    assert ask(words="staff") == (1, ["handbook.md"])
    assert ask(order="status", n=1) == (4, ["scan.pdf"])
    for wrong in ({"n": 0}, {"n": 10**6}, {"start": -1}, {"order": "x"}, {"words": "x" * 500}):
        assert client.get("/api/documents", params=wrong).status_code == 422


def test_what_was_removed_is_listed_and_deleted_for_good_when_that_is_said(
    settings: Settings,
) -> None:
    assert list_removed(settings) == ()
    assert purge(settings) == 0
    keep(settings.index_dir, [AddedDocument("note", "Note", ((None, "Text."),))])
    (added,) = list_added(settings.index_dir)
    names = ["plan.md", "sub/deep.md", added.document_id]
    keys = [remove(settings, name) for name in names]
    for at, key in enumerate(keys):
        os.utime(settings.index_dir / TRASH / key, (at, 1_000_000_000 + at))
    found = list_removed(settings)
    assert [(one.key, one.document_id) for one in found] == [*zip(keys, names, strict=True)][::-1]
    assert found[2].removed_at == "2001-09-09T01:46:40+00:00"
    assert found[2].size == len("Plan.")
    assert purge(settings, keys[1]) == 1
    with pytest.raises(CorpusError, match="has this key"):
        purge(settings, keys[1])
    assert restore(settings, keys[0]) == "plan.md"
    assert purge(settings) == 1
    assert list_removed(settings) == ()
    assert not list((settings.index_dir / TRASH).iterdir())


@pytest.mark.parametrize("key", ["", ".", "..", "x", "0" * 31, "../" + "0" * 32, "A" * 32])
def test_what_is_no_key_deletes_nothing(settings: Settings, key: str) -> None:
    kept = remove(settings, "plan.md")
    with pytest.raises(CorpusError, match="has this key"):
        purge(settings, key)
    assert [one.key for one in list_removed(settings)] == [kept]


def test_a_link_in_the_trash_is_neither_listed_nor_followed(
    settings: Settings, tmp_path: Path
) -> None:
    remove(settings, "plan.md")
    (settings.index_dir / TRASH / ("0" * 32)).symlink_to(tmp_path)
    (settings.index_dir / TRASH / "stranger").mkdir()
    assert len(list_removed(settings)) == 1
    assert purge(settings) == 1
    assert (tmp_path / "outside.txt").read_text() == "Outside."
    assert (settings.index_dir / TRASH / "stranger").is_dir()


def test_over_http_the_trash_is_listed_and_emptied(client: TestClient) -> None:
    names = ("plan.md", "sub/deep.md")
    keys = [client.delete(f"/api/documents/{name}").json()["key"] for name in names]
    told = client.get("/api/trash").json()["removed"]
    assert {(one["key"], one["document_id"]) for one in told} == {
        (keys[0], "plan.md"),
        (keys[1], "sub/deep.md"),
    }
    assert client.delete(f"/api/trash/{keys[0]}").json() == {"deleted": 1}
    assert client.delete(f"/api/trash/{keys[0]}").status_code == 404
    assert client.delete("/api/trash").json() == {"deleted": 1}
    assert client.get("/api/trash").json() == {"removed": []}


def test_over_http_an_error_is_told_in_the_language_that_is_wished(client: TestClient) -> None:
    def refuse(**headers: str) -> str:
        reply = client.delete("/api/documents/gone.md", headers=headers)
        message: str = reply.json()["error"]["message"]
        return message

    assert refuse() == "'gone.md' is no file of the folder"
    wish = {"Accept-Language": "fr-CH, de;q=0.4"}
    assert refuse(**wish) == "'gone.md' n’est pas un fichier du dossier"
    client.cookies.set("assistant_language", "de")
    assert refuse(**wish) == "'gone.md' ist keine Datei des Ordners"
