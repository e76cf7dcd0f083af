"""An answer as blocks: nothing is lost or told twice, and what belongs together stands together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within
from rendered import answers
from surface_fakes import answer, cite, consult, document

from assistant.ingest.formats.table import split_row
from assistant.show.blocks import (
    FEW_ROWS,
    SLACK,
    Code,
    Grid,
    Items,
    Prose,
    Remark,
    Said,
    Shown,
    Title,
    count_first,
    group_sources,
    list_blocks,
    list_near,
    list_quotes,
)
from assistant.values import Answer, Cell, Role, Statement, Verdict

NAMES = "Boat | Fee | State"


def said(*parts: tuple[Role, str] | tuple[Role, str, int], name: str = "a.md") -> Answer:
    """Return an answer that quotes parts of a document, each with its role and level."""
    source = document(name, "\n".join(part[1] for part in parts))
    cited = [cite(n, source, part[1]) for n, part in enumerate(parts, start=1)]
    made = answer("?", *cited)
    statements = tuple(
        replace(
            one,
            role=part[0],
            level=part[2] if len(part) > 2 else 0,
            cells=split_row(one.text, NAMES) if part[0] is Role.ROW else (),
        )
        for one, part in zip(made.statements, parts, strict=True)
    )
    return replace(made, statements=statements)


def texts(block: Shown) -> list[str]:
    match block:
        case Remark():
            return [block.text]
        case Prose():
            return [one.text for one in block.said]
        case Title():
            return [block.said.text]
        case Items():
            return [item.said.text for item in block.items]
        case Code():
            return [line.text for line in block.lines]
        case Grid():
            return [cell.text for row in block.rows for cell in row.cells]


def citations(block: Shown) -> list[int]:
    match block:
        case Remark():
            lines = []
        case Prose():
            lines = [one.citations for one in block.said]
        case Title():
            lines = [block.said.citations]
        case Items():
            lines = [item.said.citations for item in block.items]
        case Code():
            lines = [line.citations for line in block.lines]
        case Grid():
            lines = [block.cited, *(row.citations for row in block.rows)]
    return [number for line in lines for number in line]


def test_sentences_are_prose_and_titles_lists_code_and_tables_are_apart() -> None:
    made = said(
        (Role.HEADING, "Fees"),
        (Role.PARAGRAPH, "All pay."),
        (Role.PARAGRAPH, "Some pay late."),
        (Role.LEAD_IN, "Do this:"),
        (Role.ITEM, "1. Ask.", 1),
        (Role.ITEM, "at the office", 3),
        (Role.ITEM, "2. Pay.", 1),
        (Role.CODE, "def pay():", 4),
        (Role.CODE, "return 1", 8),
        (Role.ROW, "Boat: Alba | Fee: 10"),
    )
    blocks = list_blocks(made)
    assert [(block.kind, texts(block)) for block in blocks] == [
        ("title", ["Fees"]),
        ("prose", ["All pay.", "Some pay late."]),
        ("prose", ["Do this:"]),
        ("list", ["1. Ask.", "at the office", "2. Pay."]),
        ("code", ["def pay():", "    return 1"]),
        ("table", ["Alba", "10", ""]),
    ]
    items = blocks[3]
    assert isinstance(items, Items)
    assert [(item.depth, item.is_marked) for item in items.items] == [
        (0, True),
        (1, False),
        (0, True),
    ]
    assert [number for block in blocks for number in citations(block)] == [*range(1, 11)]


def test_rows_of_one_table_are_one_and_a_cell_that_is_missing_is_empty() -> None:
    rows = ["Boat: Alba | Fee: 10", "Boat: Brisa | State: due", "Fee: 1,200 | State: paid"]
    (table,) = list_blocks(said(*((Role.ROW, row) for row in rows)))
    assert isinstance(table, Grid)
    assert table.names == ("Boat", "Fee", "State")
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Alba", "10", ""],
        ["Brisa", "", "due"],
        ["", "1,200", "paid"],
    ]
    assert table.are_numbers == (False, True, False)


def test_a_first_column_without_a_name_has_an_empty_one() -> None:
    rows = ["North | Fee: 10", "Boat: Alba | Fee: 3"]
    (table,) = list_blocks(said(*((Role.ROW, row) for row in rows)))
    assert isinstance(table, Grid)
    assert table.names == ("", "Boat", "Fee", "State")
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["North", "", "10", ""],
        ["", "Alba", "3", ""],
    ]


def test_rows_of_two_documents_are_two_tables_though_their_names_are_the_same() -> None:
    one, other = (
        said((Role.ROW, "Boat: Alba | Fee: 10"), name=name) for name in ("a.csv", "b.csv")
    )
    second = replace(other.statements[0], citations=(2,))
    made = replace(
        one,
        statements=(*one.statements, second),
        citations=(*one.citations, replace(other.citations[0], number=2)),
    )
    assert [block.kind for block in list_blocks(made)] == ["table", "table"]


def test_names_that_are_quoted_are_the_head_of_their_rows_and_alone_a_row() -> None:
    (table,) = list_blocks(said((Role.NAMES, NAMES), (Role.ROW, "Boat: Alba | Fee: 10")))
    assert isinstance(table, Grid)
    assert (table.names, table.cited) == (("Boat", "Fee", "State"), (1,))
    (alone,) = list_blocks(said((Role.NAMES, NAMES)))
    assert texts(alone) == ["Boat", "Fee", "State"]


def test_names_that_rows_do_not_stand_under_are_no_head_of_theirs() -> None:
    names = "Captain | Crew"
    first, second = list_blocks(said((Role.NAMES, names), (Role.ROW, "Boat: Alba | Fee: 10")))
    assert texts(first) == ["Captain", "Crew"]
    assert isinstance(second, Grid)
    assert (second.names, second.cited) == (("Boat", "Fee", "State"), ())


def test_a_row_that_was_kept_without_cells_is_shown_whole() -> None:
    made = said((Role.ROW, "Boat: Alba | Fee: 10"))
    bare = replace(made, statements=(replace(made.statements[0], cells=()),))
    (table,) = list_blocks(bare)
    assert texts(table) == ["Boat: Alba | Fee: 10"]


def test_what_is_emphasised_in_a_row_is_emphasised_in_its_cell() -> None:
    row = "Boat: Alba | Fee: 10 | State: due"
    made = said((Role.ROW, row))
    start = row.index("10")
    marked = replace(made.statements[0], answering=((start, start + 2),))
    (table,) = list_blocks(replace(made, statements=(marked,)))
    assert isinstance(table, Grid)
    bold = [
        [text for text, is_answering in cell.runs if is_answering] for cell in table.rows[0].cells
    ]
    assert bold == [[], ["10"], []]


@given(answers())
def test_every_text_and_citation_of_an_answer_is_in_one_block_and_nothing_else(
    made: Answer,
) -> None:
    blocks = list_blocks(made)
    told = [one for block in blocks for one in citations(block)]
    assert told == [number for one in made.statements for number in one.citations]
    shown = "".join(text for block in blocks for text in texts(block))
    assert "".join(shown.split()) == "".join("".join(map(_told, made.statements)).split())


def _told(statement: Statement) -> str:
    """Return what of a statement stands in a block: of a row its cells, of names each name."""
    if statement.role is Role.ROW and statement.cells:
        return "".join(cell.text for cell in statement.cells)
    return statement.text.replace(" | ", "") if statement.role is Role.NAMES else statement.text


@given(answers())
def test_runs_of_a_text_are_the_text(made: Answer) -> None:
    for block in list_blocks(made):
        if isinstance(block, Prose):
            for one in block.said:
                assert "".join(text for text, _ in one.runs) == one.text


@given(st.integers(0, 100))
def test_what_is_folded_is_more_than_a_row_or_two(n: int) -> None:
    first = count_first(n, FEW_ROWS)
    assert first == n if n <= FEW_ROWS + SLACK else n - first > SLACK


@pytest.mark.parametrize("flagged", [set(), {2}])
def test_what_is_quoted_from_one_section_stands_together_unless_it_is_marked_as_wrong(
    flagged: set[int],
) -> None:
    source = document("a.txt", "One. Two. Three.")
    cited = [cite(n, source, f"{text}.", heading="H") for n, text in enumerate(("One", "Two"), 1)]
    other = cite(3, source, "Three.", heading="Another")
    made = answer("?", *cited, other)
    groups = [[one.number for one in group] for group in group_sources(made, flagged)]
    assert groups == ([[1], [2], [3]] if flagged else [[1, 2], [3]])


def test_quotes_that_do_not_follow_each_other_are_paragraphs_of_their_own() -> None:
    mail = document("a.eml", "Subject: Keys\n\nThe key hangs in the hall. It is brass.")
    note = document("b.txt", "It is iron.")
    texts_in = ("Subject: Keys", "The key hangs in the hall.", "It is brass.")
    cited = [cite(n, mail, text) for n, text in enumerate(texts_in, start=1)]
    made = answer("?", *cited, cite(4, note, "It is iron."))
    assert [texts(block) for block in list_blocks(made)] == [
        ["Subject: Keys"],
        ["The key hangs in the hall.", "It is brass."],
        ["It is iron."],
    ]


def test_a_models_words_are_one_paragraph_wherever_they_come_from() -> None:
    note, other = document("a.txt", "It is iron."), document("b.txt", "It is old.")
    made = answer("?", cite(1, note, "It is iron."), cite(2, other, "It is old."))
    first, second = made.statements
    told = replace(made, statements=(replace(first, text="Iron."), replace(second, text="Old.")))
    assert [texts(block) for block in list_blocks(told)] == [["Iron.", "Old."]]


def test_a_heading_is_a_source_together_with_what_stands_under_it() -> None:
    source = document("a.txt", "Eyes\nRinse them.\nBurns\nCool them.")
    cited = [
        cite(1, source, "Eyes"),
        cite(2, source, "Rinse them.", heading="Eyes"),
        cite(3, source, "Cool them.", heading="Burns"),
    ]
    made = answer("?", *cited)
    first, *others = made.statements
    made = replace(made, statements=(replace(first, role=Role.HEADING), *others))
    assert [[one.number for one in group] for group in group_sources(made)] == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("text", "is_word"), [("NR-1004", True), ("two words", False), ("x" * 40, False), ("", False)]
)
def test_a_code_in_a_cell_is_a_word_that_is_not_parted(text: str, is_word: bool) -> None:
    assert Said(text).is_word is is_word


def test_a_long_row_of_a_passage_that_is_near_is_shortened() -> None:
    row = Statement("x " * 400, (), said((Role.ROW, "x")).statements[0].verdict, role=Role.ROW)
    cells = (Cell("Kind", "x " * 400, 0), Cell("No", "7", 801))
    source = document("a.csv", "x | 7")
    passage = replace(consult(source, "x | 7"), near=(replace(row, cells=cells),))
    (table,) = list_near(passage)
    assert isinstance(table, Grid)
    assert [len(cell.text) < 300 for cell in table.rows[0].cells] == [True, True]
    assert list_near(replace(passage, near=())) == (Prose((Said("x | 7"),)),)


def test_a_quote_is_shown_when_a_statement_says_it_word_for_word() -> None:
    source = document("a.txt", "One\n fact. Another.")
    made = answer("?", cite(1, source, "One\n fact."), cite(2, source, "Another."))
    first, second = made.statements
    told = replace(made, statements=(replace(first, text="One fact."), replace(second, text="B.")))
    assert list_quotes(told) == {1}


def test_very_many_rows_are_made_a_table_in_time() -> None:
    row = Statement("Boat: Alba | Fee: 10", (), said((Role.ROW, "x")).statements[0].verdict)
    rows = replace(row, role=Role.ROW, cells=split_row(row.text, NAMES))
    with within(3):
        (table,) = list_blocks(replace(answer("?"), statements=(rows,) * 20_000))
        assert isinstance(table, Grid)
        assert len(table.are_numbers) == 3


def with_verdicts(*verdicts: Verdict) -> list[str]:
    """Return the notes of sentences that have these verdicts."""
    made = said(*((Role.ITEM, f"Part {n}.") for n in range(len(verdicts))))
    statements = zip(made.statements, verdicts, strict=True)
    found = tuple(replace(one, verdict=verdict) for one, verdict in statements)
    (block,) = list_blocks(replace(made, statements=found))
    assert isinstance(block, Items)
    return [item.said.note for item in block.items]


def test_a_verdict_is_noted_where_it_is_not_that_of_all_others() -> None:
    quoted, confirmed = Verdict.QUOTED, Verdict.CONFIRMED
    assert with_verdicts(quoted, quoted) == ["", ""]
    assert with_verdicts(confirmed, confirmed) == ["", ""]
    assert with_verdicts(quoted, confirmed) == ["", "confirmed"]


def test_what_nobody_confirmed_and_what_stands_in_for_it_is_always_noted() -> None:
    assert with_verdicts(Verdict.NOT_CONFIRMED) == ["not confirmed"]
    made = said((Role.ROW, "Boat: Alba"))
    (block,) = list_blocks(replace(made, statements=(replace(made.statements[0], stands_in=True),)))
    assert isinstance(block, Grid)
    assert block.rows[0].note == "quoted instead"
