import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import QuestionError
from assistant.retrieve.query import focus, read_question

LONG = (
    "Hello, I have been reading these documents all morning for a report that my colleague asked "
    "me to write, and I was wondering whether you could tell me the following: {} "
    "Thank you very much in advance, I really appreciate your help."
)


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Who signed it?", "Who signed it?"),
        ("Could you please tell me who signed it?", "who signed it?"),
        ("Hi! I was wondering if you could tell me who signed it", "who signed it"),
        ("do you know when the U.S. joined?", "when the U.S. joined?"),
        ("I'd like to know why prices fell.", "why prices fell."),
        (LONG.format("When did the Normans come?"), "When did the Normans come?"),
        ("Tell me", "Tell me"),
        ("Thanks", "Thanks"),
        ("Sohail signed it", "Sohail signed it"),
        ("Ratio 3:2 of what?", "Ratio 3:2 of what?"),
        ("?!", "?!"),
        ("数字経済とは何ですか", "数字経済とは何ですか"),
    ],
)
def test_the_frame_of_a_question_is_not_searched_for(question: str, query: str) -> None:
    assert focus(question) == query


def test_a_question_that_leans_on_what_was_said_before_keeps_it() -> None:
    told = (
        "Volt Typhoon is a group of hackers that has been found in the networks of many companies."
    )
    question = f"{told} When was it first seen by anyone at all?"
    assert focus(question) == question


@given(st.text(max_size=300))
def test_a_query_has_no_word_that_the_question_has_not_and_is_never_empty(question: str) -> None:
    query = focus(question)
    assert set(re.findall(r"\w+", query)) <= set(re.findall(r"\w+", question))
    assert bool(query.strip()) == bool(question.strip())


def test_a_question_is_read_on_one_line_and_in_canonical_form() -> None:
    assert read_question(" Who\n is\u200b  Zoe\u0308? ", 99).line == "Who is Zoë?"


def test_a_question_of_nothing_or_of_too_much_is_refused() -> None:
    assert read_question("abc", 3).line == "abc"
    with pytest.raises(QuestionError, match="4 characters, over the limit of 3"):
        read_question("abcd", 3)
    with pytest.raises(QuestionError, match="empty"):
        read_question("\u200b\n", 3)
