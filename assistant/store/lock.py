"""One writer at a time: an advisory lock in the index folder, which dies with its process.

`IndexLocked` is raised for a second writer and names the first; `StoreError` for a folder that
cannot be written.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import IndexLocked, StoreError

LOCK_FILE = "lock"


@contextmanager
def hold_lock(index_dir: Path) -> Iterator[None]:
    """Be the only writer of the index for the length of the block.

    Raises:
        IndexLocked: another process writes it.
        StoreError: the folder cannot be written.
    """
    descriptor = _open(index_dir)
    try:
        _lock(descriptor, index_dir)
        with suppress(OSError):  # a full disk: the lock holds without a name
            os.truncate(descriptor, 0)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            os.write(descriptor, json.dumps({"pid": os.getpid(), "since": since}).encode())
        yield
    finally:
        os.close(descriptor)  # gives the lock up


def _open(index_dir: Path) -> int:
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        return os.open(index_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise _unusable(index_dir, error) from error


def _lock(descriptor: int, index_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise IndexLocked(
            f"the index {str(index_dir)!r} is being written by {_holder(index_dir)}; "
            "wait until it has finished, or end it"
        ) from error
    except OSError as error:
        raise _unusable(index_dir, error) from error


def _unusable(index_dir: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the index folder {str(index_dir)!r} cannot be written ({error}): see to the disk, its "
        "free space and the folder's permissions, then try again"
    )


def find_holder(index_dir: Path) -> str | None:
    """Return who is writing the index now; None when nobody is."""
    try:
        with (index_dir / LOCK_FILE).open(encoding="utf-8") as file:
            # Shared, so that two who look do not take each other for writers.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(index_dir)
    except OSError:
        return None
    return None


def _holder(index_dir: Path) -> str:
    try:
        data = json.loads((index_dir / LOCK_FILE).read_text(encoding="utf-8"))
        return f"process {int(data['pid'])} since {data['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
