"""PDF: text in reading order, with the page and the place of everything that was drawn."""

import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
import reportlab
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.formats.pdf_made import (
    HEIGHT,
    PAGE_OBJECTS,
    WIDTH,
    Drawn,
    Sheet,
    encrypted,
    of_objects,
    paragraphs,
    stream,
    unlike_words,
)
from ingest.reading import blocks, headings, refuses, require_in_order
from PIL import Image
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Limits, Parsed
from assistant.ingest.formats.pdf.document import draw, locate, parse
from assistant.text.normalize import normalize
from assistant.values import Box

VERA = Path(reportlab.__file__).parent / "fonts/Vera.ttf"


def boxes_of(data: bytes, parsed: Parsed, quote: str) -> tuple[Box, ...]:
    start = parsed.text.index(quote)
    span = (start, start + len(quote))
    near = [page for page in parsed.pages if page.start < span[1] and page.end > span[0]]
    return locate(data, span, near).boxes


def shared(box: Box, drawn: tuple[float, float, float, float]) -> float:
    """Return how much of two boxes together is of both."""
    left, top, right, bottom = drawn
    across = min(box.right, right) - max(box.left, left)
    down = min(box.bottom, bottom) - max(box.top, top)
    both = max(across, 0) * max(down, 0)
    areas = (box.right - box.left) * (box.bottom - box.top) + (right - left) * (bottom - top)
    return both / (areas - both)


def require_places(data: bytes, parsed: Parsed, drawn: list[Drawn]) -> None:
    for line in drawn:
        boxes = boxes_of(data, parsed, line.text)
        assert [box.page for box in boxes] == [line.page]
        assert shared(boxes[0], line.box) > 0.7, (line, boxes)
        page = parsed.pages[line.page - 1]
        assert page.start <= parsed.text.index(line.text) < page.end


def require_canonical(parsed: Parsed) -> None:
    assert normalize(parsed.text)[0] == parsed.text
    require_in_order(parsed.text, parsed.blocks)


def require_said(parsed: Parsed, lines: list[str]) -> None:
    assert " ".join(parsed.text.split()) == " ".join(lines)


LAYOUTS = st.fixed_dictionaries(
    {
        "rotation": st.sampled_from([0, 90, 180, 270]),
        "crop": st.sampled_from([None, (20.0, 10.0, 390.0, 580.0)]),
    }
)
COUNTS = st.lists(st.integers(8, 60), min_size=1, max_size=4)
LONG_COUNTS = st.lists(st.integers(25, 45), min_size=1, max_size=2)


@settings(max_examples=30)
@given(LAYOUTS, st.lists(COUNTS, min_size=1, max_size=3))
def test_every_line_of_a_column_is_found_where_it_was_drawn(
    layout: dict[str, Any], pages: list[list[int]]
) -> None:
    sheet, words = Sheet(**layout), unlike_words()
    for number, counts in enumerate(pages):
        if number:
            sheet.next_page()
        sheet.lines(paragraphs(50, 60, 300, words, counts))
    data = sheet.bytes()
    parsed = parse(data)
    require_canonical(parsed)
    require_places(data, parsed, sheet.drawn)
    require_said(parsed, [line.text for line in sheet.drawn])
    assert len(parsed.blocks) == sum(map(len, pages))


@settings(max_examples=50)
@given(
    LAYOUTS,
    st.tuples(LONG_COUNTS, LONG_COUNTS),
    st.sampled_from(["by column", "by row", "right first"]),
    st.floats(12, 30),
    st.sampled_from([0.0, 6.0, 12.0]),
    st.booleans(),
)
def test_columns_are_read_one_after_the_other(
    layout: dict[str, Any],
    counts: tuple[list[int], list[int]],
    order: str,
    gutter: float,
    lower: float,
    has_title: bool,
) -> None:
    words = unlike_words()
    left = paragraphs(50, 90, 140, words, counts[0])
    right = paragraphs(190 + gutter, 90 + lower, 140, words, counts[1])
    title = [(50.0, 70.0, "A title across, over both of the columns as wide as they are.")]
    orders = {
        "by column": left + right,
        "by row": sorted(left + right, key=lambda line: (line[1], line[0])),
        "right first": right + left,
    }
    sheet = Sheet(**layout)
    sheet.lines(title * has_title + orders[order])
    data = sheet.bytes()
    parsed = parse(data)
    require_canonical(parsed)
    require_places(data, parsed, sheet.drawn)
    require_said(parsed, [text for _, _, text in title * has_title + left + right])


