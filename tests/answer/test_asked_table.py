"""A table read back from its document, and what its cells measure."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.answer.table import MAX_ROWS, Amounts, Unreadable, read_amounts, read_moments
from assistant.answer.table import read_table as read_back
from assistant.ingest.formats.table import write_rows
from assistant.ingest.structure import nest
from assistant.values import Document, DocumentId, Role, Unit


def document_of(rows: list[list[str]]) -> Document:
    """Return a document of one table, as parsers write it."""
    text, units = "", []
    for _, line, role in write_rows(enumerate(rows)):
        units.append(Unit(len(text), len(text) + len(line), role))
        text += f"{line}\n"
    return Document(DocumentId("t.csv"), "0" * 64, "t.csv", "text/csv", text, units=nest(units))


PARCELS = [
    ["Parcel", "Weight", "State"],
    ["P-1", "3 kg", "late"],
    ["P-2", "", "sent"],
    ["P-3", "9 kg", "late | lost"],
]


def test_a_table_has_its_columns_and_each_row_a_cell_for_each() -> None:
    table = read_back(document_of(PARCELS), 1)
    assert table is not None
    assert table.names == ("Parcel", "Weight", "State")
    assert [row.cells for row in table.rows] == [tuple(row) for row in PARCELS[1:]]


def test_a_first_column_without_a_name_is_a_column() -> None:
    table = read_back(document_of([["", "Q1", "Q2"], ["North", "3", "4"], ["South", "5", "6"]]), 1)
    assert table is not None
    assert table.names[0] == ""
    assert table.rows[0].cells == ("North", "3", "4")


def test_rows_without_column_names_are_no_table() -> None:
    units = nest([Unit(0, 3, Role.ROW), Unit(4, 7, Role.ROW)])
    document = Document(DocumentId("t"), "0" * 64, "t", "text/csv", "a b\nc d", units=units)
    assert read_back(document, 0) is None


@pytest.mark.parametrize("cell", ["Total", "Grand total:", "Summe", "Total 2024"])
def test_a_row_that_sums_up_others_is_told_from_them(cell: str) -> None:
    table = read_back(document_of([*PARCELS, [cell, "12 kg", ""]]), 1)
    assert table is not None
    assert [row.is_total for row in table.rows] == [False, False, False, True]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3", "4.5"], ["3", "4.5"]),
        (["1,200", "950"], ["1200", "950"]),
        (["1.200,50 €", "3 €"], ["1200.50", "3"]),
        (["€ 1,200.50", "€3"], ["1200.50", "3"]),
        (["12 kilograms", "3 kg", "n/a", ""], ["12", "3", None, None]),
        (["-5", "3"], ["-5", "3"]),
        (["1 200", "30"], ["1200", "30"]),
        (["20 %", "3%"], ["20", "3"]),
    ],
)
def test_numbers_are_read_however_they_are_written(
    cells: list[str], expected: list[str | None]
) -> None:
    found = read_amounts(cells)
    assert isinstance(found, Amounts)
    assert found.values == tuple(None if one is None else Decimal(one) for one in expected)


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        (["3", "several"], "several"),
        (["3 kg", "500 g"], "500 g"),
        (["3 euros", "4 dollars"], "4 dollars"),
        (["1.200", "3"], "1.200"),
        (["1.200,5", "1,200.5"], "1.200,5"),
        (["3 to 4", "5"], "3 to 4"),
        (["12 (about)", "5"], "12 (about)"),
    ],
)
def test_what_cannot_be_added_is_named(cells: list[str], cell: str) -> None:
    found = read_amounts(cells)
    assert isinstance(found, Unreadable)
    assert found.cell == cell


def test_which_mark_parts_thousands_follows_the_language_where_nothing_else_tells() -> None:
    german, english = read_amounts(["1.200"], "de"), read_amounts(["1,200"], "en")
    assert isinstance(german, Amounts)
    assert isinstance(english, Amounts)
    assert german.values == english.values == (Decimal(1200),)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["3 May 2024", "2024-06-01T10:00"], [(2024, 5, 3), (2024, 6, 1)]),
        (["03/04/2024", "25/04/2024"], [(2024, 4, 3), (2024, 4, 25)]),
        (["03/04/2024", "04/25/2024"], [(2024, 3, 4), (2024, 4, 25)]),
        (["1998", "2004"], [(1998,), (2004,)]),
        (["8:15", "12:30"], [(8, 15), (12, 30)]),
    ],
)
def test_dates_are_read_as_the_column_writes_them(
    cells: list[str], expected: list[tuple[int, ...]]
) -> None:
    assert read_moments(cells) == tuple(expected)


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        (["03/04/2024"], "03/04/2024"),
        (["3 May 2024", "soon"], "soon"),
        (["3 May 2024", "June 2024"], "June 2024"),
        (["13/04/2024", "04/13/2024", "03/04/2024"], "03/04/2024"),
    ],
)
def test_dates_that_cannot_be_compared_are_named(cells: list[str], cell: str) -> None:
    found = read_moments(cells)
    assert isinstance(found, Unreadable)
    assert found.cell == cell


@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_cells_are_read_or_refused(cells: list[str]) -> None:
    for found in (read_amounts(cells), read_moments(cells)):
        values = found.values if isinstance(found, Amounts) else found
        assert isinstance(found, Unreadable) or len(values) == len(cells)  # type: ignore[arg-type]


def test_a_long_table_is_cut_and_says_so() -> None:
    rows = [["Parcel", "Weight"], *([f"P-{n}", f"{n}"] for n in range(60_000))]
    document = document_of(rows)
    with within(3):
        table = read_back(document, 30_000)
    assert table is not None
    assert table.is_cut
    assert len(table.rows) == MAX_ROWS
