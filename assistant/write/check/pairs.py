"""Matches the clauses of a statement with those of the quotes, and says who says each of them.

The clauses of the quotes that share most of a clause's words are its picks; what a rule finds wrong
with a pick counts against that clause. The work is bounded by the caller's limits on length.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.text import english as en
from assistant.text.words import Word, contents, is_verb, read
from assistant.write.check.clauses import Clause, divide

_DETERMINERS = en.ARTICLES | en.THEIR | (en.DEMONSTRATIVES - {"that"}) | {"of", "no", "any", "such"}
"""Behind "that" a verb has a doer: "the man that claims"."""
_PRONOUNS = en.PERSONAL | en.THEIR | {"who", "which"}
_BACK = 12  # clauses of a sentence to look back for what is said, or for who says it
_TIMES = en.DAYS | frozenset(en.MONTHS)


@dataclass(frozen=True, slots=True)
class Attribution:
    """Somebody's words within a sentence.

    Attributes:
        speaker: the terms that name who says it, none where it is a pronoun or nobody.
        names: those of them that have a capital.
        is_pronoun: whether a pronoun says it.
        cue: the term of what makes it somebody's words.
        shown: who says it, for people.
        scope: the terms that are said in this clause.
    """

    speaker: frozenset[str]
    names: frozenset[str]
    is_pronoun: bool
    cue: str
    is_factive: bool
    shown: str
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Cue:
    """Where a clause says that somebody says something, who, and what of the clause is said."""

    speaker: tuple[Word, ...]
    said: tuple[Word, ...]
    word: Word
    reaches_back: bool


def find_frames(clauses: Sequence[Clause]) -> list[list[Attribution]]:
    """Return whose words each clause is, none where it is the author's.

    >>> from assistant.write.check.clauses import divide
    >>> from assistant.text.words import read
    >>> said = divide(read("Hertz said that it was safe, but it burned."))
    >>> [[frame.shown for frame in frames] for frames in find_frames(said)]
    [['Hertz'], []]
    """
    found: list[list[Attribution]] = [[] for _ in clauses]
    current: Attribution | None = None
    start = 0
    for n, clause in enumerate(clauses):
        if clause.opener == "." or clause.opener in en.CONTRAST:
            start, current = n, None
        start = max(start, n - _BACK)
        cue = _find_cue(clause, clauses[start:n])
        if cue is None:
            if current is not None:
                found[n].append(replace(current, scope=clause.terms))
            continue
        current = _frame(cue)
        found[n].append(replace(current, scope=contents(cue.said) & clause.terms))
        if cue.reaches_back:
            for earlier in range(start, n):
                found[earlier].append(replace(current, scope=clauses[earlier].terms))
    return found


def differ(said: Attribution, told: Sequence[Attribution], context: frozenset[str]) -> str | None:
    """Return why a statement's attribution is none of the source's, None when it is one."""
    reasons = [_compare(said, one, context) for one in told]
    return None if None in reasons else reasons[0]


def _compare(said: Attribution, told: Attribution, context: frozenset[str]) -> str | None:
    if said.is_factive and said.cue != told.cue:
        return "it tells as known what its source only tells as said"
    if said.is_pronoun or not said.speaker:
        return None
    if told.is_pronoun:
        is_same = said.names <= context if said.names else bool(said.speaker & context)
    elif said.names:
        is_same = said.names <= told.speaker
    else:
        is_same = bool(said.speaker & told.speaker)
    return None if is_same else "it names another speaker"


def _find_cue(clause: Clause, earlier: Sequence[Clause]) -> _Cue | None:
    words = clause.words
    for n, word in enumerate(words):
        behind = words[n + 1].lower if n + 1 < len(words) else ""
        if word.lower == "according" and behind == "to":
            return _read_according(words, n)
        if word.lower in en.HEARSAY:
            return _Cue((), words[:n] + words[n + 1 :], word, reaches_back=False)
        tells = word.lower in en.TELLING
        if not tells and word.lower in en.TELLING_THAT:
            opens_speech = not behind and n > 0 and word.lower.endswith(en.TELLING_PASTS)
            tells = behind == "that" or opens_speech or _is_postposed(clause, n, earlier)
        if tells and not (n and word.text[:1].isupper()):  # "the United States" states nothing
            cue = _read_telling(clause, n, earlier)
            if cue is not None:
                return cue
    return None


def _read_according(words: tuple[Word, ...], n: int) -> _Cue:
    """Read "according to X": when words stand before it X ends the clause, else it leads it."""
    behind = words[n + 2 :]
    if n > 0 and contents(words[:n]):
        return _Cue(behind, words[:n], words[n], reaches_back=True)
    end = next((k for k, word in enumerate(behind) if k and "," in word.before), len(behind))
    return _Cue(behind[:end], behind[end:], words[n], reaches_back=True)


def _read_telling(clause: Clause, n: int, earlier: Sequence[Clause]) -> _Cue | None:
    words, word = clause.words, clause.words[n]
    before = words[n - 1].lower if n else ""
    if before in _DETERMINERS:
        is_noun = n + 1 < len(words) and words[n + 1].lower == "that"
        if not is_noun and word.lower not in en.TOLD_NOUNS:
            return None
        return _Cue((), words[n + 1 :], word, reaches_back=False)
    if any(one.lower in en.BE for one in words[max(0, n - 2) : n]):
        return _read_passive(words, n)
    if _is_postposed(clause, n, earlier):
        subject = words[:n] if contents(words[:n]) or _pronouns(words[:n]) else words[n + 1 :]
        return _Cue(subject, (), word, reaches_back=True)
    subject = _find_subject(words[:n])
    if not contents(subject) and not _pronouns(subject):
        subject = tuple(one for part in earlier for one in until_verb(part.words))
    said = words[n + 1 :] if contents(words[n + 1 :]) else words[:n]
    return _Cue(subject, said, word, reaches_back=False)


def _read_passive(words: tuple[Word, ...], n: int) -> _Cue:
    """Read "is said to be", "was accused by X of"."""
    by = next((k for k in range(n + 1, len(words)) if words[k].lower == "by"), None)
    if by is None:
        return _Cue((), words[:n] + words[n + 1 :], words[n], reaches_back=False)
    ends = (k for k in range(by + 1, len(words)) if words[k].lower in ("of", "to", "that"))
    end = next(ends, len(words))
    said = words[:n] + words[n + 1 : by] + words[end:]
    return _Cue(words[by + 1 : end], said, words[n], reaches_back=False)


def _is_postposed(clause: Clause, n: int, earlier: Sequence[Clause]) -> bool:
    """Whether a clause says who said the ones before: "..., said Hertz", "..., he said"."""
    is_behind = bool(earlier) and clause.opener not in en.CONTRAST | {"and", "."}
    words = clause.words
    if not is_behind or words[0].lower in ("who", "which", "that"):
        return False
    behind = words[n + 1 :]
    if any(is_verb(word) or word.lower == "that" for word in behind):
        return False
    if not contents(words[:n]) and not _pronouns(words[:n]):
        return n == 0 and bool(behind)
    return len(behind) <= 3


def _find_subject(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return what stands before a verb, behind the last "that" or "who"."""
    start = 0
    for n, word in enumerate(words):
        if word.lower in ("that", "who", "which", "and") and n + 1 < len(words):
            start = n + 1
    return words[start:]


