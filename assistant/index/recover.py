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
from assistant.index.lock import hold_lock
from assistant.index.sync import SyncReport, list_files
from assistant.index.writer import remove_bases
from assistant.settings import Settings

logger = logging.getLogger(__name__)


def recover(
    settings: Settings, error: IndexDamaged, inode: int | None, sync: Callable[[], SyncReport]
) -> SyncReport:
    """Put the catalog that has this inode aside and build another in its place.

    When another process has done so already there is nothing but a sync to do.

    Args:
        settings: names the corpus and the index.
        error: what was found.
        inode: of the catalog in which it was found.
        sync: brings the index in step.

    Raises:
        CorpusError, IndexLocked, StoreError: see `assistant.index.sync.sync`.
    """
    list_files(settings)  # there is something to build it from
    with explain_errors(settings.index_dir), hold_lock(settings.index_dir):
        is_there = find_inode(settings.index_dir) == inode
        told = _put_aside(settings, error) if is_there else None
    return replace(sync(), recovered=told)


def _put_aside(settings: Settings, error: IndexDamaged) -> str:
    aside = put_aside(settings.index_dir)
    remove_bases(settings.index_dir)
    told = f"the index was damaged ({error}); it was put aside as {str(aside)!r} and built anew"
    logger.warning("%s", told)
    return told
