"""Rows of CSV: each can be cited by itself, with the number that a spreadsheet shows."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks_by, within

from assistant.ingest.formats.csv import locate, parse
from assistant.text.normalize import normalize

blocks = blocks_by(parse)

PRICES = 'Name,Price,Note\nTea,2.50,"warm, with\nmilk"\n\nMilk,1.20,\n'


def test_a_row_says_its_names_and_is_numbered_as_in_a_spreadsheet() -> None:
    parsed = parse(PRICES.encode())
    assert blocks(PRICES) == [
        "Name | Price | Note",
        "Name: Tea | Price: 2.50 | Note: warm, with milk",
        "Name: Milk | Price: 1.20",
    ]
    assert [(page.number, page.kind) for page in parsed.pages] == [(n, "row") for n in (1, 2, 4)]


def test_a_row_is_found_in_the_file_with_its_quotation_marks() -> None:
    data = PRICES.replace("\n", "\r\n").encode("utf-16")
    parsed = parse(data)
    found = [locate(data, block, parsed.pages).bytes or (0, 0) for block in parsed.blocks]
    assert [data[start:end].decode("utf-16-le") for start, end in found] == [
        "Name,Price,Note",
        'Tea,2.50,"warm, with\r\nmilk"',
        "Milk,1.20,",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    rows = [
        ["Name", "Weight in kg", "Remark"],
        ["Tea; loose", "1,5", "a | b, c"],
        ["Salt", "2", "d"],
    ]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert blocks(out.getvalue())[1] == "Name: Tea; loose | Weight in kg: 1,5 | Remark: a | b, c"


def test_a_first_line_may_tell_the_delimiter() -> None:
    assert blocks("sep=;\na,b;c,d\n") == ["a,b | c,d"]


CELLS = st.lists(st.lists(st.text("ab\" ,\n'é", max_size=5), min_size=2, max_size=3), max_size=8)


@given(CELLS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_every_cell_is_in_its_row(rows: list[list[str]], quoting: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting).writerows([["xa", "xb", "xc"], *rows])  # type: ignore[arg-type]
    parsed = parse(out.getvalue().encode())
    lines = {page.number: parsed.text[page.start : page.end] for page in parsed.pages}
    for number, row in enumerate(rows, start=2):
        for cell in row:
            assert " ".join(normalize(cell)[0].split()) in lines.get(number, "")


@pytest.mark.parametrize("kept", ['a,b\n1,"two\nthree\nfour,5\n', 'a,b\n1,"two\n3,4\n'])
def test_a_quotation_mark_that_never_closes_swallows_nothing(kept: str) -> None:
    parsed = parse(kept.encode())
    assert parsed.warnings == (
        "a quotation mark is never closed; all of them are read as characters",
    )
    assert len(parsed.blocks) == kept.count("\n")


def test_rows_of_other_lengths_keep_all_their_cells() -> None:
    assert blocks("a,b,c\n1\n1,2,3\n4,5,6\n7,8,9,10\n")[-1].endswith("10")


def test_the_bound_of_the_library_on_fields_is_as_it_was() -> None:
    bound = csv.field_size_limit()
    assert len(blocks("a,b\n" + "x" * 200_000 + ",y\n")[1]) > 200_000
    assert csv.field_size_limit() == bound


@pytest.mark.parametrize("unit", ["x", ",", '"', "\n", "a,b\n", '"a\nb",\n'])
def test_a_large_file_takes_seconds_at_most(unit: str) -> None:
    with within(8):
        parse((unit * 1_000_000)[:1_000_000].encode())
