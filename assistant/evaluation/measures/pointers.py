"""Whether a citation leads to a place that exists.

In: an outcome. Out: a share, None without citations. What the place says is `verbatim`'s concern.
Source: what Anthropic's and Cohere's citations guarantee by their structure; a citation to what
does not exist counts as wrong here, where the script of ALCE (Gao et al. 2023) leaves it out.
"""

from assistant.evaluation.outcome import Outcome


def pointer_validity(outcome: Outcome) -> float | None:
    """Return the share of the citations whose document exists and holds their span.

    >>> from assistant.evaluation.measures.example import cite, example
    >>> nowhere = cite("titan.txt", 90, 99)
    >>> pointer_validity(example("It is Titan.", cited=["Titan has lakes.", nowhere]))
    0.5
    """
    if outcome.answer is None or not (cited := outcome.answer.citations):
        return None
    lengths = {name: len(text) for name, text in outcome.texts.items()}
    exist = [0 <= one.start < one.end <= lengths.get(one.document_id, 0) for one in cited]
    return sum(exist) / len(exist)
