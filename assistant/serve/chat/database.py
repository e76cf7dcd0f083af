"""The SQLite file beside the index that holds conversations and feedback, and its tables.

`Database` creates the file in the index folder and opens it, one transaction at a time. A damaged
file is put aside and never deleted. Where the index folder can only be read, the file is in a
temporary folder instead. Turns and feedback are stored with a digest of their fields,
for damage that SQLite does not notice. `StoreError` is raised for a disk that cannot be used and
for a file that a newer version has written.
"""

import atexit
import json
import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from pydantic import TypeAdapter

from assistant.errors import StoreError
from assistant.settings import Settings
from assistant.store.catalog import is_read_only
from assistant.store.tables import digest_row
from assistant.values import WRITTEN, Answer

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
FILE = "conversations.sqlite"
VERSION = 3
LOCKED_S = 10.0
"""Seconds to wait for another process that is writing."""


class TurnRow(NamedTuple):
    """A turn of a conversation: a question with its answer, or with a notice instead.

    `documents` and `tried` are JSON lists of texts, `answer` is the `Answer` as JSON.
    """

    conversation_id: str
    number: int
    question: str
    documents: str
    answer: str | None
    notice: str | None
    tried: str


class SaidRow(NamedTuple):
    """What a search looks at, case folded: of a turn, or (`number` is 0) a conversation's title.

    Made of the other tables, so that thousands of conversations are searched by the database.
    """

    conversation_id: str
    number: int
    text: str


class FeedbackRow(NamedTuple):
    """What a reader said of an answer (`citation` is 0) or of one of its citations.

    `history` are the turns before it, as a JSON list, and `answer` is the `Answer` as JSON.
    """

    conversation_id: str
    number: int
    citation: int
    kind: str
    given_at: str
    question: str
    history: str
    answer: str


class CommentRow(NamedTuple):
    """What a reader said in words of an answer that did not help."""

    conversation_id: str
    number: int
    text: str


TABLES: dict[type[NamedTuple], str] = {
    TurnRow: "turns",
    FeedbackRow: "feedback",
    CommentRow: "comments",
    SaidRow: "said",
}
KEYS = ("conversation_id", "number", "citation")
"""What rows differ by, as far as they have it."""
Row = TypeVar("Row", TurnRow, FeedbackRow, CommentRow)

SCHEMA = files("assistant.serve.chat").joinpath("database.sql").read_text(encoding="utf-8")
SINCE_VERSION_1 = """
ALTER TABLE turns ADD COLUMN digest INTEGER;
ALTER TABLE feedback ADD COLUMN digest INTEGER;
"""
"""Rows that were written before have none, and are believed."""
SINCE_VERSION_2 = """
INSERT OR REPLACE INTO said SELECT conversation_id, 0, fold_said(title, NULL) FROM conversations;
INSERT OR REPLACE INTO said SELECT conversation_id, number, fold_said(question, answer) FROM turns;
"""

READ_ONLY = (
    "the index folder is read-only: conversations and feedback are kept in {folder} and are gone "
    "when this process ends"
)

logger = logging.getLogger(__name__)


class Connection(Protocol):
    """A transaction. Its statements are those that SQLite and PostgreSQL have in common."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        """Execute a statement with its values, "?" each; its rows are iterated, or fetched."""


class ChatDatabase(Protocol):
    """The tables of conversations and feedback, ready for use."""

    is_shared: bool
    """Whether other processes change them, too."""

    def open(self) -> AbstractContextManager[Connection]:
        """Read or write in one transaction.

        Raises:
            StoreError: the tables cannot be used.
        """


def open_database(settings: Settings) -> ChatDatabase:
    """Open the database of conversations that the settings name.

    Raises:
        SettingsError: what it needs is not installed.
        StoreError: it cannot be used.
    """
    if settings.store_url is None:
        return Database(settings.index_dir)
    from assistant.serve.chat.postgres import PostgresDatabase

    return PostgresDatabase(settings.store_url.get_secret_value())


class Database:
    """The file, ready for use."""

    is_shared = False

    def __init__(self, index_dir: Path) -> None:
        if is_read_only(index_dir):
            index_dir = Path(tempfile.mkdtemp(prefix="assistant-"))
            atexit.register(shutil.rmtree, index_dir, ignore_errors=True)
            logger.warning("%s", READ_ONLY.format(folder=index_dir))
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
            connection.create_function("fold_said", 2, fold_said)
            connection.text_factory = _decode
            changes = SCHEMA + (SINCE_VERSION_1 if version == 1 else "")
            changes += SINCE_VERSION_2 if version in {1, 2} else ""
            connection.executescript(
                f"PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; {changes}"
                f"PRAGMA user_version = {VERSION}; COMMIT;"
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


def read_rows(
    connection: Connection, kind: type[Row], condition: str, *values: object
) -> Iterator[tuple[Row, bool]]:
    """Yield the rows that meet an SQL condition, each with whether it is as it was written.

    A row without a digest is believed.
    """
    sql = f"SELECT {', '.join(kind._fields)}, digest FROM {TABLES[kind]} {condition}"
    for *fields, digest in connection.execute(sql, values):
        yield kind._make(fields), digest in (None, digest_row(*fields))


def write_row(connection: Connection, row: TurnRow | FeedbackRow | CommentRow | SaidRow) -> None:
    """Write a row, with its digest where it has one, in place of the one with the same key."""
    table, keys = TABLES[type(row)], [name for name in row._fields if name in KEYS]
    written = row._asdict() | ({} if isinstance(row, SaidRow) else {"digest": digest_row(*row)})
    places = ", ".join("?" * len(written))
    kept = ", ".join(f"{name} = excluded.{name}" for name in written if name not in keys)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(written)}) VALUES ({places}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {kept}",
        tuple(written.values()),
    )


def fold_said(question: str, answer: str | None) -> str:
    """Return what a search looks at of a question and its answer as it is kept, or of a title."""
    try:
        said = [str(one["text"]) for one in json.loads(answer)["statements"]] if answer else []
    except (ValueError, TypeError, KeyError):  # damaged: who reads the turn is told
        said = []
    return "\n".join((question, *said)).casefold()


def read_answer(written: str) -> Answer:
    """Return an answer as it was kept; one of an older version gets its kind and its verdicts.

    Raises:
        ValueError: it is no answer.
    """
    kept = json.loads(written)
    if isinstance(kept, dict) and "kind" not in kept:
        is_reply = kept.get("answerer") == "courtesy"
        kept["kind"] = "reply" if is_reply else "abstention" if kept.get("abstained") else "answer"
    if isinstance(kept, dict):
        checked = _OLD_VERDICTS | {"supported": _old_verdict(kept)}
        for one in [*kept.get("statements", ()), *kept.get("dropped", ())]:
            if isinstance(one, dict):
                one["verdict"] = checked.get(str(one.get("verdict")), one.get("verdict"))
    return _ANSWER.validate_python(kept)


_OLD_VERDICTS = {
    "unsupported": "not confirmed",
    "beside_the_question": "not confirmed",
    "quote_not_found": "quote not found",
    "unknown_source": "unknown source",
}


def _old_verdict(kept: dict[str, Any]) -> str:
    """Return the verdict of what was kept as supported: by a check, where a model wrote it."""
    return "not confirmed" if kept.get("answerer") == WRITTEN else "quoted"


def now() -> str:
    """Return the time as it is kept: ISO, UTC."""
    return datetime.now(UTC).isoformat()


def _decode(data: bytes) -> str:
    """Decode a text; one that the disk has altered will not have its digest."""
    return data.decode("utf-8", "replace")
