"""What was retrieved for each query of a question -> the retrieval to answer from, judged."""

from collections.abc import Sequence

from assistant.answer.followup import choose, discount, settle
from assistant.answer.scorer import EvidenceScorer, Judgement
from assistant.retrieve.retriever import Retrieval


def decide(found: Sequence[Retrieval], scorer: EvidenceScorer) -> tuple[Retrieval, Judgement]:
    """Return the retrieval with the most evidence, and its judgement.

    Args:
        found: one a query; the first is of the question by itself, the others carry words over
            from the conversation.
        scorer: judges each of them.
    """
    alone = found[0].query
    judged = [scorer.judge(one) for one in found]
    place = choose(alone, judged)
    if not place:
        return found[0], judged[0]
    # Carried words found the passages; the question's own say which sentence answers.
    own = scorer.judge(discount(found[place], alone))
    return found[place], settle(alone, judged[0], judged[place], own)
