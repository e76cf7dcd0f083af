"""Suggests a few questions to try, each of which the assistant answers.

Questions are those that a document asks itself, or are made of its sentences, rows and fields
(`propose`) or, where that gives too few, of what its headings are about; not of its title, which it
is all about. Each is asked, and kept only if the answer quotes what it was made of, tells more than
the question does, and of what nothing names comes from one document alone. In six languages, but
for a document's own questions. Asking is a function that the caller passes in; the rest is pure.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, zip_longest

from assistant.answer.compose import compose
from assistant.answer.propose import (
    LANGUAGES,
    Proposal,
    propose,
    propose_asked,
    propose_field,
    propose_list,
    propose_row,
    read_articles,
)
from assistant.answer.whole import respond
from assistant.evidence.scorer import Judge
from assistant.retrieve.query import focus, read_question
from assistant.retrieve.retriever import Retriever
from assistant.settings import Settings
from assistant.store.snapshot import Snapshot
from assistant.text.cues import leans_back
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
from assistant.text.words import LETTERS, find_names
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
_ACCUSATIVE = {"der": "den"}
"""Of a German article, behind the preposition of the question."""
_NUMBER = re.compile(r"(?:§ ?)?\d+(?:\.\d+)*[.)]? ")
_ODD = re.compile(r"[^\w\s'’-]|[\d_]")
_NUMBERED = re.compile(r"([A-Z][a-z]+) \S*\d\S*")
GOLDEN = 0.6180339887498949
N_AROUND = 40
"""Passages read of the document that an answer's question seems to be about."""


def is_answered(
    snapshot: Snapshot,
    retriever: Retriever,
    judge: Judge,
    settings: Settings,
    proposal: Proposal,
) -> bool:
    """Whether the answer to a suggested question quotes what it was made of, or as much.

    It is asked with few passages first, and then as a person would ask it.
    """
    asked = read_question(proposal.question, settings.max_question_chars)
    query = focus(proposal.question)
    for n_passages in (N_JUDGED, settings.n_passages):
        found = retriever.retrieve(snapshot, query, n_passages)
        if not any(proposal.sentence in ranked.passage.text for ranked in found.ranking):
            return False
        judged = judge.scorer.judge(found)
        draft, sentences = compose(judged, found, judge.calibration, settings, snapshot.document)
        numbers = {number for one in draft.statements for number in one.sentences}
        quoted = [one for one in sentences if one.number in numbers and one.role not in ECHOES]
        if not any(_tells(one.text, proposal) for one in quoted):
            return False
        documents = {one.passage.document_id for one in quoted}
        if len(documents) > 1 and not proposal.is_specific:
            return False
    return respond(asked, asked.line, (), {}, snapshot, lambda *_: judged) is None


def _tells(text: str, proposal: Proposal) -> bool:
    """Whether a text is what a question was made of, or names all that it asks of and more."""
    own, asked = set(terms(text)), set(query_terms(proposal.question))
    return text == proposal.sentence or (proposal.is_specific and asked < own)


Answers = Callable[[Proposal], bool]
"""A proposal -> whether its question is answered by what it was made of."""


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


def suggest(
    sources: Iterable[SourceText], answers: Answers, n: int, written: Iterable[Proposal] = ()
) -> tuple[str, ...]:
    """Return up to n questions, made of as many sources, and by as many rules, as there are.

    Args:
        sources: in the order in which to try them.
        answers: asks one question.
        n: how many questions to return; at most `N_ASKED` times as many are asked.
        written: questions of a model, which are tried first.
    """
    listed = list(sources)
    made = [list(_propose_all(source)) for source in listed]
    if len(listed) == 1:
        made[0] += [_call_it_the(one, listed[0].about) for one in made[0]]
    proposals = chain(written, _vary(made), _from_headings(listed))
    return _keep_answered(proposals, answers, n, n_asked=N_ASKED * n)


def suggest_near(
    query: str,
    weights: Mapping[str, float],
    sources: Sequence[SourceText],
    answers: Answers,
    n: int,
) -> tuple[str, ...]:
    """Return up to n questions about what a query seems to be about, and not the query itself.

    Those that share `NEAR_SHARE` of its weight come first, by how much, then those with a word of a
    name of it; the others in the order of their sources. At most n + `N_SPARE` are asked.

    Args:
        query: what was searched for.
        weights: its terms with their idf.
        sources: the likeliest first.
        answers: asks one question.
        n: how many questions to return.
    """
    asked = set(query_terms(query))
    made = list(chain(*map(_propose_all, sources), _from_headings(sources)))
    told = [one for one in made if set(query_terms(one.question)) != asked]
    named = set(terms(" ".join(find_names(query))))
    told.sort(key=lambda one: (-_nearness(one, weights), named.isdisjoint(terms(one.question))))
    return _keep_answered(told, answers, n, n_asked=n + N_SPARE)


