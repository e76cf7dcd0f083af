"""Word documents: what a reader of the page sees, in blocks.

The body is walked in order; footnotes and endnotes follow it in the order in which the text refers
to them. Headings are those of styles and outline levels; they and the items of lists have the
numbers that Word shows. References to parts that are not in the package are taken out before
python-docx opens it. Files inserted in it are read where they stand, and so are the words in
pictures. Left out, with a warning: hidden text, comments, page headers and footers, charts,
diagrams, embedded files, symbols of picture fonts. A Word document has no pages before it is laid
out. `DocumentUnreadable` is raised for damaged and encrypted files and for bombs.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.part import PartFactory
from docx.package import Package
from docx.parts.document import DocumentPart
from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import open_archive
from assistant.ingest.formats.blocks import Block, Blocks, write_blocks
from assistant.ingest.formats.ooxml import (
    Inserted,
    Numbering,
    choose,
    describe_left_out,
    drop_dangling,
    find,
    find_main,
    is_on,
    list_relations,
    name_of,
    parse_xml,
    refuse_strict,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.values import Role

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
_LIST_LEVELS = "0 1 2 3 4 5 6 7 8".split()
NO_LIST = "0"
"""The number of a list that takes a paragraph out of its style's."""
_MAX_LINE = 30
MAX_NAME_ROWS = 3
MAX_COLUMNS = 100
"""That a cell may take: of them it fills the first."""


@dataclass(frozen=True, slots=True)
class Styles:
    """What the styles, by their ids, do to text.

    `levels` are those of headings; `hidden` hide what they are applied to; `lists` make items of
    the list with that number, at a level if they say one.
    """

    levels: Mapping[str, int]
    hidden: frozenset[str]
    lists: Mapping[str, tuple[str, str | None]]


def read_styles(root: etree._Element) -> Styles:
    """Return what the styles under the root of a styles part do."""
    styles = {value_of(s, "styleId") or "": s for s in root if name_of(s) == "style"}
    levels: dict[str, int] = {}
    lists: dict[str, tuple[str, str | None]] = {}
    hidden = set()
    for name in styles:
        line = _line(name, styles)
        numbered = [n for n in (find(s, "pPr", "numPr") for s in line) if n is not None]
        number = _first_value(numbered, "numId")
        if number is not None and number != NO_LIST:
            lists[name] = number, _first_value(numbered, "ilvl")
        level = next((n for n in map(_level, line) if n is not None), 0)
        if level:
            levels[name] = level
        vanish = next((v for v in (find(s, "rPr", "vanish") for s in line) if v is not None), None)
        if is_on(vanish):
            hidden.add(name)
    return Styles(levels, frozenset(hidden), lists)


def outline_level(properties: etree._Element | None) -> int | None:
    """Return the heading level that properties of a paragraph set, 0 for none, None if unsaid."""
    value = value_of(find(properties, "outlineLvl")) or ""
    if not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _BODY_LEVEL else 0


def _first_value(elements: Iterable[etree._Element], name: str) -> str | None:
    """Return the first value that any of the elements gives a property."""
    return next((v for v in (value_of(find(one, name)) for one in elements) if v is not None), None)


def _line(name: str, styles: Mapping[str, etree._Element]) -> list[etree._Element]:
    """Return a style and those that it inherits from, nearest first."""
    line: list[etree._Element] = []
    while name in styles and len(line) < _MAX_LINE:
        line.append(styles[name])
        name = value_of(find(styles[name], "basedOn")) or ""
    return line


def _level(style: etree._Element) -> int | None:
    name = (value_of(find(style, "name")) or "").strip()
    if heading := _HEADING.fullmatch(name):
        return int(heading.group(1))
    if name.lower() == "title":
        return 1
    return outline_level(find(style, "pPr"))


_AROUND_BLOCKS = frozenset(
    "sdt sdtContent customXml ins moveTo smartTag body txbxContent footnote endnote".split()
)
_AROUND_TEXT = frozenset(
    "hyperlink smartTag ins moveTo customXml sdt sdtContent fldSimple dir bdo oMath oMathPara "
    "ruby rubyBase".split()
)
_BREAKS = {"tab": "\t", "ptab": "\t", "cr": "\n", "br": "\n", "noBreakHyphen": "-"}
_DRAWN = frozenset("drawing pict object".split())
_MATH_JOINTS = {"den": "/", "sup": "^", "sub": "_"}


