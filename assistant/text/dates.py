"""Finds the dates in a text: "1 March 2020" and "2020-03-01" are one.

A month counts by itself, a day only beside its month. "1/3/2020" is no date: nobody can tell which
of the two is the month. Time grows with the number of words.

Relative days ("yesterday", "next Friday", "last year") are found with what they are as seen from a
day; days in six languages, the others in English.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.text import english as en
from assistant.text.terms import fold, guess_language
from assistant.text.words import Word, one_of

_MONTH_OF = {name: n for n, name in enumerate(en.MONTHS, start=1)}
_DAY = re.compile(rf"(\d{{1,2}}){one_of(en.ORDINAL_ENDINGS)}?")


@dataclass(frozen=True, slots=True)
class Date:
    """A month, the days of it that are told ("3 to 7 March" tells two), the year if it is told."""

    month: int
    days: tuple[int, ...]
    year: str | None
    start: int
    end: int


def find_dates(words: Sequence[Word]) -> list[Date]:
    """Return the months that words name, each with its day and year.

    >>> from assistant.text.words import read
    >>> [(d.days, d.month, d.year) for d in find_dates(read("On 1 Mar. 2020 or May 3rd"))]
    [((1,), 3, '2020'), ((3,), 5, None)]
    """
    found: list[Date] = []
    n = 0
    while n < len(words):
        date = _read_iso(words, n) or _read_month(words, n)
        if date:
            found.append(date)
        n = max(n + 1, date.end if date else 0)
    return found


def _read_iso(words: Sequence[Word], n: int) -> Date | None:
    three = words[n : n + 3]
    if len(three) < 3 or any(word.before not in ("-", "‐", "‑") for word in three[1:]):
        return None
    year, month, day = (word.lower for word in three)
    if not all(text.isdecimal() for text in (year, month, day)) or len(year) != 4:
        return None
    if not (1 <= int(month[:3]) <= 12 and 1 <= int(day[:3]) <= 31):
        return None
    return Date(int(month), (int(day),), year, n, n + 3)


def _read_month(words: Sequence[Word], n: int) -> Date | None:
    start = n
    days, n = _read_days(words, n)
    month = _name_month(words, n, beside=bool(days))
    if month is None:
        return None
    n += 1
    if not days:
        days, n = _read_days(words, n)
    year = words[n].lower if n < len(words) and re.fullmatch(r"\d{4}", words[n].lower) else None
    return Date(month, days, year, start, n + (year is not None))


def _read_days(words: Sequence[Word], n: int) -> tuple[tuple[int, ...], int]:
    """Return the one or two days at a place, and the place behind them."""
    first = _read_day(words, n)
    if first is None:
        return (), n
    n += 1
    is_span = n < len(words) and words[n].lower in ("to", "and", "or")
    is_joined = n < len(words) and words[n].before.strip() in ("-", "–")
    days: tuple[int, ...] = (first,)
    if (is_span or is_joined) and (last := _read_day(words, n + is_span)):
        days, n = (first, last), n + is_span + 1
    if n + 1 < len(words) and words[n].lower == "of" and words[n + 1].lower in _MONTH_OF:
        n += 1
    return days, n


def _read_day(words: Sequence[Word], n: int) -> int | None:
    if n >= len(words):
        return None
    day = _DAY.fullmatch(words[n].lower)
    return int(day[1]) if day and 1 <= int(day[1]) <= 31 else None


def _name_month(words: Sequence[Word], n: int, *, beside: bool) -> int | None:
    """Return the month that a word names; short and lower-case names need a number beside."""
    if n >= len(words):
        return None
    word = words[n]
    beside = beside or (n + 1 < len(words) and words[n + 1].lower[0].isdigit())
    month = _MONTH_OF.get(word.lower) or (en.MONTHS_SHORT.get(word.lower) if beside else None)
    if month is None or beside:
        return month
    is_plain = word.lower not in ("may", "march") or (n > 0 and words[n - 1].lower in en.IN_MONTH)
    return month if word.text[0].isupper() and is_plain else None


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
    is_german = guess_language(text) == "de"
    for match in _RELATIVE.finditer(text):
        if is_german and fold(match[0]) == "hier":  # which there is no day, but "here"
            continue
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
