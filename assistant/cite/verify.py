"""A statement x the text it cites -> a verdict, and why. Deterministic.

A statement is supported when it is one of the quotes, whole and word for word; whitespace may
differ. A part of a quote is not enough: it may say what the whole denies. A language model's
statement may be in other words: then numbers, dates, names, denials and who said it must agree, the
support score must reach its bar, and what it cites must answer the question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.answer.features import leans_back
from assistant.cite.agree import disagreement
from assistant.cite.locate import locate
from assistant.values import Passage, Sentence, Verdict

MIN_SUPPORT = 0.5
MAX_BEHIND = 2.0
"""Log-odds that the likeliest cited sentence may lie under the likeliest one shown."""
NO_SOURCE = "it names no sentence that was shown"
NOT_QUOTED = "it is not the sentence that it cites"
NOT_SUPPORTED = "what it cites does not say all of it"
NOT_ASKED = "what it cites does not answer the question"
A_QUESTION = "it asks instead of answering"

Place = tuple[str, int, int]
"""A sentence's document and span."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a statement: its verdict, how well it is supported, what is wrong."""

    verdict: Verdict
    support: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """What a language model's statements are judged by, for one question.

    Attributes:
        support: returns the probability that quotes support all of a statement.
        scores: the log-odds of each sentence shown to answer the question.
        title: what a passage is of, in words; a statement may have its names from there.
    """

    support: Callable[[str, Sequence[str]], float]
    scores: Mapping[Place, float]
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


def examine(statement: str, cited: Sequence[Sentence], judge: Judge) -> Finding:
    """Return what is found of a language model's statement beside the sentences that it cites."""
    quotes = [sentence.text for sentence in cited]
    is_quote = verify(statement, quotes) == Verdict.SUPPORTED
    if not is_quote:
        if not quotes:
            return Finding(Verdict.UNKNOWN_SOURCE, why=NO_SOURCE)
        if statement.rstrip().endswith("?"):
            return Finding(Verdict.UNSUPPORTED, why=A_QUESTION)
        why = disagreement(statement, quotes, _context(cited, judge.title))
        if why is not None:
            return Finding(Verdict.UNSUPPORTED, why=why)
    support = 1.0 if is_quote else judge.support(statement, quotes)
    if support < MIN_SUPPORT:
        return Finding(Verdict.UNSUPPORTED, support, NOT_SUPPORTED)
    if not answers(cited, judge.scores):
        return Finding(Verdict.BESIDE_THE_QUESTION, support, NOT_ASKED)
    return Finding(Verdict.SUPPORTED, support)


def answers(cited: Sequence[Sentence], scores: Mapping[Place, float]) -> bool:
    """Return whether one of the sentences is nearly as likely to answer as the likeliest one."""
    best = max(scores.values(), default=0.0)
    return any(best - scores[place_of(one)] <= MAX_BEHIND for one in cited)


def place_of(sentence: Sentence) -> Place:
    """Return where a sentence lies, whatever its number."""
    return sentence.passage.document_id, sentence.start, sentence.end


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
