"""What is worked out over the rows of a table, what is not, and why."""

import pytest
import worked
from ingest.reading import within
from retrievals import judgement_of
from worked import rows_of

from assistant.answer.compute import MAX_CITED, Declined, Worked, work_out
from assistant.ingest.formats.table import write_rows
from assistant.ingest.structure import nest
from assistant.text.operations import find_limit
from assistant.values import Document, DocumentId, Passage, PassageId, Role, Unit

INVOICES = """\
# Invoices

| Invoice | Customer | Issued | Amount | State |
|---|---|---|---|---|
| A-101 | Birch & Sons | 2024-03-04 | 120 euros | overdue |
| A-102 | Lark Ltd | 2024-03-19 | 80 euros | paid |
| A-103 | Birch & Sons | 2024-04-02 | 200 euros | overdue |
| A-104 | Heron AG | 2024-05-08 | 45.50 euros | paid |
| A-105 | Heron AG | 2024-05-21 | 310 euros | overdue |
| A-106 | Lark Ltd | 2024-05-30 | 99 euros | partly paid |
"""
BOATS = """\
# Boats

| Boat | Length | Weight | Fee | Harbour | Built |
|---|---|---|---|---|---|
| Alba | 7 m | 120 kg | 1,200 euros | Brisa | 1998 |
| Corva | 9 m | 340 kg | 900 euros | Dorna | 2004 |
| Elva | 5 m | 95 kg | 400 euros | Brisa | 2011 |
| Fiora | 11 m | 510 kg | 1,750 euros | Dorna | 1987 |

# Rules of the yard

The yard keeps the following rules:

- Close the gate.
- Hang up the key.
- Sweep the slip.
"""
BRANCHES = """\
# Branches

The branch in Porto has 14 employees. The branch in Lagos has 9 employees.

The company runs 12 warehouses. The total budget of the warehouses is 450,000 euros.

The largest warehouse is the one in Sines. All in all the repairs came to 9,400 euros.

The most common question is about parking. At most three guests may be brought.

## Staff

| Town | Employees | Rent |
|---|---|---|
| Porto | 14 | 2,100 euros |
| Lagos | 9 | 1,300 euros |
| Faro | 21 | on request |

## Leave

| Years of service | Days of leave |
|---|---|
| 1 | 28 |
| 5 | 30 |
| 10 | 33 |

## Error codes

| Code | Meaning |
|---|---|
| E101 | The belt has slipped |
| E102 | The lid is open |
| E103 | Too many pieces at once |

## Contacts

| Name | Phone number | Room |
|---|---|---|
| Anna Holm | 555 0100 | 12 |
| Jon Pike | 555 0101 | 14 |
"""
FORM = """\
# Order form

| Item | Pieces | Price | Total |
|---|---|---|---|
| Desk | 2 | 400 | 800 |
| Chair | 5 | 90 | 450 |
| Total |  |  | 1250 |
"""
STOCK = """\
# Bestellungen

Die Liste ist von der Leitung und gilt für das Lager und den Laden.

| Ware | Menge | Preis | Status |
|---|---|---|---|
| Schrauben | 40 | 12,50 € | offen |
| Nägel | 25 | 8,00 € | geliefert |
| Dübel | 10 | 4,20 € | offen |
"""
NURSERY = """\
# Plants

| Plant | Bed | Kind | Qty in stock | On order | Sold | Potted | Billed | Price |
|---|---|---|---|---|---|---|---|---|
| Acer | 1 | tree | 14 | 0 | 3 | 2019 | 120 | 45.00 |
| Fern | 2 | shade | 30 | 12 | 41 | 2023 | 310 | 6.50 |
| Box | 2 | hedge | 0 |  | 18 | 2021 | 95 | 9.00 |
| Yew | 3 | hedge | 9 | 25 | 2 | 2018 | 60 | 12.00 |
"""
WEINE = """\
# Weine

Die Liste ist von der Leitung und gilt für das Lager und den Laden.

| Wein | Auf Lager | Verkauft |
|---|---|---|
| Riesling | 24 | 110 |
| Silvaner | 6 | 35 |
"""
FILES = {"invoices.md": INVOICES, "boats.md": BOATS, "branches.md": BRANCHES, "form.md": FORM}
ALL = {**FILES, "lager.md": STOCK}


