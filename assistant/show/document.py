"""Draws the text of a document as HTML: what its units say that it is, with spans marked in it.

Headings, lists, tables and code are drawn by our own tags; nothing of a file is run. All characters
of the text are there, in order and once, so that a browser's text is the document's. What a table
has no use for (`Name: ` before a value, ` | ` between two) is there and not seen.
"""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from markupsafe import Markup

from assistant.ingest.formats.table import JOINT, split_row
from assistant.ingest.structure import find_unit, list_sentences
from assistant.show.blocks import Said, are_numbers, find_depths, has_marker
from assistant.show.escape import html_text
from assistant.values import Cell, Document, Link, Role, Span, Unit

CITED_ID = "cited-span"
"""The HTML id of the strong mark, where an opened source scrolls to."""
MAX_AROUND_CHARS = 240
"""Of the sentences before a quote, and of those behind it."""
MAX_QUOTE_CHARS = 4_000
MAX_AROUND = 2
"""Sentences, items or rows before a quote, and behind it."""
ELIDED_WORDS = 8
"""A quote of more words, that stands beside, is shown by its first and last ones."""
MAX_LIST = 200
"""Items above the first of a part that tell how deep it is nested."""

_TABLE = frozenset((Role.NAMES, Role.ROW))
_LONE = _TABLE | {Role.HEADING, Role.CODE}
"""What is no part of a line with others."""
_CLASSES = {Role.CAPTION: "caption", Role.LABEL: "label", Role.QUESTION: "label", Role.NOTE: "note"}
_AROUND = {Role.HEADING: "heading", Role.ITEM: "item", Role.CODE: "code"}
_FIELD = re.compile(r"[^\W\d_][^:\n.?!]{0,39}:[ \t]+\S[^\n]{0,200}")
"""A line such as the head of a mail has: "To: Office"."""
_SPACES = re.compile(r"\s+")
_GAP = re.compile(r"\n(?:[ \t]*\n)+|(?<=[^\n]{120})\n")
"""What ends a paragraph: an empty line, or the end of a line too long to be hard-wrapped."""


class _Piece(NamedTuple):
    """A part of a text, and the number of the unit that it is of; -1 between units."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where marks begin or end, ascending, and whether the text behind each place is marked."""

    edges: list[int]
    are_marked: list[bool]
    strong: Span | None

    @classmethod
    def of(cls, spans: Iterable[Span], strong: Span | None) -> "_Marks":
        changes: dict[int, int] = {}
        for span in (*spans, *([strong] if strong else [])):
            changes[span.start] = changes.get(span.start, 0) + 1
            changes[span.end] = changes.get(span.end, 0) - 1
        edges = sorted(changes)
        depths = itertools.accumulate(changes[edge] for edge in edges)
        return cls(edges, [depth > 0 for depth in depths], strong)

    def draw(self, text: str, start: int, end: int) -> Markup:
        """Return a part of a text, cut wherever a mark begins or ends."""
        first, last = bisect_right(self.edges, start), bisect_left(self.edges, end)
        cuts = [start, *self.edges[first:last], end]
        return Markup("").join(
            self._draw_one(html_text(text[a:b]), a) for a, b in itertools.pairwise(cuts) if a < b
        )

    def _draw_one(self, shown: Markup, start: int) -> Markup:
        if self.strong and self.strong.start <= start < self.strong.end:
            anchor = Markup(f' id="{CITED_ID}"' if start == self.strong.start else "")
            return Markup('<mark class="strong"{}>{}</mark>').format(anchor, shown)
        number = bisect_right(self.edges, start) - 1
        is_marked = number >= 0 and self.are_marked[number]
        return Markup("<mark>{}</mark>").format(shown) if is_marked else shown


