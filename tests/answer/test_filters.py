"""Columns of yes and no, what differs, and what is said about rows, in plain English."""

import pytest
from worked import answer_to, ask, rows_of

from assistant.answer.compute import Declined
from assistant.answer.table import read_answers

CREW = """\
# Crew of the lifeboat

| Name | Post | Course passed | First aid | Owns a drysuit |
|---|---|---|---|---|
| Ottilie Brand | cox | yes | x | yes |
| Hal Mercer | bow | no |  | no |
| Sian Parry | bow | yes | x | no |
| Piet Roos | cox | no | - | yes |
"""
HUTS = """\
# Huts

| Hut | Beds | Stove | Wifi | Not heated |
|---|---|---|---|---|
| Alm | 12 | ✓ | ✗ | yes |
| Bach | 8 | ✓ | ✓ | no |
| Col | 30 | ✗ | ✗ | no |
"""
PRICE = """\
# What the price covers

| Service | Included | Note |
|---|---|---|
| Breakfast | yes | until 10:00 |
| Towels | no | 3 euros |
| Parking | no | 9 euros a night |
| Cleaning | yes |  |
"""
WARD = """\
# Night and day rota

| Name | Role | Mon | Wed | Thu | Sat 10 May | Sun |
|---|---|---|---|---|---|---|
| Ilse Brandt | Ward lead | 7-15 | off | 7:00 to 15:00 | 8-12 | Free |
| Otto Vance | Porter | off | 9am-5pm | 9-17 | 9–17 (late bus) | annual leave |
| Carl Ash | Nurse | 9-17 | 9-17 | off | OFF | - |
| Mina Rau | Nurse | 9-17 | 9-17 | 9-17 |  |  |
| Paul Ek | Cook | 10-18 | college | 10-18, 20-22 | off sick | off |
"""
PRAXIS = """\
# Sprechzeiten der Ärzte

Die Liste ist von der Leitung und gilt für das Jahr und die Praxis.

| Name | Mo | Di | Do | Samstag |
|---|---|---|---|---|
| Jana Wolf | 8-12 Uhr | frei | 14-18 Uhr | frei |
| Till Krug | frei | 8-12 Uhr | Urlaub | 9-11 Uhr |
"""
VEREIN = """\
# Mitglieder

Die Liste ist von der Leitung und gilt für das Jahr und den Verein.

| Name | Instrument | Beitrag bezahlt |
|---|---|---|
| Jana Wolf | Horn | ja |
| Till Krug | Tuba | nein |
| Ute Lang | Horn | nein |
"""
MEMBRES = """\
# Adhérents

Voici la liste des membres de la chorale avec leur voix pour la saison.

| Nom | Voix | Badge |
|---|---|---|
| Léa Petit | alto | oui |
| Marc Roy | basse | non |
"""
SOCIOS = """\
# Socios

Esta es la lista de los socios del club con su puesto y lo que han pagado.

| Nombre | Puesto | Cuota pagada |
|---|---|---|
| Ana Ruiz | remo | sí |
| Luis Sanz | timón | no |
"""
ROTA, HOURS = {"rota_week19.md": WARD}, {"praxis.md": PRAXIS}
ON_DUTY = {
    "who works on saturday": "Ilse Brandt,Otto Vance",
    "who works sat?": "Ilse Brandt,Otto Vance",
    "Who is working saturday week 19?": "Ilse Brandt,Otto Vance",
    "Who is in on Saturday?": "Ilse Brandt,Otto Vance",
    "How many people work on Saturday?": "Ilse Brandt,Otto Vance",
    "Who is on duty on Wednesday?": "Otto Vance,Carl Ash,Mina Rau",
    "How many nurses work on Wednesday?": "Carl Ash,Mina Rau",
    "Which nurses are working on Thursday?": "Mina Rau",
    "who's off on Thursday": "Carl Ash",
    "Who does not work on Saturday?": "Carl Ash,Mina Rau,Paul Ek",
    "who has Wednesday off": "Ilse Brandt",
    "Wer arbeitet am Samstag?": "Till Krug",
    "Wer hat am Donnerstag frei?": "Till Krug",
}
FILES = {
    "crew.md": CREW,
    "huts.md": HUTS,
    "price.md": PRICE,
    "verein.md": VEREIN,
    "membres.md": MEMBRES,
    "socios.md": SOCIOS,
}
YES_OR_NO = {
    "Who has not passed the course?": "Hal Mercer, Piet Roos",
    "Who hasn't passed the course?": "Hal Mercer, Piet Roos",
    "Who has passed the course?": "Ottilie Brand, Sian Parry",
    "How many of the crew have not passed the course?": "Hal Mercer, Piet Roos",
    "How many of the crew have passed?": "Ottilie Brand, Sian Parry",
    "Which names have passed?": "Ottilie Brand, Sian Parry",
    "Which cox has not passed the course?": "Piet Roos",
    "Who is without first aid?": "Hal Mercer, Piet Roos",
    "Who has first aid?": "Ottilie Brand, Sian Parry",
    "Who does not own a drysuit?": "Hal Mercer, Sian Parry",
    "Which huts have no stove?": "Col",
    "Which huts have a stove?": "Alm, Bach",
    "Which huts have a stove and wifi?": "Bach",
    "How many huts have wifi?": "Bach",
    "Which huts are not heated?": "Alm",
    "What is not included in the price?": "Towels, Parking",
    "What is included in the price?": "Breakfast, Cleaning",
    "Wer hat den Beitrag nicht bezahlt?": "Till Krug, Ute Lang",
    "Wer hat den Beitrag bezahlt?": "Jana Wolf",
    "Qui n'a pas de badge ?": "Marc Roy",
    "¿Quién no ha pagado la cuota?": "Luis Sanz",
}


