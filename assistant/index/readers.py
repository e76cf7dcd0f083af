"""Connections kept for reading, so that a question finds the pages of the last one in memory.

A connection serves one question at a time and goes back when its snapshot is closed. Safe to
share between threads.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.index.catalog import (
    CATALOG_FILE,
    Making,
    connect,
    explain_errors,
    require_making,
)
from assistant.index.snapshot import Snapshot

CACHE_KIB = 65_536
"""Page cache of a connection: the vectors of some 10,000 passages."""


class Readers:
    """Opens snapshots of one index."""

    def __init__(self, index_dir: Path, making: Making) -> None:
        self._index_dir = index_dir
        self._making = making
        self._idle: list[tuple[int, sqlite3.Connection]] = []

    @contextmanager
    def open(self) -> Iterator[Snapshot]:
        """Read one version of the index for the length of the block.

        Raises:
            IndexMissing, IndexMismatch, StoreError: see their messages.
        """
        inode, connection = self._take()
        try:
            with explain_errors(self._index_dir):
                connection.execute("BEGIN")
                require_making(connection, self._making)
                yield Snapshot(connection)
                connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        self._idle.append((inode, connection))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop()[1].close()

    def _take(self) -> tuple[int, sqlite3.Connection]:
        """Return a connection to the file that is there now: a rebuild puts another in place."""
        path = self._index_dir / CATALOG_FILE
        present = path.stat().st_ino if path.is_file() else None
        while self._idle:
            inode, connection = self._idle.pop()
            if inode == present:
                return inode, connection
            connection.close()
        connection = connect(self._index_dir)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return path.stat().st_ino, connection
