"""Which cells of a table a question names: whole ones, dates, words, limits, yes and no.

A value that stands in two columns, and a column that cannot be told from another, are `Unreadable`
with the reason: nothing is guessed. Pure.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answer.table import (
    MAX_CELL_CHARS,
    N_TRIED,
    Table,
    TableRow,
    Unreadable,
    read_answers,
    shorten,
    without_unit,
)
from assistant.text import english as en
from assistant.text.cues import denies, find_denial
from assistant.text.dates import When, find_duty, find_when, read_duty, read_when
from assistant.text.exact import DATES, date_forms, find_exact, find_months
from assistant.text.numbered import find_beside, find_unheld
from assistant.text.operations import ASKS_WHO, LIGHT, LISTING, Operation, find_scales
from assistant.text.terms import fold, say_in
from assistant.text.words import WORD

SHORT_CELL_WORDS = 6
"""A longer cell is prose: a word in it tells little of its row."""
MAX_HELD = 400
"""Different cells of a column that are compared with a day, month or thing that is asked for."""
_LISTED = re.compile(r"\s*[,;\n]\s+")
"""What stands between the things that a cell lists."""
_Cells = dict[int, dict[str, frozenset[str]]]
"""The cells that were found, by column, each with the terms of the question that it has."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows whose cell of a column has one of some values; the others, if it is denied.

    Attributes:
        kind: what the values are: cells as they stand, words among others of a cell, dates, what
            lies within a limit, or a yes or no to what the column's name says.
        name: of the column.
        n_near: how many rows' cells say the same among other words.
        said: how the question says it, where that is shorter; of a limit, what it says of a cell.
        word: that says so of a row: "out of stock".
    """

    column: int
    values: tuple[str, ...]
    terms: frozenset[str]
    kind: Literal["cell", "part", "date", "limit", "answer"] = "cell"
    name: str = ""
    is_denied: bool = False
    n_near: int = 0
    said: str = ""
    word: str = ""

    def holds(self, row: TableRow) -> bool:
        """Whether a row is one of them."""
        cell = row.cells[self.column]
        return bool(cell) and cell not in self.values if self.is_denied else cell in self.values

    def say(self, n: int) -> str:
        """Return what n rows say: "say “due” or “late”"; "" if one of their cells is told of."""
        if self.word:
            return f"{'is' if n == 1 else 'are'} {self.word}"
        if self.measured:
            return ""
        values = list(dict.fromkeys(shorten(value) for value in self.values if value))
        shown = [f"“{value}”" for value in values[:3]]
        shown += [f"{len(values) - 3} other values"] if len(values) > 3 else []
        shown += ["nothing"] if "" in self.values else []
        told = f"“{shorten(self.said)}”" if self.said else " or ".join(shown)
        verb = "says" if n == 1 else "say"
        if self.is_denied:
            verb = "does not say" if n == 1 else "do not say"
        return f"{verb} {told}" + (f" under “{self.name}”" if self.kind == "answer" else "")

    @property
    def measured(self) -> str:
        """What a cell of each of the rows is: "“Amount” is over 100 euros"; "" if they say it."""
        if self.kind not in ("date", "limit") or not self.name:
            return ""
        return f"“{shorten(self.name)}” is {'not ' if self.is_denied else ''}{self.said}"


def find_filters(
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
    kinds: tuple[tuple[Literal["cell", "date", "part"], _Cells], ...]
    kinds = (("cell", whole), ("date", dated), ("part", parts))
    for kind, cells in kinds:
        chosen = _choose_columns(table, cells, said)
        if isinstance(chosen, Unreadable):
            unclear = unclear or chosen
            continue
        for column, values in chosen.items():
            told = frozenset(term for one in values.values() for term in one)
            one = Filter(column, tuple(values), told, kind, table.names[column])
            if kind == "cell":
                one = replace(one, n_near=_count_near(table, column, values))
            else:
                text = _say_dates(question) if kind == "date" else _say_words(question, table, left)
                one = replace(one, said=text)
            found.append(one)
    return found, unclear


def _distinct(table: Table) -> Iterator[tuple[int, str]]:
    """Yield the different cells of each column that are short enough to be looked into."""
    rows = [row.cells for row in table.rows if not row.is_total]
    for column in range(len(table.names)):
        for cell in dict.fromkeys(cells[column] for cells in rows):
            if 0 < len(cell) <= MAX_CELL_CHARS:
                yield column, cell


def _whole_cells(table: Table, said: frozenset[str], asked: frozenset[str]) -> _Cells:
    """Return the cells all of whose words the question has; numbers only beside their column.

    Of a cell that lists several things, one of them is enough: "English, German".
    """
    found: _Cells = {}
    starts = "|".join(sorted({re.escape(term[:4]) for term in asked})) or r"(?!)"
    pattern = re.compile(rf"\b(?:{starts})")
    for column, cell in _distinct(table):
        if not pattern.search(fold(cell)):
            continue
        is_number = not re.search(r"[^\W\d_]", cell)
        if is_number and not table.terms(table.names[column]) & said:
            continue
        things = [cell, *([] if is_number else _LISTED.split(cell))]
        for own in map(table.terms, things):
            if own <= said and own & asked:
                found.setdefault(column, {})[cell] = own
                break
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
    found = [one for one in find_exact(question) if one.kind in DATES]
    dates = [f"in {one.text}" if one.kind in ("month", "year") else one.text for one in found]
    return " ".join((*dates, *(f"in {name.capitalize()}" for _, name in find_months(question))))


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


_ASKS_WHICH = re.compile(
    r"\W*(?:(?:on|in|at|for|an|a|en|em) )?(?:which|what|welche\w?|was|quel\w*|que|cual\w*"
    r"|qual\w*|quais|welke|wat)\b"
)


def find_answers(
    question: str,
    operation: Operation,
    table: Table,
    asked: frozenset[str],
    filters: Sequence[Filter],
) -> Iterator[Filter]:
    """Yield the columns of yes and no that a question names: "Who has not paid the fee?".

    All of their names; of a single one, some of it, if the question denies it, asks who, or says
    the last word of it of what it counts: "How many have paid?". None where the question tells of
    one row by its first cell, whose answer is a cell of it.
    """
    text = fold(question)
    denied = find_denial(question) is not None
    is_who = bool(ASKS_WHO.match(text))
    is_open = is_who or bool(_ASKS_WHICH.match(text)) or operation.kind != "find"
    is_of_one = operation.kind != "count" and any(one.column == 0 for one in filters)
    if operation.kind not in LISTING or not is_open or is_of_one:
        return
    told = asked - {term for one in filters for term in one.terms}
    shares: dict[int, tuple[float, int]] = {}
    for column, name in enumerate(table.names):
        words = [word[0] for word in WORD.finditer(fold(without_unit(name)))]
        own = {t for word in words if word not in LIGHT for t in table.terms(word)}
        if own & told:
            shares[column] = len(own & told) / len(own), len(own)
    best = max(shares.values(), default=(0.0, 0))
    whole = [c for c, share in shares.items() if share[0] == 1.0 and share[1] == best[1]]
    some = [c for c, share in shares.items() if share == best]
    is_counted = operation.kind == "count" or bool(operation.things)
    if len(some) == 1 and not is_who and not denied:
        last = table.terms(without_unit(table.names[some[0]]).split()[-1])
        some = some if is_counted and last & told - table.terms(operation.things) else []
    for column in whole or (some if len(some) == 1 else []):
        rows = [row.cells[column] for row in table.rows if not row.is_total]
        if found := read_answers(rows):
            name = table.names[column]
            is_no = denied != (find_denial(name) is not None)
            values = tuple(sorted(found[is_no], reverse=True))
            said = "" if values else ("no" if is_no else "yes")
            yield Filter(
                column, values, table.terms(name) & told, "answer", shorten(name), said=said
            )


def find_on_duty(question: str, operation: Operation, table: Table) -> Filter | None:
    """Return the cells of a day's column that say one works then, or does not, as is asked."""
    if operation.kind not in LISTING:
        return None
    is_who = operation.kind != "find" or ASKS_WHO.match(fold(question))
    found = find_duty(question, table.names) if is_who else None
    if found is None:
        return None
    column, words, is_off = found
    told = read_duty([row.cells[column] for row in table.rows if not row.is_total])
    if told is None:
        return None
    is_off = is_off != (find_denial(question) is not None)
    own = frozenset(term for word in words for term in table.terms(word))
    values, name = tuple(sorted(told[is_off], reverse=True)), shorten(table.names[column])
    if is_off:
        return Filter(column, values, own, "answer", name, said="" if values else "off")
    return Filter(column, values, own, "limit", name, said="a time of work")


