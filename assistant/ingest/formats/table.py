"""Writing the rows of a table as lines of text, each of which can be understood by itself.

Cells are joined by ` | `, empty ones left out. Where a table begins with a row of column names,
every later row is written as `Name: value | Name: value`, so that a row which is cited alone says
what its values are. The names are those of the first row with several cells, if

- they are words, all there (the corner may be empty), all different, short, and no sentences;
  of years there must be several, over columns that hold something else;
- none is like what stands below it: the same again, a phrase of mostly the same words, another
  number of the same thing, or a person above persons;
- the rows below have no cells beside them, and mostly several cells.

A row above them that groups columns (`First half | Second half`) is put before their names.

A table of two columns whose values are of several kinds is a form: each of its rows is a line,
`Label: value`, and none holds names.

After an empty row another table may begin: one with names of its own if, besides, there is a column
of words above numbers, dates or truth values. Rows that stand alone, above a table's first row of
several cells, are captions. `DocumentUnreadable` is raised for tables with too many rows.
"""

import re
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from assistant.errors import DocumentUnreadable, Fault
from assistant.text import english as en
from assistant.text.dates import DAY_OF
from assistant.text.exact import MONTH_OF
from assistant.text.operations import MEASURED
from assistant.text.terms import fold
from assistant.text.words import CAPITALISED, one_of
from assistant.values import Cell, Role

JOINT = " | "
MAX_ROWS = 500_000
"""Of one table. Each row is a block and a page, which cost more than the few characters in it."""
MAX_NAME_CHARS = 60
MAX_SHORT_WORDS = 3
"""Of a name that ends with a full stop, as an abbreviation does: "Sl. No."."""
MAX_COLUMNS = 200
"""Up to which a row that is read back has an empty cell for each that it has none of."""
N_LOOKED_AT = 10
"""Rows below a row of names that must fit it."""

_VALUE = re.compile(
    r"[-+(]?[$€£¥]? ?\d[\d.,' \u00a0]*(?:e[-+]?\d+)?\s?[%€$£¥]?\)?"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.]+)?|true|false",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d[\d.,]*")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_ADDRESS = re.compile(r"\S@\S|://")
_PERSON = re.compile(rf"{CAPITALISED}(?: {CAPITALISED}){{1,2}}")
_WORD = re.compile(r"\w+")
MAX_LISTED_WORDS = 4
"""Of a name with a comma in it: more are a value."""
_SENTENCE_END = re.compile(r"[.!?;。！？]$")

MIN_KINDS, MOST_ALIKE = 3, 0.7
_TIME_NAME = re.compile(rf"\b(?:{one_of((*MONTH_OF, *DAY_OF))})s?\b", re.IGNORECASE)
_MEASURE = re.compile(r"\W?\d[\d.,]*\s?([^\W\d_]{1,6}|[°%]\w?)")

_HEADS = en.PERSON_NOUNS | en.ROLES | en.PERSON_COLUMNS | en.THING_COLUMNS
"""Words that a name of a column ends with."""

_ABOVE_VALUES = (
    _HEADS
    | MEASURED
    | frozenset(
        """amount answer description detail hour info limit meaning note number rule value what when
    where who why angabe beschreibung bemerkung hinweis inhalt uhrzeit wann was wer wert wo zeiten
    detalle hora horaire horario nota orario quand qui valeur valor valore""".split()
    )
)
"""Words that the name of a column of values ends with, folded."""

Row = Sequence[str]


def write_rows(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, str, Role]]:
    """Yield each row that is not empty, with its number, as one line, and what it is.

    Args:
        rows: of one table or sheet, numbered; cells are canonical text on one line, and an empty
            one is "". Empty rows, where they are given, part tables.

    Raises:
        DocumentUnreadable: there are more than `MAX_ROWS`.
    """
    names: Row = ()
    upper: Row = ()
    may_begin, is_form = True, False
    n_rows = 0
    for number, cells, below in _look_ahead(rows):
        n_cells = sum(map(bool, cells))
        if not n_cells:
            may_begin, is_form = True, False
            continue
        n_rows += 1
        if n_rows > MAX_ROWS:
            raise DocumentUnreadable(f"more than {MAX_ROWS:,} rows: split it", Fault.TOO_LARGE)
        if may_begin and n_cells > 1:
            is_form = _are_fields((), [cells, *below])
        if is_form:
            yield number, _write_field(cells), Role.PARAGRAPH
        elif upper:
            names, upper = merge_names([upper, cells]), ()
            yield number, join_cells(names), Role.NAMES
        elif may_begin and _are_names(cells, below) and (not names or _is_contrast(cells, below)):
            names = cells
            yield number, join_cells(cells), Role.NAMES
        elif may_begin and _are_upper_names(cells, below):
            upper = cells
            yield number, join_cells(cells), Role.NAMES
            continue
        elif may_begin and n_cells == 1:
            yield number, join_cells(cells), Role.CAPTION
            continue
        else:
            yield number, _name_cells(names, cells), Role.ROW
        may_begin = False


