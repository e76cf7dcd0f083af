"""Numbers as texts write them: in digits, spelt, in Roman numerals, as times of day; and in runs.

Amounts are compared with their units and times. Spelt numbers are known in the languages of
`numbers.toml`, in Chinese and in Japanese.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import combinations, pairwise
from typing import Any

from assistant.text.exact import DATES, MONTH_OF, SCALES, find_exact, readings
from assistant.text.terms import UNIT_TERMS, fold, guess_language, terms, unit_of
from assistant.text.words import one_of

NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
"""A number in digits, wherever it stands."""
YEAR = r"(?:1\d{3}|20\d{2})"
"""The pattern of a year that documents are likely to tell of."""


@lru_cache(maxsize=1)
def _read_tables() -> Mapping[str, Mapping[str, Any]]:
    text = files("assistant.text").joinpath("numbers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


# --- Spelt

MAX_WORD_CHARS, MAX_ATOM_CHARS, MAX_ENDING = 50, 18, 3
COMMON = tuple("en de fr es it pt nl".split())
MAX_DIGITS = 5
"""Of a number that may be spelt, one more than it has."""
MIN_SPACES = 7
"""In a line, for its words to tell its language; a shorter one may be of any of the common ones."""
_WORD = re.compile(r"[^\W\d_]+")
_HAN = {word: n for n, word in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_HAN_TIMES = {"十": 10, "百": 100, "千": 1000}
_OF_HAN = re.compile(f"[{''.join((*_HAN, *_HAN_TIMES))}]+")
_SUMS = {("fr", 4, 20): 80} | {("fr", 10, n): 10 + n for n in (7, 8, 9)}
"""French: quatre-vingt, dix-sept."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a language spells numbers: values by folded word, and by the stem of a word.

    `links` may stand between two parts; where `is_joined` these are one word.
    """

    language: str
    values: Mapping[str, int]
    stems: Mapping[str, int]
    links: frozenset[str]
    is_joined: bool

    def value(self, word: str) -> int | None:
        """Return the number that a word is by itself."""
        ends = range(len(word), max(0, len(word) - MAX_ENDING - 1), -1)
        by_stem = (self.stems[word[:end]] for end in ends if word[:end] in self.stems)
        return self.values.get(word, next(by_stem, None))

    def read(self, word: str) -> tuple[int, ...]:
        """Return the numbers of which a word is made; none where something else is in it."""
        if (value := self.value(word)) is not None:
            return (value,)
        if not self.is_joined or len(word) > MAX_WORD_CHARS:
            return ()
        made: list[tuple[int, ...] | None] = [()] + [None] * len(word)  # by how much is read
        for start, end in ((a, b) for b in range(1, len(word) + 1) for a in range(b)):
            if made[end] is None and made[start] is not None and end - start <= MAX_ATOM_CHARS:
                part, before = word[start:end], made[start]
                assert before is not None
                is_last = end == len(word)
                value = self.value(part) if is_last else self.values.get(part)
                if value is not None:
                    made[end] = (*before, value)
                elif before and part in self.links and not is_last:
                    made[end] = before
        return made[-1] or ()


@lru_cache(maxsize=32)
def _spelling_of(language: str) -> Spelling | None:
    table = _read_tables().get(language, {})
    if "cardinals" not in table:
        return None
    forms: dict[str, int] = {}
    for name, first, step in (("ordinals", 1, 1), ("tens", 20, 10), ("cardinals", 0, 1)):
        for n, alike in enumerate(table[name].split()):
            forms |= {fold(one): first + n * step for one in alike.split("|")}
    pairs = (pair.split("=") for name in ("others", "times") for pair in table[name].split())
    forms |= {fold(form): int(n) for form, n in pairs}
    stems = {form[:-1]: n for form, n in forms.items() if form.endswith("*")}
    links = frozenset(map(fold, table["links"].split()))
    return Spelling(language, forms, stems, links, bool(table.get("joined")))


def find_spelt(text: str) -> frozenset[int]:
    """Return the numbers that a text spells, each line in its own language or the text's.

    >>> sorted(find_spelt("Two of the forty-five and the hundred and six"))
    [2, 45, 106]
    >>> sorted(find_spelt("im zwölften Jahrhundert, nach einundzwanzig Tagen; 三十天"))
    [12, 21, 30]
    """
    found = set(_read_han(text)) | set(_read_minutes(fold(text)))
    of_text = guess_language(text, "")
    for line in text.splitlines():
        codes = {of_text, guess_language(line, of_text)}
        if codes == {""} or line.count(" ") < MIN_SPACES:  # it may be of another
            codes |= set(COMMON)
        for spelling in filter(None, map(_spelling_of, codes)):
            found |= set(_read_spelt(line, spelling))
    return frozenset(found)


def match_numbers(wanted: Collection[str], text: str) -> frozenset[str]:
    """Return which of some terms are numbers that a text has in the other way of writing.

    >>> sorted(match_numbers(["3", "four", "room"], "Three rooms, 4 beds"))
    ['3', 'four']
    """
    digits = {term: int(term) for term in wanted if term.isdecimal() and len(term) < MAX_DIGITS}
    spelt = {term: n for term in wanted if (n := _spelt_in(term) - {1})}
    if not digits and not spelt:
        return frozenset()
    told = text[:MAX_SENTENCE_CHARS]
    in_digits = {int(n) for n in NUMERAL.findall(told) if n.isdecimal() and len(n) < MAX_DIGITS}
    in_words = find_spelt(told) if digits else frozenset[int]()
    said = {term for term, n in digits.items() if n in in_words}
    return frozenset(said | {term for term, n in spelt.items() if n & in_digits})


_spelt_in = lru_cache(maxsize=4_096)(find_spelt)


@lru_cache(maxsize=65_536)
def read_word(word: str, language: str) -> tuple[int, ...]:
    """Return the numbers of which a folded word of a language is made."""
    spelling = _spelling_of(language)
    return spelling.read(word) if spelling else ()


def _read_spelt(line: str, spelling: Spelling) -> Iterator[int]:
    """Yield the numbers of a line, each as great as the words beside each other make it."""
    last, total, is_linked, end = None, 0, False, 0
    for match in _WORD.finditer(line):
        word, gap = fold(match[0]), line[end : match.start()]
        end = match.end()
        is_beside = gap in (" ", "-", " - ", "\u00a0", "\u2011")
        if last is not None and is_beside and not is_linked and word in spelling.links:
            is_linked = True
            continue
        values = read_word(word, spelling.language)
        for value in values:
            joined = _join(last, value, spelling.language) if last is not None else None
            if joined is None or not (is_beside or len(values) > 1):
                if last is not None:
                    yield total + last
                total, joined = 0, value
            last = joined
            if last >= 1000 and last % 1000 == 0:
                total, last = total + last, 0
        if not values and last is not None:
            yield total + last
            last, total = None, 0
        is_linked = False
    if last is not None:
        yield total + last


def _join(before: int, value: int, language: str) -> int | None:
    """Return the number that two beside each other make, None where they are two."""
    if value in (100, 1000):
        return before * value if 0 < before < value else (value if not before else None)
    if (language, before % 100, value) in _SUMS:
        return before - before % 100 + _SUMS[language, before % 100, value]
    rest = before % 100
    if before and (rest == 0 or (rest >= 20 and rest % 10 == 0 and value < 10)):
        return before + value if value < 100 else None
    if language == "fr" and rest in (60, 80) and value < 20:
        return before + value
    if 0 < rest < 10 and value in range(20, 100, 10):  # "einundzwanzig"
        return before + value
    return value if not before else None


def _read_minutes(folded: str) -> Iterator[int]:
    for minutes, phrases in _read_tables()["minutes"].items():
        if any(fold(phrase) in folded for phrase in phrases.split("|")):
            yield int(minutes)


def _read_han(text: str) -> Iterator[int]:
    for match in _OF_HAN.finditer(text):
        total, last = 0, None
        for sign in match[0]:
            if sign in _HAN_TIMES:
                total, last = total + (1 if last is None else last) * _HAN_TIMES[sign], None
            else:
                last = _HAN[sign] if last is None else last * 10 + _HAN[sign]
        yield total + (last or 0)


# --- Roman numerals

_ROMAN = re.compile(
    r"(?<![^\W_])(?=[IVXLC]{2}|[VX]e)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
    r"(?=(?:er?|[eè]me|ième|[oa]s?)?(?![^\W_]))"
)
_SIGNS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def find_roman(text: str) -> Iterator[tuple[int, int]]:
    """Yield the place of each Roman numeral of two letters or more, and its number.

    >>> list(find_roman("Au XIIe siècle, Louis XIV"))
    [(3, 12), (22, 14)]
    """
    for match in _ROMAN.finditer(text):
        signs = [_SIGNS[sign] for sign in match[0]]
        after = [*signs[1:], 0]
        yield (
            match.start(),
            sum(-one if one < next_ else one for one, next_ in zip(signs, after, strict=True)),
        )


# --- Times of day

NOON = 12 * 60


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day at a place of a text: the minutes since midnight that it may be.

    `is_sure` where the text says which half of the day it is of.
    """

    start: int
    end: int
    minutes: frozenset[int]
    is_sure: bool


