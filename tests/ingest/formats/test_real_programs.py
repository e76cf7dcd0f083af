"""What real programs write: sound files that differ from what the libraries' own files are like."""

import io
import struct
from collections.abc import Callable
from zipfile import ZIP_STORED

import docx
import openpyxl
import pptx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from ingest.formats.compound_made import compound
from ingest.formats.drawn_text import draw_text
from ingest.formats.drawn_text import saved as saved_image
from ingest.formats.packages import pack
from ingest.reading import blocks, headings, pages, refuses, repacked, saved, unpacked
from pptx.util import Inches

from assistant.errors import Fault
from assistant.ingest.formats import docx as word
from assistant.ingest.formats import epub, mail, markup, odt, rtf, xlsx
from assistant.ingest.formats import pptx as slides
from assistant.ingest.formats.archive import open_archive
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import parse
from assistant.ingest.sniff import media_type
from assistant.values import PageKind, Role
from evals.mixed import MAKERS

SAID = "The kiln is cold by dawn."


def document(*paragraphs: str) -> bytes:
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    return saved(made)


def renamed(data: bytes, old: str, new: str, names: Callable[[str], str] = str) -> bytes:
    """Return a package with another name for a part, also where it is referred to."""
    written = {}

    def note(name: str, held: bytes) -> bytes:
        changed = (
            held.replace(old.encode(), new.encode()) if name.endswith((".rels", ".xml")) else held
        )
        written[names(name.replace(old, new))] = changed
        return changed

    repacked(data, note)
    return pack(written)


def text_of(name: str, data: bytes) -> str:
    return parse(data, media_type(name, data)[0], Limits()).text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", renamed(document(SAID), "document.xml", "document2.xml")),
        ("a.docx", document(SAID)),
        ("a.xlsx", MAKERS[".xlsx"]("t", [SAID])),
        ("a.xlsx", renamed(MAKERS[".xlsx"]("t", [SAID]), "workbook.xml", "book7.xml")),
        ("a.pptx", renamed(MAKERS[".pptx"]("t", [SAID]), "presentation.xml", "show.xml")),
    ],
    ids=[
        "Office 365",
        "ordinary",
        "workbook",
        "another name of a workbook",
        "another presentation",
    ],
)
def test_a_package_is_known_by_its_main_part_whatever_that_is_called(
    name: str, data: bytes
) -> None:
    assert SAID[:-1] in text_of(name, data)


def test_names_with_backslashes_are_those_of_folders() -> None:
    data = renamed(document(SAID), "x", "x", lambda name: name.replace("/", "\\"))
    assert SAID in text_of("a.docx", data)


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("suffix", [".odt", ".ods", ".odp"])
def test_a_mimetype_may_come_late_and_packed(suffix: str, late: bool) -> None:
    members = unpacked(MAKERS[suffix]("t", [SAID]))
    mimetype = members.pop("mimetype")
    data = pack({**members, "mimetype": mimetype} if late else {"mimetype": mimetype, **members})
    assert SAID in text_of(f"a{suffix}", data)


def test_a_preview_that_packs_tightly_is_no_bomb_but_text_that_does_is() -> None:
    packed = {"word/media/a.emf": b"\1" + b"\0" * 3_000_000}
    assert open_archive(pack(packed)).names == packed.keys()
    for name in ("word/media/a.txt", "word/document.xml"):
        with refuses(Fault.TOO_LARGE, "bomb"):
            open_archive(pack({name: b"<a>" + b" " * 3_000_000 + b"</a>"}))
    with refuses(Fault.TOO_LARGE, "bomb"):
        open_archive(pack({"a.emf": b"<a>" + b" " * 3_000_000 + b"</a>"}))


@pytest.mark.parametrize(
    "name",
    ["xl/customProperty1.bin", "customXml/item1.xml", "docProps/app.xml", "__MACOSX/._a.xml"],
)
def test_a_part_that_nobody_reads_refuses_no_file(name: str) -> None:
    assert open_archive(pack({name: b"<?xml version='1.0' encoding='no-such'?><a"})).names == {name}
    with refuses(Fault.CORRUPT, "not a whole archive"):
        open_archive(pack({"word/styles.xml": b"<a"}))


