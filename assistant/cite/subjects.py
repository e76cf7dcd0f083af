"""A pair -> whether a name that its source only mentions is made the doer.

"Ann Holt, the founder of the Harrow mill, spoke" does not say that the Harrow mill spoke. Pure.
"""

from collections.abc import Sequence, Set

from assistant.cite.pairs import Pair
from assistant.cite.words import Word, is_verb

_MENTIONING = frozenset("of in at for with from on near under behind before after during".split())
"""Prepositions that no doer stands behind; "according to" has one."""
_TAKING_UP = frozenset("which who whose that".split())
_ARTICLES = frozenset("the a an".split())
_NEAR = 4
"""Words within which the verb of a subject stands."""
_FAR = 8
"""Words within which the preposition of a name stands: "the Harbour Board's Office of ..."."""


def lift_subject(pair: Pair) -> str | None:
    """Find a name that opens a clause as its subject and stands in the source in a phrase alone."""
    for words in (pair.words, *(part.clause.words for part in pair.parts)):
        end = next((n for n, word in enumerate(words) if is_verb(word)), 0)
        phrase = next((n for n in range(end) if words[n].lower in _MENTIONING), end)
        names = [word for word in words[:phrase] if word.is_content and word.text[:1].isupper()]
        if not names:
            continue
        verbs = {word.term for word in words[end : end + _NEAR]}
        places = [
            (quote, n)
            for quote in pair.quotes
            for n, word in enumerate(quote)
            if word.term == names[-1].term and word.text[:1].isupper()
        ]
        if places and all(_is_mentioned(quote, n, verbs) for quote, n in places):
            return f"it tells of {names[-1].text} what its source tells of another"
    return None


def _is_mentioned(quote: Sequence[Word], n: int, verbs: Set[str]) -> bool:
    """Whether a name's last word ends a phrase that a preposition opens, right before it.

    In "on Ostra Island, which has no hospital" it is the doer all the same.
    """
    if any(word.lower in _TAKING_UP for word in quote[n + 1 : n + 2]):
        return False
    for k in range(n - 1, max(0, n - _FAR), -1):
        word = quote[k]
        if word.lower in _MENTIONING:
            return True
        if word.lower == "by":  # "built by Holt": Holt built, and did nothing else
            return quote[k - 1].term not in verbs
        is_in_phrase = word.text[:1].isupper() or word.lower in _ARTICLES
        if is_verb(word) or not is_in_phrase:
            return False
    return False
