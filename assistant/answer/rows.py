"""Which rows and which column of a table a question means.

Every word of the question must be known: as the value of a cell, as a column's name, or from what
the table stands under. A value that stands in two columns, and a column that cannot be told from
another, are `Unreadable` with the reason: nothing is guessed. Pure.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.answer.table import (
    MAX_CELL_CHARS,
    N_TRIED,
    NUMBERED,
    Amounts,
    Table,
    TableRow,
    Unreadable,
    Value,
    are_within,
    measures_of,
    read_amounts,
    read_compared,
    read_moments,
    without_unit,
)
from assistant.text.cues import denies
from assistant.text.exact import DATES, date_forms, find_exact, find_months
from assistant.text.operations import LIGHT, MEASURING, TOTALS, Limit, Operation, Scale
from assistant.text.terms import fold, guess_language
from assistant.text.words import WORD

MAX_VALUE_CHARS = 60
"""Of a cell in the words of a result."""
UNCLEAR = "are columns of which none is named"
SHORT_CELL_WORDS = 6
"""A longer cell is prose: a word in it tells little of its row."""

N_COMPARED = 1_000
"""Rows whose cells are looked for in a sentence."""

_Cells = dict[int, dict[str, frozenset[str]]]
"""The cells that were found, by column, each with the terms of the question that it has."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose cell of a column has one of some values; the others, if it is denied.

    `n_near` counts rows whose cell says the same among other words; `said` is how the question
    says it, where that is shorter. Not `is_whole` are words among others of a cell. `compared` is
    the name of the column whose amounts or dates are compared with what is `said`.
    """

    column: int
    values: tuple[str, ...]
    terms: frozenset[str]
    is_denied: bool = False
    n_near: int = 0
    said: str = ""
    is_whole: bool = True
    compared: str = ""

    def holds(self, row: TableRow) -> bool:
        """Whether a row is one of them."""
        cell = row.cells[self.column]
        return bool(cell) and (cell in self.values) != self.is_denied

    def say(self) -> str:
        """Return what the rows say: "say “due” or “late”"."""
        if self.compared:
            return f"have “{shorten(self.compared)}” {self.said}"
        if self.said:
            return f"say “{shorten(self.said)}”"
        values = list(dict.fromkeys(shorten(value) for value in self.values))
        shown = " or ".join(f"“{value}”" for value in values[:3])
        more = f" or {len(values) - 3} other values" if len(values) > 3 else ""
        return f"do not say {shown}{more}" if self.is_denied else f"say {shown}{more}"


@dataclass(frozen=True)
class Selection:
    """The rows of a table that an operation is over.

    Attributes:
        asked: the terms of the question that tell something.
        things: those of them that name what is counted or compared.
        is_near: whether the table itself, not only its document, has what is asked for.
        unclear: a value that stands in two columns, if the question has one.
    """

    operation: Operation
    table: Table
    filters: tuple[Filter, ...]
    asked: frozenset[str]
    things: frozenset[str]
    is_near: bool = True
    unclear: Unreadable | None = None

    @cached_property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows that are meant, without those that sum up others."""
        kept = (row for row in self.table.rows if not row.is_total)
        return tuple(row for row in kept if all(f.holds(row) for f in self.filters))

    @cached_property
    def words_of_cells(self) -> frozenset[frozenset[str]]:
        """The terms of each cell that has words, of the first rows."""
        cells = {cell for row in self.table.rows[:N_COMPARED] for cell in row.cells}
        words = (cell for cell in cells if re.search(r"[^\W\d_]{3}", cell))
        return frozenset(found for cell in words if (found := self.table.terms(cell)))

    @property
    def is_limited(self) -> bool:
        """Whether the cells of a column are compared with a limit."""
        return any(one.compared for one in self.filters)

    @property
    def is_whole(self) -> bool:
        """Whether whole cells say what is asked for."""
        return bool(self.filters) and all(one.is_whole for one in self.filters)

    @property
    def language(self) -> str:
        """The language of its document."""
        return guess_language(self.table.document.text)

    @property
    def told(self) -> str:
        """What the rows say: "say “due”"; for one row "says “due”"."""
        told = " and ".join(one.say() for one in self.filters).replace(" and say ", " and ")
        if len(self.rows) == 1:
            told = re.sub(r"(^| and )(do not )?say ", _say_of_one, told)
            told = re.sub(r"(^| and )have ", r"\1has ", told)
        return told

    def say_rows(self) -> str:
        """Return "3 rows that say “due”"."""
        n, told = len(self.rows), self.told
        return f"{n:,} row{'s' * (n != 1)}" + (f" that {told}" if told else "")


