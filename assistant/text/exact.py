"""Finds what is exact in a text: dates, numbers and codes, each in one form however it is written.

Besides, the places of documents that a question names by their numbers ("clause 9").

"28 November 2026", "28/11/2026" and "November 28th, 2026" have a form in common, as "98,500",
"98 500" and "98.5 thousand" have, and "LH405" is one term. A date that can be read in two ways has
the forms of both. The forms are terms of the index beside the words. Months in seven languages.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from assistant.text import english as en
from assistant.text.terms import (
    DEFAULT,
    asking_words,
    fold,
    function_words,
    is_unit,
    terms,
)
from assistant.text.words import WORD, one_of

Kind = Literal["date", "month", "day", "year", "number", "code"]
DATES = ("date", "month", "year", "day")
"""The kinds that tell when."""

# fmt: off
MONTH_NAMES = {
    1: "january januar janvier enero gennaio janeiro januari jan",
    2: "february februar fevrier febrero febbraio fevereiro februari feb",
    3: "march marz maerz mars marzo marco maart mar",
    4: "april avril abril aprile apr",
    5: "may mai mayo maggio maio mei",
    6: "june juni juin junio giugno junho jun",
    7: "july juli juillet julio luglio julho jul",
    8: "august aout agosto augustus aug",
    9: "september septembre septiembre settembre setembro sept sep",
    10: "october oktober octobre octubre ottobre outubro oct okt",
    11: "november novembre noviembre novembro nov",
    12: "december dezember decembre diciembre dicembre dezembro dec dez",
}
SCALES = {
    "thousand": 10**3, "tausend": 10**3, "mille": 10**3, "mil": 10**3, "million": 10**6,
    "millions": 10**6, "millionen": 10**6, "mio": 10**6, "millones": 10**6, "billion": 10**9,
    "billions": 10**9, "milliarden": 10**9, "milliards": 10**9, "bn": 10**9,
}
_UNITS = frozenset(
    "st nd rd th s er e k kg km m cm mm g mg l ml cl h hr hrs min am pm mb gb tb kb w kw kwh mw v a"
    " hz mhz ghz c f x d".split()
)
# fmt: on
MONTH_OF = {name: number for number, names in MONTH_NAMES.items() for name in names.split()}
"""Folded names of months, and how they are shortened."""
_MONTH = one_of(MONTH_OF)
_OF = r"(?:\s+(?:of|de|del|di))?"
_DATES = re.compile(
    rf"\b(?P<y1>\d{{4}})[-/.](?P<m1>\d{{1,2}})[-/.](?P<d1>\d{{1,2}})\b"
    rf"|\b(?P<a>\d{{1,2}})(?P<sep>[./-])\s?(?P<b>\d{{1,2}})(?P=sep)\s?(?P<y2>\d{{4}}|\d{{2}})\b"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?{_OF}\s+(?P<m3>{_MONTH})\b\.?"
    rf"(?:\s?,?{_OF}\s+(?P<y3>\d{{4}})\b)?"
    rf"|\b(?P<m4>{_MONTH})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:\s?,?\s+(?P<y4>\d{{4}})\b)?"
    rf"|\b(?P<m5>{_MONTH})\.?{_OF}\s?,?\s+(?P<y5>\d{{4}})\b"
)
_CODE = re.compile(
    r"(?<![\w.])(?:§+\s*\d+\w*|[A-Z]{2,}\s\d+(?:\.\d+)+|[^\W_]+(?:[-/][^\W_]+)*)(?![^\W_])"
)
_NUMBER = re.compile(
    rf"(?<![\w.,])(\d{{1,3}}(?:[.,  '’]\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    rf"(?:\s*({one_of(SCALES)})\b)?(?![\w])"
)
_YEAR = re.compile(r"(?<![\w.,-])(1[5-9]\d\d|20\d\d)(?![\w]|[.,]\d)")
_TIMES = re.compile(r"(?:hour|minute|second|degree)(?P<several>s?)")
"""Units that are said of a year, too: "the 2023 minutes", "the 2024 hours"."""
_OF_A_YEAR = re.compile(r"\b(?:the|our|your|their|its|his|her|of|in|die|der|des)\s+$")
_BEFORE_AMOUNT = re.compile(
    r"(?:[$€£¥]|\b(?:eur|usd|gbp|chf|sfr|sek|nok|dkk|cad|aud|jpy|inr)\b)\s?$"
)
_UNIT_BEHIND = re.compile(
    r"(?:\s?(?:-|–|\b(?:to|or|and|bis|oder|und|a|ou|et|o|e|y)\b)\s?\d[\d.,]*)?[\s-]?"
    r"(?P<unit>[$€£¥%°]|[^\W\d_]{1,16}[2²3³]?(?![\w'’]))(?P<versus>\s\d)?"
)
_SPLIT = re.compile(r"[\s\-/.§]+")


@dataclass(frozen=True, slots=True)
class Exact:
    """What is exact at a place of a text: any of its forms is it.

    `forms` are terms of the index; `also` are forms that a less exact question asks for.
    """

    kind: Kind
    text: str
    start: int
    end: int
    forms: tuple[str, ...]
    also: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def find_exact(text: str) -> tuple[Exact, ...]:
    """Return what is exact in a text, in order, none within another.

    >>> [e.forms for e in find_exact("LH405 on 3 May 2024 for 98,500 euros")]
    [('lh405',), ('d20240503',), ('n98.5', 'n98500')]
    """
    found: list[Exact] = []
    folded = text.casefold() if len(text.casefold()) == len(text) else text
    for finder in (_find_dates, _find_codes, _find_numbers, _find_years):
        taken = [(one.start, one.end) for one in found]
        source = text if finder is _find_codes else folded
        found += (
            one
            for one in finder(source)
            if not any(one.start < end and start < one.end for start, end in taken)
        )
    found.sort(key=lambda one: one.start)
    return tuple(replace(one, text=text[one.start : one.end].strip()) for one in found)


def only_exact(text: str) -> tuple[Exact, ...]:
    """Return what is exact in a text that says nothing else; none, if it says more.

    >>> [one.kind for one in only_exact("4 May 2023.")], only_exact("Seen on 4 May 2023.")
    (['date'], ())
    """
    found = find_exact(text)
    rest = list(text)
    for one in found:
        rest[one.start : one.end] = " " * (one.end - one.start)
    return () if any(map(str.isalnum, rest)) else found


_IN_MONTH = re.compile(
    rf"\b(?:in|of|for|during|last|this|im|en|em|de|di|a|since|and|or)\s+(?P<month>{_MONTH})\b"
)


def find_months(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Return the months that a text names without a day or a year, each as a form and as written.

    >>> find_months("How many in May or June?")
    [(('o05',), 'may'), (('o06',), 'june')]
    """
    taken = [(one.start, one.end) for one in find_exact(text)]
    bare = fold(text)
    return [
        ((f"o{MONTH_OF[match['month']]:02}",), match["month"])
        for match in _IN_MONTH.finditer(bare)
        if not any(a < match.end() and match.start("month") < b for a, b in taken)
    ]


