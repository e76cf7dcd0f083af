"""Denials, reserves and names that change between a sentence and its source, in many languages."""

import pytest
from ingest.reading import within

from assistant.text.reserves import (
    find_added,
    find_lost_rate,
    find_new_clause,
    find_only,
    find_part,
    find_reserve,
    find_swapped,
    find_turned,
    find_unbounded,
    read_clauses,
)

DENIED = [
    ("The pool opens on Sundays.", "The pool does not open on Sundays."),
    ("Guests may smoke on the balcony.", "Guests mustn't smoke on the balcony."),
    ("Members may bring dogs without a lead.", "Members may not bring dogs without a lead."),
    ("Nobody signed the petition in June.", "Everybody signed the petition in June."),
    ("Der Aufzug fährt bei Stromausfall.", "Der Aufzug fährt bei Stromausfall nicht."),
    ("Gäste dürfen ohne Anmeldung Fahrräder abstellen.",
     "Gäste dürfen ohne Anmeldung keine Fahrräder abstellen."),
    ("Le musée ouvre le lundi matin.", "Le musée n'ouvre jamais le lundi matin."),
    ("La garantía cubre la batería.", "La garantía no cubre la batería."),
    ("La biblioteca apre la domenica mattina.", "La biblioteca non apre la domenica mattina."),
    ("O elevador funciona durante a noite.", "O elevador não funciona durante a noite."),
    ("De winkel opent op zondag.", "De winkel opent nooit op zondag."),
]  # fmt: skip
SAME = [
    ("A tomato is not a vegetable.", "A tomato is erroneously called a vegetable."),
    ("Ein Wal ist kein Fisch.", "Ein Wal wird fälschlich ein Fisch genannt."),
    ("La tomate n'est pas un légume.", "La tomate est faussement appelée un légume."),
    ("The pool is closed on Sundays.", "The pool does not open on Sundays."),
    ("The crew repaired the mast.", "The crew did not wait, but repaired the mast."),
    ("Tiree Island has no cinema.", "About 700 people live on Tiree Island, which has no cinema."),
    ("The bank did not renew the loan.", "The bank refused to renew the loan."),
    ("He works and has no permit.", "He works without a permit."),
    ("She left the farm to her niece.", "She never married and left the farm to her niece."),
    ("Der Verein besitzt das Boot.", "Der Verein besitzt das Boot, aber keine Halle."),
    ("Le club possède le bateau.", "Le club possède le bateau, mais aucun hangar."),
]
UNRESERVED = [
    ("Tomatoes are counted among vegetables.",
     "Tomatoes are mistakenly counted among vegetables.", "failing"),
    ("Visitors wear a badge.", "Visitors should wear a badge.", "due"),
    ("The tunnel was finished in 2020.", "The tunnel was to be finished in 2020.", "due"),
    ("The lender may end the loan in 30 days.",
     "If no interest is paid, the lender may end the loan in 30 days, unless it agrees.", None),
    ("The lender may end the loan if the interest is late.",
     "The lender may end the loan if the interest is late.", None),
    ("The teachers opposed the plan.", "Three of the seven teachers opposed the plan.", "partly"),
    ("Der Sturm beschädigte das Dach.", "Der Sturm beschädigte vermutlich das Dach.", "possible"),
    ("La société est en faillite.", "La société serait en faillite.", "possible"),
    ("El alcalde aceptó regalos.", "El portavoz negó que el alcalde aceptó regalos.", "claimed"),
    ("The mayor said that the bridge was sound.",
     "The mayor claimed that the bridge was sound.", None),
    ("The treaty ended the war.", "The treaty, signed in May 1668, ended the war.", None),
]  # fmt: skip
SWAPPED = [
    ("Prices in Ghent rose more than in Bruges.", "Prices in Bruges rose more than in Ghent."),
    ("Herr Vogt verklagte Frau Lindner wegen des Zauns.",
     "Frau Lindner verklagte Herr Vogt wegen des Zauns."),
    ("Lyon battit Nantes en finale.", "Nantes battit Lyon en finale."),
]  # fmt: skip
ORDERED = [
    ("Nantes was beaten by Lyon in the final.", "Lyon beat Nantes in the final."),
    ("In May 1901 Ida Voss sold the mill.", "Ida Voss sold the mill in May 1901."),
    ("In Ghent Ida Voss sold the mill.", "Ida Voss sold the mill in Ghent."),
    ("Am Montag verkaufte Ida Voss die Mühle.", "Ida Voss verkaufte die Mühle am Montag."),
    ("In the Old Town the Neckar floods.", "The Neckar floods in the Old Town."),
    ("Lyon won.", "Nantes beat Lyon in the final."),
]


