"""Reading the catalog: one version of the index for the length of a question.

A snapshot is one read transaction, so that nothing read through it mixes versions: passages,
vectors, documents, what became of every file, and the BM25 table. Every row is checked against its
digest, and the numbers of rows against those in the manifest; what is not what was written raises
`IndexDamaged`. `SnapshotPool` keeps connections open between questions, so that the next one finds
SQLite's pages in memory.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from assistant.errors import CorpusError, Fault, IndexDamaged
from assistant.models.embed import PassageVectors
from assistant.models.encoder import Vector
from assistant.store.catalog import (
    IndexConfig,
    connect,
    explain_errors,
    find_inode,
    require_config,
)
from assistant.store.engine import Tables, rank_rows, require_all, require_number
from assistant.store.sqlite import Counted, SqliteTables
from assistant.store.tables import (
    BaseRow,
    ContentRow,
    DocumentRow,
    NearRow,
    PassageRow,
    SentenceVectorsRow,
    TextRow,
    VectorRow,
    WordsRow,
    check_rows,
)
from assistant.values import (
    Document,
    DocumentId,
    FileRecord,
    Page,
    PageKind,
    Passage,
    PassageId,
    Role,
    SeenWord,
    Status,
    Unit,
)


@dataclass(frozen=True, slots=True)
class Base:
    """A base (`bases.py`): the passages up to `last_row` at the time it was built.

    `digests` are of its files; `missed` are the rows among them that it does not lead to.
    """

    number: int
    last_row: int
    n_passages: int
    digests: tuple[tuple[str, str], ...]
    missed: tuple[int, ...] = ()


@contextmanager
def open_snapshot(index_dir: Path, config: IndexConfig) -> Iterator["Snapshot"]:
    """Read one version of the index for the length of the block, as `SnapshotPool.open` does."""
    with closing(SnapshotPool(index_dir, config)) as pool, pool.open() as snapshot:
        yield snapshot


class Snapshot:
    """Reads one version of the index, whatever engine keeps it."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        facts = tables.facts
        self.made_at = facts["made_at"]
        self.version = int(facts["version"])
        self.n_passages = int(facts["n_passages"])
        self._n_documents = int(facts["n_documents"])
        self._last_row = int(facts["last_row"])

    def base(self) -> Base | None:
        """Return the current base, if there is one."""
        found = self.tables.rows(BaseRow)
        if not found:
            return None
        row = max(found)
        if row.last_row > self._last_row:
            raise IndexDamaged(f"the base {row.number} is newer than the index")
        digests = tuple((name, digest) for name, digest in json.loads(row.digests))
        missed = tuple(json.loads(row.missed))
        return Base(row.number, row.last_row, row.n_passages, digests, missed)

    def live_rows(self, rows: Sequence[int]) -> set[int]:
        """Return those of the rows that the index still holds."""
        return self.tables.which_live(rows)

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
        found = self.tables.passage_rows(list(contents))
        rows = sorted(chain.from_iterable(found.values()))
        n_wanted = sum(content.n_passages for content in contents.values())
        require_number("passages", len(rows), n_wanted)
        return tuple(rows)

    def vectors_of(self, rows: Sequence[int], dimension: int) -> tuple[list[int], Vector]:
        """Return the vectors of the given rows, and the rows in their order, shape (n, dimension).

        Raises:
            IndexDamaged: one of them is missing.
        """
        found = self.tables.rows(VectorRow, "row", rows)
        require_all(rows, [row for row, _ in found])
        return stack_vectors(found, dimension)

    def vectors_after(
        self, row: int, dimension: int, also: Sequence[int] = ()
    ) -> tuple[list[int], Vector]:
        """Return the rows greater than `row`, and those of `also`, with vectors (n, dimension)."""
        found = self.tables.rows_after(VectorRow, row)
        if row == 0:
            require_number("vectors", len(found), self.n_passages)
        return stack_vectors(found + self.tables.rows(VectorRow, "row", also), dimension)

    def vectors(self, rows: Sequence[int]) -> dict[int, PassageVectors]:
        """Return the vectors of the given rows.

        Raises:
            IndexDamaged: one of them is missing.
        """
        own = dict(self.tables.rows(VectorRow, "row", rows))
        vectors = {}
        for row, blob in self.tables.rows(SentenceVectorsRow, "row", list(own)):
            vector = np.frombuffer(own[row], dtype=np.float32)
            sentences = np.frombuffer(blob, dtype=np.float16).astype(np.float32)
            vectors[row] = PassageVectors(vector, sentences.reshape(-1, vector.size))
        require_all(rows, vectors)
        return vectors

    def passages(self, rows: Sequence[int], documents: Collection[str] = ()) -> dict[int, Passage]:
        """Return the passages of the given rows; of equal files the first by name stands.

        Of equal files among `documents`, if it is given.

        Raises:
            StoreError: one of them is missing.
        """
        found = self.tables.rows(PassageRow, "row", rows)
        names = self._names_of({one.content_id for one in found}, documents)
        passages = {one.row: make_passage(one, names[one.content_id]) for one in found}
        require_all(rows, passages)
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
        content = self._contents([content_id])[content_id]
        texts = self.tables.rows(TextRow, "content_id", [content_id])
        require_number("texts", len(texts), 1)
        words = self.tables.rows(WordsRow, "content_id", [content_id])
        same = sorted(
            one.document_id for one in self.tables.rows(DocumentRow, "content_id", [content_id])
        )
        return Document(
            document_id=DocumentId(document_id),
            sha256=content.sha256,
            title=content.title or Path(document_id).name,
            media_type=content.media_type,
            text=texts[0].text,
            pages=make_pages(json.loads(content.pages)),
            units=make_units(json.loads(content.units)),
            copies=tuple(DocumentId(name) for name in same if name != document_id),
            words=tuple(SeenWord(*word) for row in words for word in json.loads(row.words)),
        )

    def rows_by_content(self) -> list[list[int]]:
        """Return the rows of each content, ascending; the contents in order of their digests."""
        rows = list(self.tables.passage_rows().values())
        require_number("passages", sum(map(len, rows)), self.n_passages)
        return rows

    def languages(self) -> tuple[str, ...]:
        """Return the codes of the passages' languages, that of most passages first."""
        return self.tables.languages()

    def versions(self, documents: Collection[DocumentId]) -> dict[DocumentId, str]:
        """Return the sha256 of those of the documents that the index holds."""
        held = self._contents_of(documents)
        contents = self._contents(sorted(set(held.values())))
        return {name: contents[content_id].sha256 for name, content_id in held.items()}

    def ledger(self) -> list[DocumentRow]:
        """Return the rows of all files of the corpus at the last sync, by name."""
        found = sorted(self.tables.rows(DocumentRow), key=lambda row: row.document_id)
        require_number("documents", len(found), self._n_documents)
        return found

    def titles(self) -> dict[str, str]:
        """Return what the contents call themselves by their ids, those that do."""
        return self.tables.titles()

    def require_consistent(self) -> None:
        """Refuse tables that are not of one version.

        Raises:
            IndexDamaged: they do not fit together.
        """
        self.tables.require_consistent()
        self.base()

    def records(self) -> tuple[FileRecord, ...]:
        """Return what became of every file of the corpus at the last sync, by name."""
        contents = {row.content_id: row for row in self.tables.rows(ContentRow)}
        files: dict[str, list[DocumentId]] = {}
        for row in (ledger := self.ledger()):
            if row.content_id is not None:
                if row.content_id not in contents:
                    raise IndexDamaged(f"the index lacks the content of {row.document_id!r}")
                files.setdefault(row.content_id, []).append(DocumentId(row.document_id))
        near = _read_near(self.tables)
        return tuple(
            _make_record(row, contents.get(key := row.content_id or ""), files, near.get(key, []))
            for row in ledger
        )

    def bm25(
        self, terms: Sequence[str], *, k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return the k best rows for any of the terms with their BM25 scores, best first.

        Of those in `among`, if it is given.

        With k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, eq. 3.15) and an idf that is never
        negative, as SQLite's FTS5 computes it. Ties keep the order of rows.
        """
        if not terms:
            return []
        if among is not None:
            scores = self.bm25_of(terms, among)
            return rank_rows(scores.items())[:k]
        return self.tables.bm25(terms, k)

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match any of the terms."""
        if not terms or not rows:
            return {}
        return self.tables.bm25_of(terms, rows)

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; absent terms are left out."""
        return self.tables.count_passages_with(terms)

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter, each with how many passages have it."""
        return self.tables.count_terms_from(letter)

    def _contents_of(self, documents: Collection[str]) -> dict[DocumentId, str]:
        """Return the content ids of those of the documents that the index holds."""
        wanted = list(filter(_can_be_held, documents))
        found = self.tables.rows(DocumentRow, "document_id", wanted)
        if len(found) < len(set(documents)):
            self.ledger()  # so that what is lost is not taken for what never was
        return {
            DocumentId(row.document_id): row.content_id
            for row in found
            if row.content_id is not None
        }

    def _contents(self, content_ids: Sequence[str]) -> dict[str, ContentRow]:
        """Return the rows of contents that must be there."""
        found = self.tables.rows(ContentRow, "content_id", content_ids)
        require_number("contents", len(found), len(content_ids))
        return {row.content_id: row for row in found}

    def _names_of(self, contents: Collection[str], chosen: Collection[str]) -> dict[str, str]:
        """Return for each content the first file by name that has it, of the chosen ones if any."""
        found = self.tables.rows(DocumentRow, "content_id", list(contents))
        names: dict[str, str] = {}
        for row in sorted(found, key=lambda row: row.document_id):
            if row.content_id is not None and (not chosen or row.document_id in chosen):
                names.setdefault(row.content_id, row.document_id)
        if lost := set(contents).difference(names):
            raise IndexDamaged(f"the index lacks the file of the content {min(lost)!r}")
        return names


