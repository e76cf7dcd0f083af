"""Lines of letters that say nothing by themselves."""

import pytest

from assistant.text.letters import is_courtesy, names_alone


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
