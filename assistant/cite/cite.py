"""A draft and the stored documents -> statements and citations that have been checked.

The only place where citations are made. A sentence number becomes the span that it was given
when the document was cut, and the span is read from the stored document anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.cite.verify import verify
from assistant.values import (
    Answer,
    Citation,
    Consulted,
    Document,
    Draft,
    DraftStatement,
    Passage,
    RankedPassage,
    Sentence,
    Statement,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What remains of a draft: the supported statements, and why others fell."""

    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    refused: tuple[tuple[DraftStatement, Verdict], ...]


def cite(draft: Draft, sentences: Sequence[Sentence], read: Callable[[str], Document]) -> Checked:
    """Check every statement of a draft; number the citations in order of their first use.

    Args:
        draft: statements that point at sentences by number.
        sentences: the numbered sentences that the answerer saw.
        read: returns a stored document by its id.
    """
    known = {sentence.number: sentence for sentence in sentences}
    statements: list[Statement] = []
    refused: list[tuple[DraftStatement, Verdict]] = []
    citations: dict[tuple[str, int, int], Citation] = {}
    for statement in draft.statements:
        cited = [known[number] for number in statement.sentences if number in known]
        verdict = _judge(statement, cited, read)
        if verdict != Verdict.SUPPORTED:
            refused.append((statement, verdict))
            continue
        numbers = []
        for sentence in cited:
            key = (sentence.passage.document_id, sentence.start, sentence.end)
            if key not in citations:
                document = read(sentence.passage.document_id)
                citations[key] = _make(len(citations) + 1, sentence, document)
            numbers.append(citations[key].number)
        statements.append(Statement(statement.text, tuple(dict.fromkeys(numbers)), verdict))
    return Checked(tuple(statements), tuple(citations.values()), tuple(refused))


def list_consulted(
    ranking: Sequence[RankedPassage],
    citations: Sequence[Citation],
    read: Callable[[str], Document],
) -> tuple[Consulted, ...]:
    """Return the passages that were read and of which no citation quotes anything."""
    consulted = []
    for ranked in ranking:
        passage = ranked.passage
        if any(_quotes(citation, passage) for citation in citations):
            continue
        document = read(passage.document_id)
        consulted.append(
            Consulted(
                document_id=passage.document_id,
                title=document.title,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                score=ranked.score,
                page=page_of(document, passage.start),
                heading=passage.heading,
            )
        )
    return tuple(consulted)


def say(question: str, reply: str, answerer: str, index_version: int) -> Answer:
    """Return the answer that states nothing, and so cites nothing: a reply for a reason."""
    return Answer(
        question=question,
        query=" ".join(question.split()),
        statements=(),
        citations=(),
        abstained=True,
        reason=reply,
        consulted=(),
        answerer=answerer,
        confidence=0.0,
        timings={},
        index_version=index_version,
    )


def page_of(document: Document, position: int) -> int | None:
    """Return the number of the page that holds a position, if the document has pages."""
    for page in document.pages:
        if page.start <= position < page.end:
            return page.number
    return None


def _judge(
    statement: DraftStatement, cited: Sequence[Sentence], read: Callable[[str], Document]
) -> Verdict:
    if len(cited) < len(statement.sentences):
        return Verdict.UNKNOWN_SOURCE
    quotes = []
    for sentence in cited:
        text = read(sentence.passage.document_id).text
        if text[sentence.start : sentence.end] != sentence.text:
            return Verdict.QUOTE_NOT_FOUND
        quotes.append(sentence.text)
    return verify(statement.text, quotes)


def _make(number: int, sentence: Sentence, document: Document) -> Citation:
    return Citation(
        number=number,
        document_id=document.document_id,
        sha256=document.sha256,
        title=document.title,
        start=sentence.start,
        end=sentence.end,
        quote=document.text[sentence.start : sentence.end],
        page=page_of(document, sentence.start),
        heading=sentence.passage.heading,
    )


def _quotes(citation: Citation, passage: Passage) -> bool:
    return (
        citation.document_id == passage.document_id
        and citation.start < passage.end
        and passage.start < citation.end
    )
