import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from store.zygote import InlineParsers
from torture import trials

from assistant.errors import AssistantError, IndexLocked, IndexMissing, StoreError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import sync as syncing
from assistant.store.catalog import CATALOG_FILE, create
from assistant.store.lock import LOCK_FILE, hold_lock
from assistant.store.snapshot import open_snapshot
from assistant.store.sync import making_of


def test_a_missing_index_is_named_with_its_remedy(assistant: Assistant, settings: Settings) -> None:
    for use in (assistant.documents, assistant.check, lambda: assistant.document("a")):
        with pytest.raises(IndexMissing) as caught:
            use()
        assert str(settings.index_dir) in str(caught.value)
        assert "assistant index" in str(caught.value)
    assert not assistant.has_index


def test_an_index_whose_first_sync_did_not_finish_is_not_asked(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    create(settings.index_dir, making_of(embedder, settings))
    assert not assistant.has_index
    assert assistant.ask("Danube?").statements
    assert assistant.has_index


def test_a_creation_cut_short_leaves_nothing_that_counts_as_an_index(
    assistant: Assistant, settings: Settings
) -> None:
    settings.index_dir.mkdir()
    (settings.index_dir / CATALOG_FILE).touch()
    assert not assistant.has_index
    assistant.sync()
    assert assistant.check() == ()


def test_a_snapshot_does_not_change_while_a_sync_runs(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    assistant.sync()
    with open_snapshot(settings.index_dir, making_of(embedder, settings)) as snapshot:
        rows, matrix = snapshot.vectors_after(0, embedder.dimension)
        before = (snapshot.version, snapshot.records(), snapshot.passages(rows), rows)
        scores = snapshot.bm25(["danub"], k=9)
        for name in FILES:
            (settings.corpus_dir / name).unlink()
        write_files(settings.corpus_dir, {"new.txt": "Nothing is as it was. Danube? No."})
        assistant.sync()
        again, same = snapshot.vectors_after(0, embedder.dimension)
        assert (snapshot.version, snapshot.records(), snapshot.passages(again), again) == before
        assert snapshot.bm25(["danub"], k=9) == scores != []
        assert (same == matrix).all()
        assert snapshot.document("rivers.txt").text == FILES["rivers.txt"]
    with open_snapshot(settings.index_dir, making_of(embedder, settings)) as later:
        assert later.version > before[0]
        assert [record.document_id for record in later.records()] == ["new.txt"]


def test_a_second_writer_is_refused_and_told_who_the_first_is(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    script = (
        "import sys, pathlib\nfrom assistant.store.lock import hold_lock\n"
        "with hold_lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(settings.index_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for use in (assistant.sync, assistant.check):
            with pytest.raises(IndexLocked, match=f"process {holder.pid} since 20"):
                use()
        assert assistant.ask("Danube?").statements, "a reader need not wait"
        holder.kill()
    assert assistant.sync().n_unchanged == 3


def test_a_lock_whose_holder_cannot_be_read_still_refuses(settings: Settings) -> None:
    with hold_lock(settings.index_dir):
        (settings.index_dir / LOCK_FILE).write_text("?")
        with pytest.raises(IndexLocked, match="another process"), hold_lock(settings.index_dir):
            pass


@pytest.mark.parametrize("damage", [b"", b"not a database" * 999])
def test_a_catalog_that_is_no_database_is_a_store_error_until_it_is_rebuilt(
    assistant: Assistant, settings: Settings, damage: bytes
) -> None:
    assistant.sync()
    put_catalog(settings.index_dir, damage)
    for use in (assistant.documents, assistant.check):
        with pytest.raises(StoreError, match="assistant index"):
            use()
    assistant.sync(rebuild=True)
    assert assistant.check() == ()


def test_a_damaged_catalog_is_a_store_error_and_never_a_wrong_quote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "Parsers", InlineParsers)
    settings = settings_in(tmp_path, max_over_refusal=0.0)
    write_files(settings.corpus_dir, FILES)
    assistant = Assistant(settings, HashingEmbedder(dimension=16))
    assistant.sync()
    path = settings.index_dir / CATALOG_FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    whole, random_ = path.read_bytes(), random.Random(7)
    n_refused = 0
    for _ in range(trials(20, 100)):
        damaged = bytearray(whole)
        place = random_.randrange(len(damaged))
        for i in range(place, min(place + random_.choice([1, 1, 64, 4096]), len(damaged))):
            damaged[i] ^= random_.randint(1, 255)
        for use in (
            lambda: require_honest(assistant),
            assistant.check,
            assistant.documents,
            assistant.sync,
        ):
            put_catalog(settings.index_dir, damaged)
            try:
                use()
            except AssistantError:
                n_refused += 1
    assert n_refused
    assistant.sync(rebuild=True)
    assert assistant.check() == ()


def put_catalog(index_dir: Path, data: bytes | bytearray) -> None:
    for suffix in ("-wal", "-shm"):
        (index_dir / f"{CATALOG_FILE}{suffix}").unlink(missing_ok=True)
    (index_dir / CATALOG_FILE).write_bytes(data)


def require_honest(assistant: Assistant) -> None:
    answer = assistant.ask("Where does the Danube rise?")
    for citation in answer.citations:
        document = assistant.document(citation.document_id)
        assert document.text[citation.start : citation.end] == citation.quote
