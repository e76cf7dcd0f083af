"""Which rows and which column of a table a question means.

Every word of the question must be known: as the value of a cell, as a column's name, or from what
the table stands under. A value that stands in two columns, and a column that cannot be told from
another, are `Unreadable` with the reason: nothing is guessed. Pure.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.answer.filters import Filter, find_answers, find_filters, find_on_duty
from assistant.answer.table import (
    MAX_CELL_CHARS,
    N_TRIED,
    NUMBERED,
    Amounts,
    Table,
    TableRow,
    Unreadable,
    Value,
    cell_terms,
    read_amount,
    read_amounts,
    read_day,
    read_moments,
    row_of_total,
    shorten,
    without_unit,
)
from assistant.cite import DraftStatement
from assistant.text.cues import MAX_TOLD_CHARS, find_answering, find_denial
from assistant.text.operations import (
    COSTS,
    LIGHT,
    MAY_TOTAL,
    MEASURING,
    TOTALS,
    Limit,
    Operation,
    Scale,
    find_state,
)
from assistant.text.terms import UNIT_TERMS, fold, guess_language, is_unit, query_terms, terms
from assistant.text.words import WORD
from assistant.values import Cell, Role

N_COMPARED = 1_000
"""Rows whose cells are looked for in a sentence."""
MAX_ANSWERING = 2
"""Cells of a row that are emphasised: where more may answer, none is."""
FIRST_YEAR = 1000
"""What is less is an hour of the day."""
_ASKED_COLUMN = re.compile(
    r"\b(?:which|what|whose|welche\w?|quel(?:le)?s?|qué|cuál(?:es)?|qual[ei]?|quais|welke?)\s+(\w+)",
    re.IGNORECASE,
)


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
        return any(one.kind == "limit" for one in self.filters)

    @property
    def is_listed(self) -> bool:
        """Whether rows are told apart by what a column says of each of them."""
        return any(one.kind in ("limit", "answer") for one in self.filters)

    @property
    def is_whole(self) -> bool:
        """Whether whole cells say what is asked for."""
        return bool(self.filters) and all(one.kind != "part" for one in self.filters)

    @property
    def language(self) -> str:
        """The language of its document."""
        return guess_language(self.table.document.text)

    def say_counted(self) -> str:
        """Return "2 of 6 rows say “due”, and their “Amount” is over 100 euros"."""
        n, n_all = len(self.rows), sum(not row.is_total for row in self.table.rows)
        says, cells = _join(one.say(n) for one in self.filters), self._measured
        rows = f"{n:,} of {n_all:,} row{'s' * (n_all != 1)}"
        if not says:
            return f"In {rows} {cells}"
        if not cells:
            return f"{rows} {says}"
        is_told = any(one.word for one in self.filters)
        whose = ":" if is_told else f", and {'its' if n == 1 else 'their'}"
        return f"{rows} {says}{whose} {cells}"

    def say_none(self) -> str:
        """Return that there is no such row: "No row of “stock.csv” says “due”."."""
        says, cells = _join(one.say(1) for one in self.filters), self._measured
        name = f"“{shorten(self.table.document.document_id)}”"
        if not says:
            return f"{cells[:1].upper()}{cells[1:]} in no row of {name}."
        is_told = not cells or any(one.word for one in self.filters)
        return f"No row of {name} {says}" + ("." if is_told else f" while its {cells}.")

    def say_rows(self) -> str:
        """Return "3 rows that say “due” and whose “Amount” is over 100 euros"."""
        n = len(self.rows)
        says = _join(one.say(n) for one in self.filters)
        told = [f"that {says}"] if says else []
        told += [f"whose {one.measured}" for one in self.filters if one.measured and not one.word]
        return " ".join((f"{n:,} row{'s' * (n != 1)}", " and ".join(told))).rstrip()

    def say_near(self) -> str:
        """Return how many rows say the same among other words, and are left out."""
        n = sum(one.n_near for one in self.filters)
        return f" ({n:,} more {'says' if n == 1 else 'say'} it among other words)" if n else ""

    @property
    def _measured(self) -> str:
        return " and ".join(one.measured for one in self.filters if one.measured)


def _join(told: Iterable[str]) -> str:
    """Join what rows say; what one verb says of two things has it once."""
    joined = " and ".join(filter(None, told))
    verb = re.match(r"(?:do not |does not )?says? ", joined)
    return joined.replace(f" and {verb[0]}", " and ") if verb else joined


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
    light = LIGHT | (MEASURING if limit and limit.names else frozenset())
    telling = (word for word in words if word not in light and not find_denial(word))
    asked = frozenset(words[word] for word in telling if words[word])
    things = table.terms(operation.things) & asked
    if table.is_list:
        is_of_list = (
            not limit and asked <= table.about and operation.kind == "count" and things & table.near
        )
        return Selection(operation, table, (), asked, things) if is_of_list else None
    named = frozenset(term for name in table.names for term in table.terms(name))
    said = frozenset(words.values())
    duty = find_on_duty(question, operation, table)
    told = duty.terms if duty else frozenset()
    filters, unclear = find_filters(question, operation, table, said, asked - told, named)
    known = table.about | named | told | {term for one in filters for term in one.terms}
    known |= table.terms(unclear.cell) if unclear else frozenset()
    if not asked <= known or not (asked or filters or limit):
        return None
    answers = [duty] if duty else list(find_answers(question, operation, table, asked, filters))
    denied = None if duty else find_denial(question)
    if denied and not any(table.terms(denied[0]) & one.terms for one in filters):
        behind = question[denied.end() :]
        if len(answers or filters) != 1 or not (answers or filters[0].terms & table.terms(behind)):
            return None
        if answers and filters and not _is_next(behind, answers[0]):
            return None
        filters = filters if answers else [replace(filters[0], is_denied=True)]
    filters += answers
    counted = table.about | named if duty is None else known
    if operation.kind == "count" and things and not things & counted:
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
        cells = [row[column] for row in rows]
        values = _read_compared(limit, name, cells, table)
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
    of_unit = [c for c in sound if limit.unit in _measures_of(table.names[c], table.column(c))]
    chosen = named or of_unit or ([] if limit.names else sound)
    if len(chosen) > 1:
        return _unclear(table, chosen)
    if not chosen:
        return None
    column = chosen[0]
    compared = found[column]
    if isinstance(compared, Unreadable):
        return compared
    cells = [row[column] for row in rows]
    bounds = _read_bounds(limit, cells, compared, table.language)
    if isinstance(bounds, Unreadable):
        return bounds
    low, high = bounds
    kept = [
        cell
        for cell, value in zip(cells, compared, strict=True)
        if value is not None and _is_within(value, low, high, limit.is_open)
    ]
    name = table.names[column]
    own = tuple(dict.fromkeys(kept))
    return Filter(column, own, frozenset(), "limit", name, said=limit.text, word=limit.word)


def _is_next(text: str, one: Filter) -> bool:
    """Tell whether the next word that tells something is of a filter's column."""
    words = (m[0] for m in WORD.finditer(fold(text)))
    first = next((word for word in words if word not in LIGHT), "")
    return bool(cell_terms(first) & cell_terms(one.name))


