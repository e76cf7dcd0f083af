"""The file of conversations: made when absent, put aside when damaged, explained when unusable."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from dom import present
from surface_fakes import FakeAssistant

from assistant.errors import StoreError
from assistant.serve.chat.database import FILE, VERSION, Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import Turn


def test_the_folder_and_the_file_are_made(tmp_path: Path) -> None:
    ConversationStore(Database(tmp_path / "new" / "index")).create("alice", "Title")
    assert (tmp_path / "new" / "index" / FILE).is_file()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        ConversationStore(Database(tmp_path)).create("alice", "Title")
    assert len(ConversationStore(Database(tmp_path)).list("alice")) == 3
    assert [one.name for one in tmp_path.iterdir() if "damaged" in one.name] == []


def test_a_file_of_the_first_version_is_taken_over_with_what_is_in_it(tmp_path: Path) -> None:
    database = Database(tmp_path)
    conversation_id = ConversationStore(database).create("alice", "Title")
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        for table in ("turns", "feedback"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN digest")
        row = (conversation_id, 1, "Why?", "[]", None, "Because.", "[]")
        connection.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    store = ConversationStore(Database(tmp_path))
    store.put("alice", conversation_id, Turn(2, "And then?", "Nothing."))
    loaded = present(store.load("alice", conversation_id))
    assert [turn.outcome for turn in loaded] == ["Because.", "Nothing."]


def test_what_an_older_version_kept_is_found_by_its_words_and_forgotten_with_it(
    tmp_path: Path,
) -> None:
    store = ConversationStore(Database(tmp_path))
    answered = store.create("alice", "Straße")
    store.put("alice", answered, Turn(1, "leave", FakeAssistant().ask("leave")))
    damaged = store.create("alice", "Damaged")
    store.put("alice", damaged, Turn(1, "leave?", FakeAssistant().ask("leave")))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("UPDATE turns SET answer = '{' WHERE question = 'leave?'")
        connection.execute("DROP TABLE said")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    store = ConversationStore(Database(tmp_path))
    for search, found in (("ACCRUE strasse", [answered]), ("leave?", [damaged]), ("moon", [])):
        assert [one.conversation_id for one in store.list("alice", search)] == found
    store.rename("alice", answered, "Road")
    assert store.list("alice", "strasse") == ()
    for conversation_id in (answered, damaged):
        store.delete("alice", conversation_id)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM said").fetchone() == (0,)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Database(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=r"newer version .* install that version"):
        Database(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_a_damaged_file_is_put_aside_whole_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = b"no database at all" * 500
    (tmp_path / FILE).write_bytes(damaged)
    store = ConversationStore(Database(tmp_path))
    store.create("alice", "Title")
    assert len(store.list("alice")) == 1
    kept = [one.read_bytes() for one in tmp_path.iterdir() if ".damaged-" in one.name]
    assert kept == [damaged]
    assert "was put aside" in caplog.text


def test_two_damaged_files_are_both_kept(tmp_path: Path) -> None:
    for content in (b"first" * 500, b"second" * 500):
        (tmp_path / FILE).write_bytes(content)
        Database(tmp_path)
    kept = {one.read_bytes() for one in tmp_path.iterdir() if ".damaged-" in one.name}
    assert kept == {b"first" * 500, b"second" * 500}


def test_a_folder_that_cannot_be_one_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"")
    for folder in (tmp_path / "index", tmp_path / "index" / "sub"):
        with pytest.raises(StoreError, match=r"conversations in .* cannot be read or written"):
            Database(folder)


def test_a_folder_in_the_place_of_the_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="see to the disk"):
        Database(tmp_path)


def test_a_file_that_is_locked_gone_or_full_is_a_store_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ConversationStore(Database(tmp_path))
    monkeypatch.setattr("assistant.serve.chat.database.LOCKED_S", 0.05)
    holder = sqlite3.connect(tmp_path / FILE)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"locked.* try again"):
        store.create("alice", "Title")
    holder.close()
    for one in tmp_path.iterdir():
        one.unlink()
    with pytest.raises(StoreError, match="no such table"):
        store.create("alice", "Title")
    with pytest.raises(StoreError, match="no such table"):
        store.list("alice")


def test_a_failure_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)
    write = "INSERT INTO conversations VALUES ('a', 'alice', 'Title', '')"

    def fail(then: Callable[[sqlite3.Connection], object]) -> None:
        with database.open() as connection:
            connection.execute(write)
            then(connection)

    with pytest.raises(ZeroDivisionError):
        fail(lambda _: 1 / 0)
    with pytest.raises(StoreError):
        fail(lambda connection: connection.execute("INSERT INTO nothing VALUES (1)"))
    assert ConversationStore(database).list("alice") == ()


def test_a_file_that_is_damaged_inside_is_put_aside_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = ConversationStore(Database(tmp_path))
    for n in range(300):
        store.create("alice", f"conversation {n} " + "x" * 80)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray((tmp_path / FILE).read_bytes())
    whole[3 * 4096 : 8 * 4096] = b"\xff" * (5 * 4096)
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(StoreError, match="puts a damaged file aside"):
        store.list("alice")
    again = ConversationStore(Database(tmp_path))
    assert again.list("alice") == ()
    assert "put aside" in caplog.text
    (kept,) = (one for one in tmp_path.iterdir() if re.search(r"damaged-\d+$", one.name))
    assert kept.read_bytes() == whole


def test_an_old_log_is_not_read_into_the_new_file(tmp_path: Path) -> None:
    ConversationStore(Database(tmp_path)).create("alice", "Old")
    (tmp_path / f"{FILE}-wal").write_bytes(b"an old log")
    (tmp_path / FILE).write_bytes(b"no database at all" * 500)
    store = ConversationStore(Database(tmp_path))
    assert store.list("alice") == ()
    store.create("alice", "New")
    assert [one.title for one in ConversationStore(Database(tmp_path)).list("alice")] == ["New"]
