"""Reads a table back from a stored document: its columns, its rows, and what their cells measure.

A row is stored as `Name: value | Name: value` under its column names. Numbers keep their unit, and
dates are told by their forms; a column whose cells cannot be read in one way is `Unreadable`, with
the cell and the reason. Pure; time is bounded by `MAX_ROWS` and `MAX_COLUMNS`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from assistant.ingest.formats.table import JOINT
from assistant.ingest.structure import above
from assistant.text.exact import find_exact
from assistant.text.operations import AVERAGES, MAY_TOTAL, TOTALS
from assistant.text.terms import fold, terms, unit_of
from assistant.values import Document, Role

MAX_ROWS = 10_000
"""Of a table that is read back: it takes 150 ms."""
MAX_COLUMNS = 60
MAX_CELL_CHARS = 200
"""Of a cell that is looked into."""
MAX_VALUE_CHARS = 60
"""Of a cell in the words of a result."""
MAX_NUMBER_CHARS = 22
"""Of a number that is worked with: sums of more digits would be rounded."""
MAX_ADDED = 200
"""Rows above one that may be the total of a part, which are added up to tell."""
MAX_ALIKE = 5
"""Rows nearby that begin as it does and sum up nothing: then it is what things are called."""

N_TRIED = 20
"""Cells of a column that are tried for dates."""
NUMBERED = frozenset("no nr number id code nummer numero num year jahr annee ano anno".split())
"""Terms of columns whose numbers count nothing."""

Value = tuple[int, ...] | Decimal
"""A date, from the year on, or an amount."""

_SIGNS = r"[$€£¥]|eur|usd|gbp|chf"
_AMOUNT = re.compile(
    rf"(?P<sign>[-−+]?)\s?(?P<before>{_SIGNS})?\s?(?P<minus>[-−]?)"
    r"(?P<digits>\d[\d.,'’\s]*)\s?(?P<after>[^\d\s(][^\d(]{0,24})?",
    re.IGNORECASE,
)
_GROUPED = {
    ".": re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[\s'’]\d{3})+|\d+)(?:\.\d+)?"),
    ",": re.compile(r"(?:\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[\s'’]\d{3})+|\d+)(?:,\d+)?"),
}
"""What a number may look like with either decimal mark."""
_NONE = re.compile(r"[-–—/?.]*|n/?a|none|nil|null|tbd|k\. ?a\.?", re.IGNORECASE)
_FULL_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]*[.'’-]?(?:[ ,-]+[^\W\d_a-z][^\W\d_]*[.'’-]?){1,3}")
_OF_PERSONS = re.compile(r"\b(?:name|nom|nombre|nome|who|wer|person|member|mitglied|employee)$")
_PERSONS = (
    "people person persons Leute Personen Person personnes gens personas gente persone pessoas"
)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: the number of its unit in the document, and a cell for each column ("" for none).

    `is_total` tells whether it sums up the rows above it.
    """

    unit: int
    cells: tuple[str, ...]
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table of a document, or the items of one list, which have one nameless cell.

    Attributes:
        document: where it stands.
        names: of the columns; "" for one without.
        rows: in order; more than `MAX_ROWS` are cut.
        about: the terms of what it stands under: title, path, headings, caption, lead-in.
        near: the terms of the nearest of these.
        heads: what it stands under as it is written, its document's title and name behind it.
        over: the numbers of the units above it.
        language: of the question, by which terms are compared.
        is_cut: whether it has more rows than were read.
    """

    document: Document
    names: tuple[str, ...]
    rows: tuple[TableRow, ...]
    about: frozenset[str]
    near: frozenset[str]
    over: tuple[int, ...]
    language: str = "en"
    is_cut: bool = False
    heads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How it is told from others: the nearest heading or caption, or its document's title."""
        return next(filter(None, self.heads), "")

    @property
    def is_list(self) -> bool:
        """Whether these are the items of a list."""
        return self.names == ("",)

    def terms(self, text: str) -> frozenset[str]:
        """Return the terms of a cell or a name, as they are compared with the question's."""
        return cell_terms(text, self.language)

    def column(self, number: int) -> list[str]:
        """Return the cells of a column."""
        return [row.cells[number] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why the cells of a column cannot be worked with: the cell, and what is wrong with it."""

    cell: str
    why: str


@dataclass(frozen=True, slots=True)
class Amounts:
    """The numbers of a column, None where a cell is empty, and how they are written.

    `before` and `after` are the unit as it stands at the first number; `mark` is the decimal mark.
    """

    values: tuple[Decimal | None, ...]
    before: str
    after: str
    mark: str

    def write(self, value: Decimal) -> str:
        """Return a number as the column writes it.

        >>> Amounts((), "", " kg", ",").write(Decimal("1250.50"))
        '1250,5 kg'
        """
        text = f"{value.normalize():f}"
        if "." in text and self.before + self.after.strip() and self._is_money():
            text = f"{value:.2f}" if len(text.split(".")[1]) < 3 else text
        return f"{self.before}{text.replace('.', self.mark)}{self.after}"

    def _is_money(self) -> bool:
        return _unit(self.before or self.after) in ("euro", "dollar", "pound")


def read_table(document: Document, number: int, language: str = "en") -> Table | None:
    """Return the table or list that a row or an item, given by the number of its unit, is in.

    None where the rows have no column names, or are too wide.
    """
    units = document.units
    role, under = units[number].role, units[number].under
    if role is Role.ROW:
        if under < 0 or units[under].role is not Role.NAMES:
            return None
        first, names = under + 1, _names(_text(document, under))
        if len(names) > MAX_COLUMNS:
            return None
    elif role is Role.ITEM:
        first, names = _first_item(document, number), ("",)
    else:
        return None
    starts = tuple(f"{name}:" for name in names)
    rows: list[TableRow] = []
    at = first
    while at < len(units) and units[at].role is role and len(rows) <= MAX_ROWS:
        if units[at].under == under:
            text = _text(document, at)
            cells = _part(starts, text) if role is Role.ROW else (text,)
            rows.append(TableRow(at, cells, _sums_up(cells, rows)))
        elif role is Role.ROW:
            break
        at += 1
    over = above(units, number)
    heads = [_text(document, n) for n in over if units[n].role is not Role.NAMES]
    path = re.sub(r"[\W_]+|(?<=[^\W\d_])(?=\d)", " ", document.document_id)
    about = frozenset(
        term for text in (document.title, path, *heads) for term in cell_terms(text, language)
    )
    if any(map(_tells_of_persons, names, zip(*(row.cells for row in rows), strict=True))):
        about |= cell_terms(_PERSONS, language)
    near = cell_terms(heads[0], language) if heads else frozenset()
    has_corner = role is Role.ROW and any(row.cells[0] for row in rows)
    if role is Role.ROW and not has_corner:
        names = names[1:]
        rows = [TableRow(row.unit, row.cells[1:], row.is_total) for row in rows]
    is_cut = len(rows) > MAX_ROWS
    kept = tuple(rows[:MAX_ROWS])
    told = (*heads, document.title, path)
    return Table(document, names, kept, about, near, tuple(over), language, is_cut, told)


def _tells_of_persons(name: str, cells: Sequence[str]) -> bool:
    """Whether a column holds the names of persons: most of two or three words with capitals."""
    n_full = sum(bool(_FULL_NAME.fullmatch(cell)) for cell in cells)
    return bool(_OF_PERSONS.search(fold(name))) and 2 * n_full > len(cells)


def read_amounts(cells: Sequence[str], language: str = "en") -> Amounts | Unreadable:
    """Return the numbers of cells in one unit, however thousands and decimals are marked.

    Of what can be read in two ways, "1,250" is a thousand in English and "1.250" elsewhere.

    >>> read_amounts(["1.250,50 €", "-", "3 €"]).values
    (Decimal('1250.50'), None, Decimal('3'))
    >>> read_amounts(["3 kg", "500 g"])
    Unreadable(cell='500 g', why='is in another unit than 3 kg')
    """
    found: list[re.Match[str] | None] = []
    for cell in cells:
        match = _AMOUNT.fullmatch(cell.strip()[:MAX_CELL_CHARS])
        if match is None and not _NONE.fullmatch(cell.strip()):
            return Unreadable(cell, "is no number")
        if match and len(match["digits"]) > MAX_NUMBER_CHARS:
            return Unreadable(cell, "has too many digits")
        found.append(match)
    read = [match for match in found if match]
    if not read:
        return Unreadable("", "no cell is a number")
    first = read[0]
    for match in read:
        if _unit_of(match) != _unit_of(first):
            return Unreadable(match[0], f"is in another unit than {first[0]}")
    mark = _find_mark([match["digits"].strip() for match in read], language)
    if isinstance(mark, Unreadable):
        return mark
    values = tuple(match and _number(match, mark) for match in found)
    before = first[0][: first.start("digits")].lstrip("-−+ ") if first["before"] else ""
    after = first[0][first.start("digits") + len(first["digits"].rstrip()) :]
    return Amounts(values, before, after, mark)


def read_moments(cells: Sequence[str]) -> tuple[tuple[int, ...] | None, ...] | Unreadable:
    """Return the dates, months, years or times of day of cells, as numbers that compare.

    >>> read_moments(["3 May 2024", "2024-06-01"])
    ((2024, 5, 3), (2024, 6, 1))
    >>> read_moments(["03/04/2024"])
    Unreadable(cell='03/04/2024', why='can be read in two ways')
    """
    read = [_moments(cell.strip()[:MAX_CELL_CHARS]) for cell in cells]
    for cell, found in zip(cells, read, strict=True):
        if not found and not _NONE.fullmatch(cell.strip()):
            return Unreadable(cell, "is no date")
    if not any(read):
        return Unreadable("", "no cell is a date")
    sure = {way for cell in cells for way in _order_of(cell)}
    unsure = [c for c, f in zip(cells, read, strict=True) if len(f) > 1]
    if unsure and len(sure) != 1:
        return Unreadable(unsure[0], "can be read in two ways")
    way = next(iter(sure), 0)
    values = tuple(f[way if len(f) > 1 else 0] if f else None for f in read)
    widths = {len(value) for value in values if value}
    if len(widths) > 1:
        short = next(c for c, v in zip(cells, values, strict=True) if v and len(v) == min(widths))
        return Unreadable(short, "is not as exact as the other dates")
    return values


_YES = frozenset("yes y true x ✓ ✔ ☑ ✅ ja j oui si sim".split())
_NO = frozenset("no n false ✗ ✘ ☐ ❌ nein non nao nee".split())


def read_answers(cells: Sequence[str]) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the cells that say yes and those that say no, or nothing; None if one says more.

    What says that it is not known ("?", "n/a") is neither.

    >>> [sorted(one) for one in read_answers(["yes", "no", ""])]
    [['yes'], ['', 'no']]
    """
    said = {cell: fold(cell.strip()[:MAX_CELL_CHARS]).rstrip("\ufe0f.!") for cell in cells}
    yes = frozenset(cell for cell, word in said.items() if word in _YES)
    no = frozenset(cell for cell, word in said.items() if word in _NO)
    if not yes and not no:
        return None
    rest = said.keys() - yes - no
    if not all(_NONE.fullmatch(said[cell]) for cell in rest):
        return None
    return yes, no | {cell for cell in rest if not said[cell].strip("-–—. ")}


_IN_BRACKETS = re.compile(r"(?<=\S)\s*[(\[][^()\[\]]{1,12}[)\]]\s*$")


def without_unit(name: str) -> str:
    """Return a column's name without the unit in brackets at its end.

    >>> without_unit("Price (€)")
    'Price'
    """
    return _IN_BRACKETS.sub("", name)


def read_day(
    side: str, others: Sequence[str], moments: Sequence[tuple[int, ...]]
) -> tuple[int, ...] | Unreadable:
    """Return the day, month or year that a limit says of a column.

    Args:
        side: of the limit.
        others: the cells, and what else stands beside it.
        moments: what the cells say.
    """
    found = _moments(side)
    days = [one for one in find_exact(side) if one.kind == "day"]
    years = {moment[0] for moment in moments}
    if not found and len(days) == 1:
        if len(years) > 1:
            return Unreadable(side, "has no year, and the column has several")
        found = tuple(_moment(f"d{year}{form[1:]}") for year in years for form in days[0].forms)
    sure = {way for one in others for way in _order_of(one)}
    if not found or (len(found) > 1 and len(sure) != 1):
        return Unreadable(side, "can be read in two ways" if found else "is no date")
    day = found[next(iter(sure)) if len(found) > 1 else 0]
    if any(len(one) < len(day) and one == day[: len(one)] for one in moments):
        return Unreadable(side, "is more exact than the dates of the column")
    return day


def read_amount(side: str, cells: Sequence[str], language: str) -> Decimal | Unreadable:
    """Return the number that a limit says, as cells mark it where they can be read in one way."""
    marks = [mark for mark in ".," if _GROUPED[mark].fullmatch(side)]
    if len(marks) == 2 and re.search("[.,]", side):
        read = (_AMOUNT.fullmatch(cell.strip()[:MAX_CELL_CHARS]) for cell in cells)
        digits = [match["digits"].strip() for match in read if match]
        own = [mark for mark in marks if all(_GROUPED[mark].fullmatch(one) for one in digits)]
        usual = _find_mark([side], language)
        if len(own) != 1 and isinstance(usual, Unreadable):
            return usual
        marks = own if len(own) == 1 else [str(usual)]
    found = _AMOUNT.fullmatch(side)
    return _number(found, marks[0]) if found and marks else Unreadable(side, "is no number")


def row_of_total(table: Table) -> TableRow | None:
    """Return the last row that says what all others come to, if there is one."""
    totals = (row for row in reversed(table.rows) if row.is_total)
    return next(
        (row for row in totals if not any(map(AVERAGES.fullmatch, _heads(row.cells)))), None
    )


_ENDING = re.compile(r"(?<=\w{4})(?:e?(?:ne?)?[nmrs]?|[ao]s?|i)$")


@lru_cache(maxsize=65_536)
def cell_terms(cell: str, language: str = "en") -> frozenset[str]:
    """Return the terms of a cell, in another language than English without their endings.

    >>> cell_terms("offenen", "de") == cell_terms("offen", "de")
    True
    """
    found = terms(cell[:MAX_CELL_CHARS])
    return frozenset(found if language == "en" else (_ENDING.sub("", term) for term in found))


def _heads(cells: Sequence[str]) -> list[str]:
    """Return the first two cells of a row that have words, folded."""
    words = [cell for cell in cells if not cell[:1].isdigit()][:2]
    return [fold(word).strip() for word in words if 2 < len(word) < 60]


def _sums_up(cells: Sequence[str], rows: Sequence[TableRow]) -> bool:
    """Tell whether a row sums up those before it: it says so, or may, and is their sum."""
    heads = _heads(cells)
    if any(map(TOTALS.fullmatch, heads)):
        return True
    if not any(map(MAY_TOTAL.fullmatch, heads)):
        return False
    near = rows[-MAX_ADDED:]
    names = [one for row in near[-20:] if not row.is_total for one in _heads(row.cells)]
    if sum(MAY_TOTAL.fullmatch(name) is not None for name in names) > MAX_ALIKE:
        return False
    last = max((n for n, row in enumerate(near) if row.is_total), default=-1)
    return any(
        len(own) > 1 and sum(own[:-1]) == own[-1]
        for part in (near[last + 1 :], [row for row in near if not row.is_total])
        if len(part) > 1 or last >= 0
        for column, cell in enumerate(cells)
        if cell
        and isinstance(read := read_amounts([*(row.cells[column] for row in part), cell]), Amounts)
        for own in [[value for value in read.values if value is not None]]
    )


def _names(text: str) -> tuple[str, ...]:
    """Return the names of columns, with "" for a first one that may have none."""
    return ("", *(name.strip().rstrip(" :") for name in text.split(JOINT)))


def _part(starts: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the cells of a row; what has no column's name belongs to the cell before it.

    `starts` are how the cells of the columns begin: "Name:".
    """
    cells = [""] * len(starts)
    at = 0
    for piece in text.split(JOINT):
        column = at + 1
        while column < len(starts) and not piece.startswith(starts[column]):
            column += 1
        if column == len(starts):
            cells[at] += f"{JOINT if cells[at] else ''}{piece}"
        else:
            at = column
            cells[at] = piece[len(starts[at]) :].strip()
    return tuple(cells)


def _first_item(document: Document, number: int) -> int:
    units = document.units
    under, first = units[number].under, number
    while number > max(0, first - MAX_ROWS) and units[number].role is Role.ITEM:
        if units[number].under == under:
            first = number
        number -= 1
    return first


def _text(document: Document, number: int) -> str:
    unit = document.units[number]
    return document.text[unit.start : unit.end]


def _unit_of(match: re.Match[str]) -> str:
    return _unit(match["before"] or match["after"] or "")


@lru_cache(maxsize=4096)
def _unit(said: str) -> str:
    return unit_of(said.strip(" .")) or said


def _find_mark(digits: Sequence[str], language: str) -> str | Unreadable:
    """Return the decimal mark in which all numbers can be read, of two the one that says so."""
    marks = [mark for mark in ".," if all(_GROUPED[mark].fullmatch(one) for one in digits)]
    if not marks:
        bad = next((d for d in digits if not any(p.fullmatch(d) for p in _GROUPED.values())), None)
        return Unreadable(bad or digits[0], "is written unlike the other numbers")
    if len(marks) == 2:
        usual = ("." if language == "en" else ",", "," if language == "en" else ".")
        unsure = [one for one in digits if re.fullmatch(r"\d{1,3}[.,]\d{3}", one)]
        if bad := next((one for one in unsure if usual[1] not in one), None):
            return Unreadable(bad, "can be read in two ways")
        return usual[0]
    return marks[0]


def _number(match: re.Match[str], mark: str) -> Decimal:
    digits = re.sub(rf"[^\d{re.escape(mark)}]", "", match["digits"]).replace(mark, ".")
    is_negative = bool((match["sign"] + match["minus"]).strip("+"))
    return -Decimal(digits.strip(".")) if is_negative else Decimal(digits.strip("."))


def _moments(cell: str) -> tuple[tuple[int, ...], ...]:
    """Return what a cell may say of a time: a date, a month, a year or a time of day."""
    cell = re.sub(r"^(\d{4}-\d\d-\d\d)T[\d:.Z+-]*$", r"\1", cell)
    if time := _TIME.fullmatch(cell):
        return ((int(time[1]), int(time[2])),)
    found = [one for one in find_exact(cell) if one.kind in ("date", "month", "year")]
    if len(found) != 1 or re.search(r"[^\W\d_]", cell[: found[0].start]):
        return ()
    one = found[0]
    if re.search(r"\w", re.sub(r"^[ T]?\d{1,2}:\d{2}\S*", "", cell[one.end :])):
        return ()
    return tuple(_moment(form) for form in one.forms)


def _moment(form: str) -> tuple[int, ...]:
    digits = form.lstrip("dm")
    parts = (digits[:4], digits[4:6], digits[6:8])
    return tuple(int(part) for part in parts if part)


def _order_of(cell: str) -> Iterator[int]:
    """Yield which of two numbers of a date is the month, where only one can be."""
    if found := re.match(r"\s*(\d{1,2})[/-](\d{1,2})[/-]\d", cell):
        first, second = int(found[1]), int(found[2])
        if (first > 12) != (second > 12):
            yield 0 if first > 12 else 1


def shorten(text: str) -> str:
    """Return a cell as it stands in the words of a result."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_VALUE_CHARS else f"{line[: MAX_VALUE_CHARS - 1]}…"
