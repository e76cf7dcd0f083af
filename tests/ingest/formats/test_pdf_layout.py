"""PDF: tables, columns with figures in them, text drawn twice, sentences that a page parts."""

from collections.abc import Sequence

import pytest
from ingest.formats.pdf_made import Sheet, paragraphs, unlike_words

from assistant.ingest.formats.pdf.document import locate, parse
from assistant.ingest.structure import above, arrange, list_sentences
from assistant.values import Role
from evals.pages import KEPT, measure

Cells = Sequence[Sequence[str]]
LENT: Cells = (
    ("Tool", "Lent to", "Back by"),
    ("Ladder", "Ivo Brandt", "3 May"),
    ("Tile saw", "the school in Alba, for the new wash rooms", "9 June"),
    ("Drill", "Rosa Lind", "1 July"),
)
NAMED = [
    "Tool | Lent to | Back by",
    "Tool: Ladder | Lent to: Ivo Brandt | Back by: 3 May",
    "Tool: Tile saw | Lent to: the school in Alba, for the new wash rooms | Back by: 9 June",
    "Tool: Drill | Lent to: Rosa Lind | Back by: 1 July",
]
XS = (50.0, 130.0, 230.0, 310.0)


def wrapped(text: str, width: int = 20) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def draw_table(
    sheet: Sheet, y: float, rows: Cells, *, ruling: str = "all", bold: bool = False
) -> float:
    """Draw rows with their cells wrapped, and rules: all, level, upright or none; return where."""
    top, edges = y, [y]
    for number, row in enumerate(rows):
        lines = [wrapped(cell) for cell in row]
        for x, cell in zip(XS, lines, strict=False):
            for place, line in enumerate(cell):
                font = "Helvetica-Bold" if bold and not number else ""
                sheet.line(x + 4, y + 12 + 11 * place, line, 9, font)
        y += 11 * max(map(len, lines)) + 7
        edges.append(y)
    height = 600.0
    if ruling in ("all", "level"):
        for edge in edges:
            sheet.canvas.line(XS[0], height - edge, XS[-1], height - edge)
    if ruling in ("all", "upright"):
        for x in XS:
            sheet.canvas.line(x, height - top, x, height - y)
    return y


def rows_of(data: bytes) -> list[str]:
    parsed = parse(data)
    kinds = (Role.NAMES, Role.ROW)
    return [parsed.text[u.start : u.end] for u in parsed.units if u.role in kinds]


@pytest.mark.parametrize("ruling", ["all", "level", "none"])
def test_a_table_s_rows_have_their_columns_names_and_cells_of_several_lines(ruling: str) -> None:
    sheet = Sheet()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [40]))
    draw_table(sheet, 200, LENT, ruling=ruling, bold=ruling != "all")
    assert rows_of(sheet.bytes()) == NAMED


def test_words_beside_words_without_lines_are_no_names() -> None:
    sheet = Sheet()
    sheet.line(50, 60, "What the switches of the heating in the hall of the school do:")
    rows = [("-q", "stay quiet"), ("-f", "use full power"), ("-n", "stop for the night")]
    draw_table(sheet, 100, rows, ruling="none")
    assert rows_of(sheet.bytes()) == [" | ".join(row) for row in rows]


def test_rows_without_lines_between_them_are_rows_of_their_own() -> None:
    sheet = Sheet()
    sheet.line(50, 60, "What was lent this spring, and to whom, as the keeper wrote it down:")
    rows = [
        ("Tool", "Lent to", "Back by"),
        *((f"Tool {n}", f"House {n}", f"{n} May") for n in (1, 2, 3, 4)),
    ]
    draw_table(sheet, 100, rows, ruling="upright")
    sheet.canvas.line(XS[0], 500, XS[-1], 500)
    sheet.canvas.line(XS[0], 482, XS[-1], 482)
    sheet.canvas.line(XS[0], 410, XS[-1], 410)
    assert rows_of(sheet.bytes())[1:3] == [
        "Tool: Tool 1 | Lent to: House 1 | Back by: 1 May",
        "Tool: Tool 2 | Lent to: House 2 | Back by: 2 May",
    ]


def test_a_cell_over_several_rows_stands_in_each_and_one_over_all_columns_is_a_caption() -> None:
    sheet = Sheet()
    sheet.line(60, 112, "Lent in spring", 9)
    sheet.line(60, 132, "House", 9)
    sheet.line(140, 132, "Tool", 9)
    sheet.line(60, 160, "Alba", 9)
    sheet.line(140, 152, "Ladder", 9)
    sheet.line(140, 172, "Drill", 9)
    draw = sheet.canvas
    for y in (100, 120, 140, 180):
        draw.line(50, 600 - y, 210, 600 - y)
    draw.line(130, 440, 210, 440)
    for x, top in ((50, 100), (130, 120), (210, 100)):
        draw.line(x, 600 - top, x, 420)
    parsed = parse(sheet.bytes())
    assert [(u.role, parsed.text[u.start : u.end]) for u in parsed.units] == [
        (Role.CAPTION, "Lent in spring"),
        (Role.NAMES, "House | Tool"),
        (Role.ROW, "House: Alba | Tool: Ladder"),
        (Role.ROW, "House: Alba | Tool: Drill"),
    ]


