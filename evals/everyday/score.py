"""What an answer must hold to be right, and the shares of right answers by kind.

Right is an answer that holds every string of `must` and none of `must_not`, both without regard to
case and to where lines are broken; of what the documents do not say, a refusal is right. Marks such
as [13] are no part of what is said.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from assistant.evaluation.statistics import interval_of_share

QUESTIONS = Path(__file__).with_name("questions.jsonl")
FRESH_QUESTIONS = Path(__file__).with_name("fresh.jsonl")
SHEETS_QUESTIONS = Path(__file__).with_name("sheets.jsonl")
ACROSS_QUESTIONS = Path(__file__).with_name("across.jsonl")
UNSEEN_QUESTIONS = Path(__file__).with_name("unseen.jsonl")
DIALOGUES = Path(__file__).with_name("dialogues.jsonl")
FOLLOW_UP = "follow-up"
_MARK = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a folder, and what its answer must and must not hold."""

    case: str
    kind: str
    question: str
    is_answerable: bool
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    is_computed: bool = False
    """What it must hold stands nowhere: it is counted or added up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was shown to a question, and whether that is right."""

    asked: Asked
    text: str
    is_refusal: bool
    is_right: bool
    sure: str | None = None
    """How sure of it the answer is said to be."""


class Share(NamedTuple):
    """How many of n were right, with the 95% interval of that share."""

    n_right: int
    n: int
    low: float
    high: float


def folded(text: str) -> str:
    """Return a text as it is compared: without marks, in lower case, with single blanks."""
    return " ".join(_MARK.sub(" ", text).casefold().split())


def is_right(asked: Asked, text: str, *, is_refusal: bool) -> bool:
    """Say whether what was shown is right."""
    if is_refusal or not asked.is_answerable:
        return is_refusal and not asked.is_answerable
    shown = folded(text)
    holds_all = all(folded(wanted) in shown for wanted in asked.must)
    return holds_all and not any(folded(wrong) in shown for wrong in asked.must_not)


def read_questions(path: Path) -> list[Asked]:
    """Return the questions of a file, one a line."""
    return [_asked(row, row["case"], row["kind"]) for row in _rows(path)]


def read_dialogues(path: Path) -> list[tuple[Asked, ...]]:
    """Return the turns of the dialogues of a file, one a line; all count as follow-ups."""
    return [
        tuple(_asked(turn, row["case"], FOLLOW_UP) for turn in row["turns"]) for row in _rows(path)
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _asked(row: dict[str, Any], case: str, kind: str) -> Asked:
    return Asked(
        case=case,
        kind=kind,
        question=row["question"],
        is_answerable=row["answerable"],
        must=tuple(row["must"]),
        must_not=tuple(row["must_not"]),
        is_computed=row.get("computed", False),
    )


def share(outcomes: Sequence[Outcome]) -> Share:
    """Return the share that is right; of none, the interval is all there is."""
    n_right, n = sum(outcome.is_right for outcome in outcomes), len(outcomes)
    low, high = interval_of_share(n_right / n, n) if n else (0.0, 1.0)
    return Share(n_right, n, low, high)


def shares(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    """Return the share of each kind in alphabetical order, and last of all but follow-ups."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[outcome.asked.kind].append(outcome)
    every = {kind: share(by_kind[kind]) for kind in sorted(by_kind)}
    single = [outcome for outcome in outcomes if outcome.asked.kind != FOLLOW_UP]
    answerable = [outcome for outcome in single if outcome.asked.is_answerable]
    rest = [outcome for outcome in single if not outcome.asked.is_answerable]
    return every | {
        "answerable": share(answerable),
        "unanswerable": share(rest),
        "all questions": share(single),
    }


def words_shown(outcomes: Sequence[Outcome]) -> tuple[int, int] | None:
    """Return the median and the 90th percentile of the words of answers; refusals are none."""
    sizes = sorted(len(outcome.text.split()) for outcome in outcomes if not outcome.is_refusal)
    return (sizes[len(sizes) // 2], sizes[int(len(sizes) * 0.9)]) if sizes else None