def date_forms(text: str) -> frozenset[str]:
    """Return the forms of the dates in a text, with those of their months and years."""
    forms = {
        form
        for one in find_exact(text)
        if one.kind in ("date", "month", "day", "year")
        for form in (*one.forms, *one.also)
    }
    months = {f"o{form[5:7]}" for form in forms if form[0] in "dm"}
    months |= {f"o{form[1:3]}" for form in forms if form[0] == "x"}
    return frozenset(forms | months | {form[1:5] for form in forms if form[0] in "dm"})


_VERSION = re.compile(
    r"(?:\b(?:version|versione|versao|edition|revision|release|rev|ver|ausgabe|fassung)\.?\s?"
    r"|(?<![^\W_])v\.?\s?)(\d{1,4}(?:\.\d{1,4}){0,3})(?![^\W_])"
)


def find_versions(text: str) -> list[tuple[int, ...]]:
    """Return the versions that a text names, as numbers that compare.

    >>> find_versions("plan_v2.pdf replaces version 1.10")
    [(2,), (1, 10)]
    """
    return [tuple(map(int, found.split("."))) for found in _VERSION.findall(fold(text))]


def find_day(text: str) -> tuple[int, ...] | None:
    """Return the first date, month or year of a text as numbers that compare, if it is sure."""
    for one in find_exact(text):
        if one.kind in ("date", "month", "year") and len(one.forms) == 1:
            digits = one.forms[0].lstrip("dm")
            return tuple(int(part) for part in (digits[:4], digits[4:6], digits[6:8]) if part)
    return None


def exact_terms(text: str) -> list[str]:
    """Return the forms of all that is exact in a text, as the index has them."""
    return [form for one in find_exact(text) for form in (*one.forms, *one.also)]


