"""Office documents in one file of XML: of Word and Excel 2003, flat Open XML, flat OpenDocument.

Each is read as its format in an archive is: Word's paragraphs by `docx`, with the markers of lists
that it wrote down; Excel's rows as `xlsx` writes them; flat Open XML, and flat spreadsheets, are
packed into the archives that they stand for. The text is not the file's own, so there is no
`locate`. `DocumentUnreadable` is raised for what is none of these, is nested too deep or declares a
document type.
"""

import datetime as dt
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from xml.sax.saxutils import quoteattr

from lxml import etree
from openpyxl.worksheet.cell_range import CellRange

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import parse as formats
from assistant.ingest import sniff
from assistant.ingest.formats import docx, odt, xlsx
from assistant.ingest.formats.archive import require_shallow
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.ooxml import (
    MAX_MARKER_CHARS,
    Pictures,
    find,
    name_of,
    parse_xml,
    read_base64,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count

MAX_PICTURE_CHARS = 8_000_000
"""Of a picture or another file in the XML, as base64: a longer one is passed over."""
MAX_ROW = 1 << 24
_DATA = re.compile(rb"(<(?:\w+:)?(?:binData|binary-data|binaryData)\b[^<>]*>)([^<]*)")
_SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "META-INF/manifest.xml"
_MANIFEST_XML = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry '
    f'm:full-path="/" m:media-type="{_SPREADSHEET}"/></m:manifest>'
).encode()
_CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONSHIPS = "application/vnd.openxmlformats-package.relationships+xml"
_OPEN_XML = (sniff.DOCX, sniff.PPTX, sniff.XLSX)
_HIDDEN_SHEETS = ("SheetHidden", "SheetVeryHidden")


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of a document, with its headings, or the rows of a workbook."""
    require_shallow(data)
    root = parse_xml(_DATA.sub(_cut, data))
    read = _READERS.get(name_of(root))
    if read is None:
        raise DocumentUnreadable("damaged: no office document", Fault.CORRUPT)
    return read(root, limits)


def _cut(found: re.Match[bytes]) -> bytes:
    return found[0] if len(found[2]) <= MAX_PICTURE_CHARS else found[1]


def _read_open_document(root: etree._Element, limits: Limits) -> Parsed:
    if value_of(root, "mimetype") != _SPREADSHEET:
        return odt.parse_flat(root, limits)
    for element in root.iter("{*}table", "{*}table-row", "{*}table-cell"):
        element.text = None  # nothing but lines and spaces, over which calamine stumbles
        for child in element:
            child.tail = None
    root.tag = f"{{{etree.QName(root).namespace}}}document-content"
    content = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    members = {"mimetype": _SPREADSHEET.encode(), "content.xml": content, _MANIFEST: _MANIFEST_XML}
    return xlsx.parse(_pack(members), limits)


def _read_package(root: etree._Element, limits: Limits) -> Parsed:
    """Return the text of flat Open XML, which holds the parts of a package."""
    types, parts = [], {}
    for part in root:
        name, kind = value_of(part, "name") or "", value_of(part, "contentType") or ""
        if name_of(part) != "part" or not name.startswith("/"):
            continue
        written, binary = find(part, "xmlData"), find(part, "binaryData")
        parts[name[1:]] = read_base64(binary)
        if written is not None and len(written):
            parts[name[1:]] = etree.tostring(written[0], with_tail=False)
        if kind != _RELATIONSHIPS:
            types.append(f"<Override PartName={quoteattr(name)} ContentType={quoteattr(kind)}/>")
    types.append(f'<Default Extension="rels" ContentType="{_RELATIONSHIPS}"/>')
    listed = f'<Types xmlns="{_CONTENT_TYPES}">{"".join(types)}</Types>'
    packed = _pack({"[Content_Types].xml": listed.encode(), **parts})
    media_type, _ = sniff.media_type("", packed)
    if media_type not in _OPEN_XML:
        raise DocumentUnreadable("damaged: no office document", Fault.CORRUPT)
    return formats.parse(packed, media_type, limits)


def _pack(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


_AROUND = frozenset("sect sub-section pBdrGroup".split())
_RENAMED = {"hlink": "hyperlink", "listPr": "numPr", "ilfo": "numId", "content": "ins"}
_DROPPED = frozenset(("Word.Deletion", "Word.Comment"))


def _read_word(root: etree._Element, limits: Limits) -> Parsed:
    """Return the text of a document of Word 2003, with its headings."""
    pictures, blocks = Pictures(limits), Blocks(limits.max_chars)
    body, styles = find(root, "body"), find(root, "styles")
    if body is None:
        raise DocumentUnreadable("damaged: there is no text in it", Fault.CORRUPT)
    data = {value_of(one, "name"): one for one in body.iter("{*}binData")}
    n_comments = _write_as_now(body)
    walk = docx.Walk(
        docx.read_styles(styles if styles is not None else etree.Element("styles")),
        blocks.clean,
        insert=lambda name: pictures.look(read_base64(data.get(name)), name),
    )
    blocks.extend(walk.read(body))
    for note in body.iter("{*}footnote", "{*}endnote"):
        blocks.extend(walk.read(note))
    title = find(root, "DocumentProperties", "Title")
    return blocks.finish(
        sensible_title(title.text if title is not None else None) or blocks.first_title(),
        [
            *walk.warnings(),
            count(n_comments, "comment", "left out"),
            *pictures.warn(len(data)),
        ],
    )


def _write_as_now(body: etree._Element) -> int:
    """Give the elements of Word 2003 the names that they have now; return how many comments go."""
    n_comments = 0
    for element in [*body.iter()]:
        name = name_of(element)
        if name == "annotation":
            kind = value_of(element, "type") or ""
            n_comments += kind == "Word.Comment"
            _rename(element, "del" if kind in _DROPPED else "ins")
        elif name in _AROUND:
            _rename(element, "sdtContent")
        elif name in _RENAMED:
            if name == "listPr":
                _write_marker(element)
            _rename(element, _RENAMED[name])
        elif name == "imagedata":
            element.set("id", value_of(element, "src") or "")
    return n_comments


def _rename(element: etree._Element, name: str) -> None:
    element.tag = f"{{{etree.QName(element).namespace}}}{name}"


def _write_marker(properties: etree._Element) -> None:
    """Put the marker of an item, which Word has written down, before its text."""
    marker = value_of(find(properties, "t")) or ""
    above = properties.getparent()
    paragraph = above.getparent() if above is not None else None
    if paragraph is None or above is None or not any(map(str.isalnum, marker)):
        return
    run = etree.Element("r")
    etree.SubElement(run, "t").text = f"{marker[:MAX_MARKER_CHARS]} "
    paragraph.insert(paragraph.index(above) + 1, run)


def _read_workbook(root: etree._Element, limits: Limits) -> Parsed:
    """Return the rows of a workbook of Excel 2003."""
    blocks, left_out = Blocks(limits.max_chars), xlsx.LeftOut()
    sheets = [child for child in root if name_of(child) == "Worksheet"]
    xlsx.require_few(len(sheets), limits)
    n_comments = 0
    for sheet in sheets:
        visible = find(sheet, "WorksheetOptions", "Visible")
        if visible is not None and visible.text in _HIDDEN_SHEETS:
            left_out.sheets += 1
            continue
        left_out.sheets_read += 1
        n_comments += sum(1 for _ in sheet.iter("{*}Comment"))
        areas: dict[int, list[CellRange]] = defaultdict(list)
        rows = _rows_of(find(sheet, "Table"), areas, blocks.clean, left_out)
        xlsx.add_sheet(value_of(sheet, "Name") or "", xlsx.fill(rows, areas), (), blocks)
    title = find(root, "DocumentProperties", "Title")
    return blocks.finish(
        sensible_title(title.text if title is not None else None),
        [*left_out.warnings(), count(n_comments, "comment", "left out")],
    )


def _rows_of(
    table: etree._Element | None,
    areas: dict[int, list[CellRange]],
    clean: Callable[[str], str],
    left_out: xlsx.LeftOut,
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are shown, and note where merged cells are as they come."""
    hidden: set[int] = set()
    column = number = 0
    for child in table if table is not None else ():
        if name_of(child) == "Column":
            column = _place_of(child, column, xlsx.MAX_COLUMNS)
            end = min(column + _number_of(child, "Span"), xlsx.MAX_COLUMNS)
            hidden |= set(range(column, end + 1)) if value_of(child, "Hidden") == "1" else set()
            column = end
        if name_of(child) != "Row":
            continue
        before, number = number, _place_of(child, number, MAX_ROW)
        if number > before + 1:
            yield before + 1, []
        if value_of(child, "Hidden") == "1":
            left_out.rows += 1
        else:
            yield number, _cells_of(child, number, areas, hidden, clean, left_out)


