"""The SQLite file beside the index that holds conversations and feedback: made, opened, explained.

Comes in: the index folder. Goes out: connections, each one transaction. A file that is damaged is
put aside, never deleted; rows have digests for what SQLite does not notice. Refuses, with
`StoreError`, a disk that cannot be used and a file that a newer version has written.
"""

import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from assistant.errors import StoreError
from assistant.store.catalog import digest_row
from assistant.values import Answer

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
FILE = "conversations.sqlite"
VERSION = 2
LOCKED_S = 10.0
"""Seconds to wait for another process that is writing."""

SCHEMA = f"""
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
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
PRAGMA user_version = {VERSION};
COMMIT;
"""

SINCE_VERSION_1 = """
ALTER TABLE turns ADD COLUMN digest INTEGER;
ALTER TABLE feedback ADD COLUMN digest INTEGER;
"""
"""Rows that were written before have none, and are believed."""

logger = logging.getLogger(__name__)


class Database:
    """The file, ready for use."""

    def __init__(self, index_dir: Path) -> None:
        self._path = index_dir / FILE
        try:
            index_dir.mkdir(parents=True, exist_ok=True)
            self._create()
        except (OSError, sqlite3.OperationalError) as error:
            raise self._explain(error) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            aside = f"{FILE}.damaged-{time.time_ns()}"
            for suffix in ("", "-wal", "-shm"):  # SQLite would read an old log into a new file
                with suppress(FileNotFoundError):
                    (index_dir / f"{FILE}{suffix}").rename(index_dir / f"{aside}{suffix}")
            logger.warning("%r is damaged (%s); it was put aside as %r", FILE, error, aside)
            self._create()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Read or write in one transaction.

        Raises:
            StoreError: the file cannot be used.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=LOCKED_S)) as connection, connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.text_factory = _decode
                yield connection
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._explain(error) from error

    def _create(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=LOCKED_S)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreError(
                    f"{str(self._path)!r} was written by a newer version of this program "
                    f"(format {version}, this one knows {VERSION}); install that version"
                )
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            connection.executescript(
                SCHEMA.replace("COMMIT;", SINCE_VERSION_1 + "COMMIT;") if version == 1 else SCHEMA
            )

    def _explain(self, error: OSError | sqlite3.Error | UnicodeDecodeError) -> StoreError:
        # SQLite quotes the file in what it says, which need not be UTF-8 when that is damaged.
        is_damage = isinstance(error, (sqlite3.DatabaseError, UnicodeDecodeError)) and not (
            isinstance(error, sqlite3.OperationalError)
        )
        remedy = (
            "start the program again: it puts a damaged file aside and begins a new one"
            if is_damage
            else "see to the disk, its free space and the folder's permissions, then try again"
        )
        return StoreError(
            f"the conversations in {str(self._path)!r} cannot be read or written ({error}): "
            f"{remedy}"
        )


def is_as_written(*row: object) -> bool:
    """Whether the fields of a row have the digest that comes last; one without is believed."""
    return row[-1] in (None, digest_row(*row[:-1]))


def read_answer(written: str) -> Answer:
    """Return an answer as it was kept; one kept before answers had a kind gets its kind.

    Raises:
        ValueError: it is no answer.
    """
    kept = json.loads(written)
    if isinstance(kept, dict) and "kind" not in kept:
        is_reply = kept.get("answerer") == "courtesy"
        kept["kind"] = "reply" if is_reply else "abstention" if kept.get("abstained") else "answer"
    return _ANSWER.validate_python(kept)


def now() -> str:
    """Return the time as it is kept: ISO, UTC."""
    return datetime.now(UTC).isoformat()


def _decode(data: bytes) -> str:
    """Decode a text; one that the disk has altered will not have its digest."""
    return data.decode("utf-8", "replace")