# --- What a question asks for and no row has


def find_missing(question: str, table: Table, *, stands_out: bool = False) -> str:
    """Return what a question asks for of rows, and a table has for none of them; "" if for some.

    A day, month or year, where a column, or the columns' names, hold such and none else: "sold in
    August" of a table of January to March. A thing, said beside the name of the first column, that
    no row says anything of: "the gas meter" of a table of meters. Unless a row `stands_out` as
    likelier to answer than the others: it may say the same in other words.
    """
    if table.is_list or table.is_cut:
        return ""
    missing = _find_missing_time(question, table)
    return missing or ("" if stands_out else _find_missing_thing(question, table))


def _find_missing_time(question: str, table: Table) -> str:
    asked = find_when(question)
    if not asked:
        return ""
    heads = [when for whens, _ in find_when(" ".join(table.heads)) for when in whens]
    held = list(_calendars(question, table))
    cells = [cell.lower() for row in table.rows for cell in row.cells]
    reason = ""
    for ways, said in asked:
        found = [_agree(ways, whens) for _, whens in held]
        is_told = True in _agree(ways, heads) or any(said.lower() in cell for cell in cells)
        if is_told or {False} not in found or any(True in one for one in found):
            return ""
        reason = reason or held[found.index({False})][0]
    said = f" {say_in(table.language, 'or')} ".join(dict.fromkeys(said for _, said in asked))
    return say_in(table.language, reason).format(shorten(table.name), said)