def _find_dates(text: str) -> Iterator[Exact]:
    bare = fold(text)
    for match in _DATES.finditer(bare if len(bare) == len(text) else text):
        found = match.groupdict()
        year = next((found[name] for name in ("y1", "y2", "y3", "y4", "y5") if found[name]), None)
        days: list[tuple[int, int]] = []
        if found["y1"]:
            days = [(int(found["m1"]), int(found["d1"]))]
        elif found["a"]:
            one, other = int(found["a"]), int(found["b"])
            days = [(other, one)] if found["sep"] == "." else [(other, one), (one, other)]
        elif found["m3"]:
            days = [(MONTH_OF[found["m3"]], int(found["d3"]))]
        elif found["m4"]:
            days = [(MONTH_OF[found["m4"]], int(found["d4"]))]
        elif found["m5"]:
            month = f"m{year}{MONTH_OF[found['m5']]:02}"
            yield Exact("month", match[0], *match.span(), (month,), (f"{year}",))
            continue
        days = [(m, d) for m, d in dict.fromkeys(days) if 1 <= m <= 12 and 1 <= d <= 31]
        if not days:
            continue
        if year and len(year) == 2:
            year = f"20{year}" if int(year) < 70 else f"19{year}"
        bare_days = tuple(f"x{m:02}{d:02}" for m, d in days)
        if year:
            forms = tuple(f"d{year}{m:02}{d:02}" for m, d in days)
            months = tuple(f"m{year}{m:02}" for m, _ in days)
            yield Exact("date", match[0], *match.span(), forms, (*months, *bare_days))
        else:
            yield Exact("day", match[0], *match.span(), bare_days)


def _find_codes(text: str) -> Iterator[Exact]:
    for match in _CODE.finditer(text):
        said = match[0]
        if not any(map(str.isdigit, said)) or said.isdigit():
            continue
        if said[0] != "§" and not _is_code(said):
            continue
        form = _SPLIT.sub("", said).casefold()
        yield Exact("code", said, *match.span(), (f"§{form}" if said[0] == "§" else form,))


def _is_code(said: str) -> bool:
    """Tell whether a word with digits is a code and no measure, order, decade or year."""
    if not any(map(str.isupper, said)):
        return False
    parts = re.findall(r"\d+|[^\W\d_]+", said)
    digits = [part for part in parts if part.isdigit()]
    letters = [part for part in parts if not part.isdigit()]
    if said[0].isdigit() and all(one.lower() in _UNITS or is_unit(one) for one in letters):
        return False
    return all(len(part) <= 6 or part.isupper() for part in letters) and bool(digits)


def _find_numbers(text: str) -> Iterator[Exact]:
    for match in _NUMBER.finditer(text):
        digits, scale = match[1], SCALES.get(match[2] or "", 1)
        values = {value * scale for value in readings(digits)}
        forms = tuple(f"n{value.normalize():f}" for value in sorted(values))
        is_plain = digits.isdigit() and scale == 1
        is_year = is_plain and _YEAR.fullmatch(digits) and not _is_amount(text, *match.span())
        if len(digits) > 20 or (is_plain and len(digits) < 4) or is_year:
            continue
        yield Exact("number", match[0].strip(), *match.span(), forms)


def _is_amount(text: str, start: int, end: int) -> bool:
    """Tell whether what may be a year has a currency before it, or a unit behind it."""
    if _BEFORE_AMOUNT.search(text[max(0, start - 5) : start]):
        return True
    behind = _UNIT_BEHIND.match(text, end)
    if behind is None or (behind["versus"] and behind["unit"] == "v"):
        return False
    time = _TIMES.fullmatch(behind["unit"])
    if time and (not time["several"] or _OF_A_YEAR.search(text[max(0, start - 8) : start])):
        return False
    return is_unit(behind["unit"])


def readings(digits: str) -> Iterable[Decimal]:
    """Return the numbers that digits may say: "98.500" is 98500 or 98.5."""
    marks = [mark for mark in digits if not mark.isdigit()]
    bare = re.sub(r"\D", "", digits)
    if not marks:
        return [Decimal(bare)]
    last = digits.rfind(marks[-1])
    behind = len(digits) - last - 1
    as_decimal = Decimal(f"{re.sub(r'[^0-9]', '', digits[:last])}.{digits[last + 1 :]}")
    if len(set(marks)) > 1:
        return [as_decimal]
    if behind != 3 or marks[-1] not in ".,":
        return [as_decimal if marks[-1] in ".," and behind != 3 else Decimal(bare)]
    if len(marks) > 1:
        return [Decimal(bare)]
    return [Decimal(bare), as_decimal]


def _find_years(text: str) -> Iterator[Exact]:
    for match in _YEAR.finditer(text):
        if not _is_amount(text, *match.span()):
            yield Exact("year", match[0], *match.span(), (match[0],))


