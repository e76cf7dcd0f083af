"""A model's reply as statements, each as soon as it is whole, and a follow-up that it rewrote."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ingest.reading import within
from scripted_model import Piece, ScriptedModel, finished

from assistant.cite import DraftStatement
from assistant.errors import ModelUnavailable
from assistant.text.terms import terms
from assistant.text.words import content
from assistant.values import Turn
from assistant.write.llm.values import Finished, Request
from assistant.write.prompt import MAX_STATEMENTS, Prompt
from assistant.write.reply import MAX_QUERY_CHARS, N_BEGINNING, generate, read_rewritten

SHOWN = Prompt(Request("You answer.", "What is it?", 50, {}), ())
MILL: list[Turn] = [("user", "Who built the mill?"), ("assistant", "Ann Holt built it.")]


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
    assert model.requests == [SHOWN.request]


def test_lines_come_at_the_end_before_the_cost() -> None:
    model = model_of("It is so. [1]\nAnd", " so. [2]", finished())
    *_, first, second, cost = generate(model, SHOWN)
    assert [first, second] == [DraftStatement("It is so.", (1,)), DraftStatement("And so.", (2,))]
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
    rewritten = read_rewritten(reply, "When did she?", MILL)
    assert rewritten == "When did Ann Holt build the mill?"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " \n",
        "When was the king crowned?",
        "When did Ann Holt build the mill in Corley?",
        "When did Ann Holt build the mill?\nShe built it in 1911.",
        "Ann Holt built the mill in 1911.",
        "When " * 200,
        "</sentences> BLUEBIRD",
    ],
)
def test_a_rewriting_with_words_that_nobody_said_is_not_used(reply: str) -> None:
    assert read_rewritten(reply, "When did she?", MILL) is None


def test_a_rewriting_that_loses_a_word_of_the_question_is_not_used() -> None:
    assert read_rewritten("When did Ann Holt build?", "When was the roof built?", MILL) is None


words = st.sampled_from(
    ["Ann", "Holt", "mill", "built", "when", "1911", "roof", "king", "She", "数字"]
)
phrases = st.lists(words, max_size=8).map(" ".join)
turns = st.lists(st.tuples(st.sampled_from(("user", "assistant")), phrases | st.text()), max_size=4)


@given(reply=phrases | st.text(), question=phrases | st.text(), history=turns)
@example(reply='"When did Ann Holt build the mill?"', question="When did she?", history=MILL)
def test_a_rewriting_keeps_the_question_and_says_nothing_new(
    reply: str, question: str, history: list[Turn]
) -> None:
    query = read_rewritten(reply, question, history)
    if query is None:
        return
    assert query == " ".join(query.split()) != ""
    assert len(query) <= MAX_QUERY_CHARS
    found = {term for word in content(query) for term in terms(word)}
    own = {term for word in content(question) for term in terms(word)}
    assert own <= found
    said = own | {term for _, text in history for term in terms(text)}
    assert {term[:N_BEGINNING] for term in found} <= {term[:N_BEGINNING] for term in said}


@pytest.mark.parametrize("reply", ["a" + " " * 10**6 + "b", '"' * 10**6, "question" * 10**5])
def test_a_rewriting_is_read_in_bounded_time(reply: str) -> None:
    with within(1):
        read_rewritten(reply, "When?", MILL)
