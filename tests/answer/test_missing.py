"""What a question asks for of a table's rows that none of them has, and what they still have."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within
from retrievals import judgement_of
from worked import ask, document_of, found_in

from assistant.answer.compose import compose
from assistant.answer.compute import leave_out
from assistant.cite import Draft
from assistant.evidence.calibration import Calibration
from assistant.evidence.scorer import Judgement
from assistant.ingest.formats.table import write_rows
from assistant.ingest.structure import nest
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.text.terms import query_terms
from assistant.values import Document, DocumentId, Passage, PassageId, Role, Unit

PLAIN = Calibration(1.0, 0.0, ((0.1, 0.6),))

HARVEST = """\
# Harvest

| Month | Plums | Pears |
|---|---|---|
| May 2025 | 0 | 4 |
| June 2025 | 31 | 9 |
| July 2025 | 78 | 40 |
| Total | 109 | 53 |
"""
ROTA = """\
# Rota of the desk

| Shift | Monday | Tuesday | Wednesday |
|---|---|---|---|
| Early | Ada | Ben | Ada |
| Late | Cy | Ada | Ben |
"""
HOURS = """\
# Hours

| Day | Opens | Closes |
|---|---|---|
| Tue-Thu | 10:00 | 17:00 |
| Friday | 10:00 | 21:00 |
| Sat, Sun | 11:00 | 16:00 |
"""
GIGS = """\
# Gigs

| Band | Place | Played on | Fee |
|---|---|---|---|
| Owl Light | Barn | 3 May 2024 | 200 |
| Tin Hat | Mill | 17 June 2024 | 350 |
| Owl Light | Quay | 2 July 2024 | 220 |
"""
ACCOUNTS = """\
# Accounts

| Year | Income | Members |
|---|---|---|
| 2022 | 900 | 41 |
| 2023 | 1120 | 44 |
"""
METERS = """\
# Readings

| Meter | Number | Reading |
|---|---|---|
| Power | P 11 | 5,204 |
| Cold water | W 7 | 88 |
| Heating | H 2 | 1,950 |
"""
SEASONS = """\
# Pitches

| Season | Tent | Camper |
|---|---|---|
| April to June | 12 | 24 |
| July, August | 18 | 35 |
| rest of the year | 9 | 18 |
"""
STAFF = """\
# Who does what

| Name | Works on | Extension |
|---|---|---|
| Nell Orton | Monday, Tuesday | 21 |
| Raj Sethi | Thursday | 34 |
"""
ZAEHLER = """\
# Stände

Die Liste ist von der Verwaltung und gilt für das Haus und den Hof.

| Zähler | Stand |
|---|---|
| Strom | 5204 |
| Kaltwasser | 88 |
"""
TARIFAS = """\
# Tarifas

Esta es la lista de los precios de la piscina para los socios y los niños.

| Entrada | Precio |
|---|---|
| adulto | 6 |
| niño | 3 |
"""
BREAKS = """\
# Breaks

| Break | First day | Last day |
|---|---|---|
| Autumn | 20 October 2025 | 31 October 2025 |
| Winter | 22 December 2025 | 2 January 2026 |
"""
PRICES = """\
# Price of a lane

| Valid from | Lane | Shoes |
|---|---|---|
| 1 January 2023 | 22 | 3 |
| 1 January 2025 | 26 | 4 |
"""
SUPPLIERS = """\
# Who delivers what

| Company name | Delivers | Since |
|---|---|---|
| Holm Mills | flour | 2011 |
| Reed Dairy | milk | 2019 |
"""
BY_YEAR = """\
# Guests

| Month | 2023 | 2024 |
|---|---|---|
| May | 210 | 250 |
| June | 340 | 390 |
"""
TRAMS = """\
# Trams

| Line | From | Every |
|---|---|---|
| 4 | Docks | 12 min |
| 6A | Hill | 13 min |
| N 9 | Park | 40 min |
"""
AGES = """\
# Entry

| Age | Price |
|---|---|
| 0-5 | free |
| 6-15 | 4 |
| 16+ | 9 |
"""
CHECKS = """\
# Checks

