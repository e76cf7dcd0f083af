"""The changes that a sync makes to the catalog, each in one transaction.

A `CatalogWriter` works on an open connection and expects the caller to hold the index's lock. A
transaction that changes what readers see raises the version of the index.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from datetime import UTC, datetime

import numpy as np

from assistant.errors import Fault
from assistant.ingest.split import lexical_text
from assistant.models.embed import PassageVectors
from assistant.store.content import Content
from assistant.store.plan import LastSeen, Processed
from assistant.store.snapshot import ChromaBase, Snapshot, make_passage
from assistant.store.tables import (
    BaseRow,
    ContentRow,
    DocumentRow,
    ManifestRow,
    NearRow,
    PassageRow,
    Row,
    SentenceVectorsRow,
    SketchRow,
    TextRow,
    VectorRow,
    WordsRow,
    read_manifest,
    read_rows,
    write_row,
)
from assistant.text.exact import exact_terms
from assistant.text.terms import terms
from assistant.values import DocumentId, Passage


class CatalogWriter:
    """Writes the files, their contents and the Chroma bases of one catalog."""

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
        yield from read_rows(self._connection, SketchRow)

    def last_seen(self) -> dict[DocumentId, LastSeen]:
        """Return what the last sync saw of each file.

        Raises:
            IndexDamaged: the tables do not fit together.
        """
        snapshot = Snapshot(self._connection)
        snapshot.require_consistent()
        return {
            DocumentId(row.document_id): LastSeen(row.stamp, row.content_id)
            for row in snapshot.ledger()
        }

    def skip(
        self, document_id: DocumentId, reason: str, fault: Fault, processed: Processed
    ) -> None:
        """Record that a file was skipped; what it held before leaves the index."""
        self._record(processed.skipped_row(document_id, reason, fault))

    def adopt(self, document_id: DocumentId, content_id: str, processed: Processed) -> bool:
        """Give the file a content that the index already holds; False when it does not."""
        content = self._find(ContentRow, content_id)
        if content is None:
            return False
        self._record(processed.indexed_row(document_id, content_id, content.warning))
        return True

    def put(
        self,
        document_id: DocumentId,
        content: Content,
        vectors: Sequence[PassageVectors],
        near: Sequence[str],
        processed: Processed,
    ) -> None:
        """Switch a file to a new content, with passages, vectors, and the contents like it."""
        with self._transaction():
            if self._find(ContentRow, content.content_id) is None:
                # else a copy of it has come in the same group
                self._insert(content, vectors)
                for other in near:
                    if self._find(ContentRow, other) is not None:
                        write_row(self._connection, NearRow(content.content_id, other))
            self._set(processed.indexed_row(document_id, content.content_id, content.warning))

    def remove(self, document_ids: Sequence[DocumentId]) -> None:
        """Forget files that are gone, and the contents that no file has any more."""
        if not document_ids:
            return
        with self._transaction():
            for document_id in document_ids:
                before = self._find(DocumentRow, document_id)
                self._connection.execute(
                    "DELETE FROM documents WHERE document_id = ?", (document_id,)
                )
                self._count("n_documents", -(before is not None))
                self._drop_if_orphaned(before)

    def snapshot(self) -> Snapshot:
        """Return the index as it is now, for reading."""
        return Snapshot(self._connection)

    def count_tail(self, last_row: int) -> tuple[int, int]:
        """Return how many passages are newer than a base, and how many are not."""
        n_tail, n_live = self._connection.execute(
            "SELECT count(*) FILTER (WHERE row > :last), count(*) FILTER (WHERE row <= :last) "
            "FROM passages",
            {"last": last_row},
        ).fetchone()
        return n_tail, n_live

    def next_base_number(self) -> int:
        """Return a number that no base has had, even of an index that was here before.

        Chroma keeps what it opened by its path, and a killed sync may leave a builder behind.
        """
        (last,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM bases").fetchone()
        return max(int(last) + 1, time.time_ns() // 1_000_000)

    def make_current(self, base: ChromaBase) -> None:
        """Let readers use this base from now on."""
        with self._transaction():
            digests, missed = json.dumps(base.digests), json.dumps(base.missed)
            row = BaseRow(base.number, base.last_row, base.n_passages, digests, missed)
            write_row(self._connection, row)

    def forget_bases(self) -> None:
        """Let readers search every vector exactly from now on."""
        with self._transaction():
            self._connection.execute("DELETE FROM bases")

    def finish(self) -> None:
        """Record that the sync has gone through to its end."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_row(self._connection, ManifestRow("synced_at", now))

    def checkpoint(self) -> None:
        """Write SQLite's log into the catalog, so that the file is whole by itself.

        Only as far as nobody is reading: a question is not waited for, and the next sync does it.
        """
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _find(self, kind: type[Row], key: str) -> Row | None:
        """Return the row of a kind whose first field is the key."""
        found = read_rows(self._connection, kind, f"WHERE {kind._fields[0]} = ?", key)
        return found[0] if found else None

    def _record(self, row: DocumentRow) -> None:
        """Write a ledger row; one of which only the stamp is new changes nothing for readers."""
        before = self._find(DocumentRow, row.document_id)
        if before is None or _outcome(before) != _outcome(row):
            with self._transaction():
                self._set(row)
        elif before.stamp != row.stamp:
            write_row(self._connection, before._replace(size=row.size, mtime_ns=row.mtime_ns))

    def _set(self, row: DocumentRow) -> None:
        before = self._find(DocumentRow, row.document_id)
        write_row(self._connection, row)
        self._count("n_documents", before is None)
        self._drop_if_orphaned(before)

    def _insert(self, content: Content, vectors: Sequence[PassageVectors]) -> None:
        document, content_id = content.document, content.content_id
        row = ContentRow(
            content_id,
            document.sha256,
            document.media_type,
            title=document.title or None,
            pages=json.dumps([astuple(page) for page in document.pages]),
            units=json.dumps(document.units),
            warning=content.warning or None,
            n_passages=len(content.passages),
        )
        for stored in (
            row,
            TextRow(content_id, document.text),
            SketchRow(content_id, content.sketch),
        ):
            write_row(self._connection, stored)
        if document.words:
            write_row(self._connection, WordsRow(content_id, json.dumps(document.words)))
        first = int(read_manifest(self._connection)["last_row"]) + 1
        for number, (passage, vector) in enumerate(
            zip(content.passages, vectors, strict=True), start=first
        ):
            self._insert_passage(number, content_id, passage, vector)
            self._connection.execute(
                "INSERT INTO passage_terms (rowid, terms) VALUES (?, ?)",
                (number, list_terms(document.title, passage)),
            )
        self._count("last_row", len(content.passages))
        self._count("n_passages", len(content.passages))

    def _insert_passage(
        self, number: int, content_id: str, passage: Passage, vector: PassageVectors
    ) -> None:
        row = PassageRow(
            number,
            passage.passage_id,
            content_id,
            passage.start,
            passage.end,
            passage.text,
            json.dumps(passage.sentences),
            passage.heading,
            json.dumps(passage.roles),
            json.dumps(passage.under),
            passage.language,
        )
        own, sentences = vector.passage.astype(np.float32), vector.sentences.astype(np.float16)
        for stored in (
            row,
            VectorRow(number, own.tobytes()),
            SentenceVectorsRow(number, sentences.tobytes()),
        ):
            write_row(self._connection, stored)

    def _drop_if_orphaned(self, before: DocumentRow | None) -> None:
        """Delete the content of a former ledger row, if no file has it any more."""
        if before is None or before.content_id is None:
            return
        by_content, key = "WHERE content_id = ?", before.content_id
        (content,) = read_rows(self._connection, ContentRow, by_content, key)
        if read_rows(self._connection, DocumentRow, f"{by_content} LIMIT 1", key):
            return
        passages = read_rows(self._connection, PassageRow, by_content, key)
        self._connection.executemany(
            # A table without content is told what to forget.
            "INSERT INTO passage_terms (passage_terms, rowid, terms) VALUES ('delete', ?, ?)",
            [(one.row, list_terms(content.title or "", make_passage(one))) for one in passages],
        )
        for table in ("vectors", "sentence_vectors", "passages"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE row = ?", [(one.row,) for one in passages]
            )
        self._connection.execute("DELETE FROM near_contents WHERE near_id = ?", (key,))
        for table in ("near_contents", "sketches", "texts", "words", "contents"):
            self._connection.execute(f"DELETE FROM {table} {by_content}", (key,))
        self._count("n_passages", -len(passages))

    def _count(self, fact: str, n: int) -> None:
        """Change a number of the manifest."""
        (row,) = read_rows(self._connection, ManifestRow, "WHERE key = ?", fact)
        write_row(self._connection, ManifestRow(fact, str(int(row.value) + n)))


def _outcome(row: DocumentRow) -> tuple[str | None, ...]:
    """Return what readers see of a ledger row; the rest are its stamp and times."""
    return row.content_id, row.status, row.reason, row.fault


def list_terms(title: str, passage: Passage) -> str:
    """Return a passage as the BM25 table holds it: the terms of all that it can be found by."""
    text = lexical_text(title, passage)
    return " ".join((*terms(text, passage.language), *exact_terms(text)))
