"""Answerers of known quality, to see what the measures make of them.

`Oracle` answers every question as its gold says; the others spoil what it does in one way each.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.errors import CorpusError
from assistant.evaluation.values import Question, resolve
from assistant.text.sentences import split_sentences
from assistant.values import (
    Answer,
    Citation,
    Document,
    DocumentId,
    Passage,
    PassageId,
    RankedPassage,
    Span,
    Statement,
    Turn,
    Verdict,
)


class Oracle:
    """Knows the gold of its questions."""

    def __init__(self, questions: Sequence[Question], *documents: Document) -> None:
        self.questions = {question.text: question for question in questions}
        self.documents = {document.document_id: document for document in documents}
        self.n_asked = 0

    def document(self, document_id: str) -> Document:
        if document_id not in self.documents:
            raise CorpusError(f"the index holds no document {document_id!r}")
        return self.documents[DocumentId(document_id)]

    def search(self, query: str, k: int = 10) -> tuple[RankedPassage, ...]:
        del query
        passages = [passage for one in self.documents.values() for passage in _paragraphs(one)]
        return tuple(
            RankedPassage(passage, rank, 1 / rank, 0.0, 0.0)
            for rank, passage in enumerate(passages[:k], start=1)
        )

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.n_asked += 1
        known = self.questions[question]
        if not known.is_answerable:
            return self.abstain(question)
        (spans, *_) = resolve(known, self.document)
        return self.say(question, spans)

    def say(self, question: str, spans: Sequence[Span]) -> Answer:
        """Answer with these spans, one statement each."""
        citations = tuple(self.cite(number, span) for number, span in enumerate(spans, start=1))
        statements = tuple(Statement(one.quote, (one.number,), Verdict.QUOTED) for one in citations)
        return replace(
            self.abstain(question),
            statements=statements,
            citations=citations,
            kind="answer",
            reason=None,
            confidence=0.9,
        )

    def cite(self, number: int, span: Span) -> Citation:
        document = self.document(span.document_id)
        quote = document.text[span.start : span.end]
        return Citation(
            number, span.document_id, document.sha256, document.title, span.start, span.end, quote
        )

    def abstain(self, question: str) -> Answer:
        took = {"answer": 0.01}
        return Answer(
            question, question, (), (), "abstention", "not said", (), "oracle", 0.1, took, 1
        )

    def sentences(self, document_id: str) -> list[Span]:
        text = self.document(document_id).text
        spans = split_sentences(text, [(0, len(text))])
        return [Span(DocumentId(document_id), start, end) for start, end in spans]


class Shifted(Oracle):
    """Cites the sentence after the right one, and the one before it at the end."""

    def say(self, question: str, spans: Sequence[Span]) -> Answer:
        return super().say(question, [self.next_to(span) for span in spans])

    def next_to(self, span: Span) -> Span:
        sentences = self.sentences(span.document_id)
        after = dict(pairwise(sentences))
        return after.get(span, sentences[-2])


class Halved(Oracle):
    """Leaves every other answer without its citations."""

    def say(self, question: str, spans: Sequence[Span]) -> Answer:
        whole = super().say(question, spans)
        if self.n_asked % 2:
            return whole
        bare = tuple(replace(one, citations=()) for one in whole.statements)
        return replace(whole, citations=(), statements=bare)


class NeverRefuses(Oracle):
    """Answers what cannot be answered with the first sentence there is."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        answer = super().ask(question, history)
        first = self.sentences(next(iter(self.documents)))[0]
        return self.say(question, [first]) if answer.abstained else answer


class AlwaysRefuses(Oracle):
    """Answers nothing."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        return self.abstain(question)


class WrongDocument(Oracle):
    """Quotes the right words and names another document as their source."""

    def cite(self, number: int, span: Span) -> Citation:
        other = next(name for name in self.documents if name != span.document_id)
        return replace(super().cite(number, span), document_id=other)


class CopiesTopPassage(Oracle):
    """Answers everything with the whole of the first passage."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        top = self.search(question, 1)[0].passage
        return self.say(question, [Span(top.document_id, top.start, top.end)])


def _paragraphs(document: Document) -> list[Passage]:
    found = []
    start = 0
    for part in document.text.split("\n"):
        if part.strip():
            name = PassageId(f"{document.document_id}:{start}")
            end = start + len(part)
            spans = ((start, end),)
            found.append(Passage(name, document.document_id, start, end, part, spans))
        start += len(part) + 1
    return found
