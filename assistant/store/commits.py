"""Changing an index in Milvus: commits that become current by one write, and who may make them.

Changes are gathered and written together: what is new is born with the commit, what is gone dies
with it, and at last the manifest row names it. Until then nobody reads it, and after a kill the
next writer takes it back.
"""

import json
import os
import re
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from assistant.errors import IndexDamaged, IndexLocked, IndexMissing, StoreError
from assistant.settings import Settings
from assistant.store.catalog import COUNTS, FACTS, IndexConfig, require_facts
from assistant.store.changes import CatalogWriter
from assistant.store.check import check_rows
from assistant.store.lock import hold_lock
from assistant.store.milvus import N_KEYS, Milvus
from assistant.store.remote import (
    ALIVE,
    FOREVER,
    KINDS,
    MANIFEST_FIELDS,
    NO_VECTOR,
    PASSAGE_FIELDS,
    RETAIN_S,
    ROW_FIELDS,
    CountRow,
    Manifest,
    MilvusSearch,
    MilvusTables,
    TermsRow,
    digest_of,
    identify,
    pack,
    pack_terms,
)
from assistant.store.snapshot import Snapshot
from assistant.store.tables import (
    ManifestRow,
    PassageRow,
    Row,
    VectorRow,
    digest_row,
)

COMMIT_ROWS = 4_000
COMMIT_S = 3.0
"""After so many rows, or so long, what was changed is written."""
LEASE_S = 120.0
"""For so long a writer that gave no sign of life keeps others out."""
SIGN_S = LEASE_S / 4
"""After so long without a commit a writer at work gives a sign of life."""
PRESENT, LEASE = "present", "lease"
Key = tuple[object, ...]
Changed = Mapping[type[NamedTuple], Mapping[Key, Any]]
"""Rows by their kinds and keys; None for one that is deleted."""