def _agree(ways: Sequence[When], whens: Sequence[When]) -> set[bool | None]:
    return {way.agrees(when) for way in ways for when in whens}


NO_ROW = "The table “{}” has no row for {}."
NO_COLUMN = "The table “{}” has no column for {}."
NO_THING = "In the table “{}”, no {} is “{}”."


_LASTING = re.compile(
    r"\b(?:from|since|until|till|to|by|valid|start(?:s|ing)?|begin(?:s|ning)?|commenc\w+|ends?"
    r"|effective|as of|deadline|ab|seit|von|bis|gultig|beginn|ende|depuis|debut|fin|jusqu|desde"
    r"|hasta|inicio|dal|fino|inizio)\b"
)
"""Names of columns whose days hold until the next one."""
_SPANS = re.compile(
    r"\b(?:weeks?|wk|w[/.]?[cb]|seasons?|terms?|semester|sprint|(?:kalender)?wochen?|kw|saison|semaine"
    r"|semana|settimana|temporada|stagione|estacao|trimestre)\b"
)
"""Names of columns whose days are the first of as many, up to the next one."""


def _calendars(question: str, table: Table) -> Iterator[tuple[str, list[When]]]:
    """Yield what columns, or their names, hold of the calendar and nothing else.

    Each with how it is said that there is none. Not of a column that the question does not name, if
    it tells of a row by another one, or there are two: what is asked for may lie between them.
    """
    named = [when for name in table.names[1:] for when in read_when([name]) or () if name]
    if len(named) > 1:
        yield NO_COLUMN, named
    said, asked = _terms_of(question, table)
    others = _whole_cells(table, said, asked)
    held: dict[bool, list[list[When]]] = {True: [], False: []}
    for column, name in enumerate(table.names):
        is_asked = bool(table.terms(name) & asked)
        cells = {row.cells[column] for row in table.rows if not row.is_total} - {""}
        if not 1 < len(cells) <= MAX_HELD:
            continue
        whens = read_when([cell[:MAX_CELL_CHARS] for cell in cells])
        if _LASTING.search(fold(name)) or (_SPANS.search(fold(name)) and _are_starts(cells, whens)):
            continue
        is_known = column == 0 or is_asked or any(one.month or one.day for one in whens or ())
        if whens and is_known and (not column or is_asked or not others.keys() - {column}):
            held[is_asked].append(whens)
    yield from ((NO_ROW, whens) for whens in held[True] or held[False][: len(held[False]) == 1])