def write_table(names: Row, rows: Iterable[Row]) -> Iterator[tuple[str, Role]]:
    """Yield the rows of a table that are not empty as one line each, and what each is.

    Args:
        names: the columns' names as the table marks them; without any they are sought.
        rows: below them, as `write_rows` takes them.

    Raises:
        DocumentUnreadable: there are more than `MAX_ROWS`.
    """
    rows = iter(rows)
    ahead = list(islice(rows, N_LOOKED_AT))
    rows = chain(ahead, rows)
    if any(names) and _are_fields(names, ahead):
        names, rows = (), chain([names], rows)
    if any(names):
        yield join_cells(names), Role.NAMES
        for number, cells in enumerate(rows):
            if number >= MAX_ROWS:
                raise DocumentUnreadable(f"more than {MAX_ROWS:,} rows: split it", Fault.TOO_LARGE)
            if any(cells):
                yield _name_cells(names, cells), Role.ROW
    else:
        yield from ((line, role) for _, line, role in write_rows(enumerate(rows)))


def _are_fields(names: Row, rows: Sequence[Row]) -> bool:
    """Tell whether the rows of a table, and what it marks as names, are the lines of a form.

    They are labels, each once, with values of three kinds or more. What is marked must be a value.
    """
    whole = [(*row[:2], "")[:2] for row in (names, *rows) if any(row)]
    if any(_width(row) > 2 for row in rows) or not all(_is_name(label) for label, _ in whole):
        return False
    labels = {label.casefold() for label, _ in whole}
    kinds = Counter(_kind_of(value) for _, value in whole if value)
    head = whole[0][1] if whole else ""
    last = (fold(head).split() or [""])[-1]
    is_told = not any(names) or _PERSON.search(head) or _kind_of(head) != "words"
    return (
        bool(is_told)
        and len(labels) == len(whole)
        and len(kinds) >= MIN_KINDS
        and max(kinds.values()) <= MOST_ALIKE * len(whole)
        and _ABOVE_VALUES.isdisjoint((last, last.removesuffix("s")))
    )


def _write_field(cells: Row) -> str:
    label, *values = (cell for cell in cells if cell)
    return f"{label.rstrip(' :')}: {JOINT.join(values)}" if values else label


def _kind_of(value: str) -> str:
    """Return what a value is: an address, a number, of a unit, a date, words with digits or none.

    >>> _kind_of("9.2 kg"), _kind_of("3 June 2025"), _kind_of("HS-70418"), _kind_of("none")
    ('kg', 'date', 'digits', 'words')
    """
    if _ADDRESS.search(value):
        return "address"
    if _VALUE.fullmatch(value):
        return "number"
    if _TIME_NAME.search(value):
        return "date"
    if measure := _MEASURE.fullmatch(value):
        return measure[1]
    return "digits" if any(map(str.isdigit, value)) else "words"


def find_names(rows: Sequence[Row], *, is_marked: bool, is_unsure: bool) -> tuple[int, Row]:
    """Return how many of a table's first rows name its columns, and those names.

    Args:
        rows: of cells of canonical text on one line.
        is_marked: whether the first row looks unlike those below it.
        is_unsure: whether it may have none, so that words above words are no names.
    """
    first, below = rows[0], rows[1 : 1 + N_LOOKED_AT]
    is_sure = is_marked or not is_unsure
    if _are_names(first, below) and (is_sure or _is_contrast(first, below)):
        return 1, first
    if len(rows) > 2 and _are_upper_names(first, below):
        return 2, merge_names(rows[:2])
    return 0, ()


