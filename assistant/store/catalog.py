"""The catalog: one SQLite file that is the truth about the index.

It holds the texts, the passages with their spans and vectors, the BM25 table, the ledger of
files and the manifest. A content is stored once, however many files have it; a passage's `row`
only ever grows, so "newer than the Chroma base" is `row > last_row`. This module creates and
opens the file; `schema` tells its tables, `snapshot` reads it and `writer` changes it. Refuses an
index made with another schema, model or splitter (`IndexMismatch`), a damaged one (`IndexDamaged`),
a missing one, and a disk that fails. A damaged catalog is never deleted but put aside.

The tables of the catalog, and which fields of a row its digest covers. Values, free of I/O.

The rows of the catalog, each with a digest of its fields: SQLite keeps none of its pages.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from assistant.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreError


def digest_row(*fields: object) -> int:
    """Return the CRC-32 of a row's fields and their kinds.

    It tells any change within 32 bits for certain, and of others all but one in four billion; a
    cryptographic digest takes some three times as long and tells no more of an accident.
    """
    digest = 0
    for field in fields:
        if isinstance(field, str):
            digest = crc32(field.encode("utf-8", "surrogatepass"), crc32(b"text", digest))
        elif isinstance(field, bytes):
            digest = crc32(field, crc32(b"blob", digest))
        else:
            digest = crc32(str(field).encode(), crc32(b"number", digest))
    return digest


def check_rows(table: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows that end in their digest, without it.

    Raises:
        IndexDamaged: a digest is not that of its row.
    """
    for row in rows:
        fields = row[:-1]
        if digest_row(*fields) != row[-1]:
            raise IndexDamaged(
                f"a row of the table {table} is not what was written ({fields[0]!r}): the disk or "
                "another program has altered it"
            )
        yield fields


def read_rows(
    connection: sqlite3.Connection, table: str, condition: str = "", *values: object
) -> list[tuple[Any, ...]]:
    """Return the rows of a table that meet a condition, such as `WHERE row > ?`, all fields each.

    Raises:
        IndexDamaged: one is not what was written.
    """
    sql = f"SELECT {', '.join(FIELDS[table])}, digest FROM {table} {condition}"
    return list(check_rows(table, connection.execute(sql, values)))


def rows_in(
    connection: sqlite3.Connection, table: str, field: str, keys: Sequence[object]
) -> list[tuple[Any, ...]]:
    """Return the rows whose field is one of the keys, with the keys as one JSON value: no limit.

    Raises:
        IndexDamaged: one is not what was written.
    """
    condition = f"WHERE {field} IN (SELECT value FROM json_each(?))"
    return read_rows(connection, table, condition, json.dumps(list(keys)))


def write_row(connection: sqlite3.Connection, table: str, *fields: object) -> None:
    """Write a row with its digest, in place of the one with its key."""
    places = ", ".join("?" * (len(fields) + 1))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(FIELDS[table])}, digest) VALUES ({places})",
        (*fields, digest_row(*fields)),
    )