def ask(question: str, files: dict[str, str] = ALL) -> tuple[Worked, ...] | Declined:
    return worked.ask(question, files)


def answer_to(question: str, files: dict[str, str] = ALL) -> Worked:
    return worked.answer_to(question, files)


COMPUTED = {
    "How many invoices are over 100 euros?": "In 3 of 6 rows “Amount” is over 100 euros",
    "How many invoices were issued before May 2024?": "In 3 of 6 rows “Issued” is before May 2024",
    "How many invoices are overdue?": "3 of 6 rows say “overdue”",
    "How many overdue invoices are there?": "3 of 6 rows say “overdue”",
    "What is the number of overdue invoices?": "3 of 6 rows say “overdue”",
    "Count the overdue invoices": "3 of 6 rows say “overdue”",
    "How many rows are overdue?": "3 of 6 rows say “overdue”",
    "How many invoices are paid?": "2 of 6 rows say “paid” (1 more says it among other words)",
    "How many invoices are not paid?": "4 of 6 rows do not say “paid”",
    "How many invoices are still overdue?": "3 of 6 rows say “overdue”",
    "Which invoices are not paid yet?": "4 of 6 rows do not say “paid”",
    "How many invoices have already been paid?": "2 of 6 rows say “paid”",
    "How many invoices were issued in May 2024?": "In 3 of 6 rows “Issued” is in May 2024",
    "How many invoices were issued in May?": "In 3 of 6 rows “Issued” is in May",
    "How many invoices did Birch & Sons get?": "2 of 6 rows say “Birch & Sons”",
    "How many different customers have overdue invoices?": "“Customer” has 2 different values",
    "How many customers have invoices?": "“Customer” has 3 different values in 6 rows",
    "What is the total amount of the overdue invoices?": "630 euros in total",
    "How much do the overdue invoices add up to?": "630 euros in total",
    "What is the sum of the invoices of Heron AG?": "355.50 euros in total",
    "What is the total of all invoices?": "“Amount” of 6 rows: 854.50 euros in total",
    "What is the average amount of the overdue invoices?": "210 euros on average",
    "Which is the latest invoice?": "The latest “Issued” of 6 rows is 2024-05-30 (A-106)",
    "Which invoice is the oldest?": "The earliest “Issued” of 6 rows is 2024-03-04 (A-101)",
    "Which invoice has the highest amount?": "The highest “Amount” of 6 rows is 310 euros (A-105)",
    "Which overdue invoice has the lowest amount?": "is 120 euros (A-101)",
    "Which invoices are overdue?": "3 of 6 rows say “overdue”",
    "List all invoices of Lark Ltd.": "2 of 6 rows say “Lark Ltd”",
    "Which is the lightest boat?": "The lowest “Weight” of 4 rows is 95 kg (Elva)",
    "What is the heaviest boat in Brisa?": "of 2 rows that say “Brisa” is 120 kg (Alba)",
    "Which boat is the longest?": "The highest “Length” of 4 rows is 11 m (Fiora)",
    "Which boat has the highest fee?": "is 1,750 euros (Fiora)",
    "What is the cheapest boat?": "is 400 euros (Elva)",
    "What is the oldest boat?": "The earliest “Built” of 4 rows is 1987 (Fiora)",
    "Which boat was built most recently?": "The latest “Built” of 4 rows is 2011 (Elva)",
    "How many boats are in Dorna?": "2 of 4 rows say “Dorna”",
    "How many boats are there?": "The table has 4 rows",
    "What is the total weight of the boats in Dorna?": "850 kg in total",
    "Which boats are in Brisa?": "2 of 4 rows say “Brisa”",
    "How many rules does the yard have?": "The list has 3 items",
    "How many employees are there in total?": "“Employees” of 3 rows: 44 in total",
    "How many employees are there in Porto and Lagos altogether?": "23 in total",
    "Which town has the fewest employees?": "is 9 (Lagos)",
    "How many error codes are there?": "The table has 3 rows",
    "How many pieces are on the order form in total?": "“Pieces” of 2 rows: 7 in total",
    "Wie viele Bestellungen sind offen?": "2 of 3 rows say “offen”",
    "Was ist die Summe der Preise der offenen Bestellungen?": "16,70 € in total",
    "Welche Ware ist am billigsten?": "is 4,20 € (Dübel)",
}
COUNTS = {
    "how many plants are in stock altogether": "“Qty in stock” of 4 rows: 53 in total, added up",
    "How many plants are in stock?": "“Qty in stock” of 4 rows: 53 in total",
    "How many plants do we have in stock in total?": "“Qty in stock” of 4 rows: 53 in total",
    "How many plants are on order?": "“On order” of 4 rows: 37 in total, added up here; 1 of them",
    "How many plants were sold?": "“Sold” of 4 rows: 64 in total",
    "How many hedge plants are in stock?": "“Qty in stock” of 2 rows that say “hedge”: 9 in total",
    "How many plants are out of stock?": "1 of 4 rows is out of stock",
    "How many plants are there?": "The table has 4 rows",
    "How many plants were potted?": "4 rows",
    "How many plants are billed?": "4 rows",
    "How many plants cost over 10 euros?": "In 2 of 4 rows “Price” is over 10 euros",
    "How many plants are in bed 2?": "2 of 4 rows say “2”",
    "Wie viele Weine sind auf Lager?": "“Auf Lager” of 2 rows: 30 in total",
    "Wie viele Weine wurden verkauft?": "“Verkauft” of 2 rows: 145 in total",
}
STATED = """\
How many days of leave do employees get after 5 years of service?
How many days of leave are there after 10 years of service?
How many employees does the branch in Porto have?
How many employees does Faro have?
How many warehouses does the company run?
How many guests may be brought at most?
How much did the repairs come to in total?
What is the total budget of the warehouses?
Which is the largest warehouse?
What is the most common question?
What is the total for the desk?
What is the total price of the chairs?
How many pieces of the desk are ordered?
What is the phone number of Anna Holm?
In which room is Anna Holm?
Which room is Jon Pike in?
What does E102 mean?
Which code means that the belt has slipped?
How many pieces at once are too many?
What is the weight of the Alba?
What is the fee of Elva?
When was the Fiora built?
Which harbour is the Corva in?
What is the amount of invoice A-103?
Who is the customer of invoice A-104?
What is the state of invoice A-106?
When was A-102 issued?
What happened on 4 March 2024?
How many sheep are on the farm?
How many cats does the harbour master have?
What is the largest planet?
Which employees are the most experienced?
What is the total height of the tower?
How many horses are overdue?
How many boats are pink?
Which boat is the fastest?
What do I do first in the yard?
How much does the cheapest hotel cost?
What is the least one should know?
Who wrote the rules of the yard?
""".splitlines()


