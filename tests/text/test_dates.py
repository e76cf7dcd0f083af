"""Days that are told as seen from today, and dates that are reckoned."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.dates import find_reckoned, find_relative_days


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


@pytest.mark.parametrize(
    ("statement", "told", "is_reckoned"),
    [
        ("It ends on 3 March 2026.", "It began on 3 March 2025 and lasts 12 months.", True),
        ("It ends on 2 March 2026.", "It began on 3 March 2025 and lasts one year.", True),
        ("Hand it in by 17 May 2024.", "Dated 3 May 2024. Objections within two weeks.", True),
        ("It ends on 29 February 2024.", "Signed on 31 August 2023, for six months.", True),
        ("Die Frist endet am 14.06.2024.", "Zugestellt am 31.05.2024; vierzehn Tage.", True),
        ("Elle finit le 1 juin 2024.", "Du 1 mars 2024, pour trois mois.", True),
        ("It ends on 3 April 2026.", "It began on 3 March 2025 and lasts 12 months.", False),
        ("It ends on 3 March 2026.", "It began in 2025 and lasts 12 months.", False),
        ("It ends on 3 March 2026.", "It began on 3 March 2025.", False),
        ("It ends in 2026.", "It began on 3 March 2025 and lasts 12 months.", False),
        ("It ends on 3 March 9999.", "It began on 3 March 9998 and lasts 999 years.", False),
    ],
)
def test_a_date_is_reckoned_from_another_and_from_how_long_something_lasts(
    statement: str, told: str, is_reckoned: bool
) -> None:
    places = list(find_reckoned(statement, told))
    assert bool(places) == is_reckoned
    assert all("20" in statement[start:end] for start, end in places)


@given(st.dates(datetime.date(1600, 1, 1), datetime.date(2090, 1, 1)), st.integers(1, 90))
def test_a_date_is_reckoned_in_days_as_the_calendar_does(start: datetime.date, n: int) -> None:
    told = f"From {start.isoformat()}, for {n} days."
    end = start + datetime.timedelta(days=n)
    late = end + datetime.timedelta(days=5)
    assert list(find_reckoned(f"Until {end.isoformat()}.", told)) == [(6, 16)]
    assert not list(find_reckoned(f"Until {late.isoformat()}.", told))
