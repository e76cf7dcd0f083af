"""A question and the conversation before it -> the queries that it may stand for.

"And when did it start?" does not say what started. The question by itself is the first query; the
others carry words over from what was said: the names of the last turn that has any, the words of
the last questions. Which of them is searched for shows in the evidence (`choose`); whether it is
answered, in the question's own words when these are enough to stand by themselves (`settle`).
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
ENOUGH_WORDS = 6
"""Questions are gone back through until they give so many words: the last one may lean too."""
FEW_WORDS = 2
"""A question with so few words of its own leans on what was said."""
LEANING = 0.5
"""Log-odds by which a question that leans on what was said is rather searched for with it: by
itself it finds something in any document."""
CARRIED_DOUBT = 0.5
"""Log-odds taken from the answer to a question that leans: the words that it carries over stand in
the passages whatever is asked, and without this doubt one about something else is answered more
often."""
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


def list_queries(
    question: str, history: Sequence[Turn], rewritten: str | None = None
) -> tuple[str, ...]:
    """Return the question, then the question with what it may lean on; no two the same.

    A language model's rewriting, when there is one, goes before what rules carry over.

    >>> history = [("user", "Who built the mill?"), ("assistant", "It was built by Ann Holt.")]
    >>> list_queries("When?", history)
    ('When?', 'When? Ann Holt', 'When? built mill')
    """
    if rewritten:
        return tuple(dict.fromkeys((question, rewritten)))
    names = _carry(question, _last_names(history))
    words = _carry(question, _last_words(history))
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
    return bool(_LEANS.search(question)) or len(content(question)) <= FEW_WORDS


def content(text: str) -> list[str]:
    """Return the words that say something, as they stand."""
    return [word for word in _WORD.findall(text) if fold(word) not in FUNCTION_WORDS]


def choose(question: str, judgements: Sequence[Judgement]) -> int:
    """Return the place of the judgement with the most evidence; the first of equals.

    The first is of the question by itself; one that leans is rather read with what was said.
    """
    ahead = LEANING if leans(question) else 0.0

    def evidence(place: int) -> tuple[bool, float, int]:
        log_odds = judgements[place].log_odds
        if log_odds is None:
            return False, 0.0, -place
        return True, log_odds + (ahead if place else 0.0), -place

    return max(range(len(judgements)), key=evidence)


def discount(retrieval: Retrieval, question: str) -> Retrieval:
    """Return the retrieval with the terms that the question itself does not have weighing less.

    They weigh nothing when the question stands by itself.
    """
    own, weight_of_carried = set(query_terms(question)), CARRIED_WEIGHT if leans(question) else 0.0
    weights = {
        term: weight * (1.0 if term in own else weight_of_carried)
        for term, weight in retrieval.term_weights.items()
    }
    return replace(retrieval, term_weights=weights)


def unite(retrieval: Retrieval, other: Retrieval) -> Retrieval:
    """Return the retrieval with the passages that only the other one has found after its own."""
    have = {ranked.passage.passage_id for ranked in retrieval.ranking}
    pairs = zip(other.ranking, other.sentence_vectors, strict=True)
    more = [pair for pair in pairs if pair[0].passage.passage_id not in have]
    ranking = (*retrieval.ranking, *(ranked for ranked, _ in more))
    return replace(
        retrieval,
        ranking=tuple(replace(one, rank=rank) for rank, one in enumerate(ranking, start=1)),
        sentence_vectors=(*retrieval.sentence_vectors, *(vectors for _, vectors in more)),
    )


def settle(question: str, alone: Judgement, carried: Judgement, own: Judgement) -> Judgement:
    """Return the judgement of the sentences that carried words have found.

    Args:
        question: as it was asked.
        alone: the judgement of what it finds by itself.
        carried: that of what it finds with the carried words.
        own: the same sentences judged by its own words (`discount`), which say which one answers.
    """
    if leans(question):
        log_odds = None if carried.log_odds is None else carried.log_odds - CARRIED_DOUBT
    else:
        known = [one.log_odds for one in (alone, own) if one.log_odds is not None]
        log_odds = max(known, default=None)
    return replace(own, log_odds=log_odds)


def _is_turn(given: object) -> bool:
    match given:
        case ("user" | "assistant", str()):
            return True
        case _:
            return False


def _last_names(history: Sequence[Turn]) -> list[str]:
    """Return the names of the last turn that has any: "I do not know" has none."""
    return next((names for _, text in reversed(history) if (names := list(_names(text)))), [])


def _last_words(history: Sequence[Turn]) -> list[str]:
    """Return the words of the last question, and of those before it while they are few."""
    words: dict[str, str] = {}
    for _, text in reversed([turn for turn in history if turn[0] == "user"]):
        for word in content(text):
            words.setdefault(" ".join(terms(word)), word)
        if len(words) >= ENOUGH_WORDS:
            break
    return list(words.values())


def _names(text: str) -> Iterator[str]:
    """Yield the words with a capital, but single letters and those that only begin a sentence."""
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()].rstrip(" ")[-1:]
        word = match.group()
        if len(word) > 1 and word[0].isupper() and before and before not in _BEFORE_A_SENTENCE:
            yield word


def _carry(question: str, words: Iterable[str]) -> str:
    """Return the question with those of the words that it does not have, each once."""
    have, carried = set(terms(question)), []
    for word in words:
        found = set(terms(word))
        if not found <= have:
            carried.append(word)
            have |= found
    return " ".join([question, *carried[:MAX_CARRIED_WORDS]])
