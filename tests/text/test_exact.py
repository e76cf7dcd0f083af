"""What is exact has one form, however it is written."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.exact import exact_terms, find_exact

DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31))
WRITTEN = (
    "%d %B %Y",
    "%B %d, %Y",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%d/%m/%y",
    "%d of %B %Y",
    "%B %d , %Y",
)


@given(day=DAYS, one=st.sampled_from(WRITTEN), other=st.sampled_from(WRITTEN))
def test_a_day_has_a_form_in_common_however_it_is_written(
    day: dt.date, one: str, other: str
) -> None:
    forms = [
        set(exact_terms(f"It happened on {day.strftime(written)} here")) for written in (one, other)
    ]
    assert f"d{day:%Y%m%d}" in forms[0] & forms[1]


@given(n=st.integers(10_000, 10**12))
def test_a_number_has_a_form_in_common_however_it_is_grouped(n: int) -> None:
    for written in (f"{n}", f"{n:,}", f"{n:,}".replace(",", "."), f"{n:,}".replace(",", " ")):
        assert f"n{n}" in exact_terms(f"It cost {written} euros.")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("flight LH405 from Alm-9999", {"lh405": "code", "alm9999": "code"}),
        ("§ 17 and ERP 12.0", {"§17": "code", "erp120": "code"}),
        ("am 3. Mai 2024, le 4 août 2023", {"d20240503": "date", "d20230804": "date"}),
        ("in May 2024 or 1999", {"m202405": "month", "1999": "year"}),
        ("on 3 May", {"x0503": "day"}),
        ("98.5 thousand, 3.5 million", {"n98500": "number", "n3500000": "number"}),
    ],
)
def test_forms_tell_what_something_is(text: str, kinds: dict[str, str]) -> None:
    assert {form: one.kind for one in find_exact(text) for form in one.forms} == kinds


@pytest.mark.parametrize("text", ["25kg and 3rd", "a 16-year-old", "mid-2020s", "room 101", "iPad"])
def test_measures_orders_and_words_are_no_codes(text: str) -> None:
    assert not [one for one in find_exact(text) if one.kind == "code"]


@pytest.mark.parametrize(
    "text",
    [
        "Who must approve a purchase of 2000 euros?",
        "Can the lift carry 1600 kg?",
        "May I run a 2000 W heater?",
        "Is $1999 too much?",
        "Darf ich CHF 1800 ausgeben?",
        "Darf ich 1950 Franken ausgeben?",
        "Puis-je payer 2000 € ?",
        "Is a 1500-euro deposit due?",
        "Does it take 1500 to 1800 litres?",
        "Does it last 1800 seconds?",
        "Does a flat use 2000 kWh?",
        "Hält die Lampe 2000 h?",
        "Is the hall 1500 m² large?",
    ],
)
def test_a_number_with_a_unit_or_a_currency_is_an_amount_and_no_year(text: str) -> None:
    assert {one.kind for one in find_exact(text)} == {"number"}


@pytest.mark.parametrize(
    "text",
    [
        "What do the 2023 minutes say?",
        "Minutes 2024: who came in 2024?",
        "En 2020 l'association a vendu le bateau.",
        "What changed, 2023 v 2024?",
        "Who won Euro 2024?",
        "Who joined in 2019?",
        "What are the 2024 hours of the pool?",
    ],
)
def test_a_year_stays_one_before_a_word_that_is_no_unit_of_it(text: str) -> None:
    assert {one.kind for one in find_exact(text)} == {"year"}


@given(text=st.text())
def test_what_is_found_stands_where_it_is_said_to(text: str) -> None:
    found = find_exact(text)
    assert all(one.text == text[one.start : one.end].strip() for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(" " not in form for one in found for form in (*one.forms, *one.also))
