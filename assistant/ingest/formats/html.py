"""HTML pages: the visible text, with its blocks and headings.

Visible is what the markup itself does not hide: no scripts, styles, comments, templates or head,
nothing under `hidden`, `aria-hidden=true` or an inline style that hides. Style sheets are not
applied. Block elements and `<br>` end blocks, which are joined by newlines; the lines of `<pre>`
keep their spaces; the rows of a table are written with the names of their columns (`table.py`), and
items of an ordered list with their number. Of a web page, boilerplate is left out, with a warning:
what is marked as navigation, as the page's footer or as standing beside the text, and link lists
whose class or id says menu, breadcrumbs and the like. Where that would take too much, less is left
out, or nothing. `DocumentUnreadable` is raised for binary data.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.ingest.decode import decode, find_links
from assistant.ingest.formats.blocks import Block, Blocks, write_number
from assistant.ingest.formats.elements import BLOCKS, find_boilerplate, style_of, visit
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count, fold
from assistant.ingest.formats.table import merge_names, write_table
from assistant.ingest.sniff import is_text_in
from assistant.text.normalize import normalize
from assistant.values import Origin, Page, Role

MAX_DEPTH = 1_000
"""Block tags nested deeper are taken out before parsing, whose time grows with depth squared."""
_META_BYTES = 2_048

_ROLES = {
    "li": Role.ITEM,
    "dt": Role.LEAD_IN,
    "dd": Role.ITEM,
    "caption": Role.CAPTION,
    "figcaption": Role.CAPTION,
}
MAX_CELL_BLOCKS = 8
"""A cell with more lays out a page."""
MAX_NAME_ROWS = 3
MAX_SPAN = 100
"""Columns or rows that a cell may take: each is filled with its text."""
_FORMS = {
    "a": "lowerAlpha",
    "A": "upperAlpha",
    "i": "lowerRoman",
    "I": "upperRoman",
    "1": "decimal",
}
_NO_MARKER = re.compile(r"list-style(?:-type)?:[^;]*none")
_WHOLE = re.compile(r"-?\d{1,6}", re.ASCII)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_META_CHARSET = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
TEXT_CHARSET = re.compile(
    r"utf-?8|(?:iso-?8859|windows|cp|ibm|koi8|euc|iso-2022)-?\w+|latin-?1|(?:us-)?ascii"
    r"|shift[_-]?jis|sjis|gb\w+|big5\w*|macintosh",
    re.IGNORECASE,
)
_LATIN_1 = re.compile(r"(?:us-)?ascii|latin-?1|iso-?8859-?1", re.IGNORECASE)
_NESTING_TAG = re.compile(
    r"<(/?)(?:div|section|article|aside|blockquote|center|dd|dl|fieldset|figure|footer|form|header"
    r"|li|main|nav|ol|p|ul)\b([^<>]*)>",
    re.IGNORECASE,
)
_MAY_HIDE = re.compile(r"hidden|style", re.IGNORECASE)


@dataclass(slots=True)
class _Table:
    """A table's rows as they are read: of each cell its blocks; and which rows are names alone.

    `spans` are cells that reach into the rows to come: by column, how many rows, and what of.
    """

    rows: list[list[list[Block]]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)
    spans: dict[int, tuple[int, list[Block]]] = field(default_factory=dict)
    is_layout: bool = False
    cell: list[Block] | None = None

    def start_row(self) -> None:
        self.rows.append([])
        self.cell = None
        self.heads.append(True)
        self._fill()

    def start_cell(self, node: LexborNode) -> None:
        if not self.rows:
            self.start_row()
        cell: list[Block] = []
        n_columns, n_rows = (_number_of(node, name) for name in ("colspan", "rowspan"))
        if n_rows > 1:
            self.spans[len(self.rows[-1])] = (n_rows - 1, cell)
        self.rows[-1] += [cell, *([] for _ in range(n_columns - 1))]
        self.cell = cell
        self.heads[-1] &= node.tag == "th"
        self._fill()

    def _fill(self) -> None:
        row = self.rows[-1]
        while (held := self.spans.pop(len(row), None)) is not None:
            n_left, cell = held
            if n_left > 1:
                self.spans[-1 - len(row)] = (n_left - 1, cell)
            row.append(cell)

    def end_row(self) -> None:
        for column in [key for key in self.spans if key < 0]:
            self.spans[-1 - column] = self.spans.pop(column)


@dataclass(slots=True)
class _List:
    """A list that is being read; of an ordered one, the number of the next item and the form."""

    next: int = 1
    step: int = 1
    form: str | None = None

    @classmethod
    def begin(cls, node: LexborNode, *, is_marked: bool) -> "_List":
        """Return the list that begins with a tag; one of links for the reader has no numbers."""
        attributes = node.attributes
        style = style_of(node)
        if node.tag != "ol" or not is_marked or _NO_MARKER.search(style):
            return cls()
        is_back = "reversed" in attributes
        n_items = sum(child.tag == "li" for child in node.iter()) if is_back else 1
        start = _number_in(attributes.get("start"), n_items)
        return cls(start, -1 if is_back else 1, _FORMS.get(attributes.get("type") or "", "decimal"))

    def count(self, node: LexborNode) -> str:
        """Return the mark of the next item, "" if it has none of its own."""
        if self.form is None:
            return ""
        attributes = node.attributes
        number = _number_in(attributes.get("value"), self.next)
        self.next = number + self.step
        form = _FORMS.get(attributes.get("type") or "", self.form)
        return f"{write_number(number, form)}. "


See = Callable[[str], Iterable[Block]]


def _see_nothing(_: str) -> Iterable[Block]:
    return ()


@dataclass(slots=True)
class _Page:
    """The text gathered so far. The innermost table is held back, to name its cells.

    `quotes` is the role of paragraphs that are quoted; `see` returns what a picture says by its
    address; `pictures` are those that wait for the end of what they stand in.
    """

    blocks: Blocks
    see: See = _see_nothing
    pictures: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    quotes: Role = Role.PARAGRAPH
    n_quotes: int = 0
    n_navs: int = 0
    role: Role = Role.PARAGRAPH
    marker: str = ""

    def end_block(self, *, level: int = 0, is_pre: bool = False) -> None:
        """Turn the pending text into a block, or into one for each line of preformatted text."""
        if self.pending:
            self._end_block(level, is_pre=is_pre)
        while self.pictures and not self.tables:
            self.blocks.extend(self.see(self.pictures.pop(0)))

    def _end_block(self, level: int, *, is_pre: bool) -> None:
        text = "".join(self.pending)
        self.pending.clear()
        lines = self.blocks.clean_lines(text) if is_pre else [self.blocks.clean(text)]
        role = Role.CODE if is_pre else self.role
        role = self.quotes if self.n_quotes and role is Role.PARAGRAPH else role
        depth = len(self.lists) if role is Role.ITEM else 0
        if role is Role.ITEM and not level and lines[0]:
            lines[0] = self.marker + lines[0]
        found = [
            Block.heading(line, level) if level else Block(line, depth, role)
            for line in lines
            if line
        ]
        if found:
            self.role, self.marker = Role.PARAGRAPH, ""
        table = self.tables[-1] if self.tables else None
        if table and table.cell is not None and not table.is_layout:
            table.cell.extend(found)
        else:
            self.blocks.extend(found)

    def lay_out(self, table: _Table) -> None:
        """Read a table as one that lays out a page: its cells one after the other."""
        table.is_layout = True
        seen: set[int] = set()
        for cell in chain.from_iterable(table.rows):
            if id(cell) not in seen:
                self.blocks.extend(cell)
            seen.add(id(cell))
        table.rows.clear()

    def end_table(self, table: _Table) -> None:
        """Write the rows, with names, if each cell is a block or two of text."""
        cells = [*chain.from_iterable(table.rows)]
        if any(len(c) > MAX_CELL_BLOCKS or any(b.role is Role.HEADING for b in c) for c in cells):
            self.lay_out(table)
            return
        rows = [[" ".join(b.text for b in cell) for cell in row] for row in table.rows]
        n_heads = 0
        while n_heads < min(MAX_NAME_ROWS, len(rows) - 1) and table.heads[n_heads]:
            n_heads += 1
        names = merge_names(rows[:n_heads])
        self.blocks.extend(
            Block(text, role=role) for text, role in write_table(names, rows[n_heads:])
        )


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return a web page's text without its boilerplate, as canonical text in blocks."""
    blocks = Blocks()
    tree, warning = _open_page(data)
    left_out, n_words = find_boilerplate(tree)
    _read_tree(tree, _Page(blocks), left_out)
    told = count(n_words, "word", "of navigation, menus and footers left out")
    return blocks.finish(_find_title(tree), [warning, told])


