"""Questions that are asked in one are taken apart, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.retrieve.query import split_question


def queries(question: str) -> list[str]:
    return [part.query for part in split_question(question)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "Who drew the Petrel, and how much does it cost?",
            ["Who drew the Petrel?", "how much does the Petrel cost?"],
        ),
        (
            "Where was the Osprey drawn and how many masts does it have?",
            ["Where was the Osprey drawn?", "how many masts does the Osprey have?"],
        ),
        (
            "When did Ann Holt build the mill, and where did she live?",
            ["When did Ann Holt build the mill?", "where did Ann Holt live?"],
        ),
        (
            "What is the capital of Peru and what is its population?",
            ["What is the capital of Peru?", "what is Peru's population?"],
        ),
        (
            "Which rooms have a projector and how many seats do they have?",
            ["Which rooms have a projector?", "how many seats do the rooms have?"],
        ),
        (
            "What do officials say of Stuxnet, and what do they want?",
            ["What do officials say of Stuxnet?", "what do the officials want?"],
        ),
        (
            "Who is the chair? When was she elected?",
            ["Who is the chair?", "When was the chair elected?"],
        ),
        (
            "Is the pool open on Sundays and is there a sauna?",
            ["Is the pool open on Sundays?", "is there a sauna?"],
        ),
        (
            "Where do I park, and do I need a permit?",
            ["Where do I park?", "do I need a permit?"],
        ),
    ],
)
def test_each_part_stands_by_itself(question: str, expected: list[str]) -> None:
    assert queries(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Who founded Smith and Sons?",
        "What are the pros and cons?",
        "What are the opening hours and the fees?",
        "When and where was the mill built?",
        "Why and how did it end?",
        "Who built it and why?",
        "Who was born in Brisa and was elected in 1990?",
        "What does the policy say about who may enter and who pays?",
        "What happens if I lose my card and who do I call?",
        "What is black and white?",
        "Who wrote it and when was it printed?",
        "What did the guide say of Peru, and what do they eat?",
        "What is the difference between the two travel policies?",
        "What is the difference between sick leave and annual leave?",
    ],
)
def test_one_question_stays_whole(question: str) -> None:
    assert queries(question) == [question]


@pytest.mark.parametrize(
    "question",
    [
        "Compare the Petrel and the Osprey.",
        "What is the difference between the Petrel and the Osprey?",
        "How does the Petrel differ from the Osprey?",
        "Which is cheaper, the Petrel or the Osprey?",
        "Which boat is longer: the Petrel or the Osprey?",
    ],
)
def test_two_named_things_that_are_compared_are_a_part_each(question: str) -> None:
    one, other = split_question(question)
    assert [set(one.about), set(other.about)] == [{"petrel"}, {"osprey"}]
    assert ("cost" in one.query) == ("cheaper" in question)


def test_what_is_compared_of_two_files_is_asked_of_both() -> None:
    assert queries("Compare the fees in plan-v1.md and plan-v2.md") == [
        "the fees in plan-v1.md",
        "the fees in plan-v2.md",
    ]


@given(st.text(max_size=120))
def test_any_text_gives_parts(text: str) -> None:
    assert 1 <= len(split_question(text)) <= 3


def test_splitting_takes_a_time_that_grows_with_the_question() -> None:
    for text in ("who is it and who is it? " * 800, "compare " + "a and " * 4_000, "the " * 6_000):
        with within(2):
            split_question(text)