@settings(max_examples=30)
@given(
    LAYOUTS,
    st.lists(st.lists(st.integers(1, 2), min_size=3, max_size=3), min_size=3, max_size=12),
    st.booleans(),
)
def test_the_cells_of_a_table_row_are_one_block(
    layout: dict[str, Any], table: list[list[int]], is_by_column: bool
) -> None:
    words = unlike_words()
    cells = [
        (40.0 + 112 * column, 100.0 + 14 * row, " ".join(next(words) for _ in range(n_words)))
        for row, counts in enumerate(table)
        for column, n_words in enumerate(counts)
    ]
    sheet = Sheet(**layout)
    sheet.lines(sorted(cells) if is_by_column else cells)
    data = sheet.bytes()
    parsed = parse(data)
    require_places(data, parsed, sheet.drawn)
    rows = [" | ".join(text for _, _, text in cells[n : n + 3]) for n in range(0, len(cells), 3)]
    assert blocks(parsed) == rows


def test_a_table_below_a_short_line_is_parted_in_all_its_columns() -> None:
    rows = [("Name", "Price", "Stock"), ("Tea", "2.50", "14"), ("Coffee beans", "12.00", "3")]
    sheet = Sheet()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [40]))
    y = 60 + 12 * len(sheet.drawn)
    sheet.line(50, y, "and that was all of it, or nearly all.")
    for number, row in enumerate([*rows, ("Sugar", "0.99", "250")]):
        for x, cell in zip((100, 172, 210), row, strict=True):
            sheet.line(x, y + 20 + 14 * number, cell)
    assert blocks(parse(sheet.bytes()))[-4:] == [
        "Name | Price | Stock",
        "Name: Tea | Price: 2.50 | Stock: 14",
        "Name: Coffee beans | Price: 12.00 | Stock: 3",
        "Name: Sugar | Price: 0.99 | Stock: 250",
    ]


def test_a_form_s_values_and_the_number_of_notes_are_told() -> None:
    sheet = Sheet()
    sheet.line(50, 50, "Name of the applicant:")
    sheet.canvas.acroForm.textfield(name="a", value="Ada Lovelace", x=200, y=540, width=120)
    sheet.canvas.textAnnotation("a note", Rect=(50, 300, 80, 330))
    data = sheet.bytes()
    parsed = parse(data)
    assert "Ada Lovelace" in parsed.text
    assert boxes_of(data, parsed, "Ada Lovelace")[0].left > 200 / WIDTH
    assert parsed.warnings == ("1 note not read",)


def test_words_parted_at_a_line_s_end_are_whole_and_are_found_on_both_lines() -> None:
    sheet = Sheet()
    lines = [
        "Such a long line is filled with words up to the last exam-",
        "ple that it has, and so is a state-of-the-art one, a well-",
        "known case that is well-known; the pre- and the post-war; E-",
        "mails; a mother-in-",
        "law.",
    ]
    sheet.lines((50, 60 + 12 * n, line) for n, line in enumerate(lines))
    data = sheet.bytes()
    parsed = parse(data)
    assert blocks(parsed) == [
        "Such a long line is filled with words up to the last example that it has, and so is a "
        "state-of-the-art one, a well-known case that is well-known; the pre- and the post-war; "
        "Emails; a mother-in-law."
    ]
    first, second = boxes_of(data, parsed, "example")
    assert first.right > 0.5 > second.right
    assert first.bottom < second.bottom


def test_ligatures_are_letters_that_are_found_where_the_ligature_is() -> None:
    pdfmetrics.registerFont(TTFont("Vera", VERA))
    sheet = Sheet(font="Vera")
    sheet.line(50, 50, "The \ufb01nal \ufb02ow chart of a \ufb01le")
    data = sheet.bytes()
    parsed = parse(data)
    assert parsed.text == "The final flow chart of a file"
    (flow,), (chart,) = (boxes_of(data, parsed, word) for word in ("flow", "chart"))
    start = 50 + stringWidth("The \ufb01nal ", "Vera", 10)
    end = start + stringWidth("\ufb02ow", "Vera", 10)
    assert flow.left * WIDTH == pytest.approx(start, abs=0.5)
    assert flow.right * WIDTH == pytest.approx(end, abs=0.5)
    assert chart.left > flow.right


