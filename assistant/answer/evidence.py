"""A query and the sentences of what was retrieved -> the probability that each one answers.

`EvidenceScorer` is the seam. `OverlapScorer` weighs what the index already holds: shared terms
and the sentence's vector. It refuses nothing; a question without terms rests on vectors alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.index.embed import Vector
from assistant.index.terms import terms
from assistant.retrieve.retriever import Retrieval
from assistant.values import Sentence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be evidence, with the one before it in its passage, if any."""

    sentence: Sentence
    previous: str
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


FITTED = OverlapWeights(bias=-5.0, sentence=2.5, with_previous=1.0, passage=1.0, cosine=4.0)


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
    passages: dict[str, set[str]] = {}
    features = []
    for candidate in candidates:
        passage = candidate.sentence.passage
        if passage.passage_id not in passages:
            passages[passage.passage_id] = set(terms(f"{passage.heading or ''} {passage.text}"))
        own = set(terms(candidate.sentence.text))
        features.append(
            (
                coverage(own, retrieval.term_weights),
                coverage(own | set(terms(candidate.previous)), retrieval.term_weights),
                coverage(passages[passage.passage_id], retrieval.term_weights),
                candidate.cosine,
            )
        )
    return features


def coverage(found: Iterable[str], weights: Mapping[str, float]) -> float:
    """Return the share of the query's term weight that the found terms carry, from 0 to 1.

    >>> coverage({"taiwan", "focus"}, {"taiwan": 3.0, "hack": 1.0})
    0.75
    """
    total = sum(weights.values())
    return sum(weights.get(term, 0.0) for term in set(found)) / total if total else 0.0


def number_sentences(retrieval: Retrieval) -> list[Candidate]:
    """Number the sentences of the retrieved passages from 1, in the order of the ranking."""
    candidates: list[Candidate] = []
    for ranked, vectors in zip(retrieval.ranking, retrieval.sentence_vectors, strict=True):
        previous = ""
        cosines: Vector = vectors @ retrieval.query_vector
        for (start, end), cosine in zip(ranked.passage.sentences, cosines, strict=True):
            sentence = Sentence(len(candidates) + 1, ranked.passage, start, end)
            candidates.append(Candidate(sentence, previous, float(cosine)))
            previous = sentence.text
    return candidates
