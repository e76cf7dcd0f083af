"""The check of a whole index: what an index promises is tried on every row of it.

The result is a list of problems, empty for a clean index. Nothing is changed.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from assistant.errors import IndexDamaged, StoreError
from assistant.store.bases import check_base
from assistant.store.catalog import IndexConfig, open_catalog, require_config
from assistant.store.changes import list_terms
from assistant.store.engine import require_all
from assistant.store.lock import hold_lock
from assistant.store.snapshot import Snapshot, make_passage
from assistant.store.sqlite import SqliteTables
from assistant.store.tables import (
    TABLES,
    TOKENIZER,
    BaseRow,
    ContentRow,
    PassageRow,
    TextRow,
    VectorRow,
    columns,
    digest_row,
)

MAX_NAMED = 5
"""Rows named in one problem."""


def check_index(index_dir: Path, config: IndexConfig, dimension: int) -> tuple[str, ...]:
    """Return the index's problems, a line each.

    Raises:
        IndexMissing: there is no index.
        IndexMismatch: it was made differently.
        IndexLocked: a sync is running.
        IndexDamaged: its catalog cannot be read.
        StoreError: the disk does not let it be read.
    """
    with open_catalog(index_dir) as connection, hold_lock(index_dir):
        connection.execute("BEGIN")
        require_config(connection, config)
        found = (*_check_sqlite(connection), *_check_digests(connection))
        return found or (  # what is altered need not be looked at more closely
            *_check_counts(connection, dimension),
            *_check_spans(connection),
            *_check_terms(connection),
            *_check_base(connection, index_dir, dimension),
        )


def check_rows(snapshot: Snapshot) -> Iterator[str]:
    """Yield what is wrong in a version that any engine keeps; reading a row tries its digest."""
    tables = snapshot.tables
    snapshot.records()
    snapshot.require_consistent()
    passages = {row.row: row for row in tables.rows(PassageRow)}
    require_all(list(passages), [row.row for row in tables.rows(VectorRow)])
    snapshot.vectors(list(passages))
    titles = snapshot.titles()
    texts = {row.content_id: row.text for row in tables.rows(TextRow)}
    counts: Counter[str] = Counter()
    for row in passages.values():
        if texts.get(row.content_id, "")[row.start : row.end] != row.text:
            yield f"passage {row.passage_id} does not reproduce its text"
        counts.update(set(list_terms(titles.get(row.content_id, ""), make_passage(row)).split()))
    found = tables.count_passages_with(list(counts))
    for term, n in counts.items():
        if found.get(term) != n:
            yield f"the counts of terms differ at {term!r}: {found.get(term, 0)}, not {n}"
            return
    if tables.rows(BaseRow) or {row.content_id for row in tables.rows(ContentRow)} != {*texts}:
        yield "there are contents without a text, or texts without a content"


def _check_sqlite(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points at a missing row of {parent}"


def _check_digests(connection: sqlite3.Connection) -> Iterator[str]:
    for kind, table in TABLES.items():
        rows = connection.execute(f"SELECT {columns(kind)}, digest FROM {table}")
        found = [str(key) for key, *rest, digest in rows if digest_row(key, *rest) != digest]
        if found:
            named = ", ".join(found[:MAX_NAMED])
            yield f"{len(found)} rows of {table} are not what was written: {named}"


def _check_counts(connection: sqlite3.Connection, dimension: int) -> Iterator[str]:
    try:
        snapshot = Snapshot(SqliteTables(connection))
        snapshot.records()
        snapshot.require_consistent()
    except IndexDamaged as error:
        yield str(error)
    queries = {
        "passages without a vector": "SELECT row FROM passages EXCEPT SELECT row FROM vectors",
        "vectors without a passage": "SELECT row FROM vectors EXCEPT SELECT row FROM passages",
        "passages without vectors of their sentences": (
            "SELECT row FROM vectors EXCEPT SELECT row FROM sentence_vectors"
        ),
        "vectors of a wrong size": (
            "SELECT row FROM vectors JOIN sentence_vectors USING (row) JOIN passages USING (row) "
            f"WHERE length(vector) != {4 * dimension} OR length(vectors) != "
            f"{2 * dimension} * json_array_length(sentences)"
        ),
        "texts that no file has": (
            "SELECT content_id FROM texts EXCEPT SELECT content_id FROM documents"
        ),
        "contents without a text": (
            "SELECT content_id FROM contents EXCEPT SELECT content_id FROM texts"
        ),
        "files indexed without a text": (
            "SELECT document_id FROM documents WHERE content_id IS NULL AND status != 'skipped'"
        ),
    }
    for problem, sql in queries.items():
        found = [str(row) for (row,) in connection.execute(sql)]
        if found:
            yield f"{len(found)} {problem}: {', '.join(found[:MAX_NAMED])}"


def _check_spans(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the passages and sentences that do not reproduce their text."""
    text, text_of = "", None
    rows = connection.execute(
        'SELECT content_id, passage_id, start, "end", p.text, sentences, t.text '
        "FROM passages AS p JOIN texts AS t USING (content_id) ORDER BY content_id"
    )
    for content, passage_id, start, end, passage, sentences, whole in rows:
        if content != text_of:
            text, text_of = whole, content
        if text[start:end] != passage:
            yield f"passage {passage_id} does not reproduce its text"
        place = start
        for first, last in json.loads(sentences):
            if not place <= first < last <= end:
                yield f"passage {passage_id} has a sentence out of place: {first}-{last}"
            place = last


def _check_terms(connection: sqlite3.Connection) -> Iterator[str]:
    """Compare the BM25 table with one made anew from the passages."""
    snapshot = Snapshot(SqliteTables(connection))
    titles: dict[int, str | None] = dict(
        connection.execute("SELECT row, title FROM passages JOIN contents USING (content_id)")
    )
    with closing(sqlite3.connect(":memory:")) as anew:
        anew.execute(
            f"CREATE VIRTUAL TABLE t USING fts5(terms, content='', tokenize=\"{TOKENIZER}\")"
        )
        anew.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
        for row, passage in snapshot.passages(list(titles)).items():
            anew.execute(
                "INSERT INTO t (rowid, terms) VALUES (?, ?)",
                (row, list_terms(titles[row] or "", passage)),
            )
        wanted = anew.execute("SELECT term, doc, offset FROM v")
        connection.execute(
            "CREATE VIRTUAL TABLE temp.present USING fts5vocab(main, passage_terms, instance)"
        )
        found = connection.execute("SELECT term, doc, offset FROM temp.present")
        for ours, theirs in zip(wanted, found, strict=False):
            if ours != theirs:
                yield f"the BM25 table differs at term {theirs[0]!r} of passage row {theirs[1]}"
                return
        if wanted.fetchone() or found.fetchone():
            yield "the BM25 table does not cover the same passages as the vectors"


def _check_base(connection: sqlite3.Connection, index_dir: Path, dimension: int) -> Iterator[str]:
    if (base := Snapshot(SqliteTables(connection)).base()) is None:
        return
    try:
        missed = check_base(index_dir, base, dimension)
    except StoreError as error:
        yield f"{error}; mend it: assistant index"
        return
    if missed:
        named = ", ".join(map(str, missed[:MAX_NAMED]))
        yield f"the base does not find {len(missed)} of its passages: rows {named}"