@pytest.mark.parametrize("is_repeated", [False, True])
@pytest.mark.parametrize("foot", ["", "Lending, edition 3"])
def test_a_table_that_goes_on_over_a_page_stands_under_the_names_of_the_first(
    foot: str, is_repeated: bool
) -> None:
    sheet = Sheet()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [40]))
    draw_table(sheet, 500, LENT[:2], bold=True)
    sheet.line(50, 590, foot, 7)
    sheet.line(190, 590, "Page 1", 7)
    sheet.next_page()
    y = draw_table(sheet, 60, [*LENT[: int(is_repeated)], *LENT[2:]])
    sheet.lines(paragraphs(50, y + 40, 300, unlike_words(), [40]))
    sheet.line(50, 590, foot, 7)
    sheet.line(190, 590, "Page 2", 7)
    parsed = parse(sheet.bytes())
    units = arrange(parsed.text, parsed.units)
    rows = [(n, parsed.text[u.start : u.end]) for n, u in enumerate(units) if u.role is Role.ROW]
    assert [text for _, text in rows] == [
        NAMED[1],
        "Tile saw | the school in Alba, for the new wash rooms | 9 June",
        "Drill | Rosa Lind | 1 July",
    ]
    assert {units[above(units, n)[0]].role for n, _ in rows} == {Role.NAMES}


def test_the_empty_cells_of_rows_without_names_keep_their_place() -> None:
    sheet = Sheet()
    draw_table(sheet, 60, [("Ivo", "", "12"), ("Rosa", "tea", "7"), ("", "milk", "3")])
    assert rows_of(sheet.bytes()) == ["Ivo | | 12", "Rosa | tea | 7", "| milk | 3"]


def test_a_cell_s_words_are_found_on_each_of_its_lines() -> None:
    sheet = Sheet()
    draw_table(sheet, 60, LENT)
    data = sheet.bytes()
    parsed = parse(data)
    quote = "the school in Alba, for the new wash rooms"
    start = parsed.text.index(quote)
    boxes = locate(data, (start, start + len(quote)), parsed.pages).boxes
    wanted = [one.box for one in sheet.drawn if one.text in wrapped(quote)]
    assert len(boxes) == len(wanted) == 3
    for box, (left, top, right, bottom) in zip(boxes, wanted, strict=True):
        assert box.left == pytest.approx(left, abs=0.01)
        assert box.right == pytest.approx(right, abs=0.01)
        assert box.top == pytest.approx(top, abs=0.02)
        assert box.bottom == pytest.approx(bottom, abs=0.02)


def test_lists_beside_each_other_in_a_frame_are_read_one_after_the_other() -> None:
    sheet = Sheet()
    for x in (50, 200, 350):
        sheet.canvas.line(x, 540, x, 250)
    for y in (60, 350):
        sheet.canvas.line(50, 600 - y, 350, 600 - y)
    sheet.canvas.line(50, 510, 350, 510)
    sheet.line(60, 80, "Class of the north")
    sheet.line(210, 80, "Class of the south")
    for number in range(14):
        for x, side in ((60, "Left"), (210, "Right")):
            sheet.line(x, 110 + 14 * number, f"{side} pupil {number}")
            sheet.line(x + 90, 110 + 14 * number, f"{30 + number}")
    text = parse(sheet.bytes()).text
    assert text.index("Left pupil 13 | 43") < text.index("Right pupil 0 | 30")


@pytest.mark.parametrize("seed", range(1000, 1012))
def test_columns_are_read_in_order_whatever_stands_in_them(seed: int) -> None:
    assert measure(seed) >= KEPT


