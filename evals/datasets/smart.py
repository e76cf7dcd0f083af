"""Files in the form of the SMART system -> records of marked sections (Salton 1971).

In: a path; a line `.I 7` begins record 7, and a line `.T` or of another capital a section of it.
Out: records in file order. Refused: a number that is none or is given twice, a section before
the first record, text before the first section.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from evals.datasets.read import read_text_lines

_NUMBER = re.compile(r"\.I\s+(.*\S)\s*")
_MARK = re.compile(r"\.([A-Z])\s*")


@dataclass(frozen=True, slots=True)
class Record:
    """One document or query: its number, and its sections' marks and texts in file order."""

    number: int
    sections: tuple[tuple[str, str], ...]

    def text_of(self, mark: str) -> str:
        """Return the text of all sections of a mark."""
        return "\n".join(text for one, text in self.sections if one == mark).strip()

    def text_from(self, mark: str) -> str:
        """Return the text of the first section of a mark and of all that follow it."""
        marks = [one for one, _ in self.sections]
        first = marks.index(mark) if mark in marks else len(marks)
        return "\n".join(text for _, text in self.sections[first:]).strip()


def read_records(path: Path) -> tuple[Record, ...]:
    """Return the file's records; a line loses the blanks that fill it up."""
    records: dict[int, list[tuple[str, list[str]]]] = {}
    sections: list[tuple[str, list[str]]] | None = None
    for where, line in read_text_lines(path):
        if number := _NUMBER.fullmatch(line):
            sections = records[_new_number(number[1], records, where)] = []
        elif (mark := _MARK.fullmatch(line)) and sections is not None:
            sections.append((mark[1], []))
        elif sections:
            sections[-1][1].append(line.rstrip())
        elif line.strip():
            raise ValueError(f"{where}: {line.strip()!r} is in no section of a record")
    return tuple(
        Record(number, tuple((mark, "\n".join(lines)) for mark, lines in parts))
        for number, parts in records.items()
    )


def _new_number(text: str, records: dict[int, list[tuple[str, list[str]]]], where: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{where}: {text!r} is no number of a record")
    if int(text) in records:
        raise ValueError(f"{where}: record {int(text)} was there before")
    return int(text)
