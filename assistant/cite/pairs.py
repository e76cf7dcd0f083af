"""A statement and its quotes -> what of the quotes covers each clause of the statement.

The clauses of the quotes that share most of a clause's words are its picks; what a rule finds in
a pick it holds against that clause. Pure; the work is bounded by the caller's limits on length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.cite.attribution import Frame, find_frames
from assistant.cite.parts import Clause, divide
from assistant.cite.words import Word, read


@dataclass(frozen=True, slots=True)
class Pick:
    """A clause of a quote, whose words it is, and the terms that it covers."""

    clause: Clause
    frames: Sequence[Frame]
    covered: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A clause of the statement, whose words it is, and what covers it, the most first."""

    clause: Clause
    frames: Sequence[Frame]
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement next to what it cites.

    Attributes:
        words: the statement's words.
        parts: its clauses.
        quotes: the words of each quote.
        clauses: the clauses of all quotes.
        context: words in which a name may also stand.
        terms: the terms of all quotes.
    """

    words: tuple[Word, ...]
    parts: tuple[Part, ...]
    quotes: tuple[tuple[Word, ...], ...]
    clauses: tuple[Clause, ...]
    context: tuple[Word, ...]
    terms: frozenset[str]


def pair(statement: str, quotes: Sequence[str], context: str) -> Pair:
    """Return a statement next to its quotes, each clause with what covers it."""
    words = read(statement)
    cited = tuple(read(quote) for quote in quotes)
    clauses: list[Clause] = []
    frames: list[list[Frame]] = []
    for quote in cited:
        divided = divide(quote)
        clauses += divided
        frames += find_frames(divided)
    own = divide(words)
    parts = (
        Part(clause, told, _cover(clause, told, clauses, frames))
        for clause, told in zip(own, find_frames(own), strict=True)
    )
    return Pair(
        words=words,
        parts=tuple(parts),
        quotes=cited,
        clauses=tuple(clauses),
        context=read(context),
        terms=frozenset(word.term for quote in cited for word in quote),
    )


def _cover(
    clause: Clause, told: Sequence[Frame], clauses: list[Clause], frames: list[list[Frame]]
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
