"""The catalog: one SQLite file that is the truth about the index.

It holds the texts, the passages with their spans and vectors, the BM25 table, the ledger of
files and the manifest. A content is stored once, however many files have it; a passage's `row`
only ever grows, so "newer than the Chroma base" is `row > last_row`. This module creates and
opens the file; `snapshot` reads it and `writer` changes it. Refuses an index made with another
schema, model or splitter (`IndexMismatch`), and a missing or damaged file.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import IndexMismatch, IndexMissing, StoreError

CATALOG_FILE = "catalog.sqlite"
SCHEMA_VERSION = 4
DISK_ERRORS = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)
"""SQLite's errors that do not come from the file's content."""

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
"""For FTS5 to part the terms at spaces and nowhere else; left alone it drops Thai vowels."""

SCHEMA = f"""
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contents (
    content_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    title TEXT,
    text TEXT NOT NULL,
    pages TEXT NOT NULL,
    headings TEXT NOT NULL,
    warning TEXT,
    sketch BLOB NOT NULL
);
CREATE TABLE near_contents (
    content_id TEXT NOT NULL REFERENCES contents ON DELETE CASCADE,
    near_id TEXT NOT NULL REFERENCES contents ON DELETE CASCADE,
    PRIMARY KEY (content_id, near_id)
) WITHOUT ROWID;
CREATE INDEX near_contents_by_near ON near_contents (near_id);
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    content_id TEXT REFERENCES contents,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    fault TEXT,
    settled_at TEXT NOT NULL,
    seconds REAL NOT NULL
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
    terms, content='', tokenize="{TOKENIZER}"
);
CREATE VIRTUAL TABLE term_counts USING fts5vocab(passage_terms, row);
CREATE TABLE bases (
    number INTEGER PRIMARY KEY,
    last_row INTEGER NOT NULL,
    n_passages INTEGER NOT NULL,
    digests TEXT NOT NULL,
    missed TEXT NOT NULL
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
    """Open the catalog's file, and its log with it: a rebuild may put others in their place.

    Raises:
        IndexMissing: there is none.
        sqlite3.DatabaseError: it is damaged; see `explain_errors`.
    """
    path = index_dir / CATALOG_FILE
    while (inode := find_inode(index_dir)) is not None:
        try:
            # For reading and writing only: of a file that a rebuild has just removed SQLite would
            # make an empty one, which may get the same inode.
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                timeout=30,
                check_same_thread=False,
            )
        except sqlite3.OperationalError:
            if find_inode(index_dir) == inode:
                raise
            continue
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.DatabaseError:
            connection.close()
            if find_inode(index_dir) == inode:
                raise
        else:
            if find_inode(index_dir) == inode:
                return connection
            connection.close()
    raise IndexMissing(f"no index in {str(index_dir)!r}; build it: assistant index")


def find_inode(index_dir: Path) -> int | None:
    """Return what tells the catalog's file from another one in its place; None without one."""
    path = index_dir / CATALOG_FILE
    try:
        return path.stat().st_ino if path.is_file() else None
    except OSError:
        return None


@contextmanager
def open_catalog(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """Open the catalog's file for the length of the block.

    Raises:
        IndexMissing: there is none.
        StoreError: it is damaged, or the disk does not let it be used.
    """
    with explain_errors(index_dir), closing(connect(index_dir)) as connection:
        yield connection


@contextmanager
def explain_errors(index_dir: Path) -> Iterator[None]:
    """Turn what SQLite and damaged rows raise into `StoreError`s that say what to do."""
    try:
        yield
    except (sqlite3.DatabaseError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _explain(index_dir, error) from error


def create(index_dir: Path, making: Making, *, version: int = 0) -> None:
    """Create an empty catalog, whole or not at all; `made_at` tells it from any before it."""
    index_dir.mkdir(parents=True, exist_ok=True)
    aside = f"{CATALOG_FILE}.new"
    remove_files(index_dir, aside)
    with closing(sqlite3.connect(index_dir / aside, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript("BEGIN IMMEDIATE;" + SCHEMA)
        facts = {**making.facts(), "version": str(version), "n_passages": "0"}
        facts["made_at"] = datetime.now(UTC).isoformat()
        connection.executemany("INSERT INTO manifest VALUES (?, ?)", facts.items())
        connection.execute("COMMIT")
    remove_files(index_dir, CATALOG_FILE)  # SQLite would read an old log into the new file
    os.replace(index_dir / aside, index_dir / CATALOG_FILE)


def remove_files(index_dir: Path, name: str) -> None:
    """Delete a database with what SQLite keeps beside it; first the file, so that none opens it."""
    for suffix in ("", "-wal", "-shm"):
        (index_dir / f"{name}{suffix}").unlink(missing_ok=True)


def is_created(index_dir: Path) -> bool:
    """Whether the catalog exists and its creation was not cut short."""
    try:
        with open_catalog(index_dir) as connection:
            return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())
    except IndexMissing:
        return False


def is_complete(index_dir: Path) -> bool:
    """Whether a sync has gone through to its end since the catalog was created."""
    return last_synced(index_dir) is not None


def last_synced(index_dir: Path) -> str | None:
    """Return when the last sync went through to its end (ISO, UTC); None when none has."""
    if not is_created(index_dir):
        return None
    with open_catalog(index_dir) as connection:
        query = "SELECT value FROM manifest WHERE key = 'synced_at'"
        row = connection.execute(query).fetchone()
    return str(row[0]) if row else None


def last_version(index_dir: Path) -> int:
    """Return the version of the index that is here; 0 when there is none, or none readable."""
    try:
        with open_catalog(index_dir) as connection:
            query = "SELECT value FROM manifest WHERE key = 'version'"
            return int(connection.execute(query).fetchone()[0])
    except (StoreError, TypeError, ValueError):
        return 0


def require_making(connection: sqlite3.Connection, making: Making) -> None:
    """Refuse an index that was made differently.

    Raises:
        IndexMismatch: naming what differs.
    """
    require_facts(read_facts(connection), making.facts())


def read_facts(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the manifest: how the index was made, and what it counts."""
    return dict(connection.execute("SELECT key, value FROM manifest"))


def require_facts(found: Mapping[str, str], facts: Mapping[str, str]) -> None:
    """Refuse an index whose manifest says something else than these facts.

    Raises:
        IndexMismatch: naming what differs.
    """
    differing = [
        f"{key} is {found.get(key)!r}, the settings ask for {wanted!r}"
        for key, wanted in facts.items()
        if found.get(key) != wanted
    ]
    if differing:
        raise IndexMismatch(
            f"the index was made differently: {'; '.join(differing)}. "
            "Make it anew: assistant index --rebuild"
        )


def _explain(index_dir: Path, error: Exception) -> StoreError:
    is_disk = getattr(error, "sqlite_errorcode", 0) & 0xFF in DISK_ERRORS
    remedy = (
        "see to the disk, its free space and the folder's permissions, then try again"
        if is_disk
        else "it is damaged; make the index anew: assistant index --rebuild"
    )
    return StoreError(
        f"the catalog {str(index_dir / CATALOG_FILE)!r} cannot be used ({error}): {remedy}"
    )
