"""One writer at a time: an advisory lock that dies with its process.

In: the index folder. Refuses a second writer with `IndexLocked`, which names the first.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import IndexLocked

LOCK_FILE = "lock"


@contextmanager
def hold_lock(index_dir: Path) -> Iterator[None]:
    """Be the only writer of the index for the length of the block.

    Raises:
        IndexLocked: another process writes it.
    """
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / LOCK_FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise IndexLocked(
                f"the index {str(index_dir)!r} is being written by {_holder(index_dir)}; "
                "wait until it has finished, or end it"
            ) from error
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"pid": os.getpid(), "since": since}))
        file.flush()
        yield  # closing the file gives the lock up


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