def draw_text(
    document: Document,
    part: tuple[int, int],
    spans: Iterable[Span],
    strong: Span | None,
    links: Sequence[Link] = (),
) -> Markup:
    """Return the characters `part` of a document with `spans` marked and `strong` highlighted.

    A span that crosses a paragraph or another span becomes several marks in a row. Of `links`,
    ascending and apart, the address is told on demand; they lead nowhere.
    """
    drawing = _Drawing(document, _Marks.of(spans, strong), links)
    return Markup("").join(drawing.draw(run) for run in drawing.list_runs(part))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws the runs of one document: a list, a table, lines of code, or one paragraph."""

    document: Document
    marks: _Marks
    links: Sequence[Link]

    def list_runs(self, part: tuple[int, int]) -> Iterator[list[_Piece]]:
        """Yield the pieces that belong together; what is blank goes with what is before it."""
        run: list[_Piece] = []
        for piece in _list_pieces(self.document, part):
            if run and not (self._is_blank(piece) or self._goes_on(run[0], piece)):
                yield run
                run = []
            run.append(piece)
        if run:
            yield run

    def draw(self, run: Sequence[_Piece]) -> Markup:
        """Return a run as the element that it is, and the blank text behind it."""
        n_blank = int(self._is_blank(run[-1]))
        pieces, blank = run[: len(run) - n_blank], run[len(run) - n_blank :]
        drawn = self._draw_run(pieces) if pieces else Markup("")
        return drawn + Markup("").join(self._draw_plain(one.start, one.end) for one in blank)

    def _draw_run(self, run: Sequence[_Piece]) -> Markup:
        role = self._role_of(run[0])
        if role in _TABLE:
            return self._draw_table(run)
        if role is Role.ITEM:
            return self._draw_list(run)
        shown = self._draw_plain(run[0].start, run[-1].end)
        if role is Role.CODE:
            return _SCROLL.format("Code", Markup("<pre><code>{}</code></pre>").format(shown))
        if role is Role.HEADING:
            tag = f"h{min(self.document.units[run[0].number].level + 2, 6)}"
            return Markup('<{0} class="heading" dir="auto">{1}</{0}>').format(tag, shown)
        return Markup("").join(self._draw_paragraphs(run[0], role))

    def _draw_paragraphs(self, piece: _Piece, role: Role | None) -> Iterator[Markup]:
        said = self.document.text[piece.start : piece.end]
        name = _CLASSES[role] if role in _CLASSES else "field" if _FIELD.fullmatch(said) else ""
        own = Markup(' class="{}"').format(name) if name else ""
        gaps = _GAP.finditer(self.document.text, piece.start, piece.end)
        cuts = [piece.start, *itertools.chain.from_iterable(gap.span() for gap in gaps), piece.end]
        for number, (start, end) in enumerate(itertools.pairwise(cuts)):
            shown = self._draw_plain(start, end)
            if start < end:
                yield shown if number % 2 else _PARAGRAPH.format(own, shown)

    def _draw_list(self, run: Sequence[_Piece]) -> Markup:
        units = self.document.units
        first = run[0].number
        while run[0].number - first < MAX_LIST and first and units[first - 1].role is Role.ITEM:
            first -= 1
        items = [piece.number for piece in run if piece.number >= 0]
        numbers = [*range(first, run[0].number), *items]
        depths = dict(zip(numbers, find_depths([units[n].level for n in numbers]), strict=True))
        drawn = Markup("").join(self._draw_item(piece, depths.get(piece.number)) for piece in run)
        return Markup('<ul class="items">{}</ul>').format(drawn)

    def _draw_item(self, piece: _Piece, depth: int | None) -> Markup:
        shown = self._draw_plain(piece.start, piece.end)
        if depth is None:
            return shown
        own = " marked" if has_marker(self.document.text[piece.start : piece.end]) else ""
        return Markup('<li class="depth-{}{}" dir="auto">{}</li>').format(depth, own, shown)

    def _draw_table(self, run: Sequence[_Piece]) -> Markup:
        """Return rows below their columns' names, which an earlier part of the text may have."""
        text, names = self.document.text, self._names_of(run[0])
        above = self.document.units[names] if names >= 0 else None
        named = text[above.start : above.end] if above else None
        lines = [piece for piece in run if piece.number >= 0]
        n_heads = int(lines[0].number == names)
        cells = [split_row(text[one.start : one.end]) for one in lines[:n_heads]]
        cells += [split_row(text[one.start : one.end], named) for one in lines[n_heads:]]
        table = _Table(named, cells, n_heads)
        ends = [*(one.start for one in lines[1:]), run[-1].end]
        rows = [
            self._draw_row(table, n, (piece.start, end), "td" if n >= n_heads else "th")
            for n, (piece, end) in enumerate(zip(lines, ends, strict=True))
        ]
        heads = rows[0] if n_heads else table.again
        head = Markup("<thead>{}</thead>").format(heads) if heads else ""
        body = Markup("<tbody>{}</tbody>").format(Markup("").join(rows[n_heads:]))
        return _SCROLL.format("Table", Markup("<table>{}{}</table>").format(head, body))

    def _draw_row(self, table: "_Table", number: int, span: tuple[int, int], tag: str) -> Markup:
        """Return one row with all characters up to the next one."""
        start, end = span
        cells, at = table.fit(number), start
        last = max((n for n, cell in enumerate(cells) if cell.text), default=0)
        scope = Markup(' scope="col"' if tag == "th" else "")
        drawn: list[Markup] = []
        for n, cell in enumerate(cells):
            before = shown = Markup("")
            if cell.text:
                value = start + cell.start
                before, at = self._hide(at, value), value + len(cell.text)
                shown = self._draw_plain(value, at)
            behind = self._hide(at, end) if n == last else ""
            said = Markup("{}{}{}").format(before, shown, behind)
            cell_of = Markup('<{0}{1}{2} dir="auto">{3}</{0}>')
            drawn.append(cell_of.format(Markup(tag), scope, table.kind(n, cell.text), said))
        return Markup("<tr>{}</tr>").format(Markup("").join(drawn))

    def _hide(self, start: int, end: int) -> Markup:
        if start >= end:
            return Markup("")
        return Markup('<span class="joint">{}</span>').format(self._draw_plain(start, end))

    def _draw_plain(self, start: int, end: int) -> Markup:
        text, drawn = self.document.text, Markup("")
        first = bisect_right(self.links, start, key=lambda link: link[1])
        for link_start, link_end, address in self.links[first:]:
            if link_start >= end:
                break
            begins, ends = max(link_start, start), min(link_end, end)
            shown = self.marks.draw(text, begins, ends)
            drawn += self.marks.draw(text, start, begins) + _LINK.format(html_text(address), shown)
            start = ends
        return drawn + self.marks.draw(text, start, end)

    def _is_blank(self, piece: _Piece) -> bool:
        return piece.number < 0 and not self.document.text[piece.start : piece.end].strip()

    def _goes_on(self, first: _Piece, piece: _Piece) -> bool:
        """Tell whether a piece belongs to the run that another one begins."""
        role = self._role_of(first)
        if role in _TABLE:
            is_row = self._role_of(piece) is Role.ROW
            return is_row and self._names_of(piece) == self._names_of(first)
        return role in (Role.ITEM, Role.CODE) and self._role_of(piece) is role

    def _role_of(self, piece: _Piece) -> Role | None:
        return self.document.units[piece.number].role if piece.number >= 0 else None

    def _names_of(self, piece: _Piece) -> int:
        """Return the number of the unit of the columns' names of a row; -1 for none."""
        units = self.document.units
        under = piece.number if self._role_of(piece) is Role.NAMES else units[piece.number].under
        return under if under >= 0 and units[under].role is Role.NAMES else -1


