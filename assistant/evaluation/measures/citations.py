"""Whether an answer cites the right evidence, and whether its citations are what they say.

In: an outcome. Out: a share of its statements, citations, cited characters or cited documents;
None where there is nothing to share out. Evidence is compared character by character, without
whitespace, against the best of the question's alternative sets of gold. Whether a citation supports
its statement is not asked: that needs a judge.

Source: coverage is the first half of citation recall in ALCE (Gao et al. 2023, section 3.3), where
a sentence without a citation, or with a number that stands for none, counts as uncited.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assistant.evaluation.values import Outcome
from assistant.values import Citation, Span


def document_precision(outcome: Outcome) -> float | None:
    """Return the share of the cited documents that hold the answer; None when none was cited.

    >>> document_precision(example("It is Titan.", cited=["Titan", "volcanoes"]))
    0.5
    """
    if (sides := _sides(outcome)) is None or not sides[0]:
        return None
    cited, right = sides
    return len(cited & right) / len(cited)


def document_recall(outcome: Outcome) -> float | None:
    """Return the share of the documents that hold the answer that was cited.

    >>> document_recall(example("It is Titan.", cited=["Titan", "volcanoes"]))
    1.0
    """
    if (sides := _sides(outcome)) is None:
        return None
    cited, right = sides
    return len(cited & right) / len(right)


def document_f1(outcome: Outcome) -> float | None:
    """Return the harmonic mean of precision and recall; 0.0 for an abstention.

    >>> round(document_f1(example("It is Titan.", cited=["Titan", "volcanoes"])), 3)
    0.667
    """
    if (sides := _sides(outcome)) is None:
        return None
    cited, right = sides
    return 2 * len(cited & right) / (len(cited) + len(right))


def _sides(outcome: Outcome) -> tuple[frozenset[str], frozenset[str]] | None:
    question, answer = outcome.question, outcome.answer
    if answer is None or not question.is_answerable or not question.documents:
        return None
    return frozenset(one.document_id for one in answer.citations), frozenset(question.documents)


def evidence_precision(outcome: Outcome) -> float | None:
    """Return the share of what was cited that is gold; None without citations.

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

    >>> evidence_recall(example("It is Titan.", cited=["Titan"], gold=[["Titan has"]]))
    0.625
    """
    best = _best(outcome)
    return best.n_shared / best.n_gold if best else None


def evidence_f1(outcome: Outcome) -> float | None:
    """Return the harmonic mean of precision and recall; 0.0 for an abstention.

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


def verbatim(outcome: Outcome) -> float | None:
    """Return the share of the citations whose quote stands at their span of their document.

    >>> wrong = cite("io.txt", 0, 16, quote="Titan has lakes.")
    >>> verbatim(example("It is Titan.", cited=["Titan has lakes.", wrong]))
    0.5
    """
    if outcome.answer is None or not (cited := outcome.answer.citations):
        return None
    stand = [
        one.start >= 0
        and one.quote != ""
        and outcome.texts.get(one.document_id, "")[one.start : one.end] == one.quote
        for one in cited
    ]
    return sum(stand) / len(stand)


def pointer_validity(outcome: Outcome) -> float | None:
    """Return the share of the citations whose document exists and holds their span.

    >>> nowhere = cite("titan.txt", 90, 99)
    >>> pointer_validity(example("It is Titan.", cited=["Titan has lakes.", nowhere]))
    0.5
    """
    if outcome.answer is None or not (cited := outcome.answer.citations):
        return None
    lengths = {name: len(text) for name, text in outcome.texts.items()}
    exist = [0 <= one.start < one.end <= lengths.get(one.document_id, 0) for one in cited]
    return sum(exist) / len(exist)


def citation_coverage(outcome: Outcome) -> float | None:
    """Return the share of the statements with at least one citation.

    >>> citation_coverage(example("Titan has lakes.", "It is large.", cited=["Titan has lakes."]))
    0.5
    """
    if outcome.answer is None or not (said := outcome.answer.statements):
        return None
    numbers = {citation.number for citation in outcome.answer.citations}
    return sum(not numbers.isdisjoint(one.citations) for one in said) / len(said)