def merge_names(rows: Sequence[Row]) -> Row:
    """Return one name for each column of several rows of names, the upper before the lower.

    A name of an upper row holds for the columns behind it that have none there.

    >>> merge_names([["", "Sales", ""], ["City", "Q1", "Q2"]])
    ['City', 'Sales Q1', 'Sales Q2']
    """
    width = max(map(len, rows), default=0)
    whole = [_carry_on(row, rows[-1]) for row in rows[:-1]] + list(rows[-1:])
    columns = [[row[n] if n < len(row) else "" for row in whole] for n in range(width)]
    return [" ".join(dict.fromkeys(name for name in column if name)) for column in columns]


def join_cells(cells: Iterable[str]) -> str:
    """Return a row without names as one line."""
    return JOINT.join(cell for cell in cells if cell)


def split_row(row: str, names: str | None = None) -> tuple[Cell, ...]:
    """Return the cells of a row as it is written, in the order of the columns.

    Args:
        row: a line, as `write_rows` makes it.
        names: the line of the names that it stands under. Each has a cell, empty where the row has
            none; what begins with none of them goes on in the cell before, so that a value may have
            the joint or a colon in it. A row that names none, on the next page of a table, has its
            cells in order.

    >>> [(cell.name, cell.text) for cell in split_row("Boat: Alba | Time: 10:30", "Boat | Time")]
    [('Boat', 'Alba'), ('Time', '10:30')]
    >>> [(cell.name, cell.text) for cell in split_row("Corva | 9:15", "Boat | Time")]
    [('Boat', 'Corva'), ('Time', '9:15')]
    """
    columns = names.split(JOINT) if names else []
    bare = [column.rstrip(" :") for column in columns]
    places: dict[str, list[int]] = {}
    for column, name in enumerate(bare):
        places.setdefault(name, []).append(column)
    longest = max(map(len, bare), default=0)
    begun: list[tuple[int, int, int]] = []  # the column, where the cell begins, where its text does
    last = -1
    starts = [*_parts(row)]
    for start in starts:
        column, at = _find_column(row, start, places, last, longest)
        if column >= 0 or not begun or not columns:
            begun.append((column, start, at))
            last = max(column, last)
    if last < 0 and len(starts) == len(columns) > 1:
        begun = [(column, start, start) for column, start in enumerate(starts)]
    ends = [start - len(JOINT) for _, start, _ in begun[1:]] + [len(row)]
    found = [
        (column, Cell(bare[column] if column >= 0 else None, row[at:end], at))
        for (column, _, at), end in zip(begun, ends, strict=True)
    ]
    is_filled = 0 < len(columns) <= MAX_COLUMNS
    return _fill_in(found, bare) if is_filled else tuple(cell for _, cell in found)


def _parts(row: str) -> Iterator[int]:
    """Yield where the parts of a row begin, at its start and behind each joint."""
    start = 0
    while start >= 0:
        yield start
        joint = row.find(JOINT, start)
        start = joint + len(JOINT) if joint >= 0 else -1


def _find_column(
    row: str, start: int, places: Mapping[str, Sequence[int]], last: int, longest: int
) -> tuple[int, int]:
    """Return the first column behind the last one whose name stands here, and where its text does.

    Of names that begin alike the longest counts. Without any: -1, and the place itself.
    """
    found = -1, start
    colon = row.find(": ", start, start + longest + 2)
    while colon >= 0:
        columns = places.get(row[start:colon], ())
        behind = bisect_right(columns, last)
        if behind < len(columns):
            found = columns[behind], colon + 2
        colon = row.find(": ", colon + 1, start + longest + 2)
    return found


def _fill_in(found: Sequence[tuple[int, Cell]], names: Sequence[str]) -> tuple[Cell, ...]:
    """Return the cells with an empty one for each column that the row has none of."""
    cells = [cell for column, cell in found if column < 0]
    own = {column: cell for column, cell in found if column >= 0}
    place = 0
    for column, name in enumerate(names):
        cell = own.get(column) or Cell(name, "", place)
        cells.append(cell)
        place = cell.start
    return tuple(cells)


def _name_cells(names: Row, cells: Row) -> str:
    named = (*names[: len(cells)], *[""] * (len(cells) - len(names)))
    return join_cells(
        f"{name.rstrip(' :')}: {cell}" if name and cell else cell
        for name, cell in zip(named, cells, strict=True)
    )


