"""Watching a folder for changes to its files. No other module imports watchfiles.

The system tells of most changes at once; what it does not tell (network folders, more files than it
watches) is found by looking again each minute, which costs one stat a file. `CorpusError` is raised
for a folder that cannot be watched.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from assistant.errors import CorpusError

SETTLE_MS = 500
"""How long a folder must be quiet: an editor or a copy writes a file in several steps."""
SWEEP_S = 60.0


def watch(corpus_dir: Path, excluded: Path, stop: threading.Event) -> Iterator[bool]:
    """Yield True when files have changed, False after a minute without news, until `stop` is set.

    Args:
        corpus_dir: the folder, with those in it.
        excluded: a folder in it whose changes do not count: that of the index.
        stop: ends the watch.

    Raises:
        CorpusError: the folder cannot be watched.
    """
    import watchfiles

    own = os.path.join(os.path.realpath(excluded), "")

    def counts(_: watchfiles.Change, path: str) -> bool:
        return not os.path.join(os.path.realpath(path), "").startswith(own)

    if not corpus_dir.is_dir():  # watchfiles would wait for it
        raise CorpusError(f"the corpus {str(corpus_dir)!r} cannot be watched: it is no folder")
    try:
        for changes in watchfiles.watch(
            corpus_dir,
            watch_filter=counts,
            debounce=10 * SETTLE_MS,
            step=SETTLE_MS,
            stop_event=stop,
            rust_timeout=int(SWEEP_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=True,
            ignore_permission_denied=True,
        ):
            yield bool(changes)
    except (OSError, RuntimeError) as error:
        raise CorpusError(
            f"the corpus {str(corpus_dir)!r} cannot be watched ({error}): see that it exists, and "
            "that the system lets so many folders be watched (Linux: fs.inotify.max_user_watches)"
        ) from error
