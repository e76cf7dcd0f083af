"""A quote -> its span in a text: exactly, or else but for whitespace. Nothing fuzzier."""

import re


def locate(quote: str, text: str) -> tuple[int, int] | None:
    r"""Return the span of the first place where `text` says `quote`, or None.

    An exact place goes before one that differs in whitespace. What is returned never differs
    from the quote in anything else, and begins and ends with a character of the quote.

    >>> locate("two words", "in two\n words")
    (3, 13)
    """
    words = quote.split()
    if not words:
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return found.span() if found else None
