"""Works out what a question asks for when it leans on the conversation before it.

"And when did it start?" does not say what started. The question by itself is the first query; the
others carry words over from earlier turns: the names of the last turn that has any, and the words
of the last questions. Which query is searched for is decided by the evidence (`choose`); whether it
is answered, by the question's own words when they are enough to stand by themselves (`settle`). A
turn that is only a greeting, thanks, a goodbye or an "ok" gets a reply instead (`reply_to`). No
language model is used. English only; names are told by their capitals.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np

from assistant.errors import QuestionError
from assistant.evidence.scorer import EvidenceScorer, Judgement
from assistant.retrieve.query import QuestionPart
from assistant.retrieve.retriever import Retrieval
from assistant.text.cues import goes_on
from assistant.text.normalize import normalize
from assistant.text.terms import DEFAULT, fold, query_terms, say_in, terms
from assistant.text.words import content, find_names
from assistant.values import Turn

NAME = "courtesy"
GREETINGS_FILE = "greetings.txt"
MAX_WORDS = 16
"""A longer turn says something."""

REPLIES = {
    "farewell": "Goodbye; the documents will be here when you come back.",
    "thanks": "You are welcome; ask me anything else about the documents.",
    "greeting": "Hello! What would you like to know about the documents?",
    "acknowledgement": "Good; ask me anything else about the documents.",
}
"""What to say to each kind; to a turn of several, what is said to the first of these."""

_GESTURES = {"👋": "greeting", "🙏": "thanks"} | dict.fromkeys(
    "👍👌👏🙌🤝🎉✅💯😊🙂😀😃😄😁😉😍🥰🤗❤♥💙💚", "acknowledgement"
)
_FACES = re.compile(r"(?<!\w)(?:[:;=]-?[)dp(]+|<3|xd)(?!\w)")
_LETTERS = re.compile(r"[^\W_]+")
_THAT_IS = re.compile(r"\b(that|this|it)['’]s\b")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_ASKS = re.compile(r"[?？؟]")


def reply_to(turn: str) -> str | None:
    """Return the reply to a courtesy; None when the turn asks for something.

    >>> reply_to("Hi there!")
    'Hello! What would you like to know about the documents?'
    >>> reply_to("Hello, who signed it?") is None
    True
    """
    kinds = _kinds_of(turn)
    if _ASKS.search(turn) and kinds != {"greeting"}:
        return None
    reply = next((reply for kind, reply in REPLIES.items() if kind in kinds), None)
    return reply and say_in(_language_of_courtesy(turn), reply)


def _language_of_courtesy(turn: str) -> str:
    """Return the language of a courtesy: of the words that only one language greets with."""
    words, phrases = _words(turn), _load_languages()
    found = (phrases.get(words[a:b]) for a in range(len(words)) for b in range(len(words), a, -1))
    return next(filter(None, found), DEFAULT)


def _kinds_of(turn: str) -> set[str]:
    """Return the kinds of courtesy that the turn consists of, none when it has anything else."""
    text = turn.casefold()
    words = _words(_FACES.sub(" ", text))
    if not words:
        return {kind for sign, kind in _GESTURES.items() if sign in text}
    phrases = _load_phrases()
    kinds: set[str] = set()
    at = len(words) if len(words) > MAX_WORDS else 0
    while at < len(words):
        end = next((end for end in range(len(words), at, -1) if words[at:end] in phrases), None)
        if end is None:
            return set()
        kinds.add(phrases[words[at:end]])
        at = end
    return kinds - {"along"}


@cache
def _load_languages() -> dict[tuple[str, ...], str]:
    """Return the language of each phrase that is said in one of those replied in, not English."""
    text = files("assistant.answer").joinpath(GREETINGS_FILE).read_text(encoding="utf-8")
    lines = (line.split(":", 1) for line in text.splitlines() if re.match(r"# [a-z]{2}:", line))
    return {_words(one): mark[2:] for mark, said in lines for one in said.split("|")}


@cache
def _load_phrases() -> dict[tuple[str, ...], str]:
    """Return the kind of every phrase, by its words."""
    text = files("assistant.answer").joinpath(GREETINGS_FILE).read_text(encoding="utf-8")
    found: dict[tuple[str, ...], str] = {}
    kind = ""
    for line in text.splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif not line.startswith("#"):
            found |= {_words(phrase): kind for phrase in line.split("|")}
    return found


def _words(text: str) -> tuple[str, ...]:
    """Return the words as they are compared: without accents, case, or a letter drawn out."""
    text = _THAT_IS.sub(r"\1 is", text.casefold())
    return tuple(_DRAWN_OUT.sub(r"\1", fold(word)) for word in _LETTERS.findall(text))


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


def list_parts(
    parts: Sequence[QuestionPart], history: Sequence[Turn], rewritten: str | None
) -> list[tuple[str, ...]]:
    """Return the queries of each of the questions that were asked in one.

    One alone may lean on the conversation; several stand by themselves.
    """
    if len(parts) == 1:
        return [list_queries(parts[0].query, history, rewritten)]
    return [(part.query,) for part in parts]


def read_history(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns with their text in canonical form.

    Raises:
        QuestionError: one of them is no turn.
    """
    turns = []
    for turn in history:
        match turn:
            case ("user" | "assistant" as speaker, str(text)):
                turns.append((speaker, " ".join(normalize(text)[0].split())))
            case _:
                raise QuestionError(
                    f"a turn of the history is ('user', text) or ('assistant', text), not {turn!r}"
                )
    return tuple(turns)


