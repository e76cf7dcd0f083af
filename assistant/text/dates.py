"""Finds days that are told as seen from today: "yesterday", "next Friday", "last year".

Each is found with what it is as seen from a day; days in six languages, the others in English.
And dates that are reckoned from others and from how long something lasts.
What cells say of the calendar ("Mon-Fri", "March 2025") and what a question asks of it can be told
to agree or not, and which of them say that one works then or is off; in six languages.
"""

import datetime
import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from assistant.text import english as en
from assistant.text.exact import DATES, MONTH_OF, find_exact, find_months
from assistant.text.numbers import find_spelt
from assistant.text.terms import fold, guess_language
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


_SPANS = {
    "day": "day days tag tage tagen jour jours dia dias giorno giorni",
    "week": "week weeks woche wochen semaine semaines semana semanas settimana settimane",
    "month": "month months monat monate monaten mois mes meses mese mesi",
    "year": "year years jahr jahre jahren an ans ano anos anno anni",
}
_SPAN_OF = {word: span for span, words in _SPANS.items() for word in words.split()}
_LASTING = re.compile(
    rf"(?P<n>\d{{1,3}}|[^\W\d_]{{2,30}}(?:-[^\W\d_]{{2,20}})?)[\s-](?P<span>{one_of(_SPAN_OF)})\b"
)
_TELLER = re.compile(
    r"(?:^|[.;:!?\n])\s{0,9}(?:(?:and|but|so|if|since|hi|hello|hallo|bonjour|hola|wenn|weil|si)\b,?\s+)?"
    r"(?:i|we|my|our|she|he|they|ich|wir|meine?[rmns]?|unsere?[rmns]?|er|sie|je|nous|mon|ma|mes|notre"
    r"|yo|mi|mis|nuestr[oa]|he|hemos|me|io|noi|ho|abbiamo|mi[oa]|nostr[oa]|eu|nós|meu|minha)\b"
    r"[^.;:!?\n]*$|(?:^|[.;:!?\n])\s{0,9}j['’][^.;:!?\n]*$",
    re.IGNORECASE,
)
"""A clause that opens with somebody who tells of himself, up to the end of a text."""
_ASKING = re.compile(
    r"\b(?:wh(?:at|en|ere|o|om|ose|ich|y)|how|wann|wer|wen|wem|wie|wieso|warum|wo|welche\w?"
    r"|wieviel\w?|quand|qui|quoi|comment|combien|où|pourquoi|quel(?:le)?s?|cu[aá]ndo|qui[eé]n"
    r"|cu[aá]l|cu[aá]nt[oa]s?|d[oó]nde|quando|chi|cosa|quant[oaie]|dove|quem|onde)\b",
    re.IGNORECASE,
)
_WAS = re.compile(r"\bwas\b", re.IGNORECASE)
"""It asks in German, where English has it in what is told."""
_CLAUSE = re.compile(r"[,.;:!–-]\s*[^\W_]+\W+[^\W_]")
"""Two words or more behind a mark."""
MAX_RECKONED = 10
"""Dates, and how long something lasts, from which others are reckoned."""


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


def tells_of(text: str, day: RelativeDay) -> bool:
    """Whether a day is of what the asker tells before the question, and is not asked for.

    >>> today = datetime.date(2026, 11, 28)
    >>> typed = "I was ill yesterday, do I need a note?", "Who was ill yesterday?"
    >>> [tells_of(one, *find_relative_days(one, today)) for one in typed]
    [True, False]
    """
    before, behind = text[: day.start], text[day.end :]
    if not _TELLER.search(before) or _ASKING.search(before):
        return False
    return bool(_ASKING.search(behind) or _WAS.search(behind) or _CLAUSE.search(behind))