@dataclass(slots=True)
class _Line:
    """The text of a paragraph as it is gathered, and what is anchored in it.

    `pictures` are named as the document refers to them.
    """

    is_hidden: bool
    pieces: list[str] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    def draw(self, drawn: etree._Element) -> None:
        """Take in the text boxes and the pictures of a drawing."""
        self.boxes += _boxes_in(drawn)
        self.pictures += _pictures_in(drawn)


class Walk:
    """A walk through the parts of one document; knows at its end what it left out.

    Args:
        styles: of the document.
        clean: makes text canonical, on one line.
        numbering: of its lists.
        insert: returns what a picture or file says that the text refers to by that name.
    """

    def __init__(
        self,
        styles: Styles,
        clean: Callable[[str], str],
        numbering: Numbering | None = None,
        insert: Callable[[str], Iterable[Block]] = lambda _: (),
    ) -> None:
        self.noted: dict[str, list[str | None]] = {"footnote": [], "endnote": []}
        self._insert = insert
        self._n_tables = 0
        self._waiting: list[str] = []
        self._styles = styles
        self._clean = clean
        self._numbering = numbering or Numbering()
        self._n_hidden = self._n_symbols = 0

    def read(self, parent: etree._Element) -> Iterator[Block]:
        """Yield the blocks under an element, in order."""
        for child in parent:
            name = name_of(child)
            if name == "p":
                yield from self._read_paragraph(child)
            elif name == "tbl":
                yield from self._read_table(child)
            elif name in _AROUND_BLOCKS:
                yield from self.read(child)
            elif name == "AlternateContent" and (chosen := choose(child)) is not None:
                yield from self.read(chosen)
            elif name in ("oMath", "oMathPara", "r", "hyperlink"):  # stray, but shown
                yield from self._read_paragraph(parent, [child])
            elif name == "altChunk":
                yield from self._insert(value_of(child, "id") or "")

    def warnings(self) -> list[str | None]:
        """Return what was left out."""
        return [
            count(self._n_hidden, "piece", "of hidden text left out"),
            count(self._n_symbols, "symbol", "of a picture font left out"),
        ]

    def _read_paragraph(
        self, paragraph: etree._Element, children: list[etree._Element] | None = None
    ) -> Iterator[Block]:
        properties = find(paragraph, "pPr") if children is None else None
        style = value_of(find(properties, "pStyle")) or ""
        level = outline_level(properties)
        if level is None:
            level = self._styles.levels.get(style, 0)
        line = _Line(style in self._styles.hidden)
        self._read_inline(paragraph if children is None else children, line)
        text = "".join(line.pieces)
        list_of = self._list_of(properties, style)
        role = Role.ITEM if list_of and not level else Role.PARAGRAPH
        depth = list_of[1] if list_of and not level else 0
        marker = self._clean(self._numbering.count(*list_of)) if list_of else ""
        for part in [text] if level else text.split("\n"):
            if cleaned := self._clean(part):
                shown = f"{marker} {cleaned}" if marker else cleaned
                yield Block.heading(shown, level) if level else Block(shown, depth, role)
                role, marker = Role.PARAGRAPH, ""
        for box in line.boxes:
            yield from self.read(box)
        self._waiting += line.pictures
        if not self._n_tables:
            yield from self._read_pictures()

    def _read_pictures(self) -> Iterator[Block]:
        """Yield what the pictures say that came by; those of a table wait for its end."""
        waiting, self._waiting = self._waiting, []
        for name in waiting:
            yield from self._insert(name)

    def _list_of(self, properties: etree._Element | None, style: str) -> tuple[str, int] | None:
        """Return the number of the list that a paragraph is an item of, and at which level."""
        own = find(properties, "numPr")
        of_style = self._styles.lists.get(style, (None, None))
        number = value_of(find(own, "numId")) or of_style[0]
        if number is None or number == NO_LIST:
            return None
        level = value_of(find(own, "ilvl"))
        level = of_style[1] if level is None and number == of_style[0] else level
        if level is None:
            return number, self._numbering.level_of(number, style)
        return number, int(level) if level in _LIST_LEVELS else 0

    def _read_inline(self, parent: etree._Element | list[etree._Element], line: _Line) -> None:
        for child in parent:
            name = name_of(child)
            if name == "r":
                self._read_run(child, line)
            elif name in _AROUND_TEXT:
                self._read_inline(child, line)
            elif name == "AlternateContent" and (chosen := choose(child)) is not None:
                self._read_inline(chosen, line)
            elif name in _DRAWN:
                line.draw(child)
            elif _is_math(child):
                line.pieces.append(_MATH_JOINTS.get(name, ""))
                self._read_inline(child, line)

    def _read_run(self, run: etree._Element, line: _Line) -> None:
        if self._is_hidden(run, line):
            shown = _Line(is_hidden=True)
            self._read_pieces(run, shown)
            self._n_hidden += any(piece.strip() for piece in shown.pieces)
        else:
            self._read_pieces(run, line)

    def _read_pieces(self, run: etree._Element, line: _Line) -> None:
        for child in run:
            name = name_of(child)
            if name == "t":
                line.pieces.append(child.text or "")
            elif name in _BREAKS:
                line.pieces.append(_BREAKS[name])
            elif name in ("footnoteReference", "endnoteReference"):
                self.noted[name.removesuffix("Reference")].append(value_of(child, "id"))
            elif name == "sym":
                self._n_symbols += 1
            elif name in _DRAWN:
                line.draw(child)
            elif name == "ruby":
                self._read_inline(child, line)
            elif name == "AlternateContent" and (chosen := choose(child)) is not None:
                self._read_pieces(chosen, line)

    def _is_hidden(self, run: etree._Element, line: _Line) -> bool:
        vanish = find(run, "rPr", "vanish")
        if vanish is not None:
            return is_on(vanish)
        return line.is_hidden or value_of(find(run, "rPr", "rStyle")) in self._styles.hidden

    def _read_table(self, table: etree._Element) -> Iterator[Block]:
        self._n_tables += 1
        rows = [row for row in _children(table, "tr") if find(row, "trPr", "del") is None]
        read: list[list[list[Block]]] = []
        for row in rows:
            filled: list[list[Block]] = []
            for cell in _children(row, "tc"):
                own = self._read_cell(cell, filled, read[-1] if read else [])
                filled += [own, *([] for _ in range(_width(cell) - 1))]
            read.append(filled)
        n_names = 0
        while n_names < min(MAX_NAME_ROWS, len(rows) - 1) and is_on(
            find(rows[n_names], "trPr", "tblHeader")
        ):
            n_names += 1
        yield from write_blocks(read, n_names)
        self._n_tables -= 1
        if not self._n_tables:
            yield from self._read_pictures()

    def _read_cell(
        self, cell: etree._Element, before: list[list[Block]], over: list[list[Block]]
    ) -> list[Block]:
        """Return a cell's blocks; of one that only carries on another, those of that."""
        if not _is_continued(cell):
            return list(self.read(cell))
        is_below = find(cell, "tcPr", "vMerge") is not None and len(before) < len(over)
        return over[len(before)] if is_below else []


