CREATE TABLE IF NOT EXISTS conversations (
    conversation_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated_at);
CREATE TABLE IF NOT EXISTS turns (
    conversation_id TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL,
    question TEXT NOT NULL,
    documents TEXT NOT NULL,
    answer TEXT,
    notice TEXT,
    tried TEXT NOT NULL,
    digest INTEGER,
    PRIMARY KEY (conversation_id, number)
);
CREATE TABLE IF NOT EXISTS said (
    conversation_id TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (conversation_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feedback (
    conversation_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    citation INTEGER NOT NULL,
    kind TEXT NOT NULL,
    given_at TEXT NOT NULL,
    question TEXT NOT NULL,
    history TEXT NOT NULL,
    answer TEXT NOT NULL,
    digest INTEGER,
    PRIMARY KEY (conversation_id, number, citation)
);
CREATE TABLE IF NOT EXISTS comments (
    conversation_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    digest INTEGER,
    PRIMARY KEY (conversation_id, number)
);
