"""A damaged index -> put aside, and built anew from the corpus, from which all of it can be made.

In: what a sync takes, and what was found to be damaged. Out: the sync's report, which tells of it.
Once: damage that comes again is raised. Refuses a corpus that is missing before it touches the
index; a disk that fails is no damage and leads to nothing here.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from assistant.errors import IndexDamaged
from assistant.index.catalog import explain_errors, find_inode, put_aside
from assistant.index.embed import Embedder
from assistant.index.lock import hold_lock
from assistant.index.sync import Progress, SyncReport, list_files, sync
from assistant.index.writer import remove_bases
from assistant.settings import Settings

logger = logging.getLogger(__name__)


def sync_or_recover(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool = False,
    retry: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> SyncReport:
    """Bring the index in step with the corpus, see `sync`; build it anew when it is damaged.

    Raises:
        CorpusError, IndexLocked, IndexMismatch, StoreError: see `sync`.
    """
    inode = find_inode(settings.index_dir)
    try:
        return sync(settings, embedder, rebuild=rebuild, retry=retry, on_progress=on_progress)
    except IndexDamaged as error:
        return recover(settings, embedder, error, inode, on_progress=on_progress)


def recover(
    settings: Settings,
    embedder: Embedder,
    error: IndexDamaged,
    inode: int | None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> SyncReport:
    """Put the catalog that has this inode aside and build another in its place.

    When another process has done so already there is nothing but a sync to do.

    Raises:
        CorpusError, IndexLocked, StoreError: see `sync`.
    """
    for _ in list_files(settings):
        break  # there is something to build it from
    with explain_errors(settings.index_dir), hold_lock(settings.index_dir):
        is_there = find_inode(settings.index_dir) == inode
        told = _put_aside(settings, error) if is_there else None
    return replace(sync(settings, embedder, on_progress=on_progress), recovered=told)


def _put_aside(settings: Settings, error: IndexDamaged) -> str:
    aside = put_aside(settings.index_dir)
    remove_bases(settings.index_dir)
    told = f"the index was damaged ({error}); it was put aside as {str(aside)!r} and built anew"
    logger.warning("%s", told)
    return told
