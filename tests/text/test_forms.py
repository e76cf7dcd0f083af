"""Lines of forms and letters: what they tell, and that they say nothing by themselves."""

import time

import pytest

from assistant.text.forms import (
    FormReading,
    find_reply,
    is_courtesy,
    is_form,
    names_alone,
    read_form,
)


@pytest.mark.parametrize(
    "line",
    [
        "Dear Sir or Madam,",
        "Hi Ann,",
        "Good morning, Dr. Roe:",
        "Sehr geehrte Frau Dr. Holt,",
        "Liebe Nachbarn und Nachbarinnen,",
        "Hallo zusammen!",
        "Mesdames, messieurs,",
        "Chère Mme Blom,",
        "Hola, Begoña:",
        "Estimada señora Ruiz:",
        "Gentile dott. Riva,",
        "Prezados colegas,",
        "Beste Joost,",
        "Kind regards,",
        "Yours faithfully",
        "Mit freundlichen Grüßen",
        "Viele Grüße aus Jena",
        "Bien cordialement,",
        "Un saludo",
        "Distinti saluti",
        "Met vriendelijke groet",
    ],
)
def test_a_line_that_greets_or_takes_its_leave_does_nothing_else(line: str) -> None:
    assert is_courtesy(line)


@pytest.mark.parametrize(
    "line",
    [
        "Hi Ann, the van is yours.",
        "Dear Ann: the fee is 12 euros",
        "Dear to us is the garden, and the pond behind it",
        "Morning: 8 to 12",
        "Evening course, 12 weeks",
        "Best before May",
        "Beste Lage",
        "Thanks to Ann the roof is tight.",
        "Danke sagen wir am 3. Mai.",
        "Saludos de la junta a los socios nuevos",
        "Evening meal included!",
        "Morning flights cancelled!",
        "Care home residents only!",
        "Spettacolo annullato!",
        "Lieber einmal mehr fragen!",
        "",
        " ",
    ],
)
def test_a_line_that_says_more_is_none(line: str) -> None:
    assert not is_courtesy(line)


def test_a_name_is_alone_with_its_title_or_number_and_not_in_a_sentence() -> None:
    assert all(map(names_alone, ("Ann Holt", "Ann Holt,", "Bill 7731", "Contract of lease 88/12")))
    assert not any(map(names_alone, ("Ann left.", "Bill 7731: paid", "Paid on May 12.")))


TICKET = (
    "FERRY TICKET",
    "Ticket number: 88412",
    "Vessel: Queen Astrid",
    "Sailing date: 3 July 2025",
    "Date of purchase: 11 May 2025",
    "Cabin: 2 berths, inside",
    "Weight of the car: 1,450 kg",
    "Agent: Lena Holm",
)
LEIHSCHEIN = ("Gerät: Bohrhammer TE 30", "Rückgabe bis: 12. Juni", "Ausgegeben durch: Ina Seidel")


@pytest.mark.parametrize(
    ("question", "asked", "naming"),
    [
        # A label that is asked for, by more of its words than another has.
        ("What is the sailing date?", {3}, set()),
        ("date of purchase", {4}, set()),
        ("What is the date?", {3, 4}, set()),
        # What names the thing answers nothing, whether its label is said or not.
        ("When does the Queen Astrid sail?", {3}, {2}),
        ("sailing date of ticket 88412", {3}, {0, 1}),
        ("Who is the agent of ticket 88412?", {7}, {0, 1}),
        ("Who sold the ferry to Ann?", set(), {0}),
        ("Who sold berths on the Queen Astrid?", set(), {2}),
        # It answers where it is asked for itself, or nothing else is.
        ("Which Queen is it?", set(), set()),
        ("Queen Astrid", set(), set()),
        ("ticket 88412", set(), set()),
        # An amount is no name, and words are none.
        ("How many kg has it?", set(), set()),
        ("Where are the berths?", set(), set()),
    ],
)
def test_a_line_of_a_form_answers_by_its_label(
    question: str, asked: set[int], naming: set[int]
) -> None:
    form = read_form(question, TICKET, {"ticket"})
    assert (set(form.asked), set(form.naming)) == (asked, naming)
    fields = set(range(1, len(TICKET)))
    assert set(form.others) - {0} == fields - asked - naming


