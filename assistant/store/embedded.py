"""The embedded engine: SQLite in the index folder is the truth, a base beside it is searched.

A damaged catalog is put aside, never deleted.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from assistant.errors import IndexDamaged, StoreError
from assistant.settings import BaseKind, Settings
from assistant.store import bases
from assistant.store.catalog import (
    IndexConfig,
    create,
    explain_errors,
    find_inode,
    is_created,
    last_synced,
    last_version,
    open_catalog,
    put_aside,
    require_config,
)
from assistant.store.changes import CatalogWriter
from assistant.store.check import check_index
from assistant.store.lock import hold_lock
from assistant.store.snapshot import Base, Snapshot, SnapshotPool
from assistant.store.sqlite import SqliteTables
from assistant.store.vectors import VectorSearch

MAX_DEAD_SHARE = 0.2
"""Share of a base's passages that may be gone before a new one is built."""
MAX_TAIL_SHARE: dict[BaseKind, float] = {"signs": 0.02, "chroma": 0.1}
"""How many passages may be newer than a base, of those in it: a new one of Chroma takes long."""

logger = logging.getLogger(__name__)


class EmbeddedEngine:
    """Keeps the index of a folder in that folder."""

    def __init__(self, settings: Settings, dimension: int) -> None:
        self._settings = settings
        self._dir = settings.index_dir
        self._dimension = dimension
        self._readers: SnapshotPool | None = None
        self.vectors = VectorSearch(settings.index_dir, dimension)

    @property
    def name(self) -> str:
        """The index folder."""
        return str(self._dir)

    def open(self, config: IndexConfig) -> AbstractContextManager[Snapshot]:
        """Read one version for the length of the block."""
        if self._readers is None:
            self._readers = SnapshotPool(self._dir, config)
        return self._readers.open()

    @contextmanager
    def change(self, config: IndexConfig, *, rebuild: bool = False) -> Iterator[CatalogWriter]:
        """Be the only writer for the length of the block; an index that is missing is made."""
        with hold_lock(self._dir):
            if rebuild or not is_created(self._dir):
                create(self._dir, config)
                bases.remove_bases(self._dir)
            with open_catalog(self._dir) as connection:
                require_config(connection, config)
                connection.execute("PRAGMA synchronous = FULL")
                yield CatalogWriter(SqliteTables(connection))

    def renew(self, writer: CatalogWriter, on_build: Callable[[int], None]) -> str | None:
        """Build a new base when the present one is stale, damaged, or of another kind."""
        base = writer.snapshot().base()
        if base is not None and self._is_fresh(base, writer):
            return None
        if writer.snapshot().n_passages <= self._settings.max_tail_passages:
            if base is not None:
                writer.forget_bases()
            return None
        on_build(0)
        number = _next_number(writer)
        try:
            given = self._dir, number, self._dimension
            writer.make_current(bases.build_base(*given, self._settings.vector_base))
        except StoreError as error:
            return str(error)
        finally:
            on_build(1)
        bases.remove_bases_except(self._dir, {number, base.number if base else number})
        return None

    def _is_fresh(self, base: Base, writer: CatalogWriter) -> bool:
        try:
            bases.require_intact(self._dir, base)
        except StoreError as error:
            logger.warning("%s; making it anew", error)
            return False
        assert isinstance(writer.tables, SqliteTables)
        if bases.kind_of(base) != self._settings.vector_base:
            return False
        n_tail, n_live = writer.tables.count_tail(base.last_row)
        share = MAX_TAIL_SHARE[self._settings.vector_base]
        is_tail_short = n_tail <= max(self._settings.max_tail_passages, share * base.n_passages)
        return is_tail_short and n_live >= (1 - MAX_DEAD_SHARE) * base.n_passages

    @contextmanager
    def look(self) -> Iterator[Snapshot | None]:
        """Read what is there, whatever model made it; None without an index."""
        if not is_created(self._dir):
            yield None
            return
        with open_catalog(self._dir) as connection:
            yield Snapshot(SqliteTables(connection))

    @property
    def identity(self) -> int | None:
        """What tells the catalog's file from one that is put in its place."""
        return find_inode(self._dir)

    @property
    def synced_at(self) -> str | None:
        """When the last sync went through to its end."""
        return last_synced(self._dir)

    @property
    def version(self) -> int:
        """The version of the index that is here; 0 when there is none, or none readable."""
        return last_version(self._dir)

    def put_aside(self, error: IndexDamaged, identity: int | None) -> str | None:
        """Rename the damaged catalog, in place of one that was put aside before."""
        with explain_errors(self._dir), hold_lock(self._dir):
            if find_inode(self._dir) != identity:
                return None
            aside = put_aside(self._dir)
            bases.remove_bases(self._dir)
        told = f"the index was damaged ({error}); it was put aside as {str(aside)!r} and built anew"
        logger.warning("%s", told)
        return told

    def check(self, config: IndexConfig) -> tuple[str, ...]:
        """Check the whole index."""
        return check_index(self._dir, config, self._dimension)

    def close(self) -> None:
        """Close the connections that are kept."""
        if self._readers is not None:
            self._readers.close()


def _next_number(writer: CatalogWriter) -> int:
    """Return a number that no base has had, even of an index that was here before.

    Chroma keeps what it opened by its path, and a killed sync may leave a builder behind.
    """
    base = writer.snapshot().base()
    return max((base.number if base else 0) + 1, time.time_ns() // 1_000_000)
