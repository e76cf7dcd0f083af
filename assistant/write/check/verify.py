"""Checks a statement of a language model against the sentences it cites.

A statement that is one of its quotes, but for whitespace, is supported. One in other words is
supported if its numbers, dates, names, denials and speakers agree with the quotes, the support
score reaches its bar, and what it cites answers the question.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from assistant.cite import NO_SOURCE, NOT_STORED, DraftStatement, Read, Verified, is_stored
from assistant.text.cues import leans_back
from assistant.text.terms import terms
from assistant.text.words import content
from assistant.values import Dropped, Passage, Sentence, Verdict
from assistant.write.check.rules import disagreement

MIN_SUPPORT = 0.75
MIN_COVERAGE = 1.0
"""Share of a statement's words that must stand in what it cites: one other word can turn it round.
Both bars were chosen on what Qwen2.5-Coder-1.5B wrote about squad2's first four articles: of 52
statements, all that were not said lay under one of them, and of those that were said one did."""
MAX_FRAGMENT = 5
"""Words of an answer such as "300 men" that is no sentence and yet whole."""
NOT_SUPPORTED = "what it cites does not say all of it"
NOT_ASKED = "what it cites does not answer the question"
NOT_COVERED = "it has words that what it cites has not"
A_QUESTION = "it asks instead of answering"
BROKEN_OFF = "it breaks off"

_MARKS = str.maketrans(dict.fromkeys('"“”„«»‹›<>‘’', "'") | {"[": "(", "]": ")"})
_ENDS = re.compile(r"[.!…。！？:;][\s\"'”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is held of a statement: its verdict, how well it is supported, what is wrong."""

    verdict: Verdict
    support: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a language model's statements are judged by, for one question.

    Attributes:
        support: returns the probability that quotes support all of a statement.
        answers: returns whether a sentence is likely enough to answer to have been quoted.
        title: what a passage is of, in words; a statement may have its names from there.
    """

    support: Callable[[str, Sequence[str]], float]
    answers: Callable[[Sentence], bool]
    title: Callable[[Passage], str]


def check(
    statement: DraftStatement, sentences: Sequence[Sentence], read: Read, criteria: Criteria
) -> Verified | Dropped:
    """Check a statement that a language model wrote.

    It keeps the fewest of its citations that support it: one by itself, if one does. A statement
    that they do not support is tried once with the sentence, of those shown, that supports it best;
    the bar stays where it is. Each sentence that supports it must answer the question, too: what is
    planted in a document may support anything that repeats it.
    """
    known = {sentence.number: sentence for sentence in sentences}
    cited = tuple(known[number] for number in statement.sentences if number in known)
    if len(cited) < len(statement.sentences):  # what names no sentence of ours is not trusted
        first, attempts = Assessment(Verdict.UNKNOWN_SOURCE, why=NO_SOURCE), []
    else:
        first = _examine(statement.text, cited, read, criteria)
        attempts = _attempts(statement.text, cited, criteria)
    best = max(sentences, key=lambda one: criteria.support(statement.text, [one.text]))
    for attempt in (*attempts, (best,)):
        found = _examine(statement.text, attempt, read, criteria)
        if found.verdict != Verdict.SUPPORTED:
            continue
        if not all(map(criteria.answers, attempt)):
            first = Assessment(Verdict.BESIDE_THE_QUESTION, found.support, NOT_ASKED)
            break
        is_repaired = not set(attempt) <= set(cited)
        return Verified(statement.text, attempt, found.support, is_repaired)
    return Dropped(statement.text, tuple(one.text for one in cited), first.verdict, first.why)


def _attempts(
    text: str, cited: Sequence[Sentence], criteria: Criteria
) -> list[tuple[Sentence, ...]]:
    """Return the citations to try: each by itself, the likeliest first, then pairs, then all."""
    order = sorted(cited, key=lambda one: -criteria.support(text, [one.text]))
    tried = [group for n in range(1, len(order) + 1) for group in combinations(order, n)]
    return [tuple(sorted(group, key=lambda one: one.number)) for group in tried]


def _examine(
    statement: str, cited: Sequence[Sentence], read: Read, criteria: Criteria
) -> Assessment:
    """Return what is found of a language model's statement beside the sentences that it cites."""
    if not all(is_stored(sentence, read) for sentence in cited):
        return Assessment(Verdict.QUOTE_NOT_FOUND, why=NOT_STORED)
    quotes = [sentence.text for sentence in cited]
    if not quotes:
        return Assessment(Verdict.UNKNOWN_SOURCE, why=NO_SOURCE)
    support = 1.0
    if not any(_fold(statement) == _fold(quote) for quote in quotes):
        if why := _objection(statement, quotes, _context(cited, criteria.title)):
            return Assessment(Verdict.UNSUPPORTED, why=why)
        support = criteria.support(statement, quotes)
        if support < MIN_SUPPORT:
            return Assessment(Verdict.UNSUPPORTED, support, NOT_SUPPORTED)
    return Assessment(Verdict.SUPPORTED, support)


def coverage(statement: str, text: str) -> float:
    """Return the share of a statement's words, but function words, whose terms stand in a text.

    >>> coverage("The old mill burned in 1843.", "In 1843 the mills burned.")
    0.75
    """
    found, own = set(terms(text)), [set(terms(word)) for word in content(statement)]
    return sum(one <= found for one in own) / len(own) if own else 0.0


def _fold(text: str) -> str:
    """Return a text without what a model writes as it likes: case, spaces, the form of marks."""
    return " ".join(text.translate(_MARKS).casefold().split())


def _objection(statement: str, quotes: Sequence[str], context: str) -> str | None:
    """Return what rules have against a statement in words of its own."""
    if statement.rstrip().endswith("?"):
        return A_QUESTION
    if not _is_whole(statement):
        return BROKEN_OFF
    if coverage(statement, "\n".join((*quotes, context))) < MIN_COVERAGE:
        return NOT_COVERED
    return disagreement(statement, quotes, context)


def _is_whole(statement: str) -> bool:
    """Whether a statement ends as a sentence does, or is too short to be one, brackets closed."""
    ends = len(statement.split()) <= MAX_FRAGMENT or bool(_ENDS.search(statement))
    return ends and statement.count("(") == statement.count(")")


def _context(cited: Sequence[Sentence], title: Callable[[Passage], str]) -> str:
    """Return the text that names may come from: titles, and what a leaning sentence leans on."""
    told = [title(sentence.passage) for sentence in cited]
    for sentence in cited:
        if leans_back(sentence.text):
            told += _before(sentence)
    return "\n".join(told)


def _before(sentence: Sentence) -> list[str]:
    passage = sentence.passage
    spans = [span for span in passage.sentences if span[1] <= sentence.start]
    return [passage.text[a - passage.start : b - passage.start] for a, b in spans[-1:]]
