"""An index folder -> what lies in it, looked at without a model, for `assistant doctor`.

Reads the catalog and the names and sizes of files; changes nothing. Refuses what `open_catalog`
refuses: a missing, damaged or unreadable catalog.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import StoreError
from assistant.store.catalog import (
    CATALOG_FILE,
    open_catalog,
    read_facts,
    require_facts,
)
from assistant.store.chroma import BASES_FOLDER, require_intact
from assistant.store.snapshot import ChromaBase, Snapshot
from assistant.store.tables import SCHEMA_VERSION, TOKENIZER
from assistant.values import DocumentId, FileRecord

MAX_DIGESTED_BYTES = 100_000_000
"""A larger Chroma base is not read through: a second or more for each such part."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a catalog says of itself.

    Attributes:
        facts: its manifest: how it was made, when it was synced.
        records: what became of each file at the last sync.
        stamps: size and time (ns) of each file as it was read; -1 where it is to be read again.
        base: its Chroma base.
    """

    facts: Mapping[str, str]
    records: tuple[FileRecord, ...]
    stamps: Mapping[DocumentId, tuple[int, int]]
    base: ChromaBase | None


def read_state(index_dir: Path, expected: Mapping[str, str]) -> IndexState:
    """Read a catalog that was made as `expected`.

    Raises:
        IndexMissing: there is none.
        IndexMismatch: it was made differently.
        StoreError: it is damaged, or the disk does not let it be read.
    """
    with open_catalog(index_dir) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        facts = read_facts(connection)
        require_facts(facts, {"schema": str(SCHEMA_VERSION)} | dict(expected))
        snapshot = Snapshot(connection)
        return IndexState(
            facts,
            snapshot.records(),
            {DocumentId(row.document_id): row.stamp for row in snapshot.ledger()},
            snapshot.base(),
        )


def check_base_files(index_dir: Path, base: ChromaBase) -> bool:
    """Look at the files of a Chroma base; return whether they were read through as well.

    Raises:
        StoreError: one is missing or altered.
    """
    folder = index_dir / BASES_FOLDER / str(base.number)
    missing = [name for name, _ in base.digests if not (folder / name).is_file()]
    if missing:
        raise StoreError(f"the Chroma base {str(folder)!r} lacks {missing[0]!r}")
    if measure(folder) > MAX_DIGESTED_BYTES:
        return False
    require_intact(index_dir, base)
    return True


def find_leftovers(index_dir: Path, base: ChromaBase | None) -> tuple[Path, ...]:
    """Return what interrupted or failed work has left: other bases, catalogs put aside."""
    bases = (index_dir / BASES_FOLDER).glob("*")
    found = [path for path in bases if base is None or path.name != str(base.number)]
    for ending in ("new", "damaged"):
        found += index_dir.glob(f"{CATALOG_FILE}.{ending}*")
    return tuple(sorted(found))


def measure(folder: Path) -> int:
    """Return the bytes of the files in a folder and those under it; 0 when there is none."""
    n_bytes = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a sync may take it away meanwhile
            n_bytes += path.stat().st_size if path.is_file() else 0
    return n_bytes


def can_search_words() -> bool:
    """Whether this Python's SQLite has FTS5 with what the catalog asks of it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(f'CREATE VIRTUAL TABLE t USING fts5(x, tokenize="{TOKENIZER}")')
        except sqlite3.OperationalError:
            return False
    return True


def sqlite_version() -> str:
    """Return the version of this Python's SQLite."""
    return sqlite3.sqlite_version
