"""Splits a sentence into clauses, and finds what each denies or leaves open.

A clause ends at a comma or the like and at "but", "although" ..., at "and" and "when" only where
verbs stand on both sides. The scope of a denial is the words behind the cue, and the next clauses
as long as they have no verb of their own. English cues only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.text import english as en
from assistant.text.words import Word, is_verb

_JOINTS = frozenset({"and", "when", "because"})
_ENDS = frozenset(',;:()[]—–"')
_LEAD = 6  # words at most that lead to a clause: what is longer has a verb that is not known
_NO_VERB_YET = en.RELATIVE | {"a", "an"}
_HEDGES_ASKED = frozenset(["asked"])
_CONDITIONAL = frozenset(["conditional"])


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a sentence.

    Attributes:
        opener: "," or the like, or the word that it begins behind ("and", "but"), "." for the
            first of a sentence.
        terms: what it is about, without the cues.
        denials: how many times it denies; 0 also where it goes on with a denial.
        denied: the terms that it denies, None if it denies nothing.
        before: the terms before its own denial.
        hedges: each cue's classes.
        open: the terms that it leaves open, None if it is certain.
    """

    words: tuple[Word, ...]
    opener: str
    terms: frozenset[str]
    has_verb: bool
    denials: int
    denied: frozenset[str] | None
    before: frozenset[str]
    hedges: tuple[frozenset[str], ...]
    open: frozenset[str] | None


@dataclass(slots=True)
class _State:
    """What goes on from clause to clause: a denial, hedges, a condition of the whole sentence."""

    is_denied: bool = False
    is_passed_on: bool = False
    hedges: tuple[frozenset[str], ...] = ()


def divide(words: Sequence[Word]) -> list[Clause]:
    """Return the clauses of one or more sentences.

    >>> from assistant.text.words import read
    >>> clauses = divide(read("He did not go to Rome, but built the mill in 1843."))
    >>> [(sorted(clause.terms), sorted(clause.denied or ())) for clause in clauses]
    [(['go', 'rome'], ['go', 'rome']), (['1843', 'build', 'mill'], [])]
    """
    clauses: list[Clause] = []
    state = _State()
    for opener, part in _merge(_cut(words)):
        if opener in en.CONTRAST or opener == ".":
            state = _State()
        clauses.append(_mark(opener, part, state))
    return _spread_conditions(clauses)


def name_hedge(clause: Clause, kind: frozenset[str]) -> str:
    """Return the word by which a clause leaves something open, "if" when another clause does."""
    hedges = _find_hedges(clause.words)
    found = (clause.words[n].lower for n, classes in hedges.items() if classes == kind)
    return next(found, "if")


def _cut(words: Sequence[Word]) -> list[tuple[str, list[Word]]]:
    parts: list[tuple[str, list[Word]]] = []
    for n, word in enumerate(words):
        opener = _find_opener(words, n)
        if opener or not parts:
            parts.append((opener or ".", []))
        parts[-1][1].append(word)
    return parts


def _find_opener(words: Sequence[Word], n: int) -> str | None:
    """Return what a clause begins behind at a word, None where none begins."""
    word = words[n]
    if n and _ends_sentence(words[n - 1], word):
        return "."
    if word.lower in en.CONTRAST:
        return word.lower
    mark = next((char for char in word.before if char in _ENDS), None) if n else None
    if word.lower in _JOINTS:
        return word.lower
    if len(word.lower) == 4 and word.lower.isdigit() and n and words[n - 1].lower.isdigit():
        return None  # "7 July" or "July 7, 1969"
    return mark


def _ends_sentence(word: Word, following: Word) -> bool:
    gap = following.before
    if not any(mark in gap for mark in ".!?\n") or not following.text[:1].isupper():
        return any(mark in gap for mark in "!?")
    return len(word.text) > 2 or word.text.isdigit()


def _merge(parts: list[tuple[str, list[Word]]]) -> list[tuple[str, list[Word]]]:
    """Join what has no verb on one side of an "and", and what leads to a first clause."""
    merged: list[tuple[str, list[Word]]] = []
    for opener, part in parts:
        last = merged[-1] if merged else None
        is_joined = last is not None and (
            (opener in _JOINTS and not (_has_verb(part) and _has_verb(last[1])))
            or (opener not in en.CONTRAST | {"."} and _leads(last, part, is_first=len(merged) == 1))
        )
        if is_joined and last is not None:
            last[1].extend(part)
        else:
            merged.append((opener, list(part)))
    return merged


def _leads(last: tuple[str, list[Word]], part: Sequence[Word], *, is_first: bool) -> bool:
    begins = is_first or last[0] in en.CONTRAST | {"."}
    is_short = len(last[1]) <= _LEAD and not _has_verb(last[1]) and not _find_hedges(last[1])
    return begins and is_short and part[0].lower not in _NO_VERB_YET


