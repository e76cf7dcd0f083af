"""PowerPoint presentations: the text of the slides, each of which is a page.

On a slide the title, a heading, comes first; shapes follow from top to bottom and from left to
right, with those of a group where the group stands; speaker notes come last. A paragraph is a block
and so is a table's row, its cells joined by ` | `. Slides are numbered as PowerPoint numbers them,
hidden ones too. A date that somebody wrote below the slides is read where it changes, and the words
in pictures behind the shapes. Left out, with a warning: hidden slides and shapes, footers,
comments, charts, embedded files. `DocumentUnreadable` is raised for damaged and encrypted files,
bombs, and presentations with too many slides.
"""

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.package import PartFactory
from pptx.package import Package
from pptx.parts.presentation import PresentationPart
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import Archive, open_archive
from assistant.ingest.formats.blocks import Block, Blocks, write_number
from assistant.ingest.formats.ooxml import (
    Inserted,
    choose,
    describe_left_out,
    find,
    list_relations,
    name_of,
    parse_xml,
    refuse_strict,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.ingest.formats.table import write_table
from assistant.values import PageKind, Role

_MARGINS = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE)
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"


class _Reader:
    """Reads the slides of one presentation; knows at its end what it left out."""

    def __init__(self, blocks: Blocks, archive: Archive, limits: Limits) -> None:
        self.blocks = blocks
        self.inserted = Inserted(archive, limits)
        self._archive = archive
        self._date = ""
        self.n_hidden_slides = self.n_hidden_shapes = self.n_footers = 0

    def read_slide(self, slide: Slide) -> None:
        """Add the text of a slide and its notes."""
        title = slide.shapes.title
        if title is not None and not _is_hidden(title._element):
            self.blocks.add(title.text_frame.text, level=1)
        title_id = None if title is None else title.shape_id
        shapes = [shape for shape in slide.shapes if shape.shape_id != title_id]
        self._read_shapes(shapes)
        relations = list_relations(self._archive, str(slide.part.partname).lstrip("/"))
        for picture in slide._element.iter("{*}blip"):
            self.blocks.extend(
                self.inserted.read(*relations.get(value_of(picture, "embed") or "", ("", "")))
            )
        for text in _texts_of_alternatives(slide.shapes._spTree):
            self.blocks.add(text)
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if notes is not None:
            self._read_paragraphs(notes)

    def _read_shapes(self, shapes: Iterable[Any]) -> None:
        for shape in sorted(shapes, key=_place):
            if _is_hidden(shape._element):
                self.n_hidden_shapes += 1
            elif isinstance(shape, GroupShape):
                self._read_shapes(shape.shapes)
            elif shape.is_placeholder and shape.placeholder_format.type in _MARGINS:
                self._read_margin(shape)
            elif shape.has_text_frame:
                self._read_paragraphs(shape.text_frame)
            elif isinstance(shape, GraphicFrame):
                self._read_frame(shape)

    def _read_margin(self, shape: Any) -> None:
        """Read a date that somebody wrote, once; other words below a slide are its footer."""
        text = self.blocks.clean(shape.text_frame.text)
        is_date = shape.placeholder_format.type == PP_PLACEHOLDER.DATE
        if is_date and text not in ("", self._date) and not _is_field(shape):
            self._date = text
            self.blocks.append(Block(text, role=Role.NOTE))
        self.n_footers += bool(text) and shape.placeholder_format.type == PP_PLACEHOLDER.FOOTER

    def _read_frame(self, frame: GraphicFrame) -> None:
        if frame.has_table:
            rows: list[list[str]] = []
            for row in frame.table.rows:
                cells: list[str] = []
                for cell in row.cells:
                    cells.append(self._read_cell(cell, cells, rows[-1] if rows else []))
                rows.append(cells)
            has_names = frame.table.first_row and len(rows) > 1 and all(rows[0][1:])
            names, below = (rows[0], rows[1:]) if has_names else ((), rows)
            for text, role in write_table(names, below):
                self.blocks.append(Block(text, role=role))
            return
        for text in _texts_of_diagram(frame):
            self.blocks.add(text)

    def _read_cell(self, cell: Any, before: list[str], over: list[str]) -> str:
        """Return a cell's text; of one that another reaches over, that one's."""
        if not cell.is_spanned:
            return self.blocks.clean(cell.text)
        is_below = cell._tc.vMerge and len(before) < len(over)
        return over[len(before)] if is_below else ""

    def _read_paragraphs(self, frame: Any) -> None:
        numbers: dict[int, tuple[str, int]] = {}
        for paragraph in frame.paragraphs:
            level = paragraph.level
            counted = _auto_number(paragraph._p, numbers.get(level))
            numbers = {depth: kept for depth, kept in numbers.items() if depth < level}
            marker, role = "", Role.PARAGRAPH
            if counted and paragraph.text.strip():
                kind, number = numbers[level] = counted
                marker, role = f"{_write_auto(kind, number)} ", Role.ITEM
            for line in paragraph.text.split("\v"):
                if text := self.blocks.clean(line):
                    depth = level if role is Role.ITEM else 0
                    self.blocks.append(Block(f"{marker}{text}", depth, role))
                    marker, role = "", Role.PARAGRAPH