def test_what_macos_packs_beside_a_book_is_no_part_of_it() -> None:
    members = unpacked(MAKERS[".epub"]("t", [SAID]))
    data = pack({"mimetype": members.pop("mimetype"), **members, "__MACOSX/._o.opf": b"\0\5\x16"})
    assert blocks(epub.parse(data)) == ["t", SAID]


INSERTED = {
    "page.html": (b"<h1>Firing</h1><table><tr><th>Clay<th>Loss<tr><td>Red<td>4 %</table>",
                  ["Firing", "Clay | Loss", "Clay: Red | Loss: 4 %"]),
    "part.docx": (document("It needs nine hours."), ["It needs nine hours."]),
    "part.txt": (b"It needs nine hours.", ["It needs nine hours."]),
    "part.rtf": (b"{\\rtf1 It needs nine hours.}", ["It needs nine hours."]),
}  # fmt: skip


@pytest.mark.parametrize("name", INSERTED)
def test_a_file_inserted_into_a_document_is_read_where_it_stands(name: str) -> None:
    data, expected = INSERTED[name]
    made = docx.Document()
    made.add_paragraph("Before")
    part = Part(PackURI(f"/word/{name}"), "application/x-inserted", data, made.part.package)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk"
    chunk = parse_xml(f'<w:altChunk {nsdecls("w", "r")} r:id="{made.part.relate_to(part, kind)}"/>')
    made.element.body.insert(1, chunk)
    made.add_paragraph("After")
    parsed = word.parse(saved(made))
    assert blocks(parsed) == ["Before", *expected, "After"]
    assert parsed.warnings == ()
    assert word.parse(saved(made), Limits(max_inner=0)).warnings == ("1 inserted file not read",)


def test_words_in_a_picture_of_a_document_are_read_once_as_a_note() -> None:
    drawing = draw_text(("The kiln needs nine hours.",))
    made = docx.Document()
    made.add_paragraph("Before")
    made.add_picture(io.BytesIO(saved_image(drawing.image)), Inches(5))
    made.add_picture(io.BytesIO(saved_image(drawing.image)), Inches(3))
    made.add_table(1, 1).cell(0, 0).text = "cell"
    parsed = word.parse(saved(made))
    assert blocks(parsed) == ["Before", "The kiln needs nine hours.", "cell"]
    assert parsed.units[1].role is Role.NOTE
    assert parsed.warnings == ()
    assert {word.page for word in parsed.words} == {0}
    assert [parsed.text[word.start : word.end] for word in parsed.words][:2] == ["The", "kiln"]
    unread = word.parse(saved(made), Limits(max_ocr_pages=0))
    assert blocks(unread) == ["Before", "cell"]
    assert unread.warnings == ("1 picture or recording not read",)


def test_words_in_a_picture_on_a_slide_are_read_there() -> None:
    drawing = draw_text(("The kiln needs nine hours.",))
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Firing"
    slide.shapes.add_picture(io.BytesIO(saved_image(drawing.image)), 0, 0, Inches(5))
    parsed = slides.parse(saved(deck))
    assert pages(parsed) == [(1, "Firing\nThe kiln needs nine hours.")]
    assert parsed.warnings == ()


