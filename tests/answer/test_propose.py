"""Questions made of sentences, rows, fields and lists: good ones by themselves, or none."""

import re
import time
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.propose import (
    LANGUAGES,
    MAX_WORDS,
    propose,
    propose_asked,
    propose_field,
    propose_list,
    propose_row,
)
from assistant.text.terms import DEFAULT

THEN = "The Normans came from Norse raiders. Packet switching and imperialism grew in 1900."
NOW = "It was announced in 2024."


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The Normans (Norman: Nourmands) were the people who gave it a name.", "Who were the "),
        ("Imperialism is a type of advocacy of empire.", "What is imperialism?"),
        ("The Red Mill Protocol is a system of rules.", "What is the Red Mill Protocol?"),
        ("Ann Holt was an English painter.", "Who was Ann Holt?"),
        ("Ann Holt was the first woman painter of Corley.", "Who was the first woman painter of C"),
        ("Spies met Flax Typhoon, a state-backed hacking group.", "What is Flax Typhoon?"),
        ("It was bought by Ann Holt, a painter.", "Who was Ann Holt?"),
        ('Spokesperson Guo Jiakun called it "wrong."', "Who was Guo Jiakun?"),
        (
            "The U.S. accused Red Group of supporting spies.",
            "What did the U.S. accuse Red Group of?",
        ),
        ("The Corley Mill was built by Ann Holt in 1846.", "When was the Corley Mill built?"),
        ("The Corley Mill was built by Ann Holt in 1846.", "Who built the Corley Mill?"),
        ("In 1846, the Corley Mill was closed.", "When was the Corley Mill closed?"),
        ("Ann Holt was born in Corley.", "Where was Ann Holt born?"),
        ("Ann Holt was exiled, and Ann Holt was arrested because the King fell.", ""),
        ("Ann Holt was arrested because the King fell.", "Why was Ann Holt arrested?"),
        ("William Holt invaded Scotland in 1072.", "Who invaded Scotland in 1072?"),
        ("William Holt invaded Scotland in 1072.", "When did William Holt invade Scotland?"),
        ("The Red War began in May 1754.", "When did the Red War begin?"),
        ("The Scottish Parliament has 129 members.", "How many members does the Scottish Parl"),
        ("The Red Army consists of two parts.", "What does the Red Army consist of?"),
        ("Red Group, also known as Blue Group, left.", "What is Red Group also known as?"),
        ("The weekly fee is 35 francs.", "What is the weekly fee?"),
        ("The mast is 21 metres tall.", "How tall is the mast?"),
        ("New filters cost 80 pounds.", ""),
        ("Filters cost 80 pounds each.", "How much do filters cost?"),
        ("The key is returned within two days.", "When is the key returned?"),
        ("The pool is open from May to September.", "When is the pool open?"),
        ("The pool is open to all.", ""),
        ("Our choir trip takes place on 3 June.", "When does the choir trip take place?"),
        ("Everyone has 24 days of leave.", "How many days of leave does everyone have?"),
        (
            "Every driver has 12 days of unpaid leave in a season.",
            "How many days of unpaid leave does every driver have?",
        ),
        ("The club has 80 members.", "How many members does the club have?"),
        ("The gate of hall C was painted by Moss Brothers.", "Who painted the gate of hall C?"),
        ("Bicycles are not allowed.", "Are bicycles allowed?"),
        ("Parking in the yard is not permitted.", "Is parking in the yard permitted?"),
        ("The film lasts 95 minutes.", "How long does the film last?"),
        ("The form must be signed by 4 May.", "When must the form be signed?"),
        ("The heating is repaired in the cellar.", ""),
        ("The result was that dues rose in 1990.", ""),
        ("It is 12 metres.", ""),
        ("They have 12 members.", ""),
    ],
)
def test_a_sentence_gives_the_question_that_it_answers(sentence: str, question: str) -> None:
    asked = [one.question for one in propose(sentence, THEN)]
    assert any(one.startswith(question) for one in asked) if question else asked == []


