"""Says why a statement of a language model disagrees with the sentences it cites, if it does.

Numbers, dates, names, denials, reservations, speakers, extremes and parts must be those of the
quotes. The rules refuse too much rather than too little, since a refused statement is replaced by a
quote. They do not show that a statement is true: it may still say, in words that no rule knows,
what its source does not. English cues only.
"""

from collections.abc import Callable, Sequence

from assistant.text.english import EXCEPTIONS
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
from assistant.write.check.scope import drop_bound, drop_part, oppose, widen

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
    words = {word.lower for word in source.words if clause.denials} & EXCEPTIONS
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