RECEIPT = (
    "Screws 4x40        5.99",
    "Paint ............ 64.90",
    "SUM               70.89",
    "incl. 19% VAT     11.32",
    "No returns of mixed paint.",
)


def test_a_list_of_prices_is_a_form_whose_sum_has_many_names() -> None:
    form = read_form("What is the total of the receipt?", RECEIPT, {"receipt"})
    assert (form.asked, set(form.others)) == ((2,), {0, 1, 3, 4})
    form = read_form("How much was the paint, and may I return it?", RECEIPT, {"receipt"})
    assert form.asked == (1,)
    assert 4 not in form.others, "more is asked than the label"


def test_forms_are_read_in_other_languages() -> None:
    form = read_form("Wer hat den Bohrhammer ausgegeben?", LEIHSCHEIN, (), "de")
    assert form == FormReading(asked=(2,), naming=(0,), others=(1,))
    lignes = ("Salarié : Hugo Perrin", "Salaire net : 1 797 €", "Emploi : Pâtissier")
    form = read_form("Quel est le salaire net de Hugo ?", lignes, (), "fr")
    assert form == FormReading(asked=(1,), naming=(0,), others=(2,))


@pytest.mark.parametrize(
    "lines",
    [
        ("Note: all doors stay shut.", "It was cold."),
        ("We saw it all.", "One thing: the mill stood.", "It has two floors.", "It is old."),
        ("Note: one.", "Note: two.", "Note: three."),
    ],
)
def test_prose_is_no_form(lines: tuple[str, ...]) -> None:
    assert not is_form(lines)


@pytest.mark.parametrize("lines", [TICKET, LEIHSCHEIN])
def test_lines_with_labels_of_their_own_are_a_form(lines: tuple[str, ...]) -> None:
    assert is_form(lines)


def test_nothing_is_told_of_what_is_no_form() -> None:
    assert read_form("When is it?", ("Date: 4 May", "It was cold.")) == FormReading()


POOL = (
    "Q: May I bring a guest?",
    "A: Twice a month.",
    "It is free.",
    "Q: When do you open on Sundays?",
    "A: At ten.",
    "Q: How do I cancel?",
    "A: By letter.",
)
HEADS = {0, 3, 5}


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("Can I bring a guest to the pool?", (1, 2)),
        ("when do you open on sundays", (4,)),
        ("cancel", (6,)),
        ("How can one cancel by letter?", (6,)),
        # More is asked than the text is about, or another kind of thing.
        ("Can I bring a guest to the sauna?", ()),
        ("Who opens on Sundays?", ()),
        ("How much does it cost to cancel?", ()),
        # The text asks for more.
        ("May I bring it?", ()),
        ("When do you open?", ()),
    ],
)
def test_a_question_that_a_text_asks_itself_has_its_reply(
    question: str, reply: tuple[int, ...]
) -> None:
    assert find_reply(question, POOL, HEADS, {"pool"}) == reply


def test_in_a_talk_another_replies() -> None:
    talk = [
        "[03/05/2025, 18:02] Anja: Who brings the tent?",
        "Mine is torn.",
        "[03/05/2025, 18:40] Tom: I can bring mine",
        "[03/05/2025, 18:41] Tom: but it is small",
        "[03/05/2025, 19:02] Anja: thanks!",
        "[03/05/2025, 19:10] Bilal: When do we leave?",
    ]
    assert find_reply("who brings the tent", talk) == (2, 3)
    assert find_reply("when do we leave", talk) == ()
    german = ["[12:01] Ina: Wer hat den Schlüssel?", "[12:05] Jo: Der liegt bei Frau Holm"]
    assert find_reply("Wer hat den Schlüssel", german, language="de") == (1,)


def test_what_only_asks_has_no_reply() -> None:
    letter = ("How much is the tent?", "Kind regards,", "Anja")
    assert find_reply("How much is the tent?", letter) == ()
    assert find_reply("How much is the tent?", letter[:2], heads={0}) == ()


@pytest.mark.parametrize("value", ["1" * 200, "1 " * 110, "A1" * 100, "A-" * 110, "1.," * 70])
def test_a_hostile_value_takes_moments(value: str) -> None:
    lines = (f"Code: {value}!", f"Place: {value[:190]} z", "Fee: 9 euros")
    started = time.perf_counter()
    read_form(f"What is the fee of {value} at z?", lines)
    assert time.perf_counter() - started < 1.0