@pytest.mark.parametrize("question", YES_OR_NO)
def test_a_column_of_yes_and_no_tells_which_rows_are_meant(question: str) -> None:
    assert ", ".join(rows_of(answer_to(question, FILES))) == YES_OR_NO[question]


@pytest.mark.parametrize(
    "question",
    [
        "What course has Hal Mercer not passed?",
        "Which stove does Alm have?",
        "What does the course cost?",
        "What is the course?",
        "What is passed?",
        "Which course is it?",
        "When is breakfast included?",
        "Who does not play bow and has passed the course?",
        "Which huts have no sauna?",
        "How much is the stove?",
    ],
)
def test_a_column_of_yes_and_no_is_not_taken_where_something_else_is_asked(question: str) -> None:
    found = ask(question, FILES)
    assert not isinstance(found, Declined)
    assert not [one.text for one in found if one.text]


def test_what_is_counted_is_no_answer_of_a_column() -> None:
    found = answer_to("How many names are on the course?", FILES)
    assert found.text == "The table has 4 rows, counted here."


def test_that_nobody_is_meant_is_said() -> None:
    rows = "| Iona | yes |\n| Greg | yes |\n"
    found = ask("Who has not paid?", {"p.md": f"# Fees\n\n| Name | Paid |\n|---|---|\n{rows}"})
    assert found == Declined("No row of “p.md” says “no” under “Paid”.")


@pytest.mark.parametrize(
    ("cells", "yes", "no"),
    [
        (["yes", "No", "YES"], {"yes", "YES"}, {"No"}),
        (["x", "", "–"], {"x"}, {"", "–"}),
        (["✔️", "✗"], {"✔️"}, {"✗"}),
        (["true", "false", "?"], {"true"}, {"false"}),
        (["sí", "no"], {"sí"}, {"no"}),
        (["Ja", "Nein", "n/a"], {"Ja"}, {"Nein"}),
    ],
)
def test_cells_of_yes_and_no_are_read(cells: list[str], yes: set[str], no: set[str]) -> None:
    assert read_answers(cells) == (frozenset(yes), frozenset(no))


@pytest.mark.parametrize("cells", [["yes", "maybe"], ["-", ""], ["1", "0"], [], ["note", "no"]])
def test_cells_that_say_more_are_no_yes_and_no(cells: list[str]) -> None:
    assert read_answers(cells) is None


