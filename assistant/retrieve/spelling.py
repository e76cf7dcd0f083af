"""A query and a snapshot -> the query with its misspelt words as the documents spell them.

Only a word that neither a passage nor the encoder knows is changed, and only into one that differs
by a typing error; `Answer.query` shows what became of it. Words of letters alone, in scripts that
put spaces between them.
"""

import re
from collections.abc import Callable, Iterator

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.index.snapshot import Snapshot
from assistant.index.terms import FUNCTION_WORDS, fold, terms

MIN_LETTERS = 5
"""Shorter words have too many neighbours that are words themselves."""
LONG_LETTERS = 9
"""From here on a word may have two typing errors, below it one."""
ENDING_LETTERS = 3
"""The stemmer may miss the ending of a misspelt word, so the word is tried without it too."""
MAX_UNKNOWN = 8
"""A question with more unknown words is not misspelt: it is about something else."""
N_CANDIDATES = 8
N_PASSAGES = 5
"""Passages read to see how a candidate is spelt."""

_WORD = re.compile(r"[^\W\d_]+")


def respell(snapshot: Snapshot, query: str, is_word: Callable[[str], bool]) -> str:
    """Return the query with each unknown word replaced by its nearest in the documents.

    Args:
        snapshot: the documents' words.
        query: what was typed.
        is_word: whether a word is one, even if no document has it.
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
    """Return the documents' word that `word` most likely stands for, None if there is none.

    Compared by optimal string alignment (Damerau 1964): a letter too many, too few or wrong and
    two letters in the wrong order are one error each. The first letter is taken to be right; of
    equally near words the one in more passages is chosen.
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


def _unknown_words(snapshot: Snapshot, query: str) -> Iterator[tuple[int, int]]:
    words = {
        match.span(): found[0]
        for match in _WORD.finditer(query)
        if len(match.group()) >= MIN_LETTERS
        and fold(match.group()) not in FUNCTION_WORDS
        and len(found := terms(match.group())) == 1
    }
    known = snapshot.count_passages_with(list(set(words.values())))
    yield from (span for span, term in words.items() if term not in known)


def _spellings(snapshot: Snapshot, term: str) -> set[str]:
    rows = [row for row, _ in snapshot.bm25([term], k=N_PASSAGES)]
    passages = snapshot.passages(rows).values()
    texts = (f"{passage.heading or ''} {passage.text}" for passage in passages)
    words = {match.group() for text in texts for match in _WORD.finditer(text)}
    return {word for word in words if terms(word) == [term]}
