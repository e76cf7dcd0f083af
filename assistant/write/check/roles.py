"""Finds a statement that gives somebody the part that its source gives another.

It looks at who stands before and behind a verb that both share ("by" after a passive turns them
round), at the clause in which a name or number stands, at "from" against "to", and at names that
the source only mentions and the statement makes the doer.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from assistant.text import english as en
from assistant.text.words import Word, contents, is_verb
from assistant.write.check.clauses import Clause
from assistant.write.check.pairs import CitedStatement, Part, until_verb

_TAKING_UP = en.RELATIVE - {"whom", "where", "when"}
_VERB_WITHIN = 4
"""Words within which the verb of a subject stands."""
_SUBJECT_WITHIN = 8
"""Words within which the preposition of a name stands: "the Harbour Board's Office of ..."."""


def lift_subject(pair: CitedStatement) -> str | None:
    """Find a name that opens a clause as its subject and stands in the source in a phrase alone."""
    for words in (pair.words, *(part.clause.words for part in pair.parts)):
        end = next((n for n, word in enumerate(words) if is_verb(word)), 0)
        phrase = next((n for n in range(end) if words[n].lower in en.MENTIONING), end)
        names = [word for word in words[:phrase] if word.is_content and word.text[:1].isupper()]
        if not names:
            continue
        verbs = {word.term for word in words[end : end + _VERB_WITHIN]}
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
    for k in range(n - 1, max(0, n - _SUBJECT_WITHIN), -1):
        word = quote[k]
        if word.lower in en.MENTIONING:
            return True
        if word.lower == "by":  # "built by Holt": Holt built, and did nothing else
            return quote[k - 1].term not in verbs
        is_in_phrase = word.text[:1].isupper() or word.lower in en.ARTICLES
        if is_verb(word) or not is_in_phrase:
            return False
    return False


_DETERMINERS = en.ARTICLES | en.THEIR
_SMALL = _DETERMINERS | {"no", "all"}
_NEAR = 6
_FAR = 30  # words to each side, and
_REPEATS = 3  # places of a verb in the statement, and
_PLACES = 12  # places of a verb in a quote, so that the work is bounded


@dataclass(frozen=True, slots=True)
class _Roles:
    """Who does what a verb says and to whom."""

    agents: frozenset[str]
    patients: frozenset[str]
    names: frozenset[str]
    is_passive: bool
    may_be_passive: bool = False
    has_object: bool = False
    by: frozenset[str] = frozenset()


def swap_roles(pair: CitedStatement) -> str | None:
    """Find a verb that the source tells the other way round."""
    for part in pair.parts:
        places: dict[str, list[int]] = {}
        for n, word in enumerate(part.clause.words):
            places.setdefault(word.term, []).append(n)
        some = (n for found in places.values() for n in found[:_REPEATS])
        if any(_is_swapped(part.clause, n, pair) for n in some):
            return "it turns round who did what to whom in its source"
    return None


def misplace(pair: CitedStatement) -> str | None:
    """Find a name or a number whose own clause says less of this than another's clause does."""
    told = {word.term for quote in pair.quotes for word in quote if _is_name(word)}
    for part in pair.parts:
        names = frozenset(w.term for w in part.clause.words if _is_name(w)) & told
        subject = contents(_find_subject(part.clause.words)) & pair.terms
        own = [frozenset([name]) for name in names if name in subject]
        for one in [*own, subject] if subject else []:
            if _belongs_elsewhere(one, names | subject, part, pair):
                return "it tells of one name what its source tells of another"
        for number in (word.term for word in part.clause.words if word.lower[0].isdigit()):
            if _counts_elsewhere(number, part, pair):
                return f"its source gives the number {number} to something else"
    return None


def cross_object(pair: CitedStatement) -> str | None:
    """Find a verb with what stands behind another verb in the source, never behind this one."""
    for part in pair.parts:
        words = part.clause.words
        for n, verb in enumerate(words):
            if not verb.is_content or not is_verb(verb) or verb.term not in pair.terms:
                continue
            thing = next((w for w in words[n + 1 :] if w.is_content and not is_verb(w)), None)
            if thing and thing.term in pair.terms and _is_crossed(verb, thing, pair.clauses):
                return "it joins what its source tells of different things"
    return None


def turn_direction(pair: CitedStatement) -> str | None:
    """Find a name with "from" that the source has with "to", or the like."""
    told = {found for quote in pair.quotes for found in _find_directions(quote)}
    for direction, term in sorted(_find_directions(pair.words)):
        if (en.OPPOSITE_PREPOSITIONS[direction], term) in told and (direction, term) not in told:
            return f"its source says {en.OPPOSITE_PREPOSITIONS[direction]}, not {direction}"
    return None


def _is_crossed(verb: Word, thing: Word, clauses: Sequence[Clause]) -> bool:
    """Whether no clause has both, and another verb stands before each place of the thing."""
    having = [one.words for one in clauses if any(w.term == thing.term for w in one.words)]
    if any(word.term == verb.term for words in having for word in words):
        return False
    return all(_stands_behind(thing, words) for words in having)


def _stands_behind(thing: Word, words: Sequence[Word]) -> bool:
    """Whether a verb that a clause is about stands before a thing in it."""
    verbs = [n for n, word in enumerate(words) if is_verb(word) and word.is_content]
    places = [n for n, word in enumerate(words) if word.term == thing.term]
    return bool(verbs and places) and verbs[0] < places[0]


