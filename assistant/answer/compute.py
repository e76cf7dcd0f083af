"""Works out over the rows of a table what a question asks for and no text states.

How many rows say something, the total or average of a column, which row has the most or least of
it, all rows that say something. Every word of the question must be known: as the value of a cell,
as a column's name, or from what the table stands under; else nothing is worked out. What could be,
but for a cell or an unclear column, is `Declined` with that reason. Pure, over stored documents.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from assistant.answer.editions import find_older
from assistant.answer.filters import find_missing
from assistant.answer.rows import (
    Selection,
    column_of_stock,
    column_to_add,
    column_to_compare,
    columns_named,
    is_numeric,
    looks_numbered,
    select_rows,
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
    shorten,
    without_unit,
)
from assistant.evidence.scorer import Judgement
from assistant.ingest.formats.table import JOINT
from assistant.ingest.structure import above, find_unit
from assistant.text import english as en
from assistant.text.dates import find_when
from assistant.text.operations import (
    Limit,
    Operation,
    find_counted,
    find_limit,
    find_operation,
    find_scales,
    states_total,
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
"""Tables for each of which something is worked out, besides those of older editions."""
STANDS_OUT = 0.7
"""Log-odds of the best row above the middle one of the others: where a thing is asked for in other
words than its row's, 15 of 25 tables have such a row; where no row is meant, 1 of 23."""
NOT_STATED = "No text states the {what}, and it was not worked out from the table: {why}."

