"""Numbers in words, in Roman numerals and on the clock."""

from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.text.numbers import find_clocks, find_roman, find_spelt

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
