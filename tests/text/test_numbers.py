"""One number is one key, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.numbers import find_numbers, is_pronoun
from assistant.text.words import read


def keys(text: str) -> list[tuple[str, str]]:
    return [number.key for number in find_numbers(read(text))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,000", "one thousand"),
        ("1000", "a thousand"),
        ("2.5 million", "2,500,000"),
        ("50%", "50 per cent"),
        ("50 percent", "fifty percent"),
        ("3rd", "third"),
        ("21st", "twenty-first"),
        ("$5 million", "5 million US dollars"),
        ("£3m", "3 million pounds"),
        ("two dozen", "24"),
        ("two hundred and fifty thousand", "250,000"),
        ("ninety-nine", "99"),
        ("½", "half"),
        ("two thirds", "two-thirds"),
        ("5.0", "5"),
        ("3bn", "three billion"),
    ],
)
def test_two_ways_to_write_a_number_are_one_number(one: str, other: str) -> None:
    assert keys(one) == keys(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50%", "50"),
        ("3%", "3 percentage points"),
        ("$5", "€5"),
        ("third", "3"),
        ("1990s", "1990"),
        ("44 BC", "44"),
        ("thousands", "1,000"),
        ("-5", "5"),
        ("half", "third"),
        ("1.5", "15"),
    ],
)
def test_what_a_number_counts_in_belongs_to_it(one: str, other: str) -> None:
    assert keys(one) != keys(other)


def test_numbers_side_by_side_stay_apart() -> None:
    assert keys("between one hundred and two hundred men") == [("100", ""), ("200", "")]
    assert keys("from 5-7 of the twenty three") == [("5", ""), ("7", ""), ("23", "")]


def test_a_day_of_a_date_is_no_number_and_its_year_is_one() -> None:
    assert keys("on 1 March 2020") == [("2020", "")]
    assert keys("3 to 7 March") == []


def test_a_name_with_a_digit_is_no_number() -> None:
    assert keys("the A380 and 5G") == []


@pytest.mark.parametrize("text", ["one of the mills", "no one", "one another", "the one that"])
def test_one_may_be_a_pronoun(text: str) -> None:
    words = read(text)
    assert [is_pronoun(words, number) for number in find_numbers(words)] == [True]


@given(st.integers(0, 10**15))
def test_separators_change_nothing(number: int) -> None:
    assert keys(str(number)) == keys(f"{number:,}") == [(str(number), "")]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_numbers_have_two_keys(one: int, other: int) -> None:
    assert (keys(str(one)) == keys(str(other))) == (one == other)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    words = read(text)
    assert all(0 <= number.start < number.end <= len(words) for number in find_numbers(words))


def test_digits_without_end_are_a_number_still() -> None:
    assert keys("9" * 10_000) == [("9" * 10_000, "")]
