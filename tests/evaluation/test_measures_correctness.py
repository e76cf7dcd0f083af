import re
import string
import unicodedata

import pytest
from evaluation.outcomes import outcome, question, unanswerable
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.measures.correctness import (
    contains_answer,
    exact_match,
    normalise,
    token_f1,
)

WORDS = [
    "the",
    "The",
    "a",
    "an",
    "Titan",
    "titan's",
    "U.S.",
    "lake",
    "lakes",
    "-",
    "é–the",
    "1,5",
    "«é»،",
]
texts = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.text("aAnthe .,'-–é1«،؟”\n\t", max_size=20),
)


def normalise_answer(text: str) -> str:
    """As `normalize_answer` of evaluate-v2.0.py, step by step, with MLQA's set of punctuation."""
    text = text.lower()
    text = "".join(character for character in text if not is_punctuation(character))
    text = re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text)
    return " ".join(text.split())


def is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def compute_f1(gold: str, said: str) -> float:
    """As `compute_f1` of evaluate-v2.0.py, taking shared words away one by one."""
    gold_words, said_words = normalise_answer(gold).split(), normalise_answer(said).split()
    if not gold_words or not said_words:
        return float(gold_words == said_words)
    left, n_same = list(gold_words), 0
    for word in said_words:
        if word in left:
            left.remove(word)
            n_same += 1
    if n_same == 0:
        return 0.0
    precision, recall = n_same / len(said_words), n_same / len(gold_words)
    return (2 * precision * recall) / (precision + recall)


@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_exact_match_and_f1_are_those_of_squad(said: str, answers: list[str]) -> None:
    one = outcome(said, asked=question(answers))
    kept = [answer for answer in answers if normalise_answer(answer)]
    if not kept:
        assert exact_match(one) is token_f1(one) is contains_answer(one) is None
        return
    assert exact_match(one) == max(normalise_answer(said) == normalise_answer(a) for a in kept)
    assert token_f1(one) == pytest.approx(max(compute_f1(answer, said) for answer in kept))


@given(st.lists(texts, max_size=3), texts.filter(normalise), st.lists(texts, max_size=3))
def test_an_answer_is_contained_between_whatever_else_is_said(
    before: list[str], accepted: str, after: list[str]
) -> None:
    one = outcome(*before, accepted, *after, asked=question([accepted]))
    assert contains_answer(one) == 1.0
    assert (token_f1(one) or 0) > 0


@given(texts)
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    assert normalise(normalise(text)) in (normalise(text), normalise_answer(normalise(text)))
    assert normalise(text) == normalise_answer(text)


@pytest.mark.parametrize(
    ("said", "answer", "is_held"),
    [
        ("It has 100 lakes.", "10", False),
        ("It has (10) lakes.", "10", True),
        ("Titanic lakes.", "Titan", False),
        ("It is TITAN", "the Titan.", True),
        ("He was in the US army", "U.S. Army", True),
        ("Lakes of ethane; methane.", "ethane methane", True),
        ("8世紀の首都は奈良であった。", "奈良", True),
        ("8世紀の首都は奈良であった。", "京都", False),
        ("这座桥长1804米。", "1804", True),
        ("这座桥长1804米。", "180", False),
        ("人口は１２万人、面積は「九」平方キロ。", "面積は九", True),
        ("فاز سامي بالجائزة عام 1957، ثم سافر.", "1957", True),
        ("من فاز بالجائزة؟ سامي؛ في باريس.", "سامي", True),
        ("Он называл их «ласточками», как все.", "ласточками", True),
        ("Er nannte sie „Schwalben“ – wie alle.", "Schwalben", True),
        ("Su nombre era ¿Rosa o ¡Rosal!?", "Rosal", True),
    ],
)
def test_an_answer_is_held_as_whole_words(said: str, answer: str, is_held: bool) -> None:
    assert contains_answer(outcome(said, asked=question([answer]))) == is_held


def test_an_answer_may_run_over_two_statements_and_be_any_of_several() -> None:
    one = outcome("It is Titan.", "Saturn's.", asked=question(["Io", "Titan Saturns"]))
    assert contains_answer(one) == 1.0


def test_an_abstention_is_wrong_where_an_answer_is_accepted() -> None:
    one = outcome(asked=question(["Titan"]))
    assert (contains_answer(one), exact_match(one), token_f1(one)) == (0.0, 0.0, 0.0)


def test_nothing_is_said_of_a_question_without_accepted_strings() -> None:
    for one in (outcome("It is.", asked=question()), outcome("It is.", asked=unanswerable())):
        assert contains_answer(one) is exact_match(one) is token_f1(one) is None
