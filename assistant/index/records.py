"""The ledger read whole: what became of every file, with its copies and its likes.

In: the rows of the ledger. Refuses with `IndexDamaged` one whose content is lost.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.errors import Fault, IndexDamaged
from assistant.index.rows import read_rows
from assistant.ledger import FileRecord, Status
from assistant.values import DocumentId


def read_records(
    connection: sqlite3.Connection, ledger: Iterable[tuple[Any, ...]]
) -> tuple[FileRecord, ...]:
    """Return every file of the ledger, in its order."""
    rows = list(ledger)
    contents = {row[0]: row for row in read_rows(connection, "contents")}
    files: dict[str, list[DocumentId]] = {}
    for document_id, content_id, *_ in rows:
        if content_id is not None:
            if content_id not in contents:
                raise IndexDamaged(f"the index lacks the content of {document_id!r}")
            files.setdefault(content_id, []).append(DocumentId(document_id))
    near = _read_near(connection)
    return tuple(_make(row, contents.get(row[1]), files, near.get(row[1], [])) for row in rows)


def _make(
    row: tuple[Any, ...],
    content: tuple[Any, ...] | None,
    files: dict[str, list[DocumentId]],
    near: list[str],
) -> FileRecord:
    document_id, content_id, size, _, status, reason, fault, settled_at, seconds = row
    return FileRecord(
        document_id=DocumentId(document_id),
        status=Status(status),
        reason=reason,
        title=(content[3] if content else None) or Path(document_id).name,
        n_passages=content[7] if content else 0,
        size=size,
        fault=Fault(fault) if fault else None,
        settled_at=settled_at,
        seconds=seconds,
        copies=tuple(one for one in files.get(content_id, ()) if one != document_id),
        near=tuple(one for other in near for one in files.get(other, ())),
    )


def _read_near(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return for each content those that are nearly the same, whichever came first."""
    near: dict[str, list[str]] = {}
    for one, other in read_rows(connection, "near_contents", "ORDER BY content_id, near_id"):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    return near
