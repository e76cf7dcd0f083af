"""A courtesy gets a reply; whatever asks for something goes to the documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.follow_up import MAX_WORDS, REPLIES, reply_to
from assistant.pipeline import Assistant
from assistant.text.terms import say_in
from assistant.values import Answer, Turn

COURTESIES = {
    "greeting": (
        "Hello!|hi there|Hey|HELLO|hellooo|Good morning|good morning everyone :)|Hi 👋|👋🏽|Hello?|"
        "Guten Morgen!|Grüß Gott|grüss gott|Hallo zusammen|Moin|Bonjour|Salut à tous|¡Hola!|"
        "Buenos días|buenas tardes|Ciao|Buongiorno|Olá|Bom dia"
    ),
    "thanks": (
        "thanks a lot|thank you, that helps|Thanks!!! ❤️|thx|ok, thanks|Great, thank you|"
        "Hello, and thanks for your help|no thanks|Thank you so much, that's very helpful|"
        "Vielen Dank!|danke schön|Merci beaucoup|muchas gracias|Grazie mille|obrigada|🙏"
    ),
    "farewell": (
        "bye|Bye bye|ok, thanks, bye!|see you later|Tschüss|Auf Wiedersehen|Au revoir|À bientôt !|"
        "adiós|Hasta luego|Arrivederci|tchau|até logo"
    ),
    "acknowledgement": (
        "ok|OK.|okay, great|great|Perfect!|got it|I see|that makes sense|👍|👍🏻|Alles klar|"
        "d’accord|c'est bon|De acuerdo|va bene|tudo bem|yes|😊"
    ),
}
"""Turns of each kind, a bar between any two."""
NONE = (
    "Hello, who signed it?|thanks, and when?|ok computer album|ok, and?|ok?|Hello World|"
    "hello kitty|Good Friday|Goodbye Lenin|thank you for smoking|Great Britain|great depression|"
    "Nice|a fine|right|all|gut|OK Oklahoma|What does hello mean?|bonjour tristesse|"
    "ciao, quanto costa?|hello 数字|thanks 2021|hola qué es|?!|?|...|📄||the|and so|no"
)


def kind_of(turn: str) -> str | None:
    reply = reply_to(turn)
    languages = ("en", "de", "fr", "es", "it", "pt")
    said_as = {say_in(code, said): kind for kind, said in REPLIES.items() for code in languages}
    return said_as.get(reply or "")


@pytest.mark.parametrize("kind", COURTESIES)
def test_a_turn_that_is_nothing_but_a_courtesy_has_a_reply(kind: str) -> None:
    turns = COURTESIES[kind].split("|")
    assert {turn: kind_of(turn) for turn in turns} == dict.fromkeys(turns, kind)


@pytest.mark.parametrize("turn", NONE.split("|"))
def test_anything_with_a_question_or_a_word_of_its_own_is_none(turn: str) -> None:
    assert reply_to(turn) is None


@pytest.mark.parametrize(
    ("turn", "language"),
    [
        ("Guten Abend!", "de"),
        ("merci beaucoup", "fr"),
        ("¡Muchas gracias!", "es"),
        ("Arrivederci", "it"),
        ("ok, obrigado", "pt"),
        ("Hi there", "en"),
        ("super", "en"),
    ],
)
def test_a_courtesy_is_replied_to_in_its_language(turn: str, language: str) -> None:
    assert reply_to(turn) in {say_in(language, said) for said in REPLIES.values()}


@given(st.text(max_size=40))
def test_any_text_is_survived_and_a_word_more_makes_a_question_of_a_courtesy(text: str) -> None:
    reply_to(text)
    assert reply_to(f"hello {text} treaty") is None
    assert reply_to("thanks " * (MAX_WORDS + 1)) is None


@given(st.sampled_from(["hello", "thanks", "ok", "bye"]), st.text("!.,; \n-…*", max_size=9))
def test_punctuation_changes_nothing(word: str, marks: str) -> None:
    assert reply_to(f"{marks}{word.upper()}{marks}") == reply_to(word) is not None


def test_a_courtesy_is_answered_without_an_index_and_builds_none(assistant: Assistant) -> None:
    (answer,) = assistant.stream(" Thanks a\n lot! ")
    assert isinstance(answer, Answer)
    assert not assistant.has_index
    assert answer.text == answer.reason == REPLIES["thanks"]
    assert (answer.question, answer.query) == (" Thanks a\n lot! ", "Thanks a lot!")
    assert (answer.kind, answer.abstained) == ("reply", False)
    assert not answer.is_reworded
    assert (answer.statements, answer.citations, answer.consulted) == ((), (), ())
    assert (answer.answerer, answer.confidence, answer.index_version) == ("courtesy", 0.0, 0)
    assert answer.timings == {}


def test_a_courtesy_tells_the_version_of_the_index_and_leans_on_nothing(
    assistant: Assistant,
) -> None:
    assistant.sync()
    said: list[Turn] = [
        ("user", "Where does the Danube rise?"),
        ("assistant", "In the Black Forest."),
    ]
    answer = assistant.ask("ok", said)
    assert answer == assistant.ask("ok")
    assert answer.index_version == assistant.index_version > 0
    assert assistant.ask("Hello, where does the Danube rise?", said).answerer == "extract"