@pytest.mark.parametrize("question", COMPUTED)
def test_what_no_text_states_is_worked_out_and_said_to_be(question: str) -> None:
    found = answer_to(question)
    assert COMPUTED[question] in found.text
    assert found.text.endswith((" here.", "here).")) or " here;" in found.text


@pytest.mark.parametrize("question", COUNTS)
def test_how_many_things_are_something_adds_up_the_column_that_says_so(question: str) -> None:
    files = {"weine.md": WEINE} if question.startswith("Wie") else {"plants.md": NURSERY}
    assert COUNTS[question] in answer_to(question, files).text


def test_of_one_row_that_is_meant_the_row_says_how_many() -> None:
    found = answer_to("How many tree plants are in stock?", {"plants.md": NURSERY})
    assert (found.text, rows_of(found, shown=True)) == ("", ["Acer"])


FOUND = {
    "How many employees does Faro have?": "Faro",
    "What is the total price of the chairs?": "Chair",
    "How many pieces of the desk are ordered?": "Desk",
    "What is the phone number of Anna Holm?": "Anna Holm",
    "Which room is Jon Pike in?": "Jon Pike",
    "What is the fee of Elva?": "Elva",
    "When was the Fiora built?": "Fiora",
    "What is the amount of invoice A-103?": "A-103",
    "What is the state of invoice A-106?": "A-106",
}


