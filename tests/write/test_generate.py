"""A model's reply as statements, each as soon as it is whole, and a follow-up that it rewrote."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within
from scripted_model import Piece, ScriptedModel, finished

from assistant.cite import DraftStatement, Shape
from assistant.errors import ModelUnavailable
from assistant.values import Turn
from assistant.write.llm.values import Finished, Request
from assistant.write.prompt import MAX_STATEMENTS
from assistant.write.reply import MAX_QUERY_CHARS, generate, read_rewritten

SHOWN = Request("You answer.", "What is it?", 50, {"type": "object"})


def statement(n: int) -> str:
    return f'{{"sentences": [{n}], "text": "It is {n}."}}'


def model_of(*pieces: Piece) -> ScriptedModel:
    return ScriptedModel(lambda _: pieces)


def test_statements_come_as_they_are_whole_and_the_cost_at_the_end() -> None:
    model = model_of(
        "[" + statement(1), None, ", " + statement(2)[:9], statement(2)[9:], finished()
    )
    assert list(generate(model, SHOWN)) == [
        None,
        DraftStatement("It is 1.", (1,)),
        None,
        DraftStatement("It is 2.", (2,)),
        finished(),
    ]
    assert model.requests == [SHOWN]


def test_lines_come_at_the_end_before_the_cost() -> None:
    model = model_of("It is so. [1]\nAnd", " so. [2]", finished())
    *_, first, second, cost = generate(model, SHOWN)
    said = DraftStatement("It is so.", (1,), Shape(block=1))
    assert [first, second] == [said, replace(said, text="And so.", sentences=(2,))]
    assert cost == finished()


def test_a_model_that_says_more_than_enough_is_left_and_its_cost_estimated() -> None:
    def endless() -> Sequence[Piece]:
        return [statement(n % 9 + 1) + ", " for n in range(10_000)]

    model = ScriptedModel(lambda _: endless())
    *statements, cost = [one for one in generate(model, SHOWN) if one]
    assert len(statements) == MAX_STATEMENTS
    assert isinstance(cost, Finished)
    assert cost.is_estimated
    assert cost.prompt_tokens == model.count("You answer.What is it?")
    assert 0 < cost.completion_tokens < 200
    assert (model.n_left, model.n_open) == (1, 0)


def test_what_a_model_raises_is_raised_after_what_was_whole() -> None:
    pieces = generate(model_of(statement(1), ModelUnavailable("gone")), SHOWN)
    assert [next(pieces), next(pieces)] == [None, DraftStatement("It is 1.", (1,))]
    with pytest.raises(ModelUnavailable, match="gone"):
        next(pieces)


def test_closing_closes_the_model() -> None:
    model = model_of(statement(1), statement(2))
    pieces = generate(model, SHOWN)
    next(pieces)
    assert model.n_open == 1
    pieces.close()
    assert (model.n_left, model.n_open) == (1, 0)


@pytest.mark.parametrize(
    "reply",
    [
        "When did Ann Holt build the mill?",
        '"When did Ann Holt build the mill?"',
        "Question: When did Ann Holt build the mill?\n",
        "**Standalone question:** “When did Ann Holt build the mill?”",
        "\n\n  When did  Ann Holt build the mill?  \n",
    ],
)
def test_a_rewritten_question_is_taken_out_of_its_wrapping(reply: str) -> None:
    rewritten = read_rewritten(reply, "When did she?")
    assert rewritten == "When did Ann Holt build the mill?"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " \n",
        "When did Ann Holt build the mill?\nShe built it in 1911.",
        "Ann Holt built the mill in 1911.",
        "When " * 200,
    ],
)
def test_a_rewriting_that_answers_or_is_no_single_line_is_not_used(reply: str) -> None:
    assert read_rewritten(reply, "When did she?") is None


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("And her brother?", "What did Ann Holt's brother do at the mill?"),
        ("Und die Kaution?", "Wie hoch ist die Kaution der Wohnung in der Lindenstraße?"),
        ("the deposit", "deposit of the flat in Porto"),
        ("Tell me more about it.", "Tell me more about the mill of Corley."),
        ("And when?", "<think>It is about the mill.</think>When was the mill built?"),
    ],
)
def test_a_rewriting_may_have_words_of_its_own(question: str, reply: str) -> None:
    assert read_rewritten(reply, question) == reply.rpartition("</think>")[2]


@pytest.mark.parametrize(
    ("reply", "is_used"),
    [
        ("When did Ann Holt build the mill?", True),
        ("When did Ann Holt build the mill in Corley?", False),
        ("Which king was crowned?", False),
    ],
)
def test_a_small_model_adds_only_words_that_were_said(reply: str, *, is_used: bool) -> None:
    history: list[Turn] = [("user", "Who built the mill?"), ("assistant", "Ann Holt built it.")]
    assert (read_rewritten(reply, "When did she?", history) is not None) is is_used


@given(reply=st.text(), question=st.text())
def test_whatever_is_replied_a_rewriting_is_one_short_line(reply: str, question: str) -> None:
    query = read_rewritten(reply, question)
    if query is not None:
        assert query == " ".join(query.split()) != ""
        assert len(query) <= MAX_QUERY_CHARS


@pytest.mark.parametrize("reply", ["a" + " " * 10**6 + "b", '"' * 10**6, "question" * 10**5])
def test_a_rewriting_is_read_in_bounded_time(reply: str) -> None:
    with within(1):
        read_rewritten(reply, "When?")
