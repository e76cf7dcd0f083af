"""The tables of the catalog, and which fields of a row its digest covers. Values, free of I/O."""

SCHEMA_VERSION = 4

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
"""For FTS5 to part the terms at spaces and nowhere else; left alone it drops Thai vowels."""

FIELDS = {
    "manifest": ("key", "value"),
    "contents": (
        *("content_id", "sha256", "media_type", "title"),
        *("pages", "headings", "warning", "n_passages"),
    ),
    "texts": ("content_id", "text"),
    "sketches": ("content_id", "sketch"),
    "near_contents": ("content_id", "near_id"),
    "documents": (
        *("document_id", "content_id", "size", "mtime_ns"),
        *("status", "reason", "fault", "settled_at", "seconds"),
    ),
    "passages": (
        *("row", "passage_id", "content_id", "start", '"end"', "text", "sentences", "heading"),
    ),
    "vectors": ("row", "vector"),
    "sentence_vectors": ("row", "vectors"),
    "bases": ("number", "last_row", "n_passages", "digests", "missed"),
}
"""Every table but the BM25 table, with its fields in the order in which they are digested.

What is large and often not needed, texts, sketches and sentence vectors, has a table to itself: a
row is read as a whole or not at all.
"""

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
    headings TEXT NOT NULL,
    warning TEXT,
    n_passages INTEGER NOT NULL,
    digest INTEGER NOT NULL
);
CREATE TABLE texts (
    content_id TEXT PRIMARY KEY REFERENCES contents,
    text TEXT NOT NULL,
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
    digest INTEGER NOT NULL
);
CREATE INDEX passages_by_content ON passages (content_id);
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
