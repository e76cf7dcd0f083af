"""What the parts of a document are to each other: their roles, and what each stands under.

A parser marks what it surely knows (headings, rows, code, items); `arrange` finds the rest by how
people write, in any format: questions and answers, lists and what leads into them, headings of
plain text, and labels ("Article 17."). Pure.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from assistant.ingest.formats.parsed import trim
from assistant.text import english as en
from assistant.text.exact import only_exact
from assistant.text.sentences import split_sentences
from assistant.values import Role, Unit

PROSE = frozenset((Role.PARAGRAPH, Role.ITEM, Role.LEAD_IN, Role.CAPTION, Role.NOTE, Role.REST))
"""What has sentences; a heading, a row or a line of code is cited whole."""
MAX_HEADING_CHARS = 60
"""Of a line of plain text that is taken for a heading."""
MAX_QUESTION_CHARS = 200
MAX_DEPTH = 8
"""Headings, or items, above one: what is nested deeper stands beside what it is nested in, since
every passage carries all that it stands under."""
LOWEST = 9
"""The level of a line that heads the fields below it, under any other heading."""

BULLET = re.compile(r"(?:[-*+•‣◦▪●–—·]|\[[ xX]\])\s+(?=\S)")
ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{2,5})[.)]\s+(?=\S)")
_SECTION = re.compile(r"(\d{1,3}(?:\.\d{1,3})*)\.?\s+(?=[^\W\d_])")
_ASKED = re.compile(rf"(?:{en.QUESTION_MARKERS})\s*[:.]\s*(?=\S)")
_PAIR = re.compile(
    rf"(?:{en.QUESTION_MARKERS})\s*[:.]\s[^?]{{1,{MAX_QUESTION_CHARS}}}\?"
    rf"(?=\s+(?:{en.ANSWER_MARKERS})\s*[:.]\s)"
)
"""A question on one line with its answer: "Q: Is it open? A: Daily."."""
_FIELD = re.compile(r"[^\W\d_][^:\n.?!]{0,39}:\s+\S")
_COLONS = (":", "：")
_SENTENCE_END = re.compile(r"[.!?…]\s|\n")
_CLOSED = re.compile(r"[.!?…:;,。！？؟।：；，][\"'”’»)\]]*$")
_LABEL = re.compile(
    rf"(?:(?:{en.LABELS})\s+|§\s?)(?:[\divxlcIVXLC]+(?:\.\d+)*|(?-i:[A-H])\b)[.:)]?", re.IGNORECASE
)


def arrange(text: str, units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Return the units of a document with the roles that rules find, and what each is under.

    Args:
        text: canonical.
        units: ascending and apart, as a parser marked them.
    """
    parted = [part for unit in units for part in _part(text, unit)]
    return nest(_name(text, parted))


