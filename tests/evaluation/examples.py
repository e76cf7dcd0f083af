"""An outcome in one line: what the worked examples of the measures, and their tests, are made of.

In: what was said, cited, marked and ranked, in words of the two documents of `TEXTS`. Out: an
`Outcome`. Refused: words that neither document holds.
"""

from collections.abc import Sequence
from dataclasses import replace

from assistant.evaluation.values import Outcome, Question
from assistant.values import Answer, Citation, DocumentId, Span, Statement, Verdict

TEXTS = {"titan.txt": "Titan has lakes. They hold methane.", "io.txt": "Io has volcanoes."}
LAKES = Question("lakes", "Which moon has lakes?", True, ("Titan",), documents=("titan.txt",))
RINGS = Question("rings", "Which moon has rings?", False)
"""What the documents do not answer."""


def example(
    *said: str,
    question: Question = LAKES,
    cited: Sequence[str | Citation] = (),
    gold: Sequence[Sequence[str]] = (),
    ranking: Sequence[str] | None = None,
) -> Outcome:
    """Return an outcome over `TEXTS`; one in which nothing is said is an abstention.

    >>> example("It is Titan.", cited=["Titan has lakes."]).answer.text
    'It is Titan. [1]'
    """
    return Outcome(
        question=question,
        answer=reply(question, said, [_citation(one) for one in cited]),
        gold=tuple(tuple(map(place, together)) for together in gold),
        ranking=None if ranking is None else tuple(map(place, ranking)),
        texts=TEXTS,
    )


def reply(question: Question, said: Sequence[str], citations: Sequence[Citation]) -> Answer:
    """Return an answer whose nth statement cites the nth citation, and the last all that remain."""
    numbers = range(1, len(citations) + 1)
    own = [numbers[n : n + 1] for n in range(len(said) - 1)] + [numbers[max(0, len(said) - 1) :]]
    return Answer(
        question=question.text,
        query=question.text,
        statements=tuple(
            Statement(text, tuple(cited), Verdict.QUOTED)
            for text, cited in zip(said, own, strict=False)
        ),
        citations=tuple(replace(one, number=n) for n, one in zip(numbers, citations, strict=True)),
        kind="answer" if said else "abstention",
        reason=None if said else "the documents do not say",
        consulted=(),
        answerer="example",
        confidence=0.9 if said else 0.1,
        timings={},
        index_version=1,
    )


def cite(document_id: str, start: int, end: int, quote: str | None = None) -> Citation:
    """Return a citation of that place, there or not; it quotes what stands there, or `quote`."""
    words = TEXTS[document_id][start:end] if quote is None else quote
    return Citation(1, DocumentId(document_id), "", document_id, start, end, words)


def place(words: str) -> Span:
    """Return where the documents first say the words; an id stands for the whole document.

    >>> place("volcanoes")
    Span(document_id='io.txt', start=7, end=16)
    """
    if words in TEXTS:
        return Span(DocumentId(words), 0, len(TEXTS[words]))
    for name, text in TEXTS.items():
        if words in text:
            start = text.index(words)
            return Span(DocumentId(name), start, start + len(words))
    raise ValueError(f"no text of the example says {words!r}")


def _citation(cited: str | Citation) -> Citation:
    if isinstance(cited, Citation):
        return cited
    span = place(cited)
    return cite(span.document_id, span.start, span.end)