@pytest.mark.parametrize("question", STATED)
def test_what_a_text_states_or_no_table_tells_of_is_not_worked_out(question: str) -> None:
    found = ask(question)
    assert not isinstance(found, Declined)
    assert not [one.text for one in found if one.text]


@pytest.mark.parametrize("question", FOUND)
def test_a_cell_that_says_it_is_shown_with_its_row(question: str) -> None:
    assert rows_of(answer_to(question), shown=True) == [FOUND[question]]


@pytest.mark.parametrize(
    "question",
    [
        "Why is invoice A-103 overdue?",
        "Who signed invoice A-103?",
        "How is the Alba steered?",
        "What colour is the Elva?",
        "Who owns the Corva?",
    ],
)
def test_a_row_is_no_answer_where_no_column_is_asked_for(question: str) -> None:
    assert ask(question) == ()


def test_every_row_that_a_result_rests_on_is_named() -> None:
    assert rows_of(answer_to("How many invoices are overdue?")) == ["A-101", "A-103", "A-105"]
    lightest = answer_to("Which is the lightest boat?")
    assert rows_of(lightest) == ["Alba", "Corva", "Elva", "Fiora"]
    assert rows_of(lightest, shown=True) == ["Elva"]


def test_equal_ends_are_all_shown() -> None:
    table = (
        "# Kites\n\n| Kite | Weight |\n|---|---|\n| Ara | 3 kg |\n| Bel | 9 kg |\n| Cor | 3 kg |\n"
    )
    found = answer_to("Which is the lightest kite?", {"kites.md": table})
    assert rows_of(found, shown=True) == ["Ara", "Cor"]
    assert "(Ara and Cor)" in found.text


def test_a_row_that_states_the_total_is_shown_and_not_added_to_itself() -> None:
    stated = answer_to("What is the total of the order form?")
    assert (stated.text, rows_of(stated, shown=True)) == ("", ["Total"])
    assert rows_of(answer_to("How many pieces are on the order form in total?")) == [
        "Desk",
        "Chair",
    ]


def test_of_several_columns_that_one_is_meant_which_the_table_sums_up() -> None:
    rows = "| Tent | 3 | 20.00 | 60.00 |\n| Stove | 2 | 4.50 | 9.00 |\n| Total |  |  | 69.00 |\n"
    hire = {"h.md": f"# Hire\n\n| Thing | Days | Per day | Cost |\n|---|---|---|---|\n{rows}"}
    stated = answer_to("What is the total of the hire?", hire)
    assert (stated.text, rows_of(stated, shown=True)) == ("", ["Total"])
    both = {"h.md": hire["h.md"].replace("|  |  | 69.00", "| 5 |  | 69.00")}
    assert isinstance(ask("What is the total of the hire?", both), Declined)


def test_of_a_price_and_what_it_costs_the_seller_the_price_is_compared() -> None:
    rows = "| Tent | 210 | 95 |\n| Stove | 180 | 120 |\n| Lamp | 190 | 20 |\n"
    shop = {"s.md": f"# Shop\n\n| Thing | RRP | Cost |\n|---|---|---|\n{rows}"}
    assert rows_of(answer_to("Which is the cheapest thing?", shop), shown=True) == ["Stove"]
    alone = {"s.md": shop["s.md"].replace("RRP", "Shelf")}
    assert rows_of(answer_to("Which is the cheapest thing?", alone), shown=True) == ["Lamp"]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What is the total rent of the branches?", "“on request” is no number"),
        ("Was ist die Summe der offenen Bestellungen?", "“Menge” or “Preis” may be meant."),
    ],
)
def test_what_cannot_be_worked_out_is_refused_with_the_reason(question: str, why: str) -> None:
    found = ask(question)
    assert isinstance(found, Declined)
    assert why in found.reason
    assert found.reason.startswith("No text states the ")