def read_manifest(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the facts of an index, also of one that was made before rows had digests.

    Raises:
        IndexDamaged: one of them is not what was written.
    """
    cursor = connection.execute("SELECT * FROM manifest")
    is_digested = len(cursor.description) > len(FIELDS["manifest"])
    return dict(check_rows("manifest", cursor) if is_digested else cursor)


SCHEMA_VERSION = 4

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
"""For FTS5 to part the terms at spaces and nowhere else; left alone it drops Thai vowels."""

FIELDS = {
    "manifest": ("key", "value"),
    "contents": (
        *("content_id", "sha256", "media_type", "title"),
        *("pages", "headings", "warning", "n_passages"),
    ),
    "texts": ("content_id", "text"),
    "sketches": ("content_id", "sketch"),
    "near_contents": ("content_id", "near_id"),
    "documents": (
        *("document_id", "content_id", "size", "mtime_ns"),
        *("status", "reason", "fault", "settled_at", "seconds"),
    ),
    "passages": (
        *("row", "passage_id", "content_id", "start", '"end"', "text", "sentences", "heading"),
    ),
    "vectors": ("row", "vector"),
    "sentence_vectors": ("row", "vectors"),
    "bases": ("number", "last_row", "n_passages", "digests", "missed"),
}
"""Every table but the BM25 table, with its fields in the order in which they are digested.

What is large and often not needed, texts, sketches and sentence vectors, has a table to itself: a
row is read as a whole or not at all.
"""

SCHEMA = f"""
CREATE TABLE manifest (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    digest INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE contents (
    content_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    title TEXT,
    pages TEXT NOT NULL,
    headings TEXT NOT NULL,
    warning TEXT,
    n_passages INTEGER NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE texts (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    text TEXT NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE sketches (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    sketch BLOB NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE near_contents (
    content_id TEXT NOT NULL REFERENCES contents,
    near_id TEXT NOT NULL REFERENCES contents,
    digest INTEGER NOT NULL,
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
    seconds REAL NOT NULL,
    digest INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_by_content ON documents (content_id);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY,
    passage_id TEXT NOT NULL UNIQUE,
    content_id TEXT NOT NULL REFERENCES contents,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT NOT NULL,
    sentences TEXT NOT NULL,
    heading TEXT,
    digest INTEGER NOT NULL
);
CREATE INDEX passages_by_content ON passages (content_id);
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY REFERENCES passages,
    vector BLOB NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE sentence_vectors (
    row INTEGER PRIMARY KEY REFERENCES passages,
    vectors BLOB NOT NULL,
    digest INTEGER NOT NULL
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
    missed TEXT NOT NULL,
    digest INTEGER NOT NULL
);
"""


CATALOG_FILE = "catalog.sqlite"
DAMAGED_FILE = f"{CATALOG_FILE}.damaged"
DAMAGE = (
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_EMPTY,
    sqlite3.SQLITE_ERROR,  # a table or column that is not there
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_NOTADB,
)
"""SQLite's errors that come from the file's content."""
COUNTS = ("n_documents", "n_passages", "last_row")
FACTS = ("version", "n_passages", "made_at")
"""What the manifest of every index tells, whatever its schema."""
SEE_TO_THE_DISK = "see to the disk, its free space and the folder's permissions, then try again"


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
        IndexDamaged: it is not what was written.
        StoreError: the disk does not let it be used.
    """
    with explain_errors(index_dir), closing(connect(index_dir)) as connection:
        yield connection


@contextmanager
def explain_errors(index_dir: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into `StoreError`s that say what to do.

    `IndexDamaged` is raised for damage alone: a disk that fails must not cost an index.
    """
    try:
        yield
    except (sqlite3.DatabaseError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.ProgrammingError):  # a defect of this program
            raise
        raise _explain(index_dir, error) from error


def create(index_dir: Path, making: Making) -> None:
    """Create an empty catalog, whole or not at all, in place of one that is here.

    Its version follows that one's, and `made_at` tells it from any before it.

    Raises:
        StoreError: the disk does not let it be written.
    """
    with explain_errors(index_dir):
        index_dir.mkdir(parents=True, exist_ok=True)
        aside, version = f"{CATALOG_FILE}.new", str(version_to_follow(index_dir))
        _remove(index_dir, aside)
        with closing(sqlite3.connect(index_dir / aside, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript("BEGIN IMMEDIATE;" + SCHEMA)
            facts = {**making.facts(), **dict.fromkeys(COUNTS, "0"), "version": version}
            facts["made_at"] = datetime.now(UTC).isoformat()
            for fact in facts.items():
                write_row(connection, "manifest", *fact)
            connection.execute("COMMIT")
        if (index_dir / CATALOG_FILE).is_dir():
            put_aside(index_dir)
        _remove(index_dir, CATALOG_FILE)  # SQLite would read an old log into the new file
        os.replace(index_dir / aside, index_dir / CATALOG_FILE)
        _settle(index_dir)


def put_aside(index_dir: Path) -> Path:
    """Rename the catalog, in place of one that was put aside before; return where it is now.

    Raises:
        StoreError: the disk does not let it be renamed.
    """
    with explain_errors(index_dir):
        _remove(index_dir, DAMAGED_FILE)
        for suffix in ("", "-wal"):  # first the file, so that none opens it
            if os.path.lexists(path := index_dir / f"{CATALOG_FILE}{suffix}"):
                path.rename(index_dir / f"{DAMAGED_FILE}{suffix}")
        (index_dir / f"{CATALOG_FILE}-shm").unlink(missing_ok=True)
        _settle(index_dir)
    return index_dir / DAMAGED_FILE


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
        return read_manifest(connection).get("synced_at")


def last_version(index_dir: Path) -> int:
    """Return the version of the index that is here; 0 when there is none, or none readable."""
    try:
        with open_catalog(index_dir) as connection:
            return int(read_manifest(connection)["version"])
    except (StoreError, KeyError, ValueError):
        return 0


def version_to_follow(index_dir: Path) -> int:
    """Return a version that no index in this folder has gone beyond; 0 where there was none.

    Where that of the last one cannot be read it is the time, in milliseconds: a version grows by
    one a transaction, which takes longer.
    """
    if not any(index_dir.glob(f"{CATALOG_FILE}*")):
        return 0
    return last_version(index_dir) or time.time_ns() // 1_000_000


def require_making(connection: sqlite3.Connection, making: Making) -> dict[str, str]:
    """Refuse an index that was made differently; return the facts of its manifest.

    Raises:
        IndexMismatch: naming what differs.
        IndexDamaged: a fact is missing, or not what was written.
    """
    found = read_facts(connection, {*making.facts(), *FACTS})
    require_facts(found, making.facts())
    return found


def read_facts(connection: sqlite3.Connection, needed: Collection[str] = ()) -> dict[str, str]:
    """Return the manifest: how the index was made, and what it counts.

    Raises:
        IndexDamaged: one that is needed is missing, or one is not what was written.
    """
    found = read_manifest(connection)
    if missing := set(needed) - found.keys():
        raise IndexDamaged(f"the manifest of the index lacks {min(missing)!r}")
    return found


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


def _explain(
    index_dir: Path, error: sqlite3.DatabaseError | OSError | UnicodeDecodeError
) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    # Neither a text nor a message that quotes one of the file need be UTF-8.
    is_undecodable = isinstance(error, UnicodeDecodeError) or (
        code is None and str(error).startswith("Could not decode")
    )
    is_damage = is_undecodable or (code is not None and code & 0xFF in DAMAGE)
    said = f"the catalog {str(index_dir / CATALOG_FILE)!r} cannot be used ({error}): "
    if is_damage:
        return IndexDamaged(f"{said}it is damaged; make the index anew: assistant index")
    return StoreError(f"{said}{SEE_TO_THE_DISK}")


def _remove(index_dir: Path, name: str) -> None:
    """Delete a database with what SQLite keeps beside it; first the file, so that none opens it."""
    for suffix in ("", "-wal", "-shm"):
        path = index_dir / f"{name}{suffix}"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Have the disk keep the names that were given in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
