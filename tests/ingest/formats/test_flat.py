"""Office documents in one file of XML: read as what they are, and not as XML."""

import base64
from typing import Any
from xml.sax.saxutils import escape

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.formats.test_odt import NAMESPACES, odt
from ingest.reading import blocks, headings, pages, refuses, saved, unpacked, within

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats import docx as word
from assistant.ingest.formats import odt as opendocument
from assistant.ingest.formats.flat import parse
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.sniff import FLAT, media_type
from assistant.values import PageKind, Role

SHEET = "urn:schemas-microsoft-com:office:spreadsheet"
WORD = "http://schemas.microsoft.com/office/word/2003/wordml"
AML = "http://schemas.microsoft.com/aml/2001/core"
HINT = "http://schemas.microsoft.com/office/word/2003/auxHint"


def workbook(*sheets: str, names: tuple[str, ...] = ("Clays", "More", "Third")) -> bytes:
    written = (
        f'<Worksheet ss:Name="{name}">{sheet}</Worksheet>'
        for name, sheet in zip(names, sheets, strict=False)
    )
    head = '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    return (
        f'{head}<Workbook xmlns="{SHEET}" xmlns:ss="{SHEET}">{"".join(written)}</Workbook>'.encode()
    )


def row(*cells: Any, more: str = "") -> str:
    kinds = {str: "String", int: "Number", float: "Number", bool: "Boolean"}
    written = (
        cell
        if isinstance(cell, str) and cell.startswith("<Cell")
        else f'<Cell><Data ss:Type="{kinds[type(cell)]}">'
        f"{escape(str(int(cell) if isinstance(cell, bool) else cell))}</Data></Cell>"
        for cell in cells
    )
    return f"<Row{more}>{''.join(written)}</Row>"


def table(*rows: str) -> str:
    return f"<Table>{''.join(rows)}</Table>"


def test_the_rows_of_excel_2003_are_rows_with_their_numbers() -> None:
    date = '<Cell><Data ss:Type="DateTime">2026-01-31T00:00:00.000</Data></Cell>'
    late = '<Cell ss:Index="4"><Data ss:Type="String">late</Data></Cell>'
    data = workbook(
        table(row("Clay", "Loss", "Fired"), row("Red", 4.5, date), row(late, more=' ss:Index="5"'))
    )
    parsed = parse(data)
    assert pages(parsed) == [
        *((1, "Clay | Loss | Fired"), (2, "Clay: Red | Loss: 4.5 | Fired: 2026-01-31")),
        (5, "late"),
    ]
    assert {page.kind for page in parsed.pages} == {PageKind.ROW}
    assert headings(parsed) == [("Clays", 1)]
    assert parsed.warnings == ()
    assert media_type("a.xml", data) == (FLAT, None)
    assert media_type("a", data.decode().encode("utf-16"))[0] == FLAT
    kind, told = media_type("a.xls", data)
    assert (kind, told) == (
        FLAT,
        "an office document as XML, though its name ends in .xls",
    )


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.one_of(st.text("abc <&é", max_size=4), st.integers(-999, 999)), max_size=3),
        max_size=5,
    )
)
def test_every_value_of_excel_2003_is_in_its_row(rows: list[list[Any]]) -> None:
    parsed = parse(workbook(table(*(row(*cells) for cells in rows))))
    found = dict(pages(parsed))
    for number, cells in enumerate(rows, start=1):
        for cell in cells:
            assert " ".join(str(cell).split()) in found.get(number, "")


def test_what_excel_2003_hides_is_left_out_and_told() -> None:
    hidden = "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>"
    column = '<Column ss:Index="2" ss:Span="1" ss:Hidden="1"/>'
    odd = '<Cell><Data ss:Type="Error">#REF!</Data></Cell><Cell ss:Formula="=A1"/>'
    note = '<Cell><Data ss:Type="String">noted</Data><Comment><Data>SECRET</Data></Comment></Cell>'
    parsed = parse(
        workbook(
            table(
                *(column, row("shown", "SECRET", "SECRET", "too")),
                *(row("SECRET", more=' ss:Hidden="1"'), row(f"<Cell/>{odd}"), row(note)),
            ),
            table(row("SECRET")) + hidden,
        )
    )
    assert "SECRET" not in parsed.text
    assert blocks(parsed) == ["Clays", "shown | too", "noted"]
    assert parsed.warnings == (
        "1 hidden sheet left out",
        "1 hidden row left out",
        "2 hidden columns left out",
        "1 cell with an error left empty",
        "1 formula without a value left empty: open and save it anew",
        "1 comment left out",
    )