def find_reckoned(statement: str, told: str) -> Iterator[tuple[int, int]]:
    """Yield where a statement has a date that lies as long before or after a told one as is told.

    A day more or less is the same: the first one may count or not.

    >>> told = "Bought on 22 July 2023. The frame is covered for eighteen months."
    >>> list(find_reckoned("It is covered until 22 January 2025.", told))
    [(20, 35)]
    """
    days = list(_read_days(told))[:MAX_RECKONED]
    lasting = list(_LASTING.finditer(fold(told)))[:MAX_RECKONED] if days else []
    reckoned = {
        day
        for length in lasting
        for n in ([int(length["n"])] if length["n"].isdecimal() else find_spelt(length["n"]))
        for _, start in days
        for sign in (-1, 1)
        if (day := _shift(start, sign * n, _SPAN_OF[length["span"]]))
    }
    for place, day in _read_days(statement) if reckoned else ():
        if any(abs((day - one).days) <= 1 for one in reckoned):
            yield place


def _read_days(text: str) -> Iterator[tuple[tuple[int, int], datetime.date]]:
    """Yield the dates of a text that name a year, and where they stand."""
    for one in find_exact(text):
        for form in one.forms if one.kind == "date" else ():
            with suppress(ValueError):
                yield (one.start, one.end), datetime.datetime.strptime(form, "d%Y%m%d").date()


