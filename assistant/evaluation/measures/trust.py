"""How far an answer can be trusted: the one figure that sums up a run.

In: an outcome. Out: a number between 0 and 1. Measures of citation alone do not say it: to copy
the top passage and cite it scores about 99 on both of ALCE's, and to abstain always is perfect by
refusal recall. So an answer has to be called for, to say what is accepted, and only then counts
as much as its citations are right. None for a question that the documents answer in part or that
could mean several things.

Source: our own; what it guards against is table 12 of ALCE (Gao et al. 2023).
"""

from assistant.evaluation.measures.correctness import contains_answer, holds_wrong
from assistant.evaluation.measures.documents import document_f1
from assistant.evaluation.measures.evidence import evidence_f1
from assistant.evaluation.measures.refusal import UNDECIDED
from assistant.evaluation.outcome import Outcome


def trusted(outcome: Outcome) -> float | None:
    """Return how well an answer that was called for is right and cited, or an abstention is due.

    An unanswerable question: 1.0 for an abstention, else 0.0. An answerable one: 0.0 for an
    abstention, an answer without an accepted string or one that holds a wrong one; else
    `evidence_f1`; without gold `document_f1`; without either 1.0.

    >>> from assistant.evaluation.measures.example import RINGS, example
    >>> trusted(example("It is Titan.", cited=["Titan"], gold=[["Titan has lakes."]]))  # 2*5/(5+14)
    0.5263157894736842
    >>> trusted(example("It is Io.", cited=["Titan"], gold=[["Titan has lakes."]]))
    0.0
    >>> trusted(example(question=RINGS))
    1.0
    """
    question, answer = outcome.question, outcome.answer
    if answer is None or question.kind in UNDECIDED:
        return None
    if not question.is_answerable:
        return float(answer.abstained)
    if answer.abstained or contains_answer(outcome) == 0.0 or holds_wrong(outcome) == 1.0:
        return 0.0
    for cited_rightly in (evidence_f1(outcome), document_f1(outcome)):
        if cited_rightly is not None:
            return cited_rightly
    return 1.0