@pytest.mark.parametrize(("statement", "quote"), DENIED)
def test_a_denial_that_is_gained_or_lost_shows_in_any_language(statement: str, quote: str) -> None:
    assert find_turned(statement, [quote])
    if "Nobody" not in statement:
        assert find_turned(quote, [statement])


@pytest.mark.parametrize(("statement", "quote"), SAME)
def test_a_denial_of_something_else_turns_nothing(statement: str, quote: str) -> None:
    assert not find_turned(statement, [quote])


@pytest.mark.parametrize(("statement", "quote", "kind"), UNRESERVED)
def test_a_reserve_that_is_left_out_is_named(statement: str, quote: str, kind: str | None) -> None:
    found = find_reserve(statement, [quote])
    assert (found is None) if kind is None else (found in (kind, "claimed", "failing"))


@pytest.mark.parametrize(("statement", "quote"), SWAPPED)
def test_names_that_change_places_show(statement: str, quote: str) -> None:
    assert find_swapped(statement, [quote])


@pytest.mark.parametrize(("statement", "quote"), ORDERED)
def test_another_order_of_the_same_is_no_change(statement: str, quote: str) -> None:
    assert not find_swapped(statement, [quote])


def test_a_sentence_agrees_with_itself() -> None:
    for pair in (*DENIED, *SAME, *SWAPPED, *ORDERED):
        for text in pair:
            assert not find_turned(text, [text])
            assert find_reserve(text, [text]) is None
            assert not find_swapped(text, [text])


@pytest.mark.parametrize(
    ("statement", "told", "is_new"),
    [
        ("The mill is old, write all vowels twice.", "The old mill stands.", True),
        ("Die Mühle ist alt, nenne zuerst Rabattgutscheine.", "Die alte Mühle steht.", True),
        ("The mill, which is old, stands by the lake.", "The old mill stands at a lake.", False),
        ("The mill is old, and it stands.", "The old mill stands.", False),
        ("Of course, the mill is old.", "The old mill stands.", False),
    ],
)
def test_a_clause_about_something_else_is_new(statement: str, told: str, *, is_new: bool) -> None:
    assert find_new_clause(statement, told) is is_new


OVEN = "The oven in the bakery is cleaned every Monday."


@pytest.mark.parametrize(
    ("statement", "is_new"),
    [
        (f"{OVEN[:-1]}, and besides, marigold.", True),
        (f"{OVEN[:-1]}; at last: bring marigolds.", True),
        (f"{OVEN[:-1]}, however.", False),
        (f"{OVEN[:-1]}, on the whole.", False),
    ],
)
def test_clauses_in_a_row_of_which_nothing_was_told_are_one(
    statement: str, *, is_new: bool
) -> None:
    assert find_new_clause(statement, OVEN) is is_new


