"""Figures of a whole run: whether its confidence can be relied on, and how long answers take.

In: the records of a run. Out: a figure; None when the run lacks the questions for it. A record
without an answer has no confidence, and a question that is answered in part is of neither kind:
both are left out of the figures of confidence.

Source: Naeini et al. 2015 (calibration error); Fawcett 2006 (AUC as a rank statistic); the
percentile of numpy (linear between two values; Hyndman and Fan 1996, type 7).
"""

from collections.abc import Callable, Sequence

import numpy as np

from assistant.evaluation.measures.correctness import UNDECIDED
from assistant.evaluation.report import Record
from assistant.evidence.calibration import calibration_error


def expected_calibration_error(records: Sequence[Record]) -> float | None:
    """Return how far the confidence is from the share that can be answered; 0 is perfect.

    >>> from types import SimpleNamespace as R
    >>> sure = R(kind="", is_answerable=True, abstained=True, said=(), confidence=0.75)
    >>> expected_calibration_error([sure])
    0.25
    """
    answerable, unanswerable = _confidences(records)
    are_answerable = [True] * len(answerable) + [False] * len(unanswerable)
    if not are_answerable:
        return None
    return calibration_error([*answerable, *unanswerable], are_answerable)


def answerable_auc(records: Sequence[Record]) -> float | None:
    """Return how often an answerable question has more confidence than an unanswerable one.

    Equal confidence counts as half; 0.5 is chance. None unless there are both kinds.

    >>> from types import SimpleNamespace as R
    >>> sure = R(kind="", is_answerable=True, abstained=False, said=("Yes.",), confidence=0.7)
    >>> unsure = R(kind="", is_answerable=False, abstained=True, said=(), confidence=0.7)
    >>> answerable_auc([sure, unsure])
    0.5
    """
    answerable, unanswerable = map(np.sort, _confidences(records))
    if not (len(answerable) and len(unanswerable)):
        return None
    n_under = np.searchsorted(unanswerable, answerable, "left")
    n_up_to = np.searchsorted(unanswerable, answerable, "right")
    return float((n_under + n_up_to).mean() / 2 / len(unanswerable))


def refused_at(over_refusal: float) -> Callable[[Sequence[Record]], float | None]:
    """Return the measure: the share of the unanswerable under the bar of that over-refusal.

    The bar is the quantile of the answerable questions' confidence, as in `fit_bars`.

    >>> from types import SimpleNamespace as R
    >>> sure = R(kind="", is_answerable=True, abstained=False, said=("Yes.",), confidence=0.7)
    >>> unsure = R(kind="", is_answerable=False, abstained=True, said=(), confidence=0.6)
    >>> refused_at(0.1)([sure, unsure])
    1.0
    """

    def measure(records: Sequence[Record]) -> float | None:
        answerable, unanswerable = map(np.array, _confidences(records))
        if not (len(answerable) and len(unanswerable)):
            return None
        return float((unanswerable < np.quantile(answerable, over_refusal)).mean())

    return measure


def percentile(records: Sequence[Record], q: float) -> float | None:
    """Return the seconds within which q percent of the answers, abstentions too, were there.

    >>> from types import SimpleNamespace as R
    >>> percentile([R(abstained=True, said=(), seconds=s) for s in (0.5, 0.1, 0.3)], 50)
    0.3
    """
    seconds = [one.seconds for one in records if has_answer(one)]
    return float(np.percentile(seconds, q)) if seconds else None


def has_answer(record: Record) -> bool:
    """Return whether an answer was asked for: of a mere ranking nothing is said, nor refused.

    >>> from types import SimpleNamespace as R
    >>> has_answer(R(abstained=False, said=()))
    False
    """
    return record.abstained or bool(record.said)


def is_decided(record: Record) -> bool:
    """Return whether an answer was asked for to a question that is answerable or is not.

    >>> from types import SimpleNamespace as R
    >>> is_decided(R(abstained=True, said=(), kind="partial"))
    False
    """
    return has_answer(record) and record.kind not in UNDECIDED


def _confidences(records: Sequence[Record]) -> tuple[list[float], list[float]]:
    """Return the confidence in the answerable and in the unanswerable questions."""
    judged = [one for one in records if is_decided(one)]
    answerable = [one.confidence for one in judged if one.is_answerable]
    return answerable, [one.confidence for one in judged if not one.is_answerable]
