import binascii
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import example, given
from hypothesis import strategies as st
from torture import trials

from assistant.errors import AssistantError, IndexDamaged, IndexLocked, IndexMissing, StoreError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.catalog import CATALOG_FILE, connect, create
from assistant.store.lock import LOCK_FILE, hold_lock
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sqlite import SqliteTables
from assistant.store.sync import index_config_of, sync
from assistant.store.tables import SCHEMA, TABLES, digest_row
from assistant.values import DocumentId

FIELDS = {table: kind._fields for kind, table in TABLES.items()}


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
    create(settings.index_dir, index_config_of(embedder, settings))
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
    with assistant.index.open() as snapshot:
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
    with assistant.index.open() as later:
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


def test_a_damaged_catalog_is_a_store_error_and_never_a_wrong_quote(tmp_path: Path) -> None:
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


fields = st.none() | st.integers() | st.text(max_size=30) | st.binary(max_size=30)
rows = st.lists(fields, min_size=1, max_size=6)


@given(rows)
def test_a_digest_is_the_crc_of_all_fields_one_after_the_other(row: list[Any]) -> None:
    data = b""
    for field in row:
        if isinstance(field, bytes):
            data += f"blob {len(field)} ".encode() + field
        elif isinstance(field, str):
            said = field.encode("utf-8", "surrogatepass")
            data += f"text {len(said)} ".encode() + said
        else:
            data += f"number {len(str(field))} {field}".encode()
    assert digest_row(*row) == binascii.crc32(data)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_change_of_up_to_four_bytes_in_a_row_changes_its_digest(
    blob: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(blob) - 1))
    other = data.draw(st.binary(min_size=1, max_size=4))
    altered = (blob[:place] + other + blob[place + len(other) :])[: len(blob)]
    assert (digest_row(7, blob) == digest_row(7, altered)) == (blob == altered)


@example("text")
@given(st.text(min_size=1, max_size=30))
def test_the_same_bytes_of_another_kind_or_parted_elsewhere_have_another_digest(text: str) -> None:
    data = text.encode()
    assert digest_row("a", text) != digest_row("a", data)
    assert digest_row("a", text) != digest_row("a" + text, "")
    assert digest_row(text, None) != digest_row(text, "None")


def test_a_digest_covers_every_field_of_every_table() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        for table, names in FIELDS.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            assert columns == [*names, "digest"]
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'passage_terms%' AND name NOT LIKE 'term_counts%'"
        )
        assert {name for (name,) in tables} == set(FIELDS)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("index"), max_tail_passages=1)
    write_files(settings.corpus_dir, FILES)
    assert sync(settings, HashingEmbedder()).base_problem is None
    return settings


RIVERS = DocumentId("rivers.txt")
Reading = Callable[[Snapshot], object]
OF_A_FILE: tuple[Reading, ...] = (
    lambda snapshot: snapshot.document(RIVERS),
    lambda snapshot: snapshot.versions([RIVERS]),
    lambda snapshot: snapshot.rows_of([RIVERS]),
    Snapshot.records,
)
OF_PASSAGES: tuple[Reading, ...] = (lambda snapshot: snapshot.passages([1, 2, 3, 4]),)
READINGS: dict[str, tuple[Reading, ...]] = {
    "manifest": (lambda snapshot: snapshot.version,),
    "contents": OF_A_FILE,
    "texts": OF_A_FILE[:1],
    "documents": OF_A_FILE + OF_PASSAGES,
    "passages": OF_PASSAGES,
    "vectors": (
        lambda snapshot: snapshot.vectors([1, 2, 3, 4]),
        lambda snapshot: snapshot.vectors_of([1, 2, 3, 4], 64),
        lambda snapshot: snapshot.vectors_after(0, 64),
        lambda snapshot: snapshot.vectors_after(3, 64, [1, 2, 3]),
    ),
    "sentence_vectors": (lambda snapshot: snapshot.vectors([1, 2, 3, 4]),),
    "bases": (Snapshot.base,),
}
ALTERATIONS = [
    (table, name, reading)
    for table, readings in READINGS.items()
    for name in FIELDS[table]
    for reading in range(len(readings))
]


@pytest.fixture
def writable(index: Settings) -> Iterator[sqlite3.Connection]:
    """A transaction in which rows are altered, and that is undone."""
    with closing(connect(index.index_dir)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        yield connection
        connection.execute("ROLLBACK")


@pytest.mark.parametrize(("table", "name", "reading"), ALTERATIONS)
def test_a_row_with_an_altered_field_is_refused_whatever_it_is_read_for(
    writable: sqlite3.Connection, table: str, name: str, reading: int
) -> None:
    read = READINGS[table][reading]
    read(Snapshot(SqliteTables(writable)))
    altered = "'altered' || rowid"
    if name in ("row", "number"):  # which are unique, as are some of the texts
        altered = f"{name} + 100"
    elif table in ("manifest", "documents"):
        altered = f"{name} || 'altered'" if name in ("key", "document_id") else "'altered'"
    writable.execute(f'UPDATE {table} SET "{name}" = {altered}')
    with pytest.raises(IndexDamaged):
        read(Snapshot(SqliteTables(writable)))


@pytest.mark.parametrize("table", [table for table in READINGS if table != "bases"])
def test_a_row_that_is_lost_is_missed_whatever_it_is_read_for(
    writable: sqlite3.Connection, table: str
) -> None:
    condition = f"{FIELDS[table][0]} IN (SELECT min({FIELDS[table][0]}) FROM {table})"
    if table in ("documents", "contents", "texts"):
        (content,) = writable.execute(
            "SELECT content_id FROM documents WHERE document_id = 'rivers.txt'"
        ).fetchone()
        condition = f"content_id = '{content}'"
    if table == "manifest":
        condition = "key = 'version'"
    writable.execute(f"DELETE FROM {table} WHERE {condition}")
    for read in READINGS[table]:
        if read is READINGS["vectors"][3]:  # of a base's rows some may be gone
            continue
        with pytest.raises((IndexDamaged, KeyError)):
            read(Snapshot(SqliteTables(writable)))


def test_a_whole_index_is_read_whole(index: Settings) -> None:
    with open_snapshot(index.index_dir, index_config_of(HashingEmbedder(), index)) as snapshot:
        for readings in READINGS.values():
            for read in readings:
                assert read(snapshot) is not None