def _are_starts(cells: Collection[str], whens: Sequence[When] | None) -> bool:
    """Whether cells tell a day or a month each, as what begins then, and no range of them."""
    days = any(one.day for one in whens or ())
    return days or (any(one.month for one in whens or ()) and len(whens or ()) <= len(cells))


def _terms_of(question: str, table: Table) -> tuple[frozenset[str], frozenset[str]]:
    """Return the terms of a question, and those of them that tell something."""
    words = {m[0]: next(iter(table.terms(m[0])), "") for m in WORD.finditer(fold(question))}
    asked = frozenset(term for word, term in words.items() if word not in LIGHT and term)
    return frozenset(words.values()), asked


_GENERAL = frozenset(
    """new old main first second third last next same other whole entire current present monthly
    annual yearly daily weekly hourly average usual normal standard regular best correct right wrong
    big small large little left exact total full official different special local nearest final
    initial original own only single open closed available included neue alte erste letzte nachste
    nouveau ancien premier dernier nuevo viejo primer ultimo nuovo vecchio primo novo
    velho""".split()
)
"""Words before a thing's name that do not say which one it is."""
_PROPERTIES = (
    en.THING_COLUMNS
    | en.PERSON_COLUMNS
    | frozenset(
        """names item items day time kind sort person people topic subject thing word step question
    answer no nr id nummer art tag nom nombre nome numero fecha data""".split()
    )
)
"""Names of columns before which no value is said: a company name is no name."""


def _find_missing_thing(question: str, table: Table) -> str:
    name = without_unit(table.names[0])
    held = {row.cells[0] for row in table.rows if not row.is_total} - {""}
    if not name or not 1 < len(held) <= MAX_HELD or find_denial(question):
        return ""
    if _whole_cells(table, *_terms_of(question, table)) or find_scales(question):
        return ""
    thing = find_unheld(fold(question), fold(name), held)
    thing = thing or find_beside(fold(question), fold(name), table.language)
    if not thing or (not thing[-1].isdigit() and _may_be_said(thing, name, held, table)):
        return ""
    return say_in(table.language, NO_THING).format(*map(shorten, (table.name, name, thing)))


def _may_be_said(thing: str, name: str, held: Collection[str], table: Table) -> bool:
    """Tell whether a table may say something of a thing, or the words tell of no single one."""
    words = [word for word in WORD.findall(thing) if word not in LIGHT]
    own = table.terms(thing)
    known = table.about | {term for one in table.names for term in table.terms(one)}
    is_named = all(re.search(r"[^\W\d_]{2}", cell) for cell in held)
    is_property = not _PROPERTIES.isdisjoint(fold(name).split()[-1:])
    if not words or is_property or not is_named or set(words) & _GENERAL or own & known:
        return True
    starts = [word[:4] if len(word) > 5 else word for word in words]
    texts = (fold(" ".join(row.cells)) for row in table.rows)
    return any(any(map(text.__contains__, starts)) or own & table.terms(text) for text in texts)