def _say_of_one(match: re.Match[str]) -> str:
    return f"{match[1]}{'does not say' if match[2] else 'says'} "


def select_rows(
    question: str, operation: Operation, table: Table, limit: Limit | None = None
) -> Selection | None:
    """Return the rows of a table that a question means; None if it tells of something else.

    Args:
        question: what is asked, without the limit.
        operation: what it asks to be worked out.
        table: whose rows.
        limit: what cells of a column of it are compared with.
    """
    words = {m[0]: next(iter(table.terms(m[0])), "") for m in WORD.finditer(operation.rest)}
    asked = frozenset(term for word, term in words.items() if word not in LIGHT and term)
    things = table.terms(operation.things) & asked
    if limit:
        asked -= table.terms(" ".join(MEASURING)) if limit.names else frozenset()
    if table.is_list:
        is_of_list = (
            not limit and asked <= table.about and operation.kind == "count" and things & table.near
        )
        return Selection(operation, table, (), asked, things) if is_of_list else None
    named = frozenset(term for name in table.names for term in table.terms(name))
    said = frozenset(words.values())
    filters, unclear = _find_filters(question, operation, table, said, asked, named)
    known = table.about | named | {term for one in filters for term in one.terms}
    known |= table.terms(unclear.cell) if unclear else frozenset()
    if not asked <= known or not (asked or filters or limit):
        return None
    if denies(question):
        if len(filters) != 1:
            return None
        filters = [_deny(filters[0])]
    if operation.kind == "count" and things and not things & (table.about | named):
        return None
    within = _within(limit, table, asked) if limit else None
    if limit and within is None:
        return None
    filters += [within] if isinstance(within, Filter) else []
    unclear = unclear or (within if isinstance(within, Unreadable) else None)
    is_near = bool(things & (table.near | named)) or bool(filters)
    return Selection(operation, table, tuple(filters), asked, things, is_near, unclear)


def _within(limit: Limit, table: Table, asked: frozenset[str]) -> Filter | Unreadable | None:
    """Return the cells within a limit; None if no column can be compared with it."""
    rows = [row.cells for row in table.rows if not row.is_total]
    found: dict[int, Sequence[Value | None] | Unreadable] = {}
    for column, name in enumerate(table.names):
        cells = [cells[column] for cells in rows]
        values = read_compared(limit, name, cells, table)
        if values is not None:
            found[column] = values
    named = [
        column
        for column in found
        if table.terms(without_unit(table.names[column])) & (asked | limit.names)
    ]
    if any(limit.behind & table.terms(name) for name in table.names):
        named = [column for column in named if limit.behind & table.terms(table.names[column])]
        if not named:
            return None
    sound = [column for column in found if not isinstance(found[column], Unreadable)]
    of_unit = [c for c in sound if limit.unit in measures_of(table.names[c], table.column(c))]
    chosen = named or of_unit or ([] if limit.names else sound)
    if len(chosen) > 1:
        names = ", ".join(f"“{shorten(table.names[c])}”" for c in chosen[:6])
        return Unreadable(names, UNCLEAR)
    if not chosen:
        return None
    column = chosen[0]
    compared = found[column]
    if isinstance(compared, Unreadable):
        return compared
    is_kept = are_within(compared, limit, table.language)
    kept = [cells[column] for cells, is_it in zip(rows, is_kept, strict=True) if is_it]
    name = table.names[column]
    return Filter(column, tuple(dict.fromkeys(kept)), frozenset(), said=limit.text, compared=name)


def _deny(one: Filter) -> Filter:
    return Filter(one.column, one.values, one.terms, is_denied=True)


def _find_filters(
    question: str,
    operation: Operation,
    table: Table,
    said: frozenset[str],
    asked: frozenset[str],
    named: frozenset[str],
) -> tuple[list[Filter], Unreadable | None]:
    """Return which cells the question tells of, and one that two columns have."""
    whole, dated = _whole_cells(table, said, asked), _dated_cells(question, table)
    taken = frozenset(t for found in dated.values() for one in found.values() for t in one)
    whole = {c: {v: t for v, t in own.items() if not t <= taken} for c, own in whole.items()}
    known = {term for own in whole.values() for found in own.values() for term in found}
    left = asked - known - taken - named - table.about
    parts = _parts_of_cells(table, left) if whole or operation.kind != "find" else {}
    found: list[Filter] = []
    unclear: Unreadable | None = None
    for cells in (whole, dated, parts):
        chosen = _choose_columns(table, cells, said)
        if isinstance(chosen, Unreadable):
            unclear = unclear or chosen
            continue
        for column, values in chosen.items():
            near = _count_near(table, column, values) if cells is whole else 0
            told = frozenset(term for one in values.values() for term in one)
            said_so = _say_dates(question) if cells is dated else ""
            said_so = _say_words(question, table, left) if cells is parts else said_so
            found.append(
                Filter(
                    column,
                    tuple(values),
                    told,
                    n_near=near,
                    said=said_so,
                    is_whole=cells is not parts,
                )
            )
    return found, unclear


