"""What a subject and an object may be, and the forms of verbs."""

import pytest

from assistant.answer.propose import MainClause, read_object, read_subject, who_or_what
from assistant.text.english import BASE_OF_PAST, VERBS


def test_every_verb_has_a_past_that_leads_back_to_it() -> None:
    assert len(VERBS) == len({base for base, _, _ in VERBS}) > 100
    assert {BASE_OF_PAST[past] for _, past, _ in VERBS} == {base for base, _, _ in VERBS}
    assert {"deny": "denied", "ban": "banned", "write": "wrote", "create": "created"}.items() <= {
        base: past for base, past, _ in VERBS
    }.items()


@pytest.mark.parametrize(
    ("rest", "thing"),
    [
        ("the treaty, which ended the war", "the treaty"),
        ("the treaty and sent an army", "the treaty"),
        ("the treaty and the edict", None),
        ("the treaty and", None),
        ("an increase in attacks originating from there", "an increase in attacks"),
        ("the King's dining from there", None),
        ("England killing King Harold", None),
        ("by the river", None),
        ("three towns in the north", "three towns in the north"),
        ("", None),
    ],
)
def test_an_object_is_one_noun_phrase(rest: str, thing: str | None) -> None:
    assert read_object(rest) == thing


@pytest.mark.parametrize(
    ("x", "subject"),
    [
        ("The Red Mill", "the Red Mill"),
        ("The history of the Red Mill", "the history of the Red Mill"),
        ("The result", None),
        ("However Ann", None),
        ("Ann Holt also", None),
        ("Ann Holt", "Ann Holt"),
        ("Ann", None),
    ],
)
def test_a_subject_is_a_name(x: str, subject: str | None) -> None:
    assert read_subject(x, MainClause(f"{x} came.", f"{x} came.", f"{x} came.")) == subject


@pytest.mark.parametrize(
    ("what", "who"),
    [
        ("a Chinese state-backed hacking group allegedly responsible", "What"),
        ("an investor in the Ohio Company", None),
        ("a professor at the University of Paris", "Who"),
        ("the place", None),
    ],
)
def test_what_something_is_tells_how_to_ask_for_it(what: str, who: str | None) -> None:
    assert who_or_what(what) == who