def test_lines_of_a_writing_without_spaces_are_joined_without_one() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    sheet = Sheet(font="STSong-Light")
    sheet.line(50, 50, "这是第一行文字它一直写到这一行的末")
    sheet.line(50, 63, "尾。这是第二行。")
    data = sheet.bytes()
    parsed = parse(data)
    assert parsed.text == "这是第一行文字它一直写到这一行的末尾。这是第二行。"
    first, second = boxes_of(data, parsed, "末尾")
    assert first.left > second.right


@pytest.mark.parametrize("space", [" ", "  "])
def test_raised_note_marks_are_no_part_of_a_number(space: str) -> None:
    sheet = Sheet()
    sheet.line(50, 50, "They sold 50")
    end = 50 + stringWidth("They sold 50", "Helvetica", 10)
    sheet.line(end, 46, "12", 6)
    sheet.line(end + 7, 50, f"{space}copies.")
    parsed = parse(sheet.bytes())
    assert parsed.text == "They sold 50 12 copies."


def running(n_pages: int) -> Sheet:
    sheet, words = Sheet(), unlike_words()
    for number in range(1, n_pages + 1):
        if number > 1:
            sheet.next_page()
        sheet.line(50, 30, ["The Left Book", "The Right Chapter"][number % 2], 8)
        sheet.line(190, 580, f"Page {number} of {n_pages}", 8)
        sheet.lines(paragraphs(50, 70, 300, words, [40, 60, 30]))
    return sheet


TWO_PAGES = (running(2).bytes(), parse(running(2).bytes()))


def test_a_page_s_text_is_the_same_without_the_other_pages() -> None:
    whole = running(4)
    parsed = parse(whole.bytes())
    for number, page in enumerate(parsed.pages):
        document = pdfium.PdfDocument(whole.file.getvalue())
        for other in (3, 2, 1, 0):
            if other != number:
                document[other].close()
                del document[other]
        out = io.BytesIO()
        document.save(out)
        document.close()
        assert parse(out.getvalue()).text == parsed.text[page.start : page.end]


def test_running_heads_and_page_numbers_are_in_the_text_and_in_no_block() -> None:
    parsed = parse(running(8).bytes())
    assert "The Left Book" in parsed.text
    assert "Page 3 of 8" in parsed.text
    cited = " ".join(blocks(parsed))
    assert not any(word in cited for word in ("Book", "Chapter", "Page"))
    assert len(parsed.blocks) == 8 * 3


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    sheet, words = Sheet(), unlike_words()
    lines = paragraphs(50, 60, 300, words, [30, 60])
    sheet.lines(lines[:-3])
    sheet.next_page()
    sheet.lines((50, 60 + 12 * number, text) for number, (_, _, text) in enumerate(lines[-3:]))
    parsed = parse(sheet.bytes())
    assert len(parsed.blocks) == 2
    start, end = parsed.blocks[1]
    assert start < parsed.pages[0].end < parsed.pages[1].start < end
    assert parsed.text[parsed.pages[0].end : parsed.pages[1].start] == " "


@given(st.data())
def test_a_span_s_boxes_lie_within_those_of_a_span_that_holds_it(data: st.DataObject) -> None:
    length = len(TWO_PAGES[1].text)
    inner, outer = (
        data.draw(st.tuples(st.integers(0, length), st.integers(0, length)).map(sorted))
        for _ in range(2)
    )
    outer = [min(*inner, *outer), max(*inner, *outer)]
    file, parsed = TWO_PAGES
    around = locate(file, (outer[0], outer[1]), parsed.pages).boxes
    for box in locate(file, (inner[0], inner[1]), parsed.pages).boxes:
        assert 0 <= box.left <= box.right <= 1
        assert any(
            other.page == box.page
            and other.left <= box.left + 1e-6
            and other.right >= box.right - 1e-6
            and other.top <= box.top + 1e-6
            and other.bottom >= box.bottom - 1e-6
            for other in around
        )


