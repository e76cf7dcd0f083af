"""Guessing the language whose abbreviations a text uses."""

import pytest

from assistant.text.terms import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The house is old and it was built for the king.", "en"),
        ("Das Haus ist alt und wurde für den König gebaut.", "de"),
        ("La maison est vieille et elle a été bâtie pour le roi.", "fr"),
        ("La casa es vieja y fue construida para el rey.", "es"),
        ("Дом старый.", "ru"),
        ("今天天气很好。", "zh"),
        ("", "en"),
    ],
)
def test_function_words_tell_the_language(text: str, language: str) -> None:
    assert guess_language(text) == language
