"""Outcomes and records for tests, made tersely; texts are "a.txt" and "b.txt" of any content."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evaluation.examples import reply

from assistant.evaluation.measures import MEASURES
from assistant.evaluation.report import Record, Report
from assistant.evaluation.values import Outcome, Question
from assistant.values import Answer, Citation, DocumentId, Span

Place = tuple[str, int, int]


def question(
    answers: Sequence[str] = (),
    *,
    is_answerable: bool = True,
    documents: Sequence[str] | None = None,
    kind: str = "",
    grades: Mapping[str, int] | None = None,
) -> Question:
    """A question that "a.txt" answers, or that nothing does."""
    held = ("a.txt",) if is_answerable else ()
    return Question(
        query_id="q1",
        text="What is it?",
        is_answerable=is_answerable,
        answers=tuple(answers),
        documents=held if documents is None else tuple(documents),
        kind=kind,
        grades=tuple((grades or {}).items()),
    )


def unanswerable(kind: str = "") -> Question:
    return question(is_answerable=False, kind=kind)


def span(place: Place) -> Span:
    document_id, start, end = place
    return Span(DocumentId(document_id), start, end)


def citation(place: Place, texts: Mapping[str, str], quote: str | None = None) -> Citation:
    """A citation of a place, there or not, that quotes what stands there, or something else."""
    document_id, start, end = place
    words = texts.get(document_id, "")[start:end] if quote is None else quote
    return Citation(1, DocumentId(document_id), "", document_id, start, end, words)


def answer(*said: str, cited: Sequence[Citation] = ()) -> Answer:
    """An answer whose nth statement cites the nth citation; an abstention when nothing is said."""
    return reply(question(), said, cited)


def outcome(
    *said: str,
    asked: Question | None = None,
    texts: Mapping[str, str] | None = None,
    cited: Sequence[Place | Citation] = (),
    gold: Sequence[Sequence[Place]] = (),
    ranking: Sequence[Place | str] | None = None,
) -> Outcome:
    """An outcome; a document in a ranking stands for a passage of it."""
    held = dict(texts or {})
    citations = [c if isinstance(c, Citation) else citation(c, held) for c in cited]
    passages = [(one, 0, 1) if isinstance(one, str) else one for one in ranking or ()]
    return Outcome(
        question=asked or question(),
        answer=answer(*said, cited=citations),
        gold=tuple(tuple(map(span, together)) for together in gold),
        ranking=None if ranking is None else tuple(map(span, passages)),
        texts=held,
    )


def recited(before: Outcome, citations: Sequence[Citation]) -> Outcome:
    """The outcome with other citations; the statements keep their numbers."""
    assert before.answer is not None
    return replace(before, answer=replace(before.answer, citations=tuple(citations)))


def values_of(one: Outcome) -> dict[str, float | None]:
    return {measure.name: measure.of(one) for measure in MEASURES}


def record(
    confidence: float = 0.5,
    *,
    is_answerable: bool = True,
    kind: str = "",
    abstained: bool = False,
    said: Sequence[tuple[str, tuple[int, ...]]] = (("It is.", (1,)),),
    seconds: float = 0.0,
    query_id: str = "q1",
    dataset: str = "questions",
    values: Mapping[str, float | None] | None = None,
) -> Record:
    """A record of an answer, or of an abstention."""
    return Record(
        dataset=dataset,
        query_id=query_id,
        question="What is it?",
        query="What is it?",
        kind=kind,
        is_answerable=is_answerable,
        answers=(),
        abstained=abstained,
        said=() if abstained else tuple(said),
        reason="the documents do not say" if abstained else None,
        confidence=confidence,
        seconds=seconds,
        cited=(),
        gold=(),
        read=(),
        values=dict(values or {}),
    )


def scored(query_id: str, dataset: str = "set", **values: float) -> Record:
    """A record that says no more than its measures."""
    return record(query_id=query_id, dataset=dataset, values=values)


def report(records: Sequence[Record]) -> Report:
    return Report("name", "2026-01-01T00:00:00+00:00", 1.0, "cmd", {}, {}, (), tuple(records))
