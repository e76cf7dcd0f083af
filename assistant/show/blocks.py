"""An answer as the blocks that a reader sees: prose, titles, lists, tables and code.

Every surface draws these, escaped in its own way. Pure: what is not in the answer is in no block,
and each text keeps the numbers of its citations.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import ClassVar, Literal

from assistant.text.listing import ListedCell, beside
from assistant.values import (
    Answer,
    Cell,
    Citation,
    Consulted,
    DocumentId,
    Role,
    Statement,
    Verdict,
)

FEW_ROWS = 8
FEW_ITEMS = 12
FEW_LINES = 30
FEW_SOURCES = 12
MAX_WORD_CHARS = 16
NEAR_CHARS = 280
"""Of a text of a passage that answers nothing: about three lines."""
WIDE = 5
"""Columns up to which a single row is drawn as one."""
SLACK = 2
"""So many more than a few are shown too, rather than folded."""
MAX_DEPTH = 8
"""Steps that a list is indented by at most."""
TITLES = (Role.HEADING, Role.QUESTION, Role.CAPTION, Role.LABEL)

_NUMBERS = re.compile(
    r"[-+(~≈]?\s?[$€£¥]?\s?\d[\d.,' \u00a0\u202f]*\s?(?:%|[$€£¥]|[^\W\d_]{1,3})?\)?"
)
_MARKER = re.compile(
    r"\(?(?:\d{1,4}(?:\.\d{1,3})*|[A-Za-z]|[ivxlcIVXLC]{2,8})[.)]\s|[-*+•‣◦▪●–—·]\s"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A text with the numbers of its citations, the spans of it that are emphasised, a note.

    The note tells what has another verdict than the rest of the answer, `apart` what the program
    says itself at the text's end.
    What has a `document` opens it, where that can be done.
    """

    text: str
    citations: tuple[int, ...] = ()
    answering: tuple[tuple[int, int], ...] = ()
    note: str = ""
    document: str | None = None
    apart: str = ""

    @property
    def is_word(self) -> bool:
        """Whether it is a short word, such as a code, which no line's end should part."""
        return len(self.text) <= MAX_WORD_CHARS and len(self.text.split()) == 1

    @property
    def runs(self) -> tuple[tuple[str, bool], ...]:
        """The parts of the text in order, each with whether it is emphasised."""
        return self._cut(self.text)

    @property
    def own_runs(self) -> tuple[tuple[str, bool], ...]:
        """The same of what stands before `apart`."""
        return self._cut(self.text.removesuffix(self.apart))

    def _cut(self, text: str) -> tuple[tuple[str, bool], ...]:
        found: list[tuple[str, bool]] = []
        place = 0
        for start, end in self.answering:
            found += [(text[place:start], False), (text[start:end], True)]
            place = end
        return tuple(run for run in (*found, (text[place:], False)) if run[0])


@dataclass(frozen=True, slots=True)
class Remark:
    """What the program says itself, of documents as a whole."""

    kind: ClassVar[Literal["remark"]] = "remark"
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Sentences that follow each other, or one that leads into what comes next."""

    kind: ClassVar[Literal["prose"]] = "prose"
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """What stands above something: a heading, a question, a caption or a label."""

    kind: ClassVar[Literal["title"]] = "title"
    said: Said


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: how deep it is nested, from 0, and whether it has a mark of its own."""

    said: Said
    depth: int
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list; the first `n_first` items are shown, the rest can be unfolded."""

    kind: ClassVar[Literal["list"]] = "list"
    items: tuple[Item, ...]

    @property
    def n_first(self) -> int:
        """How many items are shown at first."""
        return count_first(len(self.items), FEW_ITEMS)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row: its cells, each with the part of it that is emphasised, its citations, its note."""

    cells: tuple[Said, ...]
    citations: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of one table; the first `n_first` are shown, the rest can be unfolded.

    `names` are the columns', "" where one has none; there are none at all in a table without.
    `cited` are the citations of the names, where they are quoted by themselves.
    """

    kind: ClassVar[Literal["table"]] = "table"
    names: tuple[str, ...]
    rows: tuple[GridRow, ...]
    cited: tuple[int, ...] = ()

    @property
    def n_first(self) -> int:
        """How many rows are shown at first."""
        return count_first(len(self.rows), FEW_ROWS)

    @property
    def n_columns(self) -> int:
        """The number of columns, without the one of the citations."""
        return max([len(self.names), *(len(row.cells) for row in self.rows)])

    @property
    def is_record(self) -> bool:
        """Whether it is one long row, which reads better as a line for each column."""
        return len(self.rows) == 1 and any(self.names) and self.n_columns > WIDE

    @property
    def pairs(self) -> tuple[tuple[str, Said], ...]:
        """Of a record the columns' names, each with its cell, without those that are empty."""
        return tuple(
            (name, cell)
            for name, cell in zip(self.names, self.rows[0].cells, strict=True)
            if cell.text
        )

    @property
    def are_numbers(self) -> tuple[bool, ...]:
        """For each column whether all that is in it are numbers."""
        return are_numbers([[cell.text for cell in row.cells] for row in self.rows])