_LIMITED = re.compile(
    r"\b(?:over|above|below|under|more than|less than|fewer than|at least|at most|up to|since|until"
    r"|till|before|after|between|from|exceed\w*|uber|unter|mehr als|weniger als|seit|vor|nach|plus"
    r" de|moins de|depuis|avant|apres|mas de|menos de|desde|antes|despues|piu di|meno di|dal|prima"
    rf"|dopo|mais de)\s+(?:[^\W\d]+\s+){{0,2}}[$€£]?(?:\d|{one_of((*en.ONES, *en.MONTHS))}\b)"
)
_WHAT = {
    "count": "number", "sum": "total", "mean": "average", "most": "highest value",
    "least": "lowest value", "difference": "difference",
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
        older: the ids of older editions that give another result.
    """

    text: str
    operation: str
    document: Document
    shown: tuple[int, ...]
    used: tuple[int, ...]
    older: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The text, or those that are quoted in its place."""
        return self.text or "\n".join(_text(self.document, unit) for unit in self.shown)


@dataclass(frozen=True, slots=True)
class Declined:
    """Why something that is asked for was not worked out."""

    reason: str


def work_out(question: str, judgement: Judgement, read: Read) -> tuple[Worked, ...] | Declined:
    """Return what a question asks to be worked out, for each table that has what it tells of.

    Nothing where a text states it, or no table has all that the question tells of. Of editions of
    a document the newest is worked out, unless others are asked for.

    Args:
        question: what is searched for.
        judgement: the sentences that were found for it.
        read: returns a stored document by its id.
    """
    language = guess_language(question)
    tables = list(_tables(judgement.sentences, read, language))
    if limited := find_limit(question):
        worked = _work_out(question, judgement, tables, limited)
        if worked or not limited[1].word:
            return worked
    return () if _LIMITED.search(fold(question)) else _work_out(question, judgement, tables)


def _work_out(
    question: str,
    judgement: Judgement,
    tables: Sequence[Table],
    limited: tuple[str, Limit] | None = None,
) -> tuple[Worked, ...] | Declined:
    rest, limit = limited or (question, None)
    operation = find_operation(rest)
    if operation is None:
        return ()
    found = [one for table in tables if (one := select_rows(rest, operation, table, limit))]
    found = [one for one in found if one.is_near] or found
    found = [one for one in found if one.is_whole] or found
    if not found or _is_stated(operation, found[0], judgement):
        return ()
    done = [_carry_out(one) for one in found]
    worked = [one for one in done if isinstance(one, Worked)]
    declined = [one for one in done if isinstance(one, Declined)]
    older = find_older(question, [(one.document, one.said) for one in worked])
    newest = tuple(_tell_apart(worked, older))
    if len(newest) > MAX_RESULTS:
        return _decline(operation, f"{len(newest)} tables have such rows")
    if newest:
        return newest
    is_asked = operation.kind != "all" or limit is not None or any(one.is_listed for one in found)
    return declined[0] if declined and is_asked else ()


def leave_out(question: str, judgement: Judgement, read: Read) -> tuple[Judgement, str]:
    """Leave out the rows of tables that have none for what is asked; return that one has none.

    What is left answers as much less likely as its best sentence scores less.
    """
    places = [_table_of(sentence, read) for sentence in judgement.sentences]
    asked, is_of_time = fold(question), bool(find_when(question))
    looked = {at for at in places if at and (is_of_time or _first_name(at, read) in asked)}
    rows = [s for s, at in zip(judgement.sentences, places, strict=True) if at in looked]
    missing: dict[tuple[str, int] | None, str] = {}
    for table in _tables(rows, read, guess_language(question)):
        document = table.document
        place = document.document_id, document.units[table.rows[0].unit].under
        own = sorted(s for s, at in zip(judgement.scores, places, strict=True) if at == place)
        stands_out = len(own) > 1 and own[-1] - median(own[:-1]) > STANDS_OUT
        if said := find_missing(question, table, stands_out=stands_out):
            missing[place] = said
    if not missing:
        return judgement, ""
    lacks = [missing.get(place, "") for place in places]
    kept = [n for n, reason in enumerate(lacks) if not reason]
    scores, best = judgement.scores[kept], int(judgement.scores.argmax())
    less = judgement.scores[best] - scores.max() if kept else float("inf")
    log_odds = None if judgement.log_odds is None or not kept else judgement.log_odds - less
    sentences = tuple(judgement.sentences[n] for n in kept)
    evidence = replace(judgement.evidence, is_named=judgement.evidence.is_named and not less)
    left = replace(
        judgement, sentences=sentences, scores=scores, log_odds=log_odds, evidence=evidence
    )
    return left, lacks[best]


def _table_of(sentence: Sentence, read: Read) -> tuple[str, int] | None:
    """Return the document of a row, and the number of the unit that its table stands under."""
    if sentence.role is not Role.ROW:
        return None
    document = read(sentence.passage.document_id)
    return document.document_id, document.units[find_unit(document.units, sentence.start)].under


def _first_name(place: tuple[str, int], read: Read) -> str:
    """Return the name of a table's first column, folded."""
    names = _text(read(place[0]), place[1]) if place[1] >= 0 else ""
    return fold(without_unit(names.partition(JOINT)[0].strip().rstrip(" :")))


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
        if operation.kind in ("sum", "mean") and states_total(text):
            return True
        if scales and scales & {(scale.kind, scale.names) for scale in find_scales(text)}:
            return True
        is_prose = number == best and sentence.role is not Role.ROW
        if operation.kind in ("all", "find", "difference") and is_prose and not chosen.is_limited:
            return True
    return False


def _is_of_one(text: str, chosen: Selection) -> bool:
    """Tell whether a text tells of one row of the table, by a cell that is not asked for."""
    said = chosen.table.terms(text) - chosen.asked
    return any(own <= said for own in chosen.words_of_cells)


def _counts(text: str, things: frozenset[str], table: Table) -> bool:
    """Tell whether a text says how many there are: "12 berths", "Number of berths: 12"."""
    return any(things & table.terms(then) for then in find_counted(text))


# --- Carrying it out


def _carry_out(chosen: Selection) -> Worked | Declined | None:
    """Return the result, or the reason against it; None where it is nothing to be worked out."""
    operation, table = chosen.operation, chosen.table
    is_found = operation.kind == "find" or (operation.kind == "all" and not chosen.rows)
    if is_found and not chosen.is_listed:
        return _find(chosen)
    if chosen.unclear:
        return _decline(operation, chosen.unclear)
    if table.is_cut:
        return _decline(operation, f"it has more than {len(table.rows):,} rows")
    if not chosen.rows:
        return Declined(chosen.say_none())
    if len(chosen.rows) > MAX_CITED:
        return _decline(operation, f"more than {MAX_CITED} rows are meant")
    match operation.kind:
        case "all" | "find":
            return _list(chosen)
        case "difference":
            return _subtract(chosen)
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
    is_known = any(one.kind != "part" for one in chosen.filters) and not chosen.unclear
    told = {term for one in chosen.filters for term in one.terms}
    asked = columns_named(chosen, chosen.asked - told) if column is None else [column]
    if not is_known or not asked or not 1 <= len(chosen.rows) <= MAX_FOUND:
        return None
    if not any(row.cells[asked[0]] for row in chosen.rows):
        name = shorten(chosen.table.names[asked[0]])
        rows = re.sub(r"^[\d,]+ ", "The ", chosen.say_rows())
        return Declined(f"{rows} {'has' if len(chosen.rows) == 1 else 'have'} no “{name}”.")
    return _worked(chosen, "") if all(row.cells[asked[0]] for row in chosen.rows) else None


def _list(chosen: Selection) -> Worked | Declined | None:
    is_one = len(chosen.rows) == 1 and not chosen.is_listed
    if not chosen.filters or (is_one and not any(one.n_near for one in chosen.filters)):
        return _find(chosen)
    return _worked(chosen, _say_counted(chosen))


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
    if (column := column_of_stock(chosen)) is not None:
        return _add(chosen, column)
    kept = {one.column for one in chosen.filters}
    is_kind = len(named) == 1 and named[0] not in kept
    if is_kind and table.terms(table.names[named[0]]) <= chosen.things:
        cells = [fold(row.cells[named[0]]) for row in chosen.rows if row.cells[named[0]]]
        n_kinds = len(set(cells))
        if n_kinds < len(cells):
            values = "1 value" if n_kinds == 1 else f"{n_kinds:,} different values"
            what = f"“{shorten(table.names[named[0]])}” has {values} in {chosen.say_rows()}"
            return _worked(chosen, f"{what}{chosen.say_near()}, counted here.")
    if not chosen.filters:
        return _worked(chosen, f"The table has {chosen.say_rows()}, counted here.")
    return _worked(chosen, _say_counted(chosen))


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
    return _worked(chosen, f"{name} of {chosen.say_rows()}{chosen.say_near()}: {done}{rest}.")


def _subtract(chosen: Selection) -> Worked | None:
    """Return how much two cells differ: two rows' in one column, or two columns' in one row."""
    names, rows = chosen.table.names, chosen.rows
    left = chosen.asked - {term for one in chosen.filters for term in one.terms}
    columns = columns_named(chosen, left)
    if len(rows) == 2 and len(columns) == 1:
        cells, name = [row.cells[columns[0]] for row in rows], names[columns[0]]
    elif len(rows) == 1 and len(columns) == 2:
        cells = [rows[0].cells[column] for column in columns]
        name = next((c for n, c in enumerate(rows[0].cells) if c and n not in columns), "")
    else:
        return None
    amounts = read_amounts(cells, chosen.language)
    if isinstance(amounts, Unreadable) or None in amounts.values:
        return None
    low, high = sorted(zip(amounts.values, cells, strict=True), key=lambda pair: pair[0] or 0)
    apart = amounts.write((high[0] or Decimal(0)) - (low[0] or Decimal(0)))
    told = f"{shorten(high[1])} and {shorten(low[1])}"
    return _worked(
        chosen, f"The difference in “{shorten(name)}” is {apart}, between {told}, worked out here."
    )


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
        f"The {end} {name} of {chosen.say_rows()}{chosen.say_near()} is "
        f"{shorten(rows[0].cells[column])}{whom}, compared here"
        f"{_without(len(chosen.rows) - len(known), name)}."
    )
    return _worked(chosen, text, shown=rows)


