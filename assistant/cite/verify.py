"""A statement x the text it cites -> a verdict. Deterministic.

A statement is supported when the cited text says it word for word; whitespace may differ.
"""

from collections.abc import Sequence

from assistant.cite.locate import locate
from assistant.values import Verdict


def verify(statement: str, quotes: Sequence[str]) -> Verdict:
    r"""Return whether the cited quotes support the statement.

    >>> verify("It rained.", ["It\nrained."]).value
    'supported'
    >>> verify("It did not rain.", ["It rained."]).value
    'unsupported'
    """
    if not quotes:
        return Verdict.UNKNOWN_SOURCE
    is_said = any(locate(statement, quote) is not None for quote in quotes)
    return Verdict.SUPPORTED if is_said else Verdict.UNSUPPORTED
