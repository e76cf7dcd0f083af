"""Says why a statement of a language model disagrees with the sentences it cites, if it does.

Numbers, dates, names, denials, reservations, speakers, extremes and parts must be those of the
quotes. The rules refuse too much rather than too little, since a refused statement is replaced by a
quote. They do not show that a statement is true: it may still say, in words that no rule knows,
what its source does not. English cues only.
"""

from collections.abc import Callable, Sequence

from assistant.text import english as en
from assistant.text.cues import has_opposite
from assistant.text.words import Word, find_term, write_plain
from assistant.write.check.clauses import name_hedge
from assistant.write.check.facts import (
    find_new_date,
    find_new_matter,
    find_new_name,
    find_new_number,
    find_other_count,
)
from assistant.write.check.pairs import Attribution, CitedStatement, Part, Pick, differ, pair
from assistant.write.check.roles import (
    cross_object,
    lift_subject,
    misplace,
    swap_roles,
    turn_direction,
)

MAX_STATEMENT = 500
MAX_CITED = 4_000
"""Characters: what is longer than a sentence, or than a few, is not compared."""

_DENIED = "what it cites denies this"
_DENIES = "it denies what it cites"


def disagreement(statement: str, quotes: Sequence[str], context: str = "") -> str | None:
    """Return why a statement disagrees with the quotes that it cites, None when it agrees.

    Args:
        statement: one sentence.
        quotes: the sentences that it cites, whole.
        context: text in which a name may also stand: a title, a heading, the sentence before.

    >>> disagreement("Hertz built it in 1843.", ["Hertz built it in 1834."])
    'the number 1843 is not in what it cites'
    >>> disagreement("Hertz built it.", ["Hertz built it in 1834."]) is None
    True
    """
    said = " ".join(statement.split())
    if not said or not quotes:
        return "it cites nothing" if said else "it says nothing"
    if said in {" ".join(quote.split()) for quote in quotes}:
        return None
    if len(statement) > MAX_STATEMENT or sum(map(len, quotes)) > MAX_CITED:
        return "it is too long to be compared"
    compared = pair(said, quotes, context[:MAX_CITED])
    reasons = (rule(compared) for rule in RULES)
    return next((reason for reason in reasons if reason), None)


def keep_denial(compared: CitedStatement) -> str | None:
    """Find a clause that denies what its source asserts, or the reverse."""
    for part in compared.parts:
        denied = part.clause.denied
        reason = _assert(part) if denied is None else _deny(part, denied)
        if reason:
            return reason
    return None


def keep_speaker(compared: CitedStatement) -> str | None:
    """Find a clause that tells somebody's words as a fact, a fact as words, or another's words."""
    context = frozenset(word.term for word in compared.context)
    for part in compared.parts:
        for pick in part.picks:
            told = [frame for frame in pick.frames if frame.scope & pick.covered]
            reason = _compare_frames(part, pick, told, context)
            if reason:
                return reason
    return None


def keep_reservation(compared: CitedStatement) -> str | None:
    """Find a clause that is certain where its source is not, or the reverse."""
    for part in compared.parts:
        said = part.clause.hedges
        first = part.picks[0] if part.picks else None
        for pick in part.picks:
            open_ = pick.clause.open or frozenset()
            is_open = bool(pick.covered & open_) or (pick is first and part.clause.has_verb)
            lost = [kind for kind in pick.clause.hedges if not any(kind & own for own in said)]
            if is_open and lost:
                return f"it is certain where its source says {name_hedge(pick.clause, lost[0])}"
        told = [kind for pick in part.picks for kind in pick.clause.hedges]
        if first and any(not any(kind & one for one in told) for kind in said):
            return "it leaves open what its source says"
    return None


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


RULES: tuple[Callable[[CitedStatement], str | None], ...] = (
    find_new_number,
    find_new_date,
    find_new_name,
    find_other_count,
    find_new_matter,
    keep_denial,
    keep_speaker,
    keep_reservation,
    widen,
    drop_part,
    drop_bound,
    oppose,
    swap_roles,
    lift_subject,
    misplace,
    cross_object,
    turn_direction,
)
"""What a statement has to pass, in the order in which reasons are given."""


def _assert(part: Part) -> str | None:
    for n, pick in enumerate(part.picks):
        denied = pick.clause.denied
        if denied is None:
            continue
        if pick.covered & denied or (n == 0 and part.clause.has_verb and pick.clause.has_verb):
            return _DENIED
    return None


def _deny(part: Part, denied: frozenset[str]) -> str | None:
    denying = [pick for pick in part.picks if pick.clause.denied is not None]
    if not denying:
        return _DENIES
    for pick in part.picks:
        if pick.clause.denied is None and pick.covered & denied:
            return _DENIES
    clause, source = part.clause, denying[0].clause
    if max(clause.denials, source.denials) > 1 and clause.denials != source.denials:
        return _DENIES
    is_same = bool(clause.before & source.before) or clause.before <= source.terms
    if clause.before and source.before and not is_same:
        return "it denies of one what its source denies of another"
    if not denying[0].covered & (source.denied or frozenset()) and clause.has_verb:
        return _DENIES
    words = {word.lower for word in source.words if clause.denials} & en.EXCEPTIONS
    left_out = words - {word.lower for word in clause.words}
    return f"it leaves out {min(left_out)} of its source" if left_out else None


def _compare_frames(
    part: Part, pick: Pick, told: Sequence[Attribution], context: frozenset[str]
) -> str | None:
    said = [frame for frame in part.frames if frame.scope & pick.covered]
    if told and not part.frames:
        who = f" {told[0].shown}" if told[0].shown else ""
        return f"it leaves out that this is what{who or ' somebody'} said"
    if said and not pick.frames:
        return "it gives to a speaker what its source says itself"
    reasons = (differ(frame, told or pick.frames, context) for frame in said)
    return next((reason for reason in reasons if reason), None)


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