@pytest.mark.parametrize(
    ("language", "sentence", "question"),
    [
        ("de", "Die Gebühr beträgt 15 Euro im Jahr.", "Wie hoch ist die Gebühr?"),
        ("de", "Die Probezeit beträgt drei Monate.", "Wie lang ist die Probezeit?"),
        ("de", "Der Schwimmkurs kostet 70 Euro.", "Was kostet der Schwimmkurs?"),
        ("de", "Das Sommerfest findet am 5. Juli statt.", "Wann findet das Sommerfest statt?"),
        ("de", "Die Filter werden jeden Herbst getauscht.", "Wann werden die Filter getauscht?"),
        ("de", "Die Filter werden im Keller gelagert.", None),
        ("de", "Grillen ist nicht erlaubt.", "Ist Grillen erlaubt?"),
        ("de", "Er kostet 70 Euro.", None),
        ("de", "Diese kostet 70 Euro.", None),
        ("de", "Der Preis, den sie nannte, ist ein Scherz.", None),
        ("fr", "La cotisation est de 30 euros.", "À combien s'élève la cotisation ?"),
        ("fr", "L'atelier coûte 12 euros.", "Combien coûte l'atelier ?"),
        ("fr", "La serre est arrosée chaque matin.", "Quand la serre est-elle arrosée ?"),
        ("fr", "La serre est chauffée à 12 degrés.", None),
        ("fr", "Le tournoi a lieu le 8 juin.", "Quand a lieu le tournoi ?"),
        ("fr", "Elle coûte 12 euros.", None),
        ("es", "La beca asciende a 300 euros.", "¿A cuánto asciende la beca?"),
        ("es", "El museo abre a las 10.", "¿Cuándo abre el museo?"),
        ("es", "El museo abre en la plaza.", None),
        ("it", "Il biglietto costa 9 euro.", "Quanto costa il biglietto?"),
        ("it", "Il contratto scade il 31 marzo.", "Quando scade il contratto?"),
        ("it", "Questo costa 9 euro.", None),
        ("pt", "O curso dura 6 semanas.", "Quanto tempo dura o curso?"),
        ("pt", "A loja abre às 9 horas.", "Quando abre a loja?"),
        ("nl", "De huur bedraagt 800 euro.", None),
    ],
)
def test_other_languages_ask_by_a_few_forms(
    language: str, sentence: str, question: str | None
) -> None:
    made = [one.question for one in propose(sentence, sentence, language)]
    assert made == ([question] if question else [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_a_language_can_be_filled_in_and_answers(language: str) -> None:
    given = tomllib.loads(files("assistant.answer").joinpath("trying.toml").read_text("utf-8"))
    assert given["words"].keys() == given["forms"].keys() == set(LANGUAGES)
    for form in given["forms"][language]:
        named = set(re.findall(r"\(\?P<(\w+)>", form["form"]))
        assert "x" in named >= set(re.findall(r"\{(\w+)\}", form["asked"]))
    for kind in (*given["cells"].values(), *given["lists"].values()):
        assert kind["words"].keys() <= kind["asked"].keys() | {DEFAULT}
        assert all("{}" in asked for asked in kind["asked"].values())


@pytest.mark.parametrize(
    "sentence",
    [
        "He founded the Corley Mill in 1846.",
        "This is a problem.",
        "The company denied the allegations.",
        "The result was a treaty.",
        "Many Normans founded the Corley Mill.",
        "Ann Holt founded it.",
        "Ann Holt founded the mill and her school.",
        "Is Ann Holt a painter?",
        "Ann Holt founded the Corley Mill",
        "- Ann Holt: founder",
        "Ann Holt founded the “Corley” Mill.",
        "Scholars invaded the library of many towns.",
        "Die Mühle wurde 1846 von Ann Holt gegründet.",
        "Bohemond began to write.",
        "Because Ann Holt is a painter, paint sells.",
        "",
    ],
)
def test_what_would_be_no_question_by_itself_gives_none(sentence: str) -> None:
    assert propose(sentence, sentence) == ()


def test_the_living_are_asked_for_in_the_present() -> None:
    said = "Spokesperson Guo Jiakun rejected it."
    assert [one.question for one in propose(said, NOW)] == ["Who is Guo Jiakun?"]
    assert [one.question for one in propose(said, THEN)] == ["Who was Guo Jiakun?"]


def test_a_first_word_is_a_name_where_the_passage_has_it_inside_a_sentence() -> None:
    sentence = "Rollo conquered the valley of the Seine."
    assert propose(sentence, sentence) == ()
    assert propose(sentence, f"{sentence} Then Rollo died.")[0].question == (
        "Who conquered the valley of the Seine?"
    )


WORDS = st.sampled_from(
    """The the Ann Holt Corley Mill of and in was is were founded signed rejected a an first treaty
    1846 May accused by because born began has 12 members his "this" (old) , , known as also King
    General said which U.S. Normans people group""".split()
)


@given(st.lists(WORDS, max_size=14).map(" ".join).map(lambda text: f"{text}."))
def test_every_question_is_short_and_leans_on_nothing(sentence: str) -> None:
    for one in propose(sentence, sentence):
        words = one.question.removesuffix("?").split()
        assert one.question.endswith("?")
        assert 3 <= len(words) <= MAX_WORDS
        assert words[0] in {"Who", "What", "When", "Where", "Why", "How"}
        assert not {word.casefold() for word in words} & {"his", "this", "it"}
        assert not set(one.question) & set('"()[]:;“”')
        assert one.sentence == sentence


@pytest.mark.parametrize(
    ("row", "questions"),
    [
        ("Name: Eva Lunt | Room: 9 | Phone number: 31", ("Which room", "phone number")),
        ("Name: Eva Lunt | Role: Warden | Phone: 31", ("Who is the warden?", "phone number")),
        ("Nom: Eva Lunt | Fonction: Gérante", ("Quelle est la fonction de Eva Lunt ?",)),
        ("Teil: Bohrfutter | Preis: 12,50", ("Was kostet Bohrfutter?",)),
        ("Artículo: Cuerda | Precio: 4", ("¿Cuál es el precio de «Cuerda»?",)),
        ("Meter: Gas | Number: 63-0071", ()),
        ("Programme: Eco | Temperature: 50", ()),
        ("Item: Garden bench | Location: Yard", ("Where is the garden bench?",)),
        ("Item: Brake pads | Price: 31", ("What is the price of brake pads?",)),
        ("Article: Rope 8 mm | Unit price: 4.10", ("What is the unit price of Rope 8 mm?",)),
        (
            "Code: F3 | Meaning: Door open | Remedy: Shut it",
            ("What does F3 mean?", "remedy for F3"),
        ),
        (
            "Name: Eva Lunt | Raum: 9 | Telefon: 31 | Kürzel: lu",
            ("In welchem Raum", "die Telefonnummer von Eva Lunt?"),
        ),
        ("Name: Eva Lunt | Rum: 9 | Telefon: 31 | Anställd: 2019", ()),
        ("Name: Eva Lunt", ()),
        ("Rope | 4.10", ()),
        ("No.: 3 | Price: 4.10", ()),
        ("Date: 6 December 2025 | Place: Old Dairy | Fee: 250 EUR", ()),
        ("Day: 2025-12-06 | Place: Old Dairy", ()),
        ("Week: Week 12 | Place: Old Dairy", ()),
        ("Bill: B-17 | Supplier: Holm | Amount: 9", ("Who is the supplier of B-17?", "amount of")),
        ("Part: QX-9 | Name: Flow sensor | Price: 34", ("What is QX-9?", "price of QX-9")),
        ("Item: Total | Amount: 205.50", ()),
        ("Posten: Summe 2024 | Price: 90", ()),
        ("Item: Grand total | Quantity: 4 | Amount: 12", ()),
        ("Meter: Water | Reading: 412 | Date: 2025-01-03", ()),
        ("Ticket: Day pass 3 | Price: 9 EUR", ("price of Day pass 3",)),
        ("Article: Rope | Price per metre: 4.10 | Left: 3", ()),
        ("Article: Rope, hemp; old | Price: 4.10", ()),
    ],
)
def test_a_row_gives_questions_for_columns_that_make_one(
    row: str, questions: tuple[str, ...]
) -> None:
    made = [one.question for one in propose_row(row)]
    assert len(made) == len(questions)
    assert all(part in one for part, one in zip(questions, made, strict=True))


@pytest.mark.parametrize(
    ("field", "about", "question"),
    [
        ("Total: 90 EUR", "Order 7718", "What is the total of Order 7718?"),
        ("Fällig am: 3. Mai 2026", "Rechnung 88", "Wann ist Rechnung 88 fällig?"),
        ("Échéance : 3 mai 2026", "Facture 88", "Quelle est l'échéance de « Facture 88 » ?"),
        ("Total: 90 EUR", "Orders", None),
        ("Total: 90 EUR", "Eva Lunt", None),
        ("Thank you: we hope to see you", "Order 7718", None),
        ("Total", "Order 7718", None),
    ],
)
def test_a_field_is_asked_of_what_has_a_number(
    field: str, about: str, question: str | None
) -> None:
    assert [one.question for one in propose_field(field, about)] == ([question] if question else [])


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Q: May I bring guests?", "May I bring guests?"),
        ("Gibt es einen Aufzug?", "Gibt es einen Aufzug?"),
        ("エレベーターはありますか？", "エレベーターはありますか？"),
        ("Q: Guests.", None),
        ("Why " + "so " * 30 + "long?", None),
    ],
)
def test_a_question_of_the_document_is_asked_as_it_stands(question: str, asked: str | None) -> None:
    assert [one.question for one in propose_asked(question, "A.")] == ([asked] if asked else [])


