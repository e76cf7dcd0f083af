-- The tables of database.sql in PostgreSQL. `rowid` and `instr` are what SQLite has by itself.
CREATE SCHEMA IF NOT EXISTS assistant;
SET LOCAL search_path TO assistant;
CREATE TABLE format (version INTEGER NOT NULL);
CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1, $2)';
CREATE TABLE changes (owner TEXT PRIMARY KEY, n BIGINT NOT NULL);
CREATE TABLE conversations (
    conversation_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    rowid BIGINT GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX conversations_by_owner ON conversations (owner, updated_at);
CREATE TABLE turns (
    conversation_id TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number BIGINT NOT NULL,
    question TEXT NOT NULL,
    documents TEXT NOT NULL,
    answer TEXT,
    notice TEXT,
    tried TEXT NOT NULL,
    digest BIGINT,
    PRIMARY KEY (conversation_id, number)
);
CREATE TABLE said (
    conversation_id TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (conversation_id, number)
);
CREATE TABLE feedback (
    conversation_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    citation BIGINT NOT NULL,
    kind TEXT NOT NULL,
    given_at TEXT NOT NULL,
    question TEXT NOT NULL,
    history TEXT NOT NULL,
    answer TEXT NOT NULL,
    digest BIGINT,
    PRIMARY KEY (conversation_id, number, citation)
);
CREATE TABLE comments (
    conversation_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    digest BIGINT,
    PRIMARY KEY (conversation_id, number)
);