def locate(data: bytes, span: tuple[int, int], _pages: Sequence[Page] = ()) -> Origin:
    """Return the links in a span of a web page's text."""
    tree, _warning = _open_page(data)
    left_out, _n_words = find_boilerplate(tree)
    return Origin(links=find_links(parse(data).text, _list_runs(tree, left_out), span))


def _list_runs(tree: LexborHTMLParser, left_out: Collection[int]) -> Iterator[tuple[str, str]]:
    """Yield the visible text with the address to which each part leads, "" for none."""
    linked: list[str] | None = None
    for node, is_start in visit(tree.root, left_out):
        if node.is_text_node:
            said = node.text_content or ""
            if linked is None:
                yield said, ""
            else:
                linked.append(said)
        elif node.tag == "a":
            if linked:
                yield "".join(linked), node.attributes.get("href") or ""
            linked = [] if is_start else None


def read_page(
    data: bytes, blocks: Blocks, *, quotes: Role = Role.PARAGRAPH, see: See = _see_nothing
) -> tuple[str | None, str | None]:
    """Add all the visible text of what is no page of a site: of a book's chapter, or a mail.

    Args:
        data: the page.
        blocks: what is added to.
        quotes: the role of quoted paragraphs.
        see: returns what the picture at an address says, which follows what it stands in.

    Returns:
        Its title, and a warning of its encoding.
    """
    tree, warning = _open_page(data)
    _read_tree(tree, _Page(blocks, see=see, quotes=quotes))
    return _find_title(tree), warning


