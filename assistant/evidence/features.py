"""Features of each sentence that was retrieved, and of the question as a whole.

How well does a sentence answer, and do those that were found answer at all? There always is a best
one. Each feature is a pure function: of `Evidence`, with one value per sentence, or of
`ScoredEvidence`, with one number. Their weights are fitted and stored by name (`weights.json`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.text.cues import denies, has_opposite, leans_back, misses_kind
from assistant.text.numbers import NUMERAL, YEAR
from assistant.text.terms import terms

Column = NDArray[np.float64]
"""One value per sentence, shape (n_sentences,)."""


@dataclass(frozen=True)
class Evidence:
    """What is known of n sentences for one question of m weighted tokens.

    Attributes:
        question: what was searched for.
        likeness: (n, m) the cosine of each question token to its nearest token of the sentence:
            what MaxSim sums (Khattab & Zaharia 2020, arXiv:2004.12832, eq. 3).
        matches: (n, m) whether the term of each question token stands in the sentence.
        weights: (m,) the question tokens' weights, adding up to 1.
        passages: (n,) the number of each sentence's passage, from 0, ascending.
        texts: the sentences.
        cosines: (n,) the cosine of the question's vector to the sentence's.
        dense: (p,) the passages' dense scores; `lexical` (p,) their BM25 as a share of the
            query's summed idf; `fused` (p,) what they were ranked by.
        beside: (n,) whether a sentence tells of another code, date or year than is asked for.
        is_named: whether a code, date or year is all that is asked for, and some sentence has it.
        over: what each sentence stands under, its document's name among it; empty where unknown.
        across: (n,) whether a sentence is in another language than the question.
        reading: (n,) the log-odds that a reader gives each sentence; None without a reader.
        words: by the number of a sentence, where in it the words are that a reader takes for the
            answer.
    """

    question: str
    likeness: NDArray[np.float64]
    matches: NDArray[np.bool_]
    weights: NDArray[np.float64]
    passages: NDArray[np.int64]
    texts: tuple[str, ...]
    cosines: NDArray[np.float64]
    dense: NDArray[np.float64]
    lexical: NDArray[np.float64]
    fused: NDArray[np.float64]
    beside: NDArray[np.bool_] | None = None
    is_named: bool = False
    over: tuple[str, ...] = ()
    across: NDArray[np.bool_] | None = None
    reading: NDArray[np.float64] | None = None
    words: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def likeness_of_passage(self) -> NDArray[np.float64]:
        """The likeness to the nearest token of the sentence's whole passage."""
        return _highest_of_passage(self.likeness, self.passages)


def likeness(evidence: Evidence) -> Column:
    """Weighted MaxSim of the question to the sentence.

    For cosines .9 and .5 of two tokens that weigh .75 and .25: .75 x .9 + .25 x .5 = .8.
    """
    return _weigh(evidence.likeness, evidence.weights)


def likeness_with_previous(evidence: Evidence) -> Column:
    """Weighted MaxSim to the sentence together with the one before it ("He also ...")."""
    return _weigh(_with_neighbour(evidence.likeness, evidence, -1), evidence.weights)


def likeness_with_next(evidence: Evidence) -> Column:
    """Weighted MaxSim to the sentence together with the one after it."""
    return _weigh(_with_neighbour(evidence.likeness, evidence, 1), evidence.weights)


def likeness_of_passage(evidence: Evidence) -> Column:
    """Weighted MaxSim to the sentence's whole passage."""
    return _weigh(evidence.likeness_of_passage, evidence.weights)


def weakest_in_sentence(evidence: Evidence) -> Column:
    """The cosine of the weighted question token that the sentence matches worst."""
    return _weakest(evidence.likeness, evidence.weights)


def weakest_in_passage(evidence: Evidence) -> Column:
    """The cosine of the weighted question token that the passage matches worst."""
    return _weakest(evidence.likeness_of_passage, evidence.weights)


