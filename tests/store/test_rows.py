import binascii
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import IndexDamaged
from assistant.settings import Settings
from assistant.store.catalog import FIELDS, SCHEMA, connect, digest_row
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sync import making_of, sync
from assistant.values import DocumentId

fields = st.none() | st.integers() | st.text(max_size=30) | st.binary(max_size=30)
rows = st.lists(fields, min_size=1, max_size=6)


@given(rows)
def test_a_digest_is_the_crc_of_all_fields_one_after_the_other(row: list[Any]) -> None:
    data = b""
    for field in row:
        if isinstance(field, bytes):
            data += b"blob" + field
        elif isinstance(field, str):
            data += b"text" + field.encode("utf-8", "surrogatepass")
        else:
            data += b"number" + str(field).encode()
    assert digest_row(*row) == binascii.crc32(data)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_change_of_up_to_four_bytes_in_a_row_changes_its_digest(
    blob: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(blob) - 1))
    other = data.draw(st.binary(min_size=1, max_size=4))
    altered = (blob[:place] + other + blob[place + len(other) :])[: len(blob)]
    assert (digest_row(7, blob) == digest_row(7, altered)) == (blob == altered)


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
            assert columns == [*(name.strip('"') for name in names), "digest"]
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
READINGS: dict[str, tuple[Callable[[Snapshot], object], ...]] = {
    "manifest": (lambda snapshot: snapshot.version,),
    "contents": (
        lambda snapshot: snapshot.document("rivers.txt"),
        lambda snapshot: snapshot.versions([RIVERS]),
        lambda snapshot: snapshot.rows_of([RIVERS]),
        Snapshot.records,
    ),
    "texts": (lambda snapshot: snapshot.document("rivers.txt"),),
    "documents": (
        lambda snapshot: snapshot.document("rivers.txt"),
        lambda snapshot: snapshot.versions([RIVERS]),
        lambda snapshot: snapshot.rows_of([RIVERS]),
        lambda snapshot: snapshot.passages([1, 2, 3, 4]),
        Snapshot.records,
    ),
    "passages": (lambda snapshot: snapshot.passages([1, 2, 3, 4]),),
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
    read(Snapshot(writable))
    condition, altered = "", "'altered' || rowid"
    if name in ("row", "number"):  # which are unique, as are some of the texts
        altered = f"{name} + 100"
    elif table in ("manifest", "documents"):
        altered = f"{name} || 'altered'" if name in ("key", "document_id") else "'altered'"
    writable.execute(f"UPDATE {table} SET {name} = {altered} {condition}")
    with pytest.raises(IndexDamaged):
        read(Snapshot(writable))


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
            read(Snapshot(writable))


def test_a_whole_index_is_read_whole(index: Settings) -> None:
    with open_snapshot(index.index_dir, making_of(HashingEmbedder(), index)) as snapshot:
        for readings in READINGS.values():
            for read in readings:
                assert read(snapshot) is not None
