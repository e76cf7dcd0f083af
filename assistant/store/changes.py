"""The changes that a sync makes to the catalog, each one transaction.

In: an open connection under the writer's lock. A transaction that changes what readers see
raises the version. Refuses nothing: what it is given was checked before.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import Fault
from assistant.ingest.split import embedding_text
from assistant.models.embed import PassageVectors
from assistant.store.catalog import read_manifest, read_rows, write_row
from assistant.store.chroma import BASES_FOLDER
from assistant.store.content import Content
from assistant.store.plan import Known, Settled
from assistant.store.snapshot import Base, Snapshot, make_passage
from assistant.text.terms import terms
from assistant.values import DocumentId, Passage, Status

_SEEN = (0, 3, 4, 5)
"""Columns of a ledger row that readers see change; the others are stamps and times."""


def remove_bases(index_dir: Path) -> None:
    """Delete every Chroma base; they are made of the catalog, and without it of no use."""
    shutil.rmtree(index_dir / BASES_FOLDER, ignore_errors=True)


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
            self._count("version", 1)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("ROLLBACK")
            raise

    def sketches(self) -> Iterator[tuple[str, bytes]]:
        """Yield the contents with their sketches."""
        yield from read_rows(self._connection, "sketches")

    def known(self) -> dict[DocumentId, Known]:
        """Return the files of the ledger, of an index whose tables fit together."""
        snapshot = Snapshot(self._connection)
        snapshot.require_consistent()
        return {
            DocumentId(name): Known((size, time), content)
            for name, content, size, time, *_ in snapshot.ledger()
        }

    def skip(self, document_id: DocumentId, reason: str, fault: Fault, settled: Settled) -> None:
        """Record that a file was skipped; what it held before leaves the index."""
        outcome = (Status.SKIPPED.value, reason, fault.value)
        self._record(document_id, (None, *settled.stamp, *outcome, *settled.times()))

    def adopt(self, document_id: DocumentId, content_id: str, settled: Settled) -> bool:
        """Give the file a content that the index already holds; False when it does not."""
        warnings = [row[6] for row in self._rows_of("contents", content_id)]
        if not warnings:
            return False
        self._record(document_id, settled.row(content_id, warnings[0]))
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
            if not self._rows_of("contents", content.content_id):
                # else a copy of it has come in the same group
                self._insert(content, vectors)
                for other in near:
                    if self._rows_of("contents", other):
                        write_row(self._connection, "near_contents", content.content_id, other)
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
                self._count("n_documents", -(before is not None))
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
            write_row(
                self._connection,
                "bases",
                base.number,
                base.last_row,
                base.n_passages,
                json.dumps(base.digests),
                json.dumps(base.missed),
            )

    def forget_bases(self) -> None:
        """Let readers search every vector exactly from now on."""
        with self._transaction():
            self._connection.execute("DELETE FROM bases")

    def finish(self) -> None:
        """Record that the sync has gone through to its end."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_row(self._connection, "manifest", "synced_at", now)

    def fold(self) -> None:
        """Fold SQLite's log into the catalog, so that it is whole by itself.

        Only as far as nobody is reading: a question is not waited for, and the next sync does it.
        """
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rows_of(self, table: str, content_id: object) -> list[tuple[Any, ...]]:
        return read_rows(self._connection, table, "WHERE content_id = ?", content_id)

    def _row(self, document_id: DocumentId) -> tuple[Any, ...] | None:
        """Return a file's ledger row without its name."""
        condition = "WHERE document_id = ?"
        found = read_rows(self._connection, "documents", condition, document_id)
        return found[0][1:] if found else None

    def _record(self, document_id: DocumentId, row: tuple[object, ...]) -> None:
        """Write a ledger row; one of which only the stamp is new changes nothing for readers."""
        before = self._row(document_id)
        if before is None or any(before[n] != row[n] for n in _SEEN):
            with self._transaction():
                self._set(document_id, row)
        elif before[1:3] != row[1:3]:
            write_row(self._connection, "documents", document_id, before[0], *row[1:3], *before[3:])

    def _set(self, document_id: DocumentId, row: tuple[object, ...]) -> None:
        before = self._row(document_id)
        write_row(self._connection, "documents", document_id, *row)
        self._count("n_documents", before is None)
        self._drop_if_orphaned(before)

    def _insert(self, content: Content, vectors: Sequence[PassageVectors]) -> None:
        document, content_id = content.document, content.content_id
        write_row(
            self._connection,
            "contents",
            content_id,
            document.sha256,
            document.media_type,
            document.title or None,
            json.dumps([astuple(page) for page in document.pages]),
            json.dumps([astuple(heading) for heading in document.headings]),
            content.warning or None,
            len(content.passages),
        )
        write_row(self._connection, "texts", content_id, document.text)
        write_row(self._connection, "sketches", content_id, content.sketch)
        first = int(read_manifest(self._connection)["last_row"]) + 1
        for row, (passage, vector) in enumerate(
            zip(content.passages, vectors, strict=True), start=first
        ):
            self._insert_passage(row, content_id, passage, vector)
            self._connection.execute(
                "INSERT INTO passage_terms (rowid, terms) VALUES (?, ?)",
                (row, lexical_text(document.title, passage)),
            )
        self._count("last_row", len(content.passages))
        self._count("n_passages", len(content.passages))

    def _insert_passage(
        self, row: int, content_id: str, passage: Passage, vector: PassageVectors
    ) -> None:
        write_row(
            self._connection,
            "passages",
            row,
            passage.passage_id,
            content_id,
            passage.start,
            passage.end,
            passage.text,
            json.dumps(passage.sentences),
            passage.heading,
        )
        own, sentences = vector.passage.astype(np.float32), vector.sentences.astype(np.float16)
        write_row(self._connection, "vectors", row, own.tobytes())
        write_row(self._connection, "sentence_vectors", row, sentences.tobytes())

    def _drop_if_orphaned(self, before: tuple[Any, ...] | None) -> None:
        """Delete the content of a former ledger row, if no file has it any more."""
        if before is None or before[0] is None:
            return
        (content,) = self._rows_of("contents", before[0])
        if read_rows(self._connection, "documents", "WHERE content_id = ? LIMIT 1", content[0]):
            return
        title = content[3] or ""
        passages = {row[0]: make_passage(row) for row in self._rows_of("passages", content[0])}
        self._connection.executemany(
            # A table without content is told what to forget.
            "INSERT INTO passage_terms (passage_terms, rowid, terms) VALUES ('delete', ?, ?)",
            [(row, lexical_text(title, passage)) for row, passage in passages.items()],
        )
        for table in ("vectors", "sentence_vectors", "passages"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE row = ?", [(row,) for row in passages]
            )
        self._connection.execute("DELETE FROM near_contents WHERE near_id = ?", content[:1])
        for table in ("near_contents", "sketches", "texts", "contents"):
            self._connection.execute(f"DELETE FROM {table} WHERE content_id = ?", content[:1])
        self._count("n_passages", -len(passages))

    def _count(self, fact: str, n: int) -> None:
        """Change a number of the manifest."""
        ((_, value),) = read_rows(self._connection, "manifest", "WHERE key = ?", fact)
        write_row(self._connection, "manifest", fact, str(int(value) + n))


def lexical_text(title: str, passage: Passage) -> str:
    """Return a passage as the BM25 table holds it: the terms of the text that is embedded."""
    return " ".join(terms(embedding_text(title, passage)))