class _Table:
    """The rows of a table, each with as many cells.

    Args:
        named: the line of the columns' names.
        rows: the cells of each line.
        n_heads: how many of the first rows are the names.
    """

    def __init__(self, named: str | None, rows: Sequence[tuple[Cell, ...]], n_heads: int) -> None:
        self._names = [name.rstrip(" :") for name in named.split(JOINT)] if named else []
        self._rows = rows
        self._width = max(map(len, rows))
        below = [[cell.text for cell in self.fit(n)] for n in range(n_heads, len(rows))]
        self.are_numbers = (*are_numbers(below), *[False] * self._width)

    def fit(self, number: int) -> tuple[Cell, ...]:
        """Return the cells of a row, with empty ones where other rows have more.

        Those stand before the first name, if the row has a cell for each; else at the end.
        """
        cells = self._rows[number]
        empty = (Cell(None, "", 0),) * (self._width - len(cells))
        return (*empty, *cells) if len(cells) == len(self._names) else (*cells, *empty)

    @property
    def again(self) -> Markup:
        """The names as a row without text, over rows whose names are in an earlier part."""
        if not self._names:
            return Markup("")
        heads = [*[""] * (self._width - len(self._names)), *self._names]
        drawn = (
            Markup('<th data-name="{}"{}></th>').format(html_text(name), self.kind(n))
            for n, name in enumerate(heads)
        )
        row = Markup('<tr class="again" aria-hidden="true">{}</tr>')
        return row.format(Markup("").join(drawn))

    def kind(self, column: int, text: str = "") -> Markup:
        """Return the class of the cells of a column, or of one with a hyphen, such as "9-18"."""
        is_word = "-" in text and Said(text).is_word
        kind = "number" if self.are_numbers[column] else "word" if is_word else ""
        return Markup(f' class="{kind}"' if kind else "")


_SCROLL = Markup('<div class="scroll" role="group" aria-label="{}" tabindex="0">{}</div>')
_LINK = Markup('<span class="link" tabindex="0" title="{}">{}</span>')
_PARAGRAPH = Markup('<p{} dir="auto">{}</p>')


