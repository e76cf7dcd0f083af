"""How much of the answer stands on a citation at all.

In: an outcome. Out: a share of statements; None when nothing was said. Whether the citation
supports the statement is not asked: that needs a judge.

Source: the first half of citation recall in ALCE (Gao et al. 2023, section 3.3), where a sentence
without a citation, or with a number that stands for none, counts as uncited.
"""

from assistant.evaluation.outcome import Outcome


def citation_coverage(outcome: Outcome) -> float | None:
    """Return the share of the statements with at least one citation.

    >>> from assistant.evaluation.measures.example import example
    >>> citation_coverage(example("Titan has lakes.", "It is large.", cited=["Titan has lakes."]))
    0.5
    """
    if outcome.answer is None or not (said := outcome.answer.statements):
        return None
    numbers = {citation.number for citation in outcome.answer.citations}
    return sum(not numbers.isdisjoint(one.citations) for one in said) / len(said)
