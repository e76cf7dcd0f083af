"""Reading the catalog: one version of the index for the length of a question.

A snapshot is one read transaction, so nothing read through it mixes versions.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import CorpusError, StoreError
from assistant.index.catalog import Making, open_catalog, require_making
from assistant.index.embed import PassageVectors, Vector
from assistant.index.records import read_records
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
        require_making(connection, making)
        yield Snapshot(connection)


class Snapshot:
    """One version of the index, as a set of questions to it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.made_at = self._one("SELECT value FROM manifest WHERE key = 'made_at'")
        self.version = int(self._one("SELECT value FROM manifest WHERE key = 'version'"))
        self.n_passages = int(self._one("SELECT value FROM manifest WHERE key = 'n_passages'"))

    def _one(self, sql: str, *values: object) -> str:
        row = self._connection.execute(sql, values).fetchone()
        return str(row[0])

    def base(self) -> Base | None:
        """Return the current Chroma base, if there is one."""
        row = self._connection.execute(
            "SELECT number, last_row, n_passages, digests, missed FROM bases ORDER BY number DESC"
        ).fetchone()
        if row is None:
            return None
        digests = tuple((name, digest) for name, digest in json.loads(row[3]))
        return Base(row[0], row[1], row[2], digests, tuple(json.loads(row[4])))

    def live_rows(self, rows: Sequence[int]) -> set[int]:
        """Return those of the rows that the index still holds."""
        return {row for (row,) in self._select("SELECT row FROM passages WHERE row IN", rows)}

    def rows_of(self, documents: Collection[str]) -> tuple[int, ...]:
        """Return the rows of the documents' passages, ascending.

        Raises:
            CorpusError: the index does not hold one of them.
        """
        found = self._select(
            "SELECT document_id, content_id FROM documents "
            "WHERE content_id IS NOT NULL AND document_id IN",
            list(documents),
        )
        if missing := set(documents).difference(document_id for document_id, _ in found):
            raise CorpusError(
                f"the index holds no document {min(missing)!r} to choose; `Assistant.documents()` "
                "lists what it holds, `assistant index` brings it in step with the folder"
            )
        contents = sorted({content_id for _, content_id in found})
        rows = self._select("SELECT row FROM passages WHERE content_id IN", contents)
        return tuple(sorted(row for (row,) in rows))

    def vectors_of(self, rows: Sequence[int], dimension: int) -> tuple[list[int], Vector]:
        """Return those of the rows that have vectors, and these, shape (n, dimension)."""
        found = self._select("SELECT row, vector FROM vectors WHERE row IN", rows)
        matrix = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float32)
        return [row for row, _ in found], matrix.reshape(len(found), dimension)

    def vectors_after(
        self, row: int, dimension: int, also: Sequence[int] = ()
    ) -> tuple[list[int], Vector]:
        """Return the rows greater than `row`, and those of `also`, with vectors (n, dimension)."""
        found = self._connection.execute(
            "SELECT row, vector FROM vectors WHERE row > ? ORDER BY row", (row,)
        ).fetchall()
        found += self._select("SELECT row, vector FROM vectors WHERE row IN", also)
        matrix = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float32)
        return [row for row, _ in found], matrix.reshape(len(found), dimension)

    def vectors(self, rows: Sequence[int]) -> dict[int, PassageVectors]:
        """Return the vectors of the given rows.

        Raises:
            StoreError: one of them is missing.
        """
        found = self._select("SELECT row, vector, sentence_vectors FROM vectors WHERE row IN", rows)
        vectors = {}
        for row, blob, sentence_blob in found:
            vector = np.frombuffer(blob, dtype=np.float32)
            sentences = np.frombuffer(sentence_blob, dtype=np.float16).astype(np.float32)
            vectors[row] = PassageVectors(vector, sentences.reshape(-1, vector.size))
        _require_all(rows, vectors)
        return vectors

    def bm25(
        self, terms: Sequence[str], *, k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return the k best rows for any of the terms with their BM25 scores, best first.

        Of those in `among`, if it is given.

        SQLite's FTS5 computes it with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, eq. 3.15)
        and an idf that is never negative. Ties keep the order of rows.
        """
        if not terms:
            return []
        if among is not None:
            scores = self.bm25_of(terms, among)
            return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
        found = self._connection.execute(
            "SELECT rowid, -bm25(passage_terms) AS score FROM passage_terms "
            "WHERE passage_terms MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (_any_of(terms), k),
        )
        return [(row, score) for row, score in found]

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match any of the terms."""
        if not terms or not rows:
            return {}
        found = self._select(
            "SELECT rowid, -bm25(passage_terms) FROM passage_terms "
            "WHERE passage_terms MATCH ? AND +rowid IN",  # "+": match once, not once a row
            rows,
            _any_of(terms),
        )
        return dict(found)

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; absent terms are left out."""
        return dict(self._select("SELECT term, doc FROM term_counts WHERE term IN", terms))

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter, each with how many passages have it."""
        return dict(
            self._connection.execute(
                "SELECT term, doc FROM term_counts WHERE term >= ? AND term < ?",
                (letter, chr(ord(letter) + 1)),
            )
        )

    def passages(self, rows: Sequence[int], documents: Collection[str] = ()) -> dict[int, Passage]:
        """Return the passages of the given rows; of equal files the first by name stands.

        Of equal files among `documents`, if it is given.

        Raises:
            StoreError: one of them is missing.
        """
        chosen = json.dumps(list(documents))
        is_chosen = "AND d.document_id IN (SELECT value FROM json_each(?))" if documents else ""
        found = self._select(
            "SELECT row, passage_id, (SELECT min(document_id) FROM documents AS d "
            f'WHERE d.content_id = p.content_id {is_chosen}), start, "end", text, sentences, '
            "heading FROM passages AS p WHERE row IN",
            rows,
            *([chosen] if documents else []),
        )
        passages = {
            row: Passage(
                passage_id=PassageId(passage_id),
                document_id=DocumentId(document_id or ""),
                start=start,
                end=end,
                text=text,
                sentences=tuple((a, b) for a, b in json.loads(sentences)),
                heading=heading,
            )
            for row, passage_id, document_id, start, end, text, sentences, heading in found
        }
        _require_all(rows, passages)
        return passages

    def document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            CorpusError: the index does not hold it.
        """
        try:
            row = self._connection.execute(
                "SELECT content_id, sha256, title, media_type, text, pages, headings "
                "FROM documents JOIN contents USING (content_id) WHERE document_id = ?",
                (document_id,),
            ).fetchone()
        except UnicodeEncodeError:  # no file that is indexed has such a name
            row = None
        if row is None:
            raise CorpusError(f"the index holds no document {document_id!r}")
        content_id, sha256, title, media_type, text, pages, headings = row
        return Document(
            document_id=DocumentId(document_id),
            sha256=sha256,
            title=title or Path(document_id).name,
            media_type=media_type,
            text=text,
            pages=tuple(Page(n, a, b, PageKind(kind)) for n, a, b, kind in json.loads(pages)),
            headings=tuple(Heading(*heading) for heading in json.loads(headings)),
            copies=self._copies(content_id, document_id),
        )

    def rows_by_content(self) -> list[list[int]]:
        """Return the rows of each content, ascending; the contents in order of their digests."""
        found = self._connection.execute(
            "SELECT json_group_array(row) FROM passages GROUP BY content_id ORDER BY content_id"
        )
        return [sorted(json.loads(rows)) for (rows,) in found]

    def versions(self, documents: Collection[DocumentId]) -> dict[DocumentId, str]:
        """Return the sha256 of those of the documents that the index holds."""
        return dict(
            self._select(
                "SELECT document_id, sha256 FROM documents JOIN contents USING (content_id) "
                "WHERE document_id IN",
                list(documents),
            )
        )

    def records(self) -> tuple[FileRecord, ...]:
        """Return the ledger: every file of the corpus at the last sync, by name."""
        return read_records(self._connection)

    def _copies(self, content_id: str, document_id: str) -> tuple[DocumentId, ...]:
        found = self._connection.execute(
            "SELECT document_id FROM documents WHERE content_id = ? AND document_id != ? "
            "ORDER BY document_id",
            (content_id, document_id),
        )
        return tuple(DocumentId(name) for (name,) in found)

    def _select(
        self, sql_in: str, keys: Sequence[int] | Sequence[str], *before: object
    ) -> list[Any]:
        """Run `... IN (keys)`, with the keys as one JSON value: no limit on their number."""
        sql = f"{sql_in} (SELECT value FROM json_each(?))"
        return self._connection.execute(sql, (*before, json.dumps(list(keys)))).fetchall()


def _require_all(rows: Sequence[int], found: Collection[int]) -> None:
    if missing := set(rows).difference(found):
        raise StoreError(
            f"the index lacks the passage of row {min(missing)}, which its own tables name: it "
            "is damaged; make it anew: assistant index --rebuild"
        )


def _any_of(terms: Sequence[str]) -> str:
    """Return the FTS5 expression that matches any term, none of which can be syntax."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
