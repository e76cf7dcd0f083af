"""A question and what the assistant made of it: everything that a measure may look at.

`resolve` turns a question's gold into spans; a quote that its document does not hold raises
`EvaluationError`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.cite import locate
from assistant.errors import CorpusError, QuestionError
from assistant.evaluation.values import Question
from assistant.values import Answer, Document, Span


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question asked of a corpus.

    Attributes:
        answer: what the assistant said; None when its ranking alone was asked for.
        gold: the question's gold as spans, set by set.
        ranking: the retrieved passages, best first; None when it was not asked for.
        texts: the text of every document that is cited or holds gold, as the index holds it, by id;
            one that the index does not hold is left out.
        seconds: how long the answer took, without the ranking.
    """

    question: Question
    answer: Answer | None = None
    gold: tuple[tuple[Span, ...], ...] = ()
    ranking: tuple[Span, ...] | None = None
    texts: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def resolve(question: Question, read: Callable[[str], Document]) -> tuple[tuple[Span, ...], ...]:
    """Return the question's gold as spans of the documents that `read` gives.

    Raises:
        QuestionError: a quote is not in its document, or the document is not there.
    """
    return tuple(
        tuple(_place(question.query_id, one.document_id, one.quote, read) for one in together)
        for together in question.gold
    )


def _place(query_id: str, document_id: str, quote: str, read: Callable[[str], Document]) -> Span:
    try:
        document = read(document_id)
    except CorpusError as error:
        raise QuestionError(f"the gold of {query_id!r} names {document_id!r}: {error}") from error
    if (place := locate(quote, document.text)) is None:
        raise QuestionError(
            f"the gold of {query_id!r} is not in {document_id!r}: {quote!r}; quote it as the "
            "document has it"
        )
    return Span(document.document_id, *place)
