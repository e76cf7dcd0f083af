"""Named points of a sync at which a trial can go wrong, and how: no hooks in the product for it.

A point is a function, patched in the child alone, or the beginning of an SQL statement; a fault
comes before or after its n-th call.
"""

import errno
import functools
import os
import signal
import sqlite3
from importlib import import_module
from typing import Any

WALK = "assistant.store.sync"
CATALOG = "assistant.store.catalog"
WRITER = "assistant.store.changes"
BASE, CHROMA = "assistant.store.bases", "assistant.store.chroma"
ENGINE = "assistant.store.embedded"
POINTS: dict[str, tuple[str, str, str, int]] = {
    "after the walk": (WALK, "walk", "after", 1),
    "after a read": ("assistant.store.work", "read", "after", 2),
    "in the middle of parsing": ("zygote", "InlineParsers.parse", "before", 3),
    "before embedding": ("hashing", "HashingEmbedder.embed_passages", "before", 1),
    "after embedding": ("hashing", "HashingEmbedder.embed_passages", "after", 1),
    "before a transaction": ("sql", "BEGIN IMMEDIATE", "before", 3),
    "in a transaction": (WRITER, "CatalogWriter._insert_passage", "after", 2),
    "before a commit": ("sql", "COMMIT", "before", 3),
    "after a commit": ("sql", "COMMIT", "after", 3),
    "before removing files": (WRITER, "CatalogWriter.remove", "before", 1),
    "before the end": (WRITER, "CatalogWriter.finish", "before", 1),
    "after the end": (WRITER, "CatalogWriter.finish", "after", 1),
    "before a base": (BASE, "build_base", "before", 1),
    "in the building of a Chroma base": (CHROMA, "_run_child", "after", 1),
    "in the writing of a sign base": ("assistant.store.signs", "_save", "after", 2),
    "after a base": (BASE, "build_base", "after", 1),
    "before a base is current": (WRITER, "CatalogWriter.make_current", "before", 1),
    "in the removal of old bases": (BASE, "remove_bases_except", "before", 1),
    "before the catalog is in place": (CATALOG, "_remove", "after", 2),
    "after the catalog is in place": (CATALOG, "_fsync_folder", "before", 1),
    "before the log is folded": ("sql", "PRAGMA wal_checkpoint", "before", 1),
    "after the log is folded": ("sql", "PRAGMA wal_checkpoint", "after", 1),
    "before a damaged index is put aside": (CATALOG, "put_aside", "before", 1),
    "while a damaged index is put aside": ("pathlib", "Path.rename", "after", 1),
    "after a damaged index was put aside": (ENGINE, "EmbeddedEngine.put_aside", "after", 1),
}
KILL_ONLY = {"after the walk", "after a read", "in the middle of parsing"}
"""Where the product itself meets a failing disk further in, and tells it of the file."""
SQLITE_CODES = {errno.EIO: sqlite3.SQLITE_IOERR_WRITE, errno.ENOSPC: sqlite3.SQLITE_FULL}


def arm(point: str, action: str) -> None:
    """Let the action, "kill" or the name of an errno, befall this process at the point."""
    module, attribute, when, nth = POINTS[point]
    if module == "sql":
        _arm_sql(attribute, when, nth, action)
        return
    import sys

    owner: Any = sys.modules["__main__"] if module == "zygote" else import_module(module)
    *path, name = attribute.split(".")
    for part in path:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), iter(range(1, 1 << 30))

    @functools.wraps(original)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        is_due = next(calls) == nth
        if is_due and when == "before":
            _strike(action)
        result = original(*args, **kwargs)
        if is_due and when == "after":
            _strike(action)
        return result

    setattr(owner, name, faulty)
    for loaded in list(sys.modules.values()):  # those that imported it by name
        is_ours = getattr(loaded, "__name__", "").startswith("assistant.")
        if is_ours and getattr(loaded, name, None) is original:
            setattr(loaded, name, faulty)


def _strike(action: str, *, is_sql: bool = False) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    code = getattr(errno, action)
    if not is_sql:
        raise OSError(code, os.strerror(code))
    error = sqlite3.OperationalError(os.strerror(code))
    error.sqlite_errorcode = SQLITE_CODES[code]
    raise error


def _arm_sql(beginning: str, when: str, nth: int, action: str) -> None:
    calls = iter(range(1, 1 << 30))

    class Faulty(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            is_due = sql.startswith(beginning) and next(calls) == nth
            if is_due and when == "before":
                _strike(action, is_sql=True)
            cursor = super().execute(sql, *args)
            if is_due and when == "after":
                _strike(action, is_sql=True)
            return cursor

    original = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: original(*args, **{"factory": Faulty, **kwargs})
