"""What a sync has to do: the files in the folder compared with those that the last sync saw. Pure.

A file whose size and time are as they were is taken for unchanged and costs nothing more. A plan
can also be shown without being carried out (`preview_changes`), for which files are read as far as
telling them apart takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.sniff import ADDED, media_type
from assistant.ingest.split import content_id
from assistant.ingest.walk import FoundFile, SkippedFile, read
from assistant.store.added import is_added
from assistant.store.tables import DocumentRow
from assistant.values import DocumentId, Status

UNSTAMPED = (-1, -1)
"""A size and time that no file has: the next sync reads the file again."""


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A file as the last sync saw it: its stamp (size, time), and its content if it has one."""

    stamp: tuple[int, int]
    content_id: str | None


@dataclass(frozen=True, slots=True)
class Processed:
    """How a file was read: its stamp, a warning about this file alone, and how long it took."""

    stamp: tuple[int, int] = UNSTAMPED
    note: str | None = None
    seconds: float = 0.0

    def indexed_row(
        self, document_id: DocumentId, content_id: str, warning: str | None
    ) -> DocumentRow:
        """Return the ledger row, as of now, of a file that has a content."""
        reason = "; ".join(part for part in (self.note, warning) if part) or None
        status = Status.WARNING if reason else Status.INDEXED
        return DocumentRow(
            document_id, content_id, *self.stamp, status.value, reason, None, *self._times()
        )

    def skipped_row(self, document_id: DocumentId, reason: str, fault: Fault) -> DocumentRow:
        """Return the ledger row, as of now, of a file that was skipped."""
        outcome = (Status.SKIPPED.value, reason, fault.value)
        return DocumentRow(document_id, None, *self.stamp, *outcome, *self._times())

    def _times(self) -> tuple[str, float]:
        return datetime.now(UTC).isoformat(timespec="seconds"), round(self.seconds, 4)


RACY_S = 2.0
"""A file written this short before the sync may be written again within the same time stamp."""
RACY_NS = -1
"""Stands for the time of such a file: the next sync reads it again."""


class Action(StrEnum):
    """What a sync does, or would do, with a file."""

    ADD = "add"
    CHANGE = "change"
    MOVE = "move"
    REMOVE = "remove"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file and what happens to it; `detail` says from where it moved, or why it is skipped."""

    document_id: DocumentId
    action: Action
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file to read, its stamp (size, time), and how the last sync saw it."""

    file: FoundFile
    stamp: tuple[int, int]
    known: LastSeen | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read, small files first; what cannot be; how many files are as they were; and
    which are gone.
    """

    due: tuple[FileToRead, ...]
    refused: tuple[SkippedFile, ...]
    n_unchanged: int
    gone: tuple[DocumentId, ...]


def make_plan(
    found: Iterable[FoundFile | SkippedFile],
    known: Mapping[DocumentId, LastSeen],
    now_ns: int,
    *,
    retry: bool = False,
) -> Plan:
    """Compare the files with those of the last sync by name, size and time.

    Args:
        found: the files of the folder.
        known: the files that the last sync saw.
        now_ns: the time, by which a file's own can be too young to be trusted.
        retry: read files again that were skipped.
    """
    due: list[FileToRead] = []
    refused: list[SkippedFile] = []
    n_unchanged = 0
    names = set()
    for file in found:
        names.add(file.document_id)
        before = known.get(file.document_id)
        if isinstance(file, SkippedFile):
            refused.append(file)
        elif _is_as_it_was(file, before) and not (retry and before and not before.content_id):
            n_unchanged += 1
        else:
            due.append(FileToRead(file, stamp_of(file, now_ns), before))
    due.sort(key=lambda one: one.file.size)  # most can be asked soon
    return Plan(tuple(due), tuple(refused), n_unchanged, tuple(sorted(known.keys() - names)))


def stamp_of(file: FoundFile, now_ns: int) -> tuple[int, int]:
    """Return the size and time by which the file is known again, if its time can be trusted."""
    is_racy = now_ns - file.mtime_ns < RACY_S * 1e9
    return file.size, RACY_NS if is_racy else file.mtime_ns


def _is_as_it_was(file: FoundFile, before: LastSeen | None) -> bool:
    return before is not None and before.stamp == (file.size, file.mtime_ns)


class Moves:
    """Tells files that moved from files that came: whose content a file had that is gone."""

    def __init__(self, gone: Iterable[DocumentId], known: Mapping[DocumentId, LastSeen]) -> None:
        self._left: dict[str, list[DocumentId]] = {}
        for document_id in gone:
            if content := known[document_id].content_id:
                self._left.setdefault(content, []).append(document_id)

    def take(self, content_id: str) -> DocumentId | None:
        """Return a file that is gone and had this content, each only once."""
        left = self._left.get(content_id)
        return left.pop(0) if left else None


def preview_changes(
    plan: Plan, known: Mapping[DocumentId, LastSeen], max_file_bytes: int
) -> tuple[FileChange, ...]:
    """Return the changes by name; a file that would only be looked at is none."""
    moves = Moves(plan.gone, known)
    changes = [_examine(due, moves, max_file_bytes) for due in plan.due]
    moved = {change.detail for change in changes if change and change.action == Action.MOVE}
    changes += [FileChange(one.document_id, Action.SKIP, one.reason) for one in plan.refused]
    changes += [FileChange(name, Action.REMOVE) for name in plan.gone if name not in moved]
    return tuple(sorted(filter(None, changes), key=lambda change: change.document_id))


def _examine(due: FileToRead, moves: Moves, max_file_bytes: int) -> FileChange | None:
    name = due.file.document_id
    try:
        data = read(due.file, max_file_bytes)
        content = content_id(media_type_of(name, data)[0], data)
    except DocumentUnreadable as error:
        return FileChange(name, Action.SKIP, str(error))
    if due.known is None:
        source = moves.take(content)
        return FileChange(name, Action.MOVE, source) if source else FileChange(name, Action.ADD)
    return None if due.known.content_id == content else FileChange(name, Action.CHANGE)


def media_type_of(document_id: DocumentId, data: bytes) -> tuple[str, str | None]:
    """Return the media type of a document's bytes, and a warning if its name says another.

    Raises:
        DocumentUnreadable: no format reads such files.
    """
    return (ADDED, None) if is_added(document_id) else media_type(document_id, data)
