"""A statement x the text it cites -> a verdict. Deterministic.

A statement is supported when it is one of the quotes, whole and word for word; whitespace may
differ. A part of a quote is not enough: it may say what the whole denies.
"""

from collections.abc import Sequence

from assistant.cite.locate import locate
from assistant.values import Verdict


def verify(statement: str, quotes: Sequence[str]) -> Verdict:
    r"""Return whether the cited quotes support the statement.

    >>> verify("It rained.", ["It\nrained."]).value
    'supported'
    >>> verify("It rained.", ["Nobody thinks that It rained."]).value
    'unsupported'
    """
    if not quotes:
        return Verdict.UNKNOWN_SOURCE
    is_said = any(locate(statement, quote) == (0, len(quote)) for quote in quotes)
    return Verdict.SUPPORTED if is_said else Verdict.UNSUPPORTED
