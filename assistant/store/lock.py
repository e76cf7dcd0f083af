"""One writer at a time: an advisory lock in the index folder, which dies with its process.

`IndexLocked` is raised for a second writer and names the first, `IndexReadOnly` for a folder that
this process may only read, `StoreError` for a disk that fails.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import IndexLocked, IndexReadOnly, StoreError

LOCK_FILE = "lock"


@contextmanager
def hold_lock(index_dir: Path) -> Iterator[None]:
    """Be the only writer of the index for the length of the block.

    Raises:
        IndexLocked: another process writes it.
        IndexReadOnly: the folder may only be read.
        StoreError: the disk fails.
    """
    with ExitStack() as opened:
        try:
            index_dir.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            descriptor = os.open(index_dir / LOCK_FILE, flags, 0o666)
            opened.callback(os.close, descriptor)  # gives the lock up
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IndexLocked(
                f"the index {str(index_dir)!r} is being written by {_holder(index_dir)}; "
                "wait until it has finished, or end it"
            ) from error
        except OSError as error:
            if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
                raise IndexReadOnly(
                    f"the index {str(index_dir)!r} is read-only here: it answers from what it "
                    "holds, and nothing is read anew, added or removed"
                ) from error
            raise StoreError(
                f"the index folder {str(index_dir)!r} cannot be written ({error}): see to the "
                "disk, its free space and the folder's permissions, then try again"
            ) from error
        with suppress(OSError):  # a full disk: the lock holds without a name
            os.truncate(descriptor, 0)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            os.write(descriptor, json.dumps({"pid": os.getpid(), "since": since}).encode())
        yield


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
