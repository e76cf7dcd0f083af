"""An element of WordprocessingML in; the blocks of text that a reader of the page sees, out.

A paragraph is a block, or one for each of its lines, and one alone if it is a heading. The text
boxes that are anchored in a paragraph follow it. A table's row is a block, its cells joined by
` | `, unless it lays out a page: then the cells' own blocks. Merged cells are read once, text that
is there in two versions in the first, tracked changes as if all were accepted. What is hidden is
counted. Refuses nothing; recursion is bounded by the depth to which XML may be nested.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from lxml import etree

from assistant.ingest.formats.blocks import Block, count, join_row
from assistant.ingest.formats.ooxml import choose, find, is_on, name_of, value_of
from assistant.ingest.formats.styles import Styles, outline_level

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
    """The text of a paragraph as it is gathered, and the text boxes anchored in it."""

    is_hidden: bool
    pieces: list[str] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)


class Walk:
    """A walk through the parts of one document; knows at its end what it left out.

    Args:
        styles: of the document.
        clean: makes text canonical, on one line.
    """

    def __init__(self, styles: Styles, clean: Callable[[str], str]) -> None:
        self.noted: dict[str, list[str | None]] = {"footnote": [], "endnote": []}
        self._styles = styles
        self._clean = clean
        self._n_hidden = self._n_symbols = self._n_inserted_files = 0

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
                self._n_inserted_files += 1

    def warnings(self) -> list[str | None]:
        """Return what was left out."""
        return [
            count(self._n_hidden, "piece", "of hidden text left out"),
            count(self._n_symbols, "symbol", "of a picture font left out"),
            count(self._n_inserted_files, "inserted file", "not read"),
        ]

    def _read_paragraph(
        self, paragraph: etree._Element, children: list[etree._Element] | None = None
    ) -> Iterator[Block]:
        properties = find(paragraph, "pPr") if children is None else None
        named = find(properties, "pStyle") if properties is not None else None
        style = (value_of(named) or "") if named is not None else ""
        level = outline_level(properties)
        if level is None:
            level = self._styles.levels.get(style, 0)
        line = _Line(style in self._styles.hidden)
        self._read_inline(paragraph if children is None else children, line)
        text = "".join(line.pieces)
        for part in [text] if level else text.split("\n"):
            if cleaned := self._clean(part):
                yield Block(cleaned, level)
        for box in line.boxes:
            yield from self.read(box)

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
                line.boxes += _boxes_in(child)
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
                line.boxes += _boxes_in(child)
            elif name == "ruby":
                self._read_inline(child, line)
            elif name == "AlternateContent" and (chosen := choose(child)) is not None:
                self._read_pieces(chosen, line)

    def _is_hidden(self, run: etree._Element, line: _Line) -> bool:
        properties = find(run, "rPr")
        if properties is None:
            return line.is_hidden
        vanish = find(properties, "vanish")
        if vanish is not None:
            return is_on(vanish)
        named = find(properties, "rStyle")
        style = (value_of(named) or "") if named is not None else ""
        return line.is_hidden or style in self._styles.hidden

    def _read_table(self, table: etree._Element) -> Iterator[Block]:
        for row in _children(table, "tr"):
            if find(row, "trPr", "del") is None:
                yield from self._read_row(row)

    def _read_row(self, row: etree._Element) -> Iterator[Block]:
        cells = [cell for cell in _children(row, "tc") if not _is_continued(cell)]
        read = [list(self.read(cell)) for cell in cells]
        has_tables = any(True for cell in cells for _ in _children(cell, "tbl"))
        yield from chain.from_iterable(read) if has_tables else join_row(read)


def _children(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Yield the children of a name, also those that content controls hold."""
    for child in parent:
        name = name_of(child)
        if name == wanted:
            yield child
        elif name in _AROUND_BLOCKS:
            yield from _children(child, wanted)


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


def _is_math(element: etree._Element) -> bool:
    """Tell whether an element is one of the many of which formulas are made."""
    tag = element.tag
    return isinstance(tag, str) and "/math}" in tag