def test_merged_cells_of_excel_2003_have_their_text_in_each_row() -> None:
    merged = '<Cell ss:MergeDown="1"><Data ss:Type="String">Red</Data></Cell>'
    beside = '<Cell ss:Index="2"><Data ss:Type="String">wet</Data></Cell>'
    data = workbook(table(row("Clay", "State"), row(merged, "dry"), row(beside), row("White", "x")))
    assert blocks(parse(data))[2:] == [
        *("Clay: Red | State: dry", "Clay: Red | State: wet", "Clay: White | State: x"),
    ]


@pytest.mark.parametrize("index", ["1", "99999999999", "16385", "-1", "x"])
def test_cells_of_excel_2003_that_are_out_of_order_are_refused_or_follow_on(index: str) -> None:
    second = f'<Cell ss:Index="{index}"><Data ss:Type="String">b</Data></Cell>'
    data = workbook(table(row("a", second)))
    if index.isdigit() and len(index) < 9:
        with refuses(Fault.CORRUPT, "not in order"):
            parse(data)
    else:
        assert blocks(parse(data)) == ["Clays", "a | b"]


def document(body: str, styles: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument '
        f'xmlns:w="{WORD}" xmlns:aml="{AML}" xmlns:wx="{HINT}"><w:styles>{styles}</w:styles>'
        f"<w:body><wx:sect>{body}</wx:sect></w:body></w:wordDocument>"
    ).encode()


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


STYLED = '<w:pStyle w:val="{}"/>'
HEADING = (
    '<w:style w:type="paragraph" w:styleId="U1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="Gone"/><w:rPr><w:vanish/></w:rPr>'
    "</w:style>"
)


def item(marker: str, text: str) -> str:
    listed = f'<w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/><wx:t wx:val="{marker}"/></w:listPr>'
    return paragraph(text, listed)


def test_word_2003_is_read_as_word_is() -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Clay", "Loss"))
    values = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Red", "4"))
    body = (
        f"<wx:sub-section>{paragraph('Firing', STYLED.format('U1'))}</wx:sub-section>"
        f"{item('1.', 'First')}{item('·', 'Second')}"
        "<w:p><w:r><w:t>It is</w:t></w:r><w:hlink><w:r><w:t> cold</w:t></w:r></w:hlink>"
        "<w:r><w:footnote><w:p><w:r><w:t>At dawn.</w:t></w:r></w:p></w:footnote></w:r>"
        '<aml:annotation w:type="Word.Insertion"><aml:content><w:r><w:t> now.</w:t></w:r>'
        '</aml:content></aml:annotation><aml:annotation w:type="Word.Deletion"><aml:content><w:r>'
        "<w:t>SECRET</w:t></w:r></aml:content></aml:annotation>"
        '<aml:annotation w:type="Word.Comment"><aml:content>'
        "<w:p><w:r><w:t>SECRET</w:t></w:r></w:p></aml:content></aml:annotation></w:p>"
        f"{paragraph('SECRET', STYLED.format('H'))}"
        f"<w:tbl><w:tr>{cells}</w:tr><w:tr>{values}</w:tr></w:tbl>"
    )
    data = document(body, HEADING)
    parsed = parse(data)
    assert blocks(parsed) == [
        *("Firing", "1. First", "Second", "It is cold now.", "Clay | Loss", "Clay: Red | Loss: 4"),
        "At dawn.",
    ]
    assert headings(parsed) == [("Firing", 1)]
    assert [unit.role for unit in parsed.units][1:3] == [Role.ITEM, Role.ITEM]
    assert parsed.warnings == ("1 piece of hidden text left out", "1 comment left out")
    assert media_type("a.doc", data)[0] == media_type("a.xml", data)[0] == FLAT


PACKAGE = "http://schemas.microsoft.com/office/2006/xmlPackage"


