"""Suggests a few questions to try, each of which the assistant answers.

Questions are made of sentences of the documents (`propose`) or, where that gives too few, of
headings. Each is asked, and kept only if the answer quotes the sentence that it was made of.
English only: documents in other languages give questions about their headings, or none. Asking is a
function that the caller passes in; the rest is pure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from assistant.answer.propose import Proposal, propose
from assistant.store.snapshot import Snapshot
from assistant.text.sentences import SAMPLE_CHARS, guess_language, split_sentences
from assistant.text.terms import query_terms, terms
from assistant.values import Answer, Consulted, Passage

N_READ = 40
"""Passages read for each question wanted: about every second one gives a question."""
N_ASKED = 4
"""Questions asked for each one wanted."""
N_SPARE = 2
"""Questions asked beyond those wanted when somebody is waiting for them."""
N_JUDGED = 2
"""Passages read to judge one: of 51 questions made of squad2's texts, the first two decided as all
eight do, and eight take several times as long."""
NEAR_SHARE = 0.2
"""Of a query's idf: from here on a question is about something that the query names."""
MAX_HEADING_WORDS = 8
HEADING = "heading"
GOLDEN = 0.6180339887498949
N_AROUND = 40
"""Passages read of the document that an answer's question seems to be about."""

Quotes = Callable[[str, str], bool]
"""A question, a sentence -> whether the answer quotes that sentence."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """What a question may be made of: a text, its sentences, and the heading over it."""

    text: str
    sentences: tuple[str, ...]
    heading: str | None = None


def read_all_over(snapshot: Snapshot, n: int) -> list[SourceText]:
    """Return up to n sources, spread over the documents and over each of them."""
    return _read(snapshot, spread(snapshot.rows_by_content(), n))


def read_near(snapshot: Snapshot, answer: Answer) -> list[SourceText]:
    """Return what was consulted for an answer as sources, the likeliest first.

    First of the document whose passage scored highest, and behind these more of that document, if
    it is still held; then of the others.
    """
    consulted = sorted(answer.consulted, key=lambda one: -one.score)
    first = consulted[0].document_id
    rows = snapshot.rows_of([first]) if first in snapshot.versions([first]) else ()
    return [
        *(_source_read(one) for one in consulted if one.document_id == first),
        *_read(snapshot, spread([rows], N_AROUND)),
        *(_source_read(one) for one in consulted if one.document_id != first),
    ]


def spread(rows_by_content: Sequence[Sequence[int]], n: int) -> list[int]:
    """Return n of the rows: one of each content, then another of each, from all over it.

    The first is the first passage, which often says what the document is about; the others follow
    the golden ratio, whose multiples leave no part of a document long without one.

    >>> spread([[1, 2, 3, 4, 5], [6]], 5)
    [1, 6, 3, 5, 2]
    """
    ordered = [
        [row for _, row in sorted((i * GOLDEN % 1, row) for i, row in enumerate(rows))]
        for rows in rows_by_content
    ]
    turns = chain.from_iterable(zip_longest(*ordered))
    return [row for row in turns if row is not None][:n]


def _read(snapshot: Snapshot, rows: Sequence[int]) -> list[SourceText]:
    passages = snapshot.passages(rows)
    return [_source_of(passages[row]) for row in dict.fromkeys(rows)]


def _source_of(passage: Passage) -> SourceText:
    sentences = (passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences)
    return SourceText(passage.text, tuple(sentences), passage.heading)


def _source_read(consulted: Consulted) -> SourceText:
    text = consulted.text
    spans = split_sentences(text, [(0, len(text))])
    return SourceText(text, tuple(text[start:end] for start, end in spans), consulted.heading)


def suggest(sources: Iterable[SourceText], quotes: Quotes, n: int) -> tuple[str, ...]:
    """Return up to n questions, made of as many sources, and by as many rules, as there are.

    Args:
        sources: in the order in which to try them.
        quotes: asks one question.
        n: how many questions to return; at most `N_ASKED` times as many are asked.
    """
    listed = list(sources)
    made = [list(_propose_all(source)) for source in listed]
    proposals = chain(_vary(made), _from_headings(listed))
    return _keep_answered(proposals, quotes, n, n_asked=N_ASKED * n)


def suggest_near(
    query: str, weights: Mapping[str, float], sources: Sequence[SourceText], quotes: Quotes, n: int
) -> tuple[str, ...]:
    """Return up to n questions about what a query seems to be about, and not the query itself.

    Those that share `NEAR_SHARE` of its weight come first, by how much; the others in the order of
    their sources. At most n + `N_SPARE` are asked.

    Args:
        query: what was searched for.
        weights: its terms with their idf.
        sources: the likeliest first.
        quotes: asks one question.
        n: how many questions to return.
    """
    asked = set(query_terms(query))
    made = list(chain(*map(_propose_all, sources), _from_headings(sources)))
    told = [one for one in made if set(query_terms(one.question)) != asked]
    told.sort(key=lambda one: -_nearness(one, weights))
    return _keep_answered(told, quotes, n, n_asked=n + N_SPARE)


def _propose_all(source: SourceText) -> Iterator[Proposal]:
    if guess_language(source.text[:SAMPLE_CHARS]) != "en":
        return
    for sentence in source.sentences:
        yield from propose(sentence, source.text)


def _vary(made: Sequence[list[Proposal]]) -> Iterator[Proposal]:
    """Yield one proposal of each source, then another of each: by the rule least used so far."""
    used: Counter[str] = Counter()
    left = [list(proposals) for proposals in made]
    while any(left):
        for proposals in left:
            if proposals:
                best = min(proposals, key=lambda one: used[one.rule])
                proposals.remove(best)
                used[best.rule] += 1
                yield best


def _from_headings(sources: Iterable[SourceText]) -> Iterator[Proposal]:
    for source in sources:
        heading = " ".join((source.heading or "").split())
        if 0 < len(heading.split()) <= MAX_HEADING_WORDS and '"' not in heading:
            question = f'What does "{heading}" say?'
            for sentence in source.sentences[:1]:
                yield Proposal(question, sentence, HEADING)


def _keep_answered(
    proposals: Iterable[Proposal], quotes: Quotes, n: int, *, n_asked: int
) -> tuple[str, ...]:
    """Return the first n whose answer quotes the sentence that they were made of, one of each."""
    kept: dict[str, str] = {}
    tried: set[str] = set()
    for one in proposals:
        if len(kept) == n or len(tried) == n_asked:
            break
        if one.question in tried or one.sentence in kept:
            continue
        tried.add(one.question)
        if quotes(one.question, one.sentence):
            kept[one.sentence] = one.question
    return tuple(kept.values())


def _nearness(proposal: Proposal, weights: Mapping[str, float]) -> float:
    """Return the share of a query's weight that a proposal has, its own words counting double.

    A share of less than `NEAR_SHARE` is none: the two have a word in common by chance.
    """
    own, around = set(terms(proposal.question)), set(terms(proposal.sentence))
    shared = sum(w * ((term in own) + (term in around)) for term, w in weights.items())
    share = shared / (2 * sum(weights.values()) or 1)
    return share if share >= NEAR_SHARE else 0.0