def _open_page(data: bytes) -> tuple[LexborHTMLParser, str | None]:
    source, warning = _decode_html(data)
    return LexborHTMLParser(_limit_depth(source)), warning


def _decode_html(data: bytes) -> tuple[str, str | None]:
    """Decode by byte-order mark, else by the page's own charset unless it is plainly UTF-8."""
    declared = _META_CHARSET.search(data[:_META_BYTES])
    charset = declared.group(1).decode("ascii", "ignore") if declared else ""
    is_stateful = charset.lower().startswith("iso-2022")
    if TEXT_CHARSET.fullmatch(charset) and (is_stateful or not is_text_in(data, "utf-8")):
        try:
            return data.decode("cp1252" if _LATIN_1.fullmatch(charset) else charset), None
        except (LookupError, UnicodeDecodeError):
            pass
    decoded = decode(data)
    return decoded.text, decoded.warning


def _limit_depth(source: str) -> str:
    """Take out what nests too deep, tag by tag; the text inside stays, as blocks."""
    depth = 0

    def limit(tag: re.Match[str]) -> str:
        nonlocal depth
        is_end = bool(tag.group(1))
        depth = max(depth - 1, 0) if is_end else depth + 1
        is_kept = depth + is_end <= MAX_DEPTH or bool(_MAY_HIDE.search(tag.group(2)))
        return tag.group() if is_kept else "<br>"

    # Most pages never come near; counting is cheaper than rewriting.
    return _NESTING_TAG.sub(limit, source) if source.count("<") > MAX_DEPTH else source


def _read_tree(tree: LexborHTMLParser, page: _Page, left_out: Collection[int] = ()) -> None:
    """Go through the tree in reading order, without recursion: it may be deep."""
    n_pre = 0
    for node, is_start in visit(tree.root, left_out):
        tag = node.tag or ""
        if tag == "-text":
            page.pending.append(node.text_content or "")
        elif tag == "img" and is_start:
            page.pictures.append(node.attributes.get("src") or "")
        elif tag == "br" and n_pre:
            page.pending.append("\n" * is_start)
        elif tag in BLOCKS:
            page.end_block(level=0 if is_start else _HEADINGS.get(tag, 0), is_pre=n_pre > 0)
            n_pre += (1 if is_start else -1) * (tag == "pre")
            _track(node, is_start, page)
    page.end_block()


def _track(node: LexborNode, is_start: bool, page: _Page) -> None:
    """Note where a table, a row, a cell, a list or an item begins or ends."""
    tag = node.tag or ""
    table = page.tables[-1] if page.tables else None
    if tag == "table":
        if is_start:
            if table and not table.is_layout:  # what has a table inside lays out the page
                page.lay_out(table)
            page.tables.append(_Table())
        elif table:
            page.end_table(page.tables.pop())
    elif table and tag == "tr":
        table.start_row() if is_start else table.end_row()
    elif table and tag in ("td", "th") and is_start and not table.is_layout:
        table.start_cell(node)
    else:
        _track_list(node, is_start, page)
    if tag == "blockquote":
        page.n_quotes += 1 if is_start else -1
    if tag in _ROLES:
        page.role = _ROLES[tag] if is_start else Role.PARAGRAPH


def _track_list(node: LexborNode, is_start: bool, page: _Page) -> None:
    """Note where a list or an item begins or ends, and what the item is marked with."""
    if node.tag in ("ul", "ol", "menu", "dir"):
        if is_start:
            page.lists.append(_List.begin(node, is_marked=not page.n_navs))
        else:
            page.lists.pop()
    elif node.tag == "nav":
        page.n_navs += 1 if is_start else -1
    elif node.tag == "li":
        page.marker = page.lists[-1].count(node) if is_start and page.lists else ""


def _number_of(node: LexborNode, name: str) -> int:
    """Return how many columns or rows a cell takes."""
    value = (node.attributes.get(name) or "").strip()
    return max(1, min(int(value), MAX_SPAN)) if value.isdecimal() and len(value) < 6 else 1


def _number_in(value: str | None, default: int) -> int:
    """Return the whole number that an attribute has."""
    found = _WHOLE.fullmatch((value or "").strip())
    return int(found[0]) if found else default


def _find_title(tree: LexborHTMLParser) -> str | None:
    title = tree.head.css_first("title") if tree.head is not None else None
    return fold(normalize(title.text() or "")[0]) or None if title is not None else None
