"""What was retrieved for each query of a question -> the retrieval to answer from, judged."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.answer.followup import choose, discount
from assistant.answer.scorer import EvidenceScorer, Judgement
from assistant.retrieve.retriever import Retrieval


def decide(found: Sequence[Retrieval], scorer: EvidenceScorer) -> tuple[Retrieval, Judgement]:
    """Return the retrieval with the most evidence, and its judgement.

    Args:
        found: one a query; the first is of the question by itself, the others carry words over
            from the conversation.
        scorer: judges each of them.
    """
    place, judgement = choose([scorer.judge(one) for one in found])
    if not place:
        return found[0], judgement
    # Carried words found the passages; the question's own say which sentence answers.
    own = scorer.judge(discount(found[place], found[0].query))
    return found[place], replace(own, log_odds=judgement.log_odds)