@lru_cache(maxsize=1)
def _clock_pattern() -> re.Pattern[str]:
    halves = {
        name: "|".join(
            re.escape(form).replace(r"\ ", r"\s")
            for table in _read_tables().values()
            for form in table.get(name, "").split("|")
            if form
        )
        for name in ("early", "late")
    }
    spelt = rf"[{''.join((*_HAN, '十'))}]{{1,3}}"
    return re.compile(
        rf"(?:(?P<late1>{halves['late']})|(?P<early1>{halves['early']}))?"
        rf"(?<![\d.,:])(?P<hour>\d{{1,2}}|{spelt}(?=[点點时時]))"
        r"(?:[:.h](?P<minute>\d{2})(?![\d]|[.,]\d))?"
        r"(?P<word>\s?(?:uhr|h|heures?|uur|часов|часа|[点點时時])(?![a-z]))?"
        rf"(?:\s?(?:(?P<late2>{halves['late']})|(?P<early2>{halves['early']}))(?![a-z]))?",
        re.IGNORECASE,
    )


def find_clocks(text: str) -> list[Clock]:
    """Return the times of day of a text that a colon, a word or a half of the day tells.

    >>> [sorted(one.minutes) for one in find_clocks("from 9:30 to 5 p.m., 晚上八点")]
    [[570, 1290], [1020], [1200]]
    """
    found = []
    for match in _clock_pattern().finditer(text):
        hour = int(match["hour"]) if match["hour"].isdigit() else next(_read_han(match["hour"]))
        minute, is_late = int(match["minute"] or 0), match["late1"] or match["late2"]
        half = is_late or match["early1"] or match["early2"]
        is_told = (
            half or match["word"] or (match["minute"] and match[0][len(match["hour"])] in ":h")
        )
        if not is_told or hour > 24 or minute > 59:
            continue
        early = hour % 12 * 60 + minute
        is_sure = bool(half) or hour == 0 or hour > 12
        if hour > 12 or hour == 0:
            minutes = {hour % 24 * 60 + minute}
        elif half:
            minutes = {early + NOON if is_late else early}
        else:
            minutes = {early, early + NOON}
        found.append(Clock(*match.span(), frozenset(minutes), is_sure))
    return found