def until_verb(words: Sequence[Word]) -> Sequence[Word]:
    """Return what stands before the first verb, all where none is known."""
    end = next((n for n, word in enumerate(words) if is_verb(word)), len(words))
    return words[:end]


def _pronouns(words: Sequence[Word]) -> bool:
    return any(word.lower in _PRONOUNS for word in words)


def _frame(cue: _Cue) -> Attribution:
    named = [w for w in cue.speaker if w.is_content and w.lower not in _TIMES]
    named = [w for w in named if not w.lower[0].isdigit() and not is_verb(w)]
    names = [word for word in named if word.text[:1].isupper()]
    shown = " ".join(word.text for word in (names or named)[:4])
    return Attribution(
        speaker=contents(named),
        names=contents(names),
        is_pronoun=not named and _pronouns(cue.speaker),
        cue=cue.word.term,
        is_factive=cue.word.lower in en.FACTIVE,
        shown=shown,
        scope=frozenset(),
    )


@dataclass(frozen=True, slots=True)
class Pick:
    """A clause of a quote, whose words it is, and the terms that it covers."""

    clause: Clause
    frames: Sequence[Attribution]
    covered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A clause of the statement, whose words it is, and what covers it, the most first."""

    clause: Clause
    frames: Sequence[Attribution]
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class CitedStatement:
    """A statement's words and clauses next to the words, clauses and terms of what it cites.

    A name may also stand in the context.
    """

    words: tuple[Word, ...]
    parts: tuple[Part, ...]
    quotes: tuple[tuple[Word, ...], ...]
    clauses: tuple[Clause, ...]
    context: tuple[Word, ...]
    terms: frozenset[str]


def pair(statement: str, quotes: Sequence[str], context: str) -> CitedStatement:
    """Return a statement next to its quotes, each clause with what covers it."""
    words = read(statement)
    cited = tuple(read(quote) for quote in quotes)
    clauses: list[Clause] = []
    frames: list[list[Attribution]] = []
    for quote in cited:
        divided = divide(quote)
        clauses += divided
        frames += find_frames(divided)
    own = divide(words)
    parts = (
        Part(clause, told, _cover(clause, told, clauses, frames))
        for clause, told in zip(own, find_frames(own), strict=True)
    )
    return CitedStatement(
        words=words,
        parts=tuple(parts),
        quotes=cited,
        clauses=tuple(clauses),
        context=read(context),
        terms=frozenset(word.term for quote in cited for word in quote),
    )


def _cover(
    clause: Clause,
    told: Sequence[Attribution],
    clauses: list[Clause],
    frames: list[list[Attribution]],
) -> tuple[Pick, ...]:
    """Pick clauses by how much they cover, then by shared small words, then the shorter."""
    left = set(clause.terms) - {frame.cue for frame in told}
    small = {word.lower for word in clause.words} - clause.terms
    shared = {n: left & one.terms for n, one in enumerate(clauses) if left & one.terms}
    likeness = {
        n: (sum(word.lower in small for word in clauses[n].words), -len(clauses[n].words))
        for n in shared
    }
    picks = []
    while shared:
        best = max(shared, key=lambda n: (len(shared[n]), *likeness[n], -n))
        covered = frozenset(shared[best])
        picks.append(Pick(clauses[best], frames[best], covered))
        left -= covered
        shared = {n: rest for n, terms in shared.items() if (rest := terms & left)}
    return tuple(picks)