def _shift(day: datetime.date, n: int, span: str) -> datetime.date | None:
    """Return the day that lies n spans behind another, the last of its month if it has none."""
    try:
        if span in ("day", "week"):
            return day + datetime.timedelta(days=n * (7 if span == "week" else 1))
        months = day.year * 12 + day.month - 1 + n * (12 if span == "year" else 1)
        year, month = divmod(months, 12)
        return day.replace(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        return None


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


_DAYS = (
    "monday mon montag mo lundi lun lunes lunedi segunda seg",
    "tuesday tue tues dienstag di mardi mar martes martedi terca ter",
    "wednesday wed mittwoch mi mercredi mer miercoles mie mercoledi quarta qua",
    "thursday thu thur thurs donnerstag do jeudi jeu jueves jue giovedi gio quinta qui",
    "friday fri freitag fr vendredi ven viernes vie venerdi sexta sex",
    "saturday sat samstag sonnabend sa samedi sam sabado sab sabato",
    "sunday sun sonntag so dimanche dim domingo dom domenica",
)
DAY_OF = {name: n for n, names in enumerate(_DAYS) for name in names.split()}
DAY_OF |= {f"{name}s": n for name, n in DAY_OF.items() if len(name) > 4}
_DAY_NAMES = {name: n for name, n in DAY_OF.items() if len(name) > 4}
_TO = frozenset("- – — to bis through till until a au al ate".split())
_AND = frozenset("& , ; / + and or und oder et ou y o e".split())
_LIMIT = re.compile(
    rf"\b(?:{en.LIMITS}|seit|bis|vor|nach|ab|von|depuis|avant|apr[eè]s|jusqu\w*|d[eè]s|desde|hasta"
    r"|antes|despu[eé]s|dal?|fino|prima|dopo|at[eé]|depois)\s+(?:the\s+|year\s+|[aà]\s+|l[ea]\s+)*$",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^\W\d_]+|[^\w\s.()]|\d+")


class When(NamedTuple):
    """What is told of the calendar; None for what is not. Weekdays count from Monday, 0."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def agrees(self, other: "When") -> bool | None:
        """Whether one may be the other; None if they tell nothing of the same kind."""
        both = [(a, b) for a, b in zip(self, other, strict=True) if None not in (a, b)]
        return all(a == b for a, b in both) if both else None


def read_when(cells: Sequence[str]) -> list[When] | None:
    """Return the weekdays, months, years or dates of cells that say nothing else; None if one does.

    >>> [one.weekday for one in read_when(["Mon-Wed", "Sat."])]
    [0, 1, 2, 5]
    >>> read_when(["March 2025", "Mar"]), read_when(["March", "all year"])
    ([When(year=2025, month=3, day=None, weekday=None), When(year=None, month=3, day=None, \
weekday=None)], None)
    """
    days = [_read_names(cell, DAY_OF, 7, 0) for cell in cells]
    if None not in days:
        return [When(weekday=day) for found in days for day in found or ()]
    whens: list[When] = []
    for cell in cells:
        found = [one for one in find_exact(cell) if one.kind in DATES]
        months = [] if found else _read_names(cell, MONTH_OF, 12, 1)
        rest = cell
        for one in found:
            rest = rest.replace(one.text, "")
        if len(found) > 1 or months is None or (found and not _is_weekday(rest)):
            return None
        whens += (_when_of(form) for one in found for form in one.forms)
        whens += (When(month=month) for month in months)
    return whens


def find_when(question: str) -> list[tuple[list[When], str]]:
    """Return what a question asks of the calendar, in the ways it may be read, and as it is said.

    Not what limits it: "since 2024", "until Friday".

    >>> [said for _, said in find_when("How many were sold in May, or on Friday 3 June 2022?")]
    ['3 June 2022', 'May', 'Friday']
    """
    exact = [one for one in find_exact(question) if one.kind in DATES]
    asked = [one for one in exact if not _is_limited(question, one.start)]
    found = [([_when_of(form) for form in one.forms], one.text) for one in asked]
    taken = [(one.start, one.end) for one in exact]
    in_months = {name for _, name in find_months(question)}
    for match in re.finditer(r"[^\W\d_]+", question):
        word = fold(match[0])
        if any(start <= match.start() < end for start, end in taken):
            continue
        if _is_limited(question, match.start()):
            continue
        is_name = match[0][0].isupper() and match.start() > 0 and len(word) > 2
        if word in MONTH_OF and (word in in_months or (is_name and not match[0].isupper())):
            found.append(([When(month=MONTH_OF[word])], match[0].capitalize()))
        elif word in _DAY_NAMES:
            found.append(([When(weekday=_DAY_NAMES[word])], match[0].capitalize()))
    return found


def _is_limited(question: str, start: int) -> bool:
    """Whether what stands before a date makes it a limit."""
    return _LIMIT.search(question[max(0, start - 40) : start]) is not None


def _when_of(form: str) -> When:
    """Return what a form of `find_exact` tells: "d20250314", "m202503", "x0314", "2025"."""
    digits = form.lstrip("dmx")
    if form[0] == "x":
        return When(month=int(digits[:2]), day=int(digits[2:]))
    year, month, day = (
        int(part) if part else None for part in (digits[:4], digits[4:6], digits[6:])
    )
    try:
        weekday = datetime.date(year or 0, month or 0, day or 0).weekday()
    except ValueError:
        weekday = None
    return When(year, month, day, weekday)


def _read_names(cell: str, numbers: Mapping[str, int], n: int, first: int) -> list[int] | None:
    """Return which of n names a cell has, ranges filled; None if it says anything else."""
    found: list[int] = []
    is_range = False
    for piece in _PIECE.findall(fold(cell)):
        if piece in numbers:
            last = numbers[piece]
            while is_range and found and found[-1] % n != (last - 1) % n:
                found.append((found[-1] + 1 - first) % n + first)
            found.append(last)
            is_range = False
        elif piece in _TO or piece in _AND:
            is_range = piece in _TO
        else:
            return None
    return found or None


def _is_weekday(rest: str) -> bool:
    return not any(map(str.isalnum, rest)) or _read_names(rest, DAY_OF, 7, 0) is not None


_WORDS = re.compile(r"[^\W\d_]+")
_ORDINAL_ENDS = ("st", "nd", "rd", "th")
_ON_DUTY = re.compile(
    r"\b(?:work(?:s|ing)?|on duty|shifts?|scheduled|rostered|available|present|open"
    r"|arbeite[nt]|dienst|schicht|offen|geoffnet|travaille(?:nt)?|service|ouvert\w*|trabajan?|turno|abiert\w*"
    r"|lavora(?:no)?|apert\w|trabalham?|abert\w*)\b"
)
_OFF_DUTY = re.compile(
    r"\b(?:(?:days? )?off|free|absent|away|closed|frei|geschlossen|libres?|conge|ferme\w*|cerrad\w*"
    r"|liber[oi]|chius\w|livres?|fechad\w*)\b"
)
_OFF = frozenset(
    """off free absent away closed holiday holidays vacation leave sick ill no none rdo pto
    frei urlaub krank geschlossen ruhetag nein libre libres conge conges repos ferme malade
    vacances descanso vacaciones cerrado baja libero riposo ferie chiuso malattia folga ferias
    fechado""".split()
)
_CLOCK = r"(?:\d{1,2}(?:[:.h]\d{2})?\s?(?:[ap]\.?m\b\.?|h\b|uhr\b|o'clock\b)?|noon|midnight)"
_HOURS = re.compile(
    rf"(?:from |von |de |ab |dalle )?{_CLOCK}\s?(?:[-–—]|to|till|until|bis|a|alle|as)\s?{_CLOCK}"
    r"(?!\w)"
    r"|(?:\d{1,2}[:h]\d{2}(?:\s?[ap]m)?|\d{1,2}\s?[ap]m)(?!\w)"
)
_PART_OF_DAY = re.compile(
    r"(?:all )?day|early|late|mornings?|afternoons?|evenings?|nights?|[ap]m|fruh|spat|nacht"
    r"|ganztags|matin|soir|nuit|manana|tarde|noche|mattina|pomeriggio|sera|notte|manha|noite"
)


def find_duty(question: str, names: Sequence[str]) -> tuple[int, frozenset[str], bool] | None:
    """Return which of some columns' names is the day that a question asks of who works then.

    Two of them, at least, are days of the week. With it come the folded words of the question that
    name the day and say of working, and whether those are meant who do not. None if no day is asked
    for, or several.

    >>> column, words, is_off = find_duty("Who is off on Saturday?", ["Name", "Fri", "Sat"])
    >>> column, sorted(words), is_off
    (2, ['off', 'saturday'], True)
    """
    days = [_weekday_in(name) for name in names]
    text = fold(question)
    named = (word for name in names for word in _WORDS.findall(fold(name)))
    known = _DAY_NAMES.keys() | {word for word in named if len(word) > 2}
    said = {
        match[0]
        for match in _WORDS.finditer(text)
        if match[0] in known & DAY_OF.keys() and not _is_limited(text, match.start())
    }
    meant = {DAY_OF[word] for word in said}
    columns = [n for n, day in enumerate(days) if day in meant]
    if len(set(days) - {None}) < 2 or len(meant) != 1 or len(columns) != 1:
        return None
    on, off = _ON_DUTY.findall(text), _OFF_DUTY.findall(text)
    words = frozenset(word for one in (*said, *on, *off) for word in one.split())
    return columns[0], words, bool(off)


def _weekday_in(name: str) -> int | None:
    """Return the day of the week that a column's name is, a date beside it or not."""
    words = _WORDS.findall(fold(name))
    told = [word for word in words if word not in MONTH_OF and word not in _ORDINAL_ENDS] or words
    return DAY_OF.get(told[0]) if len(told) == 1 else None


def read_duty(cells: Sequence[str]) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the cells that tell a time of work, and those that say there is none.

    None if no cell tells a time; what says something else is neither.

    >>> [sorted(one) for one in read_duty(["9-14", "off", "10:30 to 6 pm", "college", ""]) or ()]
    [['10:30 to 6 pm', '9-14'], ['', 'off']]
    """
    said = {cell: fold(cell).strip(" .!-–—/()") for cell in cells}
    off = {c for c, one in said.items() if not one or not _OFF.isdisjoint(_WORDS.findall(one))}
    works = {
        cell
        for cell, one in said.items()
        if cell not in off and (_HOURS.match(one) or _PART_OF_DAY.fullmatch(one))
    }
    return (frozenset(works), frozenset(off)) if works else None
