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
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.ingest.decode import decode
from assistant.ingest.formats.blocks import Block, Blocks, write_number
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count, fold
from assistant.ingest.formats.table import merge_names, write_table
from assistant.ingest.sniff import is_text_in
from assistant.text.normalize import normalize
from assistant.values import Role

MAX_DEPTH = 1_000
"""Block tags nested deeper are taken out before parsing, whose time grows with depth squared."""
_META_BYTES = 2_048

# fmt: off
_DROPPED = frozenset((
    "audio", "canvas", "datalist", "head", "iframe", "noscript", "object", "script", "style", "svg",
    "template", "video",
))
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu",
    "nav", "ol", "optgroup", "option", "p", "pre", "search", "section", "select", "summary",
    "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr", "ul",
))
# fmt: on
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
# fmt: off
_MENU_ROLES = frozenset((
    "contentinfo", "doc-toc", "menu", "menubar", "navigation", "search",
))
_SECTIONS = frozenset((
    "article", "blockquote", "details", "figure", "li", "main", "section", "td",
))
# fmt: on
"""In one of these a footer is not the page's, and what stands beside the text belongs to it."""
_MENU_NAME = re.compile(
    r"nav|menu|menü|breadcrumb|side-?bar|seitenleiste|(?<![^\W_])toc(?![^\W_])|table-?of-?contents"
    r"|shar(?:e|ing)|social|related|pag(?:er|inat)|skip|widget|cart|newsletter",
    re.IGNORECASE,
)
_HOLDER_NAME = re.compile(
    r"content(?!s)|container|wrapper|layout|page(?!r|-?foot|-?nav)|body|main(?!-?(?:nav|menu))",
    re.IGNORECASE,
)
"""What holds the text as well: `nav-content`, `page-with-sidebar`."""
_FOOTER_NAME = re.compile(r"foot(?!note)|fu(?:ss|ß)zeile", re.IGNORECASE)
_COOKIE_NAME = re.compile(
    r"(?:cookie|gdpr)[\w-]{0,20}?(?:banner|bar|consent|notice|popup|modal|hint|law|layer|overlay)"
    r"|consent|cmp-",
    re.IGNORECASE,
)
MAX_NAME_CHARS = 200
"""Of an element's id and classes that are looked at."""
MAX_COOKIE_WORDS = 200
MENU_SHARE = 0.5
"""Of the words of what is called a menu that are links."""
FOOTER_SHARE = 0.25
"""The same, of what is called a footer and is not marked as the page's."""
MIN_PLAIN = 10
"""Words outside links that stay, or nothing is left out."""
MIN_LEFT = 20
"""Words that stay where more are left out that names alone tell from the text."""
_WORD = re.compile(r"[^\W\d_]+")
_CONTROLS = frozenset(("a", "button", "option"))
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
_HIDING_STYLE = re.compile(r"display:none|visibility:(?:hidden|collapse)")
_UNREAD_STYLE = re.compile(r"\s|/\*.*?(?:\*/|\Z)", re.DOTALL)
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
        style = _UNREAD_STYLE.sub("", attributes.get("style") or "").lower()
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


@dataclass(slots=True)
class _Page:
    """The text gathered so far. The innermost table is held back, to name its cells."""

    blocks: Blocks
    pending: list[str] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    n_navs: int = 0
    role: Role = Role.PARAGRAPH
    marker: str = ""

    def end_block(self, *, level: int = 0, is_pre: bool = False) -> None:
        """Turn the pending text into a block, or into one for each line of preformatted text."""
        if not self.pending:
            return
        text = "".join(self.pending)
        self.pending.clear()
        lines = self.blocks.clean_lines(text) if is_pre else [self.blocks.clean(text)]
        role = Role.CODE if is_pre else self.role
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


def read_page(data: bytes, blocks: Blocks) -> tuple[str | None, str | None]:
    """Add all the visible text of what is no page of a site: of a book's chapter, or a mail.

    Returns:
        Its title, and a warning of its encoding.
    """
    tree, warning = _open_page(data)
    _read_tree(tree, _Page(blocks))
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


_Basis = Literal["marked", "beside", "footer", "menu", "cookies"]


@dataclass(slots=True)
class _Part:
    """A part of a page that may be boilerplate, by what its markup says it is.

    Counts are of words with a letter; those of links and buttons are `n_linked`, too. They hold
    those of the parts inside it. `outer` is the number of the part around it, -1 for none.
    """

    node_id: int
    basis: _Basis
    outer: int
    n_words: int = 0
    n_linked: int = 0
    n_links: int = 0
    has_title: bool = False

    def is_boilerplate(self) -> bool:
        """Tell whether what is in it bears out what it is called; no title of a page stands there.

        What is marked as navigation, or as standing beside the text, need not be borne out.
        """
        if self.has_title:
            return False
        if self.basis == "cookies":
            return self.n_links > 0 and self.n_words <= MAX_COOKIE_WORDS
        share = {"menu": MENU_SHARE, "footer": FOOTER_SHARE}.get(self.basis)
        return share is None or (self.n_links > 1 and self.n_linked >= share * self.n_words)

    def take_in(self, inner: "_Part") -> None:
        """Count what is in a part inside it."""
        self.n_words += inner.n_words
        self.n_linked += inner.n_linked
        self.n_links += inner.n_links
        self.has_title |= inner.has_title