def _cells_of(
    row: etree._Element,
    number: int,
    areas: dict[int, list[CellRange]],
    hidden: set[int],
    clean: Callable[[str], str],
    left_out: xlsx.LeftOut,
) -> list[str]:
    found: list[str] = []
    last = 0
    for cell in row:
        if name_of(cell) != "Cell":
            continue
        column = _place_of(cell, last, xlsx.MAX_COLUMNS)
        last = min(column + _number_of(cell, "MergeAcross"), xlsx.MAX_COLUMNS)
        below = min(_number_of(cell, "MergeDown"), MAX_ROW)
        if below and len(areas) < xlsx.MAX_MERGED:
            areas[number].append(
                CellRange(min_col=column, min_row=number, max_col=last, max_row=number + below)
            )
        data = find(cell, "Data")
        text = clean(_value_of(data)) if data is not None else ""
        left_out.formulas += data is None and value_of(cell, "Formula") is not None
        if data is not None and value_of(data, "Type") == "Error":
            left_out.errors += 1
        elif text and column in hidden:
            left_out.columns.add((left_out.sheets_read, column))
        elif text:
            found.extend("" for _ in range(column - len(found)))
            found[column - 1] = text
    return found


def _place_of(element: etree._Element, last: int, largest: int) -> int:
    """Return the number of a row, column or cell, which follows the last unless it says another.

    Raises:
        DocumentUnreadable: it is not behind the last one.
    """
    number = _number_of(element, "Index") or last + 1
    if not last < number <= largest:
        raise DocumentUnreadable("damaged: its rows are not in order", Fault.CORRUPT)
    return number


def _number_of(element: etree._Element, name: str) -> int:
    value = value_of(element, name) or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else 0


def _value_of(data: etree._Element) -> str:
    """Return a cell's value as the cells of other workbooks are written."""
    kind, text = value_of(data, "Type"), "".join(map(str, data.itertext()))
    with suppress(ValueError):
        if kind == "Number":
            return xlsx.write_value(float(text))
        if kind == "DateTime":
            return xlsx.write_value(dt.datetime.fromisoformat(text))
    if kind == "Boolean":
        return xlsx.write_value(text.strip() == "1")
    return text


_READERS: dict[str, Callable[[etree._Element, Limits], Parsed]] = {
    "Workbook": _read_workbook,
    "wordDocument": _read_word,
    "package": _read_package,
    "document": _read_open_document,
}
"""By the name of the root."""
