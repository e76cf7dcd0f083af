"""What the parts of a document are to each other, whatever wrote it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.ingest.formats.parsed import as_units
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.structure import MAX_DEPTH, above, arrange, contexts, list_sentences, nest
from assistant.values import Role, Unit

ROLES = st.sampled_from(list(Role))
PLAIN = st.lists(
    st.sampled_from(
        [
            "A heading",
            "Is it so?",
            "Do this:",
            "- one",
            "1. two",
            "Name: Ada",
            "It is so.",
            "",
            "Q: x",
        ]
    ),
    max_size=14,
).map("\n".join)


def outline(text: str) -> list[tuple[str, str, str | None]]:
    """Return each unit of plain text with its role and the one that it is under."""
    units = arrange(text, as_units(find_blocks(text)))
    said = [text[unit.start : unit.end] for unit in units]
    return [
        (said[n], unit.role.value, said[unit.under] if unit.under >= 0 else None)
        for n, unit in enumerate(units)
    ]


@given(text=PLAIN)
def test_rules_keep_every_character_and_each_unit_is_under_one_before_it(text: str) -> None:
    before = as_units(find_blocks(text))
    units = arrange(text, before)
    kept = "".join(text[u.start : u.end] for u in units).split()
    assert "".join(kept) == "".join("".join(text[u.start : u.end] for u in before).split())
    assert all(a.end <= b.start for a, b in pairwise(units))
    assert all(-1 <= unit.under < number for number, unit in enumerate(units))
    spans = list_sentences(text, units)
    assert "".join("".join(text[a:b] for a, b in spans).split()) == "".join(kept)


@given(roles=st.lists(st.tuples(ROLES, st.integers(0, 4)), max_size=20))
def test_nothing_stands_under_itself_and_headings_stand_under_headings(
    roles: list[tuple[Role, int]],
) -> None:
    units = nest([Unit(n, n + 1, role, level) for n, (role, level) in enumerate(roles)])
    for number, unit in enumerate(units):
        over = above(units, number)
        assert over == sorted(over, reverse=True)
        if unit.role is Role.HEADING:
            assert all(units[n].role is Role.HEADING for n in over)
            assert all(units[n].level < unit.level for n in over)


@given(roles=st.lists(ROLES, max_size=20))
def test_a_sentence_stands_under_sentences_before_it_alone(roles: list[Role]) -> None:
    found = contexts(roles)
    assert len(found) == len(roles)
    assert all(other < number for number, under in enumerate(found) for other in under)


def test_a_list_stands_under_what_leads_into_it() -> None:
    assert outline("Before it. Pack the following:\n\n- a rope\n- a map\n\nThat is all.") == [
        ("Before it.", "paragraph", None),
        ("Pack the following:", "lead-in", None),
        ("- a rope", "item", "Pack the following:"),
        ("- a map", "item", "Pack the following:"),
        ("That is all.", "paragraph", None),
    ]


def test_an_answer_stands_under_its_question() -> None:
    assert outline("Q: Is there a lift?\nA: No.\n\nMay I smoke?\n\nOnly outside.") == [
        ("Q: Is there a lift?", "question", None),
        ("A: No.", "paragraph", "Q: Is there a lift?"),
        ("May I smoke?", "question", None),
        ("Only outside.", "paragraph", "May I smoke?"),
    ]


def test_fields_stand_under_the_line_that_they_are_of() -> None:
    assert outline("Ines Moor\nPhone: 5\nRoom: B2\n\nOtto Beck\nPhone: 6") == [
        ("Ines Moor", "heading", None),
        ("Phone: 5", "paragraph", "Ines Moor"),
        ("Room: B2", "paragraph", "Ines Moor"),
        ("Otto Beck", "heading", None),
        ("Phone: 6", "paragraph", "Otto Beck"),
    ]


def test_a_line_above_fields_is_their_heading_across_an_empty_line_too() -> None:
    assert outline("Bill 5512\n\nFrom: Quarry Lane\nTotal: 214 EUR") == [
        ("Bill 5512", "heading", None),
        ("From: Quarry Lane", "paragraph", "Bill 5512"),
        ("Total: 214 EUR", "paragraph", "Bill 5512"),
    ]


@pytest.mark.parametrize("heading", ["6. Opening times", "OPENING TIMES", "Opening times"])
def test_a_line_of_plain_text_above_a_paragraph_is_its_heading(heading: str) -> None:
    assert outline(f"{heading}\n\nThe yard opens at six in the morning.")[0][1] == "heading"


@pytest.mark.parametrize("line", ["It rained all day.", "and then some", "x" * 80])
def test_a_sentence_above_a_paragraph_is_none(line: str) -> None:
    assert outline(f"{line}\n\nThe yard opens at six in the morning.")[0][1] == "paragraph"


def test_a_label_belongs_to_what_follows() -> None:
    assert outline("Article 17.\n\nDogs are kept on a lead.") == [
        ("Article 17.", "label", None),
        ("Dogs are kept on a lead.", "paragraph", "Article 17."),
    ]


@pytest.mark.parametrize("unit", ["a. ", "x: ", ". ", " ", "- ", "1. ", "Q: ", "?", "\n:"])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = f"a.{unit * (200_000 // len(unit))}b:"
    with within(5):
        arrange(text, (Unit(0, len(text)),))


def test_however_deep_a_list_is_little_stands_above_an_item() -> None:
    units = nest([Unit(n, n + 1, Role.ITEM, n) for n in range(20_000)])
    assert max(len(above(units, number)) for number in range(len(units))) < MAX_DEPTH


def test_the_day_of_an_entry_is_its_label() -> None:
    assert outline("LOG\n\n3 March 2027\nThe gate was oiled.\n\n9 March 2027\nIt was locked.")[
        1:
    ] == [
        ("3 March 2027", "label", "LOG"),
        ("The gate was oiled.", "paragraph", "3 March 2027"),
        ("9 March 2027", "label", "LOG"),
        ("It was locked.", "paragraph", "9 March 2027"),
    ]


@pytest.mark.parametrize("label", ["Section 4. Keys", "Artikel 4: Schlüssel", "Chapter 4 – Keys"])
def test_a_part_s_number_and_title_head_what_follows(label: str) -> None:
    assert outline(f"{label}\nThe keys hang beside the door of the office.") == [
        (label, "heading", None),
        ("The keys hang beside the door of the office.", "paragraph", label),
    ]


def test_steps_that_are_sentences_are_items_and_one_alone_is_none() -> None:
    steps = ["Step 1. Wash the pears.", "Step 2. Cook them.", "Step 3. Fill them into jars."]
    assert [role for _, role, _ in outline("\n\n".join(steps))] == ["item"] * 3
    assert outline("Step 1. Wash the pears.\n\nThen rest.")[0][1] == "paragraph"
