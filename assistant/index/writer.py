"""The changes that a sync makes to the catalog, each one transaction.

In: an open connection under the writer's lock. A transaction that changes what readers see
raises the version. Refuses nothing: what it is given was checked before.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assistant.errors import Fault
from assistant.index.base import BASES_FOLDER
from assistant.index.catalog import CATALOG_FILE, last_version, remove_files
from assistant.index.content import Content
from assistant.index.embed import PassageVectors
from assistant.index.settled import Known, Settled
from assistant.index.snapshot import Base, Snapshot
from assistant.index.terms import terms
from assistant.ingest.split import embedding_text
from assistant.ledger import Status
from assistant.values import DocumentId, Passage

_COLUMNS = (
    "content_id",
    "size",
    "mtime_ns",
    "status",
    "reason",
    "fault",
    "settled_at",
    "seconds",
)
_SEEN = (0, 3, 4, 5)
"""Columns of a ledger row that readers see change; the others are stamps and times."""


def remove_catalog(index_dir: Path) -> int:
    """Delete the catalog and its Chroma bases; return the version that the index had."""
    version = last_version(index_dir)
    shutil.rmtree(index_dir / BASES_FOLDER, ignore_errors=True)
    remove_files(index_dir, CATALOG_FILE)
    return version


class Writer:
    """Writes a catalog."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("UPDATE manifest SET value = value + 1 WHERE key = 'version'")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("ROLLBACK")
            raise

    def sketches(self) -> Iterator[tuple[str, bytes]]:
        """Yield the contents with their sketches."""
        yield from self._connection.execute("SELECT content_id, sketch FROM contents")

    def known(self) -> dict[DocumentId, Known]:
        """Return the files of the ledger."""
        found = self._connection.execute(
            "SELECT document_id, size, mtime_ns, content_id FROM documents"
        )
        return {
            DocumentId(name): Known((size, time), content) for name, size, time, content in found
        }

    def skip(self, document_id: DocumentId, reason: str, fault: Fault, settled: Settled) -> None:
        """Record that a file was skipped; what it held before leaves the index."""
        outcome = (Status.SKIPPED.value, reason, fault.value)
        self._record(document_id, (None, *settled.stamp, *outcome, *settled.times()))

    def adopt(self, document_id: DocumentId, content_id: str, settled: Settled) -> bool:
        """Give the file a content that the index already holds; False when it does not."""
        found = self._connection.execute(
            "SELECT warning FROM contents WHERE content_id = ?", (content_id,)
        ).fetchone()
        if found is None:
            return False
        self._record(document_id, settled.row(content_id, found[0]))
        return True

    def put(
        self,
        document_id: DocumentId,
        content: Content,
        vectors: Sequence[PassageVectors],
        near: Sequence[str],
        settled: Settled,
    ) -> None:
        """Switch a file to a new content, with its passages, their vectors, and its likes."""
        with self._transaction():
            known = self._connection.execute(
                "SELECT 1 FROM contents WHERE content_id = ?", (content.content_id,)
            ).fetchone()
            if known is None:  # a copy of it may have come in the same group
                self._insert(content, vectors)
                self._connection.executemany(
                    "INSERT INTO near_contents SELECT ?, content_id FROM contents "
                    "WHERE content_id = ?",
                    [(content.content_id, other) for other in near],
                )
            self._set(document_id, settled.row(content.content_id, content.warning))

    def remove(self, document_ids: Sequence[DocumentId]) -> None:
        """Forget files that are gone, and the contents that no file has any more."""
        if not document_ids:
            return
        with self._transaction():
            for document_id in document_ids:
                before = self._row(document_id)
                self._connection.execute(
                    "DELETE FROM documents WHERE document_id = ?", (document_id,)
                )
                self._drop_if_orphaned(before)

    def snapshot(self) -> Snapshot:
        """Return the index as it is now, for reading."""
        return Snapshot(self._connection)

    def base(self) -> Base | None:
        """Return the current Chroma base."""
        return self.snapshot().base()

    def count_tail(self, last_row: int) -> tuple[int, int]:
        """Return how many passages are newer than a base, and how many are not."""
        n_tail, n_live = self._connection.execute(
            "SELECT count(*) FILTER (WHERE row > ?1), count(*) FILTER (WHERE row <= ?1) "
            "FROM passages",
            (last_row,),
        ).fetchone()
        return n_tail, n_live

    def next_base_number(self) -> int:
        """Return a number that no base has had, even of an index that was here before.

        Chroma keeps what it opened by its path, and a killed sync may leave a builder behind.
        """
        (last,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM bases").fetchone()
        return max(int(last) + 1, time.time_ns() // 1_000_000)

    def make_current(self, base: Base) -> None:
        """Let readers use this base from now on."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO bases VALUES (?, ?, ?, ?, ?)",
                (
                    base.number,
                    base.last_row,
                    base.n_passages,
                    json.dumps(base.digests),
                    json.dumps(base.missed),
                ),
            )

    def forget_bases(self) -> None:
        """Let readers search every vector exactly from now on."""
        with self._transaction():
            self._connection.execute("DELETE FROM bases")

    def finish(self) -> None:
        """Record that the sync has gone through to its end."""
        self._connection.execute(
            "INSERT OR REPLACE INTO manifest VALUES ('synced_at', ?)",
            (datetime.now(UTC).isoformat(timespec="seconds"),),
        )

    def _row(self, document_id: DocumentId) -> tuple[object, ...] | None:
        found: tuple[object, ...] | None = self._connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM documents WHERE document_id = ?",
            (document_id,),
        ).fetchone()
        return found

    def _record(self, document_id: DocumentId, row: tuple[object, ...]) -> None:
        """Write a ledger row; one of which only the stamp is new changes nothing for readers."""
        before = self._row(document_id)
        if before is None or any(before[n] != row[n] for n in _SEEN):
            with self._transaction():
                self._set(document_id, row)
        elif before[1:3] != row[1:3]:
            self._connection.execute(
                "UPDATE documents SET size = ?, mtime_ns = ? WHERE document_id = ?",
                (*row[1:3], document_id),
            )

    def _set(self, document_id: DocumentId, row: tuple[object, ...]) -> None:
        before = self._row(document_id)
        self._connection.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (document_id, *row),
        )
        self._drop_if_orphaned(before)

    def _insert(self, content: Content, vectors: Sequence[PassageVectors]) -> None:
        document = content.document
        self._connection.execute(
            "INSERT INTO contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                content.content_id,
                document.sha256,
                document.media_type,
                document.title or None,
                document.text,
                json.dumps([astuple(page) for page in document.pages]),
                json.dumps([astuple(heading) for heading in document.headings]),
                content.warning or None,
                content.sketch,
            ),
        )
        for passage, vector in zip(content.passages, vectors, strict=True):
            row = self._connection.execute(
                'INSERT INTO passages (passage_id, content_id, start, "end", text, sentences, '
                "heading) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    passage.passage_id,
                    content.content_id,
                    passage.start,
                    passage.end,
                    passage.text,
                    json.dumps(passage.sentences),
                    passage.heading,
                ),
            ).lastrowid
            self._connection.execute(
                "INSERT INTO vectors VALUES (?, ?, ?)",
                (
                    row,
                    vector.passage.astype(np.float32).tobytes(),
                    vector.sentences.astype(np.float16).tobytes(),
                ),
            )
            self._connection.execute(
                "INSERT INTO passage_terms (rowid, terms) VALUES (?, ?)",
                (row, lexical_text(document.title, passage)),
            )
        self._count(len(content.passages))

    def _drop_if_orphaned(self, before: tuple[object, ...] | None) -> None:
        """Delete the content of a former ledger row, if no file has it any more."""
        if before is None or before[0] is None:
            return
        content = (before[0],)
        is_in_use, title = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM documents AS d WHERE d.content_id = c.content_id), "
            "title FROM contents AS c WHERE content_id = ?",
            content,
        ).fetchone()
        if is_in_use:
            return
        rows = [
            row
            for (row,) in self._connection.execute(
                "SELECT row FROM passages WHERE content_id = ?", content
            )
        ]
        passages = Snapshot(self._connection).passages(rows)
        self._connection.executemany(
            # A table without content is told what to forget.
            "INSERT INTO passage_terms (passage_terms, rowid, terms) VALUES ('delete', ?, ?)",
            [(row, lexical_text(title or "", passage)) for row, passage in passages.items()],
        )
        for table in ("vectors", "passages"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE row = ?", [(row,) for row in rows]
            )
        self._connection.execute("DELETE FROM contents WHERE content_id = ?", content)
        self._count(-len(rows))

    def _count(self, n: int) -> None:
        self._connection.execute(
            "UPDATE manifest SET value = value + ? WHERE key = 'n_passages'", (n,)
        )


def lexical_text(title: str, passage: Passage) -> str:
    """Return a passage as the BM25 table holds it: the terms of the text that is embedded."""
    return " ".join(terms(embedding_text(title, passage)))
