"""The check finds what the disk has altered, and what a defect of the program would leave."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from corpora import write_files
from store.zygote import InlineParsers

from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import sync as syncing
from assistant.store.catalog import CATALOG_FILE
from assistant.store.tables import (
    TABLES,
    ManifestRow,
    PassageRow,
    VectorRow,
    read_rows,
    write_row,
)

Change = Callable[[sqlite3.Connection], object]


@pytest.fixture
def indexed(assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    lease = " ".join(f"Clause {n} of the lease binds the tenant." for n in range(20))
    write_files(settings.corpus_dir, {"a.txt": lease, "b.txt": f"{lease} And more."})
    monkeypatch.setattr(syncing, "Parsers", InlineParsers)
    assistant.sync()
    assert assistant.check() == ()
    return assistant


def change(settings: Settings, how: Change) -> None:
    with closing(sqlite3.connect(settings.index_dir / CATALOG_FILE)) as connection:
        how(connection)
        connection.commit()


@pytest.mark.parametrize("table", sorted(set(TABLES.values()) - {"bases"}))
def test_check_names_the_altered_rows_of_every_table(
    indexed: Assistant, settings: Settings, table: str
) -> None:
    key = "version" if table == "manifest" else None
    condition = f"WHERE key = '{key}'" if key else ""
    change(settings, lambda to: to.execute(f"UPDATE {table} SET digest = digest + 1 {condition}"))
    if table == "manifest":  # nothing is read of an index that is not told by its manifest
        assert indexed.sync().recovered
        return
    (problem,) = indexed.check()
    assert f"rows of {table} are not what was written" in problem


def shift_a_passage(connection: sqlite3.Connection) -> None:
    row = read_rows(connection, PassageRow)[0]
    write_row(connection, row._replace(start=row.start + 1))


def widen_a_sentence(connection: sqlite3.Connection) -> None:
    row = read_rows(connection, PassageRow)[0]
    write_row(connection, row._replace(sentences="[[0, 100000]]"))


def cut_a_vector(connection: sqlite3.Connection) -> None:
    row = read_rows(connection, VectorRow)[0]
    write_row(connection, row._replace(vector=row.vector[:-4]))


def lose_a_vector(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM sentence_vectors WHERE row = 1")


def lose_a_text(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM texts")


def lose_a_term(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM passage_terms_docsize WHERE id = 1")
    connection.execute("INSERT INTO passage_terms (passage_terms) VALUES ('optimize')")
    connection.execute("INSERT INTO passage_terms (rowid, terms) VALUES (99, 'stray')")


def miscount(connection: sqlite3.Connection) -> None:
    write_row(connection, ManifestRow("n_passages", "7"))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (shift_a_passage, "does not reproduce its text"),
        (widen_a_sentence, "has a sentence out of place"),
        (cut_a_vector, "vectors of a wrong size"),
        (lose_a_vector, "passages without vectors of their sentences"),
        (lose_a_text, "contents without a text"),
        (lose_a_term, "BM25 table"),
        (miscount, "names 7 rows of the table passages"),
    ],
)
def test_check_finds_what_a_defect_would_leave(
    indexed: Assistant, settings: Settings, how: Change, told: str
) -> None:
    change(settings, how)
    assert told in " ".join(indexed.check())
