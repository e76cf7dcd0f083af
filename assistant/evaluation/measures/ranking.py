"""How well the passages that were retrieved lead to the documents and the evidence.

In: an outcome, whose ranking is of passages. Out: figures over documents, each ranked where its
first passage is, and `evidence_recall_at` over the passages themselves. None for an unanswerable
question, one without what it is judged by, and when no ranking was asked for; 0 for a ranking that
found nothing.

Source: trec_eval (recall, ndcg_cut, recip_rank); the gain of nDCG is the grade itself (Jarvelin
and Kekalainen 2002). `all_gold_at_10` asks what a question over several documents needs.
"""

import math
from collections.abc import Callable, Iterable

from assistant.evaluation.values import Outcome
from assistant.values import Span

CUT = 10


def recall_at(k: int) -> Callable[[Outcome], float | None]:
    """Return the measure: the share of the relevant documents among the first k.

    >>> recall_at(1)(example(ranking=["volcanoes", "lakes"]))
    0.0
    """

    def measure(outcome: Outcome) -> float | None:
        if not (grades := _grades(outcome)):
            return None
        return sum(document in grades for document in _documents(outcome)[:k]) / len(grades)

    return measure


def ndcg_at_10(outcome: Outcome) -> float | None:
    """Return the discounted gain of the first ten documents, relative to the best order.

    The document of grade g and rank r adds g / log2(r + 1).

    >>> round(ndcg_at_10(example(ranking=["volcanoes", "lakes"])), 3)  # 1 / log2(3)
    0.631
    """
    if not (grades := _grades(outcome)):
        return None
    gained = _discount(grades.get(document, 0) for document in _documents(outcome)[:CUT])
    return gained / _discount(sorted(grades.values(), reverse=True)[:CUT])


def reciprocal_rank(outcome: Outcome) -> float | None:
    """Return 1 / the rank of the first relevant document; 0.0 when it is not in the first ten.

    >>> reciprocal_rank(example(ranking=["volcanoes", "lakes"]))
    0.5
    """
    if not (grades := _grades(outcome)):
        return None
    documents = _documents(outcome)[:CUT]
    return next((1 / rank for rank, one in enumerate(documents, start=1) if one in grades), 0.0)


def all_gold_at_10(outcome: Outcome) -> float | None:
    """Return 1.0 if every relevant document is among the first ten, else 0.0.

    >>> all_gold_at_10(example(ranking=["volcanoes", "lakes"]))
    1.0
    """
    if not (grades := _grades(outcome)):
        return None
    return float(grades.keys() <= set(_documents(outcome)[:CUT]))


def evidence_recall_at(k: int) -> Callable[[Outcome], float | None]:
    """Return the measure: the share of the gold that one of the first k passages overlaps.

    Of several sets of gold the best counts.

    >>> gold = [["Titan has lakes.", "Io has volcanoes."]]
    >>> evidence_recall_at(1)(example(gold=gold, ranking=["volcanoes", "lakes"]))
    0.5
    """

    def measure(outcome: Outcome) -> float | None:
        if not (outcome.question.is_answerable and outcome.gold) or outcome.ranking is None:
            return None
        passages = outcome.ranking[:k]
        return max(
            sum(any(_overlap(span, one) for one in passages) for span in together) / len(together)
            for together in outcome.gold
        )

    return measure


def _grades(outcome: Outcome) -> dict[str, int]:
    """Return the relevant documents with their grades; none when the ranking cannot be judged."""
    question = outcome.question
    if not question.is_answerable or outcome.ranking is None:
        return {}
    graded = dict(question.grades) or dict.fromkeys(question.documents, 1)
    return {document: grade for document, grade in graded.items() if grade > 0}


def _documents(outcome: Outcome) -> list[str]:
    return list(dict.fromkeys(span.document_id for span in outcome.ranking or ()))


def _discount(grades: Iterable[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _overlap(one: Span, other: Span) -> bool:
    is_same = one.document_id == other.document_id
    return is_same and one.start < other.end and other.start < one.end