LAMPS = """\
# Lamps

| Lamp | Price | In stock | Delivered | State | Room |
|---|---|---|---|---|---|
| Arc | 40 euros | 0 | 2024-03-02 | sold | hall |
| Bow | 90 euros | 4 | 2024-05-14 | rented | hall |
| Cob | 75 euros | 0 | 2024-05-20 | rented | attic |
| Dot | 15 euros | 7 | 2023-11-30 | sold | hall |
"""
SAID = {
    "Which lamps are out of stock?": "2 of 4 rows are out of stock: “In stock” is 0",
    "Which rented lamps are out of stock?": "1 of 4 rows says “rented” and is out of stock: “In",
    "Which lamps are in stock?": "2 of 4 rows are in stock: “In stock” is over 0",
    "Which lamps cost over 80 euros?": "In 1 of 4 rows “Price” is over 80 euros",
    "Which lamps cost less than 80 euros?": "In 3 of 4 rows “Price” is under 80 euros",
    "Which lamps cost at least 75 euros?": "In 2 of 4 rows “Price” is at least 75 euros",
    "Which lamps cost no more than 40 euros?": "In 2 of 4 rows “Price” is at most 40 euros",
    "Which lamps cost between 20 and 80 euros?": "“Price” is between 20 and 80 euros",
    "Which sold lamps cost over 20 euros?": "1 of 4 rows says “sold”, and its “Price” is over 20",
    "Which lamps that are sold cost over 10 euros?": "2 of 4 rows say “sold”, and their “Price” is",
    "Which lamps were delivered before May 2024?": "“Delivered” is before May 2024",
    "Which lamps were delivered after 1 May 2024?": "“Delivered” is after 1 May 2024",
    "Which lamps were delivered since May 2024?": "“Delivered” is May 2024 or later",
    "Which lamps were delivered until May 2024?": "“Delivered” is May 2024 or earlier",
    "How many lamps were delivered in May 2024?": "In 2 of 4 rows “Delivered” is in May 2024",
    "How many lamps were not delivered in 2024?": "In 1 of 4 rows “Delivered” is not in 2024",
    "How many lamps are not sold?": "2 of 4 rows do not say “sold”",
    "What is the total price of lamps over 70 euros?": "2 rows whose “Price” is over 70 euros: 165",
    "Welche Lamps kosten mehr als 80 euros?": "“Price” is over 80 euros",
}


@pytest.mark.parametrize("question", SAID)
def test_what_was_counted_and_compared_is_said_in_plain_english(question: str) -> None:
    assert SAID[question] in answer_to(question, {"lamps.md": LAMPS}).text


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Which lamps cost over 100 euros?", "“Price” is over 100 euros in no row of “lamps.md”."),
        (
            "Which sold lamps cost over 50 euros?",
            "No row of “lamps.md” says “sold” while its “Price” is over 50 euros.",
        ),
        (
            "How many sold lamps are in the attic?",
            "No row of “lamps.md” says “sold” and “attic”.",
        ),
    ],
)
def test_that_there_is_no_such_row_is_said_in_plain_english(question: str, reason: str) -> None:
    assert ask(question, {"lamps.md": LAMPS}) == Declined(reason)


def test_a_word_of_a_cell_denies_nothing() -> None:
    rows = (
        "| 11 | non-smoking | free |\n| 12 | smoking | free |\n| 14 | non-smoking | not ready |\n"
    )
    rooms = {"r.md": f"# Rooms\n\n| Room | Kind | State |\n|---|---|---|\n{rows}"}
    assert rows_of(answer_to("Which rooms are non-smoking?", rooms)) == ["11", "14"]
    assert rows_of(answer_to("How many rooms are not ready?", rooms)) == ["14"]
    assert rows_of(answer_to("How many rooms are not free?", rooms)) == ["14"]