def _read_compared(
    limit: Limit, name: str, cells: list[str], table: Table
) -> list[Value | None] | Unreadable | None:
    """Return the amounts or dates of a column; None if it has others, or none at all."""
    moments = read_moments(cells)
    if limit.is_date:
        if not isinstance(moments, Unreadable):
            is_of_day = any(moment and moment[0] < FIRST_YEAR for moment in moments)
            return None if is_of_day else list(moments)
        n_dates = sum(not isinstance(read_moments([c]), Unreadable) for c in cells[:N_TRIED])
        return moments if 2 * n_dates > len(cells[:N_TRIED]) else None
    amounts = read_amounts(cells, guess_language(table.document.text))
    if isinstance(amounts, Unreadable):
        n_read = sum(isinstance(read_amounts([c]), Amounts) for c in cells[:N_TRIED])
        return amounts if 2 * n_read > len(cells[:N_TRIED]) else None
    if not isinstance(moments, Unreadable) or table.terms(name) & NUMBERED:
        return None
    units = _measures_of(name, cells[:N_TRIED])
    return list(amounts.values) if not limit.unit or not units or limit.unit in units else None


def _measures_of(name: str, cells: Sequence[str]) -> frozenset[str]:
    """Return the units that a column's name and its first cell name."""
    first = next((cell for cell in cells if any(map(str.isdigit, cell))), "")
    inside = name[len(without_unit(name)) :].strip(" ()[]")
    said = f"{first[:MAX_CELL_CHARS]} 1 {inside}"
    return frozenset(terms(said)) & UNIT_TERMS


def _read_bounds(
    limit: Limit, cells: Sequence[str], values: Sequence[Value | None], language: str
) -> tuple[Value | None, Value | None] | Unreadable:
    """Return the two sides of a limit, None for none, read as the cells of its column are.

    A day without a year is of the only year that the column has.
    """
    sides = [side for side in (limit.low, limit.high) if side]
    read: list[Value] = []
    for side in sides:
        moments = [one for one in values if isinstance(one, tuple)]
        found = (
            read_day(side, [*cells, *sides], moments)
            if limit.is_date
            else read_amount(side, cells, language)
        )
        if isinstance(found, Unreadable):
            return found
        read.append(found)
    return (read[0] if limit.low else None, read[-1] if limit.high else None)


def _is_within(value: Value, low: Value | None, high: Value | None, is_open: bool) -> bool:
    """Tell whether a value lies in an interval; of a date as much as the limit tells counts."""
    for bound, sign in ((low, 1), (high, -1)):
        if bound is None:
            continue
        own = (
            value[: len(bound)] if isinstance(value, tuple) and isinstance(bound, tuple) else value
        )
        order = (own > bound) - (own < bound)  # type: ignore[operator]
        if order * sign < 0 or (is_open and order == 0):
            return False
    return True


