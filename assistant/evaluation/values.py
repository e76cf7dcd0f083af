"""Questions over documents, with what is known of their answers, and what was made of them.

A question is what every set becomes; an outcome is everything that a measure may look at. `resolve`
turns a question's gold into spans; a quote that its document does not hold raises `QuestionError`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.cite import locate
from assistant.errors import CorpusError, QuestionError
from assistant.values import Answer, Document, Span, Turn


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote that a person, or the set's maker, marked as evidence for the answer."""

    document_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and what is known of its answer.

    Attributes:
        query_id: its name within the set.
        is_answerable: whether the documents answer it; what they answer in part only is not.
        answers: strings any of which an answer may hold to be right.
        wrong: strings that an answer must not hold (misinformation).
        gold: evidence, as alternative sets: citing all of any one set is right.
        documents: those that hold the answer; of an unanswerable question those that it was
            written about, if any.
        group: questions of one group belong on the same side of a split.
        kind: the set's own label, in lower case.
        history: the conversation before it, oldest first.
        grades: relevance of documents in graded sets; without it each of `documents` counts 1.
    """

    query_id: str
    text: str
    is_answerable: bool
    answers: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    gold: tuple[tuple[Gold, ...], ...] = ()
    documents: tuple[str, ...] = ()
    group: str = ""
    kind: str = ""
    history: tuple[Turn, ...] = ()
    grades: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer to what has none."""
        if (self.answers or self.wrong or self.gold) and not self.is_answerable:
            raise ValueError(f"{self.text!r} is not answerable, yet has answers or gold")
        if both := set(self.answers) & set(self.wrong):
            raise ValueError(f"{self.text!r} calls {sorted(both)} both right and wrong")
        if not all(self.gold):
            raise ValueError(f"{self.text!r} has an empty set of gold")

    @property
    def evidence(self) -> tuple[str, ...]:
        """Every quote of every set of gold, once."""
        return tuple(dict.fromkeys(one.quote for together in self.gold for one in together))


@dataclass(frozen=True, slots=True)
class Dataset:
    """The documents of a set by id, no two of one text, and its questions in file order.

    Where nothing says what the answer is, they are for ranking alone.
    """

    name: str
    texts: dict[str, str]
    questions: tuple[Question, ...]
    is_ranking: bool = False

    def __post_init__(self) -> None:
        """Refuse an answer in no document or one that is not there, and two of one query_id."""
        for question in self.questions:
            if question.is_answerable and not question.documents:
                raise ValueError(f"{question.text!r} is answerable, yet no document answers it")
            if absent := set(question.documents) - self.texts.keys():
                raise ValueError(f"{self.name}: {question.text!r} names {sorted(absent)}, not here")
        if len({question.query_id for question in self.questions}) < len(self.questions):
            raise ValueError(f"{self.name}: two questions have one query_id")


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
