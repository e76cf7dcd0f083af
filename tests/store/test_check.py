"""The check finds what the disk has altered, and what a defect of the program would leave."""

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from corpora import write_files
from torture import altering

from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.tables import (
    TABLES,
    ManifestRow,
    PassageRow,
    VectorRow,
    WordsRow,
    read_rows,
    write_row,
)

Change = Callable[[sqlite3.Connection], object]


@pytest.fixture
def indexed(assistant: Assistant, settings: Settings) -> Assistant:
    lease = " ".join(f"Clause {n} of the lease binds the tenant." for n in range(20))
    write_files(settings.corpus_dir, {"a.txt": lease, "b.txt": f"{lease} And more."})
    assistant.sync()
    assert assistant.check() == ()
    return assistant


@pytest.mark.parametrize("table", sorted(set(TABLES.values()) - {"bases"}))
def test_check_names_the_altered_rows_of_every_table(
    indexed: Assistant, settings: Settings, table: str
) -> None:
    condition = "WHERE key = 'version'" if table == "manifest" else ""
    with altering(settings.index_dir) as connection:
        if table == "words":  # only scans have any
            content_id = read_rows(connection, PassageRow)[0].content_id
            write_row(connection, WordsRow(content_id, "[]"))
        connection.execute(f"UPDATE {table} SET digest = digest + 1 {condition}")
    if table == "manifest":  # nothing is read of an index that is not told by its manifest
        assert indexed.sync().recovered
        return
    (problem,) = indexed.check()
    assert f"rows of {table} are not what was written" in problem


def replace(kind: type[NamedTuple], **given: Any) -> Change:
    """Write the first row of a kind with other fields, and the digest of these."""
    return lambda to: write_row(to, read_rows(to, kind)[0]._replace(**given))


def execute(sql: str) -> Change:
    return lambda to: to.execute(sql)


def lose_a_term(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM passage_terms_docsize WHERE id = 1")
    connection.execute("INSERT INTO passage_terms (passage_terms) VALUES ('optimize')")
    connection.execute("INSERT INTO passage_terms (rowid, terms) VALUES (99, 'stray')")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (replace(PassageRow, start=1), "does not reproduce its text"),
        (replace(PassageRow, sentences="[[0, 100000]]"), "has a sentence out of place"),
        (replace(VectorRow, vector=b"four"), "vectors of a wrong size"),
        (
            execute("DELETE FROM sentence_vectors WHERE row = 1"),
            "passages without vectors of their sentences",
        ),
        (execute("DELETE FROM texts"), "contents without a text"),
        (lose_a_term, "BM25 table"),
        (
            lambda to: write_row(to, ManifestRow("n_passages", "7")),
            "names 7 rows of the table passages",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_check_finds_what_a_defect_would_leave(
    indexed: Assistant, settings: Settings, how: Change, told: str
) -> None:
    with altering(settings.index_dir) as connection:
        how(connection)
    assert told in " ".join(indexed.check())