| Meter | Reading | Gas check due |
|---|---|---|
| Flat 1 left | 311 | May |
| Flat 1 right | 502 | June |
"""
FILES = {
    "checks.md": CHECKS,
    "trams.md": TRAMS,
    "ages.md": AGES,
    "breaks.md": BREAKS,
    "prices.md": PRICES,
    "suppliers.md": SUPPLIERS,
    "by-year.md": BY_YEAR,
    "harvest.md": HARVEST,
    "rota.md": ROTA,
    "hours.md": HOURS,
    "gigs.md": GIGS,
    "accounts.md": ACCOUNTS,
    "meters.md": METERS,
    "seasons.md": SEASONS,
    "staff.md": STAFF,
    "zaehler.md": ZAEHLER,
    "tarifas.md": TARIFAS,
}
MISSING = {
    ("harvest", "How many plums were picked in August?"): "“Harvest” has no row for August.",
    ("harvest", "What was the December harvest of pears?"): "has no row for December.",
    ("harvest", "plums picked in june 2024"): "has no row for june 2024.",
    ("harvest", "How many pears on 3 September 2025?"): "has no row for 3 September 2025.",
    ("rota", "Who is at the desk on Friday?"): "“Rota of the desk” has no column for Friday.",
    ("rota", "who has the late shift on saturdays"): "has no column for Saturdays.",
    ("hours", "When do you open on Monday?"): "“Hours” has no row for Monday.",
    ("hours", "How long are you open on Mondays?"): "has no row for Mondays.",
    ("gigs", "Who played in August?"): "“Gigs” has no row for August.",
    ("gigs", "Which band played on 4 May 2024?"): "has no row for 4 May 2024.",
    ("gigs", "Where was Tin Hat played in May?"): "",
    ("gigs", "What fee did Owl Light get in 2023?"): "",
    ("gigs", "Which gigs were played in 2023?"): "has no row for 2023.",
    ("accounts", "What was the income in 2019?"): "“Accounts” has no row for 2019.",
    ("accounts", "How many members were there in 2024 or 2025?"): "no row for 2024 or 2025.",
    ("meters", "What was the gas meter reading?"): "In the table “Readings”, no Meter is “gas”.",
    ("meters", "What is the number of the oil meter?"): "no Meter is “oil”.",
    ("meters", "What does the solar panel meter say?"): "no Meter is “solar panel”.",
    ("zaehler", "Wie ist der Stand vom Gaszähler?"): "In der Tabelle „Stände“ steht unter „Zähler“",
    ("zaehler", "Wie war der Stand im März?"): "",
    ("breaks", "Which break has its last day in March?"): "“Breaks” has no row for March.",
    ("by-year", "How many guests were there in 2021?"): "“Guests” has no column for 2021.",
    ("by-year", "How many guests in August?"): "“Guests” has no row for August.",
    ("trams", "How often does tram line 13 run?"): "In the table “Trams”, no Line is “13”.",
    ("trams", "Where does line no. 7 start?"): "no Line is “7”.",
    ("tarifas", "¿Cuánto cuesta la entrada de perro?"): "En la tabla «Tarifas», «Entrada» no dice",
}
SHOWN = {
    "checks": """\
        What is the gas meter reading?
        What is the reading of the flat meter?""",
    "trams": """\
        How often does line 4 run?
        How often does line 6 run?
        Where does line N9 start?
        Does line 4 or line 5 run more often?""",
    "ages": """\
        What is the price for age 7?
        What do I pay at age 16?""",
    "breaks": """\
        Is there a break on 24 October 2025?
        Which break is in November?
        Is the autumn break in October?""",
    "prices": """\
        What did a lane cost in 2024?
        What does a lane cost in March 2025?""",
    "suppliers": """\
        What is the dairy company name?
        What is the bakery company name?
        Who delivered in 2015?""",
    "by-year": """\
        How many guests in May 2023?
        How many guests were there in 2024?""",
    "harvest": """\
        How many plums were picked in June?
        the july plums
        How many pears in May and June?
        How many pears were there in July 2025?
        How many plums were picked since August 2024?
        How many plums were picked until December?
        How many plums are there in total?
        How many plums did May bring?
        Who may pick plums?
        plums on 14 June 2025?
        Which months had pears?""",
    "rota": """\
        Who is at the desk on Monday?
        Who is early on tuesdays?
        Who works until Friday?
        How many shifts has Ada?""",
    "hours": """\
        When do you open on Wednesday?
        When do you close on Sunday?
        Are you open on Saturdays?
        When do you open on 27 November 2026?
        When do you open in August?""",
    "gigs": """\
        Who played in May?
        Which band played on 17 June 2024?
        Where was the gig on Friday 3 May?
        What was the fee at the Mill in 2025?
        Which gigs were in 2024?
        How much did Tin Hat get in August?""",
    "accounts": """\
        What was the income in 2022?
        How did the income change from 2022 to 2025?
        How many members were there in May 2023?""",
    "meters": """\
        What was the water meter reading?
        What is the reading of the cold water meter?
        What was the waterworks meter reading?
        What is the last meter reading?
        What is the meter reading?
        Which gas meter is the oldest?
        Which meter is the new one?
        What is the current meter number?
        What was the heat meter reading?
        What was the main meter reading?
        Who reads the meter?
        Which meters are not gas?
        How do gas meters work?
        What is Anna's meter reading?""",
    "seasons": """\
        What does a tent cost in May?
        What does a tent cost in July?
        What does a camper cost in October?""",
    "staff": """\
        Who works on Tuesday?
        What is the extension of Raj Sethi on Friday?
        What is the extension of Nell Orton?""",
    "zaehler": """\
        Wie ist der Stand vom Wasserzähler?
        Wie ist der Stand vom Stromzähler?
        Wie ist der Zählerstand?""",
    "tarifas": """\
        ¿Cuánto cuesta la entrada de niño?
        ¿Cuánto cuesta la entrada?""",
}


