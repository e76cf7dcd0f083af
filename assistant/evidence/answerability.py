"""Features of a question as a whole: do the sentences that were found answer it?

There always is a best sentence; whether it answers is another matter. Each feature is a pure
function that returns one number. Their weights are fitted and stored by name (`weights.json`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.features import Column, Evidence
from assistant.text.cues import denies, has_opposite
from assistant.text.numbers import NUMERAL, YEAR
from assistant.text.terms import terms

_YEAR = re.compile(rf"(?<!\d){YEAR}(?!\d)")


@dataclass(frozen=True)
class ScoredEvidence:
    """The evidence of a question that has sentences, and their log-odds, shape (n_sentences,)."""

    evidence: Evidence
    scores: Column

    @cached_property
    def best(self) -> int:
        """The position of the best sentence, the first of equals."""
        return int(self.scores.argmax())

    @property
    def best_text(self) -> str:
        """The best sentence."""
        return self.evidence.texts[self.best]

    def told(self, position: int) -> str:
        """A sentence with what it stands under: a year may be its heading, or its file's name."""
        over = self.evidence.over
        return "\n".join((*over[position : position + 1], self.evidence.texts[position]))


def best_score(scored: ScoredEvidence) -> float:
    """The best sentence's log-odds."""
    return float(scored.scores.max())


def best_fused(scored: ScoredEvidence) -> float:
    """The fused score of the passage that was ranked first."""
    return float(scored.evidence.fused.max())


def cosine_of_best(scored: ScoredEvidence) -> float:
    """The cosine of the question's vector to the best sentence's."""
    return float(scored.evidence.cosines[scored.best])


def novelty_of_best(scored: ScoredEvidence) -> float:
    """Share of the best sentence's terms that the question does not have: what it could tell."""
    found = set(terms(scored.best_text))
    return len(found - set(terms(scored.evidence.question))) / max(1, len(found))


def ignored_denial(scored: ScoredEvidence) -> float:
    """Whether the question denies something and the best sentence denies nothing."""
    return float(denies(scored.evidence.question) and not denies(scored.best_text))


def opposite_of_best(scored: ScoredEvidence) -> float:
    """Whether the best sentence has the opposite of a word of the question, and not the word."""
    return float(has_opposite(scored.evidence.question, scored.best_text))


def number_missing(scored: ScoredEvidence) -> float:
    """Whether the question has a number that the best sentence, and what it is under, has not."""
    asked = set(NUMERAL.findall(scored.evidence.question))
    return float(not asked <= set(NUMERAL.findall(scored.told(scored.best))))


def year_unmentioned(scored: ScoredEvidence) -> float:
    """Whether the question has a year that no sentence has: its premise is not in what was read."""
    asked = set(_YEAR.findall(scored.evidence.question))
    texts = map(scored.told, range(len(scored.evidence.texts)))
    told = {year for text in texts for year in _YEAR.findall(text)}
    return float(not asked <= told)


QUESTION_FEATURES: tuple[Callable[[ScoredEvidence], float], ...] = (
    best_score,
    best_fused,
    cosine_of_best,
    novelty_of_best,
    ignored_denial,
    opposite_of_best,
    number_missing,
    year_unmentioned,
)


def measure_question(evidence: Evidence, scores: Column) -> NDArray[np.float64]:
    """Return all features of a question that has sentences, shape (n_features,)."""
    scored = ScoredEvidence(evidence, scores)
    return np.array([feature(scored) for feature in QUESTION_FEATURES])