# --- Amounts with their units and times

MAX_SENTENCE_CHARS = 2_000
"""Of a sentence that is compared; what is behind that is not."""
MAX_AMOUNTS = 20
"""Of one thing, from which others are worked out."""
_AMOUNT = re.compile(
    r"(?:(?P<sign>[$€£])\s?)?(?<![\d:])(?P<n>\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d(?:[\d.,]*\d)?)"
    r"(?!:\d)"
    rf"(?:\s(?P<scale>{one_of(SCALES)})\b)?\s?(?P<unit>[^\W\d_]+|[%€$£])?",
    re.IGNORECASE,
)

_CELL = " | "
_UNIT_OF_ROW = re.compile(r"(?:\b(?:in|en|em)\s|\()(?P<unit>[^\W\d_]{1,30}|[%€$£])(?![^\W_])")


def find_changed_unit(statement: str, quotes: Sequence[str]) -> str | None:
    """Return an amount of a statement that its quotes tell in another unit, and never in its own.

    >>> find_changed_unit("It costs 9 pounds.", ["It costs 9 euros."])
    '9 pounds'
    """
    told: dict[Decimal, set[str]] = {}
    for n, unit, _ in (one for quote in quotes for one in _read_amounts(quote)):
        told.setdefault(n, set()).add(unit)
    for n, unit, said in _read_amounts(statement):
        if unit and told.get(n) and unit not in told[n] and "" not in told[n]:
            return said
    return None