def _children(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Yield the children of a name, also those that content controls hold."""
    for child in parent:
        name = name_of(child)
        if name == wanted:
            yield child
        elif name in _AROUND_BLOCKS:
            yield from _children(child, wanted)


def _width(cell: etree._Element) -> int:
    """Return how many columns a cell takes."""
    value = value_of(find(cell, "tcPr", "gridSpan")) or ""
    return max(1, min(int(value), MAX_COLUMNS)) if value.isdecimal() else 1


def _is_continued(cell: etree._Element) -> bool:
    """Tell whether a cell only carries on one above or beside it, where its text stands."""
    merges = (find(cell, "tcPr", "vMerge"), find(cell, "tcPr", "hMerge"))
    return any(merge is not None and value_of(merge) != "restart" for merge in merges)


def _boxes_in(drawn: etree._Element) -> list[etree._Element]:
    """Return the outermost text boxes in a drawing, of each pair of alternatives one."""
    boxes = []
    for child in drawn:
        name = name_of(child)
        if name == "txbxContent":
            boxes.append(child)
        elif name == "AlternateContent":
            chosen = choose(child)
            boxes += _boxes_in(chosen) if chosen is not None else []
        else:
            boxes += _boxes_in(child)
    return boxes


def _pictures_in(drawn: etree._Element) -> Iterator[str]:
    """Yield what a drawing calls its pictures, of each pair of alternatives one."""
    for child in drawn:
        name = name_of(child)
        if name == "AlternateContent":
            chosen = choose(child)
            yield from _pictures_in(chosen) if chosen is not None else ()
        elif name in ("blip", "imagedata"):
            yield value_of(child, "embed" if name == "blip" else "id") or ""
        elif name != "txbxContent":
            yield from _pictures_in(child)


def _is_math(element: etree._Element) -> bool:
    """Tell whether an element is one of the many of which formulas are made."""
    tag = element.tag
    return isinstance(tag, str) and "/math}" in tag


_MAIN_TYPES = (
    CONTENT_TYPE.WML_DOCUMENT_MAIN,
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
)
_NOTES = (RELATIONSHIP_TYPE.FOOTNOTES, "footnote"), (RELATIONSHIP_TYPE.ENDNOTES, "endnote")
_MARGINS = (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER)


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of the body and its notes, with its headings."""
    archive = open_archive(data)
    refuse_strict(archive)
    try:
        part, n_dangling = _open(archive.package()), 0
    except KeyError:
        mended, n_dangling = drop_dangling(archive)
        part = _open_again(mended)
    blocks = Blocks(limits.max_chars)
    numbering = next(iter(_roots(part, RELATIONSHIP_TYPE.NUMBERING)), None)
    inserted = Inserted(archive, limits)
    relations = list_relations(archive, find_main(archive))
    walk = Walk(
        *(_styles_of(part), blocks.clean, Numbering(numbering)),
        lambda name: inserted.read(*relations.get(name, ("", ""))),
    )
    blocks.extend(walk.read(part.element.body))
    relations = {}  # those of the notes are others
    for kind, name in _NOTES:
        notes = {value_of(n, "id"): n for root in _roots(part, kind) for n in root}
        for note_id in walk.noted[name]:
            if note_id in notes:
                blocks.extend(walk.read(notes.pop(note_id)))
    title = sensible_title(part.core_properties.title) or blocks.first_title()
    n_comments = sum(
        name_of(child) == "comment"
        for root in _roots(part, RELATIONSHIP_TYPE.COMMENTS)
        for child in root
    )
    return blocks.finish(
        title,
        [
            *walk.warnings(),
            count(n_comments, "comment", "left out"),
            count(n_dangling, "part", "of the file missing"),
            count(archive.count_under("word/diagrams/data"), "diagram", "not read"),
            "page headers and footers left out" if _has_margins(part) else None,
            *inserted.warnings(),
            *describe_left_out(archive, "word", inserted.n_pictures),
        ],
    )


def _open(data: bytes) -> DocumentPart:
    """Open the package; the library would refuse documents with macros, and templates."""
    for content_type in _MAIN_TYPES:
        PartFactory.part_type_for[content_type] = DocumentPart
    part = Package.open(io.BytesIO(data)).main_document_part
    if not isinstance(part, DocumentPart) or part.element.body is None:
        raise DocumentUnreadable("damaged: there is no Word document in it", Fault.CORRUPT)
    return part


def _open_again(mended: bytes) -> DocumentPart:
    try:
        return _open(mended)
    except KeyError as error:
        raise DocumentUnreadable(
            f"damaged: a part of it is missing ({error.args[0]}); open it in a word processor and "
            "save it anew as .docx",
            Fault.CORRUPT,
        ) from error


def _styles_of(part: DocumentPart) -> Styles:
    for root in _roots(part, RELATIONSHIP_TYPE.STYLES):
        return read_styles(root)
    return Styles({}, frozenset(), {})


def _roots(part: DocumentPart, *kinds: str) -> list[etree._Element]:
    """Return the roots of the parts of some kinds that belong to the document."""
    return [
        parse_xml(relation.target_part.blob)
        for relation in part.rels.values()
        if relation.reltype in kinds and not relation.is_external
    ]


def _has_margins(part: DocumentPart) -> bool:
    """Tell whether there are words, and not only page numbers, above or below the pages."""
    return any(
        name_of(element) == "t" and any(map(str.isalpha, element.text or ""))
        for root in _roots(part, *_MARGINS)
        for element in root.iter()
    )