def _unclear(table: Table, columns: Sequence[int]) -> Unreadable:
    """Say which columns may be meant: "“Price” or “Weight” may be meant"."""
    *names, last = (f"“{shorten(table.names[column])}”" for column in columns[:6])
    return Unreadable(" or ".join(filter(None, (", ".join(names), last))), "may be meant")


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


def column_of_stock(chosen: Selection) -> int | None:
    """Return the column that says how many of each row are what a question says beside the things.

    "How many bikes are in stock" means "In stock": whole numbers, no years, and not told of by now.
    """
    table, told = chosen.table, {term for one in chosen.filters for term in one.terms}
    states = {n: table.terms(find_state(without_unit(name))) for n, name in enumerate(table.names)}
    kept = {one.column for one in chosen.filters}
    named = [n for n, own in states.items() if own and own <= chosen.asked - told and n not in kept]
    if len(named) != 1 or looks_numbered(chosen, named[0]):
        return None
    cells = [row.cells[named[0]] for row in chosen.rows]
    amounts = read_amounts(cells, chosen.language)
    if isinstance(amounts, Unreadable) or not isinstance(read_moments(cells), Unreadable):
        return None
    is_whole = all(value == int(value) >= 0 for value in amounts.values if value is not None)
    return named[0] if is_whole and not is_unit(amounts.before or amounts.after) else None


def column_to_add(chosen: Selection) -> int | Unreadable | None:
    """Return the column to add up: the one that is named, or the only one of numbers."""
    named = [c for c in columns_named(chosen, chosen.asked) if not _is_text(chosen, c)]
    names = [fold(name) for name in chosen.table.names]
    totals = [c for c, n in enumerate(names) if TOTALS.fullmatch(n) or MAY_TOTAL.fullmatch(n)]
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
    stated = row_of_total(chosen.table)
    summed = [c for c in named or numeric if stated and stated.cells[c]]
    if len(numeric) == 1 or len(summed) == 1:
        return (summed if len(summed) == 1 else numeric)[0]
    if not numeric:
        return None
    return _unclear(chosen.table, named or numeric)


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
        if len(named) > 1 and scale.names >= COSTS:
            dear = [c for c in named if not COSTS & chosen.table.terms(chosen.table.names[c])]
            named = dear or named
        if len(named) == 1:
            return named[0], scale
        if len(named) > 1:
            return _unclear(chosen.table, named)
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


# --- The cells that answer


def emphasise(question: str, statements: Sequence[DraftStatement]) -> tuple[DraftStatement, ...]:
    """Leave out words that answer in items and rows which say less of what was asked than others.

    Of several items of which none says any of it, none is known to answer.
    """
    asked = set(query_terms(question))
    listed = [n for n, one in enumerate(statements) if one.shape.role in (Role.ITEM, Role.ROW)]
    told = {n: asked & set(terms(statements[n].text)) for n in listed}
    emphasised = [n for n in listed if statements[n].shape.answering]
    if len(emphasised) < 2:
        return tuple(statements)
    kept = {
        n
        for n in emphasised
        if not any(told[n] < other for other in told.values())
        and (told[n] or statements[n].shape.role is Role.ROW)
    }
    return tuple(
        replace(one, shape=one.shape._replace(answering=()))
        if n in emphasised and n not in kept
        else one
        for n, one in enumerate(statements)
    )


def find_answering_cells(question: str, cells: Sequence[Cell]) -> tuple[tuple[int, int], ...]:
    """Return the spans of the cells that answer, in the text of their row.

    Those in a column whose whole name the question has, the one behind "which" alone if it is one
    of them; else, of two cells, the one beside a cell that says only what was asked; else what
    `find_answering` finds in a single one. Never a cell that says only what was asked.
    """
    if sum(len(cell.text) for cell in cells) > MAX_TOLD_CHARS:
        return ()
    asked = set(query_terms(question))
    told = {cell: set(query_terms(cell.text)) for cell in cells if cell.text}
    new = [cell for cell, found in told.items() if not found <= asked]
    columns = {cell: set(query_terms(without_unit(cell.name))) for cell in new if cell.name}
    named = [cell for cell, column in columns.items() if column and column <= asked]
    behind = _ASKED_COLUMN.search(question)
    if behind and (first := set(terms(behind[1]))):
        named = [cell for cell in named if first <= columns[cell]] or named
    if not named and len(told) == 2 and len(new) == 1:
        named = new
    spans = [(cell.start, cell.start + len(cell.text)) for cell in named]
    if not named:
        within = [(cell, find_answering(question, cell.text)) for cell in new]
        found = [(cell, own) for cell, own in within if own]
        spans = [(cell.start + a, cell.start + b) for cell, own in found[:1] for a, b in own]
        spans = spans if len(found) == 1 else []
    return tuple(sorted(spans)) if len(spans) <= MAX_ANSWERING else ()