def find_worked_out(statement: str, told: str) -> Iterator[tuple[int, int]]:
    """Yield where a statement has the difference or the sum of two amounts of one thing.

    What a row says that it is in is the unit of its amounts that have none.

    >>> list(find_worked_out("It costs 30 euros less.", "A: 120 euros. B: 90 euros."))
    [(9, 17)]
    >>> list(find_worked_out("It is 30 euros less.", "Price in euros | A: 120 | B: 90"))
    [(6, 14)]
    """
    amounts: dict[str, list[Decimal]] = {}
    for line in told[:MAX_SENTENCE_CHARS].split("\n"):
        named = _UNIT_OF_ROW.search(line) if _CELL in line else None
        of_row = unit_of(fold(named["unit"])) if named else ""
        for match in _AMOUNT.finditer(line):
            if thing := _thing_of(match) or of_row:
                amounts.setdefault(thing, []).extend(_values_of(match))
    for match in _AMOUNT.finditer(statement):
        pairs = list(combinations(amounts.get(_thing_of(match), [])[:MAX_AMOUNTS], 2))
        worked_out = {abs(a - b) for a, b in pairs} | {a + b for a, b in pairs}
        if not worked_out.isdisjoint(_values_of(match)):
            yield match.span()


def _values_of(match: re.Match[str]) -> list[Decimal]:
    """Return what an amount may be, in ones: "1.5 million" is 1,500,000."""
    scale = SCALES.get((match["scale"] or "").casefold(), 1)
    return [n * scale for n in readings(match["n"])]


def _thing_of(match: re.Match[str]) -> str:
    """Return the term of what an amount is of, "" where nothing tells it."""
    said = match["sign"] or match["unit"]
    return unit_of(fold(said)) if said else ""


def _read_amounts(text: str) -> Iterator[tuple[Decimal, str, str]]:
    """Yield each number of a text, the unit that it is of or "", and both as they stand."""
    for match in _AMOUNT.finditer(text[:MAX_SENTENCE_CHARS]):
        unit = _thing_of(match)
        for n in _values_of(match):
            yield n, unit if unit in UNIT_TERMS else "", match[0].strip()


def find_respelt(statement: str, quotes: Sequence[str]) -> str | None:
    """Return a spelt number of things of which the quotes tell another number.

    >>> find_respelt("It lasts six days.", ["It lasts five days."])
    'six days'
    """
    language = guess_language(" ".join((*quotes, statement)))
    known = frozenset[int]().union(*map(find_spelt, quotes))
    known |= {int(one) for quote in quotes for one in NUMERAL.findall(quote) if one.isdigit()}
    told = {thing for quote in quotes for n, thing, _ in _read_counts(quote, language) if n > 1}
    for n, thing, said in _read_counts(statement, language):
        if n > 1 and n not in known and thing in told and not said[0].isdigit():
            return said
    return None