def _has_verb(words: Sequence[Word]) -> bool:
    return any(
        is_verb(word) or (word.lower in en.HEDGES_TO and word.after == " " and behind.lower == "to")
        for word, behind in zip(words, [*words[1:], *words[-1:]], strict=True)
    )


def _mark(opener: str, words: Sequence[Word], state: _State) -> Clause:
    if words[0].lower == "according":
        state = _State()  # a speaker's name is neither denied nor left open
    denials = _find_denials(words)
    hedges = _find_hedges(words)
    cues = {*denials, *hedges}
    terms = _terms(words, cues)
    has_verb = _has_verb(words)
    goes_on = not has_verb or words[0].lower in ("that", "or", "nor")
    is_denied = bool(denials) or state.is_passed_on or (state.is_denied and goes_on)
    scope = _find_scope(words, denials, cues) if denials else terms
    found = tuple(hedges.values()) or (state.hedges if goes_on else ())
    open_ = _find_scope(words, list(hedges), cues) if hedges else terms
    before = _terms(words[: denials[0]], cues) if denials else frozenset()
    state.is_passed_on = state.is_passed_on or _passes_on(words, denials)
    state.is_denied, state.hedges = is_denied, found
    return Clause(
        words=tuple(words),
        opener=opener,
        terms=terms,
        has_verb=has_verb,
        denials=len(denials),
        denied=scope if is_denied else None,
        before=before,
        hedges=found,
        open=open_ if found else None,
    )


def _passes_on(words: Sequence[Word], denials: list[int]) -> bool:
    """Whether what a clause denies goes on behind it, whatever verbs come: "denied that ..."."""
    if not denials:
        return False
    behind = words[denials[0] + 1 :]
    if words[denials[0]].lower in ("not", "never") and not behind:
        return True
    is_telling = words[denials[0]].lower in en.DENYING_THAT and len(behind) > 1
    return is_telling or any(word.lower == "that" for word in behind)


def _terms(words: Sequence[Word], cues: Iterable[int]) -> frozenset[str]:
    skipped = frozenset(cues)
    return frozenset(w.term for n, w in enumerate(words) if w.is_content and n not in skipped)


def _find_scope(words: Sequence[Word], found: list[int], cues: set[int]) -> frozenset[str]:
    """Return the terms behind the first cue, all where none are or a passive denies its subject."""
    first = found[0]
    behind = frozenset(
        word.term for n, word in enumerate(words) if n > first and word.is_content and n not in cues
    )
    is_passive = words[first].lower.endswith(("ed", "en")) and any(
        word.lower in en.BE for word in words[max(0, first - 3) : first]
    )
    is_all = words[first].lower in en.DENYING_ALL or is_passive
    return behind if behind and not is_all else _terms(words, cues)


def _find_denials(words: Sequence[Word]) -> list[int]:
    found = []
    has_neither = any(word.lower == "neither" for word in words)
    for n, word in enumerate(words):
        behind = words[n + 1].lower if n + 1 < len(words) else ""
        if word.lower in en.DENYING_TO and behind == "to":
            found.append(n)
        if word.lower not in en.DENYING or (word.lower == "nor" and has_neither):
            continue
        is_only = word.lower == "not" and behind in ("only", "just", "merely")
        is_numero = word.lower == "no" and word.after[:1] == "." and behind[:1].isdigit()
        if not is_only and not is_numero:
            found.append(n)
    return found


def _find_hedges(words: Sequence[Word]) -> dict[int, frozenset[str]]:
    found = {}
    for n, word in enumerate(words):
        behind = words[n + 1].lower if n + 1 < len(words) else ""
        classes = en.HEDGES.get(word.lower)
        if word.lower == "may" and (word.text == "May" or behind[:1].isdigit()):
            continue
        if classes is None and behind == "to":
            classes = en.HEDGES_TO.get(word.lower)
        if word.lower in en.ASKING_TO and any(one.lower == "to" for one in words[n + 1 : n + 6]):
            classes = _HEDGES_ASKED
        if classes is not None:
            found[n] = classes
    return found


def _spread_conditions(clauses: list[Clause]) -> list[Clause]:
    """Leave all of a sentence open that one of its clauses makes conditional."""
    found: list[Clause] = []
    start = 0
    for n in range(len(clauses)):
        if n + 1 < len(clauses) and clauses[n + 1].opener != ".":
            continue
        sentence = clauses[start : n + 1]
        start = n + 1
        if any(_CONDITIONAL in one.hedges for one in sentence):
            sentence = [_hedge(one) for one in sentence]
        found += sentence
    return found


def _hedge(clause: Clause) -> Clause:
    return replace(clause, hedges=(*clause.hedges, _CONDITIONAL), open=clause.terms)