class WritableMilvus(MilvusTables):
    """The newest version of an index in Milvus, with what is changed and not yet written."""

    def __init__(
        self,
        milvus: Milvus,
        manifest: Manifest,
        keep: Callable[[Manifest], None],
        hold: Callable[[], None],
    ) -> None:
        """`keep` writes the manifest row; what it raises leaves the former commit.

        `hold` gives a sign of life; it raises when another writer has taken over.
        """
        super().__init__(milvus, manifest)
        self._keep, self._hold = keep, hold
        self._held_s = time.monotonic()
        self._changed: dict[type[NamedTuple], dict[Key, Any]] = {}
        self._counts: Counter[str] = Counter()
        self._committed_s = time.monotonic()
        self._written = manifest.written()
        self._is_whole = True

    def rows(self, kind: type[Row], field: str = "", keys: Sequence[object] = ()) -> list[Row]:
        """Return the rows of which a field is one of the keys, or all, as they are changed."""
        changed = self._changed.get(kind, {})
        found = [row for row in super().rows(kind, field, keys) if identify(row) not in changed]
        wanted = set(keys)
        for row in changed.values():
            if row is not None and (not field or getattr(row, field) in wanted):
                found.append(row)
        return found

    def passage_rows(self, contents: Sequence[str] | None = None) -> dict[str, list[int]]:
        """Return the numbers of the passages of contents, after a commit of what is changed."""
        self.commit()
        return super().passage_rows(contents)

    def require_consistent(self) -> None:
        """Refuse collections that do not fit together, after a commit of what is changed."""
        self.commit()
        super().require_consistent()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Gather the changes of the block, or none of them."""
        before = {kind: dict(rows) for kind, rows in self._changed.items()}
        manifest, counts = deepcopy(vars(self._manifest)), self._counts.copy()
        try:
            yield
        except BaseException:
            self._changed, self._counts = before, counts
            vars(self._manifest).update(manifest)
            raise
        n_rows = sum(map(len, self._changed.values()))
        if n_rows >= COMMIT_ROWS or time.monotonic() - self._committed_s >= COMMIT_S:
            self.commit()

    def write(self, row: NamedTuple) -> None:
        """Write a row in place of the one with the same key."""
        if isinstance(row, ManifestRow):
            self._manifest.facts[row.key] = row.value
            return
        if isinstance(row, PassageRow):
            self._count_language(row, 1)
        self._changed.setdefault(type(row), {})[identify(row)] = row

    def delete(self, kind: type[NamedTuple], field: str, keys: Sequence[object]) -> None:
        """Delete the rows of a kind of which a field is one of the keys."""
        for row in self.rows(kind, field, keys):
            if isinstance(row, PassageRow):
                self._count_language(row, -1)
                self._changed.setdefault(TermsRow, {})[(row.row,)] = None
            self._changed.setdefault(kind, {})[identify(row)] = None

    def index_terms(self, row: int, terms: str) -> None:
        """Let a passage be found by terms."""
        self.write(TermsRow(row, terms))
        self._count_terms(terms, 1)

    def forget_terms(self, row: int, terms: str) -> None:  # noqa: ARG002 - they go with the passage
        """Let a passage no longer be found by its terms."""
        self._count_terms(terms, -1)

    def keep_alive(self) -> None:
        """Give a sign of life when the last one is a while ago.

        Raises:
            IndexLocked: another writer has taken over.
        """
        if time.monotonic() - self._held_s >= SIGN_S:
            self._hold()
            self._held_s = time.monotonic()

    def checkpoint(self) -> None:
        """Commit what is changed, and remove what nobody reads any more."""
        if self._manifest.n_counts > max(2 * self._manifest.n_merged, 1_000):
            self._merge_counts()
        self.commit()
        self.remove_dead()

    def commit(self) -> None:
        """Make what was changed a commit, and the present one.

        Raises:
            IndexLocked: another writer has taken over; nothing of it was written.
            StoreError: it could not be written; this writer writes nothing more.
        """
        if not self._is_whole:
            raise StoreError("the index could not be written before; the next sync does it")
        self._committed_s = time.monotonic()
        if not self._changed and self._manifest.written() == self._written:
            return
        self._hold()  # before the first row: who has taken over writes rows of the same numbers
        self._held_s = time.monotonic()
        self._is_whole = False
        born = self._manifest.commit + 1
        changed, self._changed = self._changed, {}
        counts = [CountRow(term, born, n) for term, n in sorted(self._counts.items()) if n]
        self._counts.clear()
        if counts:
            changed.setdefault(CountRow, {}).update((identify(row), row) for row in counts)
            self._manifest.n_counts += len(counts)
        vectors: Mapping[Any, Any] = changed.get(VectorRow, {})
        for kind in KINDS:
            self._bury(kind, changed.get(kind, {}), born)
        self._bury_passages([row for (row,), one in vectors.items() if one is None], born)
        new = [row for kind in KINDS for _, row in _of(changed, kind) if row is not None]
        self._put(self._rows_name, [one for row in new for one in pack(row, born)])
        self._put(self._passages_name, list(_pack_passages(changed, born)))
        self._terms.clear()
        self._manifest.commit = born
        self._manifest.history.append([born, time.time()])
        self._written = self._manifest.written()
        self._keep(self._manifest)
        self._is_whole = True

    def recover(self) -> None:
        """Take back what a killed writer has left beyond the present commit."""
        commit = self._manifest.commit
        for name, fields in ((self._rows_name, ROW_FIELDS), (self._passages_name, PASSAGE_FIELDS)):
            where = "died > {commit} and died < {forever}"
            given = {"commit": commit, "forever": FOREVER}
            dying = list(self._milvus.scan(name, [*fields, "vector"], where, **given))
            self._put(name, [one | {"died": FOREVER} for one in dying])
            self._milvus.delete(name, "born > {commit}", commit=commit)

    def remove_dead(self) -> None:
        """Remove the rows that died before any version which may still be read."""
        old = [commit for commit, at in self._manifest.history if at < time.time() - RETAIN_S]
        if not old:
            return
        floor = int(max(old))
        for name in (self._rows_name, self._passages_name):
            self._milvus.delete(name, "died <= {floor}", floor=floor)
        history = [one for one in self._manifest.history if one[0] >= floor]
        self._manifest.history = history
        self._written = self._manifest.written()
        self._keep(self._manifest)

    def _bury(self, kind: type[NamedTuple], rows: Mapping[Key, Any], died: int) -> None:
        """Let the stored rows die that are deleted or written anew; new counts replace none."""
        gone = [key for key, row in rows.items() if row is None or kind is not CountRow]
        wanted = {digest_of(KINDS.index(kind), *key) for key in gone}
        firsts = sorted({digest_of(key[0]) for key in gone})
        for start in range(0, len(firsts), N_KEYS):
            where = f"kind == {{kind}} and first in {{keys}} and {ALIVE}"
            keys, number = firsts[start : start + N_KEYS], KINDS.index(kind)
            given: tuple[str, list[str], str] = self._rows_name, [*ROW_FIELDS], where
            found = self._milvus.scan(*given, kind=number, keys=keys, commit=self._manifest.commit)
            dying = [one for one in found if one["identity"] in wanted]
            self._put(self._rows_name, [one | {"died": died, "vector": NO_VECTOR} for one in dying])

    def _bury_passages(self, rows: Sequence[int], died: int) -> None:
        fields = ["row", "terms", "digest", "born", "vector"]
        found = [one | {"died": died} for one in self._passages(fields, rows)]
        self._put(self._passages_name, found)

    def _put(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), COMMIT_ROWS):
            self.keep_alive()
            self._milvus.put(name, rows[start : start + COMMIT_ROWS])

    def _merge_counts(self) -> None:
        """Write each term's count as one row, in place of its changes."""
        self.commit()
        sums: Counter[str] = Counter()
        for row in self.rows(CountRow):
            sums[row.term] += row.n
            self._changed.setdefault(CountRow, {})[identify(row)] = None
        self._counts = Counter({term: n for term, n in sums.items() if n})
        self._manifest.n_merged, self._manifest.n_counts = len(self._counts), 0
        self.commit()

    def _count_terms(self, terms: str, sign: int) -> None:
        held = terms.split()
        self._manifest.n_terms += sign * len(held)
        for term in set(held):
            self._counts[term] += sign

    def _count_language(self, row: PassageRow, n: int) -> None:
        languages = self._manifest.languages
        languages[row.language] = languages.get(row.language, 0) + n


