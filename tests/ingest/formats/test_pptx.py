"""PowerPoint presentations: a page for each slide, its text in the order in which it is read."""

from typing import Any

import pptx
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.reading import blocks, headings, pages, refuses, saved
from lxml import etree
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from pptx.util import Emu

from assistant.errors import Fault
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.formats.pptx import parse
from assistant.values import PageKind

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
TITLE_ONLY, TITLE_AND_BODY, BLANK = 5, 1, 6
PLACES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=6, unique=True)


def add_box(shapes: Any, text: str, top: int = 0, left: int = 0) -> Any:
    box = shapes.add_textbox(Emu(left), Emu(top), Emu(10), Emu(10))
    box.text_frame.text = text
    return box


@settings(max_examples=20)
@given(slides=st.lists(st.tuples(PLACES, st.booleans()), min_size=1, max_size=3))
def test_shapes_are_read_from_the_top_left_with_the_title_first_and_notes_last(
    slides: list[tuple[list[tuple[int, int]], bool]],
) -> None:
    presentation = pptx.Presentation()
    expected = []
    for number, (places, has_notes) in enumerate(slides, start=1):
        slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_ONLY])
        for top, left in places:
            add_box(slide.shapes, f"box {number} {top} {left}", top, left)
        slide.shapes.title.text = f"title {number}"
        if has_notes:
            slide.notes_slide.notes_text_frame.text = f"notes {number}\nmore"
        texts = [f"title {number}", *[f"box {number} {top} {left}" for top, left in sorted(places)]]
        expected.append((number, texts + [f"notes {number}", "more"] * has_notes))
    parsed = parse(saved(presentation))
    found = [(p.number, parsed.text[p.start : p.end].split("\n")) for p in parsed.pages]
    assert found == expected
    assert {page.kind for page in parsed.pages} == {PageKind.SLIDE}
    titles = headings(parsed)
    assert titles == [(f"title {number}", 1) for number in range(1, len(slides) + 1)]
    assert parsed.title == "title 1"


def test_groups_tables_and_lines_are_read_where_they_stand() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    add_box(slide.shapes, "last", top=900)
    table = slide.shapes.add_table(2, 3, Emu(0), Emu(500), Emu(30), Emu(20)).table
    for row in range(2):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1))
    group = slide.shapes.add_group_shape()
    add_box(group.shapes, "grouped 2", top=200)
    inner = group.shapes.add_group_shape()
    add_box(inner.shapes, "grouped 1\vline", top=100)
    assert blocks(parse(saved(presentation))) == [
        *["grouped 1", "line", "grouped 2"],
        *["00 01 | 02", "10 | 11 | 12"],
        "last",
    ]


def test_hidden_slides_and_shapes_are_left_out_and_numbers_stay() -> None:
    presentation = pptx.Presentation()
    for text in ("one", "SECRET", "three"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
        add_box(slide.shapes, text)
    presentation.slides[1]._element.set("show", "0")
    hidden = add_box(slide.shapes, "SECRET")
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    parsed = parse(saved(presentation))
    assert pages(parsed) == [
        (1, "one"),
        (3, "three"),
    ]
    assert parsed.warnings == ("1 hidden slide left out", "1 hidden shape left out")


def test_footers_are_left_out_and_an_empty_slide_is_no_page() -> None:
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    slide = presentation.slides.add_slide(presentation.slide_layouts[TITLE_AND_BODY])
    slide.placeholders[1].text_frame.text = "body"
    footer = slide.placeholders[1]._element.__copy__()
    slide.shapes._spTree.append(footer)
    footer.nvSpPr.nvPr.ph.set("type", "ftr")
    footer.nvSpPr.nvPr.ph.set("idx", "11")
    parsed = parse(saved(presentation))
    assert pages(parsed) == [(2, "body")]
    assert parsed.warnings == ("1 slide footer left out",)


def test_what_the_library_does_not_see_is_read_once() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    text = "<p:sp><p:txBody><a:p><a:r><a:t>in {}</a:t></a:r><a:br/></a:p></p:txBody></p:sp>"
    alternate = (
        "<mc:AlternateContent"
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f"<mc:Choice Requires='a'>{text.format('choice')}</mc:Choice>"
        f"<mc:Fallback>{text.format('fallback')}</mc:Fallback></mc:AlternateContent>"
    )
    slide.shapes._spTree.append(parse_xml(alternate))
    assert parse(saved(presentation)).text == "in choice"


def test_the_words_of_a_diagram_are_read_where_it_stands() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    add_box(slide.shapes, "last", top=900)
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    points = "".join(
        f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>" for text in ("x", "y z")
    )
    part = Part(
        PackURI("/ppt/diagrams/data1.xml"),
        "application/vnd.openxmlformats-officedocument.drawingml.diagramData+xml",
        slide.part.package,
        f'<d:m xmlns:d="{drawing}/diagram" xmlns:a="{drawing}/main">{points}</d:m>'.encode(),
    )
    relation = slide.part.relate_to(part, RELATIONSHIP_TYPE.DIAGRAM_DATA)
    frame = slide.shapes.add_table(1, 1, Emu(0), Emu(1), Emu(1), Emu(1))._element
    data = frame.find(f".//{{{drawing}/main}}graphicData")
    data.set("uri", f"{drawing}/diagram")
    data.remove(data[0])
    document = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    reference = f'<d:relIds xmlns:d="{drawing}/diagram" xmlns:r="{document}" r:dm="{relation}"/>'
    data.append(parse_xml(reference))
    assert blocks(parse(saved(presentation))) == ["x", "y z", "last"]


def test_too_many_slides_and_what_is_no_presentation_are_refused() -> None:
    presentation = pptx.Presentation()
    for _ in range(3):
        add_box(presentation.slides.add_slide(presentation.slide_layouts[BLANK]).shapes, "text")
    data = saved(presentation)
    with refuses(Fault.TOO_LARGE, "3 slides, over the limit of 2"):
        parse(data, Limits(max_pages=2))
    with refuses(Fault.CORRUPT):
        parse(data[: len(data) // 2])


def test_numbered_paragraphs_keep_the_numbers_that_are_shown() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[BLANK])
    frame = add_box(slide.shapes, "Before lighting:").text_frame
    steps = [
        ("Open the damper", 0, "arabicPeriod"),
        ("left flap", 1, "alphaLcParenR"),
        ("right flap", 1, "alphaLcParenR"),
        ("Sweep the ash", 0, "arabicPeriod"),
        ("Wear gloves", 0, ""),
        ("Start anew", 0, "arabicPeriod"),
        ("", 0, "arabicPeriod"),
    ]
    for text, level, kind in steps:
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        if kind:
            properties = paragraph._p.get_or_add_pPr()
            etree.SubElement(properties, f"{{{DRAWING}}}buAutoNum").set("type", kind)
    assert blocks(parse(saved(presentation))) == [
        "Before lighting:",
        "1. Open the damper",
        "a) left flap",
        "b) right flap",
        "2. Sweep the ash",
        "Wear gloves",
        "1. Start anew",
    ]