def test_that_no_row_says_it_all_is_said() -> None:
    found = ask("How many invoices of Lark Ltd are overdue?")
    assert isinstance(found, Declined)
    assert found.reason == "No row of “invoices.md” says “Lark Ltd” and “overdue”."


def test_words_that_stand_in_several_columns_among_others_are_no_reason_to_refuse() -> None:
    table = (
        "# Terms\n\n| Supplier | Delivery | Payment |\n|---|---|---|\n| Ara | 15 working days | "
    )
    table += "15 working days |\n| Bel | 3 working days | 9 working days |\n"
    assert ask("How many days of leave does a supplier have?", {"terms.md": table}) == ()


def test_words_in_different_cells_are_not_taken_for_one_thing() -> None:
    table = "# Shifts\n\n| Shift | Who |\n|---|---|\n| 1 | Anna Berg |\n| 2 | Jon Holm |\n"
    assert ask("How many shifts does Anna Holm have?", {"shifts.md": table}) == ()
    assert answer_to("How many shifts does Jon Holm have?", {"shifts.md": table}).used


def test_a_value_of_two_columns_is_not_guessed_at() -> None:
    table = "# Trips\n\n| Trip | Start | Goal |\n|---|---|---|\n" + "".join(
        f"| T{n} | {a} | {b} |\n" for n, (a, b) in enumerate([("Ulm", "Bonn"), ("Bonn", "Ulm")])
    )
    found = ask("How many trips are there for Ulm?", {"trips.md": table})
    assert isinstance(found, Declined)
    assert "“Start” and “Goal”" in found.reason
    assert "1 of 2 rows" in answer_to("How many trips have Ulm as goal?", {"trips.md": table}).text


def test_a_sentence_that_counts_goes_first() -> None:
    stated = INVOICES + "\nThere are 4 overdue invoices in all.\n"
    assert ask("How many invoices are overdue?", {"invoices.md": stated}) == ()
    beside = INVOICES + "\nAn overdue invoice costs 5 euros.\n"
    assert answer_to("How many invoices are overdue?", {"invoices.md": beside}).text


def test_tables_of_several_files_are_each_worked_out_under_their_names() -> None:
    found = ask("How many invoices are overdue?", {"a.md": INVOICES, "b.md": INVOICES})
    assert not isinstance(found, Declined)
    assert [one.text.partition(":")[0] for one in found] == ["a.md", "b.md"]
    many = ask("How many invoices are overdue?", {f"{n}.md": INVOICES for n in range(5)})
    assert isinstance(many, Declined)
    assert "5 tables" in many.reason


def test_more_rows_than_are_cited_are_refused_in_a_bounded_time() -> None:
    rows = [["Parcel", "State"], *([f"P-{n}", "late" if n % 2 else "sent"] for n in range(9_000))]
    text, units = "", []
    for _, line, role in write_rows(enumerate(rows)):
        units.append(Unit(len(text), len(text) + len(line), role))
        text += f"{line}\n"
    name = DocumentId("parcels.csv")
    document = Document(name, "0" * 64, "parcels", "text/csv", text, units=nest(units))
    start, end = units[40][:2]
    passage = Passage(
        PassageId("x"), name, start, end, text[start:end], ((start, end),), None, (Role.ROW,)
    )
    with within(3):
        found = work_out(
            "How many parcels are late?", judgement_of([passage], [0.0]), lambda _: document
        )
    assert isinstance(found, Declined)
    assert f"more than {MAX_CITED} rows" in found.reason


