"""OpenDocument texts: what a reader of the page sees, in blocks.

The body is walked in order. A paragraph or an item of a list is a block, or one for each of its
lines; a table's row is a block, its cells joined by ` | `, unless it lays out a page. Text boxes
follow the paragraph that they are anchored to, footnotes and endnotes the body. Headings are those
of the outline. Texts that a tracked change has deleted are left out; so are, with a warning, hidden
text, comments, pictures and embedded objects. There are no pages before a text is laid out.
`DocumentUnreadable` is raised for damaged and encrypted files and for bombs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import open_archive, starts_like_xml
from assistant.ingest.formats.blocks import Block, Blocks, write_blocks
from assistant.ingest.formats.ooxml import find, name_of, parse_xml, sensible_title, value_of
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.values import Role

_CONTENT, _STYLES, _META = "content.xml", "styles.xml", "meta.xml"
_MANIFEST = "META-INF/manifest.xml"
_MAX_LEVEL = 9
_MAX_SPACES = 100
_LINES = frozenset("p h".split())
_IGNORED = frozenset(
    "tracked-changes forms sequence-decls variable-decls user-field-decls event-listeners "
    "table-of-content-source illustration-index-source table-index-source object-index-source "
    "user-index-source alphabetical-index-source bibliography-source covered-table-cell ruby-text "
    "note-citation tab-stop soft-page-break script dde-connection-decls".split()
)
_CAPTIONS = frozenset("title desc".split())
"""Of drawings; inside a line, `title` is a field that shows the document's."""
_HIDDEN_FIELDS = frozenset("hidden-text hidden-paragraph".split())
_BREAKS = {"tab": "\t", "line-break": "\n"}
_ANCHORED = frozenset("frame text-box custom-shape rect ellipse polygon path g caption".split())
_OBJECTS = frozenset("object object-ole".split())


_CELLS = ("table-cell", "covered-table-cell")
MAX_NAME_ROWS = 3


def _n_rows(cell: etree._Element) -> int:
    """Return how many rows a cell takes."""
    value = value_of(cell, "number-rows-spanned") or "1"
    return int(value) if value.isdecimal() and len(value) < 5 else 1


@dataclass(slots=True)
class _Line:
    pieces: list[str] = field(default_factory=list)
    anchored: list[etree._Element] = field(default_factory=list)


