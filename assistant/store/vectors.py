"""The rows of a snapshot whose vectors are the nearest to a query's, by their cosines.

A base proposes rows, or finds them (`bases.py`), and the vectors that are newer than it or that it
misses are searched exactly. Without a base, or with a damaged one, every vector is searched
exactly: slower, never wrong. Among chosen rows the search is always exact.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import StoreError
from assistant.models.encoder import Vector
from assistant.store.bases import OpenBase, open_base
from assistant.store.engine import rank_rows
from assistant.store.snapshot import Base, Snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Tail:
    """The vectors of one version that one base lacks or misses (all of them, without a base)."""

    key: tuple[str, int, int]
    rows: list[int]
    matrix: Vector


class VectorSearch:
    """Searches the vectors of an index; keeps the base open and the tail in memory."""

    def __init__(self, index_dir: Path, dimension: int) -> None:
        self._index_dir = index_dir
        self._dimension = dimension
        self._lock = threading.Lock()
        self._opened: tuple[int, OpenBase | None] | None = None
        self._tail: _Tail | None = None

    def search_among(
        self, snapshot: Snapshot, rows: Sequence[int], query: Vector, k: int
    ) -> list[tuple[int, float]]:
        """Return the k best of the given rows and their cosines, best first; ties by row."""
        found = search_exactly(*snapshot.vectors_of(rows, self._dimension), query, k)
        return rank_rows(found)

    def search(self, snapshot: Snapshot, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return the k best live rows and their cosines, best first; ties by row."""
        base = snapshot.base()
        opened = self._open(base) if base else None
        try:
            found = self._search_base(opened, base, snapshot, query, k) if opened and base else []
        except StoreError as error:
            logger.warning("%s; searching exactly instead", error)
            self._opened = (base.number, None) if base else None
            base, found = None, []
        tail = self._load_tail(snapshot, base if opened else None)
        # A missed row may be found all the same, by a query other than itself.
        merged = dict(found) | dict(search_exactly(tail.rows, tail.matrix, query, k))
        return rank_rows(merged.items())[:k]

    def _search_base(
        self, opened: OpenBase, base: Base, snapshot: Snapshot, query: Vector, k: int
    ) -> list[tuple[int, float]]:
        """Return the base's k best live rows, asking for more while dead ones take their places."""
        wanted = max(opened.oversampling * k, opened.least_scored)
        while True:
            found = opened.search(query, wanted)
            live = snapshot.live_rows([row for row, _ in found])
            if len(live) >= k or wanted >= base.n_passages:
                break
            wanted *= 2
        kept = [(row, cosine) for row, cosine in found if row in live]
        if opened.oversampling == 1:
            return kept[:k]
        rows = [row for row, _ in kept]
        return search_exactly(*snapshot.vectors_of(rows, self._dimension), query, k)

    def _open(self, base: Base) -> OpenBase | None:
        with self._lock:
            if self._opened is None or self._opened[0] != base.number:
                try:
                    self._opened = (base.number, open_base(self._index_dir, base))
                except StoreError as error:
                    logger.warning("%s; searching exactly instead. Mend it: assistant index", error)
                    self._opened = (base.number, None)
            return self._opened[1]

    def _load_tail(self, snapshot: Snapshot, base: Base | None) -> _Tail:
        tail, key = self._tail, (snapshot.made_at, snapshot.version, base.number if base else 0)
        if tail is None or tail.key != key:
            last_row, missed = (base.last_row, base.missed) if base else (0, ())
            rows, matrix = snapshot.vectors_after(last_row, self._dimension, missed)
            tail = self._tail = _Tail(key, rows, matrix)
        return tail


def search_exactly(
    rows: Sequence[int], matrix: Vector, query: Vector, k: int
) -> list[tuple[int, float]]:
    """Return the k best of the rows of a matrix by their cosines, in no order."""
    if not rows:
        return []
    cosines = matrix @ query
    k = min(k, len(rows))
    best = np.argpartition(-cosines, k - 1)[:k]
    return [(rows[i], float(cosines[i])) for i in best]
