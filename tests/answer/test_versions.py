"""How two texts are aligned, and which of their words are marked."""

import time

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.versions import find_changed_words, find_changes
from assistant.values import Document, DocumentId, Role, Unit


def text_of(*parts: str, role: Role = Role.PARAGRAPH) -> Document:
    units, text = [], ""
    for part in parts:
        own = Role.HEADING if part.startswith("# ") else role
        units.append(Unit(len(text), len(text) + len(part), own, int(own is Role.HEADING)))
        text += part + "\n\n"
    return Document(DocumentId("a.txt"), "0" * 64, "A", "text/plain", text, units=tuple(units))


def told(old: Document, new: Document) -> list[tuple[str, str, str]]:
    return [
        (
            one.kind,
            one.old.text_in(old) if one.old else "",
            one.new.text_in(new) if one.new else "",
        )
        for one in find_changes(old, new)
    ]


def test_a_text_has_not_changed_from_itself() -> None:
    one = text_of("# Fees", "A plot costs 40 euros.", "Water is free.")
    assert find_changes(one, one) == []


def test_what_has_moved_has_not_changed() -> None:
    old = text_of("A plot costs 40 euros.", "Water is free.")
    new = text_of("Water is free.", "A plot costs 40 euros.")
    assert find_changes(old, new) == []


def test_a_changed_value_is_one_change_and_not_two() -> None:
    old = text_of("A plot costs 40 euros.", "Water is free.")
    new = text_of("A plot costs 55 euros.", "Water is free.", "Dogs are kept on a lead.")
    assert told(old, new) == [
        ("changed", "A plot costs 40 euros.", "A plot costs 55 euros."),
        ("added", "", "Dogs are kept on a lead."),
    ]


def test_what_is_said_twice_and_then_once_was_removed_once() -> None:
    old = text_of("Shut the gate.", "Water is free.", "Shut the gate.")
    new = text_of("Shut the gate.", "Water is free.")
    assert told(old, new) == [("removed", "Shut the gate.", "")]


def test_a_heading_is_no_sentence_that_changed() -> None:
    old, new = text_of("# Dogs and cats"), text_of("Dogs and cats are kept out.")
    assert {kind for kind, _, _ in told(old, new)} == {"added", "removed"}


@given(st.lists(st.sampled_from(["Red.", "Green tea.", "Blue sky above."]), max_size=8))
def test_all_of_a_text_is_added_to_an_empty_one(parts: list[str]) -> None:
    changes = find_changes(text_of(), text_of(*parts))
    assert [one.kind for one in changes] == ["added"] * len(parts)


@given(
    st.lists(st.text("ab 1", min_size=1, max_size=12), max_size=6),
    st.lists(st.text("ab 1", min_size=1, max_size=12), max_size=6),
)
def test_spans_of_changed_words_are_in_order_and_in_the_text(a: list[str], b: list[str]) -> None:
    one, other = " ".join(a), " ".join(b)
    ends = [at for span in find_changed_words(one, other) for at in span]
    assert ends == sorted(ends)
    assert all(0 <= at <= len(one) for at in ends)


def test_two_long_tables_are_compared_in_bounded_time() -> None:
    rows = [f"Boat {n} | Fee {n % 7} euros | Berth {n % 13}" for n in range(20_000)]
    old = text_of(*rows, role=Role.ROW)
    new = text_of(*(row + " north" for row in rows), role=Role.ROW)
    begun = time.thread_time()
    assert find_changes(old, new)
    assert time.thread_time() - begun < 10
