"""Finds the numbers in a text, in one form however they are written.

"1,000", "1000" and "one thousand" are one number. A number keeps its unit: percent, money, an order
("third"), a decade, years before Christ. Time grows with the number of words. The numbers of
citations are shown in runs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from assistant.text import english as en
from assistant.text.dates import find_dates
from assistant.text.words import Word

NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
"""A number in digits, wherever it stands."""
YEAR = r"(?:1\d{3}|20\d{2})"
"""The pattern of a year that documents are likely to tell of."""

_DIGITS = re.compile(
    rf"(\d[\d,\u202f]*(?:\.\d+)?)({'|'.join((*en.ORDINAL_ENDINGS, 's', *en.SCALE_SUFFIXES))}|)"
)
_LONG = 40


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text.

    Attributes:
        value: its one form.
        kind: what it counts in: "" things, "%", "points", "$", "€", "£", "order", "decade",
            "bc", "part" (a fraction), "many" ("thousands").
        start: the place of its first word; `end` one past its last.
    """

    value: str
    kind: str
    start: int
    end: int

    @property
    def key(self) -> tuple[str, str]:
        """What two numbers that are the same have in common."""
        return self.value, self.kind


def find_numbers(words: Sequence[Word]) -> list[Number]:
    """Return the numbers that words tell, without the days of dates.

    >>> from assistant.text.words import read
    >>> [n.key for n in find_numbers(read("Two thousand men, 2.5 million and 50 per cent"))]
    [('2000', ''), ('2500000', ''), ('50', '%')]
    """
    taken: set[int] = set()
    for date in find_dates(words):
        years = {n for n in range(date.start, date.end) if words[n].lower == date.year}
        taken |= set(range(date.start, date.end)) - years
    found: list[Number] = []
    n = 0
    while n < len(words):
        number = None if n in taken else _read_number(words, n)
        if number:
            found.append(number)
        n = number.end if number else n + 1
    return found


def is_pronoun(words: Sequence[Word], number: Number) -> bool:
    """Whether a "one" may stand for something rather than count it ("one of the", "no one")."""
    if words[number.start].lower != "one" or number.end - number.start > 1:
        return False
    before = words[number.start - 1].lower if number.start else ""
    behind = words[number.end].lower if number.end < len(words) else ""
    return before in en.NOT_COUNTED or behind in ("of", "another", "who")


def _read_number(words: Sequence[Word], n: int) -> Number | None:
    if words[n].lower[0].isdigit():
        return _read_digits(words, n)
    return _read_part(words, n) or _read_ordinal(words, n) or _read_spelled(words, n)


def _read_digits(words: Sequence[Word], n: int) -> Number | None:
    word = words[n]
    match = _DIGITS.fullmatch(word.lower)
    if match is None:
        return None  # a name such as 5G
    value, end = match[1].replace(",", "").replace("\u202f", ""), n + 1
    suffix = match[2]
    if suffix in en.ORDINAL_ENDINGS:
        return Number(_write(value), "order", n, end)
    if suffix == "s":
        return Number(_write(value), "decade", n, end)
    scale = en.SCALE_SUFFIXES.get(suffix, 1)
    if suffix == "m" and word.before[-1:] not in ("$", "€", "£"):
        return None
    while end < len(words) and words[end].lower in en.SCALES:
        scale *= en.SCALES[words[end].lower]
        end += 1
    is_negative = word.before[-1:] in ("-", "−") and word.before[-2:-1] in ("", " ", "(")
    sign = "-" if is_negative and (n == 0 or word.before[:-1]) else ""
    return _count(words, Number(_write(sign + value, scale), "", n, end))