def coverage(evidence: Evidence) -> Column:
    """Share of the question's weight whose terms stand in the sentence."""
    return _weigh(evidence.matches, evidence.weights)


def coverage_with_previous(evidence: Evidence) -> Column:
    """Share of the question's weight whose terms stand in it or in the sentence before."""
    return _weigh(_with_neighbour(evidence.matches, evidence, -1), evidence.weights)


def coverage_of_passage(evidence: Evidence) -> Column:
    """Share of the question's weight whose terms stand in the passage."""
    return _weigh(_highest_of_passage(evidence.matches, evidence.passages), evidence.weights)


def sentence_cosine(evidence: Evidence) -> Column:
    """Cosine of the question's vector to the sentence's."""
    return evidence.cosines


def passage_dense(evidence: Evidence) -> Column:
    """The passage's dense score."""
    return evidence.dense[evidence.passages]


def passage_lexical(evidence: Evidence) -> Column:
    """The passage's BM25 as a share of the query's summed idf."""
    return evidence.lexical[evidence.passages]


def passage_lead(evidence: Evidence) -> Column:
    """How far the passage's fused score lies under the best one's, 0 or less."""
    behind: Column = _behind(evidence.fused)[evidence.passages]
    return behind


def likeness_lead(evidence: Evidence) -> Column:
    """How far the sentence's likeness lies under the question's best, 0 or less."""
    return _behind(likeness(evidence))


def coverage_lead(evidence: Evidence) -> Column:
    """How far the sentence's coverage lies under the question's best, 0 or less."""
    return _behind(coverage(evidence))


def length(evidence: Evidence) -> Column:
    """Natural logarithm of the sentence's characters, at least 3 of them."""
    return np.log([max(3, len(text)) for text in evidence.texts])


def leans(evidence: Evidence) -> Column:
    """Whether the sentence opens with a word that leans on what stands before it."""
    return np.array([leans_back(text) for text in evidence.texts], dtype=np.float64)


def asks(evidence: Evidence) -> Column:
    """Whether the sentence holds a question mark: it asks rather than answers."""
    return np.array(["?" in text for text in evidence.texts], dtype=np.float64)


def lacks_kind(evidence: Evidence) -> Column:
    """Whether the question asks when, how many or who, and the sentence has no such thing."""
    found = [misses_kind(evidence.question, text) for text in evidence.texts]
    return np.array(found, dtype=np.float64)


def opens_passage(evidence: Evidence) -> Column:
    """Whether the sentence is the first of its passage."""
    opens: Column = (np.diff(evidence.passages, prepend=-1) != 0).astype(np.float64)
    return opens


SENTENCE_FEATURES: tuple[Callable[[Evidence], Column], ...] = (
    likeness,
    likeness_with_previous,
    likeness_with_next,
    likeness_of_passage,
    weakest_in_sentence,
    weakest_in_passage,
    coverage,
    coverage_with_previous,
    coverage_of_passage,
    sentence_cosine,
    passage_dense,
    passage_lexical,
    passage_lead,
    likeness_lead,
    coverage_lead,
    length,
    leans,
    asks,
    lacks_kind,
    opens_passage,
)


def reading(evidence: Evidence) -> Column:
    """The reader's log-odds, 0 without a reader; further than `FAR` from even is as far."""
    if evidence.reading is None:
        return np.zeros(len(evidence.texts))
    return np.clip(evidence.reading, -FAR, FAR)


def reading_of_passage(evidence: Evidence) -> Column:
    """The highest log-odds that the reader gives a sentence of the passage."""
    return _highest_of_passage(reading(evidence), evidence.passages)


def reading_lead(evidence: Evidence) -> Column:
    """How far the reader's log-odds lie under its best, 0 or less."""
    return _behind(reading(evidence))


FAR = 30.0
READ_FEATURES = (*SENTENCE_FEATURES, reading, reading_of_passage, reading_lead)
"""The features of a sentence where there is a reader."""


