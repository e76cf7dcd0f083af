"""Rows as lines: nothing of a row is lost, and a row is named by its table's own names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from ingest.reading import refuses, within

from assistant.errors import Fault
from assistant.ingest.formats import table
from assistant.ingest.formats.table import MAX_COLUMNS, split_row, write_rows, write_table
from assistant.values import Role

CELLS = st.lists(
    st.sampled_from(["", "", "Name", "Price", "2019", "2020", "3.5", "tea", "Tea is nice."]),
    max_size=5,
)


def lines(*rows: list[str]) -> list[str]:
    return [line for _, line, _ in write_rows(enumerate(rows, start=1))]


@given(rows=st.lists(CELLS, max_size=30))
def test_every_row_that_is_not_empty_is_a_line_with_its_cells_in_order(
    rows: list[list[str]],
) -> None:
    written = list(write_rows(enumerate(rows, start=1)))
    assert [n for n, *_ in written] == [n for n, row in enumerate(rows, start=1) if any(row)]
    for number, line, _ in written:
        position = 0
        for cell in filter(None, rows[number - 1]):
            assert cell in line[position:]
            position = line.index(cell, position) + len(cell)


def test_rows_below_names_say_what_their_values_are() -> None:
    assert lines(["Item", "Price:", "Note"], ["Tea", "2.50", ""], ["", "3", "hot"]) == [
        "Item | Price: | Note",
        "Item: Tea | Price: 2.50",
        "Price: 3 | Note: hot",
    ]


@pytest.mark.parametrize(
    "first",
    [
        ["Tea", "2.50"],
        ["Tea", "2024-01-31"],
        ["Tea", "tea"],
        ["Tea is a drink.", "It is hot."],
        ["Item", "", "Price"],
        ["x" * 61, "y"],
        ["Alice", "1987"],
        ["Item"],
    ],
)
def test_a_first_row_that_is_no_row_of_names_names_nothing(first: list[str]) -> None:
    assert lines(first, ["Cake", "1990"])[1] == "Cake | 1990"


def test_names_over_fewer_columns_than_the_rows_have_are_none() -> None:
    assert lines(["Item", "Price"], ["a", "b", "c"]) == ["Item | Price", "a | b | c"]


def test_a_value_beside_the_named_columns_stands_without_a_name() -> None:
    rows = [["Item", "Price"], *[["a", "1"]] * 20, ["b", "2", "?"]]
    assert lines(*rows)[-1] == "Item: b | Price: 2 | ?"


def test_a_row_that_stands_alone_above_the_names_is_a_caption() -> None:
    assert lines(["Sales"], [], ["", "2019", "2020"], ["Tea", "5", "6"]) == [
        "Sales",
        "2019 | 2020",
        "Tea | 2019: 5 | 2020: 6",
    ]


def test_after_an_empty_row_other_names_hold_only_if_words_stand_above_values() -> None:
    first = [["Item", "Kind"], ["Tea", "drink"], []]
    assert lines(*first, ["Cake", "food"], ["Rice", "food"])[2:] == [
        "Item: Cake | Kind: food",
        "Item: Rice | Kind: food",
    ]
    assert lines(*first, ["Shop", "Open"], ["Main St", "2020"])[2:] == [
        "Shop | Open",
        "Shop: Main St | Open: 2020",
    ]


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2)
    with refuses(Fault.TOO_LARGE, "more than 2 rows"):
        lines(["a"], ["b"], ["c"])


@pytest.mark.parametrize("cell", ["1 " * 16_000 + "x", "(" * 32_000, "1e" * 16_000])
def test_a_long_cell_takes_linear_time(cell: str) -> None:
    with within(1):
        lines(*[["Name", cell]] * 30)


@pytest.mark.parametrize("value", ["95 euros", "12 kg", "Room 4", "3.5 h"])
def test_a_first_row_with_a_cell_like_those_below_is_no_row_of_names(value: str) -> None:
    below = value.replace("4", "7").replace("5", "6").replace("12", "90")
    assert lines(["Single", value], ["Double", below]) == [f"Single | {value}", f"Double | {below}"]


VALUES = st.sampled_from(
    ["", "7", "tea", "10:30", "Time: 10:30", "a | b", "see: below", "b |c", "Item", "x | y: z"]
)
NAMED = st.lists(
    st.sampled_from(["Item", "Time", "Time zone", "Ref: no", "Note:", "Sum (net)"]),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(names=NAMED, row=st.data())
def test_a_named_row_is_read_back_as_the_cells_that_it_was_written_of(
    names: list[str], row: DataObject
) -> None:
    values = row.draw(st.lists(VALUES, min_size=len(names), max_size=len(names)))
    # A value that says the name of a later column is that column's, to any reader.
    later = [name.rstrip(" :") for name in names]
    values = ["" if any(f"{name}: " in value for name in later) else value for value in values]
    lines = [line for line, _ in write_table(names, [values])]
    for line in lines[1:]:
        cells = split_row(line, lines[0])
        assert [(cell.name, cell.text) for cell in cells] == list(zip(later, values, strict=True))


@given(
    row=st.text(st.sampled_from("ab:| \n"), max_size=40),
    names=st.none() | st.text(st.sampled_from("ab:| "), max_size=20),
)
def test_every_cell_is_exactly_where_it_says_it_is_in_the_row(row: str, names: str | None) -> None:
    cells = split_row(row, names)
    assert all(row[cell.start : cell.start + len(cell.text)] == cell.text for cell in cells)
    starts = [cell.start for cell in cells if cell.text]
    assert starts == sorted(starts)


def test_a_value_with_a_colon_is_no_name_where_the_table_has_none() -> None:
    cells = split_row("Departure | Time: 10:30")
    assert [(cell.name, cell.text) for cell in cells] == [
        (None, "Departure"),
        (None, "Time: 10:30"),
    ]


def test_what_stands_under_no_name_has_none() -> None:
    cells = split_row("North | Q1: 3 | Q2: 4", "Q1 | Q2")
    assert [(cell.name, cell.text) for cell in cells] == [(None, "North"), ("Q1", "3"), ("Q2", "4")]


def test_a_column_that_a_row_has_nothing_of_has_an_empty_cell_unless_they_are_very_many() -> None:
    cells = split_row("Item: Tea | Note: hot", "Item | Price | Note")
    assert [(cell.name, cell.text) for cell in cells] == [
        ("Item", "Tea"),
        ("Price", ""),
        ("Note", "hot"),
    ]
    names = " | ".join(f"N{n}" for n in range(MAX_COLUMNS + 1))
    assert len(split_row("N3: x", names)) == 1


def test_a_row_of_very_many_cells_is_read_back_in_time() -> None:
    names = ["x"] * 20_000
    line = " | ".join(["x: 1"] * 20_000)
    with within(1):
        assert len(split_row(line, " | ".join(names))) == 20_000
        assert len(split_row(": " * 200_000, " | ".join(names))) == 1


BOOKING = [
    ["Name", "Petra Lindqvist"],
    ["Arrival:", "3 June 2025"],
    ["Guests", "2"],
    ["Phone", "01947 550112"],
    ["Remarks", "late arrival, vegetarian"],
    ["Signature", ""],
]
SHEET = [["Model", "X-200"], ["Power", "850 W"], ["Weight", "9.2 kg"], ["Colour", "green"]]
PRICES = [["Product", "Price"], ["Tent", "120.00"], ["Stove", "35.50"], ["Lamp", "9.90"]]
OFFICES = [["Office", "Opening hours"], ["Kiel", "9-17"], ["Bonn", "closed"], ["Ulm", "Mo-Fr 8:00"]]
POSTS = [["Post", "Name"], ["Captain", "Ffion Maddox"], ["Treasurer", "Reuben Voss"]]
DUTIES = [["Task", "Day"], ["Rubbish", "Tuesday"], ["Glass", "on call"], ["Garden", "1 May"]]


@pytest.mark.parametrize("rows", [BOOKING, SHEET])
def test_each_row_of_a_form_is_a_line_with_its_label(rows: list[list[str]]) -> None:
    for written in (write_table((), rows), write_table(rows[0], rows[1:])):
        assert list(written) == [
            (f"{label.rstrip(':')}: {value}" if value else label, Role.PARAGRAPH)
            for label, value in rows
        ]
    wide = [[*row, "", ""] for row in rows]
    assert lines(*wide) == lines(*rows)
    assert lines(["Registration"], *rows)[1:] == lines(*rows)


@pytest.mark.parametrize("rows", [PRICES, OFFICES, POSTS, DUTIES])
def test_a_table_of_two_columns_of_one_kind_or_under_a_name_is_no_form(
    rows: list[list[str]],
) -> None:
    first, *below = rows
    for written in (write_table((), rows), write_table(first, below)):
        assert next(iter(written)) == (" | ".join(first), Role.NAMES)


def test_labels_that_recur_and_a_third_column_make_no_form() -> None:
    twice = [*SHEET, ["Colour", "red"]]
    assert lines(*twice)[1].startswith("Model: Power")
    third = [[*row, "yes"] for row in SHEET]
    assert not any(line.startswith("Weight: 9.2 kg") for line in lines(*third))
    named = write_table(["Model", "Kind"], SHEET[1:])
    assert next(iter(named)) == ("Model | Kind", Role.NAMES)
