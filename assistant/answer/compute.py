"""Works out over the rows of a table what a question asks for and no text states.

How many rows say something, the total or average of a column, which row has the most or least of
it, all rows that say something. Every word of the question must be known: as the value of a cell,
as a column's name, or from what the table stands under; else nothing is worked out. What could be,
but for a cell or an unclear column, is `Declined` with that reason. Pure, over stored documents.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assistant.answer.rows import (
    Selection,
    column_to_add,
    column_to_compare,
    columns_named,
    is_numeric,
    looks_numbered,
    select_rows,
    shorten,
)
from assistant.answer.table import (
    Amounts,
    Table,
    TableRow,
    Unreadable,
    read_amounts,
    read_moments,
    read_table,
    row_of_total,
)
from assistant.evidence.scorer import Judgement
from assistant.ingest.structure import above, find_unit
from assistant.text import english as en
from assistant.text.operations import (
    SAYS_TOTAL,
    Limit,
    Operation,
    find_limit,
    find_operation,
    find_scales,
)
from assistant.text.terms import fold, guess_language
from assistant.text.words import one_of
from assistant.values import ECHOES, Document, Role, Sentence

MAX_CITED = 500
"""Rows that one result rests on: each is cited."""
MAX_TABLES = 12
"""Tables that are looked into, those of the best passages first."""
MAX_FOUND = 5
"""Rows that say what is asked for, and are not counted."""
MAX_RESULTS = 3
"""Tables for each of which something is worked out."""
NOT_STATED = "No text states the {what}, and it was not worked out from the table: {why}."

_LIMITED = re.compile(
    r"\b(?:over|above|below|under|more than|less than|fewer than|at least|at most|up to|since|until"
    r"|till|before|after|between|from|exceed\w*|uber|unter|mehr als|weniger als|seit|vor|nach|plus"
    r" de|moins de|depuis|avant|apres|mas de|menos de|desde|antes|despues|piu di|meno di|dal|prima"
    rf"|dopo|mais de)\s+(?:[^\W\d]+\s+){{0,2}}[$€£]?(?:\d|{one_of((*en.ONES, *en.MONTHS))}\b)"
)
_WHAT = {
    "count": "number", "sum": "total", "mean": "average", "most": "highest", "least": "lowest",
    "all": "list", "find": "row",
}  # fmt: skip

Read = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Worked:
    """What was worked out over the rows of one table.

    Attributes:
        text: says it, and that it was worked out here; "" where a row of the table states it.
        operation: what was done.
        document: whose rows.
        shown: the units to quote, in reading order.
        used: the units of all rows that it rests on.
    """

    text: str
    operation: str
    document: Document
    shown: tuple[int, ...]
    used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Declined:
    """Why something that is asked for was not worked out."""

    reason: str


def work_out(question: str, judgement: Judgement, read: Read) -> tuple[Worked, ...] | Declined:
    """Return what a question asks to be worked out, for each table that has what it tells of.

    Nothing where a text states it, or no table has all that the question tells of.

    Args:
        question: what is searched for.
        judgement: the sentences that were found for it.
        read: returns a stored document by its id.
    """
    language = guess_language(question)
    tables = list(_tables(judgement.sentences, read, language))
    if limited := find_limit(question):
        rest, limit = limited
        worked = _work_out(rest, judgement, tables, limit)
        if worked or not limit.is_word:
            return worked
    return () if _LIMITED.search(fold(question)) else _work_out(question, judgement, tables)


def _work_out(
    question: str, judgement: Judgement, tables: Sequence[Table], limit: Limit | None = None
) -> tuple[Worked, ...] | Declined:
    operation = find_operation(question)
    if operation is None:
        return ()
    found = [one for table in tables if (one := select_rows(question, operation, table, limit))]
    found = [one for one in found if one.is_near] or found
    found = [one for one in found if one.is_whole] or found
    if not found or _is_stated(operation, found[0], judgement):
        return ()
    done = [_carry_out(one) for one in found]
    worked = [one for one in done if isinstance(one, Worked)]
    declined = [one for one in done if isinstance(one, Declined)]
    if worked and len(worked) <= MAX_RESULTS:
        return tuple(_tell_apart(worked))
    if len(worked) > MAX_RESULTS:
        return _decline(operation, f"{len(worked)} tables have such rows and none is named")
    is_asked = operation.kind != "all" or limit is not None
    return declined[0] if declined and is_asked else ()


# --- Whether a text states it


def _is_stated(operation: Operation, chosen: Selection, judgement: Judgement) -> bool:
    """Tell whether a sentence that was found says what is asked for."""
    asked, things, stem = chosen.asked, chosen.things, chosen.table.terms
    scales = {(scale.kind, scale.names) for scale in operation.scales}
    best = int(judgement.scores.argmax())
    for number, sentence in enumerate(judgement.sentences):
        if sentence.role in ECHOES or (sentence.role is Role.ROW and operation.kind != "count"):
            continue
        text = sentence.text
        around = (*sentence.passage.under, sentence.passage.document_id, text)
        if not asked <= {term for one in around for term in stem(one)} or _is_of_one(text, chosen):
            continue
        if operation.kind == "count" and _counts(text, things, chosen.table):
            return True
        if operation.kind in ("sum", "mean") and _sums(text):
            return True
        if scales and scales & {(scale.kind, scale.names) for scale in find_scales(text)}:
            return True
        is_prose = number == best and sentence.role is not Role.ROW
        if operation.kind in ("all", "find") and is_prose and not chosen.is_limited:
            return True
    return False


_COUNTED = re.compile(
    rf"(?:\b\d[\d.,]*|\b{one_of((*en.ONES, *en.TENS, 'dozen', 'no'))})"
    r"(?P<then>(?:[\s-]+[^\W\d_]+){1,4})"
)
_NUMBER_OF = re.compile(
    r"\b(?:number|count|total|anzahl|nombre|numero)\b(?P<then>[^\d.]{0,60})\d", re.IGNORECASE
)


def _is_of_one(text: str, chosen: Selection) -> bool:
    """Tell whether a text tells of one row of the table, by a cell that is not asked for."""
    said = chosen.table.terms(text) - chosen.asked
    return any(own <= said for own in chosen.words_of_cells)


def _counts(text: str, things: frozenset[str], table: Table) -> bool:
    """Tell whether a text says how many there are: "12 berths", "Number of berths: 12"."""
    folded = fold(text)
    return any(
        things & table.terms(match["then"])
        for pattern in (_COUNTED, _NUMBER_OF)
        for match in pattern.finditer(folded)
    )


def _sums(text: str) -> bool:
    return bool(SAYS_TOTAL.search(fold(text))) and any(map(str.isdigit, text))


# --- Carrying it out


def _carry_out(chosen: Selection) -> Worked | Declined | None:
    """Return the result, or the reason against it; None where it is nothing to be worked out."""
    operation, table = chosen.operation, chosen.table
    if operation.kind == "find" and chosen.is_limited:
        return _list(chosen)
    if operation.kind == "find" or (
        operation.kind == "all" and not chosen.rows and not chosen.is_limited
    ):
        return _find(chosen)
    if chosen.unclear:
        return _decline(operation, chosen.unclear)
    if table.is_cut:
        return _decline(operation, f"it has more than {len(table.rows):,} rows")
    if not chosen.rows:
        told = chosen.told.replace("say ", "says ", 1).replace("do not says", "does not say")
        told = re.sub(r"^have |(?<= and )have ", "has ", told)
        return Declined(f"No row of “{shorten(table.document.document_id)}” {told}.")
    if len(chosen.rows) > MAX_CITED:
        return _decline(operation, f"more than {MAX_CITED} rows are meant")
    match operation.kind:
        case "all":
            return _list(chosen)
        case "count":
            return _count(chosen)
        case "sum" | "mean":
            return _add(chosen, column_to_add(chosen))
        case _:
            return _compare(chosen)


def _find(chosen: Selection, column: int | None = None) -> Worked | Declined | None:
    """Return the rows that have what is asked for, which say it themselves.

    Args:
        chosen: the rows.
        column: that is asked for; by default the one that the question names.
    """
    is_known = any(one.is_whole for one in chosen.filters) and not chosen.unclear
    told = {term for one in chosen.filters for term in one.terms}
    asked = columns_named(chosen, chosen.asked - told) if column is None else [column]
    if not is_known or not asked or not 1 <= len(chosen.rows) <= MAX_FOUND:
        return None
    if not any(row.cells[asked[0]] for row in chosen.rows):
        name = shorten(chosen.table.names[asked[0]])
        return Declined(f"What {chosen.told} has no “{name}” in the table.")
    return _worked(chosen, "") if all(row.cells[asked[0]] for row in chosen.rows) else None


def _list(chosen: Selection) -> Worked | Declined | None:
    if (len(chosen.rows) == 1 and not chosen.is_limited) or not chosen.filters:
        return _find(chosen)
    n_all = sum(not row.is_total for row in chosen.table.rows)
    text = f"{len(chosen.rows):,} of {n_all:,} rows {chosen.told}{_near(chosen)}, counted here."
    return _worked(chosen, text)


def _count(chosen: Selection) -> Worked | Declined | None:
    table = chosen.table
    if table.is_list:
        level = min(table.document.units[row.unit].level for row in table.rows)
        top = tuple(row for row in table.rows if table.document.units[row.unit].level == level)
        if len(top) < 2:
            return None
        text = f"The list has {len(top):,} items, counted here."
        return _worked(chosen, text, rows=top)
    named = columns_named(chosen, chosen.things)
    if column := next((c for c in named if is_numeric(chosen, c)), None):
        if len(chosen.rows) == 1:
            return _find(chosen)
        if looks_numbered(chosen, column):
            return None  # what things are called by
        return _add(chosen, column)
    n_all = sum(not row.is_total for row in table.rows)
    if len(named) == 1 and table.terms(table.names[named[0]]) <= chosen.things:
        cells = [fold(row.cells[named[0]]) for row in chosen.rows if row.cells[named[0]]]
        n_kinds = len(set(cells))
        if n_kinds < len(cells):
            what = f"{n_kinds:,} different cells of “{shorten(table.names[named[0]])}”"
            return _worked(chosen, f"{what} in {chosen.say_rows()}{_near(chosen)}, counted here.")
    if not chosen.filters:
        return _worked(chosen, f"The table has {n_all:,} row{'s' * (n_all != 1)}, counted here.")
    text = f"{len(chosen.rows):,} of {n_all:,} rows {chosen.told}{_near(chosen)}, counted here."
    return _worked(chosen, text)


def _add(chosen: Selection, column: int | Unreadable | None) -> Worked | Declined | None:
    if isinstance(column, Unreadable):
        return _decline(chosen.operation, column)
    if column is None:
        return None
    table, is_mean = chosen.table, chosen.operation.kind == "mean"
    total = row_of_total(table)
    if not chosen.filters and not is_mean and total and total.cells[column]:
        return Worked("", "sum", table.document, (total.unit,), (total.unit,))
    if len(chosen.rows) == 1:
        return _find(chosen, column)
    amounts = read_amounts([row.cells[column] for row in chosen.rows], chosen.language)
    name = f"“{shorten(table.names[column])}”"
    if isinstance(amounts, Unreadable):
        return _decline(chosen.operation, amounts, name)
    values = [value for value in amounts.values if value is not None]
    if len(values) < 2 and not chosen.operation.is_total and not is_mean:
        return None
    if is_mean:
        value = (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.01"))
        done = f"{amounts.write(value)} on average, worked out here"
    else:
        done = f"{amounts.write(sum(values, Decimal(0)))} in total, added up here"
    rest = _without(len(chosen.rows) - len(values), name)
    return _worked(chosen, f"{name} of {chosen.say_rows()}{_near(chosen)}: {done}{rest}.")


def _compare(chosen: Selection) -> Worked | Declined | None:
    found = column_to_compare(chosen)
    if isinstance(found, Unreadable):
        return _decline(chosen.operation, found)
    if found is None:
        return None
    column, scale = found
    name = f"“{shorten(chosen.table.names[column])}”"
    cells = [row.cells[column] for row in chosen.rows]
    moments = read_moments(cells)
    amounts = read_amounts(cells, chosen.language)
    values: Sequence[tuple[int, ...] | Decimal | None]
    if not isinstance(moments, Unreadable):
        values, ends = moments, ("latest", "earliest")
    elif isinstance(amounts, Amounts):
        values, ends = amounts.values, ("highest", "lowest")
    else:
        wrong = moments if scale.measure == "date" else amounts
        return _decline(chosen.operation, wrong, name)
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    best = max(known) if scale.kind == "most" else min(known)
    rows = tuple(row for row, value in zip(chosen.rows, values, strict=True) if value == best)
    whose = [next((c for n, c in enumerate(row.cells) if c and n != column), "") for row in rows]
    said = " and ".join(shorten(one) for one in whose[:3] if one)
    also = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    end = ends[0] if scale.kind == "most" else ends[1]
    whom = f" ({said}{also})" if said else ""
    text = (
        f"The {end} {name} of {chosen.say_rows()}{_near(chosen)} is "
        f"{shorten(rows[0].cells[column])}{whom}, compared here"
        f"{_without(len(chosen.rows) - len(known), name)}."
    )
    return _worked(chosen, text, shown=rows)


# --- Words


def _near(chosen: Selection) -> str:
    """Say how many rows say the same among other words, and are left out."""
    n = sum(one.n_near for one in chosen.filters)
    return f" ({n:,} more {'says' if n == 1 else 'say'} it among other words)" if n else ""


def _without(n: int, name: str) -> str:
    return f"; {n:,} of them {'has' if n == 1 else 'have'} no {name}" if n else ""


def _decline(operation: Operation, why: str | Unreadable, column: str = "") -> Declined:
    """Say why something is not worked out, with the cell that stands against it."""
    if isinstance(why, Unreadable):
        cell = why.cell if why.cell.startswith("“") else f"“{shorten(why.cell)}”"
        place = f"in the column {column}, " if column else ""
        why = f"{place}{cell} {why.why}" if why.cell else f"{place}{why.why}"
    return Declined(NOT_STATED.format(what=_WHAT[operation.kind], why=why))


def _worked(
    chosen: Selection,
    text: str,
    *,
    rows: Sequence[TableRow] = (),
    shown: Sequence[TableRow] = (),
) -> Worked:
    used = tuple(row.unit for row in rows or chosen.rows)
    own = tuple(row.unit for row in shown) or used
    told = chosen.asked - {term for one in chosen.filters for term in one.terms}
    table, document = chosen.table, chosen.table.document
    heads = [n for n in table.over if document.units[n].role is not Role.NAMES]
    over = (n for n in heads if told & table.terms(_text(document, n)))
    return Worked(text, chosen.operation.kind, document, tuple(sorted({*over, *own})), used)


def _tell_apart(worked: Sequence[Worked]) -> Iterator[Worked]:
    """Yield the results, each with its document's name where there are several."""
    for one in worked:
        names = [one.document.document_id for one in worked]
        name = shorten(one.document.document_id)
        if names.count(one.document.document_id) > 1:
            heads = above(one.document.units, one.used[0])
            heads = [n for n in heads if one.document.units[n].role is not Role.NAMES]
            name += f", “{shorten(_text(one.document, heads[0]))}”" if heads else ""
        text = f"{name}: {one.text}" if one.text and len(worked) > 1 else one.text
        yield Worked(text, one.operation, one.document, one.shown, one.used)


def _text(document: Document, number: int) -> str:
    unit = document.units[number]
    return document.text[unit.start : unit.end]


def _tables(sentences: Sequence[Sentence], read: Read, language: str) -> Iterator[Table]:
    """Yield the tables and lists that sentences are in, those of the first passages first."""
    seen: set[tuple[str, int, Role]] = set()
    for sentence in sentences:
        if sentence.role not in (Role.ROW, Role.ITEM) or len(seen) == MAX_TABLES:
            continue
        document = read(sentence.passage.document_id)
        number = find_unit(document.units, sentence.start)
        unit = document.units[number]
        key = (document.document_id, unit.under, unit.role)
        if key not in seen:
            seen.add(key)
            if table := read_table(document, number, language):
                yield table
