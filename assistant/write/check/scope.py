"""Finds a statement that says more than its source: all for some, opposites, the most.

English cues, in groups of words that mean the same.
"""

from collections.abc import Sequence

from assistant.text import english as en
from assistant.text.cues import has_opposite
from assistant.text.words import Word, find_term, write_plain
from assistant.write.check.pairs import CitedStatement


def widen(pair: CitedStatement) -> str | None:
    """Find an "all", "only" or a superlative that the source does not have there."""
    for n, word in enumerate(pair.words):
        group = _find_group(word)
        if group and not _is_told(group, word, _find_next(pair.words, n), pair):
            return f"it says {word.text.lower()}, its source does not"
    return None


def drop_part(pair: CitedStatement) -> str | None:
    """Find a "some" or "most" of the source that the statement leaves out."""
    has_partial = {word.lower for word in pair.words} & en.PARTIAL
    said = {word.term for word in pair.words}
    for quote in pair.quotes:
        for n, word in enumerate(quote):
            if word.lower not in en.PARTIAL or has_partial:
                continue
            thing = _find_next(quote, n)
            if thing and thing.term in said and not thing.term[0].isdigit():
                return f"it leaves out that its source says {word.text.lower()}"
    return None


def drop_bound(pair: CitedStatement) -> str | None:
    """Find a number whose "about" or "more than" is not the source's."""
    told: dict[str, set[str]] = {}
    for quote in pair.quotes:
        for n, word in enumerate(quote):
            told.setdefault(word.term, set()).add(_find_bound(quote, n))
    for n, word in enumerate(pair.words):
        if not word.lower[0].isdigit() and word.before[-1:] not in ("$", "€", "£"):
            continue
        bounds = told.get(word.term)
        if bounds and _find_bound(pair.words, n) not in bounds:
            return f"its source does not give {word.text} as it does"
    return None


def oppose(pair: CitedStatement) -> str | None:
    """Find a word of the statement whose opposite the source has in its place."""
    reason = "it has the opposite of a word of its source"
    cited = " ".join(write_plain(quote) for quote in pair.quotes)
    if has_opposite(write_plain(pair.words), cited):
        return reason
    for part in pair.parts:
        said = write_plain(part.clause.words)
        if any(has_opposite(said, write_plain(pick.clause.words)) for pick in part.picks):
            return reason
    return reason if _has_prefixed(pair) else None


def _has_prefixed(pair: CitedStatement) -> bool:
    """Whether "safe" stands for "unsafe" or the reverse."""
    told = {bare for quote in pair.quotes for word in quote for bare in _strip(word)}
    return any(
        word.term in told or any(bare in pair.terms for bare in _strip(word))
        for word in pair.words
        if word.is_content and word.term not in pair.terms
    )


def _strip(word: Word) -> list[str]:
    bare = [word.lower[len(p) :] for p in en.NEGATING_PREFIXES if word.lower.startswith(p)]
    return [find_term(rest) for rest in bare if len(rest) > 3]


def _find_group(word: Word) -> frozenset[str] | None:
    for group in en.EXTENTS:
        if word.lower in group:
            return group | en.NONE if word.lower in en.NONE else group
    is_superlative = len(word.lower) > 4 and word.lower.endswith("est")
    if word.lower in en.NO_SUPERLATIVES or word.text[:1].isupper():
        return None
    return frozenset([word.term]) if is_superlative else None


def _is_told(group: frozenset[str], word: Word, thing: Word | None, pair: CitedStatement) -> bool:
    """Whether a quote has a word of the group, in the clause of what it is said of."""
    wanted = group | {word.term}
    having = [
        clause
        for clause in pair.clauses
        if any(one.lower in wanted or one.term in wanted for one in clause.words)
    ]
    if thing is None or thing.term not in pair.terms:
        return bool(having)
    return any(any(thing.term == one.term for one in clause.words) for clause in having)


def _find_next(words: Sequence[Word], n: int) -> Word | None:
    return next((word for word in words[n + 1 : n + 5] if word.is_content), None)


def _find_bound(words: Sequence[Word], n: int) -> str:
    """Return how the number at a place is bounded: "near", "over", "under" or not."""
    last = words[n - 1].lower if n else ""
    before = words[n - 2].lower if n > 1 else ""
    if last == "than":
        return en.BOUNDS_THAN.get(before, "")
    if last in en.BOUNDS_AT and before == "at":
        return en.BOUNDS_AT[last]
    if last == "to" and before == "up":
        return "under"
    return en.BOUNDS.get(last, "")
