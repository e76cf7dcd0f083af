"""The tables of the catalog, and their rows, each of which is stored with a digest of its fields.

A row is a `NamedTuple` whose fields have the order in which they are stored and digested. What is
large and often not needed (texts, sketches, the vectors of sentences) has a table to itself: a row
is read as a whole or not at all. The BM25 table, `passage_terms`, is SQLite's FTS5 and has no
digests. Reading a row that is not what was written raises `IndexDamaged`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

from assistant.errors import IndexDamaged


def digest_row(*fields: object) -> int:
    """Return the CRC-32 of the fields, each behind its kind (text, bytes, or other) and length.

    A change within 32 bits is always noticed, any other with a chance of all but one in four
    billion. It guards against accidents, for which a cryptographic digest would take three times
    as long and tell no more.
    """
    digest = 0
    for field in fields:
        if isinstance(field, str):
            kind, data = b"text", field.encode("utf-8", "surrogatepass")
        elif isinstance(field, bytes):
            kind, data = b"blob", field
        else:
            kind, data = b"number", str(field).encode()
        digest = crc32(data, crc32(b"%s %d " % (kind, len(data)), digest))
    return digest


SCHEMA_VERSION = 7


class ManifestRow(NamedTuple):
    """A fact about the whole index: how it was made, its version, and what it counts."""

    key: str
    value: str


class ContentRow(NamedTuple):
    """A parsed text without the text itself: stored once for all files that have the same bytes.

    `pages` and `units` are JSON lists of the fields of `Page` and `Unit`.
    """

    content_id: str
    sha256: str
    media_type: str
    title: str | None
    pages: str
    units: str
    warning: str | None
    n_passages: int


class TextRow(NamedTuple):
    """The canonical text of a content."""

    content_id: str
    text: str


class WordsRow(NamedTuple):
    """The words of a content that were read off pictures: the fields of each as JSON."""

    content_id: str
    words: str


class SketchRow(NamedTuple):
    """The MinHash sketch of a text (`content.py`); empty for a short text."""

    content_id: str
    sketch: bytes


class NearRow(NamedTuple):
    """Two contents that are nearly the same, the later one first."""

    content_id: str
    near_id: str


class DocumentRow(NamedTuple):
    """What became of a file at the last sync that looked at it.

    `content_id` is None for a file that was skipped; `reason` says why, or is the warning with
    which the file was indexed. `settled_at` is ISO, UTC; `seconds` is how long reading it took.
    """

    document_id: str
    content_id: str | None
    size: int
    mtime_ns: int
    status: str
    reason: str | None
    fault: str | None
    settled_at: str
    seconds: float

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time, by which an unchanged file is known again."""
        return self.size, self.mtime_ns


class PassageRow(NamedTuple):
    """A passage: its span [start, end) in the text, its sentences' spans, their units' roles, and
    what it stands under, as JSON lists; the code of its language.

    Row numbers only grow, so that `row > last_row` is what is newer than a base.
    """

    row: int
    passage_id: str
    content_id: str
    start: int
    end: int
    text: str
    sentences: str
    heading: str | None
    roles: str
    under: str
    language: str


class VectorRow(NamedTuple):
    """The unit vector of a passage: floats of 4 bytes, (d,)."""

    row: int
    vector: bytes


class SentenceVectorsRow(NamedTuple):
    """The unit vectors of a passage's sentences, one after the other: floats of 2 bytes, (n, d)."""

    row: int
    vectors: bytes


class BaseRow(NamedTuple):
    """A base (`bases.py`); `digests` and `missed` are JSON lists."""

    number: int
    last_row: int
    n_passages: int
    digests: str
    missed: str


TABLES: dict[type[NamedTuple], str] = {
    ManifestRow: "manifest",
    ContentRow: "contents",
    TextRow: "texts",
    WordsRow: "words",
    SketchRow: "sketches",
    NearRow: "near_contents",
    DocumentRow: "documents",
    PassageRow: "passages",
    VectorRow: "vectors",
    SentenceVectorsRow: "sentence_vectors",
    BaseRow: "bases",
}
"""The table that each kind of row is in."""

Row = TypeVar("Row", bound=NamedTuple)

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
"""For FTS5 to part the terms at spaces and nowhere else; left alone it drops Thai vowels."""