def measure(evidence: Evidence) -> NDArray[np.float32]:
    """Return all features of all sentences, shape (n_sentences, n_features)."""
    features = SENTENCE_FEATURES if evidence.reading is None else READ_FEATURES
    if not evidence.texts:
        return np.zeros((0, len(features)), dtype=np.float32)
    return np.column_stack([feature(evidence) for feature in features]).astype(np.float32)


def _weigh(values: NDArray[Any], weights: NDArray[np.float64]) -> Column:
    found: Column = values @ weights
    return found


def _behind(values: Column) -> Column:
    found: Column = values - values.max()
    return found


def _with_neighbour(values: NDArray[Any], evidence: Evidence, step: int) -> NDArray[Any]:
    """Return the higher of each sentence's row and its neighbour's, 0 where there is none."""
    neighbour = np.zeros_like(values)
    same = evidence.passages[1:] == evidence.passages[:-1]
    if step < 0:
        neighbour[1:][same] = values[:-1][same]
    else:
        neighbour[:-1][same] = values[1:][same]
    found: NDArray[Any] = np.maximum(values, neighbour)
    return found


def _highest_of_passage(values: NDArray[Any], passages: NDArray[np.int64]) -> NDArray[Any]:
    found = np.empty_like(values)
    for passage in np.unique(passages):
        found[passages == passage] = values[passages == passage].max(axis=0)
    return found


def _weakest(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Column:
    lowest: Column = values[:, weights > 0].min(axis=1, initial=1.0)
    return lowest


# --- Of the question

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


def echo_of_best(scored: ScoredEvidence) -> float:
    """Share of the question's weight that a best sentence has which tells nothing else.

    0 where nothing follows it in its passage: below a heading, or a question that people ask,
    stands its answer.
    """
    evidence, best = scored.evidence, scored.best
    follows = evidence.passages[best + 1 : best + 2] == evidence.passages[best]
    if novelty_of_best(scored) or not follows.any():
        return 0.0
    return float(evidence.matches[best] @ evidence.weights)


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


def best_reading(scored: ScoredEvidence) -> float:
    """The highest log-odds that the reader gives a sentence."""
    return float(reading(scored.evidence).max())


def reading_of_best(scored: ScoredEvidence) -> float:
    """The reader's log-odds of the best sentence."""
    return float(reading(scored.evidence)[scored.best])


READ_QUESTION_FEATURES = (*QUESTION_FEATURES, echo_of_best, best_reading, reading_of_best)
"""The features of a question where there is a reader."""
MOST_MET = 0.5
"""Share of a question's weight that names and numbers have, when they alone meet."""
ACROSS_FEATURES = (best_score, best_fused, cosine_of_best, best_reading, reading_of_best)
"""Those of a question that is in another language than the sentences: no word of them meets, and
all that is known of both is lower."""


def is_across(evidence: Evidence) -> bool:
    """Whether the question is in another language than all sentences, as far as words tell.

    Where half of it stands in one of them, they are of one language, whatever was guessed.
    """
    return (
        evidence.across is not None
        and bool(evidence.across.all())
        and float(coverage(evidence).max()) < MOST_MET
    )


def measure_question(evidence: Evidence, scores: Column) -> NDArray[np.float64]:
    """Return all features of a question that has sentences, shape (n_features,)."""
    features = QUESTION_FEATURES if evidence.reading is None else READ_QUESTION_FEATURES
    return _measure(features, evidence, scores)


def measure_across(evidence: Evidence, scores: Column) -> NDArray[np.float64]:
    """Return the `ACROSS_FEATURES` of a question that has sentences, shape (n_features,)."""
    return _measure(ACROSS_FEATURES, evidence, scores)


def _measure(
    features: Sequence[Callable[[ScoredEvidence], float]], evidence: Evidence, scores: Column
) -> NDArray[np.float64]:
    scored = ScoredEvidence(evidence, scores)
    return np.array([feature(scored) for feature in features])