def test_a_date_that_somebody_wrote_below_the_slides_is_read_once() -> None:
    deck = pptx.Presentation()
    for text in ("12 March 2031", "12 March 2031", "13 March 2031"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = "Firing"
        date = slide.shapes.add_textbox(0, 0, 10, 10)
        date.text_frame.text = text
        properties = date._element.nvSpPr.nvPr
        properties.append(parse_xml(f'<p:ph {P} type="dt"/>'))
    parsed = slides.parse(saved(deck))
    assert blocks(parsed) == ["Firing", "12 March 2031", "Firing", "Firing", "13 March 2031"]


P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


ROWS = (("Clay", "Loss"), ("Red", 4), ("White", 6))
READ = ["Sheet", "Clay | Loss", "Clay: Red | Loss: 4", "Clay: White | Loss: 6"]


@pytest.mark.parametrize(
    ("part", "old", "new", "warnings"),
    [
        ("xl/workbook.xml", b'state="visible"', b'state="show"', ()),
        (
            *("xl/styles.xml", b'<cellStyle name="Normal"', b"<cellStyle"),
            ("hidden rows and columns, if any, are read, too",),
        ),
    ],
    ids=["state", "a style without a name"],
)
def test_a_workbook_that_excel_opens_is_read(
    part: str, old: bytes, new: bytes, warnings: tuple[str, ...]
) -> None:
    data = workbook(*ROWS)
    changed = repacked(data, lambda name, held: held.replace(old, new) if name == part else held)
    assert changed != data
    parsed = xlsx.parse(changed)
    assert blocks(parsed) == READ
    assert parsed.warnings == warnings
    assert {page.kind for page in parsed.pages} == {PageKind.ROW}


def test_the_text_of_shapes_follows_the_rows_of_its_sheet() -> None:
    base = "http://schemas.openxmlformats.org"
    drawing = (
        f'<xdr:wsDr xmlns:xdr="{base}/drawingml/2006/spreadsheetDrawing" '
        f'xmlns:a="{base}/drawingml/2006/main"><xdr:sp><xdr:txBody><a:p><a:r><a:t>Wet </a:t></a:r>'
        "<a:r><a:t>clay.</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>"
    )
    relation = (
        f'<Relationships xmlns="{base}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{base}/officeDocument/2006/relationships/drawing" '
        'Target="../drawings/drawing1.xml"/></Relationships>'
    )
    members = unpacked(workbook(*ROWS))
    members["xl/worksheets/_rels/sheet1.xml.rels"] = relation.encode()
    members["xl/drawings/drawing1.xml"] = drawing.encode()
    parsed = xlsx.parse(pack(members))
    assert blocks(parsed) == [*READ, "Wet clay."]
    assert [(page.number) for page in parsed.pages] == [1, 2, 3]


def test_a_presentation_of_opendocument_has_a_page_for_each_slide() -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    names = " ".join(f'xmlns:{n}="{urn}{n}:1.0"' for n in "office text presentation style".split())
    frame = (
        '<draw:frame svg:y="{y}cm" {kind}><draw:text-box><text:p>{text}</text:p></draw:text-box>'
        "</draw:frame>"
    )
    title = frame.format(y=9, kind='presentation:class="title"', text="Firing")
    boxes = frame.format(y=5, kind="", text="Below") + frame.format(y=1, kind="", text="Above")
    note = f"<presentation:notes>{frame.format(y=0, kind='', text='Slowly.')}</presentation:notes>"
    content = (
        f'<office:document-content {names} xmlns:draw="{urn}drawing:1.0" '
        f'xmlns:svg="{urn}svg-compatible:1.0"><office:automatic-styles><style:style '
        'style:name="h"><style:drawing-page-properties presentation:visibility="hidden"/>'
        "</style:style></office:automatic-styles><office:body><office:presentation>"
        f'<draw:page>{note}{boxes}{title}</draw:page><draw:page draw:style-name="h">{boxes}'
        f"</draw:page><draw:page>{boxes}</draw:page></office:presentation></office:body>"
        "</office:document-content>"
    )
    parsed = odt.parse(pack({"content.xml": content.encode()}))
    assert pages(parsed) == [(1, "Firing\nAbove\nBelow\nSlowly."), (3, "Above\nBelow")]
    assert headings(parsed) == [("Firing", 1)]
    assert parsed.warnings == ("1 hidden slide left out",)
    twice = content.replace("<text:p>", '<text:p xml:id="one">')
    assert odt.parse(pack({"content.xml": twice.encode()})).text == parsed.text


def test_a_mark_inside_a_group_of_rtf_hides_nothing() -> None:
    parsed = rtf.parse(rb"{\rtf1 {\b0\*\cs7\rtlch Cold clay.} {\*\hidden no} {\* \x no}}")
    assert parsed.text == "Cold clay."


def test_a_mailbox_is_its_mails_each_under_its_subject() -> None:
    start = b"From ada@kiln.example Mon Mar  3 10:00:00 2031\n"
    one = b"From: Ada <ada@kiln.example>\nSubject: Clay\n\nIt is wet.\n>From the pit.\n\n"
    two = b"From: Bob <bob@kiln.example>\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n\nLarge.\n"
    data = start + one + start + two
    assert media_type("all.mbox", data) == ("application/mbox", None)
    assert media_type("all", data)[0] == "application/mbox"
    parsed = mail.parse_box(data)
    assert headings(parsed) == [("Clay", 1), ("Größe", 1)]
    assert "It is wet.\nFrom the pit." in parsed.text
    assert parsed.text.endswith("Subject: Größe\nLarge.")


def test_the_files_of_an_archive_are_read_each_under_its_path() -> None:
    data = pack(
        {
            "b/notes.md": b"# Clay\n\nIt is wet.",
            "a.csv": b"Clay,Loss\nRed,4\nWhite,6\n",
            "c.exe": b"\x7fELF",
            "__MACOSX/._a.csv": b"\0",
            "b/__MACOSX/._a.csv": b"\0",
            "desktop.ini of the kiln.txt": b"It is cold.",
            "b/": b"",
        }
    )
    assert media_type("all.zip", data) == ("application/zip", None)
    parsed = parse(data, "application/zip", Limits())
    assert blocks(parsed) == [
        *("a.csv", "Clay | Loss", "Clay: Red | Loss: 4", "Clay: White | Loss: 6"),
        *("b/notes.md", "Clay", "It is wet."),
        *("desktop.ini of the kiln.txt", "It is cold."),
    ]
    assert headings(parsed)[:3] == [("a.csv", 1), ("b/notes.md", 1), ("Clay", 2)]
    assert parsed.warnings == (
        "1 file in it not read: c.exe (a program, not a document with text)",
    )


def test_a_few_warnings_stand_for_those_of_many_files() -> None:
    files = {f"{number:02}.txt": b"Cold\xff clay \xff\xfe\xfd." for number in range(30)}
    told = parse(pack(files), "application/zip", Limits()).warnings
    assert [line[:6] for line in told[:10]] == [f"{number:02}.txt" for number in range(10)]
    assert told[10:] == ("20 more warnings about files in it",)


def test_a_mail_of_a_mailbox_that_cannot_be_read_spoils_no_other() -> None:
    start = b"From ada@kiln.example Mon Mar  3 10:00:00 2031\n"
    bad = b"Subject: Bad\nContent-Type: text/plain; " + b"x=1; " * 3_000 + b"\n\nNothing.\n\n"
    parsed = mail.parse_box(start + bad + start + b"Subject: Clay\n\nIt is wet.\n")
    assert headings(parsed) == [("Clay", 1)]
    assert parsed.warnings == ("1 mail not read",)
    with refuses(Fault.TOO_LARGE):
        mail.parse(bad)


@pytest.mark.parametrize(
    ("header", "unread"),
    [
        (b"Content-Type: text/plain; charset*=kil\0n'en'clay", "text/plain"),
        (b"Content-Disposition: attachment; filename*=kil\0n'en'a.exe", "text/plain"),
        (b"Content-Disposition: attachment; filename*=idna'en'a%FF.exe", "text/plain"),
    ],
)
def test_a_part_over_whose_charset_the_library_fails_spoils_no_other(
    header: bytes, unread: str
) -> None:
    parted = b"Content-Type: multipart/mixed; boundary=x\nSubject: Clay\n\n"
    bad = b"--x\n" + header + b"\n\n\x7fELF\0\n"
    sent = mail.parse(parted + bad + b"--x\n\nIt is wet.\n--x--\n")
    assert blocks(sent) == ["Subject: Clay", "It is wet."]
    assert sent.warnings == (f"1 attachment not read: {unread}",)


@pytest.mark.parametrize("error", [KeyError("clay"), RecursionError()])
def test_a_file_in_another_over_which_its_library_fails_spoils_no_other(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(markup, "parse_org", fail)
    archive = parse(pack({"a.org": b"* A", "b.txt": b"Cold clay."}), "application/zip", Limits())
    assert blocks(archive) == ["b.txt", "Cold clay."]
    assert archive.warnings[0].startswith("1 file in it not read: a.org (")
    attached = b'Content-Type: text/org\nContent-Disposition: attachment; filename="a.org"\n\n* A\n'
    parted = b"Content-Type: multipart/mixed; boundary=x\nSubject: Clay\n\n"
    sent = mail.parse(parted + b"--x\n\nIt is wet.\n--x\n" + attached + b"--x--\n")
    assert blocks(sent)[-1] == "It is wet."
    assert sent.warnings == ("1 attachment not read: a.org",)


def test_of_a_document_of_apples_the_preview_is_read_or_what_to_do_is_told() -> None:
    assert SAID in text_of("a.pages", MAKERS[".pages"]("t", [SAID]))
    with refuses(Fault.UNSUPPORTED, "export it as PDF"):
        text_of("a.key", pack({"Index/Document.iwa": b"\0"}))


def mobi(text: bytes, packing: int = 1, locked: int = 0, records: int = 1) -> bytes:
    head = struct.pack(">HHIHHHH", packing, 0, len(text), records, 4096, locked, 0)
    head += b"MOBI" + struct.pack(">III", 232, 2, 65001)
    head = head.ljust(84, b"\0") + struct.pack(">II", 250, 4)
    head = head.ljust(250, b"\0") + b"Kiln"
    start = 78 + 8 * 2
    entries = struct.pack(">IIII", start, 0, start + len(head), 1)
    return (
        b"kiln".ljust(60, b"\0")
        + b"BOOKMOBI"
        + b"\0" * 8
        + struct.pack(">H", 2)
        + entries
        + head
        + text
    )


def test_a_mobipocket_book_is_its_page() -> None:
    page = "<h1>One</h1><p>Größe.</p><mbp:pagebreak/><p>Cold clay.</p>".encode()
    assert media_type("a.mobi", mobi(page)) == ("application/x-mobipocket-ebook", None)
    parsed = epub.parse_mobi(mobi(page))
    assert blocks(parsed) == ["One", "Größe.", "Cold clay."]
    assert parsed.title == "Kiln"
    spaced = mobi(b"<p>Cold\xe3lay, gr\x02\xc3\xb6.</p>", packing=2)
    assert epub.parse_mobi(spaced).text == "Cold clay, grö."
    repeated = mobi(b"<p>cold \x80\x2a.</p>", packing=2)
    assert epub.parse_mobi(repeated).text == "cold cold ."
    with refuses(Fault.ENCRYPTED, "copying"):
        epub.parse_mobi(mobi(page, locked=1))
    over = bytearray(mobi(page))
    over[86:90] = struct.pack(">I", 1 << 20)  # behind the record that follows
    with refuses(Fault.CORRUPT, "as a book"):
        epub.parse_mobi(bytes(over))
    with refuses(Fault.UNSUPPORTED, "convert it to EPUB"):
        epub.parse_mobi(mobi(page, packing=17480))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (compound({"Quill": b"x"}), "a Publisher document: save it as PDF"),
        (compound({"VisioDocument": b"x"}), "a Visio drawing: save it as PDF"),
        (compound({"HwpSummaryInformation": b"x"}), "a Hangul document"),
        (compound({"256_0123456789abcdef": b"x"}), "thumbnails of pictures"),
        (compound({"Other": b"x"}), "none of Word, Excel or PowerPoint"),
        (pack({"[Content_Types].xml": b"ms-visio.drawing"}), "a Visio drawing: save it as PDF"),
        (pack({"_rels/.rels": b"xps/2005/06/fixedrepresentation"}), "an XPS document"),
        (
            pack({"mimetype": b"application/vnd.oasis.opendocument.formula"}, ZIP_STORED),
            "without text of its own",
        ),
    ],
)
def test_what_is_not_read_is_called_what_it_is(data: bytes, reason: str) -> None:
    with refuses(Fault.UNSUPPORTED, reason):
        parse(data, media_type("a", data)[0], Limits())
