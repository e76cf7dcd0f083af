"""A language model's statement x the quotes that it cites -> what they disagree about."""

from collections.abc import Callable, Sequence

Rule = Callable[[str, Sequence[str], str], str | None]
RULES: tuple[Rule, ...] = ()


def disagreement(statement: str, quotes: Sequence[str], context: str = "") -> str | None:
    """Return what the statement says otherwise than its quotes, None when they agree.

    Args:
        statement: a sentence.
        quotes: the sentences that it cites.
        context: where a name may stand too.
    """
    return next((why for rule in RULES if (why := rule(statement, quotes, context))), None)
