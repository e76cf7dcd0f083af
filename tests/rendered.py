"""Strategies of values whose every text tries to be markup."""

from dataclasses import replace

from attacks import VECTORS
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from surface_fakes import DROPPED

from assistant.values import (
    Answer,
    AnswerKind,
    Citation,
    Consulted,
    DocumentId,
    Statement,
    Usage,
    Verdict,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


markup = st.lists(st.sampled_from(VECTORS) | texts, max_size=3).map(
    lambda parts: "\n".join(parts).replace("\0", "")
)


@st.composite
def answers(draw: DrawFn) -> Answer:
    n = draw(st.integers(0, 3))
    citations = tuple(
        Citation(
            k,
            DocumentId(draw(markup)),
            "0" * 64,
            draw(markup),
            0,
            9,
            draw(markup),
            draw(st.none() | st.integers(1, 9)),
            draw(st.none() | markup),
        )
        for k in range(1, n + 1)
    )
    statements = tuple(Statement(draw(markup), (c.number,), Verdict.SUPPORTED) for c in citations)
    consulted = tuple(
        Consulted(DocumentId("b"), draw(markup), 0, 9, draw(markup), 0.1, None, draw(markup))
        for _ in range(draw(st.integers(0, 4)))
    )
    kind: AnswerKind = "answer" if n else draw(st.sampled_from(["abstention", "reply"]))
    reason = draw(st.none() | markup)
    return Answer(
        draw(markup),
        draw(markup),
        statements,
        citations,
        kind,
        reason,
        consulted,
        draw(st.sampled_from(["extract", "generate"])),
        0.5,
        draw(st.dictionaries(markup, st.floats(0, 99), max_size=2)),
        1,
        tuple(replace(DROPPED, why=draw(markup)) for _ in range(draw(st.integers(0, 2)))),
        None if kind == "reply" else draw(st.none() | markup),
        draw(st.none() | st.builds(lambda name: Usage(name, 1, 2, 3, 0.1, 0.2), markup)),
    )
