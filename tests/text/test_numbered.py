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
