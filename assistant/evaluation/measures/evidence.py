"""How well the cited characters are those that a person marked as evidence.

In: an outcome. Out: precision, recall and their F1 over characters that are not whitespace, each
counted once however often it is cited. Of several sets of gold, all three speak of the one with
the best F1, the first of equals. None for a question without gold. Gold is not exhaustive: a
citation that is right and unmarked counts as wrong, so these are lower bounds.

Source: the evidence F1 of HotpotQA (Yang et al. 2018) with characters in the place of
sentences, so that another way to cut sentences changes nothing; the best of several sets as in
WiCE (Kamoi et al. 2023).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assistant.evaluation.outcome import Outcome
from assistant.values import Citation, Span


def evidence_precision(outcome: Outcome) -> float | None:
    """Return the share of what was cited that is gold; None without citations.

    >>> from assistant.evaluation.measures.example import example
    >>> cited = ["Titan has lakes.", "They hold methane."]
    >>> outcome = example("It is Titan.", cited=cited, gold=[["Titan has lakes."]])
    >>> round(evidence_precision(outcome), 3)  # 14 of 30 characters
    0.467
    """
    best = _best(outcome)
    if best is None or outcome.answer is None or not outcome.answer.citations:
        return None
    return best.n_shared / max(1, best.n_cited)


def evidence_recall(outcome: Outcome) -> float | None:
    """Return the share of the gold that was cited; 0.0 for an abstention.

    >>> from assistant.evaluation.measures.example import example
    >>> evidence_recall(example("It is Titan.", cited=["Titan"], gold=[["Titan has"]]))
    0.625
    """
    best = _best(outcome)
    return best.n_shared / best.n_gold if best else None


def evidence_f1(outcome: Outcome) -> float | None:
    """Return the harmonic mean of precision and recall; 0.0 for an abstention.

    >>> from assistant.evaluation.measures.example import example
    >>> sets = [["Titan has lakes."], ["They hold methane."]]
    >>> evidence_f1(example("It is Titan.", cited=["They hold methane."], gold=sets))
    1.0
    """
    best = _best(outcome)
    return best.f1 if best else None


@dataclass(frozen=True, slots=True)
class _Overlap:
    n_shared: int
    n_cited: int
    n_gold: int

    @property
    def f1(self) -> float:
        return 2 * self.n_shared / (self.n_cited + self.n_gold)


def _best(outcome: Outcome) -> _Overlap | None:
    if outcome.answer is None or not outcome.question.is_answerable:
        return None
    cited = _characters(outcome.answer.citations, outcome.texts)
    sets = [_characters(together, outcome.texts) for together in outcome.gold]
    overlaps = [_Overlap(len(cited & gold), len(cited), len(gold)) for gold in sets if gold]
    return max(overlaps, key=lambda overlap: overlap.f1, default=None)


def _characters(
    places: Iterable[Span | Citation], texts: Mapping[str, str]
) -> frozenset[tuple[str, int]]:
    """Return the places' characters; those that no text is known of, or beyond it, count too."""
    return frozenset(
        (place.document_id, i)
        for place in places
        for text in [texts.get(place.document_id, "")]
        for i in range(place.start, place.end)
        if not text[i : i + 1].isspace()
    )
