"""A query and the sentences of what was retrieved -> the probability that each one answers.

`EvidenceScorer` is the seam. `OverlapScorer` weighs what the index already holds: shared terms
and the sentence's vector. It refuses nothing; a question without terms rests on vectors alone.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.index.embed import Vector
from assistant.index.terms import terms
from assistant.retrieve.retriever import Retrieval
from assistant.values import Sentence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be evidence: its terms, those around it, and its cosine.

    `previous_terms` are those of the sentence before it in its passage, if any.
    """

    sentence: Sentence
    terms: frozenset[str]
    previous_terms: frozenset[str]
    passage_terms: frozenset[str]
    cosine: float


class EvidenceScorer(Protocol):
    """Judges sentences; probabilities are comparable between questions."""

    def score(self, retrieval: Retrieval, candidates: Sequence[Candidate]) -> list[float]:
        """Return for each candidate the probability that it answers the query."""


@dataclass(frozen=True, slots=True)
class OverlapWeights:
    """Weights of a logistic regression over the features of `OverlapScorer`."""

    bias: float
    sentence: float
    with_previous: float
    passage: float
    cosine: float


FITTED = OverlapWeights(bias=-8.69, sentence=1.71, with_previous=0.54, passage=1.97, cosine=7.5)
"""Fitted by `python -m evals.evidence` on 2026-11-23: Natural Questions (1,332 with and 1,323
without their passage in the corpus) and 4 articles of squad2 (1,272 questions). On 4 other
articles (1,556 questions) the top sentence holds the answer in .70 of the answerable ones."""


class OverlapScorer:
    """Logistic regression over term coverage and the sentence's cosine."""

    def __init__(self, weights: OverlapWeights = FITTED) -> None:
        self._weights = weights

    def score(self, retrieval: Retrieval, candidates: Sequence[Candidate]) -> list[float]:
        """See `EvidenceScorer`."""
        weights = self._weights
        found = []
        for features in overlap_features(retrieval, candidates):
            sentence, with_previous, passage, cosine = features
            logit = (
                weights.bias
                + weights.sentence * sentence
                + weights.with_previous * with_previous
                + weights.passage * passage
                + weights.cosine * cosine
            )
            found.append(1 / (1 + math.exp(-logit)))
        return found


def overlap_features(
    retrieval: Retrieval, candidates: Sequence[Candidate]
) -> list[tuple[float, float, float, float]]:
    """Return per candidate: coverage by it, with the one before, by its passage; its cosine."""
    weights = retrieval.term_weights
    return [
        (
            coverage(candidate.terms, weights),
            coverage(candidate.terms | candidate.previous_terms, weights),
            coverage(candidate.passage_terms, weights),
            candidate.cosine,
        )
        for candidate in candidates
    ]


def coverage(found: Collection[str], weights: Mapping[str, float]) -> float:
    """Return the share of the query's term weight that the found terms carry, from 0 to 1.

    >>> coverage({"taiwan", "focus"}, {"taiwan": 3.0, "hack": 1.0})
    0.75
    """
    total = sum(weights.values())
    return sum(w for term, w in weights.items() if term in found) / total if total else 0.0


def number_sentences(retrieval: Retrieval) -> list[Candidate]:
    """Number the sentences of the retrieved passages from 1, in the order of the ranking."""
    candidates: list[Candidate] = []
    for ranked, vectors in zip(retrieval.ranking, retrieval.sentence_vectors, strict=True):
        passage = ranked.passage
        first = len(candidates) + 1
        sentences = [
            Sentence(number, passage, start, end)
            for number, (start, end) in enumerate(passage.sentences, start=first)
        ]
        found = [frozenset(terms(sentence.text)) for sentence in sentences]
        around = frozenset(terms(passage.heading or "")).union(*found)
        cosines: Vector = vectors @ retrieval.query_vector
        candidates += (
            Candidate(sentence, own, previous, around, float(cosine))
            for sentence, own, previous, cosine in zip(
                sentences, found, [frozenset(), *found], cosines, strict=False
            )
        )
    return candidates