@dataclass(frozen=True, slots=True)
class Code:
    """Lines of code with their indentation; the first `n_first` are shown."""

    kind: ClassVar[Literal["code"]] = "code"
    lines: tuple[Said, ...]

    @property
    def n_first(self) -> int:
        """How many lines are shown at first."""
        return count_first(len(self.lines), FEW_LINES)


Note = Callable[[Statement], str]
"""Says how a statement stands, "" where there is nothing to say."""
Shown = Remark | Prose | Title | Items | Grid | Code


def list_blocks(answer: Answer) -> tuple[Shown, ...]:
    """Return an answer's statements as blocks, in order; none of an abstention or a reply."""
    statements = beside(answer.listing, answer.statements)
    return (*_draw_listing(answer), *_list_blocks(statements, answer.citations))


def list_near(passage: Consulted) -> tuple[Shown, ...]:
    """Return what of a passage is nearest to the question as blocks, long texts shortened."""
    if not passage.near:
        return (Prose((Said(_shorten(passage.text)),)),)
    return _list_blocks([_shorten_all(one) for one in passage.near], ())


def _shorten_all(statement: Statement) -> Statement:
    if statement.role is Role.CODE:
        return statement
    cells = (replace(one, text=_shorten(one.text)) for one in statement.cells)
    return replace(statement, text=_shorten(statement.text), cells=tuple(cells))


def _shorten(text: str) -> str:
    line = " ".join(text[: 4 * NEAR_CHARS].split())
    return line if len(line) <= NEAR_CHARS else line[:NEAR_CHARS].rsplit(" ", 1)[0] + " …"


def _list_blocks(
    statements: Sequence[Statement], citations: Sequence[Citation]
) -> tuple[Shown, ...]:
    found: list[Shown] = []
    note = partial(_note, is_mixed=len({one.verdict for one in statements}) > 1)
    names: Statement | None = None
    for (form, _), group in groupby(statements, lambda one: _run_of(citations, one)):
        run = list(group)
        if names and not (form is Role.ROW and _are_names_of(names, run[0])):
            found.append(_names_alone(names))
            names = None
        if form is Role.NAMES:
            found += (_names_alone(one) for one in run[:-1])
            names = run[-1]
            continue
        if form is Role.ROW and run[0].apart:
            found.append(Title(Said(run[0].apart)))
        if form is Role.ROW:
            found += _draw_rows(run, names, note)
        else:
            found += _draw(form, run, citations, note)
        names = None
    return (*found, _names_alone(names)) if names else tuple(found)


def _draw_listing(answer: Answer) -> Iterator[Shown]:
    """Yield what the program tells of documents as a whole, and its table."""
    told = answer.listing
    if told is None:
        return
    if told.text:
        yield Remark(told.text)
    if told.rows:
        rows = (tuple(_say_listed(cell, answer.statements) for cell in row) for row in told.rows)
        yield Grid(told.names, tuple(GridRow(cells, ()) for cells in rows))
    if told.n_more:
        yield Remark(f"… {told.n_more:,} more")