def _distinct(table: Table) -> Iterator[tuple[int, str]]:
    """Yield the different cells of each column that are short enough to be looked into."""
    rows = [row.cells for row in table.rows if not row.is_total]
    for column in range(len(table.names)):
        for cell in dict.fromkeys(cells[column] for cells in rows):
            if 0 < len(cell) <= MAX_CELL_CHARS:
                yield column, cell


def _whole_cells(table: Table, said: frozenset[str], asked: frozenset[str]) -> _Cells:
    """Return the cells all of whose words the question has; numbers only beside their column."""
    found: _Cells = {}
    starts = "|".join(sorted({re.escape(term[:4]) for term in asked})) or r"(?!)"
    pattern = re.compile(rf"\b(?:{starts})")
    for column, cell in _distinct(table):
        if not pattern.search(fold(cell)):
            continue
        own = table.terms(cell)
        if not own <= said or not own & asked:
            continue
        is_number = not re.search(r"[^\W\d_]", cell)
        if not is_number or table.terms(table.names[column]) & said:
            found.setdefault(column, {})[cell] = own
    return _longest(found)


def _longest(found: _Cells) -> _Cells:
    """Leave out cells that say less than others that were found: North beside North Bay."""
    every = {terms_of for own in found.values() for terms_of in own.values()}
    kept = {
        column: {v: t for v, t in own.items() if not any(t < other for other in every)}
        for column, own in found.items()
    }
    return {column: own for column, own in kept.items() if own}


def _dated_cells(question: str, table: Table) -> _Cells:
    """Return the cells that hold a date which the question names, or the month or year of it."""
    wanted = [one for one in find_exact(question) if one.kind in DATES]
    months = find_months(question)
    if not wanted and not months:
        return {}
    found: _Cells = {}
    for column in range(len(table.names)):
        cells = list(dict.fromkeys(table.column(column)))
        if sum(bool(date_forms(cell)) for cell in cells[:N_TRIED]) * 2 < len(cells[:N_TRIED]):
            continue
        dates = {cell: date_forms(cell) for cell in cells}
        own: dict[str, frozenset[str]] = {}
        for forms, text in [*((one.forms, one.text) for one in wanted), *months]:
            told = table.terms(text)
            for cell, known in dates.items():
                if not known.isdisjoint(forms):
                    own[cell] = own.get(cell, told) | told
        n_asked = len(wanted) + len(months)
        if own and n_asked == 1:
            found[column] = own
    return found


def _say_words(question: str, table: Table, left: frozenset[str]) -> str:
    words = (match[0] for match in WORD.finditer(question))
    return " ".join(word for word in words if table.terms(word) & left)


def _say_dates(question: str) -> str:
    dates = [one.text for one in find_exact(question) if one.kind in DATES]
    return " ".join((*dates, *(name.capitalize() for _, name in find_months(question))))


def _parts_of_cells(table: Table, left: frozenset[str]) -> _Cells:
    """Return short cells that have all words of the question which are nowhere else.

    None, if such cells are in more columns than one: a word among others tells little.
    """
    found: _Cells = {}
    if not left:
        return found
    starts = "|".join(sorted(re.escape(term[:4]) for term in left))
    pattern = re.compile(rf"\b(?:{starts})")
    for column, cell in _distinct(table):
        if not pattern.search(fold(cell)) or not table.terms(cell) >= left:
            continue
        if len(cell.split()) <= SHORT_CELL_WORDS and not denies(cell):
            found.setdefault(column, {})[cell] = left
    return found if len(found) == 1 else {}


def _choose_columns(table: Table, found: _Cells, said: frozenset[str]) -> _Cells | Unreadable:
    """Return the cells of one column for each thing: of several, the one that is named."""
    columns_of: dict[frozenset[str], list[int]] = {}
    for column, own in found.items():
        for told in set(own.values()):
            columns_of.setdefault(told, []).append(column)
    chosen: _Cells = {}
    for told, columns in columns_of.items():
        named = [c for c in columns if table.terms(table.names[c]) & (said - told)]
        if len(columns) > 1 and len(named) != 1:
            both = " and ".join(f"“{shorten(table.names[c])}”" for c in columns[:3])
            cell = next(cell for cell, t in found[columns[0]].items() if t == told)
            return Unreadable(cell, f"stands in the columns {both}, and none is named")
        column = (named or columns)[0]
        own = {cell: t for cell, t in found[column].items() if t == told}
        chosen.setdefault(column, {}).update(own)
    return chosen


