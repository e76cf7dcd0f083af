"""Words of one language meet in all their forms, and questions reach texts of several."""

import pytest

from assistant.text.terms import guess_language, query_terms, read_query, say_in, terms


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Haus", "Häuser"),
        ("de", "Kündigung", "Kündigungen"),
        ("fr", "locataire", "locataires"),
        ("es", "habitación", "habitaciones"),
        ("it", "contratto", "contratti"),
        ("pt", "inquilino", "inquilinos"),
        ("ru", "кошка", "кошки"),
        ("en", "кошка", "кошки"),
        ("ar", "كتاب", "الكتاب"),
    ],
)
def test_forms_of_a_word_share_a_term(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language) != []


@pytest.mark.parametrize(
    ("question", "language", "content"),
    [
        ("Wie hoch ist die Kaution?", "de", ["hoch", "kaution"]),
        ("Quel est le montant de la caution ?", "fr", ["mont", "caution"]),
        ("¿Cuál es la fianza?", "es", ["fianz"]),
        ("Qual è la cauzione?", "it", ["cauzion"]),
        ("Qual é o valor da caução?", "pt", ["valor", "cauca"]),
        ("押金是多少？", "zh", ["押金"]),
        ("敷金はいくらですか？", "ja", ["敷金"]),
        ("How high is the deposit?", "en", ["high", "deposit"]),
    ],
)
def test_a_question_is_about_its_content_words(
    question: str, language: str, content: list[str]
) -> None:
    assert guess_language(question) == language
    assert query_terms(question, language) == content


def test_a_word_with_vowel_signs_is_one_term() -> None:
    assert len(terms("की राजधानी क्या है")) == 4


def test_a_question_without_function_words_is_in_the_language_of_the_documents() -> None:
    assert read_query("Kaution", ("de", "en")).language == "de"
    assert read_query("Kaution").language == "en"


def test_a_question_has_the_terms_of_every_language_of_the_documents() -> None:
    asked = read_query("Who owns the Anlagen?", ("en", "de"))
    (own,) = terms("Anlagen", "en")
    assert asked.language == "en"
    assert asked.stems[terms("Anlagen", "de")[0]] == own


def test_english_among_itself_has_no_other_terms() -> None:
    assert read_query("Who owns the mills?", ("en",)).stems == {}


def test_what_has_no_translation_is_said_in_english() -> None:
    assert say_in("fi", "No document mentions {}.") == "No document mentions {}."
    assert "{}" in say_in("de", "No document mentions {}.")