def _say_listed(cell: ListedCell, statements: Sequence[Statement]) -> Said:
    """Return a cell of a listing: words of the program, or what it holds of the answer."""
    held = [statements[n] for n in cell.statements if n < len(statements)]
    if not held:
        return Said(" ".join(cell.text.split()), document=cell.document_id)
    texts = [
        "; ".join(f"{one.name}: {one.text}" for one in s.cells if one.text) if s.cells else s.text
        for s in held
    ]
    spans = held[0].answering if len(held) == 1 and not held[0].cells else ()
    cited = tuple(number for one in held for number in one.citations)
    return Said(" ".join(" ".join(texts).split()) if not spans else texts[0], cited, spans)


def are_numbers(rows: Sequence[Sequence[str]]) -> tuple[bool, ...]:
    """Return for each column of rows of texts whether all that is in it are numbers."""
    width = max(map(len, rows), default=0)
    columns = [[row[n] for row in rows if n < len(row) and row[n]] for n in range(width)]
    return tuple(bool(texts) and all(map(_NUMBERS.fullmatch, texts)) for texts in columns)


def has_marker(text: str) -> bool:
    """Tell whether the text of an item begins with its own number or bullet."""
    return bool(_MARKER.match(text))


def count_first(n: int, few: int) -> int:
    """Return how many of n are shown at first: all, unless those are clearly more than a few."""
    return n if n <= few + SLACK else few


def list_quotes(answer: Answer) -> frozenset[int]:
    """Return the numbers of the citations whose quotes the statements show word for word."""
    said = {
        (" ".join(one.text.split()), number)
        for one in answer.statements
        for number in one.citations
    }
    cited = ((" ".join(one.quote.split()), one.number) for one in answer.citations)
    return frozenset(quote[1] for quote in cited if quote in said)


def group_sources(
    answer: Answer, flagged: Collection[int] = ()
) -> tuple[tuple[Citation, ...], ...]:
    """Return the citations by what they quote from: those of one section stand together.

    A heading stands with what stands under it. One that is `flagged`, or whose quote the statements
    do not show, stands alone.
    """
    shown = list_quotes(answer)
    titles = (one for one in answer.statements if one.role is Role.HEADING)
    heads = {number: " ".join(one.text.split()) for one in titles for number in one.citations}

    def place(one: Citation) -> tuple[object, ...]:
        own = () if one.number in shown and one.number not in flagged else (one.number,)
        heading = heads.get(one.number, one.heading)
        return one.document_id, one.title, heading or one.title, one.copies, *own

    return tuple(tuple(group) for _, group in groupby(answer.citations, place))


def _run_of(
    citations: Sequence[Citation], statement: Statement
) -> tuple[Role, DocumentId | int | None]:
    """Return what statements have in common that belong into one block."""
    role = Role.PARAGRAPH if statement.is_prose else statement.role
    if statement.block:
        return role, statement.block
    if role not in (Role.ROW, Role.ITEM, Role.CODE, Role.NAMES):
        return role, None
    first = statement.citations[0] if statement.citations else 0
    cited = citations[first - 1 : first] if first else ()
    return role, cited[0].document_id if cited else None


def _note(statement: Statement, *, is_mixed: bool) -> str:
    """Say how a statement stands, where it is not as all others of its answer, or not confirmed."""
    if statement.verdict is Verdict.QUOTED:
        return "quoted instead" if statement.stands_in else ""
    is_told = is_mixed or statement.verdict is not Verdict.CONFIRMED
    return statement.verdict.value if is_told else ""


def _draw(
    form: Role, run: Sequence[Statement], citations: Sequence[Citation], note: Note
) -> list[Shown]:
    say = partial(_say, note=note)
    if form is Role.ITEM:
        depths = find_depths([one.level for one in run])
        items = (
            Item(say(one), depth, has_marker(one.shown))
            for one, depth in zip(run, depths, strict=True)
        )
        return [Items(tuple(items))]
    if form is Role.CODE:
        return [Code(tuple(_indent(run)))]
    if form in TITLES:
        return [Title(say(one)) for one in run]
    if form is Role.LEAD_IN:
        return [Prose((say(one),)) for one in run]
    return [Prose(tuple(map(say, part))) for part in _paragraphs(run, citations)]


