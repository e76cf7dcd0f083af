import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from corpora import replace_files
from hashing import HashingEmbedder

from assistant.errors import IndexMismatch, IndexMissing
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.catalog import CATALOG_FILE
from assistant.store.snapshot import Snapshot, SnapshotPool
from assistant.store.sqlite import SqliteTables
from assistant.store.sync import index_config_of


@pytest.fixture
def readers(assistant: Assistant, settings: Settings, embedder: HashingEmbedder) -> SnapshotPool:
    assistant.sync()
    return SnapshotPool(settings.index_dir, index_config_of(embedder, settings))


def connection_of(snapshot: Snapshot) -> sqlite3.Connection:
    assert isinstance(snapshot.tables, SqliteTables)
    return snapshot.tables.connection


def test_a_connection_is_used_again_and_sees_what_was_written_since(
    readers: SnapshotPool, assistant: Assistant, settings: Settings
) -> None:
    with readers.open() as first:
        version = first.version
    replace_files(settings.corpus_dir, {"a.txt": "All is new."})
    assistant.sync()
    with readers.open() as second:
        assert second.version > version
        assert [record.document_id for record in second.records()] == ["a.txt"]
        assert second.tables is not first.tables
        assert connection_of(second) is connection_of(first)
    readers.close()


def test_a_question_within_a_question_gets_a_connection_of_its_own(readers: SnapshotPool) -> None:
    with readers.open() as outer, readers.open() as inner:
        assert connection_of(outer) is not connection_of(inner)
    readers.close()
    with readers.open() as again:
        assert again.records()


def test_a_rebuild_puts_another_file_in_place_that_is_opened_anew(
    readers: SnapshotPool, assistant: Assistant, settings: Settings
) -> None:
    with readers.open() as before:
        made_at = before.made_at
    replace_files(settings.corpus_dir, {"a.txt": "All is new."})
    assistant.sync(rebuild=True)
    with readers.open() as after:
        assert after.made_at > made_at
        assert [record.document_id for record in after.records()] == ["a.txt"]


def test_an_index_that_is_gone_is_missing_though_a_connection_is_kept(
    readers: SnapshotPool, settings: Settings
) -> None:
    with readers.open():
        pass
    for path in settings.index_dir.glob(f"{CATALOG_FILE}*"):
        path.unlink()
    with pytest.raises(IndexMissing), readers.open():
        pass


def test_a_connection_over_which_an_error_passed_is_not_used_again(
    readers: SnapshotPool, settings: Settings
) -> None:
    with pytest.raises(ZeroDivisionError), readers.open() as failed:
        _ = 1 / 0
    with readers.open() as snapshot:
        assert connection_of(snapshot) is not connection_of(failed)
    other = SnapshotPool(
        settings.index_dir, index_config_of(HashingEmbedder(fingerprint="x"), settings)
    )
    with pytest.raises(IndexMismatch), other.open():
        pass
    assert other._idle == []


def test_many_threads_share_readers_while_the_index_is_rebuilt(
    readers: SnapshotPool, assistant: Assistant
) -> None:
    is_over = threading.Event()

    def read_on() -> set[int]:
        seen = set()
        while not is_over.is_set():
            try:
                with readers.open() as snapshot:
                    seen.add(len(snapshot.records()))
            except IndexMissing:
                continue
        return seen

    with ThreadPoolExecutor(8) as threads:
        reading = [threads.submit(read_on) for _ in range(8)]
        for _ in range(5):
            assistant.sync(rebuild=True)
        is_over.set()
        seen = set().union(*(one.result() for one in reading))
    assert seen <= {0, 1, 2, 3}
    readers.close()
    assert assistant.check() == ()
