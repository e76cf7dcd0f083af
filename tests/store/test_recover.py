import logging
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from corpora import write_files
from hashing import HashingEmbedder
from torture import altering

from assistant.errors import CorpusError, IndexDamaged, IndexMismatch, StoreError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import catalog
from assistant.store import sync as recover
from assistant.store import sync as syncing
from assistant.store.catalog import CATALOG_FILE, DAMAGED_FILE, find_inode
from assistant.store.sync import SyncReport
from assistant.values import Answer, Stage

QUESTION = "Where does the Danube rise?"
SAID = "The Danube rises in the Black Forest. [1]"


def alter(index_dir: Path, sql: str = "UPDATE documents SET size = 1") -> None:
    with altering(index_dir) as connection:
        connection.execute(sql)


def cut(catalog_file: Path) -> None:
    catalog_file.write_bytes(catalog_file.read_bytes()[: catalog_file.stat().st_size // 2 + 99])


def put_folder(catalog_file: Path) -> None:
    catalog_file.unlink()
    (catalog_file / "in").mkdir(parents=True)


def put_log(catalog_file: Path, data: bytes) -> None:
    catalog_file.with_name(f"{CATALOG_FILE}-wal").write_bytes(data)


def remove_but_for_a_log(catalog_file: Path) -> None:
    catalog_file.unlink()
    put_log(catalog_file, b"an old log" * 99)


def remove_log(catalog_file: Path) -> None:
    for suffix in ("-wal", "-shm"):
        catalog_file.with_name(f"{CATALOG_FILE}{suffix}").unlink(missing_ok=True)


SWAP = "UPDATE documents SET content_id = (SELECT max(content_id) FROM contents)"
DAMAGES: dict[str, Callable[[Path], object]] = {
    "a row altered": lambda path: alter(path.parent),
    "files swapped": lambda path: alter(path.parent, SWAP),
    "header flipped": lambda path: path.write_bytes(b"X" + path.read_bytes()[1:]),
    "cut": cut,
    "emptied": lambda path: path.write_bytes(b""),
    "a folder": put_folder,
    "removed": Path.unlink,
    "removed but for a log": remove_but_for_a_log,
    "log removed": remove_log,
    "a log of noise": lambda path: put_log(path, random.Random(1).randbytes(9999)),
}


def damage(settings: Settings, how: str) -> None:
    DAMAGES[how](settings.index_dir / CATALOG_FILE)


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "opened anew"])
@pytest.mark.parametrize("how", DAMAGES)
def test_a_question_makes_a_damaged_index_anew_and_goes_on(
    settings: Settings, how: str, is_open: bool
) -> None:
    assistant = Assistant(settings, HashingEmbedder())
    assistant.sync()
    version = assistant.index_version
    assistant.close()
    if not is_open:
        assistant = Assistant(settings, HashingEmbedder())
    damage(settings, how)
    assert assistant.ask(QUESTION).text == SAID
    assert assistant.search("Danube")[0].passage.document_id == "rivers.txt"
    assistant.sync()
    assert assistant.check() == ()
    assert assistant.index_version >= version
    assistant.close()


@pytest.mark.parametrize("how", DAMAGES)
def test_a_sync_makes_a_damaged_index_anew_and_says_so(
    assistant: Assistant, settings: Settings, how: str
) -> None:
    assistant.sync()
    version = assistant.index_version
    assistant.close()
    damage(settings, how)
    report = assistant.sync()
    assert assistant.check() == ()
    assert assistant.ask(QUESTION).text == SAID
    if how in ("a row altered", "files swapped", "header flipped", "cut"):
        assert report.recovered is not None
        assert DAMAGED_FILE in report.recovered
    if how not in ("log removed", "a log of noise", "removed"):
        assert assistant.index_version > version + 1_000_000, "no version comes twice"


