"""A reply of plain text or Markdown: each sentence, item and row with the numbers behind it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.cite import DraftStatement
from assistant.values import Role
from assistant.write.llm.values import Request
from assistant.write.reply import (
    MAX_REPLY_CHARS,
    MAX_STATEMENT_CHARS,
    MAX_WRITTEN,
    MAX_WRITTEN_CITED,
    LongReply,
    ShortReply,
    open_reply,
)


def read(text: str, *, is_cut: bool = False) -> list[DraftStatement]:
    reply = LongReply()
    return [*reply.add(text), *reply.end(is_cut=is_cut)]


def plain(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.text, one.sentences) for one in read(text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It rained [1].", [("It rained.", (1,))]),
        ("It rained. [1] It snowed. [2][3]", [("It rained.", (1,)), ("It snowed.", (2, 3))]),
        ("It rained [1, 3]; it blew [2-4].", [("It rained; it blew.", (1, 3, 2, 4))]),
        ("**It** rained 【2】.", [("It rained.", (2,))]),
        ("It rained. It snowed. [2]", [("It rained.", (2,)), ("It snowed.", (2,))]),
        ("It rained. [2] It snowed.", [("It rained.", (2,)), ("It snowed.", ())]),
        ("It rained\nall day. [2]", [("It rained all day.", (2,))]),
        ("See [the rules](http://x.example/a) [4].", [("See the rules.", (4,))]),
        ("Es regnete. [1]\n\nEs schneite. [2]", [("Es regnete.", (1,)), ("Es schneite.", (2,))]),
        ("下雨了。[1]下雪了。[2]", [("下雨了。", (1,)), ("下雪了。", (2,))]),
        ("## Weather\nIt rained. [1]", [("It rained.", (1,))]),
        (
            "Built in the U.S. [4]. It is old [5].",
            [("Built in the U.S.", (4,)), ("It is old.", (5,))],
        ),
        ('He said "no." [1]. Then [2].', [('He said "no."', (1,)), ("Then.", (2,))]),
        ("Really?! [1] Yes. [2] .", [("Really?!", (1,)), ("Yes.", (2,))]),
        ("It rained ... [1] . It blew [2].", [("It rained...", (1,)), ("It blew.", (2,))]),
        ("I do not know.", [("I do not know.", ())]),
        ("[1]", []),
        ("", []),
    ],
)
def test_a_sentence_has_the_numbers_behind_it(
    text: str, said: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert plain(text) == said


def test_a_list_keeps_its_items_its_numbers_and_its_depth() -> None:
    found = read("You need [9]:\n1. a ticket [1]\n   - or a pass [2]\n2. shoes\n\nThat is all. [3]")
    assert [(one.text, one.sentences, one.shape.role) for one in found] == [
        ("You need:", (9,), Role.LEAD_IN),
        ("a ticket", (1,), Role.ITEM),
        ("or a pass", (2,), Role.ITEM),
        ("shoes", (9,), Role.ITEM),
        ("That is all.", (3,), Role.PARAGRAPH),
    ]
    assert [one.shape.level for one in found] == [0, 0, 1, 0, 0]
    assert [one.shape.mark for one in found] == ["", "1.", "", "2.", ""]


@pytest.mark.parametrize(
    ("line", "mark", "text"),
    [
        ("1. Ask the clerk. [1]", "1.", "Ask the clerk."),
        ("1) Ask the clerk. [1]", "1)", "Ask the clerk."),
        ("12. Ask the clerk. [1]", "", "12. Ask the clerk."),
        ("0. Ask the clerk. [1]", "", "0. Ask the clerk."),
        ("1. Mai 2031: Markt [1]", "", "1. Mai 2031: Markt"),
        ("1. enero: fiesta [1]", "", "1. enero: fiesta"),
        ("- 1 May 2031: fair [1]", "", "1 May 2031: fair"),
    ],
)
def test_only_a_number_that_counts_items_is_no_part_of_what_they_say(
    line: str, mark: str, text: str
) -> None:
    (item,) = read(line)
    assert (item.shape.mark, item.text) == (mark, text)


def test_a_count_goes_on_behind_a_paragraph_between_its_items() -> None:
    items = read("1. one [1]\n\nSo far. [1]\n\n2. two [1]\n\n9. nine [1]")
    assert [one.shape.mark for one in items] == ["1.", "", "2.", ""]


def test_a_lead_in_without_numbers_rests_on_those_of_its_list() -> None:
    lead, *_ = read("You need:\n\n- a ticket [1]\n- shoes [4]")
    assert (lead.text, lead.sentences) == ("You need:", (1, 4))


def test_numbers_under_a_list_or_table_are_those_of_what_has_none() -> None:
    assert plain("- bread\n- salt [2]\n[5][6]") == [("bread", (5, 6)), ("salt", (2,))]
    assert [one.sentences for one in read("|a|b|\n|-|-|\n|1|2|\n|3|4|\n[7]")] == [(7,), (7,)]


def test_a_table_is_rows_with_the_names_of_their_columns() -> None:
    text = "Fees:\n\n| Month | Fee |\n|---|--:|\n| May | 4 [1] |\n| June | **5** [2] |\n"
    lead, may, june = read(text)
    assert (lead.text, lead.sentences) == ("Fees:", (1, 2))
    assert (may.text, may.sentences) == ("Month: May | Fee: 4", (1,))
    assert june.text == "Month: June | Fee: 5"
    for row in (may, june):
        assert row.shape.role is Role.ROW
        for cell in row.shape.cells:
            assert row.text.startswith(cell.text, cell.start)
    assert [cell.name for cell in may.shape.cells] == ["Month", "Fee"]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("One. Two. [1]", [1, 1]),
        ("One. [1]\n\nTwo. [2]", [1, 2]),
        ("One. [1]\nTwo. [2]", [1, 1]),
        ("It takes two. These are:\n- one [1]\n- two [2]\n\nThat is all. [3]", [1, 1, 2, 2, 3]),
        ("- one [1]\n\n- two [2]", [1, 1]),
        ("- one [1]\n\n## Others\n- two [2]", [1, 2]),
        ("|a|\n|-|\n|1 [1]|\n\nThen: [2]\n\n|b|\n|-|\n|2 [2]|", [1, 2, 3]),
        ("- one [1]\n\n|a|\n|-|\n|2 [2]|\n- three [3]", [1, 2, 3]),
        ("Nothing:\n\n[1]\n\nIt rained. [2]", [1, 2]),
    ],
)
def test_what_belongs_to_one_paragraph_list_or_table_has_its_number(
    text: str, blocks: list[int]
) -> None:
    assert [one.shape.block for one in read(text)] == blocks


@pytest.mark.parametrize(
    ("text", "answered", "said"),
    [
        ("NOT ANSWERED", "no", []),
        ("**Not answered.**\nIt rained. [1]", "no", []),
        ("<think>\nIs it?\nYes [1].\n</think>\n\nNOT ANSWERED\n", "no", []),
        ("PARTLY ANSWERED\nIt rained. [1]", "part", [("It rained.", (1,))]),
        ("Not answered calls cost nothing. [1]", "no", []),
        ("The call was not answered. [1]", "all", [("The call was not answered.", (1,))]),
        ("<think>hm [2]</think>It rained. [1]", "all", [("It rained.", (1,))]),
        ("<think>without end. [1]\n\nIt rained. [1]", "all", []),
    ],
)
def test_the_first_line_says_whether_it_is_answered(
    text: str, answered: str, said: list[tuple[str, tuple[int, ...]]]
) -> None:
    reply = LongReply()
    found = [*reply.add(text), *reply.end()]
    assert reply.answered == answered
    assert [(one.text, one.sentences) for one in found] == said
    assert reply.is_full == (answered == "no")


def test_what_was_cut_off_loses_its_last_words() -> None:
    assert [one.text for one in read("It rained. [1] It snowed on", is_cut=True)] == ["It rained."]
    assert read("It snowed on", is_cut=True) == []


def test_what_is_whole_comes_before_the_end() -> None:
    reply = LongReply()
    assert reply.add("It rained. [1]\n") == ()
    assert [one.text for one in reply.add("\nIt ")] == ["It rained."]


def test_the_form_is_that_of_the_request() -> None:
    assert isinstance(open_reply(Request("", "", 1, {})), LongReply)
    assert isinstance(open_reply(Request("", "", 1, {"type": "object"})), ShortReply)


parts = st.sampled_from(
    ["It rained. ", "[1]", "[2, 3] ", "\n", "\n\n", "- ", "| a | b |", "|---|---|", ":", "# ", "x ",
     "NOT ANSWERED", "<think>", "</think>", "**", "1. ", "   ", "```", "["]
)  # fmt: skip
replies = st.lists(parts, max_size=25).map("".join) | st.text(max_size=200)


@pytest.mark.parametrize(
    ("line", "text"),
    [("| a | b | [1]", "a | b"), ("| a || b |[2]", "a | | b"), ("| a | [1] | b |", "a | | b")],
)
def test_marks_behind_a_row_are_no_cell_and_an_empty_one_leaves_no_gap(
    line: str, text: str
) -> None:
    (row,) = read(line)
    assert row.text == text
    assert all(row.text[c.start :].startswith(c.text) for c in row.shape.cells)


@given(text=replies, cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_cutting_gives_the_statements_of_the_whole(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    reply = LongReply()
    found = [one for a, b in pairwise(places) for one in reply.add(text[a:b])]
    found += reply.end()
    assert found == read(text)
    for one in found:
        assert one.text == " ".join(one.text.split())
        assert len(one.sentences) <= MAX_WRITTEN_CITED


@pytest.mark.parametrize(
    "text",
    ["x" * 10**6, "[1]" * 10**6, "- a [1]\n" * 10**6, "| a | b |\n" * 10**6, "a. b. " * 10**6,
     "[" * 10**6, "[1, " * 10**6, "*" * 10**6, "(" * 10**6, "<think>" * 10**6, "\n" * 10**6,
     "[a](b" * 10**6, "  - a\n" * 10**6, "a:\n" * 10**6, " " * 10**6, "a\n" * 10**6,
     "." * 10**6, ".[1]" * 10**6]
)  # fmt: skip
@pytest.mark.parametrize("piece_chars", [10**6, 3])
def test_garbage_is_read_in_bounded_time(text: str, piece_chars: int) -> None:
    text = text if piece_chars > 3 else text[: 2 * MAX_REPLY_CHARS]
    reply = LongReply()
    with within(2):
        found = [
            one
            for at in range(0, len(text), piece_chars)
            for one in reply.add(text[at : at + piece_chars])
        ]
        found += reply.end()
    assert len(found) <= MAX_WRITTEN
    assert all(len(one.text) <= 4 * MAX_STATEMENT_CHARS for one in found)
