"""The catalog: one SQLite file that is the truth about the index.

It holds the texts, the passages with their spans and vectors, the BM25 table, the ledger of
files and the manifest. A content is stored once, however many files have it; a passage's `row`
only ever grows, so "newer than the Chroma base" is `row > last_row`. This module creates and
opens the file; `snapshot` reads it and `writer` changes it. Refuses an index made with another
schema, model or splitter (`IndexMismatch`), and a missing or damaged file.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import IndexMismatch, IndexMissing, StoreError

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