def test_the_damaged_catalog_is_kept_as_it_was_and_only_the_last_of_them(
    assistant: Assistant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.sync()
    for size in (1, 2):
        alter(settings.index_dir, f"UPDATE documents SET size = {size}")
        assistant.close()
        damaged = (settings.index_dir / CATALOG_FILE).read_bytes()
        assistant.sync()
        assert (settings.index_dir / DAMAGED_FILE).read_bytes() == damaged
    kept = [path.name for path in settings.index_dir.iterdir() if "damaged" in path.name]
    assert set(kept) <= {DAMAGED_FILE, f"{DAMAGED_FILE}-wal"}
    assert "put aside" in caplog.text


def test_a_question_tells_that_it_builds_the_index_anew(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    alter(settings.index_dir, "UPDATE texts SET text = replace(text, 'Black', 'Green')")
    *stages, answer = assistant.stream(QUESTION)
    assert isinstance(answer, Answer)
    assert answer.text == SAID
    told = [one for one in stages if isinstance(one, Stage)]
    assert [(one.name, "damaged" in one.detail) for one in told if one.name == "indexing"] == [
        ("indexing", True)
    ]


@pytest.mark.parametrize("how", ["header flipped", "cut", "emptied", "a folder", "removed"])
def test_an_index_that_is_seen_to_be_damaged_is_none_to_ask(
    assistant: Assistant, settings: Settings, how: str
) -> None:
    assistant.sync()
    assistant.close()
    damage(settings, how)
    assert not assistant.has_index or how == "cut"
    assistant.sync()
    assert assistant.has_index


def test_damage_that_comes_again_is_raised_and_nothing_loops(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    alter(settings.index_dir)
    syncs: list[int] = []
    sync = syncing.sync

    def sync_badly(*args: Any, **kwargs: Any) -> SyncReport:
        syncs.append(1)
        done = sync(*args, **kwargs)
        alter(settings.index_dir)
        return done

    monkeypatch.setattr(syncing, "sync", sync_badly)
    for use in (lambda: assistant.ask(QUESTION), lambda: assistant.search("Danube")):
        syncs.clear()
        with pytest.raises(IndexDamaged):
            use()
        assert len(syncs) == 1


@pytest.mark.parametrize("code", ["IOERR", "IOERR_READ", "FULL", "LOCKED", "BUSY", "READONLY"])
@pytest.mark.parametrize("use", ["sync", "ask"])
def test_a_disk_that_fails_is_no_damage(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, code: str, use: str
) -> None:
    assistant = Assistant(settings, HashingEmbedder())
    assistant.sync()
    assistant.close()
    inode, files = find_inode(settings.index_dir), sorted(settings.index_dir.rglob("*"))
    error = sqlite3.OperationalError("the disk")
    error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{code}")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(catalog, "read_manifest", fail)
    with pytest.raises(StoreError, match="see to the disk") as caught:
        assistant.sync() if use == "sync" else assistant.ask(QUESTION)
    assert not isinstance(caught.value, IndexDamaged)
    assert find_inode(settings.index_dir) == inode
    assert sorted(settings.index_dir.rglob("*")) == files


def test_a_corpus_that_is_gone_leaves_a_damaged_index_where_it_is(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    alter(settings.index_dir)
    before = (settings.index_dir / CATALOG_FILE).read_bytes()
    settings.corpus_dir.rename(settings.corpus_dir.with_name("away"))
    for use in (assistant.sync, lambda: assistant.ask(QUESTION)):
        alter(settings.index_dir, "UPDATE documents SET size = 2")
        with pytest.raises(CorpusError, match="missing"):
            use()
    assistant.close()
    assert not (settings.index_dir / DAMAGED_FILE).exists()
    assert len((settings.index_dir / CATALOG_FILE).read_bytes()) == len(before)


def test_many_questions_that_meet_damage_at_once_build_one_index(
    assistant: Assistant, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.sync()
    alter(settings.index_dir, "UPDATE passages SET text = replace(text, 'Black', 'Green')")
    start = threading.Barrier(8)

    def ask() -> str:
        start.wait()
        return assistant.ask(QUESTION).text

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(8) as threads:
        said = {one.result() for one in [threads.submit(ask) for _ in range(8)]}
    assert said == {SAID}
    assert caplog.text.count("was put aside") == 1


def test_another_index_that_came_meanwhile_is_not_put_aside(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    inode = find_inode(settings.index_dir)
    assistant.sync(rebuild=True)
    met = IndexDamaged("what was there before")
    report = recover.rebuild_damaged(settings, assistant.index.engine, met, inode, assistant.sync)
    assert (report.recovered, report.n_unchanged) == (None, 3)
    assert not (settings.index_dir / DAMAGED_FILE).exists()


def test_after_a_sync_the_catalog_is_whole_by_itself(
    assistant: Assistant, settings: Settings, tmp_path: Path
) -> None:
    assistant.sync()
    assistant.ask(QUESTION)  # keeps a connection
    write_files(settings.corpus_dir, {"new.txt": "The lighthouse is white."})
    assistant.sync()
    log = settings.index_dir / f"{CATALOG_FILE}-wal"
    assert not log.exists() or log.stat().st_size == 0
    other = settings.model_copy(update={"index_dir": tmp_path / "other"})
    other.index_dir.mkdir()
    shutil.copy(settings.index_dir / CATALOG_FILE, other.index_dir)
    with Assistant(other, HashingEmbedder()) as copied:
        assert copied.check() == ()
        assert copied.document("new.txt").text == "The lighthouse is white."


def test_a_sync_waits_for_no_reader_to_fold_the_log(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        write_files(settings.corpus_dir, {"new.txt": "The lighthouse is white."})
        started = time.perf_counter()
        assistant.sync()
        assert time.perf_counter() - started < 10
        assert len(snapshot.records()) == 3


def test_an_index_of_an_older_program_is_refused_by_its_schema_and_not_taken_for_damaged(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    assistant.close()
    alter(settings.index_dir, "ALTER TABLE manifest DROP COLUMN digest")
    alter(settings.index_dir, "UPDATE manifest SET value = '3' WHERE key = 'schema'")
    for use in (assistant.sync, lambda: assistant.ask(QUESTION), assistant.documents):
        with pytest.raises(IndexMismatch, match="schema is '3', the settings ask for '7'"):
            use()
    assistant.sync(rebuild=True)
    assert assistant.check() == ()
