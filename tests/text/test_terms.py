import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.store.tables import TOKENIZER
from assistant.text.english import FUNCTION_WORDS
from assistant.text.terms import function_words, query_terms, stemming_of, terms, terms_by

TEXTS = st.text(max_size=60) | st.text(
    "aZé\u0301ßİıµﬁ½²数経ไทย한글ゕ'_-. \u200d\u00ad\n\ud800\x00", max_size=30
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The hackers' Hacking, 2021!", ["the", "hacker", "hack", "2021"]),
        ("Café CAFÉ Cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("STRASSE Straße", ["strass", "strass"]),
        ("ﬁle № ①", ["file", "no", "1"]),
        ("数字経済", ["数字", "字経", "経済"]),
        ("数", ["数"]),
        ("GPT-4は2023年", ["gpt", "4", "は", "2023", "年"]),
        ("แม่น้ำ", ["แม", "ม่", "่น", "น้", "้\u0e4d", "\u0e4d\u0e32"]),
        ("한국어 문서", ["한국", "국어", "문서"]),
        ("الدانوب", ["دانوب"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("don't U.S. 3.14", ["don", "t", "u", "s", "3", "14"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]),
        ("?! … — 🎉", []),
        ("", []),
    ],
)
def test_terms_of(text: str, wanted: list[str]) -> None:
    assert terms(text) == wanted


@pytest.mark.parametrize(
    "said",
    [
        ("holds 40 kg", "holds 40kg", "holds 40 kilograms", "holds 40 kilos"),
        ("2.5 km", "2.5km", "2.5 kilometres", "2.5 kilometers"),
        ("30 m", "30 metres", "30 Meter"),
        ("costs €12", "costs £12", "costs $12"),
        ("12 € a day", "12 EUR a day", "12 euros a day"),
        ("20 °C", "20°C", "20 ℃", "20 degrees Celsius"),
        ("5 %", "5%", "5 percent", "5 Prozent"),
        ("90 min", "90 minutes", "90min"),
        ("1.5 l", "1.5 litres", "1.5 liters"),
        ("16 GB", "16GB", "16 gigabytes"),
        ("7.4 kWh", "7.4 kilowatt hours"),
        ("60 m²", "60 sqm", "60 square metres"),
    ],
)
def test_a_unit_is_one_term_however_it_is_written(said: tuple[str, ...]) -> None:
    are_units_of_money = said[0].startswith("costs")
    assert len({tuple(terms(one)) for one in said}) == (len(said) if are_units_of_money else 1)


@pytest.mark.parametrize(
    ("text", "term"),
    [("I'm late", "metr"), ("a 5G phone", "gram"), ("the 90s", "second"), ("in\n3\nm", "metr")],
)
def test_letters_that_mean_something_else_are_no_unit(text: str, term: str) -> None:
    assert term not in terms(text)


@given(TEXTS)
def test_terms_never_raises_and_knows_no_case_or_surrounding_punctuation(text: str) -> None:
    found = terms(text)
    assert all(found)
    assert not any(c.isspace() or c == "_" for term in found for c in term)
    assert terms(f"  ({text})! ") == found


@given(TEXTS.filter(str.isascii))
def test_terms_do_not_depend_on_case(text: str) -> None:
    assert terms(text.upper()) == terms(text.lower())


@given(TEXTS, TEXTS)
def test_terms_of_two_lines_are_those_of_each(first: str, second: str) -> None:
    assert sorted(terms(f"{first} \n {second}")) == sorted(terms(first) + terms(second))


@given(TEXTS)
def test_query_terms_are_distinct_terms_of_the_question(text: str) -> None:
    found = query_terms(text)
    assert len(set(found)) == len(found)
    assert set(found) <= set(terms(text))
    assert bool(found) == bool(terms(text))


def test_query_terms_fold_letters_as_terms_do() -> None:
    assert query_terms("İstanbul nerede?") == terms("İstanbul nerede")


def test_function_words_count_only_in_a_question_of_nothing_else() -> None:
    assert query_terms("What is the capital of Peru?") == ["capit", "peru"]
    assert query_terms("Who is it?") == ["who", "is", "it"]
    assert "not" in FUNCTION_WORDS


def part_by_sqlite(joined: list[str]) -> list[str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f'CREATE VIRTUAL TABLE t USING fts5(terms, tokenize="{TOKENIZER}")')
        connection.execute("INSERT INTO t VALUES (?)", (" ".join(joined),))
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
        return [term for (term,) in connection.execute("SELECT term FROM v ORDER BY offset")]


@given(TEXTS)
def test_sqlite_parts_joined_terms_into_the_same_terms(text: str) -> None:
    assert part_by_sqlite(terms(text)) == terms(text)


def test_sqlite_takes_a_term_of_any_letter_as_it_is() -> None:
    found = [
        term for code in range(0x110000) if not 0xD800 <= code < 0xE000 for term in terms(chr(code))
    ]
    assert part_by_sqlite(found) == found


@pytest.mark.parametrize(
    ("question", "language", "asked"),
    [
        ("What does the sign say?", "en", ["sign"]),
        ("What is written on the sign?", "en", ["sign"]),
        ("What was the meter reading?", "en", ["metr", "read"]),
        ("Which state is it in?", "en", ["state"]),
        ("Who said that the lens was sold?", "en", ["said", "len", "sold"]),
        ("Was steht auf dem Schild?", "de", ["schild"]),
        ("Que dit le panneau ?", "fr", ["panneau"]),
        ("¿Qué dice el cartel?", "es", ["cartel"]),
        ("Che cosa dice il cartello?", "it", ["cartell"]),
        ("O que diz a placa?", "pt", ["plac"]),
        ("What does it say?", "en", ["what", "doe", "it", "say"]),
    ],
)
def test_what_asks_what_is_written_is_no_term_of_a_question(
    question: str, language: str, asked: list[str]
) -> None:
    assert query_terms(question, language) == asked


@given(
    st.lists(
        st.sampled_from(["Verträge", "minutes", "km", "5kg", "数字経済", "of", "2024", "ё", "°C"])
    ),
    st.lists(st.sampled_from(["en", "de", "fr", "zh", "ru", "pl", "xx"]), min_size=1, max_size=4),
)
def test_terms_by_languages_are_those_of_each(words: list[str], languages: list[str]) -> None:
    text = " ".join(words)
    stemmed = {stemming_of(language) for language in languages}
    each = {t for code in stemmed for t in terms(text, code) if t not in function_words(code)}
    assert terms_by(text, languages) == each
