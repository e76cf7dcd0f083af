"""What is asked of an engine that keeps an index: two protocols of its tables, and who opens them.

`Tables` is one version of an index, to be read; `WritableTables` is the newest one, to be changed.
What the rows mean stands above them, in `Snapshot` and `CatalogWriter`, for every engine alike.
Every method raises `StoreError` when the engine cannot be used, and `IndexDamaged` for a row that
is not what was written.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from assistant.errors import IndexDamaged
from assistant.models.encoder import Vector
from assistant.store.tables import Row

if TYPE_CHECKING:
    from typing import NamedTuple

    from assistant.store.catalog import IndexConfig
    from assistant.store.changes import CatalogWriter
    from assistant.store.snapshot import Snapshot

K1, B, LEAST_IDF = 1.2, 0.75, 1e-6
"""Of BM25 (Robertson & Zaragoza 2009, eq. 3.15), with an idf that is never negative: SQLite's."""


class Tables(Protocol):
    """One version of an index, to be read."""

    @property
    def facts(self) -> Mapping[str, str]:
        """How the index was made, its version, and what it counts."""

    def rows(self, kind: type[Row], field: str = "", keys: Sequence[object] = ()) -> list[Row]:
        """Return the rows of which a field is one of the keys; without a field, all of a kind.

        In no order, and for keys without a row nothing. The field is the first of the kind, or
        `content_id` or `near_id`.
        """

    def rows_after(self, kind: type[Row], row: int) -> list[Row]:
        """Return the rows of a kind of passages with greater numbers, ascending."""

    def passage_rows(self, contents: Sequence[str] | None = None) -> dict[str, list[int]]:
        """Return the numbers of the passages of contents, ascending; of all or some."""

    def which_live(self, rows: Sequence[int]) -> set[int]:
        """Return those of the passages that are in this version."""

    def languages(self) -> tuple[str, ...]:
        """Return the codes of the passages' languages, that of most passages first."""

    def titles(self) -> dict[str, str]:
        """Return what the contents call themselves by their ids, those that do."""

    def bm25(self, terms: Sequence[str], k: int) -> list[tuple[int, float]]:
        """Return the k best passages for any of the terms, best first; ties by number."""

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the scores of those of the passages that match any of the terms."""

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; absent terms are left out."""

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter, each with how many passages have it."""

    def require_consistent(self) -> None:
        """Refuse tables that are not of one version.

        Raises:
            IndexDamaged: they do not fit together.
        """


class WritableTables(Tables, Protocol):
    """The newest version of an index, to be changed; what was changed is read at once."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make the changes of the block together, or none of them when it is left by an error."""

    def write(self, row: "NamedTuple") -> None:
        """Write a row in place of the one with the same key."""

    def delete(self, kind: "type[NamedTuple]", field: str, keys: Sequence[object]) -> None:
        """Delete the rows of a kind of which a field is one of the keys."""

    def index_terms(self, row: int, terms: str) -> None:
        """Let a passage be found by terms, which stand between spaces."""

    def forget_terms(self, row: int, terms: str) -> None:
        """Let a passage no longer be found by the terms that it was indexed by."""

    def keep_alive(self) -> None:
        """Let other writers know, now and then, that this one is at work.

        Raises:
            IndexLocked: another one has taken over.
        """

    def checkpoint(self) -> None:
        """Let readers have all that was changed, and the files stand by themselves."""


class VectorSearching(Protocol):
    """Finds the passages of a version whose vectors are the nearest to a query's."""

    def search(self, snapshot: "Snapshot", query: Vector, k: int) -> list[tuple[int, float]]:
        """Return the k best rows and their cosines, best first; ties by row."""

    def search_among(
        self, snapshot: "Snapshot", rows: Sequence[int], query: Vector, k: int
    ) -> list[tuple[int, float]]:
        """Return the k best of the given rows and their cosines, best first; ties by row."""


class Engine(Protocol):
    """Keeps one index. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Where the index is, to be told: without a password."""

    @property
    def vectors(self) -> VectorSearching:
        """What searches its vectors."""

    def open(self, config: "IndexConfig") -> "AbstractContextManager[Snapshot]":
        """Read one version for the length of the block.

        Raises:
            IndexMissing: there is no index.
            IndexMismatch: it was made with another configuration.
            StoreError: it is damaged, or cannot be reached.
        """

    def change(
        self, config: "IndexConfig", *, rebuild: bool = False
    ) -> "AbstractContextManager[CatalogWriter]":
        """Be the only writer for the length of the block; an index that is missing is made.

        Raises:
            IndexLocked: another one writes.
            IndexMismatch: it was made differently, and `rebuild` was not asked for.
            StoreError: it is damaged, or cannot be written.
        """

    def renew(self, writer: "CatalogWriter", on_build: Callable[[int], None]) -> str | None:
        """Make what vectors are searched by anew where it is stale; return what failed.

        `on_build` is called with 0 when that begins, and with 1 when it ends.
        """

    def look(self) -> "AbstractContextManager[Snapshot | None]":
        """Read what is there, whatever model made it, for a preview; None without an index."""

    @property
    def identity(self) -> int | None:
        """What tells this index from one that is put in its place; None without one."""

    @property
    def synced_at(self) -> str | None:
        """When the last sync went through to its end (ISO, UTC); None when none has."""

    @property
    def version(self) -> int:
        """The version of the index that is here; 0 when there is none, or none readable."""

    def put_aside(self, error: IndexDamaged, identity: int | None) -> str | None:
        """Let the damaged index with this identity be built anew; return what became of it.

        None when another process has done so already.
        """

    def check(self, config: "IndexConfig") -> tuple[str, ...]:
        """Check the whole index; return its problems, none when it is clean."""

    def close(self) -> None:
        """Let go of what is kept open; nothing needs saving."""


PROPOSED = 4
"""Passages that are scored for each that BM25 is asked for, where not all that match can be."""


def rank_rows(scored: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return rows and their scores, best first; ties by row."""
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))


def require_all(rows: Sequence[int], found: Collection[int]) -> None:
    """Refuse an index that lacks passages which its own tables name.

    Raises:
        IndexDamaged: one of them is missing.
    """
    if missing := set(rows).difference(found):
        raise IndexDamaged(
            f"the index lacks the passage of row {min(missing)}, which its own tables name"
        )


def require_number(table: str, n: int, wanted: int) -> None:
    """Refuse an index that has another number of rows than it names.

    Raises:
        IndexDamaged: naming both.
    """
    if n != wanted:
        raise IndexDamaged(f"the index names {wanted} rows of the table {table} and has {n}")
