"""The catalog: the one SQLite file that is the truth about an index.

It holds the texts, the passages with their spans and vectors, the BM25 table, the ledger of files
and the manifest (`tables.py`). This module creates and opens the file and tells how its index was
made; `snapshot.py` reads it and `changes.py` writes it. It raises `IndexMissing` where there is no
catalog, `IndexMismatch` for one that was made with another schema, model or splitter,
`IndexDamaged` for one that is not what was written, and `StoreError` for a disk that fails. A
damaged catalog is never deleted but put aside.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import IndexDamaged, IndexMismatch, IndexMissing, StoreError
from assistant.store.tables import SCHEMA, SCHEMA_VERSION, ManifestRow, read_manifest, write_row

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
READ_ONLY = (
    "the index folder is read-only; bring the index in step once where it can be written, and let "
    "that end by itself: assistant index"
)
SEE_TO_THE_DISK = "see to the disk, its free space and the folder's permissions, then try again"


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """How an index is made; two indexes made differently cannot share vectors or passages."""

    model: str
    fingerprint: str
    max_passage_tokens: int
    splitter: int

    def facts(self) -> dict[str, str]:
        """Return the facts of the manifest that tell this configuration."""
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
        with ExitStack() as opened:
            try:
                # For reading and writing only: of a file that a rebuild has just removed SQLite
                # would make an empty one, which may get the same inode.
                connection = sqlite3.connect(
                    f"{path.resolve().as_uri()}?{_mode_of(index_dir)}",
                    uri=True,
                    isolation_level=None,
                    timeout=30,
                    check_same_thread=False,
                )
                opened.callback(connection.close)
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA schema_version").fetchone()
            except sqlite3.DatabaseError:
                if find_inode(index_dir) == inode:
                    raise
                continue
            if find_inode(index_dir) == inode:
                opened.pop_all()
                return connection
    raise IndexMissing(f"no index in {str(index_dir)!r}; build it: assistant index")


def is_read_only(index_dir: Path) -> bool:
    """Whether this process may read an index but write nothing beside it."""
    return index_dir.is_dir() and not os.access(index_dir, os.W_OK)


def _mode_of(index_dir: Path) -> str:
    """Return how SQLite opens the catalog: where nothing can be written, without its log.

    A log that another process writes there now is read with the file. One that was left behind by a
    process that was killed cannot be, which is told: the next writer puts it into the file.
    """
    if not is_read_only(index_dir):
        return "mode=rw"
    log = index_dir / f"{CATALOG_FILE}-wal"
    has_log = log.exists() and log.stat().st_size > 0
    return "mode=ro" if has_log else "mode=ro&immutable=1"


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


def create(index_dir: Path, config: IndexConfig) -> None:
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
            facts = {**config.facts(), **dict.fromkeys(COUNTS, "0"), "version": version}
            facts["made_at"] = datetime.now(UTC).isoformat()
            for fact in facts.items():
                write_row(connection, ManifestRow(*fact))
            connection.execute("COMMIT")
        if (index_dir / CATALOG_FILE).is_dir():
            put_aside(index_dir)
        _remove(index_dir, CATALOG_FILE)  # SQLite would read an old log into the new file
        os.replace(index_dir / aside, index_dir / CATALOG_FILE)
        _fsync_folder(index_dir)


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
        _fsync_folder(index_dir)
    return index_dir / DAMAGED_FILE


def is_created(index_dir: Path) -> bool:
    """Whether the catalog exists and its creation was not cut short."""
    try:
        with open_catalog(index_dir) as connection:
            return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())
    except IndexMissing:
        return False


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


def require_config(connection: sqlite3.Connection, config: IndexConfig) -> dict[str, str]:
    """Refuse an index that was made differently; return the facts of its manifest.

    Raises:
        IndexMismatch: naming what differs.
        IndexDamaged: a fact is missing, or not what was written.
    """
    found = read_facts(connection, {*config.facts(), *FACTS})
    require_facts(found, config.facts())
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
    if code is None:  # neither a text nor a message that quotes one of the file need be UTF-8
        is_undecodable = str(error).startswith("Could not decode")
        is_damage = isinstance(error, UnicodeDecodeError) or is_undecodable
    else:
        is_damage = code & 0xFF in DAMAGE
    said = f"the catalog {str(index_dir / CATALOG_FILE)!r} cannot be used ({error}): "
    if is_damage:
        return IndexDamaged(f"{said}it is damaged; make the index anew: assistant index")
    if is_read_only(index_dir):
        return StoreError(f"{said}{READ_ONLY}")
    return StoreError(f"{said}{SEE_TO_THE_DISK}")


def remove_catalog(index_dir: Path) -> None:
    """Delete the catalog, with what SQLite keeps beside it; nothing if there is none."""
    _remove(index_dir, CATALOG_FILE)


def _remove(index_dir: Path, name: str) -> None:
    """Delete a database with what SQLite keeps beside it; first the file, so that none opens it."""
    for suffix in ("", "-wal", "-shm"):
        path = index_dir / f"{name}{suffix}"
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _fsync_folder(folder: Path) -> None:
    """Have the disk keep the names that were given in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
