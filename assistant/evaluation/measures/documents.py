"""Whether the cited documents are those that hold the answer.

In: an outcome. Out: precision, recall and F1 over documents, each counted once. None for an
unanswerable question and one whose documents are not known.

Source: citation precision and recall of the TREC RAG track, with the documents that a set marks
in the place of judges.
"""

from assistant.evaluation.outcome import Outcome


def document_precision(outcome: Outcome) -> float | None:
    """Return the share of the cited documents that hold the answer; None when none was cited.

    >>> from assistant.evaluation.measures.example import example
    >>> document_precision(example("It is Titan.", cited=["Titan", "volcanoes"]))
    0.5
    """
    if (sides := _sides(outcome)) is None or not sides[0]:
        return None
    cited, right = sides
    return len(cited & right) / len(cited)


def document_recall(outcome: Outcome) -> float | None:
    """Return the share of the documents that hold the answer that was cited.

    >>> from assistant.evaluation.measures.example import example
    >>> document_recall(example("It is Titan.", cited=["Titan", "volcanoes"]))
    1.0
    """
    if (sides := _sides(outcome)) is None:
        return None
    cited, right = sides
    return len(cited & right) / len(right)


def document_f1(outcome: Outcome) -> float | None:
    """Return the harmonic mean of precision and recall; 0.0 for an abstention.

    >>> from assistant.evaluation.measures.example import example
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
