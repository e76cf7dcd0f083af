"""Numbers in words, in Roman numerals and on the clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.text.numbers import (
    find_changed_unit,
    find_clocks,
    find_mispaired,
    find_respelt,
    find_roman,
    find_spelt,
    match_numbers,
)

ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
ONES = "one two three four five six seven eight nine".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
EINER = "ein zwei drei vier fünf sechs sieben acht neun".split()
ZEHNER = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()


@given(st.integers(2, 9), st.integers(1, 9), st.integers(1, 9))
def test_parts_beside_each_other_are_one_number(tens: int, ones: int, hundreds: int) -> None:
    number = hundreds * 100 + tens * 10 + ones
    english = f"{ONES[hundreds - 1]} hundred and {TENS[tens - 2]}-{ONES[ones - 1]}"
    assert find_spelt(f"It is the house of {english} rooms for all.") == {number}
    german = f"{EINER[hundreds - 1]}hundert{EINER[ones - 1]}und{ZEHNER[tens - 2]}"
    assert find_spelt(f"Das Haus hat {german} Zimmer für alle und ist groß.") == {number}


@given(st.integers(2, 89))
def test_roman_numerals_are_read(number: int) -> None:
    text, left = "", number
    for value, signs in ROMAN:
        text += signs * (left // value)
        left %= value
    assert [n for _, n in find_roman(f"Karl {text} was there")] == [number] * (len(text) > 1)


def test_numbers_that_follow_each_other_are_several() -> None:
    assert find_spelt("They have one, two or three four of the five.") == {1, 2, 3, 4, 5}


def test_a_short_text_may_be_of_several_languages() -> None:
    assert find_spelt("Drei of the seven, et douze") == {3, 7, 12}


def test_words_of_another_language_are_none() -> None:
    assert find_spelt("It is to be seen at once by all of them in the fire that was due.") == set()


@given(st.integers(0, 23), st.integers(0, 59))
def test_twelve_hours_are_the_same_as_twenty_four(hour: int, minute: int) -> None:
    half = "pm" if hour >= 12 else "am"
    (twelve,) = find_clocks(f"at {(hour - 1) % 12 + 1}:{minute:02} {half} or so")
    (all_day,) = find_clocks(f"at {hour:02}:{minute:02} or so")
    assert twelve.minutes <= all_day.minutes
    assert twelve.is_sure


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert all(number >= 0 for number in find_spelt(text))
    assert all(0 <= at < len(text) for at, _ in find_roman(text))
    assert all(one.end <= len(text) for one in find_clocks(text))


def test_long_words_and_texts_are_read_in_bounded_time() -> None:
    with within(3):
        find_spelt("Das ist die Zahl " + "einund" * 20_000)
        find_spelt("het is de " + " ".join("een" * (n % 17) + "x" for n in range(20_000)))
        find_clocks("5 " * 50_000 + "1:" * 50_000)
        list(find_roman("XVI" * 50_000 + " XVI" * 20_000))


@pytest.mark.parametrize(
    ("statement", "quote", "is_changed"),
    [
        ("It costs 9 pounds.", "It costs 9 euros.", True),
        ("It costs £9.", "It costs 9 euros.", True),
        ("It takes 9 hours.", "It takes 9 minutes.", True),
        ("Es wiegt 12 kg.", "Es wiegt 12 g.", True),
        ("Dura 5 minutos.", "Dura 5 horas.", True),
        ("Il coûte 9 €.", "Il coûte 9 euros.", False),
        ("It costs $9.", "It costs 9 dollars.", False),
        ("The hose is 5 metres long.", "The hose is 5 m long.", False),
        ("It holds 5 litres.", "It holds 5.", False),
        ("90 percent are blue.", "Of all, 90 % are blue.", False),
        ("It is 5 km and 9 miles.", "It is 5 km, and 9 by boat.", False),
    ],
)
def test_an_amount_keeps_its_unit(statement: str, quote: str, is_changed: bool) -> None:
    assert bool(find_changed_unit(statement, [quote])) is is_changed


@pytest.mark.parametrize(
    ("statement", "quote", "is_other"),
    [
        ("It lasts six days.", "It lasts five days.", True),
        ("Es dauert sechs Tage und ist frei.", "Es dauert 5 Tage und ist frei.", True),
        ("Le bail dure six mois.", "Le bail dure cinq mois.", True),
        ("В неделе шесть дней.", "В неделе пять дней.", True),
        ("It lasts five days.", "It lasts 5 days.", False),
        ("Two buses run.", "Bus A and bus B run.", False),
        ("Two days are free.", "One day is free, and another day too.", False),
        ("It lasts two days, then five hours.", "It lasts two days and five hours.", False),
    ],
)
def test_a_spelt_number_of_the_same_things_is_the_same(
    statement: str, quote: str, is_other: bool
) -> None:
    assert bool(find_respelt(statement, [quote])) is is_other


@pytest.mark.parametrize(
    ("statement", "quote", "is_other"),
    [
        ("It was 6% in April.", "It rose to 6% in May from 4% in April.", True),
        ("It was 6% in May.", "It rose to 6% in May from 4% in April.", False),
        ("2020 waren es 300 Gäste.", "2019 kamen 300 Gäste und 2020 kamen 450 Gäste.", True),
        ("En 2021 costó 80 euros.", "En 2020 costó 80 euros; en 2021 costó 95 euros.", True),
        ("In May it was 6%.", "It was 4% and 6% in April and May respectively.", False),
        ("In 1990 there were 300.", "Of 300 boats in 1990, 20 sank in 1991.", False),
        ("It was 6% in April.", "It was 6% in April and 6% in May.", False),
        ("It was 6% in April and 4% in May.", "It rose to 6% in May from 4% in April.", False),
    ],
)
def test_an_amount_is_of_its_own_time(statement: str, quote: str, is_other: bool) -> None:
    assert bool(find_mispaired(statement, [quote])) is is_other


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        (["5"], "fünf Zimmer", {"5"}),
        (["sept"], "7 jours", {"sept"}),
        (["5"], "5 rooms", set()),
        (["five"], "15 rooms", set()),
        (["one", "un"], "1 room", set()),
        (["99999999"], "ninety-nine", set()),
    ],
)
def test_a_number_is_met_by_its_other_way_of_writing_alone(
    wanted: list[str], text: str, found: set[str]
) -> None:
    assert match_numbers(wanted, text) == found


def test_of_a_row_without_end_only_its_beginning_is_read_for_numbers() -> None:
    with within(1):
        assert match_numbers(["3"], "word " * 400_000 + "three") == frozenset()