def flat_package(data: bytes) -> bytes:
    """Return an archive of Open XML as Word saves it in one file."""
    members = unpacked(data)
    types = members.pop("[Content_Types].xml").decode()
    parts = []
    for name, part in members.items():
        kind = "application/vnd.openxmlformats-package.relationships+xml"
        if not name.endswith(".rels"):
            at = types.find(f'PartName="/{name}"')
            kind = types[at:].split('ContentType="')[1].split('"')[0] if at >= 0 else "image/png"
        text = part.decode("utf-8", "ignore").partition("?>")[2] or part.decode("utf-8", "ignore")
        inner = (
            f"<pkg:xmlData>{text}</pkg:xmlData>"
            if name.endswith((".xml", ".rels"))
            else f"<pkg:binaryData>{base64.b64encode(part).decode()}</pkg:binaryData>"
        )
        parts.append(f'<pkg:part pkg:name="/{name}" pkg:contentType="{kind}">{inner}</pkg:part>')
    return f'<pkg:package xmlns:pkg="{PACKAGE}">{"".join(parts)}</pkg:package>'.encode()


def test_flat_open_xml_is_read_as_the_archive_that_it_stands_for() -> None:
    made = docx.Document()
    made.add_heading("Firing", 1)
    made.add_paragraph("It is cold.")
    assert parse(flat_package(saved(made))) == word.parse(saved(made))
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Kiln"
    assert pages(parse(flat_package(saved(deck)))) == [(1, "Kiln")]
    book = openpyxl.Workbook()
    book.active.append(["Clay", 4])
    assert blocks(parse(flat_package(saved(book)))) == ["Sheet", "Clay | 4"]


def flat_odf(kind: str, body: str) -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return (
        f'<?xml version="1.0"?><office:document {NAMESPACES} office:mimetype="{mimetype}">'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    ).encode()


def test_flat_open_document_is_read_as_the_archive_that_it_stands_for() -> None:
    body = '<text:h text:outline-level="1">Firing</text:h><text:p>It is cold.</text:p>'
    assert parse(flat_odf("text", body)) == opendocument.parse(odt(body))
    slide = "<draw:page><draw:frame><draw:text-box><text:p>A</text:p></draw:text-box></draw:frame>"
    assert pages(parse(flat_odf("presentation", f"{slide}</draw:page>"))) == [(1, "A")]
    cell = (
        '\n <table:table-cell office:value-type="string">\n <text:p>{}</text:p></table:table-cell>'
    )
    rows = "".join(
        f"\n<table:table-row>{''.join(map(cell.format, cells))}\n</table:table-row>"
        for cells in (("Clay", "Loss"), ("Red", "none"))
    )
    sheet = f'<table:table table:name="Clays">{rows}</table:table>'
    data = flat_odf("spreadsheet", sheet)
    assert blocks(parse(data)) == ["Clays", "Clay | Loss", "Clay: Red | Loss: none"]
    assert media_type("a.fods", data) == (FLAT, None)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (workbook("<a>" * 200 + "</a>" * 200), "nested deeper"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + workbook(table(row("a"))), "document type"),
        (b"<office:document", "not defined"),
        (b"<a/>", "no office document"),
        (b'<pkg:package xmlns:pkg="x"/>', "no office document|no document|missing"),
        (b'<w:wordDocument xmlns:w="x"/>', "no text"),
    ],
)
def test_what_no_office_program_writes_is_refused(data: bytes, why: str) -> None:
    with pytest.raises((DocumentUnreadable, SyntaxError), match=why):
        parse(data)


def test_a_picture_that_is_too_long_costs_only_itself() -> None:
    written = f"<office:binary-data>{'A' * 11_000_000}</office:binary-data>"
    frame = f"<draw:frame><draw:image>{written}</draw:image></draw:frame>"
    parsed = parse(flat_odf("text", f"<text:p>It is cold.{frame}</text:p>"))
    assert (parsed.text, parsed.warnings) == ("It is cold.", ("1 picture not read",))


def test_a_workbook_of_many_rows_takes_linear_time() -> None:
    with within(20):
        parsed = parse(workbook(table(*(row("a", n) for n in range(20_000)))))
    assert len(parsed.pages) == 20_000
    wide = workbook(table('<Column ss:Hidden="1" ss:Span="99999999"/>' * 1 + row("a")))
    assert "1 hidden column" in parse(wide).warnings[0]


def test_too_much_is_refused() -> None:
    with refuses(Fault.TOO_LARGE, "characters"):
        parse(workbook(table(row("a" * 300))), Limits(max_chars=100))
    with refuses(Fault.TOO_LARGE, "sheets"):
        parse(workbook(*["" for _ in range(3)]), Limits(max_pages=2))
