"""Judged questions -> fitted weights, and what each held-out fold makes of them.

Logistic regressions: of every sentence of every answerable or unanswerable question, and of every
question on the scores of its sentences; with a reader those in another language than all their
sentences are fitted apart. Deterministic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from assistant.evidence.calibration import Calibration, Logistic, fit_bars
from assistant.evidence.features import (
    Column,
    Evidence,
    is_across,
    measure_across,
    measure_question,
)
from assistant.evidence.scorer import EvidenceWeights, Judgement, probability, weigh
from evals.evidence.collect import EVERYDAY, N_FOLDS, STRANGERS, TYPED, Judged
from evals.reader.typed import ACROSS

SENTENCE_SETS = ("squad2", "nq", "clapnq", "covidqa", "hotpotqa", "quotesum", EVERYDAY, TYPED)
"""The sets that say which sentences answer."""
QUESTION_SETS = ("squad2", "nq", "clapnq", "mtrag", "off-topic", EVERYDAY, TYPED)
"""The sets whose questions are what a user might ask a folder, answerable or not."""
ACROSS_SETS = (ACROSS, STRANGERS)
"""Those whose questions are in another language than what answers, judged apart."""
BAR_SETS = ("squad2", "nq", "clapnq", "mtrag", EVERYDAY)
"""The sets whose answerable questions say where to abstain, each as often as it weighs."""
WEIGHT_OF_EVERYDAY = 3.0
"""Of a question to a folder of mixed documents, beside one to paragraphs of an encyclopaedia."""
WEIGHT_OF_TYPED = 0.35
"""Of a question about a passage of our own: there are several times as many of them as of others,
and those that nothing answers are all near misses."""


NO_SUPPORT = Logistic(0.0, ())


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A question as judged by weights that were fitted without its fold."""

    judged: Judged
    judgement: Judgement
    probability: float
    bar: float


def fit(
    judged: Sequence[Judged], support: Logistic = NO_SUPPORT, reader: str = ""
) -> EvidenceWeights:
    """Fit both regressions and the bars; the weights of support are given.

    `reader` is the SHA-256 of the reader whose log-odds are among the features, if they are.
    """
    asked = [one for one in judged if len(one.sentences)]
    told = [one for one in asked if one.source in SENTENCE_SETS]
    sentence = fit_logistic(
        np.vstack([one.features for one in told]),
        np.concatenate([one.holds for one in told]),
        np.concatenate([np.full(len(one.holds), _weight(one)) for one in told]),
    )
    whole = [one for one in asked if one.source in QUESTION_SETS and is_clear(one)]
    question = _fit_question(whole, sentence, measure_question)
    apart = [one for one in asked if one.source in ACROSS_SETS and is_across(one.evidence)]
    across = _fit_question(apart, sentence, measure_across) if reader else None
    plain = EvidenceWeights(sentence, question, support, Calibration(1.0, 0.0, ()), across=across)
    answerable = [
        probability(weigh(one.sentences, one.evidence, plain), plain.calibration)
        for one in whole
        if one.question.is_answerable and one.source in BAR_SETS
        for _ in range(round(_weight(one)))
    ]
    bars = Calibration(1.0, 0.0, fit_bars(answerable))
    return EvidenceWeights(sentence, question, support, bars, reader, across=across)


def _fit_question(
    asked: Sequence[Judged],
    sentence: Logistic,
    measure: Callable[[Evidence, Column], NDArray[np.float64]],
) -> Logistic:
    return fit_logistic(
        np.array([measure(one.evidence, sentence.log_odds(one.features)) for one in asked]),
        np.array([one.question.is_answerable for one in asked]),
        np.array([_weight(one) for one in asked]),
    )


def cross_validate(
    judged: Sequence[Judged], over_refusal: float, reader: str = ""
) -> list[HeldOut]:
    """Judge every question with weights that were fitted on the other folds."""
    held: list[HeldOut] = []
    for fold in range(N_FOLDS):
        weights = fit([one for one in judged if one.fold != fold], reader=reader)
        bar = weights.calibration.bar(over_refusal)
        for one in judged:
            if one.fold == fold:
                judgement = weigh(one.sentences, one.evidence, weights)
                held.append(
                    HeldOut(one, judgement, probability(judgement, weights.calibration), bar)
                )
    return held


def is_clear(one: Judged) -> bool:
    """Whether the set says plainly that the question can be answered, or that it cannot."""
    return one.question.kind not in ("partial", "underspecified")


def _weight(one: Judged) -> float:
    own = {EVERYDAY: WEIGHT_OF_EVERYDAY, TYPED: WEIGHT_OF_TYPED, ACROSS: WEIGHT_OF_TYPED}
    return own.get(one.source, 1.0)


def fit_logistic(
    features: NDArray[Any], outcomes: NDArray[Any], counts: NDArray[Any] | None = None
) -> Logistic:
    """Fit on standardised features; return the weights for the features as they are.

    `counts` says how much each row counts, all the same if None.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=2000).fit(
        (features - mean) / spread, outcomes, sample_weight=counts
    )
    weights = model.coef_[0] / spread
    bias = float(model.intercept_[0] - weights @ mean)
    return Logistic(round(bias, 4), tuple(round(float(weight), 4) for weight in weights))