def test_the_labels_of_a_figure_stand_apart_from_the_text_around_it() -> None:
    sheet = Sheet()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [40]))
    sheet.line(50, 130, "The valve in the cellar is opened by hand, as is shown, and is")
    for x in range(80, 200, 20):
        sheet.canvas.bezier(x, 420, x + 10, 450, x + 20, 390, x + 30, 440)
    sheet.line(120, 185, "inlet", 7)
    sheet.line(180, 175, "outlet", 7)
    sheet.line(50, 230, "closed again before anybody leaves the house for more than a day.")
    sheet.lines(paragraphs(50, 280, 300, unlike_words(), [40]))
    parsed = parse(sheet.bytes())
    units = arrange(parsed.text, parsed.units)
    found = {parsed.text[u.start : u.end]: u for u in units}
    assert any("and is\nclosed again before" in text for text in found)
    labels = {u.role for text, u in found.items() if "inlet" in text.split()}
    assert labels == {Role.NOTE}


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_what_is_drawn_twice_is_read_once(shift: float) -> None:
    sheet = Sheet()
    lines = ["Fill in all the bills: 54.5 per cent", "Rolling hills, 7.6 miles"]
    for number, line in enumerate(lines):
        sheet.line(50, 60 + 20 * number, line)
        sheet.line(50 + shift, 60 + 20 * number, line)
    parsed = parse(sheet.bytes())
    assert " ".join(parsed.text.split()) == " ".join(lines)
    assert parsed.warnings == ()


def test_letters_drawn_twice_one_by_one_make_words_and_numbers() -> None:
    sheet = Sheet()
    x = 50.0
    for letter in "Total 19.75":
        for shift in (0.0, 0.3):
            sheet.line(x + shift, 60, letter)
        x += sheet.canvas.stringWidth(letter, "Helvetica", 10)
    assert parse(sheet.bytes()).text == "Total 19.75"


def test_an_accent_that_is_drawn_over_a_letter_is_part_of_it() -> None:
    sheet = Sheet()
    sheet.line(50, 60, "Jose Nunez lives in Malaga.")
    width = sheet.canvas.stringWidth
    for before, letter, accent in (
        ("Jos", "e", "´"),
        ("Jose Nu", "n", "˜"),
        ("Jose Nunez lives in M", "a", "´"),
    ):
        middle = width(before, "Helvetica", 10) + width(letter, "Helvetica", 10) / 2
        sheet.line(50 + middle - width(accent, "Helvetica", 10) / 2, 60, accent)
    assert parse(sheet.bytes()).text == "José Nuñez lives in Málaga."


def test_no_space_stands_where_a_line_goes_on_behind_an_accent() -> None:
    sheet = Sheet()
    width = sheet.canvas.stringWidth

    def over(before: str, letter: str, accent: str) -> float:
        middle = width(before, "Helvetica", 10) + width(letter, "Helvetica", 10) / 2
        return float(50 + middle - width(accent, "Helvetica", 10) / 2)

    sheet.line(50, 60, "Elena Urena L")
    sheet.line(over("Elena Ure", "n", "˜"), 60, "˜")
    sheet.line(50 + width("Elena Urena L", "Helvetica", 10), 60, "opez lives here")
    sheet.line(over("Elena Urena L", "o", "´"), 60, "´")
    assert parse(sheet.bytes()).text == "Elena Ureña López lives here"


def test_text_over_a_line_of_dots_to_fill_in_is_not_mixed_with_it() -> None:
    sheet = Sheet()
    sheet.line(50, 60, "Name: ______________________")
    sheet.line(90, 60, "Ida Berg")
    assert "Ida Berg" in parse(sheet.bytes()).text


def test_different_texts_over_each_other_are_both_whole() -> None:
    sheet = Sheet()
    sheet.line(50, 60, "Approved by the board")
    sheet.line(54, 60, "DRAFT COPY", 9)
    text = parse(sheet.bytes()).text
    assert "Approved by the board" in text
    assert "DRAFT COPY" in text


@pytest.mark.parametrize("note", ["", "1 The pool is closed on holidays."])
@pytest.mark.parametrize("foot", ["", "Town of Alba, page 1"])
def test_a_sentence_goes_on_over_a_page_with_a_note_and_a_foot(note: str, foot: str) -> None:
    sheet = Sheet()
    sheet.lines(paragraphs(50, 60, 300, unlike_words(), [30]))
    sheet.line(50, 300, "The town opens its pool in May. In summer the pool of the town is")
    sheet.line(50, 520, note, 7)
    sheet.line(50, 590, foot, 7)
    sheet.next_page()
    sheet.line(50, 60, "open until ten at night. Children pay nothing.")
    sheet.lines(paragraphs(50, 120, 300, unlike_words(), [30]))
    data = sheet.bytes()
    parsed = parse(data)
    units = arrange(parsed.text, parsed.units)
    said = [parsed.text[start:end] for start, end in list_sentences(parsed.text, units)]
    whole = "In summer the pool of the town is open until ten at night."
    at = said.index(whole)
    assert said[at + 1] == "Children pay nothing."
    start = parsed.text.index(whole)
    boxes = locate(data, (start, start + len(whole)), parsed.pages).boxes
    assert [box.page for box in boxes] == [1, 2]
