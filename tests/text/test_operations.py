"""What a question asks to be worked out."""

import pytest
from ingest.reading import within

from assistant.text.operations import TOTALS, find_operation, find_scales


@pytest.mark.parametrize(
    ("question", "kind", "things"),
    [
        ("How many late parcels are there?", "count", "late parcels"),
        ("What is the number of late parcels?", "count", "late parcels"),
        ("Count all late parcels", "count", "late parcels"),
        ("Wie viele Pakete sind offen?", "count", "pakete"),
        ("Combien de colis sont ouverts ?", "count", "colis"),
        ("¿Cuántos paquetes hay?", "count", "paquetes"),
        ("Quanti pacchi ci sono?", "count", "pacchi"),
        ("Quantos pacotes estão abertos?", "count", "pacotes"),
        ("What is the total of the late fees?", "sum", "late fees"),
        ("What do the fees add up to?", "sum", ""),
        ("Was ist die Summe der Preise?", "sum", "preise"),
        ("What is the average fee?", "mean", "fee"),
        ("Which is the lightest parcel?", "least", "parcel"),
        ("Which parcel has the highest fee?", "most", "fee"),
        ("Welches Paket ist am schwersten?", "most", ""),
        ("Quel est le colis le moins cher ?", "least", ""),
        ("¿Cuál es el paquete más pesado?", "most", ""),
        ("Which parcels are late?", "all", "parcels"),
        ("List all late parcels", "all", "late parcels"),
    ],
)
def test_a_question_says_what_is_to_be_worked_out_and_of_what(
    question: str, kind: str, things: str
) -> None:
    found = find_operation(question)
    assert found is not None
    assert (found.kind, found.things) == (kind, things)


@pytest.mark.parametrize(
    "question",
    [
        "Who carried the parcel?",
        "When is it due at the latest?",
        "How much may one carry at most?",
        "Why is the mill closed?",
        "Is at least one gate open?",
    ],
)
def test_other_questions_ask_at_most_for_a_row(question: str) -> None:
    found = find_operation(question)
    assert found is None or found.kind == "find"


@pytest.mark.parametrize("question", ["What is the phone number of Anna?", "What does E7 mean?"])
def test_numbers_and_meanings_are_not_counted_or_averaged(question: str) -> None:
    found = find_operation(question)
    assert found is None or found.kind == "all"


def test_what_is_oldest_has_the_most_years_or_the_earliest_date() -> None:
    ages, dates = find_scales("Who is the oldest?")
    assert (ages.kind, ages.measure) == ("most", "number")
    assert (dates.kind, dates.measure) == ("least", "date")


def test_a_small_thing_is_least_and_the_least_of_it_is_most() -> None:
    assert find_scales("le plus petit")[0].kind == "least"
    assert find_scales("le moins petit")[0].kind == "most"


def test_finding_takes_a_time_that_grows_with_the_question() -> None:
    with within(2):
        find_operation("how many " + "total of the most " * 2_000)


def test_a_cell_of_many_numbers_behind_a_total_is_read_at_once() -> None:
    assert not TOTALS.fullmatch("total" + " 1-1" * 2_000 + " tankstelle")
    assert not TOTALS.fullmatch("total " + "1-1" * 2_000 + "x")