def test_a_list_is_asked_for_by_its_plural_and_what_the_document_is_about() -> None:
    (made,) = propose_list("Opening hours", "Monday 8 to 12", "Lido West")
    assert made.question == "What are the opening hours of Lido West?"
    (made,) = propose_list("Zutaten", "200 g Mehl", "Pflaumenkuchen", "de")
    assert made.question == "Welche Zutaten braucht man für Pflaumenkuchen?"
    (made,) = propose_list("Method", "Stir.", "Plum cake")
    assert made.question == "How is the plum cake made?"
    assert propose_list("Method", "Stir.", "Method 4") == ()
    assert propose_list("Access", "By bus", "Lido West") == ()
    assert propose_list("Steps", "Stir.", "Steps") == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_an_end_costs_no_time(language: str) -> None:
    started = time.perf_counter()
    for head in ("Der Hof wird am 1. ", "The door is ", "Le four est ", "La casa ", ""):
        for run in ("ge", "a", "a ", "Ab ", "1", "(", ": ", " | a: "):
            text = head + run * 100_000 + "."
            propose(text, text, language)
            propose_field(text[:2000], "Bill 4", language)
            propose(head + run * (380 // len(run)) + ".", "", language)
    assert time.perf_counter() - started < 10, "a bound for a busy machine"


@given(st.text(max_size=200))
def test_any_text_is_survived(text: str) -> None:
    propose(text, text)
    propose_row(text)
    propose_field(text, text)
    propose_list(text, text, text)
    propose_asked(text, text)
