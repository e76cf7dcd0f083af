"""Walking: every entry ends as a file or a reason; nothing is followed, opened or blocked on."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.ingest.walk import FoundFile, SkippedFile, read, walk

MAX_BYTES = 1_000


def find(root: Path) -> FoundFile:
    (found,) = walk(root)
    assert isinstance(found, FoundFile)
    return found


def reasons(root: Path) -> dict[str, str]:
    return {o.document_id: o.reason for o in walk(root) if isinstance(o, SkippedFile)}


def test_files_come_sorted_by_document_id_with_their_stat(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", "a.txt", "a/b/d e.txt", "-x.txt", "é.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = list(walk(tmp_path))
    names = [outcome.document_id for outcome in found]
    assert names == sorted(names)
    assert set(names) == {"b.txt", "a/c.txt", "a.txt", "a/b/d e.txt", "-x.txt", "é.txt"}
    for file in found:
        assert isinstance(file, FoundFile)
        assert (file.size, file.mtime_ns) == (
            file.path.stat().st_size,
            file.path.stat().st_mtime_ns,
        )
        assert read(file, MAX_BYTES).decode() == file.document_id


def test_hidden_entries_and_leftovers_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (".git/config.txt", ".hidden.txt", "~$letter.txt", "letter.txt~"):
        (tmp_path / name).write_text("x")
    assert list(walk(tmp_path)) == []


def test_links_are_skipped_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file.txt").symlink_to(outside / "secret.txt")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "broken.txt").symlink_to(root / "nowhere")
    assert (
        set(reasons(root))
        == {"file.txt", "folder", "loop", "broken.txt"}
        == {outcome.document_id for outcome in walk(root)}
    )


def test_pipes_and_sockets_are_skipped_without_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.txt"))
        assert reasons(tmp_path) == {
            "pipe.txt": "a named pipe, not a document",
            "s.txt": "a socket, not a document",
        }


def test_odd_names_are_skipped_and_shown_escaped(tmp_path: Path) -> None:
    names = [b"bad\xff.txt", b"two\nlines.txt", b"esc\x1b[31m.txt", "rtl\u202etxt.exe".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x")
    assert set(reasons(tmp_path)) == {
        "bad\\xff.txt", "two\\nlines.txt", "esc\\x1b[31m.txt", "rtl\\u202etxt.exe",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["x" * 251 + ".txt", "%2f.txt", "..x.txt".lstrip("."), "<img>.txt", "'\".txt"]
)
def test_odd_but_harmless_names_are_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert find(tmp_path).document_id == name


def test_deep_folders_are_walked(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 100)
    deep.mkdir(parents=True)
    (deep / "x.txt").write_text("x")
    assert find(tmp_path).document_id.count("/") == 100


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_skipped_with_a_reason(locked: Path) -> None:
    assert reasons(locked.parent) == {"locked": "cannot be read: Permission denied"}


def test_a_folder_that_cannot_be_listed_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "x.txt").write_text("x")
    listing = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert reasons(tmp_path) == {"locked": "cannot be read: Permission denied"}


@pytest.mark.parametrize("is_file", [True, False])
def test_a_root_that_is_no_folder_is_refused_with_a_remedy(tmp_path: Path, is_file: bool) -> None:
    root = tmp_path / "root"
    if is_file:
        root.write_text("x")
    with pytest.raises(CorpusError, match="create that folder"):
        list(walk(root))


def test_reading_refuses_a_file_over_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(DocumentUnreadable, match="larger than 1,000 bytes"):
        read(find(tmp_path), MAX_BYTES)


def test_reading_refuses_what_took_the_files_place(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("x")
    found = find(tmp_path)
    path.unlink()
    with pytest.raises(DocumentUnreadable, match="No such file"):
        read(found, MAX_BYTES)
    path.symlink_to("/etc/hostname")
    with pytest.raises(DocumentUnreadable, match="cannot be read"):
        read(found, MAX_BYTES)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DocumentUnreadable, match="not a regular file"):
        read(found, MAX_BYTES)


def test_reading_refuses_a_file_that_changes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.txt"
    path.write_text("x")
    found = find(tmp_path)
    look = os.fstat

    def look_and_write(handle: int) -> os.stat_result:
        status = look(handle)
        with path.open("a") as file:
            file.write("more")
        return status

    monkeypatch.setattr(os, "fstat", look_and_write)
    with pytest.raises(DocumentUnreadable, match="changed while it was read"):
        read(found, MAX_BYTES)
