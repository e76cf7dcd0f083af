"""Which cells of a table a question names: whole ones, dates, words, limits, yes and no.

A value that stands in two columns, and a column that cannot be told from another, are `Unreadable`
with the reason: nothing is guessed. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answer.table import (
    MAX_CELL_CHARS,
    N_TRIED,
    Table,
    TableRow,
    Unreadable,
    Value,
    are_within,
    cell_terms,
    measures_of,
    read_answers,
    read_compared,
    without_unit,
)
from assistant.text.cues import denies, find_denial
from assistant.text.exact import DATES, date_forms, find_exact, find_months
from assistant.text.operations import LIGHT, Limit, Operation
from assistant.text.terms import fold
from assistant.text.words import WORD

MAX_VALUE_CHARS = 60
"""Of a cell in the words of a result."""
UNCLEAR = "are columns of which none is named"
SHORT_CELL_WORDS = 6
"""A longer cell is prose: a word in it tells little of its row."""

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


_ASKS_WHO = re.compile(r"\W*(?:who|wer|qui|quien(?:es)?|chi|quem|wie)\b")
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

    All of their names; of a single one, some of it, if the question denies it or asks who. None
    where the question tells of one row by its first cell, whose answer is a cell of it.
    """
    text = fold(question)
    denied = find_denial(question)
    is_who = bool(_ASKS_WHO.match(text))
    is_open = is_who or bool(_ASKS_WHICH.match(text)) or operation.kind != "find"
    is_of_one = operation.kind != "count" and any(one.column == 0 for one in filters)
    if operation.kind not in ("count", "all", "find") or not is_open or is_of_one:
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
    some = [c for c, share in shares.items() if share == best] if is_who or denied >= 0 else []
    for column in whole or (some if len(some) == 1 else []):
        rows = [row.cells[column] for row in table.rows if not row.is_total]
        if found := read_answers(rows):
            name = table.names[column]
            is_no = (denied >= 0) != (find_denial(name) >= 0)
            values = tuple(sorted(found[is_no], reverse=True))
            said = "" if values else ("no" if is_no else "yes")
            yield Filter(
                column, values, table.terms(name) & told, "answer", shorten(name), said=said
            )


def is_next(text: str, one: Filter) -> bool:
    """Tell whether the next word that tells something is of a filter's column."""
    words = (m[0] for m in WORD.finditer(fold(text)))
    first = next((word for word in words if word not in LIGHT), "")
    return bool(cell_terms(first) & cell_terms(one.name))


def find_within(limit: Limit, table: Table, asked: frozenset[str]) -> Filter | Unreadable | None:
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
    own = tuple(dict.fromkeys(kept))
    return Filter(column, own, frozenset(), "limit", name, said=limit.text, word=limit.word)


def shorten(text: str) -> str:
    """Return a cell as it stands in the words of a result."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_VALUE_CHARS else f"{line[: MAX_VALUE_CHARS - 1]}…"