def leans(question: str) -> bool:
    """Return whether a question may need what was said before it to be understood.

    >>> leans("And when did it start?"), leans("Who discovered the rings of Saturn?")
    (True, False)
    """
    return goes_on(question) or len(content(question)) <= FEW_WORDS


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


def _last_names(history: Sequence[Turn]) -> list[str]:
    """Return the names of the last turn that has any: "I do not know" has none."""
    return next((names for _, text in reversed(history) if (names := list(find_names(text)))), [])


def _last_words(history: Sequence[Turn]) -> list[str]:
    """Return the words of the last question, and of those before it while they are few."""
    words: dict[str, str] = {}
    for _, text in reversed([turn for turn in history if turn[0] == "user"]):
        for word in content(text):
            words.setdefault(" ".join(terms(word)), word)
        if len(words) >= ENOUGH_WORDS:
            break
    return list(words.values())


def _carry(question: str, words: Iterable[str]) -> str:
    """Return the question with those of the words that it does not have, each once."""
    have, carried = set(terms(question)), []
    for word in words:
        found = set(terms(word))
        if not found <= have:
            carried.append(word)
            have |= found
    return " ".join([question, *carried[:MAX_CARRIED_WORDS]])


def decide(found: Sequence[Retrieval], scorer: EvidenceScorer) -> tuple[Retrieval, Judgement]:
    """Return what was retrieved for the query with the most evidence, and its judgement.

    With carried words in the query, what the question found by itself is read too, and what is
    missing is only what the question itself asks for.

    Args:
        found: one a query; the first is of the question by itself, the others carry words over
            from the conversation.
        scorer: judges each of them.
    """
    alone = found[0].query
    judged = [scorer.judge(one) for one in found]
    place = choose(alone, judged)
    if not place:
        return found[0], judged[0]
    # Carried words chose what is searched for; the question's own say which sentence answers, of
    # what either has found: it may be about something new after all.
    read = unite(found[place], found[0])
    own = scorer.judge(discount(read, alone))
    read = replace(read, absent=tuple(one for one in read.absent if one in alone))
    return read, settle(alone, judged[0], judged[place], own)


def join(judged: Sequence[tuple[Retrieval, Judgement]]) -> tuple[Retrieval, Judgement]:
    """Return what was retrieved and judged for all questions that were asked in one."""
    retrieval, judgement = judged[0]
    if len(judged) == 1:
        return judged[0]
    for other, _ in judged[1:]:
        retrieval = unite(retrieval, other)
    query = " ".join(one.query for one, _ in judged)
    sentences = [sentence for _, one in judged for sentence in one.sentences]
    numbered = tuple(replace(one, number=n) for n, one in enumerate(sentences, start=1))
    scores = np.concatenate([one.scores for _, one in judged])
    return replace(retrieval, query=query), replace(judgement, sentences=numbered, scores=scores)
