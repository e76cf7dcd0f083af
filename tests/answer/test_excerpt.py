"""What is shown with what answers, so that it can be understood."""

from dataclasses import replace

import numpy as np
import pytest
from ingest.reading import within
from retrievals import judgement_of, retrieve

from assistant.answer.excerpt import MAX_READ, MAX_TOGETHER, complete, find_near
from assistant.ingest.formats.markdown import read
from assistant.ingest.structure import arrange, find_unit, list_sentences, nest
from assistant.text.exact import read_asked_part
from assistant.text.terms import read_query
from assistant.values import Document, DocumentId, Passage, PassageId, Role, Sentence, Unit

NAME = DocumentId("a.md")
YARD = """\
# Yard

## Tools

Before you leave, do the following:

1. Lock the gate.
2. Hang up the key.
3. Note the hour.

## Fees

| Boat | Fee | State |
|---|---|---|
| Alba | 10 | overdue |
| Brisa | 20 | paid |
| Corva | 30 | overdue |

## Rules of the rye mill

- Clean the rye bin.
- Oil the wheel.
- Cover the stone.

## Winter

In winter every boat is treated as follows:

1. Empty the boat.
2. Close the valves.
   - Leave the taps open.
3. Cover it.

## Warden

Ola Berg.

**May I fish here?**

With a licence.

The pier was rebuilt in 1990 after a storm had taken it. It is long. Boats moor on both sides.

## Chapter 7. Lantern

The lantern is made of brass. It was a gift. Moths gather there in June.

## News

4 May 2023. The harbour chose a new warden.

The yard has a crane. It lifts four tonnes.
"""


def shown(question: str, *chosen: str, text: str = YARD, language: str = "en") -> list[str]:
    """Return what is shown when the chosen sentences of a text, the yard's rules, answer."""
    parsed = read(text)
    units = arrange(parsed.text, parsed.units)
    document = Document(NAME, "0" * 64, "Yard", "text/markdown", parsed.text, units=units)
    spans = tuple(list_sentences(parsed.text, units))
    passage = Passage(
        PassageId("x"), NAME, 0, len(parsed.text), parsed.text, spans, language=language
    )
    sentences = [Sentence(n, passage, *span) for n, span in enumerate(spans, start=1)]
    picked = [next(s for s in sentences if s.text.startswith(start)) for start in chosen]
    asked = read_query(question, (language,))
    weights, part = dict.fromkeys(asked.own, 1.0), read_asked_part(question)
    whole = complete(picked, weights, lambda _: document, asked.stems, part=part)
    return [sentence.text for sentence, _ in whole.shown]


def near(question: str, best: str) -> list[str]:
    """Return what is shown of the yard's rules to a question that they do not answer.

    `best` begins the sentence that is judged best.
    """
    parsed = read(YARD)
    units = arrange(parsed.text, parsed.units)
    document = Document(NAME, "0" * 64, "Yard", "text/markdown", parsed.text, units=units)
    spans = tuple(list_sentences(parsed.text, units))
    roles = tuple(units[find_unit(units, start)].role for start, _ in spans)
    passage = Passage(PassageId("x"), NAME, 0, len(parsed.text), parsed.text, spans, roles=roles)
    retrieval = retrieve(question, passage)
    found = judgement_of([passage], [0.0] * len(spans))
    scores = np.array([float(s.text.startswith(best)) for s in found.sentences])
    show = find_near(retrieval, replace(found, scores=scores), lambda _: document)
    return [sentence.text for sentence, _ in show(passage)]


def test_of_a_table_that_does_not_answer_the_rows_nearest_are_shown() -> None:
    rows = ["Boat: Alba | Fee: 10 | State: overdue", "Boat: Corva | Fee: 30 | State: overdue"]
    assert near("Which lorries are overdue?", "Boat: Corva") == rows


def test_of_a_list_that_does_not_answer_few_items_are_shown_below_what_leads_into_them() -> None:
    assert near("How is a lorry treated in winter?", "3. Cover it") == [
        "In winter every boat is treated as follows:",
        *["2. Close the valves.", "Leave the taps open.", "3. Cover it."],
    ]


def test_a_question_is_shown_with_its_answer_though_another_was_asked() -> None:
    assert near("Who sells bait?", "With a licence") == ["May I fish here?", "With a licence."]


def test_of_prose_the_best_sentence_is_shown_with_a_few_words_behind_it() -> None:
    assert near("Who bought the crane?", "The yard has") == [
        "The yard has a crane.",
        "It lifts four tonnes.",
    ]


def test_a_heading_is_not_shown_as_what_is_near() -> None:
    assert near("Where is the tool shop?", "Tools") != ["Tools"]


def test_steps_are_all_shown_in_order_below_what_leads_into_them() -> None:
    assert shown("What do I do before I leave?", "2. Hang up") == [
        "Before you leave, do the following:",
        *["1. Lock the gate.", "2. Hang up the key.", "3. Note the hour."],
    ]


def test_no_step_is_left_out_since_another_repeats_a_word_of_what_leads_into_them() -> None:
    assert shown("How is a boat treated in winter?", "2. Close") == [
        *["Winter", "In winter every boat is treated as follows:"],
        *["1. Empty the boat.", "2. Close the valves.", "Leave the taps open.", "3. Cover it."],
    ]


