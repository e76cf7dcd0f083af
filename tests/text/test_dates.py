"""One date is one value, however it is written; "may" and "march" are not always months."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.dates import find_dates, find_relative_days
from assistant.text.words import read


def dates(text: str) -> list[tuple[int, tuple[int, ...], str | None]]:
    return [(date.month, date.days, date.year) for date in find_dates(read(text))]


@pytest.mark.parametrize(
    "text", ["1 March 2020", "March 1, 2020", "2020-03-01", "1 Mar. 2020", "the 1st of March 2020"]
)
def test_a_date_may_be_written_in_many_ways(text: str) -> None:
    assert dates(text) == [(3, (1,), "2020")]


def test_a_span_of_days_tells_both() -> None:
    assert dates("3 to 7 March 1990") == dates("3\u20137 March 1990") == [(3, (3, 7), "1990")]


def test_a_month_may_stand_alone() -> None:
    assert dates("in May") == [(5, (), None)]
    assert dates("early in June 1999") == [(6, (), "1999")]


@pytest.mark.parametrize("text", ["it may close", "They march on", "Jan met Mark", "01/03/2020"])
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert dates(text) == []


@given(st.dates(datetime.date(1000, 1, 1)))
def test_every_day_is_read_from_its_iso_form_and_from_words(day: datetime.date) -> None:
    month = day.strftime("%B")
    expected = [(day.month, (day.day,), str(day.year))]
    assert dates(f"On {day.isoformat()}.") == expected
    assert dates(f"On {day.day} {month} {day.year}.") == expected
    assert dates(f"On {month} {day.day}, {day.year}.") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is due today?", "28 November 2026"),
        ("What came yesterday?", "27 November 2026"),
        ("Was kam gestern?", "27 November 2026"),
        ("Who comes tomorrow?", "29 November 2026"),
        ("Who comes next Saturday?", "5 December 2026"),
        ("Who came last Saturday?", "21 November 2026"),
        ("Who comes this Friday?", "27 November 2026"),
        ("What was sold last month?", "October 2026"),
        ("What is planned next month?", "December 2026"),
        ("What was sold last year?", "2025"),
        ("What is today's menu?", "28 November 2026"),
    ],
)
def test_a_relative_day_is_told_as_seen_from_a_day(text: str, expected: str) -> None:
    (found,) = find_relative_days(text, datetime.date(2026, 11, 28))
    assert found.said == expected


def test_a_month_before_january_is_in_the_year_before() -> None:
    (found,) = find_relative_days("last month", datetime.date(2026, 1, 31))
    assert (found.said, found.form) == ("December 2025", "m202512")


@pytest.mark.parametrize(
    "text", ["the last year of school", "the next month of the lease", "last in line", "yesterdays"]
)
def test_other_words_name_no_day(text: str) -> None:
    assert list(find_relative_days(text, datetime.date(2026, 11, 28))) == []
