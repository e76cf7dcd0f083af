"""What a run found: a record for each question, and a summary with its uncertainty.

A report is written as JSON and read back; a file that is no report raises `EvaluationError`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.errors import EvaluationError


@dataclass(frozen=True, slots=True)
class Source:
    """A quote that was cited, that is gold, or a passage that was read."""

    document_id: str
    title: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """One question of a run, as kept and shown.

    Attributes:
        dataset, query_id: which question; unique within a run.
        question, query: what was asked, and what was searched for.
        kind: the set's label of the question; "" without one.
        answers: the accepted strings.
        said: the statements, each with the numbers of its citations (from 1, into `cited`).
        reason: why it abstained.
        confidence: its probability that the documents answer the question.
        cited, gold, read: what it cited; what it should have cited (of every alternative set);
            what else it read.
        values: each measure by name; None where it says nothing of this question.
    """

    dataset: str
    query_id: str
    question: str
    query: str
    kind: str
    is_answerable: bool
    answers: tuple[str, ...]
    abstained: bool
    said: tuple[tuple[str, tuple[int, ...]], ...]
    reason: str | None
    confidence: float
    seconds: float
    cited: tuple[Source, ...]
    gold: tuple[Source, ...]
    read: tuple[Source, ...]
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or another figure of n questions with its 95% interval; `excluded` had no value."""

    value: float
    low: float
    high: float
    n: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound that a figure of the summary must keep: at least, or at most."""

    dataset: str
    measure: str
    bound: float
    is_minimum: bool
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a suite, a set or a file of questions.

    Attributes:
        made: when, in ISO 8601; `seconds` is how long it took.
        command: what repeats it.
        about: settings, fingerprints, versions, commit, corpus digests: text by name, nested.
        summary: the figures by dataset and measure.
        records: one for each question, in the order asked.
    """

    name: str
    made: str
    seconds: float
    command: str
    about: dict[str, Any]
    summary: dict[str, dict[str, Estimate]]
    bars: tuple[Bar, ...]
    records: tuple[Record, ...]

    def figure(self, measure: str, dataset: str | None = None) -> Estimate:
        """Return a figure of the summary; the dataset may be left out when there is but one.

        Raises:
            KeyError: there is none of that name: no question says anything of it.
        """
        if dataset is None:
            (dataset,) = self.summary
        return self.summary[dataset][measure]

    @property
    def is_kept(self) -> bool:
        """Whether every bar is kept."""
        return all(bar.is_kept for bar in self.bars)


_REPORT = TypeAdapter(Report)


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON, in place of what is there."""
    write_whole(path, _REPORT.dump_json(report, indent=1) + b"\n")


def read_report(path: Path) -> Report:
    """Return the report of a file.

    Raises:
        EvaluationError: the file cannot be read or holds no report.
    """
    try:
        return _REPORT.validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(f"the report {str(path)!r} cannot be read: {error}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise EvaluationError(
            f"{str(path)!r} is not a report of assistant eval: {place}: {fault['msg']}"
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    aside.write_bytes(data)
    os.replace(aside, path)