def test_headings_have_levels_by_size_and_weight_and_the_largest_is_the_title() -> None:
    sheet, words = Sheet(), unlike_words()
    sheet.line(50, 60, "The Whole Report", 20)
    sheet.line(50, 90, "1  Introduction", 14)
    sheet.lines(paragraphs(50, 110, 300, words, [30, 40]))
    sheet.line(50, 250, "In bold", 10, "Helvetica-Bold")
    sheet.lines(paragraphs(50, 265, 300, words, [30]))
    parsed = parse(sheet.bytes())
    found = headings(parsed)
    assert found == [("The Whole Report", 1), ("1 Introduction", 2), ("In bold", 3)]
    assert parsed.title == "The Whole Report"


@pytest.mark.parametrize(
    ("given_title", "title"),
    [
        ("A Report", "A Report"),
        ("Microsoft Word - report.doc", None),
        ("report_final.docx", None),
        ("untitled", None),
        ("(anonymous)", None),
        ("", None),
        ("...", None),
    ],
)
def test_the_title_is_the_file_s_own_unless_a_program_named_it(
    given_title: str, title: str | None
) -> None:
    sheet = Sheet()
    sheet.canvas.setTitle(given_title)
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [30]))
    assert parse(sheet.bytes()).title == title


def test_items_of_a_list_are_blocks_and_their_lines_are_joined() -> None:
    sheet = Sheet()
    sheet.lines(
        [
            (50, 60, "These are the points that we have to speak about in this meeting:"),
            (60, 74, "• The first of them, which is so long that it does not fit into"),
            (70, 86, "one line of it"),
            (60, 98, "• The second"),
            (60, 110, "1. A numbered one."),
            (60, 122, "2. Another."),
            (60, 134, "3"),
            (90, 134, "A third one, whose number stands apart and which goes on in"),
            (90, 146, "the next line."),
        ]
    )
    assert [block.split(maxsplit=2)[1] for block in blocks(parse(sheet.bytes()))] == [
        "are", "The", "The", "A", "Another.", "A",
    ]  # fmt: skip


def hide(sheet: Sheet, how: str) -> None:
    canvas = sheet.canvas
    canvas.saveState()
    if how == "invisible":
        text = canvas.beginText(50, 400)
        text.setTextRenderMode(3)
        text.textOut("SECRET")
        text.setTextRenderMode(0)
        canvas.drawText(text)
    elif how == "tiny":
        sheet.line(50, 200, "SECRET", 0.5)
    elif how == "beside the page":
        sheet.line(50, 900, "SECRET")
    else:
        canvas.setFillColorRGB(1, 1, 0.98)
        sheet.line(50, 200, "SECRET")
    canvas.restoreState()


@pytest.mark.parametrize("how", ["invisible", "tiny", "beside the page", "white on white"])
def test_what_a_reader_does_not_see_is_left_out_and_counted(how: str) -> None:
    sheet = Sheet()
    sheet.line(50, 50, "What is seen.")
    hide(sheet, how)
    sheet.line(50, 500, "And seen too.")
    parsed = parse(sheet.bytes())
    assert blocks(parsed) == ["What is seen.", "And seen too."]
    assert parsed.warnings == (f"6 hidden characters left out ({how})",)


def test_white_text_on_a_dark_ground_is_seen() -> None:
    sheet = Sheet()
    sheet.canvas.rect(40, HEIGHT - 60, 200, 30, fill=1)
    sheet.canvas.setFillColorRGB(1, 1, 1)
    sheet.line(50, 50, "White on black.")
    assert parse(sheet.bytes()).text == "White on black."


def test_invisible_text_over_a_picture_of_the_page_is_its_text() -> None:
    sheet = Sheet()
    sheet.picture()
    text = sheet.canvas.beginText(50, 400)
    text.setTextRenderMode(3)
    text.textOut("What was recognised in the scan.")
    sheet.canvas.drawText(text)
    data = sheet.bytes()
    parsed = parse(data)
    assert (parsed.text, parsed.warnings) == ("What was recognised in the scan.", ())
    assert boxes_of(data, parsed, "scan")


