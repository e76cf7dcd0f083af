"""Days that are told as seen from today."""

import datetime

import pytest

from assistant.text.dates import find_relative_days


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
