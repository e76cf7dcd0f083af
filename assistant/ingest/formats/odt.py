"""OpenDocument texts, presentations and drawings: what a reader of the page sees, in blocks.

The body is walked in order. A paragraph or an item of a list is a block, or one for each of its
lines, with its number; a table's row is a block, its cells joined by ` | `, unless it lays out a
page. Text boxes follow the paragraph that they are anchored to, footnotes and endnotes the body.
Headings are those of the outline; of a slide its title, which comes first. Slides are pages, and
their notes come last. Texts that a tracked change has deleted are left out; so are,
with a warning, hidden text, slides and comments, and embedded objects. There are no pages before a
text is laid out. A flat document is one file of XML with all of that in it.
`DocumentUnreadable` is raised for damaged and encrypted files and for bombs.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import open_archive, starts_like_xml
from assistant.ingest.formats.blocks import Block, Blocks, write_blocks, write_number
from assistant.ingest.formats.ooxml import (
    Inserted,
    Pictures,
    find,
    name_of,
    parse_xml,
    read_base64,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.text.normalize import normalize
from assistant.values import PageKind, Role

_PICTURES = "Pictures/"
_See = Callable[[etree._Element], Iterator[Block]]
"""Returns what the picture of an element says."""
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


_FORMS = {
    "1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman",
}  # fmt: skip


class _Level(NamedTuple):
    """How a level of a list is numbered: without a form it has bullets."""

    form: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    n_shown: int = 1


_LENGTH = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
_CELLS = ("table-cell", "covered-table-cell")
MAX_NAME_ROWS = 3
MAX_AFFIX_CHARS = 10


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

    def __init__(self, blocks: Blocks, roots: Sequence[etree._Element], see: _See) -> None:
        self.notes: list[etree._Element] = []
        self.n_hidden = self.n_comments = self.n_objects = 0
        self.blocks = blocks
        self._hidden = _hidden_styles(roots)
        self._levels = _levels_of(roots)
        self._see = see
        self._n_tables = 0
        self._waiting: list[etree._Element] = []
        self._list_style = ""
        self._numbers: list[str] = []
        self._counts: dict[tuple[str, int], int] = {}

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
            elif name == "image":
                self._waiting.append(child)
                yield from self._look()
            else:
                yield from self.read(child)

    def _look(self) -> Iterator[Block]:
        """Yield what the pictures say that came by; those of a table wait for its end."""
        while self._waiting and not self._n_tables:
            yield from self._see(self._waiting.pop(0))

    def _read_line(self, paragraph: etree._Element, level: int) -> Iterator[Block]:
        line = _Line()
        self._read_inline(paragraph, line)
        text = "".join(line.pieces)
        for part in [text] if level else text.split("\n"):
            if cleaned := self.blocks.clean(part):
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
        outer, style = self._list_style, value_of(parent, "style-name") or self._list_style
        depth = len(self._numbers) + 1
        level = self._levels.get((style, depth), _Level())
        number = level.start - 1
        if value_of(parent, "continue-numbering") == "true":
            number = self._counts.get((style, depth), number)
        self._list_style = style
        self._numbers.append("")
        for item in parent:
            is_first = name_of(item) == "list-item"
            if is_first:
                number = _small(value_of(item, "start-value")) or number + 1
                self._numbers[-1] = write_number(number, level.form) if level.form else ""
            shown = ".".join(filter(None, self._numbers[-level.n_shown :]))
            marker = f"{level.prefix}{shown}{level.suffix} " if level.form else ""
            for block in self.read([item]):
                is_item = is_first and block.role is Role.PARAGRAPH
                yield Block(f"{marker}{block.text}", depth, Role.ITEM) if is_item else block
                is_first = False
        self._numbers.pop()
        self._list_style = outer
        self._counts[style, depth] = number

    def _read_table(self, table: etree._Element) -> Iterator[Block]:
        self._n_tables += 1
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
        self._n_tables -= 1
        yield from self._look()

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
    roots = [parse_xml(archive.read(_STYLES))] if _STYLES in archive.names else []
    inserted = Inserted(archive, limits)

    def see(image: etree._Element) -> Iterator[Block]:
        part = posixpath.normpath(unquote(value_of(image, "href") or ""))
        return inserted.read("image", part if part.startswith(_PICTURES) else "")

    blocks = Blocks(limits.max_chars)
    told = _read(root, _Walk(blocks, [*roots, root], see), [*roots, root], limits)
    title = _title_of(parse_xml(archive.read(_META))) if _META in archive.names else None
    n_pictures = archive.count_under(_PICTURES)
    warnings = [*told, *inserted.pictures.warn(n_pictures)]
    return blocks.finish(title or blocks.first_title(), warnings)


def parse_flat(root: etree._Element, limits: Limits) -> Parsed:
    """Return the text of a flat document, whose root has everything in it."""
    pictures = Pictures(limits)
    n_pictures = 0

    def see(image: etree._Element) -> Iterator[Block]:
        nonlocal n_pictures
        written = find(image, "binary-data")
        n_pictures += written is not None
        yield from pictures.look(read_base64(written))

    blocks = Blocks(limits.max_chars)
    told = _read(root, _Walk(blocks, [root], see), [root], limits)
    title = _title_of(root) or blocks.first_title()
    return blocks.finish(title, [*told, *pictures.warn(n_pictures)])


def _read(
    root: etree._Element, walk: _Walk, roots: Sequence[etree._Element], limits: Limits
) -> list[str | None]:
    """Read the body and its notes; return what was left out."""
    bodies = (find(root, "body", kind) for kind in ("text", "presentation", "drawing"))
    body = next((found for found in bodies if found is not None), None)
    if body is None:
        raise DocumentUnreadable("damaged: there is no text document in it", Fault.CORRUPT)
    n_hidden = 0
    if name_of(body) == "text":
        walk.blocks.extend(walk.read(body))
    else:
        n_hidden = _read_slides(body, roots, walk, limits)
    while walk.notes:  # a note may hold another
        notes, walk.notes = walk.notes, []
        walk.blocks.extend(walk.read(notes))
    return [
        count(n_hidden, "hidden slide", "left out"),
        count(walk.n_hidden, "piece", "of hidden text left out"),
        count(walk.n_comments, "comment", "left out"),
        count(walk.n_objects, "embedded object", "not read"),
    ]


def _read_slides(
    body: etree._Element,
    roots: Iterable[etree._Element],
    walk: _Walk,
    limits: Limits,
) -> int:
    """Read the slides that are shown, each a page; return how many are not."""
    slides = [child for child in body if name_of(child) == "page"]
    if len(slides) > limits.max_pages:
        raise DocumentUnreadable(
            f"{len(slides):,} slides, over the limit of {limits.max_pages:,}; split it",
            Fault.TOO_LARGE,
        )
    styles = (style for root in roots for style in root.iter("{*}style"))
    hidden = {
        value_of(style, "name")
        for style in styles
        if value_of(find(style, "drawing-page-properties"), "visibility") == "hidden"
    }
    kind = PageKind.PAGE if name_of(body) == "drawing" else PageKind.SLIDE
    n_hidden = 0
    for number, slide in enumerate(slides, start=1):
        if value_of(slide, "style-name") in hidden:
            n_hidden += 1
            continue
        walk.blocks.start_page(number, kind)
        parts = sorted(slide, key=_order_on_slide)
        for part in parts:
            level = int(value_of(part, "class") == "title")
            for block in walk.read([part]):
                walk.blocks.append(Block.heading(block.text, 1) if level else block)
        walk.blocks.end_page()
    return n_hidden


def _order_on_slide(part: etree._Element) -> tuple[int, float, float]:
    """Return what orders the parts of a slide: its title, then from top to bottom, then notes."""
    rank = 0 if value_of(part, "class") == "title" else 2 if name_of(part) == "notes" else 1
    return rank, _length(value_of(part, "y")), _length(value_of(part, "x"))


def _length(value: str | None) -> float:
    """Return a length as written, all those of a file being in one unit."""
    found = _LENGTH.match(value or "")
    return float(found[0]) if found else 0.0


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


def _levels_of(roots: Iterable[etree._Element]) -> dict[tuple[str, int], _Level]:
    """Return how the levels of the lists of each style are numbered."""
    found: dict[tuple[str, int], _Level] = {}
    for root in roots:
        for style in root.iter("{*}list-style"):
            for one in style:
                form = _FORMS.get(value_of(one, "num-format") or "")
                level = _small(value_of(one, "level"))
                if form and level and name_of(one) == "list-level-style-number":
                    found[value_of(style, "name") or "", level] = _Level(
                        form,
                        normalize(value_of(one, "num-prefix") or "")[0].strip()[:MAX_AFFIX_CHARS],
                        normalize(value_of(one, "num-suffix") or "")[0].strip()[:MAX_AFFIX_CHARS],
                        _small(value_of(one, "start-value")) or 1,
                        _small(value_of(one, "display-levels")) or 1,
                    )
    return found


def _small(value: str | None) -> int:
    """Return a number of a few digits, 0 for anything else."""
    return int(value) if value and value.isdecimal() and len(value) < 7 else 0


def _title_of(root: etree._Element) -> str | None:
    title = next(root.iter("{http://purl.org/dc/elements/1.1/}title"), None)
    return sensible_title(title.text) if title is not None else None