def test_a_row_whose_cell_is_empty_is_no_answer() -> None:
    table = "# Desks\n\n| Item | Pieces | Total |\n|---|---|---|\n| Desk | 2 | 800 |\n"
    table += "| Bench | 4 |  |\n"
    assert rows_of(answer_to("What is the total for the desk?", {"d.md": table})) == ["Desk"]
    found = ask("What is the total for the bench?", {"d.md": table})
    assert found == Declined("The row that says “Bench” has no “Total”.")


def test_words_within_cells_are_said_as_they_are_asked_for() -> None:
    table = "# Codes\n\n| Code | Meaning |\n|---|---|\n" + "".join(
        f"| E{n} | {'Belt slipped' if n % 2 else 'Lid open'} on unit {n} |\n" for n in range(8)
    )
    assert (
        "4 of 8 rows say “belt slipped”"
        in answer_to("How many codes are there for a belt slipped?", {"c.md": table}).text
    )


PUMPS = """\
# Pumps

| Pump | Weight (kg) | Price | Serviced | In stock |
|---|---|---|---|---|
| Otter | 12 | €90 | 2024-03-02 | 0 |
| Heron | 7.5 | €140 | 2024-05-14 | 3 |
| Stoat | 31 | €410 | 2023-11-30 | 0 |
| Finch | 4 | €55 | 2024-05-01 | 12 |
"""
LIMITED = {
    "Which pumps are over 100 euros?": "Heron Stoat",
    "Which pumps cost less than €100?": "Otter Finch",
    "Which pumps weigh at least 12 kilograms?": "Otter Stoat",
    "Which pumps weigh at most 7.5 kg?": "Heron Finch",
    "List the pumps with a price between 55 and 140 euros": "Otter Heron Finch",
    "Which pumps were serviced before 1 May 2024?": "Otter Stoat",
    "Which pumps were serviced after May 2024?": "",
    "Which pumps were serviced since May 2024?": "Heron Finch",
    "Which pumps were serviced between 1 March 2024 and 1 May 2024?": "Otter Finch",
    "Which pumps are out of stock?": "Otter Stoat",
    "Which pumps are in stock?": "Heron Finch",
    "How many pumps weigh more than 10 kg?": "Otter Stoat",
    "Which pumps cost more than 1000 euros?": "",
    "Welche Pumps weigh mehr als 10 kg?": "Otter Stoat",
}


@pytest.mark.parametrize("question", LIMITED)
def test_rows_are_compared_with_a_limit(question: str) -> None:
    found = ask(question, {"pumps.md": PUMPS})
    if not LIMITED[question]:
        assert isinstance(found, Declined)
        assert found.reason.endswith(" in no row of “pumps.md”.")
        return
    assert not isinstance(found, Declined), found.reason
    (one,) = found
    assert rows_of(one) == LIMITED[question].split()
    assert f"{len(rows_of(one))} of 4 rows " in one.text


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Which pumps are over 20?", "“Weight (kg)”, “Price” or “In stock” may be meant."),
        ("Which teas cost over 4 euros?", "“on request” is no number"),
    ],
)
def test_what_cannot_be_compared_is_said(question: str, why: str) -> None:
    rows = "| Oolong | €5 |\n| Mate | €3 |\n| Puer | on request |\n"
    teas = f"# Teas\n\n| Tea | Price |\n|---|---|\n{rows}"
    found = ask(question, {"pumps.md": PUMPS, "teas.md": teas})
    assert isinstance(found, Declined)
    assert why in found.reason


def test_a_cell_that_says_out_of_stock_goes_before_a_number() -> None:
    rows = "| Lye | out of stock |\n| Oat | on shelf |\n| Fir | out of stock |\n"
    soaps = f"# Soaps\n\n| Soap | State |\n|---|---|\n{rows}"
    found = answer_to("Which soaps are out of stock?", {"soaps.md": soaps})
    assert rows_of(found) == ["Lye", "Fir"]


def test_what_limits_no_row_leaves_a_question_as_it_is() -> None:
    for question in ("Is it over?", "What happened before the war?", "Who came under the bridge?"):
        assert find_limit(question) is None