def find_boilerplate(tree: LexborHTMLParser) -> tuple[Collection[int], int]:
    """Return the elements that hold no text of the page's own, by `mem_id`; and their words.

    Of the words outside links at least half stay, and `MIN_PLAIN` of them: else only what is marked
    as navigation or as the page's footer is left out, or, where that is too much, nothing.
    """
    whole, parts = _count_parts(tree)
    found = [part.is_boilerplate() for part in parts]
    marked = [is_one and p.basis == "marked" for is_one, p in zip(found, parts, strict=True)]
    for chosen in (found, marked):
        n_words = n_plain = 0
        is_within: list[bool] = []
        for part, is_chosen in zip(parts, chosen, strict=True):
            is_covered = part.outer >= 0 and is_within[part.outer]
            if is_chosen and not is_covered:
                n_words += part.n_words
                n_plain += part.n_words - part.n_linked
            is_within.append(is_chosen or is_covered)
        stays, stays_plain = whole.n_words - n_words, whole.n_words - whole.n_linked - n_plain
        is_enough = stays >= min(n_words, MIN_LEFT) or chosen is marked
        if stays_plain >= max(MIN_PLAIN, n_plain) and is_enough:
            ids = {part.node_id for part, is_one in zip(parts, chosen, strict=True) if is_one}
            return ids, n_words
    return (), 0


def _count_parts(tree: LexborHTMLParser) -> tuple[_Part, list[_Part]]:
    """Return the whole page, and its parts that may be boilerplate, outer ones first."""
    has_main = tree.css_first('main, article, [role="main"]') is not None
    whole = _Part(0, "marked", -1)
    parts: list[_Part] = []
    open_parts = [(whole, -1)]
    n_controls = n_sections = 0
    for node, is_start in _visit(tree.root):
        tag = node.tag or ""
        part, number = open_parts[-1]
        if tag == "-text":
            n_words = len(_WORD.findall(node.text_content or ""))
            part.n_words += n_words
            part.n_linked += n_words if n_controls else 0
        elif tag in _CONTROLS and _is_control(node):
            n_controls += 1 if is_start else -1
            part.n_links += is_start
        elif tag in _BLOCKS and tag not in ("html", "body"):
            part.has_title |= tag == "h1"
            is_section = tag in _SECTIONS or node.attributes.get("role") == "main"
            if is_start:
                basis = _basis_of(node, in_section=n_sections > 0, has_main=has_main)
                if basis:
                    parts.append(_Part(node.mem_id, basis, number))
                    open_parts.append((parts[-1], len(parts) - 1))
            elif part.node_id == node.mem_id:
                open_parts.pop()
                open_parts[-1][0].take_in(part)
            n_sections += (1 if is_start else -1) * is_section
    return whole, parts


def _is_control(node: LexborNode) -> bool:
    """Tell whether something leads elsewhere: an address or a number to call is text."""
    return not (node.attributes.get("href") or "").lstrip().lower().startswith(("mailto:", "tel:"))


def _basis_of(node: LexborNode, *, in_section: bool, has_main: bool) -> _Basis | None:
    """Return what says that an element may be boilerplate, if anything does."""
    tag, attributes = node.tag, node.attributes
    role = (attributes.get("role") or "").strip().lower()
    if tag == "nav" or role in _MENU_ROLES:
        return "marked"
    if tag == "footer":
        return "footer" if in_section else "marked"
    if tag == "aside" or role == "complementary":
        return "beside" if has_main and not in_section else "menu"
    names = " ".join((attributes.get(key) or "")[:MAX_NAME_CHARS] for key in ("id", "class"))
    if len(names) < 3:
        return None
    if _COOKIE_NAME.search(names):
        return "cookies"
    if _FOOTER_NAME.search(names):
        return "footer"
    return "menu" if _MENU_NAME.search(names) and not _HOLDER_NAME.search(names) else None


def _read_tree(tree: LexborHTMLParser, page: _Page, left_out: Collection[int] = ()) -> None:
    """Go through the tree in reading order, without recursion: it may be deep."""
    n_pre = 0
    for node, is_start in _visit(tree.root, left_out):
        tag = node.tag or ""
        if tag == "-text":
            page.pending.append(node.text_content or "")
        elif tag == "br" and n_pre:
            page.pending.append("\n" * is_start)
        elif tag in _BLOCKS:
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


def _visit(
    root: LexborNode | None, left_out: Collection[int] = ()
) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each visible node as its start (True) and, unless it is text, its end (False).

    Args:
        root: where to start; None, that of no tree, has none.
        left_out: elements that are passed over, by `mem_id`.
    """
    if root is None:
        return
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, is_start = stack.pop()
        if not is_start:
            yield node, False
            continue
        # The root has no siblings that are ours.
        if node.next is not None and node.mem_id != root.mem_id:
            stack.append((node.next, True))
        if node.is_text_node:
            yield node, True
        elif node.is_element_node and not (_is_hidden(node) or node.mem_id in left_out):
            yield node, True
            stack.append((node, False))
            if node.first_child is not None:
                stack.append((node.first_child, True))


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return node.tag == "dialog"
    style = _UNREAD_STYLE.sub("", attributes.get("style") or "").lower()
    return (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").strip().lower() == "true"
        or bool(_HIDING_STYLE.search(style))
        or (node.tag == "dialog" and "open" not in attributes)
    )


def _find_title(tree: LexborHTMLParser) -> str | None:
    title = tree.head.css_first("title") if tree.head is not None else None
    return fold(normalize(title.text() or "")[0]) or None if title is not None else None