def test_pages_without_text_are_named_and_a_file_without_any_is_refused() -> None:
    sheet = Sheet()
    sheet.picture()
    sheet.next_page()
    with refuses(Fault.NO_TEXT, "nor in their pictures"):
        parse(sheet.bytes())
    sheet = Sheet()
    sheet.picture()
    sheet.next_page()
    sheet.line(50, 50, "Only here.")
    parsed = parse(sheet.bytes())
    assert parsed.warnings == (
        "no text on page 1",
        "1 large picture: text in pictures is not read",
    )
    assert [page.number for page in parsed.pages] == [1, 2]


def test_turned_text_is_read_last_and_a_turned_page_as_it_is_meant() -> None:
    sheet = Sheet()
    sheet.canvas.saveState()
    sheet.canvas.translate(380, 100)
    sheet.canvas.rotate(90)
    sheet.canvas.drawString(0, 0, "An axis, say")
    sheet.canvas.restoreState()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [40, 30]))
    found = blocks(parse(sheet.bytes()))
    assert found[-1] == "An axis, say"
    assert len(found) == 3
    sheet = Sheet()
    sheet.canvas.translate(WIDTH, 0)
    sheet.canvas.rotate(90)
    lines = paragraphs(50, 60, 300, unlike_words(), [40, 30])
    for x, y, line in lines:
        sheet.canvas.drawString(x, 300 - y, line)
    data = sheet.bytes()
    parsed = parse(data)
    require_said(parsed, [text for _, _, text in lines])
    (box,) = boxes_of(data, parsed, lines[0][2])
    assert box.bottom - box.top > 10 * (box.right - box.left)


def test_an_owner_s_password_keeps_no_one_from_reading_but_a_user_s_does() -> None:
    assert parse(encrypted("", "owner")).text == "What only its owner may copy is read."
    for task in (parse, lambda data: draw(data, 1, 400), lambda data: locate(data, (0, 1), ())):
        with refuses(Fault.ENCRYPTED, "save it without a password"):
            task(encrypted("user", "owner"))


def test_too_many_pages_or_characters_are_refused() -> None:
    data = running(3).bytes()
    with refuses(Fault.TOO_LARGE, "3 pages, over the limit of 2"):
        parse(data, Limits(max_pages=2))
    n_chars = len(parse(data).text)
    parse(data, Limits(max_chars=n_chars))
    for limit in (n_chars - 1, 100):
        with refuses(Fault.TOO_LARGE, "more than"):
            parse(data, Limits(max_chars=limit))


def test_attached_files_are_counted() -> None:
    document = pdfium.PdfDocument(running(1).bytes())
    document.new_attachment("more.txt").set_data(b"text")
    out = io.BytesIO()
    document.save(out)
    document.close()
    assert parse(out.getvalue()).warnings == ("1 attached file not read",)


@pytest.mark.parametrize("tenths", range(10))
def test_a_file_that_is_cut_off_is_refused_or_read_with_a_warning(tenths: int) -> None:
    whole = running(6).bytes()
    cut = whole[: len(whole) * tenths // 10]
    fault: Fault | None = None
    try:
        parsed = parse(cut)
    except DocumentUnreadable as error:
        fault = error.fault
    else:
        assert "the file does not end as a PDF file does" in parsed.warnings[0]
    assert fault in (None, Fault.CORRUPT, Fault.NO_TEXT)


@pytest.mark.parametrize("width", [-1, 10, 700, 10_000])
def test_a_page_is_drawn_as_wide_as_asked_for_within_bounds(width: int) -> None:
    sheet = Sheet(rotation=90)
    sheet.canvas.acroForm.textfield(name="a", value="Ada", x=200, y=300, width=120)
    sheet.line(50, 50, "Text")
    picture = Image.open(io.BytesIO(draw(sheet.bytes(), 1, width)))
    wanted = min(max(width, 200), 2000)
    assert picture.format == "PNG"
    assert abs(picture.width - wanted) <= 1
    assert abs(picture.height - wanted * WIDTH / HEIGHT) <= 1
    assert picture.convert("L").getextrema() != (255, 255)


def test_a_picture_is_never_much_higher_than_wide_and_a_page_must_exist() -> None:
    data = of_objects(*(part.replace("400 600", "2 14400") for part in PAGE_OBJECTS), stream(b""))
    picture = Image.open(io.BytesIO(draw(data, 1, 500)))
    assert picture.height <= 2001
    for number in (0, 2, -1):
        with pytest.raises(DocumentUnreadable, match="no page"):
            draw(data, number, 400)
