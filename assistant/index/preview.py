"""A sync's plan -> what it would do to each file, without doing it."""

from collections.abc import Mapping

from assistant.errors import DocumentUnreadable
from assistant.index.intake import kind_of
from assistant.index.plan import Action, Change, Due, Moves, Plan
from assistant.index.settled import Known
from assistant.ingest.split import content_id
from assistant.ingest.walk import read
from assistant.values import DocumentId


def preview_changes(
    plan: Plan, known: Mapping[DocumentId, Known], max_file_bytes: int
) -> tuple[Change, ...]:
    """Return the changes by name; a file that would only be looked at is none."""
    moves = Moves(plan.gone, known)
    changes = [_examine(due, moves, max_file_bytes) for due in plan.due]
    moved = {change.detail for change in changes if change and change.action == Action.MOVE}
    changes += [Change(one.document_id, Action.SKIP, one.reason) for one in plan.refused]
    changes += [Change(name, Action.REMOVE) for name in plan.gone if name not in moved]
    return tuple(sorted(filter(None, changes), key=lambda change: change.document_id))


def _examine(due: Due, moves: Moves, max_file_bytes: int) -> Change | None:
    name = due.file.document_id
    try:
        data = read(due.file, max_file_bytes)
        content = content_id(kind_of(name, data)[0], data)
    except DocumentUnreadable as error:
        return Change(name, Action.SKIP, str(error))
    if due.known is None:
        source = moves.take(content)
        return Change(name, Action.MOVE, source) if source else Change(name, Action.ADD)
    return None if due.known.content_id == content else Change(name, Action.CHANGE)