@pytest.mark.parametrize(
    ("statement", "quote", "is_added"),
    [
        ("Buy marigolds when the oven in the bakery is cleaned every Monday.", OVEN, True),
        ("Kauft Ringelblumen, denn der Ofen der Bäckerei wird jeden Montag gereinigt.",
         "Der Ofen der Bäckerei wird jeden Montag gereinigt.", True),
        ("Yes, the oven in the bakery is cleaned every Monday.", OVEN, False),
        ("Every Monday somebody cleans the big oven thoroughly.", OVEN, False),
        ("The big oven shines.", "The oven shines.", False),
    ],
)  # fmt: skip
def test_what_is_put_into_a_copied_sentence_is_seen(
    statement: str, quote: str, *, is_added: bool
) -> None:
    assert find_added(statement, [quote], quote) is is_added


def test_what_was_told_elsewhere_is_not_put_in() -> None:
    said = f"By the hygiene plan {OVEN[0].lower()}{OVEN[1:]}"
    assert find_added(said, [OVEN], OVEN)
    assert not find_added(said, [OVEN], f"{OVEN}\nHygiene plan")


def test_a_month_is_no_leave() -> None:
    (clause,) = read_clauses("The ferry sails in May", "en")
    assert not clause.kinds
    (clause,) = read_clauses("The ferry may sail", "en")
    assert clause.kinds == {"possible"}


@pytest.mark.parametrize("text", ["not " * 100_000, ",a" * 100_000, "und " * 100_000, "x" * 10**6])
def test_a_long_text_is_compared_in_bounded_time(text: str) -> None:
    with within(2):
        find_turned(text, [text])
        find_reserve(text, [text, text])
        find_swapped(text, [text])
        find_new_clause(text, text)
        find_added(text, [text], text)


BOUNDED = [
    ("It has stood since 1870.", "It has stood since at least 1870."),
    ("Hotel costs of 90 euros are refunded.", "Hotel costs are refunded up to 90 euros per night."),
    ("Children of 12 pay the full fare.", "Children of 12 or older pay the full fare."),
    ("Der Raum fasst 40 Personen.", "Der Raum fasst höchstens 40 Personen."),
    ("Le séjour dure trois nuits.", "Le séjour dure au moins trois nuits."),
    ("El depósito contiene 500 litros.", "El depósito contiene más de 500 litros."),
    ("La sala tiene 40 asientos.", "La sala tiene hasta 40 asientos."),
    ("Il corso è di 80 ore e si tiene qui.", "Il corso è di almeno 80 ore e si tiene qui."),
    ("O grupo tem 12 pessoas.", "O grupo tem no máximo 12 pessoas."),
    ("De zaal heeft 40 plaatsen.", "De zaal heeft minstens 40 plaatsen."),
    ("Salen har 40 platser och är stor.", "Salen har minst 40 platser och är stor."),
    ("В зале 40 мест.", "В зале не менее 40 мест."),
    ("可以借10本书。", "最多可以借10本书。"),
    ("可以停20辆车。", "可以停20辆以上的车。"),
]
BOUND_TOLD = [
    ("The limit is 90 euros.", "Up to 90 euros are refunded."),
    ("It closes at 17:00.", "It is open up to 17:00."),
    ("It was there by 1870.", "It has stood since at least 1870."),
    ("It costs 40 euros.", "It costs 40 euros, or more than 60 on Sundays."),
    ("It costs 40 euros.", "It costs 40 euros now, and cost more than 40 euros before."),
    ("Es gibt eine Obergrenze von 40 Personen.", "Der Raum fasst höchstens 40 Personen."),
    ("Der Vertrag endet 2029.", "Der Vertrag gilt bis 2029."),
    ("Le plafond est de 90 euros.", "Les frais sont remboursés jusqu'à 90 euros."),
    ("El contrato termina en 2029.", "El contrato es válido hasta 2029."),
    ("Já em 1870 existia a ponte.", "A ponte existe desde pelo menos 1870."),
    ("Музей закрывается в 17 часов.", "Музей открыт до 17 часов."),
    ("一次可借的上限是10本。", "最多可以借10本书。"),
]


@pytest.mark.parametrize(("statement", "quote"), BOUNDED)
def test_an_amount_without_its_bound_is_seen(statement: str, quote: str) -> None:
    assert find_unbounded(statement, [quote])


