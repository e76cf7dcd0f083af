"""Suggests a few questions to try, each of which the assistant answers.

Questions are those that a document asks itself, or are made of its sentences, rows and fields
(`propose`) or, where that gives too few, of what its headings are about; not of its title, which it
is all about. Each is asked, and kept only if the answer quotes what it was made of. English only,
but for a document's own questions and those about headings, which are in six languages. Asking is a
function that the caller passes in; the rest is pure.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest

from assistant.answer.compose import compose
from assistant.answer.propose import (
    Proposal,
    propose,
    propose_asked,
    propose_field,
    propose_list,
    propose_row,
)
from assistant.evidence.scorer import Judge
from assistant.retrieve.query import focus
from assistant.retrieve.retriever import Retriever
from assistant.settings import Settings
from assistant.store.snapshot import Snapshot
from assistant.text.sentences import split_sentences
from assistant.text.terms import (
    DEFAULT,
    SAMPLE_CHARS,
    fold,
    function_words,
    guess_language,
    query_terms,
    say_in,
    terms,
)
from assistant.values import ECHOES, Answer, Consulted, Passage, Role

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
MAX_HEADING_WORDS = 4
HEADING = "heading"
HEADED = frozenset(("en", "de", "fr", "es", "it", "pt"))
"""Languages in which is asked what the documents say about a heading."""
_NUMBER = re.compile(r"(?:§ ?)?\d+(?:\.\d+)*[.)]? ")
_ODD = re.compile(r"[^\w\s'’-]|[\d_]")
GOLDEN = 0.6180339887498949
N_AROUND = 40
"""Passages read of the document that an answer's question seems to be about."""


def is_quoted(
    snapshot: Snapshot,
    retriever: Retriever,
    judge: Judge,
    settings: Settings,
    question: str,
    sentence: str,
) -> bool:
    """Whether the answer to a suggested question quotes the sentence it was made of."""
    found = retriever.retrieve(snapshot, focus(question), N_JUDGED)
    if not any(sentence in ranked.passage.text for ranked in found.ranking):
        return False
    judged = judge.scorer.judge(found)
    draft, sentences = compose(judged, found, judge.calibration, settings, snapshot.document)
    numbers = {number for one in draft.statements for number in one.sentences}
    return any(one.text == sentence and one.number in numbers for one in sentences)


Quotes = Callable[[str, str], bool]
"""A question, a sentence -> whether the answer quotes that sentence."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """What a question may be made of: a text, its sentences, and the heading over it.

    `roles` are those of the sentences; empty where all are paragraphs. `about` is what all of the
    document is about, where that is known: its title, its top heading, or the line that it begins
    with.
    """

    text: str
    sentences: tuple[str, ...]
    heading: str | None = None
    roles: tuple[Role, ...] = ()
    about: str = ""


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
    sentences = tuple(
        passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences
    )
    begins = sentences[:1] if passage.start == 0 else ()
    about = next(iter((*begins, *passage.under[:-1])), "")
    return SourceText(passage.text, sentences, passage.heading, passage.roles, about)


def _source_read(consulted: Consulted) -> SourceText:
    text = consulted.text
    spans = split_sentences(text, [(0, len(text))])
    sentences = tuple(text[start:end] for start, end in spans)
    return SourceText(text, sentences, consulted.heading, about=consulted.title)


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
    roles = source.roles or (Role.PARAGRAPH,) * len(source.sentences)
    units = list(zip(source.sentences, roles, strict=True))
    for (sentence, role), (answer, next_role) in pairwise(units):
        if role is Role.QUESTION and next_role not in ECHOES:
            yield from propose_asked(sentence, answer)
    for (heading, role), (item, next_role) in pairwise(units):
        if role is Role.HEADING and next_role is Role.ITEM:
            yield from propose_list(_NUMBER.sub("", heading), item, source.about)
    is_english = _is_english(source.text)
    for sentence, role in units:
        if role is Role.ROW:
            yield from propose_row(sentence)
        elif role not in ECHOES:
            yield from propose_field(sentence, source.about)
            yield from propose(sentence, source.text) if is_english else ()


def _vary(made: Sequence[list[Proposal]]) -> Iterator[Proposal]:
    """Yield one proposal of each source, then another of each, of another sentence if there is one:
    by the rule least used so far.
    """
    used: Counter[str] = Counter()
    taken: set[str] = set()
    left = [list(proposals) for proposals in made]
    while any(left):
        for proposals in left:
            if proposals:
                best = min(proposals, key=lambda one: (one.sentence in taken, used[one.rule]))
                proposals.remove(best)
                taken.add(best.sentence)
                used[best.rule] += 1
                yield best


def _from_headings(sources: Iterable[SourceText]) -> Iterator[Proposal]:
    for source in sources:
        topic = _topic_of(source)
        roles = source.roles or (Role.PARAGRAPH,) * len(source.sentences)
        said = (s for s, r in zip(source.sentences, roles, strict=True) if r is Role.PARAGRAPH)
        if topic and (first := next(said, None)):
            asked = say_in(guess_language(source.text), "What do the documents say about {}?")
            yield Proposal(asked.replace("{}", topic), first, HEADING)


def _is_english(text: str) -> bool:
    return guess_language(text) == DEFAULT and _has_function_words(text, DEFAULT)


def _has_function_words(text: str, language: str) -> bool:
    return not function_words(language).isdisjoint(fold(text[:SAMPLE_CHARS]).split())


def _topic_of(source: SourceText) -> str | None:
    """Return what a heading is about, as it stands in a question: no title, number or sentence."""
    heading = " ".join((source.heading or "").split())
    topic = _NUMBER.sub("", heading)
    words = topic.split()
    is_short = 0 < len(words) <= MAX_HEADING_WORDS
    if not is_short or heading == source.about or _ODD.search(topic):
        return None
    language = guess_language(source.text)
    if language not in HEADED or not _has_function_words(source.text, language):
        return None
    if language != DEFAULT:
        return None if fold(words[0]) in function_words(language) else topic
    if topic.isupper():
        return topic.lower()
    first = words[0].casefold()
    is_word = re.search(rf"\b{re.escape(first)}\b", source.text) is not None
    is_phrase = len(words) > 1 and words[1:] == [word.lower() for word in words[1:]]
    return " ".join([first, *words[1:]]) if is_word or is_phrase else topic


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
