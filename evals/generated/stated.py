"""What was stated and what it cites, whoever stated it, beside what is known of the answer.

In: an answer, a language model's reply or another engine's. Out: statements with the text of what
they cite, and whether gold supports them. Refuses nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.cite import DraftStatement, verify
from assistant.evaluation.measures.correctness import normalise
from assistant.evaluation.values import Question
from assistant.values import Answer, Citation, Sentence, Span, Verdict
from assistant.write.prompt import Prompt
from assistant.write.reply import Arriving, LongReply, ShortReply

SHOWN, QUOTED, RAW, ENGINE = "shown", "quoted", "raw", "citation-query-engine"
MAX_LEAD = 100
"""Characters that may stand before a reply of JSON."""
Gold = Sequence[Sequence[Span]]


@dataclass(frozen=True, slots=True)
class Source:
    """A place that is cited, its text, and the sentences before and after it in its passage."""

    span: Span
    title: str
    quote: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement with what it cites.

    Attributes:
        who: stated it, one of the names above.
        n_invalid: numbers that it cites and that name no source.
        is_gold: whether what it cites overlaps gold and holds, or the statement holds, an accepted
            string; None without gold.
    """

    who: str
    query_id: str
    question: str
    text: str
    cited: tuple[Source, ...]
    n_invalid: int = 0
    is_gold: bool | None = None

    @property
    def is_verbatim(self) -> bool:
        """Whether it is one of the quotes that it cites, whole and word for word."""
        return verify(self.text, [one.quote for one in self.cited]) == Verdict.QUOTED


def list_shown(
    question: Question, gold: Gold, answer: Answer, shown: Prompt | None
) -> list[Stated]:
    """Return the statements that a user sees; of quotes who is "quoted"."""
    citations = {one.number: one for one in answer.citations}
    by_place = {_span(one): one for one in (shown.sentences if shown else ())}
    return [
        state(
            (question, gold),
            QUOTED if one.verdict is Verdict.QUOTED else SHOWN,
            one.text,
            [_source(citations[number], by_place) for number in one.citations],
        )
        for one in answer.statements
    ]


def list_raw(
    question: Question, gold: Gold, reply: str, shown: Prompt, titles: Mapping[str, str]
) -> list[Stated]:
    """Return the statements of a reply with the sentences that it named itself, unchecked."""
    known = {one.number: one for one in shown.sentences}
    return [
        state(
            (question, gold),
            RAW,
            one.text,
            [
                of_sentence(known[n], titles.get(known[n].passage.document_id, ""))
                for n in one.sentences
                if n in known
            ],
            n_invalid=sum(n not in known for n in one.sentences),
        )
        for one in read_reply(reply)
    ]


def read_reply(reply: str) -> tuple[DraftStatement, ...]:
    """Return all statements that the assistant reads in a reply."""
    reading = _open(reply)
    return reading.add(reply) + reading.end()


def share_until_first(reply: str) -> float | None:
    """Return the share of a reply's characters that has come when a statement is whole first."""
    reading = _open(reply)
    for n, character in enumerate(reply, start=1):
        if any(one.sentences for one in reading.add(character)):
            return n / len(reply)
    return 1.0 if any(one.sentences for one in reading.end()) else None


def _open(reply: str) -> Arriving:
    """Return what reads a reply, by its form."""
    return ShortReply() if "{" in reply[:MAX_LEAD] else LongReply()


def state(
    asked: tuple[Question, Gold],
    who: str,
    text: str,
    cited: Iterable[Source],
    *,
    n_invalid: int = 0,
) -> Stated:
    """Return a statement, compared with the gold of what was asked."""
    question, gold = asked
    sources = tuple(cited)
    return Stated(
        who=who,
        query_id=question.query_id,
        question=question.text,
        text=text,
        cited=sources,
        n_invalid=n_invalid,
        is_gold=is_gold(question, gold, text, sources),
    )


def is_gold(question: Question, gold: Gold, text: str, cited: Sequence[Source]) -> bool | None:
    """Return whether gold supports a statement, None where there is no gold."""
    spans = [span for together in gold for span in together]
    if not spans:
        return None
    if not any(overlap(one.span, span) for one in cited for span in spans):
        return False
    told = (text, *(one.quote for one in cited))
    return not question.answers or any(holds(one, question.answers) for one in told)


def holds(text: str, strings: Sequence[str]) -> bool:
    """Return whether a text holds one of the strings, as whole words, normalised as in SQuAD.

    >>> holds("It is the Titan.", ["titan"])
    True
    """
    said = f" {normalise(text)} "
    return any(f" {one} " in said for one in map(normalise, strings) if one)


def overlap(one: Span, other: Span) -> bool:
    """Return whether two spans share a character."""
    same = one.document_id == other.document_id
    return same and one.start < other.end and other.start < one.end


def of_sentence(sentence: Sentence, title: str = "") -> Source:
    """Return a sentence as a source, with its neighbours."""
    passage = sentence.passage
    before, after = "", ""
    for start, end in passage.sentences:
        text = passage.text[start - passage.start : end - passage.start]
        if end <= sentence.start:
            before = text
        elif start >= sentence.end:
            after = text
            break
    return Source(_span(sentence), title, sentence.text, before, after)


def by_question(stated: Iterable[Stated]) -> Iterator[list[Stated]]:
    """Yield the statements of each question together."""
    groups: dict[str, list[Stated]] = {}
    for one in stated:
        groups.setdefault(one.query_id, []).append(one)
    yield from groups.values()


def _source(citation: Citation, by_place: Mapping[Span, Sentence]) -> Source:
    sentence = by_place.get(_span(citation))
    if sentence:
        return of_sentence(sentence, citation.title)
    return Source(_span(citation), citation.title, citation.quote)


def _span(place: Sentence | Citation) -> Span:
    passage = place.passage if isinstance(place, Sentence) else place
    return Span(passage.document_id, place.start, place.end)
