"""Finds days that are told as seen from today: "yesterday", "next Friday", "last year".

Each is found with what it is as seen from a day; days in six languages, the others in English.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.text import english as en
from assistant.text.words import one_of

_SHIFTS = {
    0: "today heute aujourd'hui hoy oggi hoje",
    -1: "yesterday gestern hier ayer ieri ontem",
    1: "tomorrow demain domani",
}
_SHIFT_OF = {word: shift for shift, words in _SHIFTS.items() for word in words.split()}
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_RELATIVE = re.compile(
    rf"\b(?P<day>{one_of(_SHIFT_OF)})(?:['’]s)?(?!\w)"
    rf"|(?<!the )\b(?P<way>last|this|next) (?:(?P<weekday>{one_of(_WEEKDAYS)})"
    r"|(?P<period>month|year)(?! of\b))(?:['’]s)?(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A day, month or year that is told as seen from today.

    Attributes:
        start, end: where it stands.
        said: what it is: "27 November 2026", "October 2026", "2025".
        form: the same as a term of the index.
        weekday: the name of the day, "" of a month or year.
        is_present: whether today, this month or this year is meant: "now" may be all it says.
    """

    start: int
    end: int
    said: str
    form: str
    weekday: str
    is_present: bool


def find_relative_days(text: str, today: datetime.date) -> Iterator[RelativeDay]:
    """Yield the relative days of a text in order, as seen from a day.

    >>> today = datetime.date(2026, 11, 28)
    >>> [one.said for one in find_relative_days("due last year or next Friday?", today)]
    ['2025', '4 December 2026']
    """
    for match in _RELATIVE.finditer(text):
        way = {"last": -1, "this": 0, "next": 1}.get((match["way"] or "").lower(), 0)
        if match["period"]:
            yield _relative_period(match, way, today)
            continue
        if match["weekday"]:
            day = _weekday_from(today, _WEEKDAYS.index(match["weekday"].lower()), way)
        else:
            way = _SHIFT_OF[match["day"].lower()]
            day = today + datetime.timedelta(days=way)
        said = f"{day.day} {en.MONTHS[day.month - 1].capitalize()} {day.year}"
        name = _WEEKDAYS[day.weekday()].capitalize()
        yield RelativeDay(*match.span(), said, f"d{day:%Y%m%d}", name, day == today)


def _relative_period(match: re.Match[str], way: int, today: datetime.date) -> RelativeDay:
    if match["period"].lower() == "year":
        year = f"{today.year + way}"
        return RelativeDay(*match.span(), year, year, "", way == 0)
    years, month = divmod(today.month - 1 + way, 12)
    year = f"{today.year + years}"
    said = f"{en.MONTHS[month].capitalize()} {year}"
    return RelativeDay(*match.span(), said, f"m{year}{month + 1:02}", "", way == 0)


def _weekday_from(today: datetime.date, weekday: int, way: int) -> datetime.date:
    """Return the next, the last or this week's day of a name."""
    ahead = weekday - today.weekday()
    if way > 0:
        ahead = (ahead - 1) % 7 + 1
    elif way < 0:
        ahead = -((-ahead - 1) % 7 + 1)
    return today + datetime.timedelta(days=ahead)