def _read_spelled(words: Sequence[Word], n: int) -> Number | None:
    """Read "two hundred and fifty thousand"; of "thousands" only that they are many."""
    plural = words[n].lower.removesuffix("s")
    if words[n].lower.endswith("s") and plural in en.SCALES:
        return Number(str(en.SCALES[plural]), "many", n, n + 1)
    total, group, end = 0, None, n
    while end < len(words):
        word = words[end].lower
        if word in en.ONES or word in en.TENS:
            value = en.ONES.get(word, en.TENS.get(word, 0))
            if group is not None and not _follows(group, value):
                break
            group = (group or 0) + value
        elif word in en.SCALES and (group is not None or end == n):
            group = (1 if group is None else group) * en.SCALES[word]
            if en.SCALES[word] >= 1000:
                total, group = total + group, 0
        elif not (word == "and" and end > n and _goes_on(words, end + 1)):
            break
        end += 1
    if end == n:
        return None
    return _count(words, Number(str(total + (group or 0)), "", n, end))


def _follows(group: int, value: int) -> bool:
    """Whether a word goes on with the number so far: "twenty" by "one", "hundred" by "fifty"."""
    if group % 100 == 0:
        return True
    return group % 10 == 0 and group % 100 >= 20 and 0 < value < 10


def _goes_on(words: Sequence[Word], n: int) -> bool:
    """Whether what stands behind an "and" is the rest of a number: "(one hundred and) fifty"."""
    if words[n - 2].lower not in en.SCALES or n >= len(words):
        return False
    behind = [word.lower for word in words[n : n + 3]]
    scales = [en.SCALES[word] for word in behind[1:] if word in en.SCALES]
    is_more = not scales or scales[0] > en.SCALES[words[n - 2].lower]
    return is_more and (behind[0] in en.ONES or behind[0] in en.TENS)


def _read_ordinal(words: Sequence[Word], n: int) -> Number | None:
    word = words[n].lower
    if word in en.TENS and n + 1 < len(words):
        unit = en.ORDINALS.get(words[n + 1].lower, 99)
        return Number(str(en.TENS[word] + unit), "order", n, n + 2) if unit < 10 else None
    return Number(str(en.ORDINALS[word]), "order", n, n + 1) if word in en.ORDINALS else None


def _read_part(words: Sequence[Word], n: int) -> Number | None:
    """Read "half", "a third", "two thirds", "three quarters"."""
    word = words[n].lower
    if word == "half":
        return Number("1/2", "part", n, n + 1)
    above = 1 if word == "a" else en.ONES.get(word)
    below = en.PARTS.get(words[n + 1].lower) if n + 1 < len(words) else None
    if not above or not below or (word == "a" and words[n + 1].lower == "second"):
        return None
    is_order = word == "a" and n + 2 < len(words) and words[n + 2].lower not in ("of", "the")
    if is_order and words[n + 1].after.strip() == "" and below != 4:
        return None  # "a third man"
    return Number(f"{above}/{below}", "part", n, n + 2)


def _count(words: Sequence[Word], number: Number) -> Number:
    """Return the number with what stands around it: percent, money, an era."""
    before = words[number.start].before.rstrip(" -−")[-1:]
    after = words[number.end - 1].after.lstrip()[:1]
    behind = [word.lower for word in words[number.end : number.end + 2]] + ["", ""]
    kind, end = "", number.end
    if before in ("$", "€", "£"):
        kind = before
    elif after in ("%", "€", "$", "£") and after:
        kind = after
    elif behind[0] in ("percent", "pct"):
        kind, end = "%", end + 1
    elif behind[0] == "per" and behind[1] == "cent":
        kind, end = "%", end + 2
    elif behind[0] == "percentage" and behind[1].startswith("point"):
        kind, end = "points", end + 2
    elif behind[0] in ("bc", "bce"):
        kind = "bc"
    elif money := en.MONEY.get(behind[0].removesuffix("s")) or en.MONEY.get(
        behind[1].removesuffix("s") if behind[0] in ("us", "american") else ""
    ):
        kind = money
    return Number(number.value, kind, number.start, end)


def _write(value: str, scale: int = 1) -> str:
    if len(value) > _LONG:
        return value  # digits without end are compared as they stand
    with localcontext(prec=100):
        return f"{(Decimal(value) * scale).normalize():f}"


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