def test_out_of_stock_is_no_row_at_all() -> None:
    rows = "| Arc | 3 |\n| Bow | 4 |\n"
    table = f"# Lamps\n\n| Lamp | In stock |\n|---|---|\n{rows}"
    found = ask("Which lamps are out of stock?", {"lamps.md": table})
    assert found == Declined("No row of “lamps.md” is out of stock.")


TENTS = """\
# Tents

|  | Lark | Wren | Rook |
|---|---|---|---|
| Price in euros | 120 | 95.50 | 310 |
| Weight | 1,900 g | 1,450 g | 2,800 g |
| Set up | 4:00 | 2:30 | 5:15 |
"""
OARS = """\
# Oars

| Oar | Price | Length | Maker |
|---|---|---|---|
| Sculler | 310 € | 2.80 m | Holm |
| Sweep | 420 € | 3.70 m | Reed |
| Paddle | 45 € | 1.50 m | Holm |
"""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("difference in price between lark and wren?", "is 24.5, between 120 and 95.50"),
        ("What is the weight difference between the Wren and the Rook?", "is 1350 g, between"),
        ("What is the difference in price between Sweep and Paddle?", "“Price” is 375 €, between"),
        ("Difference between the length of Sculler and Sweep", "“Length” is 0.9 m, between"),
        ("Was ist der Unterschied im Price zwischen Sweep und Sculler?", "“Price” is 110 €"),
    ],
)
def test_how_much_two_cells_differ_is_worked_out(question: str, expected: str) -> None:
    found = answer_to(question, {"tents.md": TENTS, "oars.md": OARS})
    assert expected in found.text
    assert len(rows_of(found)) == (1 if "tents" in found.document.document_id else 2)


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between a sculler and a sweep?",
        "difference in colour between lark and wren",
        "difference in set up between lark and wren",
        "difference in price between lark and heron",
        "What is the difference in maker between Sculler and Sweep?",
        "difference in price between lark, wren and rook",
    ],
)
def test_what_cannot_be_subtracted_is_left_to_the_rows(question: str) -> None:
    assert ask(question, {"tents.md": TENTS, "oars.md": OARS}) == ()


@pytest.mark.parametrize("question", ON_DUTY)
def test_those_work_on_a_day_whose_cell_of_it_tells_a_time(question: str) -> None:
    files = HOURS if question.startswith("Wer") else ROTA
    assert ",".join(rows_of(answer_to(question, files))) == ON_DUTY[question]


def test_what_a_roster_tells_is_said_with_its_column() -> None:
    worked = answer_to("Who works on Thursday?", ROTA)
    assert worked.text == "In 4 of 5 rows “Thu” is a time of work, counted here."
    off = answer_to("Who is off on Saturday?", ROTA)
    assert off.text.startswith("3 of 5 rows say “off sick” or “OFF” or nothing under “Sat 10 May”")
    none = ask("Who works on Sunday?", {"rota.md": WARD.replace("Free", "9-17")})
    assert isinstance(none, tuple)
    assert [rows_of(one) for one in none] == [["Ilse Brandt"]]


@pytest.mark.parametrize(
    "question",
    [
        "Who works on Friday?",
        "Who works from Monday to Thursday?",
        "Who works until Thursday?",
        "Who works on Saturday afternoon?",
        "Who opens the door on Saturday?",
        "Why does Carl not work on Saturday?",
    ],
)
def test_a_roster_is_not_read_where_more_is_asked_than_it_tells(question: str) -> None:
    assert ask(question, ROTA) == ()


def test_no_roster_is_seen_in_months_or_in_numbers() -> None:
    months = (
        "# Sales\n\n| Name | Jan | Feb | Mar |\n|---|---|---|---|\n| Ann Ode | 9-14 | 3 | 4-8 |\n"
    )
    assert ask("Who works on Tuesday?", {"sales.md": months}) == ()
    counts = "# Visitors\n\n| Name | Fri | Sat |\n|---|---|---|\n| Ann Ode | 7 | 30 |\n"
    assert ask("Who works on Saturday?", {"visitors.md": counts}) == ()
