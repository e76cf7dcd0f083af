"""Compares two reports question by question: what got better, what got worse.

Only questions that are the same in both are compared, in pairs (Smucker et al. 2007: a paired
randomisation test). A difference counts when its p-value, corrected for the number of headline
figures that are tested (Holm 1979), is below `ALPHA`. A promise (`PROMISES`) may never fall.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evaluation.measures import MEASURES
from assistant.evaluation.report import Record, Report
from assistant.evaluation.statistics import permutation_test

ALPHA = 0.05
HEADLINES = (
    "trusted",
    "contains_answer",
    "evidence_f1",
    "document_recall",
    "refusal_recall",
    "over_refusal",
    "recall@5",
    "ndcg@10",
)
"""The figures that a regression is judged by: each tells of another way to fail."""
PROMISES = ("pointer_validity", "verbatim", "citation_coverage")
"""The figures that must never fall, by however little."""


Found = list[tuple[str, float, float]]
"""query_id, value before, value after."""


@dataclass(frozen=True, slots=True)
class Change:
    """How the mean of one figure changed over the n questions that have it in both reports.

    Attributes:
        p_value: of no difference, corrected for all that was tested.
        better, worse: the questions that changed, by query_id, the most changed first.
        is_regression, is_improvement: whether the change counts, and which way.
    """

    dataset: str
    measure: str
    before: float
    after: float
    n: int
    p_value: float
    better: tuple[str, ...]
    worse: tuple[str, ...]
    is_regression: bool
    is_improvement: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, and how many questions of either report have no equal in the other."""

    changes: tuple[Change, ...]
    n_unpaired: int

    @property
    def is_regression(self) -> bool:
        """Whether anything got worse that counts."""
        return any(change.is_regression for change in self.changes)


def compare(before: Report, after: Report) -> Comparison:
    """Compare two reports over the questions that both have asked."""
    old = {_identity(record): record for record in before.records}
    new = {_identity(record): record for record in after.records}
    pairs = [(old[key], new[key]) for key in new if key in old]
    tested = [
        (dataset, measure, found)
        for dataset in dict.fromkeys(record.dataset for _, record in pairs)
        for measure in (*HEADLINES, *PROMISES)
        if (found := _values(pairs, dataset, measure))
    ]
    raw = [
        permutation_test([b for _, b, _ in found], [a for _, _, a in found])
        for _, _, found in tested
    ]
    corrected = holm(raw)
    return Comparison(
        changes=tuple(
            _change(dataset, measure, found, p)
            for (dataset, measure, found), p in zip(tested, corrected, strict=True)
        ),
        n_unpaired=len(old) + len(new) - 2 * len(pairs),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected by Holm's step-down procedure, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _identity(record: Record) -> tuple[object, ...]:
    """Return what must be equal for two records to be of the same question."""
    known = (record.is_answerable, record.answers)
    gold = tuple((one.document_id, one.text) for one in record.gold)
    return (record.dataset, record.query_id, record.question, *known, gold)


def _values(pairs: Sequence[tuple[Record, Record]], dataset: str, measure: str) -> Found:
    return [
        (new.query_id, before, after)
        for old, new in pairs
        if new.dataset == dataset
        and (before := old.values.get(measure)) is not None
        and (after := new.values.get(measure)) is not None
    ]


def _change(dataset: str, measure: str, found: Found, p_value: float) -> Change:
    sign = -1 if measure in _LOWER_IS_BETTER else 1
    gains = sorted((sign * (after - before), query_id) for query_id, before, after in found)
    n = len(found)
    before, after = sum(b for _, b, _ in found) / n, sum(a for _, _, a in found) / n
    counts = p_value < ALPHA or (measure in PROMISES and after != before)
    gain = sign * (after - before)
    return Change(
        dataset=dataset,
        measure=measure,
        before=before,
        after=after,
        n=n,
        p_value=p_value,
        better=tuple(name for by, name in reversed(gains) if by > 0),
        worse=tuple(name for by, name in gains if by < 0),
        is_regression=counts and gain < 0,
        is_improvement=counts and gain > 0,
    )


_LOWER_IS_BETTER = {measure.name for measure in MEASURES if not measure.is_higher_better}