SCHEMA = f"""
CREATE TABLE manifest (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    digest INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE contents (
    content_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    title TEXT,
    pages TEXT NOT NULL,
    units TEXT NOT NULL,
    warning TEXT,
    n_passages INTEGER NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE texts (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    text TEXT NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE words (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    words TEXT NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE sketches (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    sketch BLOB NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE near_contents (
    content_id TEXT NOT NULL REFERENCES contents,
    near_id TEXT NOT NULL REFERENCES contents,
    digest INTEGER NOT NULL,
    PRIMARY KEY (content_id, near_id)
) WITHOUT ROWID;
CREATE INDEX near_contents_by_near ON near_contents (near_id);
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    content_id TEXT REFERENCES contents,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    fault TEXT,
    settled_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    digest INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_by_content ON documents (content_id);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY,
    passage_id TEXT NOT NULL UNIQUE,
    content_id TEXT NOT NULL REFERENCES contents,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT NOT NULL,
    sentences TEXT NOT NULL,
    heading TEXT,
    roles TEXT NOT NULL,
    under TEXT NOT NULL,
    language TEXT NOT NULL,
    digest INTEGER NOT NULL
);
CREATE INDEX passages_by_content ON passages (content_id);
CREATE INDEX passages_by_language ON passages (language);
CREATE TABLE vectors (
    row INTEGER PRIMARY KEY REFERENCES passages,
    vector BLOB NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE sentence_vectors (
    row INTEGER PRIMARY KEY REFERENCES passages,
    vectors BLOB NOT NULL,
    digest INTEGER NOT NULL
);
CREATE VIRTUAL TABLE passage_terms USING fts5(
    terms, content='', tokenize="{TOKENIZER}"
);
CREATE VIRTUAL TABLE term_counts USING fts5vocab(passage_terms, row);
CREATE TABLE bases (
    number INTEGER PRIMARY KEY,
    last_row INTEGER NOT NULL,
    n_passages INTEGER NOT NULL,
    digests TEXT NOT NULL,
    missed TEXT NOT NULL,
    digest INTEGER NOT NULL
);
"""


def columns(kind: type[NamedTuple]) -> str:
    """Return the columns of a kind of row for an SQL statement, without that of the digest."""
    return ", ".join('"end"' if name == "end" else name for name in kind._fields)


def check_rows(kind: type[Row], stored: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    """Yield the rows of which the stored ones, each with its digest at the end, are made.

    Raises:
        IndexDamaged: a digest is not that of its row.
    """
    for *fields, digest in stored:
        if digest_row(*fields) != digest:
            raise IndexDamaged(
                f"a row of the table {TABLES[kind]} is not what was written ({fields[0]!r}): the "
                "disk or another program has altered it"
            )
        yield kind._make(fields)


def read_rows(
    connection: sqlite3.Connection, kind: type[Row], condition: str = "", *values: object
) -> list[Row]:
    """Return the rows of a kind that meet an SQL condition, such as `WHERE row > ?`.

    Raises:
        IndexDamaged: one is not what was written.
    """
    sql = f"SELECT {columns(kind)}, digest FROM {TABLES[kind]} {condition}"
    return list(check_rows(kind, connection.execute(sql, values)))


def rows_in(
    connection: sqlite3.Connection, kind: type[Row], field: str, keys: Sequence[object]
) -> list[Row]:
    """Return the rows whose field is one of the keys, of which there may be any number.

    Raises:
        IndexDamaged: one is not what was written.
    """
    condition = f"WHERE {field} IN (SELECT value FROM json_each(?))"
    return read_rows(connection, kind, condition, json.dumps(list(keys)))


def write_row(connection: sqlite3.Connection, row: NamedTuple) -> None:
    """Write a row with its digest, in place of the one with the same key."""
    kind = type(row)
    places = ", ".join("?" * (len(row) + 1))
    connection.execute(
        f"INSERT OR REPLACE INTO {TABLES[kind]} ({columns(kind)}, digest) VALUES ({places})",
        (*row, digest_row(*row)),
    )


def read_manifest(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the facts of an index, also of one that was made before rows had digests.

    Raises:
        IndexDamaged: one of them is not what was written.
    """
    cursor = connection.execute("SELECT * FROM manifest")
    is_digested = len(cursor.description) > len(ManifestRow._fields)
    return dict(check_rows(ManifestRow, cursor) if is_digested else cursor)