def _look_ahead(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row, list[Row]]]:
    """Yield each row with those below it, as far as they matter or the next empty row."""
    source = iter(rows)
    ahead = deque(islice(source, N_LOOKED_AT + 1))
    is_first = True
    while ahead:
        number, cells = ahead.popleft()
        below: list[Row] = []
        if is_first:
            for _, row in ahead:
                if not any(row):
                    break
                below.append(row)
        yield number, cells, below
        is_first = sum(map(bool, cells)) < 2  # only a table's first row may be its names
        ahead.extend(islice(source, 1))


def _are_names(cells: Row, below: Sequence[Row]) -> bool:
    width = _width(cells)
    names = [cell for cell in cells[:width] if cell]
    if len(names) < 2 or len(names) < width - (not cells[0]) or not below:
        return False
    if len({name.casefold() for name in names}) < len(names):
        return False
    if not all(_is_name(name) or _YEAR.fullmatch(name) for name in names):
        return False
    if not _are_years_names(cells, below) or _is_alike(cells, below):
        return False
    n_several = sum(sum(map(bool, row)) > 1 for row in below)
    return 2 * n_several >= len(below) and all(_width(row) <= width for row in below)


def _are_upper_names(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether a row groups the columns whose names are the next row's.

    Above `Shop | Q1 | Q2 | Q3 | Q4`: `First half | Second half`.
    """
    named = [cell for cell in cells if cell]
    if not below or not named or not all(map(_is_name, named)):
        return False
    lower = below[0]
    is_less = len(set(named)) < sum(map(bool, lower))
    return is_less and _are_names(lower, below[1:]) and _is_contrast(lower, below[1:])


def _carry_on(upper: Row, lower: Row) -> Row:
    """Return a row that groups columns with each name over all that it stands for."""
    found: list[str] = []
    for column, cell in enumerate(lower):
        own = upper[column] if column < len(upper) else ""
        found.append(own or (found[-1] if found and cell else ""))
    return found


def _width(row: Row) -> int:
    return max((column for column, cell in enumerate(row, start=1) if cell), default=0)


def _is_name(cell: str) -> bool:
    return (
        len(cell) <= MAX_NAME_CHARS
        and any(map(str.isalpha, cell))
        and not _VALUE.fullmatch(cell)
        and not _ADDRESS.search(cell)
        and not (", " in cell and len(cell.split()) > MAX_LISTED_WORDS)
        and not (_SENTENCE_END.search(cell) and len(cell.split()) > MAX_SHORT_WORDS)
    )


def _is_alike(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether a cell is like one below it: the same, or `95 euros` above `140 euros`.

    Names that a table repeats are like none.
    """
    others = [row for row in below if list(row) != list(cells)]
    for column, cell in enumerate(cells):
        values = [row[column] for row in others if column < len(row) and row[column]]
        if cell and any(_are_alike(cell, value) for value in values):
            return True
        if len(values) > 1 and _is_person(cell) and all(map(_PERSON.fullmatch, values)):
            return True
    return False


def _are_alike(one: str, other: str) -> bool:
    """Tell whether two cells are of a kind: the same but for a number, or most of their words."""
    if one.casefold() == other.casefold():
        return True
    shape = _DIGITS.sub("0", one)
    if shape != one and not _YEAR.fullmatch(one) and _DIGITS.sub("0", other) == shape:
        return True
    words, others = (_WORD.findall(cell[: 2 * MAX_NAME_CHARS].casefold()) for cell in (one, other))
    n_shared = len({*words} & {*others})
    return min(len(words), len(others)) > 2 and 2 * n_shared >= max(len(words), len(others))


def _is_person(cell: str) -> bool:
    """Tell whether a cell is a person's name, and not what a person is: "Project Lead"."""
    return bool(_PERSON.fullmatch(cell)) and cell.casefold().rpartition(" ")[2] not in _HEADS


def _are_years_names(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether the years among the cells, if any, may be names: `Country | 2019 | 2020`."""
    years = [column for column, cell in enumerate(cells) if _YEAR.fullmatch(cell)]
    if not years:
        return True
    values = [row[column] for row in below for column in years if column < len(row)]
    return len(years) > 1 and not all(_YEAR.fullmatch(value) for value in values if value)


def _is_contrast(cells: Row, below: Sequence[Row]) -> bool:
    """Tell whether there is a column of words above values."""
    for column, cell in enumerate(cells):
        values = [row[column] for row in below if column < len(row) and row[column]]
        if values and _is_name(cell) and all(_VALUE.fullmatch(value) for value in values):
            return True
    return False
