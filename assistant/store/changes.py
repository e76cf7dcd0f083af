"""The changes that a sync makes to the catalog, each in one transaction.

A `CatalogWriter` works on the tables of any engine and expects the caller to hold the index's lock.
A transaction that changes what readers see raises the version of the index.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime

import numpy as np

from assistant.errors import Fault
from assistant.ingest.split import lexical_text
from assistant.models.embed import PassageVectors
from assistant.store.content import Content
from assistant.store.engine import WritableTables
from assistant.store.plan import LastSeen, Processed
from assistant.store.snapshot import Base, Snapshot, make_passage, make_passage_row
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
)
from assistant.text.exact import exact_terms
from assistant.text.terms import terms
from assistant.values import DocumentId, Passage


class CatalogWriter:
    """Writes the files, their contents and the bases of one catalog."""

    def __init__(self, tables: WritableTables) -> None:
        self.tables = tables

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self.tables.transaction():
            yield
            self._count("version", 1)

    def sketches(self) -> Iterator[tuple[str, bytes]]:
        """Yield the contents with their sketches."""
        yield from self.tables.rows(SketchRow)

    def last_seen(self) -> dict[DocumentId, LastSeen]:
        """Return what the last sync saw of each file.

        Raises:
            IndexDamaged: the tables do not fit together.
        """
        return last_seen(self.snapshot())

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
                        self.tables.write(NearRow(content.content_id, other))
            self._set(processed.indexed_row(document_id, content.content_id, content.warning))

    def remove(self, document_ids: Sequence[DocumentId]) -> None:
        """Forget files that are gone, and the contents that no file has any more."""
        if not document_ids:
            return
        with self._transaction():
            for document_id in document_ids:
                before = self._find(DocumentRow, document_id)
                self.tables.delete(DocumentRow, "document_id", [document_id])
                self._count("n_documents", -(before is not None))
                self._drop_if_orphaned(before)

    def snapshot(self) -> Snapshot:
        """Return the index as it is now, for reading."""
        return Snapshot(self.tables)

    def make_current(self, base: Base) -> None:
        """Let readers use this base from now on."""
        with self._transaction():
            digests, missed = json.dumps(base.digests), json.dumps(base.missed)
            row = BaseRow(base.number, base.last_row, base.n_passages, digests, missed)
            self.tables.write(row)

    def forget_bases(self) -> None:
        """Let readers search every vector exactly from now on."""
        with self._transaction():
            self.tables.delete(BaseRow, "number", [row.number for row in self.tables.rows(BaseRow)])

    def finish(self) -> None:
        """Record that the sync has gone through to its end."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.tables.write(ManifestRow("synced_at", now))

    def keep_alive(self) -> None:
        """Stay the writer while there is work that commits nothing.

        Raises:
            IndexLocked: another one has taken over.
        """
        self.tables.keep_alive()

    def checkpoint(self) -> None:
        """Let readers have all that was changed, as far as they are not waited for."""
        self.tables.checkpoint()

    def _find(self, kind: type[Row], key: str) -> Row | None:
        """Return the row of a kind whose first field is the key."""
        found = self.tables.rows(kind, kind._fields[0], [key])
        return found[0] if found else None

    def _record(self, row: DocumentRow) -> None:
        """Write a ledger row; one of which only the stamp is new changes nothing for readers."""
        before = self._find(DocumentRow, row.document_id)
        if before is None or _outcome(before) != _outcome(row):
            with self._transaction():
                self._set(row)
        elif before.stamp != row.stamp:
            self.tables.write(before._replace(size=row.size, mtime_ns=row.mtime_ns))

    def _set(self, row: DocumentRow) -> None:
        before = self._find(DocumentRow, row.document_id)
        self.tables.write(row)
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
            self.tables.write(stored)
        if document.words:
            self.tables.write(WordsRow(content_id, json.dumps(document.words)))
        first = int(self.tables.facts["last_row"]) + 1
        for number, (passage, vector) in enumerate(
            zip(content.passages, vectors, strict=True), start=first
        ):
            self._insert_passage(number, content_id, passage, vector)
            self.tables.index_terms(number, list_terms(document.title, passage))
        self._count("last_row", len(content.passages))
        self._count("n_passages", len(content.passages))

    def _insert_passage(
        self, number: int, content_id: str, passage: Passage, vector: PassageVectors
    ) -> None:
        own, sentences = vector.passage.astype(np.float32), vector.sentences.astype(np.float16)
        for stored in (
            make_passage_row(number, content_id, passage),
            VectorRow(number, own.tobytes()),
            SentenceVectorsRow(number, sentences.tobytes()),
        ):
            self.tables.write(stored)

    def _drop_if_orphaned(self, before: DocumentRow | None) -> None:
        """Delete the content of a former ledger row, if no file has it any more."""
        if before is None or before.content_id is None:
            return
        key = [before.content_id]
        (content,) = self.tables.rows(ContentRow, "content_id", key)
        if self.tables.rows(DocumentRow, "content_id", key):
            return
        passages = self.tables.rows(PassageRow, "content_id", key)
        for one in passages:
            terms_of = list_terms(content.title or "", make_passage(one))
            self.tables.forget_terms(one.row, terms_of)
        for of_passages in (VectorRow, SentenceVectorsRow, PassageRow):
            self.tables.delete(of_passages, "row", [one.row for one in passages])
        self.tables.delete(NearRow, "near_id", key)
        for of_contents in (NearRow, SketchRow, TextRow, WordsRow, ContentRow):
            self.tables.delete(of_contents, "content_id", key)
        self._count("n_passages", -len(passages))

    def _count(self, fact: str, n: int) -> None:
        """Change a number of the manifest."""
        (row,) = self.tables.rows(ManifestRow, "key", [fact])
        self.tables.write(ManifestRow(fact, str(int(row.value) + n)))


def last_seen(snapshot: Snapshot) -> dict[DocumentId, LastSeen]:
    """Return what the last sync before a version saw of each file.

    Raises:
        IndexDamaged: the tables do not fit together.
    """
    snapshot.require_consistent()
    return {
        DocumentId(row.document_id): LastSeen(row.stamp, row.content_id)
        for row in snapshot.ledger()
    }


def _outcome(row: DocumentRow) -> tuple[str | None, ...]:
    """Return what readers see of a ledger row; the rest are its stamp and times."""
    return row.content_id, row.status, row.reason, row.fault


def list_terms(title: str, passage: Passage) -> str:
    """Return a passage as the BM25 table holds it: the terms of all that it can be found by."""
    text = lexical_text(title, passage)
    return " ".join((*terms(text, passage.language), *exact_terms(text)))
