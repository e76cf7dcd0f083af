"""The catalog: one SQLite file that is the truth about the index.

It holds the texts, the passages with their spans and vectors, the BM25 table, the ledger of
files and the manifest. A content is stored once, however many files have it; a passage's `row`
only ever grows, so "newer than the Chroma base" is `row > last_row`. Readers take a `Snapshot`,
one read transaction, so nothing they see mixes versions. Refuses an index made with another
schema, model or splitter (`IndexMismatch`), and a missing or damaged file.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import CorpusError, IndexMismatch, IndexMissing, StoreError
from assistant.index.embed import PassageVectors, Vector
from assistant.values import (
    Document,
    DocumentId,
    FileRecord,
    Heading,
    Page,
    Passage,
    PassageId,
    Status,
)

CATALOG_FILE = "catalog.sqlite"
SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contents (
    content_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    title TEXT,
    text TEXT NOT NULL,
    pages TEXT NOT NULL,
    headings TEXT NOT NULL,
    warning TEXT
);
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    content_id TEXT REFERENCES contents,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT
);
CREATE INDEX documents_by_content ON documents (content_id);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    passage_id TEXT NOT NULL UNIQUE,
    content_id TEXT NOT NULL REFERENCES contents,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT NOT NULL,
    sentences TEXT NOT NULL,
    heading TEXT
);
CREATE INDEX passages_by_content ON passages (content_id);
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY REFERENCES passages,
    vector BLOB NOT NULL,
    sentence_vectors BLOB NOT NULL
);
CREATE VIRTUAL TABLE passage_terms USING fts5(
    terms, content='', tokenize="unicode61 remove_diacritics 0"
);
CREATE VIRTUAL TABLE term_counts USING fts5vocab(passage_terms, row);
CREATE TABLE bases (
    number INTEGER PRIMARY KEY,
    last_row INTEGER NOT NULL,
    n_passages INTEGER NOT NULL,
    digests TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Base:
    """A Chroma base: the passages up to `last_row` at the time it was built."""

    number: int
    last_row: int
    n_passages: int
    digests: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Making:
    """How an index is made; two indexes made differently cannot share vectors or passages."""

    model: str
    fingerprint: str
    max_passage_tokens: int
    splitter: int

    def facts(self) -> dict[str, str]:
        """Return the manifest rows of this making."""
        return {
            "schema": str(SCHEMA_VERSION),
            "model": self.model,
            "fingerprint": self.fingerprint,
            "max_passage_tokens": str(self.max_passage_tokens),
            "splitter": str(self.splitter),
        }


def connect(index_dir: Path) -> sqlite3.Connection:
    """Open the catalog's file.

    Raises:
        IndexMissing: there is none.
    """
    path = index_dir / CATALOG_FILE
    if not path.is_file():
        raise IndexMissing(f"no index in {str(index_dir)!r}; build it: assistant index")
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def create(index_dir: Path, making: Making) -> None:
    """Create an empty catalog, whole or not at all."""
    index_dir.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(index_dir / CATALOG_FILE, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript("BEGIN IMMEDIATE;" + SCHEMA)
        facts = {**making.facts(), "version": "0", "n_passages": "0"}
        connection.executemany("INSERT INTO manifest VALUES (?, ?)", facts.items())
        connection.execute("COMMIT")
    finally:
        connection.close()


def is_created(index_dir: Path) -> bool:
    """Whether the catalog exists and its creation was not cut short."""
    try:
        connection = connect(index_dir)
    except IndexMissing:
        return False
    try:
        return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())
    except sqlite3.DatabaseError as error:
        raise damaged(index_dir, error) from error
    finally:
        connection.close()


def is_complete(index_dir: Path) -> bool:
    """Whether a sync has gone through to its end since the catalog was created."""
    if not is_created(index_dir):
        return False
    with closing(connect(index_dir)) as connection:
        return bool(connection.execute("SELECT 1 FROM manifest WHERE key = 'synced_at'").fetchone())


def require_making(connection: sqlite3.Connection, making: Making) -> None:
    """Refuse an index that was made differently.

    Raises:
        IndexMismatch: naming what differs.
    """
    found = dict(connection.execute("SELECT key, value FROM manifest"))
    differing = [
        f"{key} is {found.get(key)!r}, the settings ask for {wanted!r}"
        for key, wanted in making.facts().items()
        if found.get(key) != wanted
    ]
    if differing:
        raise IndexMismatch(
            f"the index was made differently: {'; '.join(differing)}. "
            "Make it anew: assistant index --rebuild"
        )


def damaged(index_dir: Path, error: sqlite3.Error) -> StoreError:
    """Return the error to raise when SQLite finds the catalog unreadable."""
    return StoreError(
        f"the catalog {str(index_dir / CATALOG_FILE)!r} cannot be read ({error}); "
        "make the index anew: assistant index --rebuild"
    )


@contextmanager
def open_snapshot(index_dir: Path, making: Making) -> Iterator["Snapshot"]:
    """Read one version of the index for the length of the block.

    Raises:
        IndexMissing, IndexMismatch, StoreError: see their messages.
    """
    connection = connect(index_dir)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        require_making(connection, making)
        yield Snapshot(connection)
    except sqlite3.DatabaseError as error:
        raise damaged(index_dir, error) from error
    finally:
        connection.close()


class Snapshot:
    """One version of the index, as a set of questions to it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.version = int(self._one("SELECT value FROM manifest WHERE key = 'version'"))
        self.n_passages = int(self._one("SELECT value FROM manifest WHERE key = 'n_passages'"))

    def _one(self, sql: str, *values: object) -> str:
        row = self._connection.execute(sql, values).fetchone()
        return str(row[0])

    def base(self) -> Base | None:
        """Return the current Chroma base, if there is one."""
        row = self._connection.execute(
            "SELECT number, last_row, n_passages, digests FROM bases ORDER BY number DESC"
        ).fetchone()
        if row is None:
            return None
        return Base(row[0], row[1], row[2], tuple((a, b) for a, b in json.loads(row[3])))

    def live_rows(self, rows: Sequence[int]) -> set[int]:
        """Return those of the rows that the index still holds."""
        return {row for (row,) in self._select("SELECT row FROM passages WHERE row IN", rows)}

    def vectors_after(self, row: int, dimension: int) -> tuple[list[int], Vector]:
        """Return the rows greater than `row`, ascending, and their vectors (n, dimension)."""
        found = self._connection.execute(
            "SELECT row, vector FROM vectors WHERE row > ? ORDER BY row", (row,)
        ).fetchall()
        matrix = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float32)
        return [row for row, _ in found], matrix.reshape(len(found), dimension)

    def vectors(self, rows: Sequence[int]) -> dict[int, PassageVectors]:
        """Return the vectors of the given rows."""
        found = self._select("SELECT row, vector, sentence_vectors FROM vectors WHERE row IN", rows)
        vectors = {}
        for row, blob, sentence_blob in found:
            vector = np.frombuffer(blob, dtype=np.float32)
            sentences = np.frombuffer(sentence_blob, dtype=np.float16).astype(np.float32)
            vectors[row] = PassageVectors(vector, sentences.reshape(-1, vector.size))
        return vectors

    def bm25(self, terms: Sequence[str], *, k: int) -> list[tuple[int, float]]:
        """Return the k best rows for any of the terms with their BM25 scores, best first.

        SQLite's FTS5 computes it with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, eq. 3.15)
        and an idf that is never negative. Ties keep the order of rows.
        """
        if not terms:
            return []
        found = self._connection.execute(
            "SELECT rowid, -bm25(passage_terms) AS score FROM passage_terms "
            "WHERE passage_terms MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (_any_of(terms), k),
        )
        return [(row, score) for row, score in found]

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match any of the terms."""
        if not terms or not rows:
            return {}
        found = self._select(
            "SELECT rowid, -bm25(passage_terms) FROM passage_terms "
            "WHERE passage_terms MATCH ? AND rowid IN",
            rows,
            _any_of(terms),
        )
        return dict(found)

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; absent terms are left out."""
        return dict(self._select("SELECT term, doc FROM term_counts WHERE term IN", terms))

    def passages(self, rows: Sequence[int]) -> dict[int, Passage]:
        """Return the passages of the given rows; of equal files the first by name stands."""
        found = self._select(
            "SELECT row, passage_id, (SELECT min(document_id) FROM documents AS d "
            'WHERE d.content_id = p.content_id), start, "end", text, sentences, heading '
            "FROM passages AS p WHERE row IN",
            rows,
        )
        return {
            row: Passage(
                passage_id=PassageId(passage_id),
                document_id=DocumentId(document_id or ""),
                start=start,
                end=end,
                text=text,
                sentences=tuple((a, b) for a, b in json.loads(sentences)),
                heading=heading,
            )
            for row, passage_id, document_id, start, end, text, sentences, heading in found
        }

    def document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            CorpusError: the index does not hold it.
        """
        row = self._connection.execute(
            "SELECT sha256, title, media_type, text, pages, headings "
            "FROM documents JOIN contents USING (content_id) WHERE document_id = ?",
            (document_id,),
        ).fetchone()
        if row is None:
            raise CorpusError(f"the index holds no document {document_id!r}")
        sha256, title, media_type, text, pages, headings = row
        return Document(
            document_id=DocumentId(document_id),
            sha256=sha256,
            title=title or Path(document_id).name,
            media_type=media_type,
            text=text,
            pages=tuple(Page(*page) for page in json.loads(pages)),
            headings=tuple(Heading(*heading) for heading in json.loads(headings)),
        )

    def records(self) -> tuple[FileRecord, ...]:
        """Return the ledger: every file of the corpus at the last sync, by name."""
        found = self._connection.execute(
            "SELECT document_id, status, reason, title, size, (SELECT count(*) FROM passages AS p "
            "WHERE p.content_id = d.content_id) FROM documents AS d "
            "LEFT JOIN contents USING (content_id) ORDER BY document_id"
        )
        return tuple(
            FileRecord(
                document_id=DocumentId(document_id),
                status=Status(status),
                reason=reason,
                title=title or Path(document_id).name,
                n_passages=n_passages,
                size=size,
            )
            for document_id, status, reason, title, size, n_passages in found
        )

    def _select(
        self, sql_in: str, keys: Sequence[int] | Sequence[str], *before: object
    ) -> list[Any]:
        """Run `... IN (keys)`, with the keys as one JSON value: no limit on their number."""
        sql = f"{sql_in} (SELECT value FROM json_each(?))"
        return self._connection.execute(sql, (*before, json.dumps(list(keys)))).fetchall()


def _any_of(terms: Sequence[str]) -> str:
    """Return the FTS5 expression that matches any term, none of which can be syntax."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
