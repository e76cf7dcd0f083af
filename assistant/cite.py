"""Turns a draft into statements and citations, checked against the stored documents.

This is the only place that makes a `Citation`. A draft points at sentences by number; each number
becomes the span that the sentence got when its document was cut, and the quote is read from the
stored document again. A statement whose sentences are not there, or do not say it, is dropped with
the reason.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.values import (
    PLAIN,
    Answer,
    Citation,
    Consulted,
    Document,
    Draft,
    DraftStatement,
    Dropped,
    PageKind,
    Passage,
    RankedPassage,
    Sentence,
    Shape,
    Statement,
    Verdict,
)

NO_SOURCE = "it names no sentence that was shown"
NOT_QUOTED = "it is not the sentence that it cites"
NOT_STORED = "what it cites does not stand in the stored document"

Place = tuple[str, int, int]
"""A sentence's document and span."""
Read = Callable[[str], Document]
"""Returns a stored document by its id."""


def locate(quote: str, text: str) -> tuple[int, int] | None:
    r"""Return the span of the first place where `text` says `quote`, or None.

    An exact place goes before one that differs in whitespace. What is returned never differs
    from the quote in anything else, and begins and ends with a character of the quote.

    >>> locate("two words", "in two\n words")
    (3, 13)
    """
    words = quote.split()
    if not words:
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return found.span() if found else None


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement that its sentences support, as read back from the stored documents."""

    text: str
    sentences: tuple[Sentence, ...]
    support: float = 1.0
    is_repaired: bool = False
    shape: Shape = PLAIN


@dataclass(frozen=True, slots=True)
class Checked:
    """What remains of a draft: the supported statements, and what fell."""

    verified: tuple[Verified, ...]
    dropped: tuple[Dropped, ...]


def cite(draft: Draft, sentences: Sequence[Sentence], read: Read) -> Checked:
    """Check every statement of a draft that quotes.

    Args:
        draft: statements that point at sentences by number.
        sentences: the numbered sentences that the answerer saw.
        read: returns a stored document by its id.
    """
    known = {sentence.number: sentence for sentence in sentences}
    found = [_check_quote(statement, known, read) for statement in draft.statements]
    return Checked(
        tuple(one for one in found if isinstance(one, Verified)),
        tuple(one for one in found if isinstance(one, Dropped)),
    )


def verify(statement: str, quotes: Sequence[str]) -> Verdict:
    r"""Return whether the statement is one of the cited quotes.

    >>> verify("It rained.", ["It\nrained."]).value
    'supported'
    >>> verify("It rained.", ["Nobody thinks that It rained."]).value
    'unsupported'
    """
    if not quotes:
        return Verdict.UNKNOWN_SOURCE
    is_said = any(locate(statement, quote) == (0, len(quote)) for quote in quotes)
    return Verdict.SUPPORTED if is_said else Verdict.UNSUPPORTED


def place_of(sentence: Sentence) -> Place:
    """Return where a sentence lies, whatever its number."""
    return sentence.passage.document_id, sentence.start, sentence.end


def number_citations(
    verified: Sequence[Verified], read: Read
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Return the statements and their citations, numbered in order of their first use."""
    citations: dict[Place, Citation] = {}
    statements = []
    for one in verified:
        numbers = []
        for sentence in one.sentences:
            place = place_of(sentence)
            if place not in citations:
                document = read(sentence.passage.document_id)
                citations[place] = _make(len(citations) + 1, sentence, document)
            numbers.append(citations[place].number)
        unique = tuple(dict.fromkeys(numbers))
        statements.append(
            Statement(one.text, unique, Verdict.SUPPORTED, one.support, one.is_repaired, *one.shape)
        )
    return tuple(statements), tuple(citations.values())


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
        page, kind = page_of(document, passage.start)
        consulted.append(
            Consulted(
                document_id=passage.document_id,
                title=document.title,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                score=ranked.score,
                page=page,
                heading=passage.heading,
                page_kind=kind,
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
        kind="reply",
        reason=reply,
        consulted=(),
        answerer=answerer,
        confidence=0.0,
        timings={},
        index_version=index_version,
    )


def page_of(document: Document, position: int) -> tuple[int | None, PageKind]:
    """Return the number and kind of the page that holds a position, if the document has pages."""
    after = bisect_right(document.pages, position, key=lambda page: page.start)
    page = document.pages[after - 1] if after else None
    if page is None or position >= page.end:
        return None, PageKind.PAGE
    return page.number, page.kind


def _check_quote(
    statement: DraftStatement, known: Mapping[int, Sentence], read: Read
) -> Verified | Dropped:
    cited = tuple(known[number] for number in statement.sentences if number in known)
    quotes = tuple(sentence.text for sentence in cited)
    if len(cited) < len(statement.sentences):
        return Dropped(statement.text, quotes, Verdict.UNKNOWN_SOURCE, NO_SOURCE)
    if not all(is_stored(sentence, read) for sentence in cited):
        return Dropped(statement.text, quotes, Verdict.QUOTE_NOT_FOUND, NOT_STORED)
    verdict = verify(statement.text, quotes)
    if verdict != Verdict.SUPPORTED:
        return Dropped(statement.text, quotes, verdict, NOT_QUOTED if quotes else NO_SOURCE)
    return Verified(statement.text, cited, shape=_check_shape(statement))


def _check_shape(statement: DraftStatement) -> Shape:
    """Return how a quote is drawn: cells and words that are not exactly in it are no part of it."""
    text, shape = statement.text, statement.shape
    are_cells = all(text.startswith(cell.text, cell.start) for cell in shape.cells)
    ends = [0, *(end for span in shape.answering for end in span), len(text)]
    return shape._replace(
        cells=shape.cells if are_cells else (),
        answering=shape.answering if ends == sorted(ends) else (),
    )


def is_stored(sentence: Sentence, read: Read) -> bool:
    """Whether a sentence stands in the stored document as it was cut."""
    text = read(sentence.passage.document_id).text
    return text[sentence.start : sentence.end] == sentence.text


def _make(number: int, sentence: Sentence, document: Document) -> Citation:
    page, kind = page_of(document, sentence.start)
    return Citation(
        number=number,
        document_id=document.document_id,
        sha256=document.sha256,
        title=document.title,
        start=sentence.start,
        end=sentence.end,
        quote=document.text[sentence.start : sentence.end],
        page=page,
        heading=sentence.passage.heading,
        page_kind=kind,
        copies=document.copies,
    )


def _quotes(citation: Citation, passage: Passage) -> bool:
    return (
        citation.document_id == passage.document_id
        and citation.start < passage.end
        and passage.start < citation.end
    )