def _make_record(
    row: DocumentRow,
    content: ContentRow | None,
    files: Mapping[str, Sequence[DocumentId]],
    near: Sequence[str],
) -> FileRecord:
    same = files.get(row.content_id or "", ())
    return FileRecord(
        document_id=DocumentId(row.document_id),
        status=Status(row.status),
        reason=row.reason,
        title=(content.title if content else None) or Path(row.document_id).name,
        n_passages=content.n_passages if content else 0,
        size=row.size,
        fault=Fault(row.fault) if row.fault else None,
        settled_at=row.settled_at,
        seconds=row.seconds,
        copies=tuple(one for one in same if one != row.document_id),
        near=tuple(one for other in near for one in files.get(other, ())),
    )


def _read_near(tables: Tables) -> dict[str, list[str]]:
    """Return for each content those that are nearly the same, whichever came first."""
    near: dict[str, list[str]] = {}
    for one, other in sorted(tables.rows(NearRow)):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    return near


def make_passage(row: PassageRow, document_id: str = "") -> Passage:
    """Return the passage that a row holds, as one of a document of that id."""
    return Passage(
        passage_id=PassageId(row.passage_id),
        document_id=DocumentId(document_id),
        start=row.start,
        end=row.end,
        text=row.text,
        sentences=tuple((start, end) for start, end in json.loads(row.sentences)),
        heading=row.heading,
        roles=tuple(map(Role, json.loads(row.roles))),
        under=tuple(json.loads(row.under)),
        language=row.language,
    )