def nest(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Return the units, each with the number of the one that it stands under.

    Headings are under higher ones. A lead-in, a question or column names hold until something
    else begins: a list under its lead-in, rows under their names, all that answers a question.
    """
    nesting = _Nesting(units)
    return tuple(unit._replace(under=nesting.place(n, unit)) for n, unit in enumerate(units))


class _Nesting:
    """What holds at a place of a document: the numbers of units that others stand under."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._headings: list[int] = []
        self._begun = -1
        self._items: list[int] = []
        self._question = self._lead = self._names = -1

    def place(self, number: int, unit: Unit) -> int:
        """Return what a unit stands under, and note what holds behind it."""
        role = unit.role
        if role is Role.REST:
            return self._begun
        if role is Role.NOTE:
            return self._headings[-1] if self._headings else -1
        self._begin(number, role)
        if role is Role.HEADING:
            return self._place_heading(number, unit)
        return self._place_text(number, unit)

    def _begin(self, number: int, role: Role) -> None:
        """Note which sentence, list and table a unit may go on with."""
        if role in (Role.PARAGRAPH, Role.ITEM):
            self._begun = number
        if role is not Role.ITEM:
            self._items = []
        if role not in (Role.ROW, Role.NAMES):
            self._names = -1

    def _place_text(self, number: int, unit: Unit) -> int:
        role = unit.role
        section = self._headings[-1] if self._headings else -1
        if role is Role.QUESTION:
            self._question, self._lead = number, -1
            return section
        if role in (Role.LEAD_IN, Role.CAPTION, Role.LABEL):
            self._lead = number
            return _first(self._question, section)
        around = (self._lead, self._question, section)
        if role is Role.ITEM:
            return _first(self._push(self._items, number, unit), *around)
        if role is Role.ROW:
            return _first(self._names, *around)
        if role is Role.NAMES:
            self._names = number
            return _first(*around)
        if role is Role.CODE:
            return _first(*around)
        is_led = self._lead >= 0 and self._lead == number - 1
        lead = self._lead if is_led else -1
        self._lead = lead if is_led and self._units[lead].role is Role.LABEL else -1
        return _first(lead, self._question, section)

    def _place_heading(self, number: int, unit: Unit) -> int:
        self._question = self._lead = -1
        return self._push(self._headings, number, unit)

    def _push(self, stack: list[int], number: int, unit: Unit) -> int:
        """Put a unit on its stack, over those of lower levels; return the one below it, or -1."""
        while stack and (self._units[stack[-1]].level >= unit.level or len(stack) >= MAX_DEPTH):
            stack.pop()
        stack.append(number)
        return stack[-2] if len(stack) > 1 else -1


def list_sentences(text: str, units: Iterable[Unit]) -> list[tuple[int, int]]:
    """Return the spans to cite: the sentences of prose, and all else as it is."""
    found: list[tuple[int, int]] = []
    for is_prose, group in groupby(units, lambda unit: unit.role in PROSE):
        spans = [(unit.start, unit.end) for unit in group]
        found += split_sentences(text, spans) if is_prose else spans
    return found


def above(units: Sequence[Unit], number: int) -> list[int]:
    """Return the numbers of all units that one stands under, the nearest first."""
    found: list[int] = []
    number = units[number].under
    while number >= 0:
        found.append(number)
        number = units[number].under
    return found


def extent(units: Sequence[Unit], number: int) -> int:
    """Return the number of the unit behind all that a unit heads, labels or asks, and itself."""
    unit = units[number]
    end = number + 1
    while end < len(units):
        other = units[end]
        if other.role is Role.HEADING and (
            unit.role is not Role.HEADING or other.level <= unit.level
        ):
            break
        if unit.role is Role.ITEM:
            if other.role is not Role.ITEM or other.level <= unit.level:
                break
        elif unit.role is not Role.HEADING and other.role is unit.role:
            break
        end += 1
    return end


def find_unit(units: Sequence[Unit], place: int) -> int:
    """Return the number of the unit that a place of the text is in; -1 before the first."""
    return bisect_right(units, place, key=lambda unit: unit.start) - 1


def _first(*numbers: int) -> int:
    return next((number for number in numbers if number >= 0), -1)


def _part(text: str, unit: Unit) -> Iterator[Unit]:
    """Yield a paragraph's lead-in as a unit of its own, and a question before its answer."""
    if unit.role is Role.PARAGRAPH and (pair := _PAIR.match(text, unit.start, unit.end)):
        yield unit._replace(end=pair.end())
        yield unit._replace(start=trim(text, pair.end(), unit.end)[0])
        return
    if unit.role is Role.PARAGRAPH and text.endswith(_COLONS, unit.start, unit.end):
        ends = [match.end() for match in _SENTENCE_END.finditer(text, unit.start, unit.end)]
        if ends:
            start, end = trim(text, ends[-1], unit.end)
            yield unit._replace(end=trim(text, unit.start, ends[-1])[1])
            yield unit._replace(start=start, end=end)
            return
    yield unit


def _name(text: str, units: Sequence[Unit]) -> list[Unit]:
    has_headings = any(unit.role is Role.HEADING for unit in units)
    found: list[Unit] = []
    for number, unit in enumerate(units):
        if unit.role is not Role.PARAGRAPH:
            found.append(unit)
            continue
        after = units[number + 1] if number + 1 < len(units) else None
        before = units[number - 1] if number else None
        found.append(_named(text, before, unit, after, has_headings=has_headings))
    # What a parser has marked as an item is one.
    may_head = [unit.role is Role.PARAGRAPH for unit in units]
    return _mend_enumerated(text, found, may_head)


def _named(
    text: str, before: Unit | None, unit: Unit, after: Unit | None, *, has_headings: bool
) -> Unit:
    said = text[unit.start : unit.end]
    if BULLET.match(said) or ENUMERATOR.match(said) or _is_step(text, before, said, after):
        return unit._replace(role=Role.ITEM, level=_indent(text, unit.start))
    if _is_question(said) and after and after.role is not Role.HEADING:
        return unit._replace(role=Role.QUESTION)
    if _is_label(text, said, unit, after):
        return unit._replace(role=Role.LABEL)
    if after is None:
        return unit
    if _is_labelled_title(said) and after.role is Role.PARAGRAPH:
        return unit._replace(role=Role.HEADING, level=LOWEST)
    if said.endswith(_COLONS) and after.role is not Role.HEADING:
        return unit._replace(role=Role.LEAD_IN)
    if "\n" in said or len(said) > MAX_HEADING_CHARS or _CLOSED.search(said):
        return unit
    below = text[after.start : after.end]
    is_apart = before is None or _gap(text, before, unit) > 1
    if is_apart and _gap(text, unit, after) == 1 and _FIELD.match(below) and not _FIELD.match(said):
        return unit._replace(role=Role.HEADING, level=LOWEST)
    if not has_headings and is_apart and _looks_like_heading(text, said, unit, after):
        depth = _SECTION.match(said)
        return unit._replace(role=Role.HEADING, level=1 + depth[1].count(".") if depth else 1)
    return unit


def _is_step(text: str, before: Unit | None, said: str, after: Unit | None) -> bool:
    """Tell whether a paragraph is one of several that begin so: "Step 2. Stir it."."""
    label = _LABEL.match(said)
    if label is None or label.end() == len(said) or not _CLOSED.search(said):
        return False
    word = label[0].split()[0].casefold()
    beside = (text[one.start : one.end] for one in (before, after) if one is not None)
    return any(
        (other := _LABEL.match(near)) is not None and other[0].split()[0].casefold() == word
        for near in beside
    )


def _is_label(text: str, said: str, unit: Unit, after: Unit | None) -> bool:
    """Tell whether a line names what comes next: a part's number, or the day of an entry."""
    if _LABEL.fullmatch(said):
        return True
    return after is not None and _gap(text, unit, after) == 1 and _is_date(said)


def _is_date(said: str) -> bool:
    """Tell whether a line is a day and nothing else."""
    return len(said) <= MAX_HEADING_CHARS and any(one.kind == "date" for one in only_exact(said))


def _is_labelled_title(said: str) -> bool:
    """Tell whether a line is a part's number and title: "Clause 2. Rent"."""
    label = _LABEL.match(said)
    title = said[label.end() :].strip(" .:–—-") if label else ""
    return (
        bool(title)
        and len(said) <= MAX_HEADING_CHARS
        and not _CLOSED.search(said)
        and (title[0].isupper() and "\n" not in said)
    )


def _is_question(said: str) -> bool:
    if len(said) > MAX_QUESTION_CHARS:
        return False
    if " | " in said:  # a record
        return False
    asked = _ASKED.match(said)
    return bool(asked) or (said.endswith(("?", "？", "؟")) and not re.search(r"[.!?]\s", said))


def _looks_like_heading(text: str, said: str, unit: Unit, after: Unit) -> bool:
    """Tell whether a line that stands alone heads what comes below it."""
    words = said.split()
    if not (said[0].isupper() or said[0].isdigit()) or not any(map(str.isalpha, said)):
        return False
    if _FIELD.match(said) or len(words) > 8:
        return False
    is_parted = _gap(text, unit, after) > 1
    is_loud = said.isupper() or bool(_SECTION.match(said))
    below = text[after.start : after.end]
    is_text = any(
        (_CLOSED.search(below), _FIELD.match(below), BULLET.match(below), ENUMERATOR.match(below))
    )
    return (is_parted and (is_loud or is_text)) or (is_loud and said.isupper())


def _mend_enumerated(text: str, units: list[Unit], may_head: Sequence[bool]) -> list[Unit]:
    """Turn numbered lines that stand alone, above paragraphs, from items into headings."""
    kinds = [
        unit.role is Role.ITEM and may and bool(ENUMERATOR.match(text, unit.start, unit.end))
        for unit, may in zip(units, may_head, strict=True)
    ]
    found = list(units)
    for number, (unit, is_numbered) in enumerate(zip(units, kinds, strict=True)):
        if not is_numbered or number + 1 == len(units):
            continue
        after = units[number + 1]
        said = text[unit.start : unit.end]
        if (
            after.role in (Role.PARAGRAPH, Role.LEAD_IN)
            and len(said) <= MAX_HEADING_CHARS
            and "\n" not in said
            and not _CLOSED.search(said)
            and not (number and kinds[number - 1] and units[number - 1].role is Role.ITEM)
        ):
            depth = _SECTION.match(said)
            level = LOWEST - 3 + (depth[1].count(".") if depth else 0)
            found[number] = unit._replace(role=Role.HEADING, level=min(level, LOWEST))
    return found


def _gap(text: str, before: Unit, after: Unit) -> int:
    """Return how many line ends part two units."""
    return text.count("\n", before.end, after.start)


def _indent(text: str, start: int) -> int:
    """Return how far the line of a place is indented, in characters."""
    return start - text.rfind("\n", 0, start) - 1


def contexts(roles: Sequence[Role]) -> list[tuple[int, ...]]:
    """Return for each sentence of a passage the numbers of those that it stands under there.

    What stands under a heading alone counts it for its first sentence, items and rows: those say
    little by themselves.
    """
    found: list[tuple[int, ...]] = []
    heads: tuple[int, ...] = ()
    asked: tuple[int, ...] = ()
    leads: tuple[int, ...] = ()
    begun: tuple[int, ...] = ()
    is_first = True
    for number, (before, role) in enumerate(pairwise([Role.PARAGRAPH, *roles])):
        if role is Role.REST:
            found.append(begun)
            continue
        if role in (Role.PARAGRAPH, Role.ITEM):
            begun = (number,)
        if role is Role.HEADING:
            heads = (*heads, number) if before is Role.HEADING else (number,)
            asked = leads = ()
            found.append(())
            is_first = True
            continue
        if role is Role.QUESTION:
            asked = (*asked, number) if before is Role.QUESTION else (number,)
            leads = ()
        elif role in (Role.LEAD_IN, Role.NAMES, Role.LABEL, Role.CAPTION):
            leads = (*leads, number)
        elif role is Role.PARAGRAPH and before is Role.ITEM:
            leads = ()
        is_terse = role in (Role.ITEM, Role.ROW, Role.CODE)
        own = (*asked, *(leads if is_terse or before is not Role.PARAGRAPH else ()))
        found.append((*(heads if is_first or is_terse else ()), *(n for n in own if n != number)))
        is_first = is_first and role is not Role.PARAGRAPH and not is_terse
    return found
