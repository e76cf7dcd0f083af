"""Word documents: everything that the page shows, in order, and nothing that it hides."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.reading import blocks, headings, refuses, repacked, saved

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.docx import parse
from assistant.ingest.formats.parsed import Limits
from assistant.values import Role

NAMESPACES = (
    nsdecls("w")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    + ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    + ' xmlns:v="urn:schemas-microsoft-com:vml"'
    + ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENTS = st.recursive(
    st.sampled_from(["paragraph", "heading", "list"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=8,
)
"""A word is a paragraph of that kind, a list a table whose cells hold those things."""


def body(*xml: str) -> bytes:
    """Return a document whose body holds these elements."""
    document = docx.Document()
    for number, element in enumerate(xml):
        head, _, tail = element.partition(">")
        slash = "/" * head.endswith("/")
        found = parse_xml(f"{head.removesuffix('/')} {NAMESPACES}{slash}>{tail}")
        document.element.body.insert(number, found)
    return saved(document)


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*inner: str) -> str:
    return f"<w:p>{''.join(inner)}</w:p>"


def repack(data: bytes, **replaced: bytes) -> bytes:
    """Return the package with members, by their stems, replaced."""
    return repacked(data, lambda name, old: replaced.get(Path(name).stem, old))


def write(contents: list[Any], container: Any, words: list[str]) -> None:
    for kind in contents:
        if isinstance(kind, list):
            table = container.add_table(rows=1, cols=len(kind))
            for cell, inner in zip(table.rows[0].cells, kind, strict=True):
                write(inner if isinstance(inner, list) else [inner], cell, words)
            continue
        styles = {"heading": "Heading 2", "list": "List Bullet", "paragraph": None}
        added = container.add_paragraph(style=styles[kind])
        for _ in range(2):
            words.append(f"word{len(words)}")
            added.add_run(words[-1]).bold = len(words) % 2 == 0
            added.add_run(" ")


@settings(max_examples=40)
@given(contents=st.lists(CONTENTS, max_size=5))
def test_every_run_that_the_library_writes_is_in_the_text_in_order(contents: list[Any]) -> None:
    document = docx.Document()
    words: list[str] = []
    write(contents, document, words)
    parsed = parse(saved(document))
    assert parsed.text.replace("|", " ").split() == words


def test_paragraphs_and_their_lines_are_blocks_and_headings_have_levels() -> None:
    document = docx.Document()
    document.add_heading("The whole", 0)
    document.add_heading("A part", 1)
    document.add_paragraph("One\ttwo\nthree")
    document.add_paragraph(" ")
    document.add_heading("A\nsmall part", 3)
    parsed = parse(saved(document))
    assert blocks(parsed) == ["The whole", "A part", "One two", "three", "A small part"]
    assert headings(parsed) == [
        ("The whole", 1),
        ("A part", 1),
        ("A small part", 3),
    ]
    assert (parsed.title, parsed.pages, parsed.warnings) == ("The whole", (), ())


def test_a_style_based_on_a_heading_is_one_and_an_outline_level_makes_one() -> None:
    document = docx.Document()
    style = document.styles.add_style("Mine", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("styled", style="Mine")
    for level, text in ((3, "outlined"), (9, "body")):
        added = document.add_paragraph(text, style="Mine" if level == 9 else None)
        outline = parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="{level}"/>')
        added._p.get_or_add_pPr().append(outline)
    parsed = parse(saved(document))
    assert headings(parsed) == [
        ("styled", 2),
        ("outlined", 4),
    ]


LEVELS = {
    "steps": (
        '<w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>',
        '<w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/>',
    ),
    "clauses": (
        '<w:start w:val="4"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="Part %1"/>',
        '<w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/>',
        '<w:numFmt w:val="decimal"/><w:isLgl/><w:lvlText w:val="%1.%2.%3"/>',
    ),
    "bullets": ('<w:numFmt w:val="bullet"/><w:lvlText w:val="&#xf0b7;"/>',),
    "kept": (
        '<w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>',
        '<w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlRestart w:val="0"/>'
        '<w:lvlText w:val="%2."/>',
    ),
}


def numbered(
    kind: str, *paragraphs: tuple[int, int, str], starts: dict[int, int] | None = None
) -> bytes:
    """Return a document with a numbering of a kind, and paragraphs of its lists at a level.

    Lists are 901 and so on; `starts` are those that start anew, and at which number.
    """
    document = docx.Document()
    part = document.part.numbering_part.element
    levels = "".join(f'<w:lvl w:ilvl="{n}">{level}</w:lvl>' for n, level in enumerate(LEVELS[kind]))
    abstract = f'<w:abstractNum {NAMESPACES} w:abstractNumId="900">{levels}</w:abstractNum>'
    part.insert(0, parse_xml(abstract))
    for number in sorted({number for number, _, _ in paragraphs}):
        start = (starts or {}).get(number)
        override = (
            f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{start}"/></w:lvlOverride>'
            if start is not None
            else ""
        )
        part.append(
            parse_xml(
                f'<w:num {NAMESPACES} w:numId="{number}"><w:abstractNumId w:val="900"/>'
                f"{override}</w:num>"
            )
        )
    for number, level, text in paragraphs:
        added = document.add_paragraph(text)
        properties = parse_xml(
            f'<w:numPr {NAMESPACES}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
        )
        added._p.get_or_add_pPr().append(properties)
    return saved(document)


@pytest.mark.parametrize(
    ("kind", "levels", "expected"),
    [
        ("steps", [0, 0, 1, 1, 0, 1], ["1.", "2.", "a)", "b)", "3.", "a)"]),
        ("clauses", [0, 1, 1, 2, 0, 1], ["Part IV", "IV.1", "IV.2", "4.2.1", "Part V", "V.1"]),
        ("clauses", [1, 0], ["IV.1", "Part IV"]),
        ("bullets", [0, 0], ["", ""]),
        ("kept", [0, 1, 0, 1], ["1.", "1.", "2.", "2."]),
    ],
)
def test_items_of_a_list_have_the_numbers_that_word_shows(
    kind: str, levels: list[int], expected: list[str]
) -> None:
    parsed = parse(numbered(kind, *((901, level, "step") for level in levels)))
    assert blocks(parsed) == [f"{mark} step".strip() for mark in expected]
    assert {unit.role for unit in parsed.units} == {Role.ITEM}
    assert [unit.level for unit in parsed.units] == levels


def test_a_list_goes_on_where_another_of_its_kind_stopped_unless_it_starts_anew() -> None:
    said = [(901, 0, "a"), (902, 0, "b"), (903, 0, "c"), (903, 0, "d"), (901, 0, "e")]
    data = numbered("steps", *said, starts={903: 5})
    assert blocks(parse(data)) == ["1. a", "2. b", "5. c", "6. d", "7. e"]


def test_an_item_without_words_counts_and_lines_behind_the_first_have_no_number() -> None:
    data = numbered("steps", (901, 0, "one\nmore"), (901, 0, " "), (901, 0, "three"))
    assert blocks(parse(data)) == ["1. one", "more", "3. three"]


def test_a_style_numbers_its_paragraphs_and_one_of_them_can_be_taken_out() -> None:
    document = docx.Document()
    for text in ("one", "two", "none"):
        document.add_paragraph(text, style="List Number")
    out = parse_xml(f'<w:numPr {NAMESPACES}><w:numId w:val="0"/></w:numPr>')
    document.paragraphs[-1]._p.get_or_add_pPr().append(out)
    document.add_paragraph("bullet", style="List Bullet")
    parsed = parse(saved(document))
    assert blocks(parsed) == ["1. one", "2. two", "none", "bullet"]
    roles = [Role.ITEM, Role.ITEM, Role.PARAGRAPH, Role.ITEM]
    assert [unit.role for unit in parsed.units] == roles


def test_a_numbered_heading_has_its_number() -> None:
    document = docx.Document()
    style = document.styles["Heading 1"]
    numbering = document.part.numbering_part.element
    level = (
        '<w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="decimal"/>'
        '<w:pStyle w:val="Heading1"/><w:lvlText w:val="§ %1"/></w:lvl>'
    )
    abstract = f'<w:abstractNum {NAMESPACES} w:abstractNumId="900">{level}</w:abstractNum>'
    numbering.insert(0, parse_xml(abstract))
    numbering.append(
        parse_xml(f'<w:num {NAMESPACES} w:numId="901"><w:abstractNumId w:val="900"/></w:num>')
    )
    style.element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {NAMESPACES}><w:numId w:val="901"/></w:numPr>')
    )
    document.add_heading("Deposit", 1)
    document.add_heading("Notice", 1)
    assert headings(parse(saved(document))) == [("§ 2 Deposit", 1), ("§ 3 Notice", 1)]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("  A  title ", "A title"),
        *[(said, "Top") for said in ("Microsoft Word - x.doc", "Untitled", "Document1", "x.docx")],
        ("", "Top"),
    ],
)
def test_the_title_is_the_documents_own_unless_a_program_wrote_it(said: str, title: str) -> None:
    document = docx.Document()
    document.core_properties.title = said
    document.add_heading("Top", 1)
    assert parse(saved(document)).title == title


def test_a_row_is_a_block_and_a_cell_over_several_rows_stands_in_each() -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"
    table.cell(2, 2).text = "two\nlines"
    assert blocks(parse(saved(document))) == [
        *["wide | 02", "tall | 11 | 12", "tall | 21 | two lines"]
    ]


def test_a_row_that_lays_out_a_page_is_not_joined() -> None:
    document = docx.Document()
    cells = document.add_table(rows=1, cols=2).rows[0].cells
    cells[0].text = "before"
    inner = cells[0].add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "a", "b"
    cells[1].text = "after"
    assert blocks(parse(saved(document))) == ["before", "a | b", "after"]


BOX = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
CHOICE = (
    "<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>"
    + BOX.format("boxed")
    + "</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>"
    + BOX.format("boxed")
    + "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>"
)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"<w:hyperlink>{run('x')}</w:hyperlink>", ["a x z"]),
        (f"<w:ins>{run('x')}</w:ins>", ["a x z"]),
        (f"<w:moveTo>{run('x')}</w:moveTo>", ["a x z"]),
        (f"<w:smartTag>{run('x')}</w:smartTag>", ["a x z"]),
        (f"<w:fldSimple>{run('x')}</w:fldSimple>", ["a x z"]),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{run('x')}</w:sdtContent></w:sdt>", ["a x z"]),
        ("<w:del><w:r><w:delText>x</w:delText></w:r></w:del>", ["a z"]),
        (f"<w:moveFrom>{run('x')}</w:moveFrom>", ["a z"]),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r>", ["a z"]),
        ("<w:r><w:t>x</w:t><w:noBreakHyphen/><w:t>y</w:t></w:r>", ["a x-y z"]),
        (f"<w:r>{CHOICE}</w:r>", ["a z", "boxed"]),
        (f"<w:r><w:pict><v:textbox>{BOX.format('x')}</v:textbox></w:pict></w:r>", ["a z", "x"]),
        (
            f"<w:r><w:ruby><w:rt>{run('r')}</w:rt><w:rubyBase>{run('x')}</w:rubyBase></w:ruby></w:r>",
            ["a x z"],
        ),
        (
            "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r>"
            "</m:den></m:f></m:oMath>",
            ["a 1/2 z"],
        ),
    ],
)
def test_what_a_paragraph_holds_is_read_as_the_page_shows_it(
    inner: str, expected: list[str]
) -> None:
    parsed = parse(body(paragraph(run("a "), inner, run(" z"))))
    assert (blocks(parsed), parsed.warnings) == (expected, ())


@pytest.mark.parametrize("around", ["sdt><w:sdtContent", "customXml", "ins", "smartTag"])
def test_what_stands_around_blocks_hides_none(around: str) -> None:
    ends = "".join(f"</{name}>" for name in ("w:sdtContent", "w:sdt")) if "sdt" in around else ""
    row = f"<w:{around}><w:tr><w:tc>{paragraph(run('x'))}</w:tc></w:tr>{ends or f'</w:{around}>'}"
    inner = paragraph(run("a")) + f"<w:tbl>{row}</w:tbl>"
    assert blocks(parse(body(f"<w:{around}>{inner}{ends or f'</w:{around}>'}"))) == ["a", "x"]


def test_hidden_text_is_left_out_and_counted() -> None:
    document = docx.Document()
    style = document.styles.add_style("Secret", 1)
    style.font.hidden = True
    document.add_paragraph("SECRET", style="Secret")
    added = document.add_paragraph("shown")
    added.add_run(" SECRET").font.hidden = True
    added.add_run(" again").font.hidden = False
    parsed = parse(saved(document))
    assert parsed.text == "shown again"
    assert parsed.warnings == ("2 pieces of hidden text left out",)


def test_comments_and_page_headers_are_left_out_and_told_of() -> None:
    document = docx.Document()
    words = document.add_paragraph("commented").runs
    document.add_comment(words, text="SECRET", author="A", initials="a")
    document.sections[0].header.paragraphs[0].text = "SECRET"
    parsed = parse(saved(document))
    assert parsed.text == "commented"
    assert parsed.warnings == ("1 comment left out", "page headers and footers left out")


def test_footnotes_follow_the_body_in_the_order_of_their_marks() -> None:
    notes = "".join(
        f'<w:footnote w:id="{n}">{paragraph(run(f"note {n}"))}</w:footnote>' for n in range(4)
    )
    document = docx.Document()
    for note_id in (3, 1):
        added = document.add_paragraph("text ")
        reference = f'<w:footnoteReference w:id="{note_id}" {nsdecls("w")}/>'
        added.add_run()._r.append(parse_xml(reference))
    part = Part(
        PackURI("/word/footnotes.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml",
        f"<w:footnotes {nsdecls('w')}>{notes}</w:footnotes>".encode(),
        document.part.package,
    )
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    assert blocks(parse(saved(document))) == ["text", "text", "note 3", "note 1"]


@pytest.mark.parametrize("macro", ["document.macroEnabled", "template.macroEnabledTemplate"])
def test_documents_with_macros_and_templates_are_read(macro: str) -> None:
    document = docx.Document()
    document.add_paragraph("text")
    data = saved(document)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml").replace(
            b"vnd.openxmlformats-officedocument.wordprocessingml.document.main",
            f"vnd.ms-word.{macro}.main".encode(),
        )
    assert parse(repack(data, **{"[Content_Types]": types})).text == "text"


@pytest.mark.parametrize("target", ["../NULL", "media/x.png", "#mark", ""])
def test_references_to_parts_that_are_missing_do_not_cost_the_rest(target: str) -> None:
    data = body(paragraph(run("text")))
    image = RELATIONSHIP_TYPE.IMAGE
    dangling = f'<Relationship Id="rId99" Type="{image}" Target="{target}"/></Relationships>'
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = archive.read("word/_rels/document.xml.rels")
    relations = found.replace(b"</Relationships>", dangling.encode())
    parsed = parse(repack(data, **{"document.xml": relations}))
    assert (parsed.text, parsed.warnings) == ("text", ("1 part of the file missing",))


def test_no_entity_is_expanded_and_no_file_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY", encoding="utf-8")
    laughs = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9))
    for declared in (f"<!ENTITY x SYSTEM '{canary.as_uri()}'>", f"<!ENTITY l0 'ha'>{laughs}"):
        evil = (
            f"<!DOCTYPE w:document [{declared}]><w:document {nsdecls('w')}><w:body>"
            f"<w:p><w:r><w:t>&{'x' if 'SYSTEM' in declared else 'l9'};</w:t></w:r></w:p>"
            "</w:body></w:document>"
        )
        with refuses(Fault.CORRUPT, "declares a document type"):
            parse(repack(body(), document=evil.encode()))


def test_what_is_no_document_is_refused() -> None:
    data = body(paragraph(run("text")))
    with refuses(Fault.CORRUPT, "a part of it is missing"):
        parse(repack(data, **{".rels": f"<Relationships xmlns='{RELATIONSHIPS}'/>".encode()}))
    with pytest.raises(DocumentUnreadable, match="limit of 3"):
        parse(data, Limits(max_chars=3))
