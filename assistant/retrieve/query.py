"""From a question to the query that is searched for.

`read_question` removes what frames a question without saying what is asked: greetings, thanks,
"could you tell me". A question that consists of nothing else stays whole. The phrases are English;
a question in another language is searched for as it stands. `respell` replaces misspelt words of a
query by words of the documents.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.errors import QuestionError
from assistant.store.snapshot import Snapshot
from assistant.text import english as en
from assistant.text.cues import refers
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from assistant.text.terms import fold, terms
from assistant.text.words import LETTERS, WORD, one_of

MIN_LETTERS = 5
"""Shorter words are not corrected: too many of their neighbours are words, too."""
LONG_LETTERS = 9
"""Words of this length or more may have two errors, shorter ones one."""
ENDING_LETTERS = 3
"""A word is also tried without its last letters: the stemmer may not know a misspelt ending."""
MAX_UNKNOWN = 8
"""A query with more unknown words is not misspelt but about something else."""
N_CANDIDATES = 8
N_PASSAGES = 5
"""Passages read to find how a stem is spelt in full."""
LONG_WORDS = 20
"""Of a question of up to so many words, only the frame is removed."""

_FRAME = re.compile(en.QUESTION_FRAME, re.IGNORECASE | re.VERBOSE)
_THANKS = re.compile(en.THANKS, re.IGNORECASE)
_ASKS = re.compile(rf"\b{one_of(en.QUESTION_WORDS)}\b|^{one_of(en.ASKING_VERBS)}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question in canonical form as it was typed and on one line, and what to search for."""

    question: str
    line: str
    query: str


def read_question(question: str, max_chars: int) -> ParsedQuestion:
    """Return a question in canonical form, with what to search for.

    Raises:
        QuestionError: it is empty, or longer than `max_chars`.
    """
    typed = normalize(question)[0]
    line = " ".join(typed.split())
    if not line:
        raise QuestionError("the question is empty; ask something")
    if len(line) > max_chars:
        raise QuestionError(
            f"the question has {len(line):,} characters, over the limit of {max_chars:,}; "
            "shorten it"
        )
    return ParsedQuestion(typed, line, focus(line))


def focus(question: str) -> str:
    """Return what to search for: a question without what frames it.

    Of a long question only the sentences that ask something are kept, unless they refer to others.

    >>> focus("Could you please tell me who signed it?")
    'who signed it?'
    """
    if len(question.split()) <= LONG_WORDS:
        return _unframe(question)
    spans = split_sentences(question, [(0, len(question))])
    sentences = [_unframe(question[start:end]) for start, end in spans]
    kept = [one for one in sentences if not _THANKS.search(one) and WORD.search(one)]
    asked = [one for one in kept if one.endswith("?")]
    if asked and not any(refers(one) for one in asked):
        kept = asked
    return " ".join(kept) or question


def respell(snapshot: Snapshot, query: str, is_word: Callable[[str], bool]) -> str:
    """Return the query with each unknown word replaced by the documents' nearest word.

    Args:
        snapshot: the index, for the words that the documents use.
        query: what to search for.
        is_word: whether something is a word even though no document uses it.
    """
    unknown = [
        (start, end)
        for start, end in _unknown_words(snapshot, query)
        if not is_word(query[start:end])
    ]
    for start, end in reversed(unknown if len(unknown) <= MAX_UNKNOWN else []):
        if found := nearest_word(snapshot, query[start:end]):
            query = query[:start] + found + query[end:]
    return query


def nearest_word(snapshot: Snapshot, word: str) -> str | None:
    """Return the word of the documents that `word` most likely stands for; None if none is near.

    Words are compared by optimal string alignment (Damerau 1964): a letter too many, too few or
    wrong, and two letters in the wrong order are one error each. The first letter is taken to be
    right. Of equally near words, the one in more passages is chosen.
    """
    folded = fold(word)
    limit = 1 if len(word) < LONG_LETTERS else 2
    counts = snapshot.count_terms_from(folded[0])
    candidates = {
        candidate
        for stem in {terms(word)[0], folded, folded[:-ENDING_LETTERS]}
        for candidate, _, _ in process.extract(
            stem, list(counts), scorer=OSA.distance, score_cutoff=limit + 1, limit=N_CANDIDATES
        )
    }
    found = [
        (distance, -counts[candidate], spelling.islower() != word.islower(), spelling)
        for candidate in candidates
        for spelling in _spellings(snapshot, candidate)
        if (distance := OSA.distance(folded, fold(spelling))) <= limit
    ]
    return min(found)[-1] if found else None


def _unframe(sentence: str) -> str:
    """Return a sentence without the words that frame it, in however many parts."""
    _, colon, rest = sentence.rpartition(":")
    if colon and len(sentence.split()) > LONG_WORDS and _ASKS.search(rest):
        return rest.strip()
    while (match := _FRAME.match(sentence)) and WORD.search(sentence, match.end()):
        sentence = sentence[match.end() :]
    return sentence


def _unknown_words(snapshot: Snapshot, query: str) -> Iterator[tuple[int, int]]:
    words = {
        match.span(): found[0]
        for match in LETTERS.finditer(query)
        if len(match.group()) >= MIN_LETTERS
        and fold(match.group()) not in en.FUNCTION_WORDS
        and len(found := terms(match.group())) == 1
    }
    known = snapshot.count_passages_with(list(set(words.values())))
    yield from (span for span, term in words.items() if term not in known)


def _spellings(snapshot: Snapshot, term: str) -> set[str]:
    rows = [row for row, _ in snapshot.bm25([term], k=N_PASSAGES)]
    passages = snapshot.passages(rows).values()
    texts = (f"{passage.heading or ''} {passage.text}" for passage in passages)
    words = {match.group() for text in texts for match in LETTERS.finditer(text)}
    return {word for word in words if terms(word) == [term]}
