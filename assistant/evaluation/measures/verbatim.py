"""Whether the cited document says what is quoted, there where the citation points.

In: an outcome. Out: a share, None without citations. Source: the quoted spans of Ragas, made
strict in three ways. Ragas searches all sources at once, so that words credited to the wrong
document pass; it folds case and whitespace; it gives 0.0 to an answer without quotes. Here the
characters at the span are the quote, which implies that the cited document holds it.
"""

from assistant.evaluation.outcome import Outcome


def verbatim(outcome: Outcome) -> float | None:
    """Return the share of the citations whose quote stands at their span of their document.

    >>> from assistant.evaluation.measures.example import cite, example
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