_LIMIT = re.compile(rf"(?:{en.LIMITS})\s+(?:the\s+|year\s+)*$", re.IGNORECASE)


def is_asked(query: str, one: Exact) -> bool:
    """Whether a query asks for something exact itself, not since, before or until it."""
    if one.kind == "number":
        return False
    return not (one.kind in ("year", "month", "date") and _LIMIT.search(query[: one.start]))


# --- Places

PART_KINDS = {
    fold(word): kind
    for kind, words in chain(en.SECTIONS.items(), en.PAGES.items())
    for word in words
}
"""Names of the parts of a document, folded, with the kind of each."""
LEGAL = frozenset(("article", "section", "clause", "paragraph", "rule", "point"))
"""Parts of which one may be called another: "§ 5" is asked for as section 5."""
_PART = one_of(map(re.escape, PART_KINDS))
_WORDS_OF_NUMBERS = en.ORDINALS | en.ONES
_PLACE_NUMBER = rf"(?:\d{{1,4}}(?:\.\d{{1,3}})*[a-z]?|[ivxlc]{{1,6}}|[a-h]|{one_of(en.ONES)})"
_JOINT = r"(?:\s*[,–-]\s*|\s+(?:and|to|und|bis|et|y)\s+)"
_PLACE = re.compile(
    rf"(?<![^\W_])(?P<part>{_PART})(?:[sen]|es)?[\s:#-]*(?:(?:no|nr|number|nummer|numero)\b[\s.:#-]*)?"
    rf"(?P<numbers>{_PLACE_NUMBER}(?:{_JOINT}{_PLACE_NUMBER})*)(?![^\W_]|\.\d)"
    rf"|\b(?P<nth>{one_of(en.ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th|\.|[eoaºª]))\s(?P<of>{_PART})\b"
)
_NTH = re.compile(r"(?<=\d)(?:st|nd|rd|th|\.|[eoaºª])$")
_HEAD = re.compile(
    rf"\s*(?:(?P<part>{_PART})\s*)?(?P<number>\d{{1,4}}(?:\.\d{{1,3}})*[a-z]?|[ivxlc]{{1,6}}|[a-h])"
    r"(?:(?P<end>[.):–—-]|\s*$|\n)|\s)"
)
BEFORE_DAY = re.compile(r"\W*(?:date\W+)?(?:(?:mon|tue|wed|thu|fri|sat|sun)\w*\W+)?")
"""What stands before the day of an entry, folded."""
_OPENS_OTHERWISE = re.compile(
    r"\W*(?:who|whom|whose|when|why|how|wer|wann|warum|wieso|wie|qui|quand|pourquoi|comment|combien"
    r"|quien|cuando|como|cuant[oa]s?|chi|quando|perche|come|quant[oaie]|quem)\b"
)
_SHOWING = frozenset(
    """please show give open quote cite display zeig zeige zitiere montre montrez citez muestra
    muestrame cita mostra mostrami mostre lies out zu vor mir""".split()
)
_BEHIND = re.compile(
    r"\s*,?\s*(?:of|in|from|on|der|des|im|von|vom|aus|de|du|del|della|do|da|nel)\b"
)
_TOPICAL = frozenset("worum geht handelt parle traite trata tratta parla about".split())
_ABOUT = re.compile(rf"\b{one_of(_TOPICAL)}\b")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a question asks for and nothing else.

    Attributes:
        said: in the words of the question: "clause 9".
        kind: of `en.SECTIONS` or `en.PAGES`, or "entry" of a day.
        numbers: the forms of each number that is asked for.
        rest: terms of what else the question says: what its document, or what is above it, says.
        is_asked: whether nothing but such a place can answer.
        is_topic: whether it is asked what it is about, which a title says and a long text does not.
    """

    said: str
    kind: str
    numbers: tuple[frozenset[str], ...]
    rest: frozenset[str]
    is_asked: bool
    is_topic: bool = False


_WHICH_PART = re.compile(
    rf"\b(?:which|what|welche\w?|quel(?:le)?s?|que|cual|qual[ei]?) ({_PART})\b"
)


def read_asked_part(question: str) -> str:
    """Return the kind of part that a question asks for, "" for none.

    >>> read_asked_part("Which chapter is about tides?"), read_asked_part("What is chapter 2?")
    ('chapter', '')
    """
    match = _WHICH_PART.search(fold(question))
    return PART_KINDS[match[1]] if match else ""


class Head(NamedTuple):
    """How a part of a text begins: its kind, "" where only a number says, and its number."""

    kind: str
    number: str
    forms: frozenset[str]
    is_closed: bool


def read_head(text: str) -> Head | None:
    """Return what a text begins as a part; None if it does not.

    >>> read_head("Clause 2. Rent")[:2], read_head("3.2 Closing")[:2], read_head("Rent")
    (('clause', '2'), ('', '3.2'), None)
    """
    match = _HEAD.match(fold(text))
    if match is None:
        return None
    kind = PART_KINDS[match["part"]] if match["part"] else ""
    return Head(kind, match["number"], _forms(match["number"]), match["end"] is not None)


def find_parts(text: str) -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
    """Yield the kind and the forms of the numbers of each part that a text names."""
    for match in _PLACE.finditer(fold(text)):
        yield _read_match(match)


def _read_match(match: re.Match[str]) -> tuple[str, tuple[frozenset[str], ...]]:
    numbers = match["numbers"]
    found = _read_numbers(numbers or _NTH.sub("", match["nth"]))
    return PART_KINDS[match["part"] or match["of"]], found


def read_place(query: str, language: str = DEFAULT) -> Place | None:
    """Return the place that a question asks to be read out; None of any other question.

    >>> place = read_place("What does clause 9 of the lease say?")
    >>> place.said, sorted(place.rest), read_place("How long is step 4?")
    ('clause 9', ['leas'], None)
    """
    folded = fold(query)
    typed = query if len(folded) == len(query) else folded
    asking = asking_words(language) | en.READING
    if (match := _PLACE.search(folded)) and _is_number(typed, match):
        start, end = match.span()
        kind, numbers = _read_match(match)
    else:
        days = [one for one in find_exact(query) if one.kind in ("date", "day")]
        words = frozenset(WORD.findall(folded))
        is_entry = bool(words & asking or words & en.ENTRIES)
        if len(days) != 1 or not is_asked(query, days[0]) or not is_entry or typed != query:
            return None
        (start, end), kind = (days[0].start, days[0].end), "entry"
        numbers = (frozenset(days[0].forms),)
    others = WORD.findall(f"{folded[:start]} {folded[end:]}")
    is_read = not asking.isdisjoint(others)
    if not is_read and _OPENS_OTHERWISE.match(folded):
        return None
    light = asking | function_words(language) | en.FUNCTION_WORDS | _SHOWING | _TOPICAL
    light |= en.ENTRIES if kind == "entry" else frozenset()
    rest = frozenset(terms(" ".join(word for word in others if word not in light), language))
    is_first = light.issuperset(WORD.findall(folded[:start])) and _BEHIND.match(folded, end)
    is_counted = match is not None and match["numbers"] is not None
    is_sure = is_read or not rest or bool(is_first and is_counted)
    said = " ".join(typed[start:end].split())
    return Place(said, kind, numbers, rest, is_sure, _ABOUT.search(folded) is not None)


def _is_number(typed: str, match: re.Match[str]) -> bool:
    """Whether what stands behind a part is its number: "annex B", not "rule a", "rules 2024"."""
    if match["numbers"] is None or match["numbers"][0].isdigit():
        is_year = _YEAR.fullmatch(match["numbers"] or "") is not None
        return not is_year or _read_match(match)[0] in en.PAGES
    said = typed[match.start("numbers") : match.end("numbers")]
    is_letter = len(re.split(r"\W", said)[0]) < 7 and fold(said) not in en.ONES
    return not is_letter or said[0].isupper()


def _read_numbers(said: str) -> tuple[frozenset[str], ...]:
    """Return the forms of each number of "3", "3 and 4", "2 to 4"."""
    found: list[frozenset[str]] = []
    joint = ""
    for part in re.split(rf"({_JOINT})", said):
        if re.fullmatch(_JOINT, part):
            joint = part.strip()
            continue
        if joint in ("to", "bis", "-", "–") and part.isdigit():
            first = max((int(one) for one in found[-1] if one.isdigit()), default=int(part))
            found += (frozenset((str(n),)) for n in range(first + 1, min(int(part), first + 20)))
        found.append(_forms(part))
    return tuple(found)


def _forms(said: str) -> frozenset[str]:
    """Return the forms of a folded number: "iv" is 4, too, "third" is 3."""
    value = _WORDS_OF_NUMBERS.get(said)
    if set(said) <= _ROMAN.keys():
        figures = [_ROMAN[letter] for letter in said]
        value = sum(
            -one if one < after else one
            for one, after in zip(figures, [*figures[1:], 0], strict=True)
        )
    return frozenset((said, str(value))) if value else frozenset((said,))
