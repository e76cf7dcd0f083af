"""A statement x the text it cites -> a verdict, and why. Deterministic.

A statement is supported when it is one of the quotes, whole and word for word; whitespace may
differ. A part of a quote is not enough: it may say what the whole denies. A language model's
statement may be in other words: then numbers, dates, names, denials and who said it must agree, the
support score must reach its bar, and what it cites must answer the question.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.answer.features import leans_back
from assistant.answer.followup import content
from assistant.cite.agree import disagreement
from assistant.cite.locate import locate
from assistant.index.terms import terms
from assistant.values import Passage, Sentence, Verdict

MIN_SUPPORT = 0.75
MIN_COVERAGE = 1.0
"""Share of a statement's words that must stand in what it cites: one other word can turn it round.
Both bars were chosen on what Qwen2.5-Coder-1.5B wrote about squad2's first four articles: of 52
statements, all that were not said lay under one of them, and of those that were said one did."""
MAX_FRAGMENT = 5
"""Words of an answer such as "300 men" that is no sentence and yet whole."""
NO_SOURCE = "it names no sentence that was shown"
NOT_QUOTED = "it is not the sentence that it cites"
NOT_SUPPORTED = "what it cites does not say all of it"
NOT_ASKED = "what it cites does not answer the question"
NOT_COVERED = "it has words that what it cites has not"
A_QUESTION = "it asks instead of answering"
BROKEN_OFF = "it breaks off"

_MARKS = str.maketrans(dict.fromkeys('"“”„«»‹›<>‘’', "'") | {"[": "(", "]": ")"})
_ENDS = re.compile(r"[.!…。！？:;][\s\"'”’»)\]]*$")
Place = tuple[str, int, int]
"""A sentence's document and span."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is held of a statement: its verdict, how well it is supported, what is wrong."""

    verdict: Verdict
    support: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """What a language model's statements are judged by, for one question.

    Attributes:
        support: returns the probability that quotes support all of a statement.
        answers: returns whether a sentence is likely enough to answer to have been quoted.
        title: what a passage is of, in words; a statement may have its names from there.
    """

    support: Callable[[str, Sequence[str]], float]
    answers: Callable[[Sentence], bool]
    title: Callable[[Passage], str]


def verify(statement: str, quotes: Sequence[str]) -> Verdict:
    r"""Return whether the statement is one of the cited quotes.

    >>> verify("It rained.", ["It\nrained."]).value
    'supported'
    >>> verify("It rained.", ["Nobody thinks that It rained."]).value
    'unsupported'
    """
    if not quotes:
        return Verdict.UNKNOWN_SOURCE
    is_said = any(locate(statement, quote) == (0, len(quote)) for quote in quotes)
    return Verdict.SUPPORTED if is_said else Verdict.UNSUPPORTED


def examine(statement: str, cited: Sequence[Sentence], judge: Judge) -> Opinion:
    """Return what is found of a language model's statement beside the sentences that it cites."""
    quotes = [sentence.text for sentence in cited]
    if not quotes:
        return Opinion(Verdict.UNKNOWN_SOURCE, why=NO_SOURCE)
    support = 1.0
    if not any(_fold(statement) == _fold(quote) for quote in quotes):
        if why := _objection(statement, quotes, _context(cited, judge.title)):
            return Opinion(Verdict.UNSUPPORTED, why=why)
        support = judge.support(statement, quotes)
        if support < MIN_SUPPORT:
            return Opinion(Verdict.UNSUPPORTED, support, NOT_SUPPORTED)
    return Opinion(Verdict.SUPPORTED, support)


def coverage(statement: str, text: str) -> float:
    """Return the share of a statement's words, but function words, whose terms stand in a text.

    >>> coverage("The old mill burned in 1843.", "In 1843 the mills burned.")
    0.75
    """
    found, own = set(terms(text)), [set(terms(word)) for word in content(statement)]
    return sum(one <= found for one in own) / len(own) if own else 0.0


def place_of(sentence: Sentence) -> Place:
    """Return where a sentence lies, whatever its number."""
    return sentence.passage.document_id, sentence.start, sentence.end


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
