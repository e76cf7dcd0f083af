"""Strategies of values whose every text tries to be markup."""

from dataclasses import replace
from itertools import accumulate

from attacks import VECTORS
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from surface_fakes import DROPPED

from assistant.values import (
    Answer,
    AnswerKind,
    Cell,
    Citation,
    Consulted,
    DocumentId,
    Role,
    Statement,
    Usage,
    Verdict,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


markup = st.lists(st.sampled_from(VECTORS) | texts, max_size=3).map(
    lambda parts: "\n".join(parts).replace("\0", "")
)


@st.composite
def statements_of(draw: DrawFn, number: int) -> Statement:
    """Return a statement of any shape: a row with its cells, words that answer or none."""
    role = draw(st.sampled_from([Role.PARAGRAPH, Role.PARAGRAPH, *Role]))
    text = draw(markup)
    cells: tuple[Cell, ...] = ()
    if role is Role.ROW:
        named = draw(st.lists(st.tuples(st.none() | markup, markup), max_size=3))
        text = "".join(value for _, value in named)
        starts = [0, *accumulate(len(value) for _, value in named)]
        cells = tuple(Cell(*one, start) for one, start in zip(named, starts, strict=False))
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    return Statement(
        text,
        (number,),
        Verdict.QUOTED,
        role=role,
        level=draw(st.integers(0, 3)),
        cells=cells,
        answering=tuple(zip(ends[::2], ends[1::2], strict=False)),
        block=draw(st.integers(0, 2)),
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
    statements = tuple(draw(statements_of(c.number)) for c in citations)
    consulted = tuple(
        Consulted(
            DocumentId("b"),
            draw(markup),
            0,
            9,
            draw(markup),
            0.1,
            None,
            draw(markup),
            near=tuple(
                replace(one, citations=()) for one in draw(st.lists(statements_of(1), max_size=2))
            ),
        )
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
