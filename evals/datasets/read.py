"""Files of JSON or of columns -> rows whose fields are there and of the right type.

In: a path and the type of a row. Out: rows, each with its place. Refused: malformed JSON, text
that is not UTF-8, an absent field, a wrong type; always as a ValueError that starts with the
place: `file:line`, or for a file that is one JSON value the file and the way to the field.
"""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")
DataT = TypeVar("DataT")
RowT = TypeVar("RowT", bound="Row")


class Row(BaseModel):
    """The fields that a loader reads; the sets carry many more, which are passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def read_lines(path: Path, row_type: type[RowT]) -> Iterator[tuple[str, RowT]]:
    """Yield the row of each line that is not blank, after its place; of ".gz", unpacked."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:  # bytes: only a line feed ends a row
        for number, line in enumerate(file, start=1):
            if line.strip():
                where = f"{path}:{number}"
                yield where, _parse(line, row_type.model_validate_json, where)


def read_columns(path: Path, row_type: type[RowT]) -> Iterator[tuple[str, RowT]]:
    """Yield the row of each line that is not blank; its columns are the fields in their order."""
    names = tuple(row_type.model_fields)
    for where, line in read_text_lines(path):
        columns = line.split()
        if columns and len(columns) != len(names):
            raise ValueError(f"{where}: {len(columns)} columns, expected {' '.join(names)}")
        if columns:
            given = dict(zip(names, columns, strict=True))
            yield where, _parse(given, row_type.model_validate_strings, where)


def read_text_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line, without its end, after its place."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}:{number}"
            try:
                yield where, line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise ValueError(f"{where}: not UTF-8 text") from error


def read_json(path: Path, form: TypeAdapter[T]) -> T:
    """Return the one value that the file is."""
    return _parse(path.read_bytes(), form.validate_json, str(path))


def _parse(data: DataT, validate: Callable[[DataT], T], where: str) -> T:
    try:
        return validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        way = ".".join(map(str, first["loc"]))
        raise ValueError(": ".join(filter(None, (where, way, first["msg"])))) from error
