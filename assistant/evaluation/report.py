"""What a run found: a record for each question and a summary with its uncertainty.

Goes out as JSON and comes back from it. Refused: a file that is not such a report.
"""

from dataclasses import dataclass
from typing import Any


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
        is_answerable: whether the documents answer it.
        answers: the accepted strings.
        abstained: whether the assistant said that the documents do not answer.
        said: the statements, each with the numbers of its citations (from 1, into `cited`).
        reason: why it abstained.
        confidence: its probability that the documents answer the question.
        seconds: how long it took.
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
class Report:
    """One run.

    Attributes:
        name: of the suite, the set or the file of questions.
        made: when, in ISO 8601; `seconds` is how long it took.
        command: what repeats it.
        about: settings, fingerprints, versions, commit, corpus digests: text by name, nested.
        summary: the figures by dataset and measure.
        bars: (dataset, measure, bound, kept): what the suite asks for and whether it holds.
        records: one for each question, in the order asked.
    """

    name: str
    made: str
    seconds: float
    command: str
    about: dict[str, Any]
    summary: dict[str, dict[str, Estimate]]
    bars: tuple["Bar", ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound that a figure of the summary must keep: at least, or at most."""

    dataset: str
    measure: str
    bound: float
    is_minimum: bool
    is_kept: bool