class _Walk:
    """A walk through one text; knows at its end what it left out, and the notes to come."""

    def __init__(self, blocks: Blocks, hidden: frozenset[str]) -> None:
        self.notes: list[etree._Element] = []
        self.n_hidden = self.n_comments = self.n_objects = 0
        self._blocks = blocks
        self._hidden = hidden
        self._n_lists = 0

    def read(self, parent: Iterable[etree._Element]) -> Iterator[Block]:
        """Yield the blocks under an element, in order."""
        for child in parent:
            name = name_of(child)
            if name in _IGNORED | _CAPTIONS or self._is_left_out(child, name):
                continue
            if name in _LINES:
                yield from self._read_line(child, _level_of(child) if name == "h" else 0)
            elif name == "table":
                yield from self._read_table(child)
            elif name == "list":
                yield from self._read_list(child)
            else:
                yield from self.read(child)

    def _read_line(self, paragraph: etree._Element, level: int) -> Iterator[Block]:
        line = _Line()
        self._read_inline(paragraph, line)
        text = "".join(line.pieces)
        for part in [text] if level else text.split("\n"):
            if cleaned := self._blocks.clean(part):
                yield Block.heading(cleaned, level)
        yield from self.read(line.anchored)

    def _read_inline(self, parent: etree._Element, line: _Line) -> None:
        line.pieces.append(_spaces(parent.text))
        for child in parent:
            self._read_piece(child, name_of(child), line)
            line.pieces.append(_spaces(child.tail))

    def _read_piece(self, child: etree._Element, name: str, line: _Line) -> None:
        if not name or name in _IGNORED or self._is_left_out(child, name):
            return
        if name == "s":
            line.pieces.append(" " * min(int(value_of(child, "c") or 1), _MAX_SPACES))
        elif name in _BREAKS:
            line.pieces.append(_BREAKS[name])
        elif name == "note":
            self.notes.append(child)
        elif name in _ANCHORED:
            line.anchored.append(child)
        else:
            self._read_inline(child, line)

    def _read_list(self, parent: etree._Element) -> Iterator[Block]:
        self._n_lists += 1
        for item in parent:
            is_first = name_of(item) == "list-item"
            for block in self.read([item]):
                is_item = is_first and block.role is Role.PARAGRAPH
                yield Block(block.text, self._n_lists, Role.ITEM) if is_item else block
                is_first = False
        self._n_lists -= 1

    def _read_table(self, table: etree._Element) -> Iterator[Block]:
        heads = [row for part in table if name_of(part) == "table-header-rows" for row in part]
        rows = list(self._rows_of(table))
        cells = [[c for c in row if name_of(c) in _CELLS] for row in rows]
        read: list[list[list[Block]]] = []
        below: dict[int, tuple[int, list[Block]]] = {}
        for row in cells:
            below = {column: (n - 1, held) for column, (n, held) in below.items()}
            filled: list[list[Block]] = []
            for cell in row:
                if name_of(cell) == "table-cell":
                    own = [*self.read(cell)]
                    below[len(filled)] = _n_rows(cell), own
                else:
                    n_left, held = below.get(len(filled), (0, []))
                    own = held if n_left > 0 else []
                filled.append(own)
            read.append(filled)
        yield from write_blocks(read, min(len(heads), MAX_NAME_ROWS))

    def _rows_of(self, part: etree._Element) -> Iterator[etree._Element]:
        """Yield the rows of a table that are shown, those of tables within it left out."""
        for child in part:
            name = name_of(child)
            if name == "table-row":
                yield child
            elif name.startswith("table-") and not self._is_left_out(child, name):
                yield from self._rows_of(child)

    def _is_left_out(self, element: etree._Element, name: str) -> bool:
        """Tell whether an element is not shown as text, and count it."""
        if name == "annotation":
            self.n_comments += 1
        elif name in _OBJECTS:
            self.n_objects += 1
        elif (
            name in _HIDDEN_FIELDS
            or value_of(element, "style-name") in self._hidden
            or (name == "section" and value_of(element, "display") in ("none", "condition"))
        ):
            self.n_hidden += bool("".join(element.itertext()).strip())
        else:
            return False
        return True


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of the body and its notes, with its headings."""
    archive = open_archive(data, _is_parsed)
    if _MANIFEST in archive.names and b"encryption-data" in archive.read(_MANIFEST):
        raise DocumentUnreadable(
            "encrypted: open it with its password and save it without one", Fault.ENCRYPTED
        )
    root = parse_xml(archive.read(_CONTENT))
    body = find(root, "body", "text")
    if body is None:
        raise DocumentUnreadable("damaged: there is no text document in it", Fault.CORRUPT)
    roots = [parse_xml(archive.read(_STYLES))] if _STYLES in archive.names else []
    blocks = Blocks(limits.max_chars)
    walk = _Walk(blocks, _hidden_styles([*roots, root]))
    blocks.extend(walk.read(body))
    while walk.notes:  # a note may hold another
        notes, walk.notes = walk.notes, []
        blocks.extend(walk.read(notes))
    title = _title_of(archive.read(_META)) if _META in archive.names else None
    return blocks.finish(
        title or blocks.first_title(),
        [
            count(walk.n_hidden, "piece", "of hidden text left out"),
            count(walk.n_comments, "comment", "left out"),
            count(walk.n_objects, "embedded object", "not read"),
            count(archive.count_under("Pictures/"), "picture", "not read"),
        ],
    )


def _is_parsed(name: str, head: bytes) -> bool:
    # What is encrypted is no XML, and is refused for that.
    return name in (_CONTENT, _STYLES, _META) and starts_like_xml(head)


def _level_of(heading: etree._Element) -> int:
    level = value_of(heading, "outline-level") or ""
    return min(max(int(level), 1), _MAX_LEVEL) if level.isdecimal() else 1


def _spaces(text: str | None) -> str:
    """Return text whose line breaks, as anywhere in this format, are only spaces."""
    return (text or "").replace("\n", " ").replace("\r", " ")


def _hidden_styles(roots: Iterable[etree._Element]) -> frozenset[str]:
    """Return the names of the styles that hide text, themselves or by what they inherit."""
    parents: dict[str, str] = {}
    hidden: set[str] = set()
    for root in roots:
        for style in root.iter("{*}style"):
            name = value_of(style, "name") or ""
            parents[name] = value_of(style, "parent-style-name") or ""
            if value_of(find(style, "text-properties"), "display") == "none":
                hidden.add(name)
    for name, parent in parents.items():
        if parent in hidden:
            hidden.add(name)
    return frozenset(hidden)


def _title_of(meta: bytes) -> str | None:
    title = next(parse_xml(meta).iter("{http://purl.org/dc/elements/1.1/}title"), None)
    return sensible_title(title.text) if title is not None else None
