"""Connections kept for reading, so that a question finds the pages of the last one in memory.

A connection serves one question at a time and goes back when its snapshot is closed. Safe to
share between threads.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.index.catalog import (
    Making,
    connect,
    explain_errors,
    find_inode,
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
        with explain_errors(self._index_dir):
            inode, connection = self._take()
        try:
            with explain_errors(self._index_dir):
                connection.execute("BEGIN")
                yield Snapshot(connection, require_making(connection, self._making))
                connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        self._idle.append((inode, connection))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while (idle := self._pop()) is not None:
            idle[1].close()

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