def _propose_all(source: SourceText) -> Iterator[Proposal]:
    roles = source.roles or (Role.PARAGRAPH,) * len(source.sentences)
    units = list(zip(source.sentences, roles, strict=True))
    language = guess_language(source.text)
    for (sentence, role), (answer, next_role) in pairwise(units):
        if role is Role.QUESTION and next_role not in ECHOES:
            yield from propose_asked(sentence, answer)
    for (heading, role), (item, next_role) in pairwise(units):
        if role is Role.HEADING and next_role is Role.ITEM:
            yield from propose_list(_NUMBER.sub("", heading), item, source.about, language)
    is_spoken = _has_function_words(source.text, language)
    for sentence, role in units:
        if role is Role.ROW:
            yield from propose_row(sentence, language)
        elif role not in ECHOES:
            yield from propose_field(sentence, source.about, language if is_spoken else "")
            if is_spoken and not leans_back(sentence):
                yield from propose(sentence, source.text, language)


def _call_it_the(proposal: Proposal, about: str) -> Proposal:
    """Return a question about the only document without its number, in English: "the bill"."""
    found = _NUMBERED.fullmatch(about)
    asked = proposal.question.replace(about, f"the {found[1].lower()}") if found else ""
    return replace(proposal, question=asked or proposal.question)


def _vary(made: Sequence[list[Proposal]]) -> Iterator[Proposal]:
    """Yield one proposal of each source, then another of each, of another sentence if there is one:
    by the rule least used so far. In each round those come first that name what they ask of.
    """
    used: Counter[str] = Counter()
    taken: set[str] = set()
    left = [list(proposals) for proposals in made]
    while any(left):
        left.sort(key=lambda own: not any(one.is_specific for one in own))
        for proposals in filter(None, left):
            best = min(
                proposals,
                key=lambda one: (one.sentence in taken, used[one.rule], not one.is_specific),
            )
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


def _has_function_words(text: str, language: str) -> bool:
    words = {word for word in LETTERS.findall(fold(text[:SAMPLE_CHARS])) if len(word) > 1}
    return not function_words(language).isdisjoint(words)


def _topic_of(source: SourceText) -> str | None:
    """Return what a heading is about, as it stands in a question: no title, number or sentence.

    It has the article that the text gives it at the beginning of a sentence, where it has one.
    """
    heading = " ".join((source.heading or "").split())
    topic = _NUMBER.sub("", heading)
    words = topic.split()
    is_short = 0 < len(words) <= MAX_HEADING_WORDS
    language = guess_language(source.text)
    is_odd = heading == source.about or _ODD.search(topic) or not is_short
    is_odd = is_odd or (language != DEFAULT and fold(words[0]) in function_words(language))
    if is_odd or language not in LANGUAGES or not _has_function_words(source.text, language):
        return None
    topic = topic.capitalize() if topic.isupper() else topic
    article = rf"(?:(?P<article>{read_articles(language)})\s?)?"
    said = rf"(?:^|[.!?:]\s+|\n){article}{re.escape(topic)}\b[^.:\n]"
    below = source.text.partition(heading)[2] or source.text
    found = re.search(said, below, re.IGNORECASE)
    if not found:
        return None
    article = (found["article"] or "").lower()
    plain = topic if language == "de" or _is_name(topic) else f"{topic[0].lower()}{topic[1:]}"
    if not article and language not in (DEFAULT, "de"):
        return None
    return f"{_ACCUSATIVE.get(article, article)} {plain}".strip().replace("' ", "'")


def _is_name(topic: str) -> bool:
    return any(word[0].isupper() for word in topic.split()[1:])


def _is_echo(proposal: Proposal) -> bool:
    """Whether what answers says no more than the question does."""
    return set(terms(proposal.sentence)) <= set(terms(proposal.question))


def _keep_answered(
    proposals: Iterable[Proposal], answers: Answers, n: int, *, n_asked: int
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
        if answers(one) and not _is_echo(one):
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