# --- Words


def _say_counted(chosen: Selection) -> str:
    return f"{chosen.say_counted()}{chosen.say_near()}, counted here."


def _without(n: int, name: str) -> str:
    return f"; {n:,} of them {'has' if n == 1 else 'have'} no {name}" if n else ""


def _decline(operation: Operation, why: str | Unreadable, column: str = "") -> Declined:
    """Say why something is not worked out, with the cell that stands against it."""
    if isinstance(why, Unreadable):
        cell = why.cell if why.cell.startswith("“") else f"“{shorten(why.cell)}”"
        place = f"in the column {column}, " if column else ""
        why = f"{place}{cell} {why.why}" if why.cell else f"{place}{why.why}"
    if operation.kind in _WHAT:
        return Declined(NOT_STATED.format(what=_WHAT[operation.kind], why=why))
    return Declined(f"No text says which these are, and the table was not searched: {why}.")


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


def _tell_apart(worked: Sequence[Worked], older: Mapping[str, bool]) -> Iterator[Worked]:
    """Yield the results of no older edition, each with its document's name if it is not alone."""
    names = [one.document.document_id for one in worked]
    otherwise = tuple(sorted(name for name, differs in older.items() if differs))
    for one in worked:
        if one.document.document_id in older:
            continue
        name = shorten(one.document.document_id)
        if names.count(one.document.document_id) > 1:
            heads = above(one.document.units, one.used[0])
            heads = [n for n in heads if one.document.units[n].role is not Role.NAMES]
            name += f", “{shorten(_text(one.document, heads[0]))}”" if heads else ""
        text = f"{name}: {one.text}" if one.text and len(worked) > 1 else one.text
        yield replace(one, text=text, older=otherwise)


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
            table = read_table(document, number, language)
            if table and table.rows:
                yield table