def test_what_stands_behind_a_limit_names_what_is_compared() -> None:
    rows = "| under 2 | 1 week |\n| 2 to 6 | 2 weeks |\n| over 6 | 4 weeks |\n"
    table = f"# Notice\n\n| Years of service | Notice |\n|---|---|\n{rows}"
    assert ask("What notice is given between 2 and 6 years of service?", {"n.md": table}) == ()


CHOIR = """\
# Choir

| Name | Voice | Wants | Permission |
|---|---|---|---|
| Mara Lind | alto | solo | from the board |
| Otto Reis | bass | duet | from the conductor |
| Inga Falk | alto | solo | from the board, the conductor agreeing |
| Paul Berg | tenor | duet | none |
"""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many want a solo?", "2 of 4 rows say “solo”"),
        ("How many people want a duet?", "2 of 4 rows say “duet”"),
        ("How many persons have alto?", "2 of 4 rows say “alto”"),
        ("Which people need permission from the board?", "2 of 4 rows say"),
    ],
)
def test_rows_of_persons_are_people_and_a_column_that_chooses_them_is_not_counted(
    question: str, said: str
) -> None:
    assert said in answer_to(question, {"choir.md": CHOIR}).text


def test_a_table_of_things_has_no_people() -> None:
    assert not ask("How many people are offen?", {"lager.md": STOCK})


def test_a_cell_that_lists_several_things_has_each_of_them() -> None:
    guides = "# Guides\n\n| Guide | Speaks | Fee |\n|---|---|---|\n"
    guides += "| Ada | German | 40 |\n| Ben | English, German | 45 |\n"
    guides += "| Cleo | Greek; English | 50 |\n"
    assert rows_of(answer_to("Which guides speak German?", {"g.md": guides})) == ["Ada", "Ben"]
    assert rows_of(answer_to("Which guides speak English?", {"g.md": guides})) == ["Ben", "Cleo"]
    asked = "How much are the guides who speak German?"
    assert rows_of(answer_to(asked, {"g.md": guides})) == ["Ada", "Ben"]


def costs(*rows: str) -> dict[str, str]:
    lines = "".join(f"| {row} |\n" for row in rows)
    return {"costs.md": f"# Costs\n\n| Shop | Amount |\n|---|---|\n{lines}"}


@pytest.mark.parametrize(
    "name", ["Total Tankstelle", "Total Recall", "Gesamtschule Mitte", "Mean Girls", "Sum Ltd"]
)
def test_a_name_that_begins_as_a_total_does_is_a_row_like_others(name: str) -> None:
    found = answer_to(
        "What is the total amount?",
        costs(f"{name} | 50 euros", "Lark | 30 euros", "Dorna | 20 euros"),
    )
    assert "100 euros in total" in found.text


@pytest.mark.parametrize(
    "name",
    [
        "Total",
        "TOTAL:",
        "Total due",
        "Total 2024",
        "Total for May 2024",
        "Total (EUR)",
        "Grand total",
        "Summe Ausgaben",
        "Gesamtbetrag",
        "Total dépenses",
        "Total of all fees",
        "Total shopping",
    ],
)
def test_a_row_that_says_what_the_others_come_to_is_not_added_to_them(name: str) -> None:
    found = answer_to(
        "How many shops are there?",
        costs("Heron | 50 euros", "Lark | 30 euros", f"{name} | 80 euros"),
    )
    assert rows_of(found) == ["Heron", "Lark"]


def test_the_totals_of_parts_are_told_by_their_sums() -> None:
    rows = (
        "Heron | 50 euros",
        "Lark | 30 euros",
        "Total north | 80 euros",
        "Dorna | 7 euros",
        "Total south | 7 euros",
        "Total Tankstelle | 9 euros",
    )
    assert rows_of(answer_to("How many shops are there?", costs(*rows))) == [
        "Heron",
        "Lark",
        "Dorna",
        "Total Tankstelle",
    ]


