"""The ledger read whole: what became of every file, with its copies and its likes."""

import sqlite3
from pathlib import Path

from assistant.errors import Fault
from assistant.ledger import FileRecord, Status
from assistant.values import DocumentId


def read_records(connection: sqlite3.Connection) -> tuple[FileRecord, ...]:
    """Return every file of the corpus at the last sync, by name."""
    found = connection.execute(
        "SELECT document_id, content_id, status, reason, fault, settled_at, seconds, title, "
        "size, (SELECT count(*) FROM passages AS p WHERE p.content_id = d.content_id) "
        "FROM documents AS d LEFT JOIN contents USING (content_id) ORDER BY document_id"
    ).fetchall()
    files: dict[str, list[DocumentId]] = {}
    for document_id, content_id, *_ in found:
        if content_id:
            files.setdefault(content_id, []).append(DocumentId(document_id))
    near = _read_near(connection)
    return tuple(
        FileRecord(
            document_id=DocumentId(document_id),
            status=Status(status),
            reason=reason,
            title=title or Path(document_id).name,
            n_passages=n_passages,
            size=size,
            fault=Fault(fault) if fault else None,
            settled_at=settled_at,
            seconds=seconds,
            copies=tuple(one for one in files.get(content_id, ()) if one != document_id),
            near=tuple(one for other in near.get(content_id, ()) for one in files[other]),
        )
        for (
            document_id,
            content_id,
            status,
            reason,
            fault,
            settled_at,
            seconds,
            title,
            size,
            n_passages,
        ) in found
    )


def _read_near(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return for each content those that are nearly the same, whichever came first."""
    near: dict[str, list[str]] = {}
    for one, other in connection.execute(
        "SELECT content_id, near_id FROM near_contents ORDER BY content_id, near_id"
    ):
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    return near