def _read_counts(text: str, language: str) -> Iterator[tuple[int, str, str]]:
    """Yield numbers, of one word or in digits, with the term of the word behind them."""
    words = re.findall(r"[^\W_]+", text[:MAX_SENTENCE_CHARS])
    for word, thing in pairwise(words):
        values = (int(word),) if word.isdecimal() else read_word(fold(word), language)
        behind = terms(thing, language)
        if len(values) == 1 and behind and not read_word(fold(thing), language):
            yield values[0], behind[0], f"{word} {thing}"


def find_mispaired(statement: str, quotes: Sequence[str]) -> str | None:
    """Return an amount that a statement tells of another time than a quote does.

    Of a quote that tells several amounts of several times, each time beside its own.

    >>> find_mispaired("It was 6% in April.", ["It rose to 6% in May from 4% in April."])
    '6%'
    """
    own_times, own_amounts = _read_times(statement), _read_plain(statement)
    if len(own_times) != 1 or len(own_amounts) != 1:
        return None
    ((_, _, time),), ((start, end, amount),) = own_times, own_amounts
    for quote in quotes:
        times, amounts = _read_times(quote), _read_plain(quote)
        of_time = {one[2]: _nearest(one, amounts) for one in times}
        of_amount = {one[2]: _nearest(one, times) for one in amounts}
        if len(of_time) < 2 or len(of_amount) < 2 or len(times) != len(of_time):
            continue
        mine, other = of_amount.get(amount), of_time.get(time)
        if mine is None or other is None or mine == time or len(amounts) != len(of_amount):
            continue
        if of_time.get(mine) == amount and of_amount.get(other) == time:
            return statement[start:end]
    return None


Placed = tuple[int, int, str]
"""Where a time or an amount stands, and what tells it from others."""


def _read_times(text: str) -> list[Placed]:
    found = [(one.start, one.end, one.forms[0]) for one in find_exact(text) if one.kind in DATES]
    bare = fold(text)
    months = re.finditer(rf"(?<![^\W_]){one_of(MONTH_OF)}(?![^\W_])", bare)
    taken = [(a, b) for a, b, _ in found]
    if len(bare) == len(text):
        found += [
            (*match.span(), f"o{MONTH_OF[match[0]]:02}")
            for match in months
            if not any(a < match.end() and match.start() < b for a, b in taken)
        ]
    return sorted(found)


def _read_plain(text: str) -> list[Placed]:
    """Return the amounts of a text that are no times."""
    spans = [(a, b) for a, b, _ in _read_times(text)]
    spans += [(one.start, one.end) for one in find_clocks(text)]
    return [
        (*match.span(), match[0].replace(" ", ""))
        for match in re.finditer(r"[$€£]?\d(?:[\d.,]*\d)?\s?[%€$£]?", text)
        if not any(a < match.end() and match.start() < b for a, b in spans)
    ]


def _nearest(one: Placed, others: Sequence[Placed]) -> str | None:
    """Return which of the others stands nearest; None where two stand alike near."""
    apart = sorted((max(a - one[1], one[0] - b), name) for a, b, name in others)
    if not apart or (len(apart) > 1 and apart[0][0] == apart[1][0]):
        return None
    return apart[0][1]


# --- Runs


def name_runs(numbers: Sequence[int]) -> str:
    """Return citation numbers as an answer's text shows many of them.

    >>> name_runs((1, 2, 3, 7))
    '[1]–[3][7]'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = ("–".join(f"[{n}]" for n in dict.fromkeys((run[0], run[-1]))) for run in runs)
    return "".join(shown)


def list_runs(numbers: Sequence[str]) -> str:
    """Return the numbers of parts, ascending, with those that follow each other as one.

    >>> list_runs(("1", "2", "3", "7a"))
    '1–3, 7a'
    """
    runs: list[list[str]] = []
    for number in numbers:
        if runs and number.isdigit() and runs[-1][-1] == str(int(number) - 1):
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join("–".join(dict.fromkeys((run[0], run[-1]))) for run in runs)
