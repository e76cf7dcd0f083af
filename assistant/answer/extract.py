"""Scored sentences -> a draft: the few sentences that together answer, quoted verbatim.

Abstains, with a reason, when no sentence reaches the calibrated bar.
"""

from collections.abc import Mapping, Sequence

from assistant.answer.evidence import Candidate, EvidenceScorer, coverage, number_sentences
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.values import Draft, DraftStatement, Sentence

NAME = "extract"
NOTHING_RETRIEVED = "The documents hold nothing that resembles the question."
NOT_SAID = "The documents do not say."


def extract(
    retrieval: Retrieval, scorer: EvidenceScorer, settings: Settings
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return the draft, and the numbered sentences that its statements point at."""
    candidates = number_sentences(retrieval)
    sentences = tuple(candidate.sentence for candidate in candidates)
    if not candidates:
        return Draft((), 0.0, NOTHING_RETRIEVED), sentences
    scores = scorer.score(retrieval, candidates)
    confidence = max(scores)
    if confidence < settings.answer_bar:
        return Draft((), confidence, NOT_SAID), sentences
    chosen = select(candidates, scores, retrieval.term_weights, settings)
    statements = tuple(
        DraftStatement(" ".join(sentences[i].text.split()), (sentences[i].number,)) for i in chosen
    )
    return Draft(statements, confidence), sentences


def select(
    candidates: Sequence[Candidate],
    scores: Sequence[float],
    term_weights: Mapping[str, float],
    settings: Settings,
) -> list[int]:
    """Return the positions of the sentences to quote, in reading order.

    The best one, then those over the bar that cover a part of the question which the sentences
    chosen so far leave open (`min_gain` of its term weight).
    """
    order = sorted(range(len(candidates)), key=lambda i: (-scores[i], i))
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    for i in order:
        if chosen and (scores[i] < settings.answer_bar or len(chosen) == settings.max_statements):
            break
        found = covered | candidates[i].terms
        gain = coverage(found, term_weights) - coverage(covered, term_weights)
        if not chosen or gain >= settings.min_gain:
            chosen.append(i)
            covered = found
    return sorted(chosen)