def judge(
    name: str, question: str, more: str = "", likely: str = ""
) -> tuple[Judgement, Judgement, str, Document]:
    """Leave rows out where they are the likeliest to answer, one with a `likely` cell above all."""
    document = document_of(name, FILES[f"{name}.md"] + more)
    found = found_in(document)
    scores = [
        (1.0 if one.role is Role.ROW else 0.0) + 2.0 * (bool(likely) and likely in one.text)
        for one in found.sentences
    ]
    rows = judgement_of([found.sentences[0].passage], scores)
    return rows, *leave_out(question, rows, lambda _: document), document


def missing_in(name: str, question: str) -> str:
    return judge(name, question)[2]


@pytest.mark.parametrize(("name", "question"), MISSING)
def test_what_no_row_is_for_is_said_by_name(name: str, question: str) -> None:
    assert MISSING[name, question] in missing_in(name, question)
    assert bool(missing_in(name, question)) == bool(MISSING[name, question])


@pytest.mark.parametrize(
    ("name", "question"),
    [(name, line.strip()) for name, lines in SHOWN.items() for line in lines.splitlines()],
)
def test_rows_that_are_for_it_or_may_be_are_kept(name: str, question: str) -> None:
    assert missing_in(name, question) == ""


WORDS = st.sampled_from(
    "not no {} the gas meter line 13 August 2024 Monday May of for in until who which how many x"
    " insgesamt difference between und, 3/4/2025 (?".split()
)


@given(st.sampled_from(sorted(FILES)), st.lists(WORDS, max_size=8), st.text(max_size=20))
def test_any_question_of_any_table_is_survived(file: str, words: list[str], more: str) -> None:
    name = file.removesuffix(".md")
    missing_in(name, " ".join([*words, more]))
    ask(" ".join([*words, more]), {file: FILES[file]})


def draft_of(
    name: str,
    question: str,
    more: str = "",
    likely: str = "",
    settings: Settings | None = None,
) -> Draft:
    rows, *_, document = judge(name, question, more, likely)
    weights = dict.fromkeys(query_terms(question), 1.0)
    asked = Retrieval(question, np.zeros(4, dtype=np.float32), weights, (), ())
    return compose(rows, asked, PLAIN, settings or Settings(), lambda _: document)[0]


def test_rows_that_are_for_something_else_answer_nothing() -> None:
    draft = draft_of("harvest", "How many plums were picked in August?")
    assert draft.statements == ()
    assert draft.reason == "The table “Harvest” has no row for August."


def test_what_a_text_says_of_it_answers_still() -> None:
    more = "\nIn August 12 plums were picked.\n"
    draft = draft_of("harvest", "How many plums were picked in August?", more, "In August")
    assert draft.statements[-1].text == "In August 12 plums were picked."
    assert not [one for one in draft.statements if one.shape.role is Role.ROW]


def test_what_is_left_is_as_much_less_likely_as_it_scores_less() -> None:
    before, after, _, _ = judge("harvest", "How many plums were picked in August?")
    assert not [one for one in after.sentences if one.role is Role.ROW]
    assert before.log_odds is not None
    assert after.log_odds == before.log_odds - 1.0


def test_nothing_is_refused_where_nothing_may_be() -> None:
    never = Settings(max_over_refusal=0.0)
    draft = draft_of("harvest", "How many plums were picked in August?", settings=never)
    assert [one for one in draft.statements if one.shape.role is Role.ROW]