def _paragraphs(
    run: Sequence[Statement], citations: Sequence[Citation]
) -> Iterator[list[Statement]]:
    """Yield sentences as paragraphs: quotes from different places do not read as one."""
    part = [run[0]]
    for before, after in pairwise(run):
        if not _reads_on(before, after, citations):
            yield part
            part = []
        part.append(after)
    yield part


def _reads_on(before: Statement, after: Statement, citations: Sequence[Citation]) -> bool:
    """Tell whether two sentences belong together; a model's words do, wherever they come from."""
    places = [
        citations[n - 1]
        for one in (before, after)
        for n in one.citations
        if citations[n - 1].quote.split() == one.text.split()
    ]
    if len(places) != 2 or after.role is Role.REST or after.block:
        return True
    first, second = places
    return first.document_id == second.document_id and 0 <= second.start - first.end <= 1


def _say(statement: Statement, note: Note) -> Said:
    apart = f" ({statement.apart})" if statement.apart else ""
    return Said(
        statement.shown, statement.citations, statement.answering, note(statement), apart=apart
    )


def find_depths(levels: Sequence[int]) -> list[int]:
    """Return how deep each item is nested, given how far each is indented in its document."""
    open_levels: list[int] = []
    found: list[int] = []
    for level in levels:
        while open_levels and open_levels[-1] > level:
            open_levels.pop()
        if not open_levels or open_levels[-1] < level:
            open_levels.append(level)
        found.append(min(len(open_levels) - 1, MAX_DEPTH))
    return found


def _indent(run: Sequence[Statement]) -> Iterator[Said]:
    """Yield lines of code as they are indented against each other, their citations at the end."""
    least = min(one.level for one in run)
    for one in run:
        first, *others = one.text.split("\n")
        lines = [" " * min(one.level - least, 200) + first, *others]
        yield from map(Said, lines[:-1])
        yield Said(lines[-1], one.citations)


def _draw_rows(run: Sequence[Statement], names: Statement | None, note: Note) -> Iterator[Grid]:
    """Yield the tables that rows of one document make: those that have the same names are one.

    What is quoted in place of a row is a cell of that table.
    """
    own = next((columns for one in run if (columns := _names_of(one))), ())
    grouped = groupby(run, lambda row: own if row.stands_in else _names_of(row))
    for number, (columns, group) in enumerate(grouped):
        rows = [(_cells_of(one), one) for one in group]
        has_more = any(len(cells) > len(columns) for cells, _ in rows) and bool(columns)
        lines = tuple(
            GridRow(_fit(cells, columns, one, has_more), one.citations, note(one))
            for cells, one in rows
        )
        heads = ("", *columns) if has_more else columns
        yield Grid(heads, lines, names.citations if names and not number else ())


def _are_names_of(names: Statement, row: Statement) -> bool:
    """Tell whether a row stands under names that are quoted before it."""
    return tuple(name.rstrip(" :") for name in names.text.split(" | ")) == _names_of(row) != ()


def _names_of(row: Statement) -> tuple[str, ...]:
    return tuple(cell.name for cell in row.cells if cell.name is not None)


def _cells_of(row: Statement) -> tuple[Cell, ...]:
    return row.cells or (Cell(None, row.text, 0),)


def _fit(
    cells: Sequence[Cell], columns: Sequence[str], row: Statement, has_more: bool
) -> tuple[Said, ...]:
    """Return a row's cells, with an empty one where others have one before the first name."""
    found = [_say_cell(cell, row.answering) for cell in cells]
    return (Said(""), *found) if has_more and len(cells) == len(columns) else tuple(found)


def _say_cell(cell: Cell, answering: Iterable[tuple[int, int]]) -> Said:
    """Return a cell on one line, with the part of it that is emphasised."""
    end = cell.start + len(cell.text)
    inside = [
        (max(first, cell.start) - cell.start, min(last, end) - cell.start)
        for first, last in answering
        if first < end and cell.start < last
    ]
    line = " ".join(cell.text.split())
    return Said(cell.text, (), tuple(inside)) if line == cell.text else Said(line)


def _names_alone(names: Statement) -> Grid:
    return Grid((), (GridRow(tuple(map(Said, names.text.split(" | "))), names.citations),))