def _is_name(word: Word) -> bool:
    return word.text[:1].isupper() and word.is_content


def _is_swapped(clause: Clause, n: int, pair: CitedStatement) -> bool:
    """Whether all places of a shared verb that tell of the same things tell them the other way."""
    verb = clause.words[n]
    if not verb.is_content or _is_name(verb) or verb.term not in pair.terms:
        return False
    results = []
    for quote in pair.quotes:
        places = (k for k, word in enumerate(quote) if word.term == verb.term)
        for k in islice(places, _PLACES):
            word = quote[k]
            only_names = not any(is_verb(one) or one.lower in en.BASES for one in (verb, word))
            if only_names and _has_by(clause.words, n) != _has_by(quote, k):
                continue
            said = _read_roles(clause.words, n, only_names=only_names)
            results.append(_differ(said, _read_roles(quote, k, only_names=only_names)))
    return True in results and False not in results


def _has_by(words: Sequence[Word], n: int) -> bool:
    return any(word.lower == "by" for word in words[max(0, n - _FAR) : n + _FAR])


def _differ(said: _Roles, told: _Roles) -> bool | None:
    """Whether roles are turned round; None when they tell of nothing in common."""
    if said.agents & told.patients and said.patients & told.agents:
        return True
    if told.by and said.names and not said.names & told.agents:
        return True
    if (
        said.is_passive
        and not (told.is_passive or told.may_be_passive)
        and said.patients & told.agents
    ):
        return not said.patients & told.patients
    if said.has_object and told.is_passive and said.agents & told.patients:
        return not said.agents & told.agents
    if said.agents & told.agents or said.patients & told.patients:
        return False
    return None


def _read_roles(words: Sequence[Word], n: int, *, only_names: bool) -> _Roles:
    before, behind = words[max(0, n - _FAR) : n], words[n + 1 : n + 1 + _FAR]
    by = next((k for k, word in enumerate(behind[:_NEAR]) if word.lower == "by"), None)
    has_be = any(word.lower in en.BE for word in before[-3:])
    is_passive = not words[n].lower.endswith("ing") and (has_be or by == 0) and not only_names
    subject, rest = _things(before, only_names), _things(behind, only_names)
    if not is_passive:
        thing = next((word for word in behind if word.lower not in _SMALL), None)
        return _Roles(
            subject,
            rest,
            names=contents(word for word in before if _is_name(word)),
            is_passive=False,
            may_be_passive=any(word.lower in en.BE for word in before),
            has_object=thing is not None and thing.is_content,
        )
    doers = until_verb(behind[by + 1 :]) if by is not None else ()
    names = contents(word for word in doers if _is_name(word))
    agents = _things(doers, only_names)
    return _Roles(agents, subject, names=names, is_passive=True, by=names)


def _things(words: Sequence[Word], only_names: bool) -> frozenset[str]:
    return contents(word for word in words if _is_name(word) or not (only_names or is_verb(word)))


def _belongs_elsewhere(
    subject: frozenset[str], names: frozenset[str], part: Part, pair: CitedStatement
) -> bool:
    """Whether a clause without the subject and with another has more of what is told."""
    told = part.clause.terms - names
    having = [len(told & one.terms) for one in pair.clauses if subject & one.terms]
    return any(
        len(told & one.terms) > max(having, default=0) and _has_other_subject(one, told, names)
        for one in pair.clauses
        if not subject & one.terms
    )


def _find_subject(words: Sequence[Word]) -> Sequence[Word]:
    """Return what stands before the first verb, nothing where none is known."""
    end = next((n for n, word in enumerate(words) if is_verb(word)), 0)
    return words[:end]


def _has_other_subject(clause: Clause, told: frozenset[str], names: frozenset[str]) -> bool:
    """Whether a name or "the" something that is not the statement's stands before what is told."""
    words = clause.words
    for n, word in enumerate(words):
        if word.term in told or is_verb(word):
            return False
        if word.term in names or not word.is_content:
            continue
        is_thing = n > 0 and words[n - 1].lower in _DETERMINERS
        is_beside = n > 1 and words[n - 2].lower in en.BESIDE
        if _is_name(word) or (is_thing and not is_beside):
            return True
    return False


def _counts_elsewhere(number: str, part: Part, pair: CitedStatement) -> bool:
    told = frozenset(term for term in part.clause.terms if not term[0].isdigit())
    own = [len(told & one.terms) for one in pair.clauses if number in one.terms]
    if not own:
        return False
    others = (one for one in pair.clauses if number not in one.terms and _alike(number, one))
    return any(len(told & one.terms) > max(own) for one in others)


def _alike(number: str, clause: Clause) -> bool:
    """Whether a clause has a number of as many digits."""
    return any(term[0].isdigit() and len(term) == len(number) for term in clause.terms)


def _find_directions(words: Sequence[Word]) -> Iterator[tuple[str, str]]:
    for n, word in enumerate(words):
        behind = [one for one in words[n + 1 : n + 3] if one.lower not in _SMALL]
        if word.lower in en.OPPOSITE_PREPOSITIONS and behind and behind[0].is_content:
            yield word.lower, behind[0].term