def make_passage_row(number: int, content_id: str, passage: Passage) -> PassageRow:
    """Return the row of that number that holds a passage of a content."""
    return PassageRow(
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


def make_pages(told: Iterable[tuple[int, int, int, str]]) -> tuple[Page, ...]:
    """Return the pages of a document from their fields."""
    return tuple(Page(number, start, end, PageKind(kind)) for number, start, end, kind in told)


def make_units(told: Iterable[tuple[int, int, str, int, int]]) -> tuple[Unit, ...]:
    """Return the units of a document from their fields."""
    return tuple(
        Unit(start, end, Role(role), level, under) for start, end, role, level, under in told
    )


VECTORS_AT_ONCE = 4_096
"""Of those that are read one after the other; Chroma takes at most 5,461."""


def read_vectors(
    connection: sqlite3.Connection, dimension: int, last_row: int = 1 << 62
) -> Iterator[tuple[list[int], Vector]]:
    """Yield the rows up to one, ascending, and their vectors, (n, dimension), some at a time.

    Raises:
        IndexDamaged: one is not what was written.
    """
    sql = "SELECT row, vector, digest FROM vectors WHERE row <= ? ORDER BY row"
    cursor = connection.execute(sql, (last_row,))
    while batch := list(check_rows(VectorRow, cursor.fetchmany(VECTORS_AT_ONCE))):
        yield stack_vectors(batch, dimension)


def stack_vectors(found: Sequence[VectorRow], dimension: int) -> tuple[list[int], Vector]:
    """Return the rows, and their vectors one below the other, shape (n, dimension)."""
    matrix = np.frombuffer(b"".join(blob for _, blob in found), dtype=np.float32)
    return [row for row, _ in found], matrix.reshape(len(found), dimension)


CACHE_KIB = 65_536
"""Page cache of a connection: the vectors of some 10,000 passages."""


class SnapshotPool:
    """Opens snapshots of one index, on connections that are kept. Safe to share between threads."""

    def __init__(self, index_dir: Path, config: IndexConfig) -> None:
        self._index_dir = index_dir
        self._config = config
        self._idle: list[tuple[int, sqlite3.Connection]] = []
        self._counted: tuple[tuple[str, str], Counted] | None = None

    @contextmanager
    def open(self) -> Iterator[Snapshot]:
        """Read one version of the index for the length of the block.

        Raises:
            IndexMissing: there is no index.
            IndexMismatch: it was made with another configuration.
            StoreError: it is damaged, or the disk does not let it be read.
        """
        with explain_errors(self._index_dir):
            inode, connection = self._take()
        try:
            with explain_errors(self._index_dir):
                connection.execute("BEGIN")
                facts = require_config(connection, self._config)
                yield Snapshot(SqliteTables(connection, facts, self._counted_in(facts)))
                connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        self._idle.append((inode, connection))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while (idle := self._pop()) is not None:
            idle[1].close()

    def _counted_in(self, facts: Mapping[str, str]) -> Counted:
        """Return what is known of a version; of another one that is forgotten."""
        version = facts["made_at"], facts["version"]
        counted = self._counted
        if counted is None or counted[0] != version:
            counted = self._counted = version, Counted()
        return counted[1]

    def _take(self) -> tuple[int, sqlite3.Connection]:
        """Return a connection to the file that is there now: a rebuild puts another in place."""
        present = find_inode(self._index_dir)
        while (idle := self._pop()) is not None:
            inode, connection = idle
            if inode == present:
                return inode, connection
            connection.close()
        connection = connect(self._index_dir)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return present or 0, connection

    def _pop(self) -> tuple[int, sqlite3.Connection] | None:
        try:
            return self._idle.pop()
        except IndexError:  # another thread took the last one
            return None


def _can_be_held(name: str) -> bool:
    """Whether a name may be one of a document: a lone surrogate is none of any text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