def _list_pieces(document: Document, part: tuple[int, int]) -> Iterator[_Piece]:
    """Yield the parts of a part of a text: its units, and what stands between them.

    Units on one line are one piece, unless they are rows or the like.
    """
    at, end = part
    held: _Piece | None = None
    for piece in _list_units(document, part):
        if held and _are_one(document, held, piece):
            held = held._replace(end=piece.end)
        else:
            if held:
                yield held
            if at < piece.start:
                yield _Piece(at, piece.start, -1)
            held = piece
        at = piece.end
    if held:
        yield held
    if at < end:
        yield _Piece(at, end, -1)


def _list_units(document: Document, part: tuple[int, int]) -> Iterator[_Piece]:
    """Yield the units of a part of a text; the spaces before code are its own."""
    at, end = part
    text, units = document.text, document.units
    for number in range(max(find_unit(units, at), 0), len(units)):
        unit = units[number]
        if unit.start >= end:
            break
        start, stop = max(unit.start, at), min(unit.end, end)
        if start < stop:
            is_code = unit.role is Role.CODE
            yield _Piece(text.rfind("\n", at, start) + 1 or at if is_code else start, stop, number)
            at = stop


def _are_one(document: Document, piece: _Piece, other: _Piece) -> bool:
    """Tell whether two units stand on one line."""
    roles = {document.units[one.number].role for one in (piece, other)}
    between = document.text[piece.end : other.start]
    return not _LONE & roles and between.isspace() and "\n" not in between


def draw_around(document: Document, span: Span, *, is_beside: bool) -> Markup:
    """Return the sentences around a quote as lines, with the quote marked in them.

    Where the quote `is_beside`, only its first and last words are shown; nothing at all if there
    is nothing around it. Of a long quote the beginning counts.
    """
    span = replace(span, end=min(span.end, span.start + MAX_QUOTE_CHARS))
    start, end = _find_around(document, span)
    if is_beside and (start, end) == (span.start, span.end):
        return Markup("")
    pieces = _list_pieces(document, (start, end))
    lines = [one for one in pieces if document.text[one.start : one.end].strip()]
    inside = [one for one in lines if one.start < span.end and one.end > span.start]
    left_out = {one for one in lines if _is_names(document, one)} - {*inside}  # rows say them
    left_out |= {*inside[1:-1]}  # of a long quote the beginning and the end are shown
    lines = [one for one in lines if one not in left_out]
    drawn = [_draw_line(document, one, span, is_beside=is_beside) for one in lines]
    return Markup("").join(drawn)


def _is_names(document: Document, line: _Piece) -> bool:
    return line.number >= 0 and document.units[line.number].role is Role.NAMES


def _find_around(document: Document, span: Span) -> tuple[int, int]:
    """Return where the sentences around a quote begin and end; those of its section only."""
    text, units = document.text, document.units
    first, last = max(span.start - MAX_AROUND_CHARS, 0), min(span.end + MAX_AROUND_CHARS, len(text))
    if first and (gap := _SPACES.search(text, first, span.start)):
        first = gap.end()
    if last < len(text):
        gap_at = max(text.rfind(sign, span.end, last) for sign in " \n")
        last = gap_at if gap_at >= 0 else last
    near = [
        unit._replace(start=max(unit.start, first), end=min(unit.end, last))
        for unit in units[max(find_unit(units, first), 0) : find_unit(units, last) + 1]
        if unit.end > first and unit.start < last
    ] or [Unit(first, last)]
    heads = [unit for unit in near if unit.role is Role.HEADING]
    first = max([first, *(unit.start for unit in heads if unit.end <= span.start)])
    last = min([last, *(unit.start for unit in heads if unit.start >= span.end)])
    sentences = list_sentences(text, near)
    before = [start for start, _ in sentences if first <= start < span.start][-MAX_AROUND:]
    behind = [end for _, end in sentences if span.end < end <= last][:MAX_AROUND]
    return min([*before, span.start]), max([*behind, span.end])


def _draw_line(document: Document, line: _Piece, span: Span, *, is_beside: bool) -> Markup:
    start, end = (min(max(at, line.start), line.end) for at in (span.start, span.end))
    role = document.units[line.number].role if line.number >= 0 else Role.PARAGRAPH
    parts = ((line.start, start), (start, end), (end, line.end))
    before, quote, behind = (_SPACES.sub(" ", document.text[a:b]) for a, b in parts)
    words = quote.split()
    if is_beside and len(words) > ELIDED_WORDS:
        quote = " ".join([*words[:3], "…", *words[-3:]])
    said = [html_text(one.replace(JOINT, " · ")) for one in (before, quote, behind)]
    marked = Markup("<mark>{}</mark>").format(said[1]) if quote else ""
    own = Markup(' class="{}"').format(_AROUND[role]) if role in _AROUND else ""
    return _PARAGRAPH.format(own, Markup("{}{}{}").format(said[0], marked, said[2]))
