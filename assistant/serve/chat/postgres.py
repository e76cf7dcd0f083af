"""Conversations and feedback in PostgreSQL, so that several servers share them.

The tables are those of the SQLite file, in a schema of their own, and the same statements read and
write them. No other module imports psycopg. `StoreError` is raised for a server that cannot be used
and for tables that a newer version has made; no message holds a password.
"""

import logging
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assistant.errors import SettingsError, StoreError
from assistant.serve.chat.database import VERSION

if TYPE_CHECKING:
    import psycopg

SCHEMA = files("assistant.serve.chat").joinpath("postgres.sql").read_text(encoding="utf-8")
CONNECT_S = 5
WAIT_MS = 10_000
"""For how long a statement waits for another process."""
MAKING = 7_364_911
"""A number that only who makes the tables locks."""

logger = logging.getLogger(__name__)


class PostgresDatabase:
    """The tables, ready for use. Safe to share between threads and processes."""

    is_shared = True

    def __init__(self, url: str, *, makes_tables: bool = True) -> None:
        """Connect, and make the tables when they are missing and `makes_tables`.

        Raises:
            SettingsError: psycopg is not installed, or the address is none.
            StoreError: the server cannot be used.
        """
        try:
            import psycopg
            from psycopg import conninfo
        except ImportError as error:
            raise SettingsError(
                "store_url needs psycopg: pip install 'assistant[postgres]'"
            ) from error
        self._psycopg = psycopg
        self._url = url
        self._idle: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()
        self._closing = weakref.finalize(self, _close_all, self._idle)
        try:
            parts = conninfo.conninfo_to_dict(url)
        except psycopg.Error:  # which may quote the password
            raise SettingsError(
                "store_url: postgresql://user:password@host:5432/database is needed, with special "
                "characters of the password as %XX"
            ) from None
        self._password = str(parts.get("password") or "")
        host, port = parts.get("host") or "localhost", parts.get("port") or 5432
        self.name = f"postgresql://{host}:{port}/{parts.get('dbname') or ''}"
        with self._explained():
            self._create(makes_tables=makes_tables)

    @contextmanager
    def open(self) -> Iterator["PostgresConnection"]:
        """Read or write in one transaction.

        Raises:
            StoreError: the server cannot be used.
        """
        with self._explained():
            connection = self._take()
            try:
                with connection.transaction():
                    yield PostgresConnection(connection)
            except self._psycopg.Error:
                connection.close()
                raise
            finally:
                if not connection.closed:
                    with self._lock:
                        self._idle.append(connection)

    def close(self) -> None:
        """Close the connections that are not in use."""
        _close_all(self._idle)

    def _take(self) -> "psycopg.Connection[Any]":
        """Return a connection that works: the server may have been started again meanwhile."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            with suppress(self._psycopg.Error):
                connection.execute("SELECT 1")
                return connection
            connection.close()

    def _connect(self) -> "psycopg.Connection[Any]":
        connection = self._psycopg.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_S, application_name="assistant"
        )
        for name in ("statement_timeout", "lock_timeout"):
            connection.execute(f"SET {name} = {WAIT_MS}")  # a constant
        connection.execute("SET search_path TO assistant")
        return connection

    def _create(self, *, makes_tables: bool) -> None:
        connection = self._connect()
        with connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            found = connection.execute("SELECT to_regclass('assistant.format')").fetchone()
            version = 0
            if found and found[0]:
                row = connection.execute("SELECT version FROM assistant.format").fetchone()
                version = int(row[0]) if row else 0
            if version > VERSION:
                raise StoreError(
                    f"the conversations in {self.name} were made by a newer version of this "
                    f"program (format {version}, this one knows {VERSION}); install that version"
                )
            if version == 0 and makes_tables:
                connection.execute(SCHEMA.encode())
                connection.execute("INSERT INTO assistant.format VALUES (%s)", (VERSION,))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            told = " ".join(str(error).split())
            if self._password:
                told = told.replace(self._password, "***")
            # `from None`: what it holds may be a password.
            raise StoreError(
                f"the conversations in {self.name} cannot be read or written ({told[:300]}): see "
                "that the server runs and can be reached from here, and that store_url names it "
                "with the right user and password"
            ) from None


def _close_all(connections: "list[psycopg.Connection[Any]]") -> None:
    while connections:
        connections.pop().close()


class PostgresConnection:
    """Executes the statements of SQLite that the stores are written in."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[object] = (), /) -> "PostgresRows":
        """Execute a statement, whose values are bound."""
        if sql == "BEGIN IMMEDIATE":  # it is in a transaction already, and writes alone as SQLite
            sql = "LOCK TABLE conversations IN SHARE ROW EXCLUSIVE MODE"
        bound = [_hide_nul(one) if isinstance(one, str) else one for one in values]
        cursor = self._connection.execute(sql.replace("?", "%s").encode(), bound or None)
        return PostgresRows(cursor)


class PostgresRows:
    """The rows of a statement."""

    def __init__(self, cursor: "psycopg.Cursor[Any]") -> None:
        self._cursor = cursor

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in self._cursor:
            yield _show_nul(row)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, None after the last."""
        row = self._cursor.fetchone()
        return None if row is None else _show_nul(row)


def _hide_nul(text: str) -> str:
    """Write U+0000, which PostgreSQL's texts cannot hold, as two other characters."""
    return text.replace("\x1a", "\x1aS").replace("\x00", "\x1aN")


def _show_nul(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        one.replace("\x1aN", "\x00").replace("\x1aS", "\x1a") if isinstance(one, str) else one
        for one in row
    )