def _of(changed: Changed, kind: type[NamedTuple]) -> list[tuple[Key, Any]]:
    return list(changed.get(kind, {}).items())


def _pack_passages(changed: Changed, born: int) -> Iterator[dict[str, Any]]:
    terms = changed.get(TermsRow, {})
    for key, row in _of(changed, VectorRow):
        if row is not None:
            yield {
                "row": row.row,
                "vector": np.frombuffer(row.vector, dtype=np.float32).tolist(),
                "terms": pack_terms(terms[key].terms),
                "digest": digest_row(*row),
                "born": born,
                "died": FOREVER,
            }


class MilvusEngine:
    """Keeps an index in Milvus; the index folder holds the lock of its writer."""

    def __init__(self, settings: Settings, url: str, dimension: int) -> None:
        self._settings = settings
        self._milvus = Milvus(url)
        self._dimension = dimension
        self._manifest_name = f"{self._milvus.url.prefix}_manifest"
        self._is_made = False
        self.vectors = MilvusSearch(dimension)

    @property
    def name(self) -> str:
        """The server and the name of the index, without a password."""
        return self._milvus.url.shown

    @contextmanager
    def open(self, config: IndexConfig) -> Iterator[Snapshot]:
        """Read one version for the length of the block."""
        manifest = self._manifest()
        if manifest is None:
            raise IndexMissing(f"no index in {self.name}; build it: assistant index")
        if missing := {*config.facts(), *FACTS} - manifest.facts.keys():
            raise IndexDamaged(f"the manifest of the index lacks {min(missing)!r}")
        require_facts(manifest.facts, config.facts())
        yield Snapshot(MilvusTables(self._milvus, manifest))

    @contextmanager
    def change(self, config: IndexConfig, *, rebuild: bool = False) -> Iterator[CatalogWriter]:
        """Be the only writer for the length of the block; an index that is missing is made."""
        with hold_lock(self._settings.index_dir):
            self._milvus.create(self._manifest_name, MANIFEST_FIELDS, len(NO_VECTOR))
            with self._lease() as token:
                present = self._manifest()
                is_new = rebuild or present is None
                if not is_new and present is not None:
                    require_facts(present.facts, config.facts())
                manifest = self._begin(config, present) if is_new or present is None else present
                self._remove_generations({one.generation for one in (manifest, present) if one})

                def hold() -> None:
                    self._require_lease(token)

                def keep(newest: Manifest) -> None:
                    hold()
                    if present is None or not is_new or "synced_at" in newest.facts:
                        self._put(PRESENT, newest.written())

                tables = WritableMilvus(self._milvus, manifest, keep, hold)
                tables.recover()
                tables.remove_dead()
                try:
                    yield CatalogWriter(tables)
                    tables.commit()
                except Exception:
                    with suppress(StoreError):  # what was done stays done
                        tables.commit()
                    raise

    def renew(self, writer: CatalogWriter, on_build: Callable[[int], None]) -> str | None:  # noqa: ARG002
        """Do nothing: Milvus indexes what it is given."""
        return None

    @contextmanager
    def look(self) -> Iterator[Snapshot | None]:
        """Read what is there, whatever model made it; None without an index."""
        manifest = self._manifest()
        yield Snapshot(MilvusTables(self._milvus, manifest)) if manifest else None

    @property
    def identity(self) -> int | None:
        """The number of the generation; None without one, and where it cannot be read."""
        with suppress(IndexDamaged):
            manifest = self._manifest()
            return manifest.identity if manifest else None
        return None

    @property
    def synced_at(self) -> str | None:
        """When the last sync went through to its end."""
        manifest = self._manifest()
        return manifest.facts.get("synced_at") if manifest else None

    @property
    def version(self) -> int:
        """The version of the index that is here; 0 when there is none, or none readable."""
        try:
            manifest = self._manifest()
            return int(manifest.facts["version"]) if manifest else 0
        except (StoreError, KeyError, ValueError):
            return 0

    def put_aside(self, error: IndexDamaged, identity: int | None) -> str | None:
        """Forget the damaged generation; its collections go with the next sync."""
        with hold_lock(self._settings.index_dir), self._lease():
            if self.identity != identity:
                return None
            self._milvus.delete(self._manifest_name, "key == {key}", key=digest_of(PRESENT))
        return f"the index was damaged ({error}); it was forgotten and built anew"

    def check(self, config: IndexConfig) -> tuple[str, ...]:
        """Check the whole index: that every row is what was written, and that they fit."""
        try:
            with self.open(config) as snapshot:
                return tuple(check_rows(snapshot))
        except IndexDamaged as error:
            return (str(error),)

    def close(self) -> None:
        """Close the connection."""
        self._milvus.close()

    def _manifest(self) -> Manifest | None:
        written = self._get(PRESENT)
        return Manifest.read(written) if written is not None else None

    def _begin(self, config: IndexConfig, former: Manifest | None) -> Manifest:
        """Make the collections of a new generation, whose version follows the former one's."""
        facts = {**config.facts(), **dict.fromkeys(COUNTS, "0")}
        facts["version"] = former.facts["version"] if former else str(self._last_version())
        facts["made_at"] = datetime.now(UTC).isoformat()
        manifest = Manifest(f"{time.time_ns():x}", 0, facts)
        prefix = f"{self._milvus.url.prefix}_{manifest.generation}"
        self._milvus.create(f"{prefix}_rows", ROW_FIELDS, len(NO_VECTOR))
        self._milvus.create(f"{prefix}_passages", PASSAGE_FIELDS, self._dimension)
        return manifest

    def _last_version(self) -> int:
        """Return a version that no index of this name has gone beyond; 0 where there was none.

        That of one whose manifest is lost is the time, in milliseconds: a version grows by one a
        change, which takes longer.
        """
        return time.time_ns() // 1_000_000 if self._collections() else 0

    def _collections(self) -> dict[str, str]:
        """Return the generations of the collections of this index, and not one of a longer name."""
        wanted = re.compile(f"{self._milvus.url.prefix}_([0-9a-f]{{16}})_(?:rows|passages)")
        found = map(wanted.fullmatch, self._milvus.collections())
        return {one[0]: one[1] for one in found if one}

    def _remove_generations(self, kept: set[str]) -> None:
        """Delete the collections of other generations that nobody may be reading any more."""
        for name, generation in self._collections().items():
            age_s = time.time() - int(generation, 16) / 1e9
            if generation not in kept and age_s > RETAIN_S:
                self._milvus.drop(name)

    @contextmanager
    def _lease(self) -> Iterator[str]:
        """Keep writers on other machines out for the length of the block."""
        token = secrets.token_hex(8)
        here = [socket.gethostname(), str(self._settings.index_dir.resolve())]
        holder = self._holder()
        if holder and holder["where"] != here and time.time() - holder["at"] < LEASE_S:
            raise IndexLocked(
                f"the index {self.name} is being written by process {holder['pid']} on "
                f"{holder['where'][0]}; wait until it has finished, or end it"
            )
        self._put(LEASE, json.dumps(_lease_of(token, here)))
        self._require_lease(token)
        try:
            yield token
        finally:
            with suppress(StoreError):
                holder = self._holder()
                if holder and holder["token"] == token:
                    self._milvus.delete(self._manifest_name, "key == {key}", key=digest_of(LEASE))

    def _holder(self) -> dict[str, Any] | None:
        written = self._get(LEASE)
        try:
            return dict(json.loads(written)) if written else None
        except ValueError:
            return None

    def _require_lease(self, token: str) -> None:
        """Refuse to write when another writer has taken over; else give a sign of life."""
        holder = self._holder()
        if not holder or holder["token"] != token:
            raise IndexLocked(
                f"another writer has taken over the index {self.name}; what this one had not "
                "written yet is done by its next sync"
            )
        self._put(LEASE, json.dumps(_lease_of(token, holder["where"])))

    def _get(self, key: str) -> str | None:
        if not self._is_made:
            self._is_made = self._manifest_name in self._milvus.collections()
        if not self._is_made:
            return None
        found = self._milvus.find(self._manifest_name, ["data"], "key == {key}", key=digest_of(key))
        return str(found[0]["data"]) if found else None

    def _put(self, key: str, data: str) -> None:
        row = {"key": digest_of(key), "data": data, "vector": NO_VECTOR}
        self._milvus.put(self._manifest_name, [row])


def _lease_of(token: str, where: Sequence[str]) -> dict[str, Any]:
    return {"token": token, "where": list(where), "pid": os.getpid(), "at": time.time()}