def test_a_row_that_is_much_likelier_may_say_it_in_other_words() -> None:
    question = "What was the gas meter reading?"
    assert judge("meters", question)[2]
    assert not judge("meters", question, likely="Heating")[2]
    assert judge("harvest", "How many plums in August?", likely="June")[2]


def test_another_table_of_the_document_answers_still() -> None:
    more = "\n# Later\n\n| Month | Plums |\n|---|---|\n| August | 5 |\n| September | 2 |\n"
    draft = draft_of("harvest", "How many plums were picked in August?", more)
    rows = [one.text for one in draft.statements if one.shape.role is Role.ROW]
    assert rows
    assert all(row.startswith(("Month: August", "Month: September")) for row in rows)


def test_large_tables_are_looked_through_in_a_bounded_time() -> None:
    months = "January February March".split()
    rows = [["Month", "Sold"], *([months[n % 3], f"{n}"] for n in range(9_000))]
    things = [["Meter", "Sold"], *([f"kind {n % 300} x", f"{n}"] for n in range(9_000))]
    days = [["Day", "Sold"], *([f"{n % 28 + 1} May {1500 + n % 500}", "1"] for n in range(9_000))]
    for table, question, is_missing in (
        (rows, "How many were sold in August?", True),
        (things, "What was the gas meter reading?", True),
        (days, "How many were sold in August?", False),
    ):
        text, units = "", []
        for _, line, role in write_rows(enumerate(table)):
            units.append(Unit(len(text), len(text) + len(line), role))
            text += f"{line}\n"
        name = DocumentId("sold.csv")
        document = Document(name, "0" * 64, "sold", "text/csv", text, units=nest(units))
        start, end = units[40][:2]
        row = Passage(
            PassageId("x"), name, start, end, text[start:end], ((start, end),), None, (Role.ROW,)
        )
        with within(2):
            found = leave_out(question, judgement_of([row], [0.0]), partial(_same, document))
        assert bool(found[1]) == is_missing


def _same(document: Document, _: str) -> Document:
    return document


WEEKLY = """\
# Roster

| {} | On call |
|---|---|
| {} | Ada |
| {} | Ben |
| {} | Cy |
"""


def missing_in_roster(name: str, days: str, question: str) -> str:
    document = document_of("roster", WEEKLY.format(name, *days.split(", ")))
    found = found_in(document)
    scores = [1.0 if one.role is Role.ROW else 0.0 for one in found.sentences]
    rows = judgement_of([found.sentences[0].passage], scores)
    return leave_out(question, rows, lambda _: document)[1]


@pytest.mark.parametrize(
    ("name", "days", "question"),
    [
        ("Week commencing", "3 June, 10 June, 17 June", "Who is on call on 5 June?"),
        (
            "Week beginning",
            "3 June 2024, 10 June 2024, 17 June 2024",
            "Who is on call on Wednesday?",
        ),
        ("Week starting", "2024-06-03, 2024-06-10, 2024-06-17", "Who is on call on 13 June 2024?"),
        ("Starting", "3 June, 10 June, 17 June", "Who is on call on 5 June?"),
        ("Week of", "3 June, 10 June, 17 June", "Who is on call on 23 June?"),
        ("Week", "3 June, 10 June, 17 June", "Who is on call on 12 June?"),
        ("W/c", "3 June, 10 June, 17 June", "Who is on call on 12 June?"),
        ("Woche ab", "3. Juni, 10. Juni, 17. Juni", "Wer hat am 5. Juni Dienst?"),
        ("Woche", "3. Juni, 10. Juni, 17. Juni", "Wer hat am 5. Juni Dienst?"),
        ("Semaine du", "3 juin, 10 juin, 17 juin", "Qui est de garde le 5 juin ?"),
        ("Season", "1 May, 1 October, 1 December", "Who is on call in July?"),
        ("Season", "March, June, October", "Who is on call in July?"),
        ("Saison", "1. Mai, 1. Oktober, 1. Dezember", "Wer hat im Juli Dienst?"),
    ],
)
def test_a_week_or_season_lasts_until_the_next_row(name: str, days: str, question: str) -> None:
    assert missing_in_roster(name, days, question) == ""


@pytest.mark.parametrize(
    ("name", "days", "question"),
    [
        ("Day", "3 June, 10 June, 17 June", "Who is on call on 5 June?"),
        ("Season", "May - July, August - October, November", "Who is on call in December?"),
        ("Week", "Monday, Tuesday, Friday", "Who is on call on Wednesday?"),
    ],
)
def test_days_and_ranges_hold_for_themselves(name: str, days: str, question: str) -> None:
    assert "has no row for" in missing_in_roster(name, days, question)