def _count_near(table: Table, column: int, values: Mapping[str, frozenset[str]]) -> int:
    said = set(values.values())
    return sum(
        cell not in values and any(told < table.terms(cell) for told in said)
        for cell in table.column(column)
        if len(cell.split()) <= SHORT_CELL_WORDS
    )


def columns_named(chosen: Selection, by: Collection[str]) -> list[int]:
    """Return the columns whose names have some of the terms, those with most of them."""
    told = {term for one in chosen.filters for term in one.terms}
    shares = {
        column: len(own & (set(by) - told)) / len(own)
        for column, name in enumerate(chosen.table.names)
        if (own := chosen.table.terms(without_unit(name))) and own & (set(by) - told)
    }
    best = max(shares.values(), default=0.0)
    return [column for column, share in shares.items() if share == best]


def is_numeric(chosen: Selection, column: int) -> bool:
    """Tell whether all cells of the rows are numbers of one unit."""
    cells = [row.cells[column] for row in chosen.rows]
    is_read = isinstance(read_amounts(cells, chosen.language), Amounts)
    return is_read and not chosen.table.terms(chosen.table.names[column]) & NUMBERED


def looks_numbered(chosen: Selection, column: int) -> bool:
    """Tell whether a column holds numbers by which things are called: 1001, 1002, 1003."""
    cells = [cell for cell in chosen.table.column(column) if cell]
    is_like = len({len(cell) for cell in cells}) == 1 and len(cells[0]) > 2
    first = next(n for n in range(len(chosen.table.names)) if any(chosen.table.column(n)))
    is_plain = all(cell.isdigit() for cell in cells) and len(set(cells)) == len(cells)
    return is_plain and (is_like or column == first)


def column_to_add(chosen: Selection) -> int | Unreadable | None:
    """Return the column to add up: the one that is named, or the only one of numbers."""
    named = [c for c in columns_named(chosen, chosen.asked) if not _is_text(chosen, c)]
    totals = [c for c, name in enumerate(chosen.table.names) if TOTALS.fullmatch(fold(name))]
    if len(named) == 1 or len(totals) == 1:
        return (named if len(named) == 1 else totals)[0]
    numeric = [
        column
        for column in range(len(chosen.table.names))
        if not _is_text(chosen, column)
        and not looks_numbered(chosen, column)
        and not chosen.table.terms(chosen.table.names[column]) & NUMBERED
        and isinstance(read_moments([r.cells[column] for r in chosen.rows]), Unreadable)
    ]
    if len(numeric) == 1:
        return numeric[0]
    if not numeric:
        return None
    names = ", ".join(f"“{shorten(chosen.table.names[c])}”" for c in (named or numeric)[:6])
    return Unreadable(names, UNCLEAR)


def _is_text(chosen: Selection, column: int) -> bool:
    """Tell whether most cells of a column hold no number."""
    cells = [row.cells[column] for row in chosen.rows if row.cells[column]]
    n_numbers = sum(isinstance(read_amounts([cell]), Amounts) for cell in cells)
    return 2 * n_numbers <= len(cells)


def column_to_compare(chosen: Selection) -> tuple[int, Scale] | Unreadable | None:
    """Return the column that a superlative compares, and the end of it that is meant."""
    for scale in chosen.operation.scales:
        by = scale.names or chosen.things or chosen.asked
        named = [c for c in columns_named(chosen, by) if _is_measured(chosen, c, scale)]
        if len(named) == 1:
            return named[0], scale
        if len(named) > 1:
            names = ", ".join(f"“{shorten(chosen.table.names[c])}”" for c in named[:6])
            return Unreadable(names, UNCLEAR)
    dates = [s for s in chosen.operation.scales if s.measure == "date"]
    columns = (
        [c for c in range(len(chosen.table.names)) if _is_measured(chosen, c, dates[0])]
        if dates
        else []
    )
    return (columns[0], dates[0]) if len(columns) == 1 else None


def _is_measured(chosen: Selection, column: int, scale: Scale) -> bool:
    """Tell whether most cells of a column hold what the scale measures."""
    cells = [row.cells[column] for row in chosen.rows if row.cells[column]]
    n_dates = sum(not isinstance(read_moments([cell]), Unreadable) for cell in cells)
    if scale.measure == "date":
        return 2 * n_dates > len(cells)
    return not _is_text(chosen, column) or 2 * n_dates > len(cells)


def shorten(text: str) -> str:
    """Return a cell as it stands in the words of a result."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_VALUE_CHARS else f"{line[: MAX_VALUE_CHARS - 1]}…"