@pytest.mark.parametrize("last", ["Average", "Mean", "Durchschnitt", "Average per shop"])
def test_an_average_below_the_total_is_not_shown_for_it(last: str) -> None:
    rows = ("Heron | 50 euros", "Lark | 30 euros", "Total | 80 euros", f"{last} | 40 euros")
    found = answer_to("What is the total amount?", costs(*rows))
    assert rows_of(found) == ["Total"]


@pytest.mark.parametrize("what", ["average", "total"])
def test_numbers_of_too_many_digits_are_declined(what: str) -> None:
    rows = ("Heron | 50", "Lark | 30", f"Dorna | {'3' * 28}", f"Brisa | {'2' * 31}")
    assert ask(f"What is the {what} amount?", costs(*rows[2:])) == ()
    found = ask(f"What is the {what} amount?", costs(*rows[:3]))
    assert isinstance(found, Declined)
    assert "too many digits" in found.reason


def bills(*rows: str) -> dict[str, str]:
    lines = "".join(f"| {row} |\n" for row in rows)
    return {"bills.md": f"# Bills\n\n| Bill | Due | Amount |\n|---|---|---|\n{lines}"}


DAY_FIRST = bills(
    "A1 | 25/03/2024 | 900 euros", "A2 | 28/03/2024 | 2500 euros", "A3 | 02/05/2024 | -"
)
MONTH_FIRST = bills(
    "A1 | 03/25/2024 | 2.500,50 €", "A2 | 04/05/2024 | 900,00 €", "A3 | 05/02/2024 | -"
)
NAMED = bills("A1 | 25 March 2024 | 1,250 euros", "A2 | 2 May 2024 | 900 euros")
MONTHLY = bills("A1 | March 2024 | 1.2", "A2 | May 2024 | 0.9", "A3 | June 2024 | 12.25")


@pytest.mark.parametrize(
    ("question", "files", "expected"),
    [
        ("Which bills are due before 03/04/2024?", DAY_FIRST, ["A1", "A2"]),
        ("Which bills are due between 01/04/2024 and 03/06/2024?", DAY_FIRST, ["A3"]),
        ("Which bills are due before 04/06/2024?", MONTH_FIRST, ["A1", "A2"]),
        ("Which bills are due between 25/03/2024 and 03/05/2024?", NAMED, ["A1", "A2"]),
        ("Which bills are due before 1 May?", DAY_FIRST, ["A1", "A2"]),
        ("Which bills are due before 10 April 2024?", MONTHLY, ["A1"]),
        ("Which bills are over 1.500 euros?", MONTH_FIRST, ["A1"]),
        ("Which bills are over 1,000 euros?", NAMED, ["A1"]),
    ],
)
def test_a_limit_is_read_as_its_column_is(
    question: str, files: dict[str, str], expected: list[str]
) -> None:
    assert rows_of(answer_to(question, files)) == expected


@pytest.mark.parametrize(
    ("question", "files", "why"),
    [
        ("Which bills are due before 03/04/2024?", NAMED, "“03/04/2024” can be read in two ways"),
        ("How many bills are due after 03/04/2024?", NAMED, "“03/04/2024” can be read in two ways"),
        ("Which bills are over 1.500 euros?", DAY_FIRST, "“1.500” can be read in two ways"),
        ("Which bills are under 1.500 euros?", NAMED, "“1.500” can be read in two ways"),
        ("Which bills are due before 10 May 2024?", MONTHLY, "“10 May 2024” is more exact"),
        (
            "Which bills are due before 1 May?",
            bills("A1 | 2 May 2023 | 9 euros", "A2 | 3 April 2024 | 8 euros"),
            "“1 May” has no year",
        ),
    ],
)
def test_a_limit_that_may_say_two_things_is_declined_and_not_said_of_no_row(
    question: str, files: dict[str, str], why: str
) -> None:
    found = ask(question, files)
    assert isinstance(found, Declined)
    assert why in found.reason
    assert "no row" not in found.reason
