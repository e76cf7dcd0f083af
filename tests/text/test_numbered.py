"""What a question names by a number: such a number is a name, what another one has is beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.text.numbered import find_numbered, names_any, tells_of_others


def named(question: str, language: str = "en") -> list[tuple[str, list[str]]]:
    return [(one.word, sorted(one.numbers)) for one in find_numbered(question, language)]


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("What is in locker 17?", "en", [("locker", ["17"])]),
        ("Who has keys 4 and 5?", "en", [("key", ["4", "5"])]),
        ("Is parcel no. 90871 here?", "en", [("parcel", ["90871"])]),
        ("Is parcel #90871 here?", "en", [("parcel", ["90871"])]),
        ("Wer wohnt in Wohnung 12b?", "de", [("wohnung", ["12b"])]),
        ("Ist die Rechnungsnummer 4410 bezahlt?", "de", [("rechnung", ["4410"])]),
        ("Qui occupe le bureau 41 ?", "fr", [("bureau", ["41"])]),
        ("What came with parcel DX-90871?", "en", [("parcel", ["90871"])]),
        # An amount, a date, an age, a part of a document: each has its own reading.
        ("May I spend 300?", "en", []),
        ("Is 300 too much?", "en", []),
        ("Are 45 euros paid for a hotel 60 km away?", "en", []),
        ("What happened in May 2025?", "en", []),
        ("Is it free for children aged 12?", "en", []),
        ("What does clause 12 say?", "en", []),
        ("Is a weight 23 kg allowed?", "en", []),
    ],
)
def test_a_word_and_its_number_name_a_thing(
    question: str, language: str, expected: list[tuple[str, list[str]]]
) -> None:
    assert named(question, language) == expected


@pytest.mark.parametrize(
    ("told", "is_other"),
    [
        ("Locker 18 holds the ladder.", True),
        ("Lockers 18, 19 and 21 hold tools.", True),
        ("Locker: 18 | Holds: paint", True),
        ("Locker no. 18 holds the ladder.", True),
        ("Locker LX-18 holds the ladder.", True),
        ("Locker 17 holds the ropes, locker 18 the ladder.", False),
        ("Lockers 16 to 20 hold tools.", False),
        ("Lockers 16-20 hold tools.", False),
        ("Each locker has two keys.", False),
        ("17: ropes", False),
        ("17 | ropes", False),
        ("Locker: 17 | Holds: ropes", False),
        ("Locker 18 holds 17 ropes.", True),
        ("Locker 18 was opened on 17 May.", True),
        ("Room 18 holds the ladder.", False),
        ("Locker 18.5 cm wide.", False),
    ],
)
def test_what_another_number_has_is_told_of_others(told: str, is_other: bool) -> None:
    (asked,) = find_numbered("What does locker 17 hold?", "en")
    assert tells_of_others(told, asked, "en") == is_other


@given(st.text(), st.integers(0, 1_499) | st.integers(2_100, 10**9))
def test_what_names_the_thing_never_tells_of_others_alone(text: str, number: int) -> None:
    asked = find_numbered(f"What is in locker {number}?", "en")
    assert [sorted(one.numbers) for one in asked] == [[str(number)]]
    told = f"{text} locker {number}; {text}"
    assert names_any(told, asked[0], "en")
    assert not tells_of_others(told, asked[0], "en")


@pytest.mark.parametrize(
    "unit",
    [
        "1 ",
        "17 ",
        "|17|",
        "|17 km|",
        "170 km ",
        "a 1 ",
        "a 1, ",
        "a 1 and ",
        "no. ",
        "a-1/",
        "a" * 40 + " 1",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    (asked,) = find_numbered("What is in lockers 17 or 170?", "en")
    with within(3):
        find_numbered(unit * 20_000, "en")
        names_any(unit * 20_000, asked, "en")
        tells_of_others(unit * 20_000, asked, "en")


@pytest.mark.parametrize(
    ("question", "language", "told", "is_other"),
    [
        ("Does it run on Windows 11?", "en", "The app runs on Windows 10 and later.", False),
        ("Does it run on Windows 8?", "en", "The app runs on Windows 10 and later.", True),
        ("Does it run on Windows 8?", "en", "It needs Windows 10 or newer.", True),
        ("Does it run on Windows 7?", "en", "Windows 8 and earlier are not supported.", False),
        ("Does it run on Windows 7?", "en", "Windows 8 and older are not supported.", False),
        ("What do children 12 pay?", "en", "Children 5 and older pay 3 euros.", False),
        ("What do children 12 pay?", "en", "Children 5 years and older pay 3 euros.", False),
        ("What do children 3 pay?", "en", "Children 4 and under are free.", False),
        ("What do children 9 pay?", "en", "Children 4 and younger are free.", True),
        ("May level 4 enter the lab?", "en", "Level 2 and above may enter the lab.", False),
        ("May level 1 enter the lab?", "en", "Level 2 or higher may enter the lab.", True),
        ("May level 4 enter the lab?", "en", "Level 2+ may enter the lab.", False),
        ("May level 4 enter the lab?", "en", "Level 2 upwards may enter the lab.", False),
        ("Is grade 6 enough?", "en", "Grade 5 or better is enough.", False),
        ("What is in room 303?", "en", "Room 302 and above it the attic are empty.", True),
        ("What is in room 303?", "en", "Room 302 and the hall are empty.", True),
        ("Darf Klasse 7 mit?", "de", "Klasse 5 und höher darf mit.", False),
        ("Darf Klasse 4 mit?", "de", "Klasse 5 und höher darf mit.", True),
        ("Darf Klasse 4 mit?", "de", "Klasse 5 und darunter darf mit.", False),
        ("Wer hat ab Stufe 5 Zugang?", "de", "Zugang hat man ab Stufe 3.", False),
        ("Hat Stufe 2 Zugang?", "de", "Zugang hat man ab Stufe 3.", True),
        ("Hat Stufe 2 Zugang?", "de", "Zugang hat man bis Stufe 3.", False),
        ("Le niveau 4 entre-t-il ?", "fr", "Le niveau 2 et plus entre au labo.", False),
        ("Le niveau 4 entre-t-il ?", "fr", "On entre à partir du niveau 2.", False),
        ("Le niveau 1 entre-t-il ?", "fr", "Le niveau 2 ou inférieur reste dehors.", False),
        ("¿Entra el nivel 4?", "es", "Entra el nivel 2 o superior.", False),
        ("¿Entra el nivel 4?", "es", "Entra el nivel 2 y anteriores.", True),
    ],
)
def test_a_threshold_spans_what_is_on_its_side(
    question: str, language: str, told: str, is_other: bool
) -> None:
    asked, *_ = find_numbered(question, language)
    assert tells_of_others(told, asked, language) == is_other
