"""Blocks -> the bytes of office files and mails: DOCX, ODT, RTF, XLSX, PPTX, EML.

A page is a sequence of blocks: headings, paragraphs, steps, bullets, tables. Cells that a merged
region covers are left empty but for its first one.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

Row = Sequence[str | int | float]


class Heading(NamedTuple):
    """A heading, of level 1 or deeper."""

    text: str
    level: int = 1


class Steps(NamedTuple):
    """A numbered list, whose numbers are the program's and not in the text."""

    items: Sequence[str]


class Bullets(NamedTuple):
    """A list without numbers."""

    items: Sequence[str]


class Grid(NamedTuple):
    """A table; `merged` are regions of (row, column, last row, last column), from 0."""

    rows: Sequence[Row]
    merged: Sequence[tuple[int, int, int, int]] = ()


Block = str | Heading | Steps | Bullets | Grid


class Slide(NamedTuple):
    """A slide with its points, and what the speaker notes to it."""

    title: str
    points: Sequence[str]
    notes: str = ""
    grid: Grid | None = None


def page(text: str) -> list[Block]:
    """Return the blocks of a text: # headings, - bullets, 1. steps, | rows | and paragraphs.

    Blocks stand apart by an empty line; the lines of a paragraph or an item are joined.
    """
    return [_block(part.splitlines()) for part in re.split(r"\n\s*\n", text.strip())]


def _block(lines: Sequence[str]) -> Block:
    first, whole = lines[0], "\n".join(lines)
    if first.startswith("#"):
        marks, _, title = first.partition(" ")
        return Heading(title, len(marks))
    if first.startswith("|"):
        return Grid([[cell.strip() for cell in line[1:-1].split("|")] for line in lines])
    if first.startswith("- "):
        return Bullets(_items(r"^- ", whole))
    if first.startswith("1. "):
        return Steps(_items(r"^\d+\. ", whole))
    return " ".join(lines)


def _items(mark: str, whole: str) -> list[str]:
    items = re.split(mark, whole, flags=re.MULTILINE)[1:]
    return [" ".join(item.split()) for item in items]


def docx(blocks: Sequence[Block]) -> bytes:
    """Return a Word document in Word's own styles."""
    import docx as word

    document = word.Document()
    for block in blocks:
        match block:
            case str():
                document.add_paragraph(block)
            case Heading(text, level):
                document.add_heading(text, level)
            case Steps(items):
                for item in items:
                    document.add_paragraph(item, style="List Number")
            case Bullets(items):
                for item in items:
                    document.add_paragraph(item, style="List Bullet")
            case Grid():
                _word_table(document, block)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _word_table(document: Any, grid: Grid) -> None:
    table = document.add_table(len(grid.rows), len(grid.rows[0]), style="Table Grid")
    for top, left, bottom, right in grid.merged:
        table.cell(top, left).merge(table.cell(bottom, right))
    for y, row in enumerate(grid.rows):
        for x, cell in enumerate(row):
            # Else an empty cell would wipe the region that it is merged into.
            if cell != "":
                table.cell(y, x).text = str(cell)


def odt(blocks: Sequence[Block]) -> bytes:
    """Return an OpenDocument text."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table")
    )
    body = "".join(_odt_block(block) for block in blocks)
    content = (
        f'<office:document-content {names} office:version="1.3"><office:body>'
        f"<office:text>{body}</office:text></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    of_manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{of_manifest}" manifest:version="1.3">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return made.getvalue()


def _odt_block(block: Block) -> str:
    match block:
        case str():
            return f"<text:p>{escape(block)}</text:p>"
        case Heading(text, level):
            return f'<text:h text:outline-level="{level}">{escape(text)}</text:h>'
        case Steps(items) | Bullets(items):
            listed = "".join(
                f"<text:list-item><text:p>{escape(item)}</text:p></text:list-item>"
                for item in items
            )
            return f"<text:list>{listed}</text:list>"
        case Grid(rows, _):
            drawn = "".join(f"<table:table-row>{_odt_cells(row)}</table:table-row>" for row in rows)
            return f"<table:table>{drawn}</table:table>"


def _odt_cells(row: Row) -> str:
    return "".join(
        f"<table:table-cell><text:p>{escape(str(cell))}</text:p></table:table-cell>" for cell in row
    )


def rtf(blocks: Sequence[Block]) -> bytes:
    """Return an RTF letter: headings in bold, numbers and dots of lists typed by hand."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case str():
                lines.append(_rtf_text(block))
            case Heading(text, _):
                lines.append("{\\b\\fs28 " + _rtf_text(text) + "}")
            case Steps(items):
                lines += [f"{n}. {_rtf_text(item)}" for n, item in enumerate(items, 1)]
            case Bullets(items):
                lines += [f"\\bullet  {_rtf_text(item)}" for item in items]
            case Grid(rows, _):
                lines += [" \\tab ".join(_rtf_text(str(cell)) for cell in row) for row in rows]
    body = "\\par\n".join(lines)
    return (
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Calibri;}}\n" + body + "\\par}"
    ).encode()


def _rtf_text(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    return "".join(char if char.isascii() else f"\\u{ord(char)}?" for char in safe)


def xlsx(
    sheets: Mapping[str, Sequence[Row]], merged: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """Return a workbook of sheets; `merged` are regions such as A1:B1, by sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([None if cell == "" else cell for cell in row])
        for region in (merged or {}).get(name, ()):
            sheet.merge_cells(region)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def pptx(slides: Sequence[Slide]) -> bytes:
    """Return a deck; a slide's table stands below its points."""
    import pptx as powerpoint
    from pptx.util import Inches

    deck = powerpoint.Presentation()
    for slide in slides:
        drawn = deck.slides.add_slide(deck.slide_layouts[1])
        drawn.shapes.title.text = slide.title
        drawn.placeholders[1].text = "\n".join(slide.points)
        if slide.notes:
            drawn.notes_slide.notes_text_frame.text = slide.notes
        if slide.grid:
            rows = slide.grid.rows
            place = (Inches(1), Inches(4), Inches(8), Inches(2))
            table = drawn.shapes.add_table(len(rows), len(rows[0]), *place).table
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    table.cell(y, x).text = str(cell)
    made = io.BytesIO()
    deck.save(made)
    return made.getvalue()


def mail(sender: str, subject: str, date: str, text: str, html: str = "") -> bytes:
    """Return a mail to `office@example.org`; with HTML it has both, as mail programs send it."""
    message = EmailMessage()
    message["From"], message["To"] = sender, "Office <office@example.org>"
    message["Subject"], message["Date"] = subject, date
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()
