"""A cross-encoder over the question and each sentence, beside the late interaction or instead.

In: any one-output sentence-transformers CrossEncoder that is on this machine. Out: the same
judgement. Its log-odds are not calibrated: `assistant calibrate` fits them to one's own questions.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from assistant.answer.calibration import Calibration
from assistant.answer.features import Column
from assistant.answer.scorer import EvidenceScorer, Judgement, LateInteractionScorer
from assistant.index.cross_encoder import open_cross_encoder
from assistant.index.embed import Embedder, open_embedder
from assistant.index.weights import INSTALLED_MODEL
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings

Role = Literal["join", "replace"]

EVEN_ODDS = Calibration(1.0, 0.0, ((0.1, 0.5),))
"""Until it is calibrated: abstain where the cross-encoder finds an answer unlikely."""


PairScorer = Callable[[Sequence[tuple[str, str]]], Column]
"""Pairs of texts -> the log-odds that the second answers the first, shape (n_pairs,)."""


class CrossEncoderScorer:
    """Scores sentences by a cross-encoder: alone, or by the mean with another scorer's log-odds."""

    def __init__(self, base: EvidenceScorer, score: PairScorer, role: Role, name: str) -> None:
        self._base = base
        self._score = score
        self._role = role
        self._name = name

    @property
    def calibration(self) -> Calibration:
        """See `EvidenceScorer`."""
        return EVEN_ODDS

    @property
    def fingerprint(self) -> str:
        """See `EvidenceScorer`."""
        return f"{self._base.fingerprint} {self._role} {self._name}"

    def judge(self, retrieval: Retrieval) -> Judgement:
        """See `EvidenceScorer`."""
        base = self._base.judge(retrieval)
        if base.log_odds is None:
            return base
        scores = self._score([(retrieval.query, sentence.text) for sentence in base.sentences])
        best = float(scores.max())
        if self._role == "replace":
            return replace(base, scores=scores, log_odds=best)
        return replace(
            base,
            scores=np.asarray((base.scores + scores) / 2),
            log_odds=(base.log_odds + best) / 2,
        )

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """See `EvidenceScorer`: a cross-encoder of questions and answers knows nothing of this."""
        return self._base.support(statement, quotes)


def open_scorer(settings: Settings, embedder: Embedder) -> EvidenceScorer:
    """Return the scorer of the settings; its weights are fitted to the installed model's tokens."""
    if settings.embedding_model != INSTALLED_MODEL:
        embedder = open_embedder(INSTALLED_MODEL, settings.cache_dir)
    scorer: EvidenceScorer = LateInteractionScorer(embedder)
    if not settings.cross_encoder:
        return scorer
    score = open_cross_encoder(settings.cross_encoder)
    return CrossEncoderScorer(
        scorer, score, settings.cross_encoder_role, name=settings.cross_encoder
    )
