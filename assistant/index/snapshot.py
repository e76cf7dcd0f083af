"""Reading the catalog: one version of the index for the length of a question.

A snapshot is one read transaction, so nothing read through it mixes versions. Every row is checked
against its digest, and their numbers against those that the manifest tells: a snapshot refuses with
`IndexDamaged` what is not what was written.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import CorpusError, IndexDamaged
from assistant.index.catalog import Making, open_catalog, require_making
from assistant.index.embed import PassageVectors, Vector
from assistant.index.records import read_records
from assistant.index.rows import read_manifest, read_rows, rows_in
from assistant.index.term_table import TermTable
from assistant.ledger import FileRecord
from assistant.places import Heading, Page, PageKind
from assistant.values import Document, DocumentId, Passage, PassageId


@dataclass(frozen=True, slots=True)
class Base:
    """A Chroma base: the passages up to `last_row` at the time it was built.

    `missed` are the rows among them that its graph does not lead to.
    """

    number: int
    last_row: int
    n_passages: int
    digests: tuple[tuple[str, str], ...]
    missed: tuple[int, ...] = ()


@contextmanager
def open_snapshot(index_dir: Path, making: Making) -> Iterator["Snapshot"]:
    """Read one version of the index for the length of the block.

    Raises:
        IndexMissing, IndexMismatch, StoreError: see their messages.
    """
    with open_catalog(index_dir) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        yield Snapshot(connection, require_making(connection, making))


class Snapshot(TermTable):
    """One version of the index, as a set of questions to it."""

    def __init__(
        self, connection: sqlite3.Connection, facts: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(connection)
        facts = facts or read_manifest(connection)
        self.made_at = facts["made_at"]
        self.version = int(facts["version"])
        self.n_passages = int(facts["n_passages"])
        self._n_documents = int(facts["n_documents"])
        self._last_row = int(facts["last_row"])

    def base(self) -> Base | None:
        """Return the current Chroma base, if there is one."""
        found = read_rows(self._connection, "bases", "ORDER BY number DESC LIMIT 1")
        if not found:
            return None
        number, last_row, n_passages, digests, missed = found[0]
        if last_row > self._last_row:
            raise IndexDamaged(f"the Chroma base {number} is newer than the index")
        named = tuple((name, digest) for name, digest in json.loads(digests))
        return Base(number, last_row, n_passages, named, tuple(json.loads(missed)))

    def live_rows(self, rows: Sequence[int]) -> set[int]:
        """Return those of the rows that the index still holds."""
        return {row for (row,) in self._select("SELECT row FROM passages WHERE row IN", rows)}

    def rows_of(self, documents: Collection[str]) -> tuple[int, ...]:
        """Return the rows of the documents' passages, ascending.

        Raises:
            CorpusError: the index does not hold one of them.
        """
        held = self._contents_of(documents)
        if missing := set(documents).difference(held):
            raise CorpusError(
                f"the index holds no document {min(missing)!r} to choose; `Assistant.documents()` "
                "lists what it holds, `assistant index` brings it in step with the folder"
            )
        contents = self._contents(sorted(set(held.values())))
        rows = self._select("SELECT row FROM passages WHERE content_id IN", list(contents))
        _require_number("passages", len(rows), sum(content[7] for content in contents.values()))
        return tuple(sorted(row for (row,) in rows))

    def vectors_of(self, rows: Sequence[int], dimension: int) -> tuple[list[int], Vector]:
        """Return the vectors of the given rows, and the rows in their order, shape (n, dimension).

        Raises:
            IndexDamaged: one of them is missing.
        """
        found = rows_in(self._connection, "vectors", "row", rows)
        _require_all(rows, [row for row, _ in found])
        return _stack(found, dimension)

    def vectors_after(
        self, row: int, dimension: int, also: Sequence[int] = ()
    ) -> tuple[list[int], Vector]:
        """Return the rows greater than `row`, and those of `also`, with vectors (n, dimension)."""
        found = read_rows(self._connection, "vectors", "WHERE row > ? ORDER BY row", row)
        if row == 0:
            _require_number("vectors", len(found), self.n_passages)
        return _stack(found + rows_in(self._connection, "vectors", "row", also), dimension)

    def vectors(self, rows: Sequence[int]) -> dict[int, PassageVectors]:
        """Return the vectors of the given rows.

        Raises:
            IndexDamaged: one of them is missing.
        """
        own = dict(rows_in(self._connection, "vectors", "row", rows))
        vectors = {}
        for row, blob in rows_in(self._connection, "sentence_vectors", "row", list(own)):
            vector = np.frombuffer(own[row], dtype=np.float32)
            sentences = np.frombuffer(blob, dtype=np.float16).astype(np.float32)
            vectors[row] = PassageVectors(vector, sentences.reshape(-1, vector.size))
        _require_all(rows, vectors)
        return vectors

    def passages(self, rows: Sequence[int], documents: Collection[str] = ()) -> dict[int, Passage]:
        """Return the passages of the given rows; of equal files the first by name stands.

        Of equal files among `documents`, if it is given.

        Raises:
            StoreError: one of them is missing.
        """
        found = rows_in(self._connection, "passages", "row", rows)
        names = self._names_of({row[2] for row in found}, documents)
        passages = {row[0]: make_passage(row, names[row[2]]) for row in found}
        _require_all(rows, passages)
        return passages

    def document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            CorpusError: the index does not hold it.
        """
        held = self._contents_of([document_id])
        if not held:
            raise CorpusError(f"the index holds no document {document_id!r}")
        content_id = held[DocumentId(document_id)]
        _, sha256, media_type, title, pages, headings, *_ = self._contents([content_id])[content_id]
        texts = read_rows(self._connection, "texts", "WHERE content_id = ?", content_id)
        _require_number("texts", len(texts), 1)
        return Document(
            document_id=DocumentId(document_id),
            sha256=sha256,
            title=title or Path(document_id).name,
            media_type=media_type,
            text=texts[0][1],
            pages=tuple(Page(n, a, b, PageKind(kind)) for n, a, b, kind in json.loads(pages)),
            headings=tuple(Heading(*heading) for heading in json.loads(headings)),
            copies=self._copies(content_id, document_id),
        )

    def rows_by_content(self) -> list[list[int]]:
        """Return the rows of each content, ascending; the contents in order of their digests."""
        found = self._connection.execute(
            "SELECT json_group_array(row) FROM passages GROUP BY content_id ORDER BY content_id"
        )
        rows = [sorted(json.loads(rows)) for (rows,) in found]
        _require_number("passages", sum(map(len, rows)), self.n_passages)
        return rows

    def versions(self, documents: Collection[DocumentId]) -> dict[DocumentId, str]:
        """Return the sha256 of those of the documents that the index holds."""
        held = self._contents_of(documents)
        contents = self._contents(sorted(set(held.values())))
        return {name: contents[content_id][1] for name, content_id in held.items()}

    def ledger(self) -> list[tuple[Any, ...]]:
        """Return the ledger as it is stored: the fields of `documents`, by name."""
        found = read_rows(self._connection, "documents", "ORDER BY document_id")
        _require_number("documents", len(found), self._n_documents)
        return found

    def require_consistent(self) -> None:
        """Refuse tables that are not of one version: SQLite may take an old log for a new one.

        Raises:
            IndexDamaged: they do not fit together.
        """
        n_contents, n_wanted, n_passages, n_summed, *last = self._connection.execute(
            "SELECT (SELECT count(*) FROM contents), "
            "(SELECT count(DISTINCT content_id) FROM documents), "
            "(SELECT count(*) FROM passages), "
            "(SELECT coalesce(sum(n_passages), 0) FROM contents), "
            "(SELECT max(row) FROM passages), (SELECT max(row) FROM vectors), "
            "(SELECT max(row) FROM sentence_vectors)"
        ).fetchone()
        _require_number("contents", n_contents, n_wanted)
        _require_number("passages", n_passages, self.n_passages)
        _require_number("passages", n_passages, n_summed)
        if len(set(last)) > 1 or (last[0] or 0) > self._last_row:
            raise IndexDamaged(f"the last rows of the index are {last}, not {self._last_row}")
        self.base()

    def records(self) -> tuple[FileRecord, ...]:
        """Return the ledger: every file of the corpus at the last sync, by name."""
        return read_records(self._connection, self.ledger())

    def _copies(self, content_id: str, document_id: str) -> tuple[DocumentId, ...]:
        rows = read_rows(self._connection, "documents", "WHERE content_id = ?", content_id)
        return tuple(sorted(DocumentId(row[0]) for row in rows if row[0] != document_id))

    def _contents_of(self, documents: Collection[str]) -> dict[DocumentId, str]:
        """Return the content ids of those of the documents that the index holds."""
        found = rows_in(self._connection, "documents", "document_id", list(documents))
        if len(found) < len(set(documents)):
            self.ledger()  # so that what is lost is not taken for what never was
        return {DocumentId(name): content for name, content, *_ in found if content is not None}

    def _contents(self, content_ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Return the rows of contents that must be there."""
        found = rows_in(self._connection, "contents", "content_id", content_ids)
        _require_number("contents", len(found), len(content_ids))
        return {row[0]: row for row in found}

    def _names_of(self, contents: Collection[str], chosen: Collection[str]) -> dict[str, str]:
        """Return for each content the first file by name that has it, of the chosen ones if any."""
        is_chosen = "AND document_id IN (SELECT value FROM json_each(?))" if chosen else ""
        found = read_rows(
            self._connection,
            "documents",
            "WHERE document_id IN (SELECT min(document_id) FROM documents WHERE content_id IN "
            f"(SELECT value FROM json_each(?)) {is_chosen} GROUP BY content_id)",
            json.dumps(list(contents)),
            *([json.dumps(list(chosen))] if chosen else []),
        )
        names = {content_id: document_id for document_id, content_id, *_ in found}
        if lost := set(contents).difference(names):
            raise IndexDamaged(f"the index lacks the file of the content {min(lost)!r}")
        return names


def make_passage(row: tuple[Any, ...], document_id: str = "") -> Passage:
    """Return the passage that a row of `passages` holds."""
    _, passage_id, _, start, end, text, sentences, heading = row
    return Passage(
        passage_id=PassageId(passage_id),
        document_id=DocumentId(document_id),
        start=start,
        end=end,
        text=text,
        sentences=tuple((a, b) for a, b in json.loads(sentences)),
        heading=heading,
    )


def _stack(found: Sequence[tuple[int, bytes]], dimension: int) -> tuple[list[int], Vector]:
    matrix = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float32)
    return [row for row, _ in found], matrix.reshape(len(found), dimension)


def _require_all(rows: Sequence[int], found: Collection[int]) -> None:
    if missing := set(rows).difference(found):
        raise IndexDamaged(
            f"the index lacks the passage of row {min(missing)}, which its own tables name"
        )


def _require_number(table: str, n: int, wanted: int) -> None:
    if n != wanted:
        raise IndexDamaged(f"the index names {wanted} rows of the table {table} and has {n}")