def test_an_item_that_says_what_is_asked_stands_without_the_others() -> None:
    assert shown("Where does the key go?", "2. Hang up") == [
        "Before you leave, do the following:",
        "2. Hang up the key.",
    ]


def test_all_rows_that_say_what_is_asked_are_shown_and_no_other() -> None:
    found = shown("Which boats are overdue?", "Boat: Corva", "Boat: Brisa")
    assert [text for text in found if text.startswith("Boat: ")] == [
        "Boat: Alba | Fee: 10 | State: overdue",
        "Boat: Corva | Fee: 30 | State: overdue",
    ]


def test_a_row_is_found_by_its_cell() -> None:
    assert shown("What is the fee of Brisa?", "Boat: Brisa")[-1] == (
        "Boat: Brisa | Fee: 20 | State: paid"
    )


@pytest.mark.parametrize(
    ("question", "chosen", "expected"),
    [
        ("Who is the warden?", "Ola", ["Warden", "Ola Berg."]),
        ("May one fish?", "With", ["May I fish here?", "With a licence."]),
    ],
)
def test_a_short_answer_is_shown_with_what_it_answers(
    question: str, chosen: str, expected: list[str]
) -> None:
    assert shown(question, chosen) == expected


def test_a_word_that_their_heading_says_makes_no_item_better_than_the_others() -> None:
    asked = "What are the rules of the rye mill?"
    chosen = ("Clean", "Oil", "Cover")
    assert [one for one in shown(asked, *chosen) if one.startswith(chosen)] == [
        "Clean the rye bin.", "Oil the wheel.", "Cover the stone.",
    ]  # fmt: skip


def test_a_date_is_shown_with_what_happened() -> None:
    said = ["4 May 2023.", "The harbour chose a new warden."]
    assert shown("What happened on 4 May 2023?", said[0]) == said


def test_a_sentence_that_says_it_all_stands_alone() -> None:
    said = "The pier was rebuilt in 1990 after a storm had taken it."
    assert shown("When was the pier rebuilt?", said) == [said]


def test_behind_a_sentence_about_what_was_asked_only_what_leans_on_it_is_shown() -> None:
    said = ["The lantern is made of brass.", "It was a gift."]
    assert shown("substance of the lantern?", "The lantern") == said


def test_the_title_of_a_document_is_no_part_of_an_answer_and_a_heading_is() -> None:
    found = shown("What rules has the yard?", "Oil")
    assert found[:2] == ["Rules of the rye mill", "Clean the rye bin."]


def test_a_heading_alone_answers_which_part_it_is() -> None:
    assert shown("Which chapter is about the lantern?", "The lantern") == ["Chapter 7. Lantern"]
    told = ["Chapter 7. Lantern", "Moths gather there in June."]
    assert shown("Which chapter tells of moths?", "Moths") == told
    asked = "Which paragraph is about the lantern?"
    assert "Moths gather there in June." in shown(asked, "Moths")


WAGES = """\
| Leistung | Preis |
|---|---|
| Fahrerstunde | 61 |
| Helferstunde | 38 |
| Zuschlag am Sonntag | 12 |
"""
CABINS = """\
| Cabin | Fee |
|---|---|
| Two berths | 30 |
| Four berths | 55 |
| 6 berths | 70 |
"""


@pytest.mark.parametrize(
    ("text", "language", "question", "row"),
    [
        (CABINS, "en", "fee of a cabin with 4 berths", "Cabin: Four berths | Fee: 55"),
        (CABINS, "en", "fee of a cabin with six berths", "Cabin: 6 berths | Fee: 70"),
        (WAGES, "de", "Was kostet ein Helfer?", "Leistung: Helferstunde | Preis: 38"),
        (WAGES, "de", "Preis für den Fahrer", "Leistung: Fahrerstunde | Preis: 61"),
    ],
)
def test_of_rows_the_one_with_the_number_or_the_compound_that_is_asked_is_shown(
    text: str, language: str, question: str, row: str
) -> None:
    found = shown(question, *_first_cells(text), text=text, language=language)
    assert [one for one in found if " | " in one] == [row]


def _first_cells(text: str) -> list[str]:
    names, _, *rows = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()
    )
    return [f"{names[0]}: {row[0]}" for row in rows]


@pytest.mark.parametrize("chosen", [3, 70, 150_000])
def test_of_a_long_table_some_rows_are_shown_and_the_rest_is_counted(chosen: int) -> None:
    text = "\n".join(["State: due"] * 200_000)
    units = nest([Unit(n * 11, n * 11 + 10, Role.ROW) for n in range(200_000)])
    document = Document(NAME, "0" * 64, "", "text/csv", text, units=units)
    start, end = units[chosen][:2]
    passage = Passage(PassageId("x"), NAME, start, end, text[start:end], ((start, end),))
    with within(2):
        found = complete([Sentence(1, passage, start, end)], {"due": 1.0}, lambda _: document)
    assert len(found.shown) == MAX_TOGETHER
    assert (start, end) in [(sentence.start, sentence.end) for sentence, _ in found.shown]
    assert MAX_READ - MAX_TOGETHER < found.n_more <= 2 * MAX_READ
