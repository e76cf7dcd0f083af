"""Statements that only a person can judge -> a file to fill in, and what was filled in.

In: statements. Out: JSONL, one line a statement and what it cites, whoever stated it. Whatever was
filled in is kept when the file is written anew, also of statements that are no longer made.
Refused: a line that is no reading, with its number.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import QuestionError
from evals.generated.stated import Source, Stated

FIELDS = ("supported", "wrong_sentence")


class Reading(BaseModel):
    """What a person found of a statement beside what it cites; None of what was not read.

    Attributes:
        supported: whether what is cited says all that the statement says. Neighbours and the title
            tell only who or what is meant.
        wrong_sentence: whether one of the cited says nothing of what the statement says.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str
    supported: bool | None = None
    wrong_sentence: bool | None = None

    @property
    def is_filled(self) -> bool:
        """Whether anything was filled in."""
        return any(getattr(self, name) is not None for name in FIELDS)


class Readings:
    """The readings of some files; the last one of a statement counts."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._found: dict[str, tuple[Reading, dict[str, Any]]] = {}
        for path in paths:
            for number, line in enumerate(_lines(path), start=1):
                try:
                    reading = Reading.model_validate_json(line)
                except ValidationError as error:
                    told = error.errors(include_url=False)[0]
                    raise QuestionError(f"{path}:{number}: {told['loc']}: {told['msg']}") from error
                if reading.is_filled:
                    self._found[reading.key] = reading, json.loads(line)

    def find(self, stated: Stated) -> Reading | None:
        """Return what was found of a statement."""
        found = self._found.get(key_of(stated))
        return found[0] if found else None

    def write(self, path: Path, stated: Sequence[Stated]) -> int:
        """Write the statements that need a reading; return how many are still to be read."""
        rows: dict[str, dict[str, Any]] = {}
        for one in filter(needs_reading, stated):
            row = rows.setdefault(key_of(one), _row(one))
            row["who"] = sorted({*row["who"], one.who})
            if reading := self.find(one):
                row |= {name: getattr(reading, name) for name in FIELDS}
        kept = {key: row for key, (_, row) in self._found.items() if key not in rows}
        n_left = sum(all(row[name] is None for name in FIELDS) for row in rows.values())
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.with_suffix(".new")
        lines = (json.dumps(row, ensure_ascii=False) for row in (*rows.values(), *kept.values()))
        before.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        before.replace(path)
        return n_left


def needs_reading(stated: Stated) -> bool:
    """Return whether a person must judge: what cites nothing, or is its one quote, is clear."""
    return bool(stated.cited) and not (stated.is_verbatim and len(stated.cited) == 1)


def is_supported(stated: Stated, readings: Readings) -> bool | None:
    """Return whether what a statement cites supports it; None when nobody can tell yet.

    Without a citation it is not supported; one of its quotes, word for word, is; else a reading
    counts before gold, whose overlap proves no wording.
    """
    if not stated.cited:
        return False
    if stated.is_verbatim:
        return True
    reading = readings.find(stated)
    if reading and reading.supported is not None:
        return reading.supported
    return True if stated.is_gold else None


def is_wrong(stated: Stated, readings: Readings) -> bool | None:
    """Return whether it cites a sentence that does not bear on it; None when nobody can tell."""
    if stated.n_invalid:
        return True
    if not stated.cited:
        return None
    if not needs_reading(stated):
        return False
    reading = readings.find(stated)
    return reading.wrong_sentence if reading else None


def key_of(stated: Stated) -> str:
    """Return the name of a statement and what it cites, the same whoever states it."""
    parts = (stated.query_id, stated.question, stated.text, *(one.quote for one in stated.cited))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _row(stated: Stated) -> dict[str, Any]:
    return {
        "key": key_of(stated),
        "who": [stated.who],
        "query_id": stated.query_id,
        "question": stated.question,
        "statement": stated.text,
        "cited": [_told(one) for one in stated.cited],
        "supported": None,
        "wrong_sentence": None,
    }


def _told(source: Source) -> dict[str, str]:
    told = {"title": source.title, "before": source.before, "quote": source.quote}
    return {**told, "after": source.after}


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