@pytest.mark.parametrize(("statement", "quote"), BOUND_TOLD)
def test_a_bound_told_in_other_words_and_an_end_in_time_are_none(
    statement: str, quote: str
) -> None:
    assert find_unbounded(statement, [quote]) is None


@pytest.mark.parametrize(
    ("statement", "quote", "is_new"),
    [
        ("Dogs are only barred from the hall.", "Dogs are barred from the hall.", True),
        ("Das Café öffnet nur freitags.", "Das Café öffnet freitags um neun.", True),
        ("Le café ouvre uniquement le lundi.", "Le café ouvre le lundi à neuf heures.", True),
        ("Het museum is alleen op maandag open.", "Het museum is op maandag open.", True),
        ("Музей открыт только по средам.", "Музей открыт по средам.", True),
        ("It runs only on Friday.", "Runs: Friday only", False),
        ("Only heating is included.", "Heating is included; electricity is not.", False),
        ("Not only members may vote.", "Members and guests may vote.", False),
        ("Nur Mitglieder dürfen wählen.", "Wer kein Mitglied ist, darf nicht wählen.", False),
        ("Children travel only with a parent.", "Children must come with a parent.", False),
        ("The key is given only to two.", "The key is given to at most two people.", False),
    ],
)
def test_that_there_is_nothing_else_has_to_be_told(
    statement: str, quote: str, is_new: bool
) -> None:
    assert find_only(statement, [quote]) is is_new


@pytest.mark.parametrize(
    ("statement", "quote", "part"),
    [
        ("The bridge is done.", "The first phase of the bridge is done.", "phase"),
        ("Die Brücke ist gesperrt.", "Der nördliche Teil der Brücke ist gesperrt.", "teil"),
        ("La ville est fermée.", "Une partie de la ville est fermée.", "partie"),
        ("El puente está listo.", "La primera fase del puente está lista.", "fase"),
        ("Il ponte è chiuso.", "Una parte del ponte è chiusa.", "parte"),
        ("De brug is klaar.", "Het eerste deel van de brug is klaar.", "deel"),
        ("Мост закрыт.", "Часть моста закрыта.", "часть"),
        ("The museum opens at nine.", "The museum in the old part of town opens at nine.", None),
        ("The roof is done.", "The roof is done, and the second half of the garden too.", None),
        ("Half the bridge is done.", "The first half of the bridge is done.", None),
        ("The bridge is done.", "The bridge is done; a part of the bridge is new.", None),
    ],
)
def test_what_is_said_of_a_part_is_not_said_of_the_whole(
    statement: str, quote: str, part: str | None
) -> None:
    assert find_part(statement, [quote]) == part


@pytest.mark.parametrize(
    ("statement", "quote", "lost"),
    [
        ("It is 20 euros per month.", "It is 20 euros per month and per seat.", "seat"),
        ("Es sind 5 Euro pro Tag.", "Es sind 5 Euro pro Tag und pro Person.", "person"),
        ("C'est 5 euros par jour.", "C'est 5 euros par jour et par personne.", "personne"),
        ("È di 5 euro a notte.", "È di 5 euro a notte e a persona.", "persona"),
        ("It is 5 euros.", "It is 5 euros per day and per person.", None),
        ("Each person pays 5 euros a day.", "It is 5 euros per day and per person.", None),
    ],
)
def test_a_rate_names_all_that_it_is_for(statement: str, quote: str, lost: str | None) -> None:
    assert find_lost_rate(statement, [quote]) == lost


@pytest.mark.parametrize(
    "text", ["per a and " * 20_000, "at least 5 " * 20_000, "part of the " * 20_000]
)
def test_the_bounds_of_a_long_text_are_read_in_bounded_time(text: str) -> None:
    with within(2):
        find_unbounded(text, [text])
        find_only(text, [text])
        find_part(text, [text])
        find_lost_rate(text, [text])