_AUTO = re.compile(r"(arabic|alphaLc|alphaUc|romanLc|romanUc)(Period|ParenR|ParenBoth|Plain)")
_FORMS = {
    "arabic": "decimal", "alphaLc": "lowerLetter", "alphaUc": "upperLetter",
    "romanLc": "lowerRoman", "romanUc": "upperRoman",
}  # fmt: skip
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Plain": "{}"}


def _auto_number(paragraph: Any, last: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return how a paragraph of a numbered list is numbered, and its number; None for others."""
    properties = find(paragraph, "pPr")
    counted = find(properties, "buAutoNum") if properties is not None else None
    kind = value_of(counted, "type") or ""
    if counted is None or not _AUTO.fullmatch(kind):
        return None
    start = value_of(counted, "startAt") or "1"
    first = int(start) if start.isdecimal() and len(start) < 6 else 1
    return kind, last[1] + 1 if last and last[0] == kind else first


def _write_auto(kind: str, number: int) -> str:
    """Return a number as PowerPoint shows it.

    >>> _write_auto("alphaLcParenR", 2)
    'b)'
    """
    found = _AUTO.fullmatch(kind)
    return _AROUND[found[2]].format(write_number(number, _FORMS[found[1]])) if found else ""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of the slides, with a page for each and their titles as headings."""
    archive = open_archive(data)
    refuse_strict(archive)
    presentation = _open(archive.package())
    slides = presentation.slides
    if len(slides) > limits.max_pages:
        raise DocumentUnreadable(
            f"{len(slides):,} slides, over the limit of {limits.max_pages:,}; split it",
            Fault.TOO_LARGE,
        )
    reader = _Reader(Blocks(limits.max_chars), archive, limits)
    for number, slide in enumerate(slides, start=1):
        if (slide._element.get("show") or "").lower() in ("0", "false"):
            reader.n_hidden_slides += 1
            continue
        reader.blocks.start_page(number, PageKind.SLIDE)
        reader.read_slide(slide)
    title = sensible_title(presentation.core_properties.title) or reader.blocks.first_title()
    return reader.blocks.finish(
        title,
        [
            count(reader.n_hidden_slides, "hidden slide", "left out"),
            count(reader.n_hidden_shapes, "hidden shape", "left out"),
            count(reader.n_footers, "slide footer", "left out"),
            count(archive.count_under("ppt/comments/"), "slide", "with comments, left out"),
            *reader.inserted.warnings(),
            *describe_left_out(archive, "ppt", reader.inserted.n_pictures),
        ],
    )


_MAIN_TYPES = [
    f"application/vnd.ms-powerpoint.{kind}.macroEnabled.main+xml"
    for kind in ("presentation", "slideshow", "template")
]


def _open(data: bytes) -> Any:
    """Open the package, of whatever kind: the library's own way in refuses slide shows."""
    for content_type in _MAIN_TYPES:
        PartFactory.part_type_for[content_type] = PresentationPart
    try:
        return Package.open(io.BytesIO(data)).main_document_part.presentation
    except (KeyError, AttributeError) as error:
        raise DocumentUnreadable(
            f"damaged: a part of it is missing ({error.args[0] if error.args else error}); open it "
            "and save it anew as .pptx",
            Fault.CORRUPT,
        ) from error


def _is_field(shape: Any) -> bool:
    """Tell whether what a shape shows is worked out when it is shown."""
    return any(name_of(element) == "fld" for element in shape._element.iter())


def _place(shape: Any) -> tuple[int, int]:
    return shape.top or 0, shape.left or 0


def _is_hidden(element: etree._Element) -> bool:
    """Tell by a shape's own properties, which are the first of that name in it."""
    properties = next((e for e in element.iter() if name_of(e) == "cNvPr"), None)
    return value_of(properties, "hidden") in ("1", "true")


def _texts_of_diagram(frame: GraphicFrame) -> Iterator[str]:
    """Yield the paragraphs of a SmartArt diagram, which lie in a part of their own."""
    for reference in frame._element.iter(f"{{{_DIAGRAM}}}relIds"):
        part_id = value_of(reference, "dm")
        if part_id is not None:
            yield from _texts(parse_xml(frame.part.related_part(part_id).blob))


def _texts_of_alternatives(tree: etree._Element) -> Iterator[str]:
    """Yield the paragraphs of shapes in two versions, which the library does not see."""
    for alternate in tree.iter():
        if name_of(alternate) == "AlternateContent":
            chosen = choose(alternate)
            yield from _texts(chosen) if chosen is not None else ()


def _texts(root: etree._Element) -> Iterator[str]:
    for paragraph in root.iter():
        if name_of(paragraph) == "p":
            yield "".join(
                " " if name_of(piece) == "br" else piece.text or ""
                for piece in paragraph.iter()
                if name_of(piece) in ("t", "br")
            )
