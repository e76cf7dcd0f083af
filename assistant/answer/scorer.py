"""A retrieval -> a judgement: how likely each sentence answers, and whether the question is.

`EvidenceScorer` is the seam. `LateInteractionScorer` weighs features of the word pieces' vectors
and needs no second model. Refuses nothing; without sentences nothing is answerable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assistant.answer.answerability import measure_question
from assistant.answer.calibration import Calibration
from assistant.answer.evidence import TokenEncoder, gather
from assistant.answer.features import Column, Evidence, measure
from assistant.answer.remembered import Remembered
from assistant.answer.support import score_support
from assistant.answer.weights import EvidenceWeights, load_weights
from assistant.retrieve.retriever import Retrieval
from assistant.values import Sentence


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sentences of a retrieval, judged.

    Attributes:
        sentences: all of them, numbered.
        scores: the log-odds of each one to answer, shape (n_sentences,).
        evidence: what is known of them.
        log_odds: of the question to be answered by them; None without sentences.
    """

    sentences: tuple[Sentence, ...]
    scores: Column
    evidence: Evidence
    log_odds: float | None


class EvidenceScorer(Protocol):
    """Judges sentences; log-odds are comparable between questions."""

    @property
    def calibration(self) -> Calibration:
        """How its log-odds become a probability."""

    @property
    def fingerprint(self) -> str:
        """What must be equal for a calibration to hold."""

    def judge(self, retrieval: Retrieval) -> Judgement:
        """Return the judgement of a retrieval."""

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """Return the probability that quotes support all of a statement."""


class LateInteractionScorer:
    """Two logistic regressions: of each sentence, and of the question on the best of them."""

    def __init__(self, encoder: TokenEncoder, weights: EvidenceWeights | None = None) -> None:
        self._encoder = Remembered(encoder)
        self._weights = weights or load_weights()

    @property
    def calibration(self) -> Calibration:
        """See `EvidenceScorer`."""
        return self._weights.calibration

    @property
    def fingerprint(self) -> str:
        """See `EvidenceScorer`."""
        return self._weights.fingerprint

    def judge(self, retrieval: Retrieval) -> Judgement:
        """See `EvidenceScorer`."""
        sentences, evidence = gather(retrieval, self._encoder)
        return weigh(sentences, evidence, self._weights)

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """See `EvidenceScorer`."""
        return score_support(statement, quotes, self._encoder, self._weights.support)


def weigh(
    sentences: tuple[Sentence, ...], evidence: Evidence, weights: EvidenceWeights
) -> Judgement:
    """Return the judgement that the weights give."""
    if not sentences:
        return Judgement((), np.zeros(0), evidence, None)
    scores = weights.sentence.log_odds(measure(evidence))
    features = measure_question(evidence, scores)
    log_odds = float(weights.question.log_odds(features[None, :])[0])
    return Judgement(sentences, scores, evidence, log_odds)


def probability(judgement: Judgement, calibration: Calibration) -> float:
    """Return the probability that the judged sentences answer, 0 when there are none."""
    if judgement.log_odds is None:
        return 0.0
    return calibration.probability(judgement.log_odds)
