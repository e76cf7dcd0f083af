"""Word documents: bytes in; what a reader of the page sees, as canonical text in blocks, out.

The body is walked in order, by `wordml.py`; footnotes and endnotes follow it in the order in which
the text refers to them. Left out and told of: hidden text, comments, page headers and footers,
pictures, charts, diagrams, embedded files, symbols of picture fonts. Headings are those of styles
and outline levels. A Word document has no pages before it is laid out.
Refuses, with `DocumentUnreadable`, damaged and encrypted files and bombs.
"""

import io

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.part import PartFactory
from docx.package import Package
from docx.parts.document import DocumentPart
from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import open_archive
from assistant.ingest.formats.blocks import Blocks, count
from assistant.ingest.formats.ooxml import (
    describe_left_out,
    name_of,
    parse_xml,
    refuse_strict,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.formats.relationships import drop_dangling
from assistant.ingest.formats.styles import Styles, read_styles
from assistant.ingest.formats.wordml import Walk
from assistant.ingest.limits import USUAL, Limits

_MAIN_TYPES = (
    CONTENT_TYPE.WML_DOCUMENT_MAIN,
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
)
_NOTES = (RELATIONSHIP_TYPE.FOOTNOTES, "footnote"), (RELATIONSHIP_TYPE.ENDNOTES, "endnote")
_MARGINS = (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER)


def parse(data: bytes, limits: Limits = USUAL) -> Parsed:
    """Return the text of the body and its notes, with its headings."""
    archive = open_archive(data)
    refuse_strict(archive, "word/document.xml")
    try:
        part, n_dangling = _open(data), 0
    except KeyError:
        mended, n_dangling = drop_dangling(archive)
        part = _open_again(mended)
    blocks = Blocks(limits.max_chars)
    walk = Walk(_styles_of(part), blocks.clean)
    for block in walk.read(part.element.body):
        blocks.append(block)
    for kind, name in _NOTES:
        notes = {value_of(n, "id"): n for root in _roots(part, kind) for n in root}
        for note_id in walk.noted[name]:
            if note_id in notes:
                for block in walk.read(notes.pop(note_id)):
                    blocks.append(block)
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
            *describe_left_out(archive, "word"),
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
    return Styles({}, frozenset())


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
