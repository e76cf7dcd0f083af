"""Excel workbooks: each row a page that can be cited by itself, in the order of the sheets."""

import datetime as dt
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.reading import pages, refuses, repacked, saved
from openpyxl.xml.constants import SHEET_MAIN_NS

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.formats.xlsx import parse
from assistant.values import PageKind

WORDS = st.text("abc äß日", max_size=6).map(str.strip)
CELLS = st.one_of(st.none(), WORDS, st.integers(-(10**9), 10**9), st.booleans())


def workbook(*rows: list[Any]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@settings(max_examples=40)
@given(sheets=st.lists(st.lists(st.lists(CELLS, max_size=4), max_size=8), min_size=1, max_size=3))
def test_every_value_that_the_library_writes_is_in_its_row(sheets: list[list[list[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    expected = []
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row_number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                sheet.cell(row_number, column, value or (None if value == "" else value))
            values = [" ".join(shown(v).split()) for v in row if v not in (None, "")]
            if values:
                expected.append((row_number, values))
    parsed = parse(saved(book))
    assert [number for number, _ in pages(parsed)] == [number for number, _ in expected]
    for (_, text), (_, values) in zip(pages(parsed), expected, strict=True):
        position = 0
        for value in values:
            assert value in text[position:]
            position = text.index(value, position) + len(value)


def test_rows_are_written_with_their_columns_names_and_sheets_are_headings() -> None:
    book = workbook(["Item", "Price"], ["Tea", 2.5], ["Cake", 3.0])
    book.create_sheet("Empty")
    book.create_sheet("Other").append(["alone"])
    parsed = parse(saved(book))
    assert parsed.text.split("\n") == [
        *["Sheet", "Item | Price", "Item: Tea | Price: 2.5", "Item: Cake | Price: 3"],
        *["Other", "alone"],
    ]
    assert [p.number for p in parsed.pages] == [1, 2, 3, 1]
    assert {p.kind for p in parsed.pages} == {PageKind.ROW}
    assert [parsed.text[h.start : h.end] for h in parsed.headings] == ["Sheet", "Other"]
    assert len(parsed.blocks) == 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31, 9, 5), "2026-01-31 09:05:00"),
        (dt.time(9, 5), "09:05:00"),
        (True, "true"),
        (2.0, "2"),
        (0.1 + 0.2, "0.3"),
        (12_345_678_901, "12345678901"),
        ("two\nlines", "two lines"),
        ("e\u0301", "é"),
        ("_x0041_", "_x0041_"),
    ],
)
def test_values_are_written_as_they_are_stored(value: Any, text: str) -> None:
    assert pages(parse(saved(workbook([value])))) == [(1, text)]


def test_hidden_sheets_rows_and_columns_are_left_out_and_counted() -> None:
    book = workbook(["a", "SECRET", "c"], ["SECRET"], ["d"])
    book.active.column_dimensions["B"].hidden = True
    book.active.row_dimensions[2].hidden = True
    for state in ("hidden", "veryHidden"):
        sheet = book.create_sheet(state)
        sheet.sheet_state = state
        sheet.append(["SECRET"])
    parsed = parse(saved(book))
    assert pages(parsed) == [(1, "a | c"), (3, "d")]
    assert parsed.warnings == (
        "2 hidden sheets left out",
        "1 hidden row left out",
        "1 hidden column left out",
    )


def test_errors_and_formulas_without_a_value_are_left_empty_and_counted() -> None:
    book = workbook(["a", "=1+1", "=A1"])
    book.active["D1"] = "#DIV/0!"
    parsed = parse(saved(book))
    assert pages(parsed) == [(1, "a")]
    assert parsed.warnings == (
        "1 cell with an error left empty",
        "2 formulas without a value left empty: open and save it anew",
    )


def test_the_value_of_a_formula_is_the_one_that_was_worked_out() -> None:
    data = replace_in_sheet(saved(workbook(["=1+1"])), rb"<v\s*/>|<v></v>", b"<v>2</v>")
    assert pages(parse(data)) == [(1, "2")]


RICH = "<r><t>Tokyo </t></r><r><t>city</t></r><rPh sb='0' eb='1'><t>AID</t></rPh>"


@pytest.mark.parametrize("is_shared", [True, False])
def test_rich_text_is_whole_and_reading_aids_are_not_in_it(is_shared: bool) -> None:
    data = saved(workbook(["plain"]))
    rich = f"<is>{RICH}</is>".encode()
    data = shared(data, RICH) if is_shared else replace_in_sheet(data, rb"<is>.*?</is>", rich)
    assert pages(parse(data)) == [(1, "Tokyo city")]


def test_characters_that_xml_cannot_hold_are_read_as_what_they_stand_for() -> None:
    data = shared(saved(workbook(["plain"])), "<t>a_x000D_b_x005F_x000D_</t>")
    assert pages(parse(data)) == [(1, "a b_x000D_")]


def shared(data: bytes, string: str, before: str = "") -> bytes:
    """Return a workbook whose first cell is a shared string."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    data = replace(data, "[Content_Types].xml", b"</Types>", part.encode())
    data = replace_in_sheet(data, rb't="inlineStr"><is>.*?</is>', b't="s"><v>0</v>')
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as archive:
        strings = f'<sst xmlns="{SHEET_MAIN_NS}"><si>{string}</si></sst>'
        archive.writestr("xl/sharedStrings.xml", before + strings)
    return packed.getvalue()


def replace(data: bytes, member: str, pattern: bytes, by: bytes) -> bytes:
    return repacked(data, lambda name, old: re.sub(pattern, by, old) if name == member else old)


def replace_in_sheet(data: bytes, pattern: bytes, by: bytes) -> bytes:
    return replace(data, "xl/worksheets/sheet1.xml", pattern, by)


def test_rows_far_apart_cost_nothing_and_keep_their_numbers() -> None:
    data = replace_in_sheet(saved(workbook(["a"], ["b"])), rb'r="(\w?)2"', rb'r="\g<1>1048576"')
    assert pages(parse(data)) == [(1, "a"), (1_048_576, "b")]


@pytest.mark.parametrize("is_shared", [True, False])
def test_no_entity_is_expanded(is_shared: bool) -> None:
    data = saved(workbook(["a"]))
    evil = "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>"
    if is_shared:
        data = shared(data, "<t>&a;</t>", evil)
    else:
        data = replace_in_sheet(data, rb"<worksheet\b", evil.encode() + rb"\g<0>")
    with refuses(Fault.CORRUPT, "declares a document type"):
        parse(data)


def test_too_much_is_refused() -> None:
    book = workbook(["x" * 1_000])
    for _ in range(50):
        book.active.append(["x" * 1_000])
    with pytest.raises(DocumentUnreadable, match="more characters than the limit of 2,000"):
        parse(saved(book), Limits(max_chars=2_000))
    book.create_sheet("two")
    with pytest.raises(DocumentUnreadable, match="2 sheets, over the limit of 1"):
        parse(saved(book), Limits(max_pages=1))
