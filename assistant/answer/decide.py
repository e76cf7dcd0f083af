"""What was retrieved for each query of a question -> the retrieval to answer from, judged."""

from collections.abc import Sequence

from assistant.answer.followup import choose, discount, settle, unite
from assistant.answer.scorer import EvidenceScorer, Judgement
from assistant.retrieve.retriever import Retrieval


def decide(found: Sequence[Retrieval], scorer: EvidenceScorer) -> tuple[Retrieval, Judgement]:
    """Return what was retrieved for the query with the most evidence, and its judgement.

    With carried words in the query, what the question found by itself is read too.

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
    # Carried words chose what is searched for; the question's own say which sentence answers, of
    # what either has found: it may be about something new after all.
    read = unite(found[place], found[0])
    own = scorer.judge(discount(read, alone))
    return read, settle(alone, judged[0], judged[place], own)
