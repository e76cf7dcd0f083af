"""The rows of the catalog, each with a digest of its fields: SQLite keeps none of its pages.

In: a connection, a table of `FIELDS`, the fields of a row to write. Out: rows that are what was
written. Refuses any other with `IndexDamaged`, so that what a disk has altered is never shown.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zlib import crc32

from assistant.errors import IndexDamaged
from assistant.index.schema import FIELDS


def digest_row(*fields: object) -> int:
    """Return the CRC-32 of a row's fields and their kinds.

    It tells any change within 32 bits for certain, and of others all but one in four billion; a
    cryptographic digest takes some three times as long and tells no more of an accident.
    """
    digest = 0
    for field in fields:
        if isinstance(field, str):
            digest = crc32(field.encode("utf-8", "surrogatepass"), crc32(b"text", digest))
        elif isinstance(field, bytes):
            digest = crc32(field, crc32(b"blob", digest))
        else:
            digest = crc32(str(field).encode(), crc32(b"number", digest))
    return digest


def check_rows(table: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows that end in their digest, without it.

    Raises:
        IndexDamaged: a digest is not that of its row.
    """
    for row in rows:
        fields = row[:-1]
        if digest_row(*fields) != row[-1]:
            raise IndexDamaged(
                f"a row of the table {table} is not what was written ({fields[0]!r}): the disk or "
                "another program has altered it"
            )
        yield fields


def read_rows(
    connection: sqlite3.Connection, table: str, condition: str = "", *values: object
) -> list[tuple[Any, ...]]:
    """Return the rows of a table that meet a condition, such as `WHERE row > ?`, all fields each.

    Raises:
        IndexDamaged: one is not what was written.
    """
    sql = f"SELECT {', '.join(FIELDS[table])}, digest FROM {table} {condition}"
    return list(check_rows(table, connection.execute(sql, values)))


def rows_in(
    connection: sqlite3.Connection, table: str, field: str, keys: Sequence[object]
) -> list[tuple[Any, ...]]:
    """Return the rows whose field is one of the keys, with the keys as one JSON value: no limit.

    Raises:
        IndexDamaged: one is not what was written.
    """
    condition = f"WHERE {field} IN (SELECT value FROM json_each(?))"
    return read_rows(connection, table, condition, json.dumps(list(keys)))


def write_row(connection: sqlite3.Connection, table: str, *fields: object) -> None:
    """Write a row with its digest, in place of the one with its key."""
    places = ", ".join("?" * (len(fields) + 1))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(FIELDS[table])}, digest) VALUES ({places})",
        (*fields, digest_row(*fields)),
    )


def read_manifest(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the facts of an index, also of one that was made before rows had digests.

    Raises:
        IndexDamaged: one of them is not what was written.
    """
    cursor = connection.execute("SELECT * FROM manifest")
    is_digested = len(cursor.description) > len(FIELDS["manifest"])
    return dict(check_rows("manifest", cursor) if is_digested else cursor)
