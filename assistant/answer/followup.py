"""A question and the conversation before it -> the queries that it may stand for.

"And when did it start?" does not say what started. The question by itself is the first query; the
others carry words over from the last turns: the names of the last answer, the words of the last
question. Which of them is answered shows in the evidence (`choose`). No language model; names are
told by their capitals, so a language without them carries over less.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.answer.scorer import Judgement
from assistant.index.terms import FUNCTION_WORDS, fold, terms
from assistant.values import Turn

MAX_CARRIED_WORDS = 24
"""More of them would outweigh the question."""

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_BEFORE_A_SENTENCE = frozenset('.!?:;"“”\n')


def list_queries(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    """Return the question, then the question with what it may lean on; no two the same.

    >>> history = [("user", "Who built the mill?"), ("assistant", "It was built by Ann Holt.")]
    >>> list_queries("When?", history)
    ('When?', 'When? Ann Holt', 'When? built mill')
    """
    said = _last(history, "assistant")
    asked = _last(history, "user")
    words = (word for word in _WORD.findall(asked) if fold(word) not in FUNCTION_WORDS)
    carried = (_carry(question, _names(said)), _carry(question, words))
    return tuple(dict.fromkeys((question, *carried)))


def choose(judgements: Sequence[Judgement]) -> int:
    """Return the place of the judgement with the most evidence, the first of equals."""
    odds = [one.log_odds for one in judgements]
    return max(range(len(odds)), key=lambda n: (odds[n] is not None, odds[n] or 0.0, -n))


def _last(history: Sequence[Turn], speaker: str) -> str:
    return next((text for who, text in reversed(history) if who == speaker), "")


def _names(text: str) -> Iterator[str]:
    """Yield the words with a capital, but those that only begin a sentence."""
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()].rstrip(" ")[-1:]
        if match.group()[0].isupper() and before and before not in _BEFORE_A_SENTENCE:
            yield match.group()


def _carry(question: str, words: Iterable[str]) -> str:
    """Return the question with those of the words that it does not have, each once."""
    have, carried = set(terms(question)), []
    for word in words:
        found = set(terms(word))
        if not found <= have:
            carried.append(word)
            have |= found
    return " ".join([question, *carried[:MAX_CARRIED_WORDS]])
