"""A question and the conversation before it -> the queries that it may stand for.

"And when did it start?" does not say what started. The question by itself is the first query; when
it leans on what was said, the others carry words over from the last turns: the names of the last
answer, the words of the last question. Which of them is answered shows in the evidence (`choose`).
No language model; English, and names are told by their capitals.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from assistant.answer.scorer import Judgement
from assistant.errors import QuestionError
from assistant.index.terms import FUNCTION_WORDS, fold, query_terms, terms
from assistant.ingest.normalize import normalize
from assistant.retrieve.retriever import Retrieval
from assistant.values import Turn

MAX_CARRIED_WORDS = 24
"""More of them would outweigh the question."""
FEW_WORDS = 2
"""A question with so few words of its own leans on what was said."""
CARRIED_DOUBT = 0.5
"""Log-odds taken from a query that carries words over: they stand in the passages whatever is
asked, and without this doubt a question about something else is answered more often."""

CARRIED_WEIGHT = 0.25
"""What a carried word's idf counts for when sentences are judged: it tells what the answer is
about, and the question's own words tell which sentence answers."""

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_LEANS = re.compile(
    r"\b(?:it|its|he|him|his|she|her|hers|they|them|their|theirs|this|that|these|those|there|here)\b"
    r"|^(?:and|but|so|or|also|what about|how about|why not|(?:what|who|where) else)\b",
    re.IGNORECASE,
)
_BEFORE_A_SENTENCE = frozenset('.!?:;"“”\n')


def list_queries(question: str, history: Sequence[Turn]) -> tuple[str, ...]:
    """Return the question, then the question with what it may lean on; no two the same.

    >>> history = [("user", "Who built the mill?"), ("assistant", "It was built by Ann Holt.")]
    >>> list_queries("When?", history)
    ('When?', 'When? Ann Holt', 'When? built mill')
    """
    if not leans(question):
        return (question,)
    names = _carry(question, _names(_last(history, "assistant")))
    words = _carry(question, _content(_last(history, "user")))
    return tuple(dict.fromkeys((question, names, words)))


def read_history(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns with their text in canonical form.

    Raises:
        QuestionError: one of them is no turn.
    """
    turns = []
    for turn in history:
        if not _is_turn(turn):
            raise QuestionError(
                f"a turn of the history is ('user', text) or ('assistant', text), not {turn!r}"
            )
        turns.append((turn[0], " ".join(normalize(turn[1])[0].split())))
    return tuple(turns)


def leans(question: str) -> bool:
    """Return whether a question may need what was said before it to be understood.

    >>> leans("And when did it start?"), leans("Who discovered the rings of Saturn?")
    (True, False)
    """
    return bool(_LEANS.search(question)) or len(_content(question)) <= FEW_WORDS


def discount(retrieval: Retrieval, question: str) -> Retrieval:
    """Return the retrieval with the terms that the question itself does not have weighing less."""
    own = set(query_terms(question))
    weights = {
        term: weight * (1.0 if term in own else CARRIED_WEIGHT)
        for term, weight in retrieval.term_weights.items()
    }
    return replace(retrieval, term_weights=weights)


def choose(judgements: Sequence[Judgement]) -> tuple[int, Judgement]:
    """Return the judgement with the most evidence, with its place; the first of equals.

    Of all but the first, which is of the question by itself, `CARRIED_DOUBT` is taken.
    """
    first, *others = judgements
    doubted = [
        replace(one, log_odds=None if one.log_odds is None else one.log_odds - CARRIED_DOUBT)
        for one in others
    ]
    return max(
        enumerate([first, *doubted]),
        key=lambda at: (at[1].log_odds is not None, at[1].log_odds or 0.0, -at[0]),
    )


def _is_turn(given: object) -> bool:
    match given:
        case ("user" | "assistant", str()):
            return True
        case _:
            return False


def _content(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if fold(word) not in FUNCTION_WORDS]


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
