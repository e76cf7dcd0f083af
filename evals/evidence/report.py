"""Held-out judgements -> a table of figures, each with its n and 95% interval.

Intervals are percentiles of 1,000 seeded bootstrap samples of the questions. A figure without
questions is left out, never 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from assistant import Settings
from assistant.answer.compose import select
from assistant.evidence.calibration import calibration_error, reliability
from evals.evidence.collect import Judged
from evals.evidence.fit import ACROSS_SETS, QUESTION_SETS, HeldOut, is_clear

N_RESAMPLES = 1000
OVER_REFUSAL = 0.1

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, the number of questions it rests on, and its 95% interval."""

    name: str
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Return it as a line of a table."""
        interval = f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.name:<58} {self.value:.3f}  ({interval}, n {self.n:,})"


def bootstrap(name: str, rows: Values, measure: Callable[[Values], float]) -> Figure | None:
    """Return the measure of the rows (n, ...) with its interval; None without a row.

    Samples of which the measure cannot be taken (nan) are left out.
    """
    if not len(rows):
        return None
    value = measure(rows)
    if np.isnan(value):
        return None
    random = np.random.default_rng(0)
    n = len(rows)
    drawn = [measure(rows[random.integers(0, n, n)]) for _ in range(N_RESAMPLES)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Figure(name, value, float(low), float(high), n)


def mean(rows: Values) -> float:
    """Return the mean of the first column."""
    return float(rows[:, 0].mean())


def auc(rows: Values) -> float:
    """Return the area under the ROC curve of (score, is positive) rows; nan for one kind only."""
    if len(np.unique(rows[:, 1])) < 2:
        return float("nan")
    return float(roc_auc_score(rows[:, 1], rows[:, 0]))


def refused_at(rows: Values) -> float:
    """Return the share of unanswerable refused by a bar that refuses a tenth of the answerable."""
    answerable = rows[:, 1] == 1
    if answerable.all() or not answerable.any():
        return float("nan")
    return float((rows[~answerable, 0] < np.quantile(rows[answerable, 0], OVER_REFUSAL)).mean())


def precision(rows: Values) -> float:
    """Return the share of the refused that are unanswerable, of (refused, unanswerable) rows."""
    refused = rows[:, 0] == 1
    return float(rows[refused, 1].mean()) if refused.any() else float("nan")


def recall(rows: Values) -> float:
    """Return the share of the unanswerable that are refused, of (refused, unanswerable) rows."""
    wanted = rows[:, 1] == 1
    return float(rows[wanted, 0].mean()) if wanted.any() else float("nan")


def report(held: Sequence[HeldOut], settings: Settings) -> list[Figure]:
    """Return every figure of the sets that are there."""
    figures: list[Figure | None] = []
    for name in dict.fromkeys(one.judged.source for one in held):
        of_set = [one for one in held if one.judged.source == name and is_clear(one.judged)]
        figures += _finding(name, of_set)
        figures += _refusing(name, of_set)
    figures += _refusing_strangers(held)
    figures += _choosing([one for one in held if one.judged.source == "clapnq"], settings)
    return [figure for figure in figures if figure is not None]


def calibration_lines(held: Iterable[HeldOut]) -> list[str]:
    """Return the calibration error of each set of questions and the diagram of all of them."""
    sets = (*QUESTION_SETS, *ACROSS_SETS)
    clear = [one for one in held if is_clear(one.judged) and one.judged.source in sets]
    lines = []
    for name in ("all", *dict.fromkeys(one.judged.source for one in clear)):
        of_set = [one for one in clear if name in ("all", one.judged.source)]
        p = [one.probability for one in of_set]
        y = [one.judged.question.is_answerable for one in of_set]
        lines.append(f"ECE {name:<12} {calibration_error(p, y):.3f}  (n {len(p):,})")
        if name == "all":
            for one in reliability(p, y):
                bar = "#" * round(40 * one.share)
                lines.append(f"  said {one.mean:.2f}  was {one.share:.2f} {bar:<40} n {one.n:,}")
    return lines


def _finding(name: str, held: Sequence[HeldOut]) -> list[Figure | None]:
    told = [
        one
        for one in held
        if one.judged.question.is_answerable
        and (one.judged.question.answers or one.judged.question.evidence)
    ]
    by_score = [_first(one.judged, one.judgement.scores) for one in told]
    by_cosine = [_first(one.judged, one.judged.evidence.cosines) for one in told]
    return [
        bootstrap(f"{name}: top sentence answers", _column(r == 0 for r in by_score), mean),
        bootstrap(f"{name}: one of the top 3 answers", _column(r < 3 for r in by_score), mean),
        bootstrap(
            f"{name}: top sentence answers, by cosine", _column(r == 0 for r in by_cosine), mean
        ),
    ]


def _refusing(name: str, held: Sequence[HeldOut]) -> list[Figure | None]:
    rows = np.array([(one.probability, one.judged.question.is_answerable) for one in held])
    refused = [one.probability < one.bar for one in held]
    pairs = np.array(
        [
            (is_refused, not one.judged.question.is_answerable)
            for is_refused, one in zip(refused, held, strict=True)
        ],
        dtype=np.float64,
    )
    answerable = pairs[pairs[:, 1] == 0]
    both = len(answerable) not in (0, len(pairs))
    return [
        bootstrap(f"{name}: AUC answerable or not", rows, auc) if both else None,
        bootstrap(f"{name}: refused at 10% over-refusal", rows, refused_at) if both else None,
        bootstrap(f"{name}: refusal precision at the bar", pairs, precision) if both else None,
        bootstrap(f"{name}: refusal recall at the bar", pairs[pairs[:, 1] == 1], mean),
        bootstrap(f"{name}: answerable refused at the bar", answerable, mean),
    ]


def _refusing_strangers(held: Sequence[HeldOut]) -> list[Figure | None]:
    """Return the share of off-topic questions under the bar of their corpus's own questions."""
    own = [
        one.probability
        for one in held
        if one.judged.source == "squad2" and one.judged.question.is_answerable
    ]
    strangers = [one.probability for one in held if one.judged.source == "off-topic"]
    if not own or not strangers:
        return []
    refused = _column(float(p < np.quantile(own, OVER_REFUSAL)) for p in strangers)
    return [bootstrap("off-topic: refused at 10% over-refusal of squad2", refused, mean)]


def _choosing(held: Sequence[HeldOut], settings: Settings) -> list[Figure | None]:
    told = [one for one in held if one.judged.holds.any()]
    chosen = [_f1(one.judged, select(one.judgement, settings)) for one in told]
    nearest = [_f1(one.judged, [int(one.judged.evidence.cosines.argmax())]) for one in told]
    return [
        bootstrap("clapnq: F1 of the quoted sentences", _column(chosen), mean),
        bootstrap("clapnq: F1 of the nearest sentence by cosine", _column(nearest), mean),
    ]


def _f1(judged: Judged, chosen: Sequence[int]) -> float:
    right = sum(bool(judged.holds[i]) for i in chosen)
    return 2 * right / (len(chosen) + int(judged.holds.sum()))


def _first(judged: Judged, scores: Values) -> int:
    """Return the rank, from 0, of the first sentence that answers; one past the last for none."""
    order = np.argsort(-scores, kind="stable")
    found = np.flatnonzero(judged.holds[order])
    return int(found[0]) if found.size else max(3, len(order))


def _column(values: Iterable[float]) -> Values:
    return np.array(list(values), dtype=np.float64).reshape(-1, 1)
