"""Misspelt words of a question are searched for as the documents spell them."""

import random
from collections.abc import Iterator

import pytest
from corpora import replace_files, settings_in
from hashing import HashingEmbedder
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assistant.pipeline import Assistant
from assistant.retrieve.query import LONG_LETTERS, MAX_UNKNOWN, MIN_LETTERS, nearest_word, respell
from assistant.settings import Settings
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sync import making_of, sync
from assistant.text.terms import terms

TEXT = (
    "Bismarck governed Prussia. The Danube reaches the parliament of Hungary. Céloron led an "
    "expedition, and the President signed a hundred treaties. It was the first treaty of the "
    "century; the telephone rang. Cats sleep.\n\nFirst things first: Straße und Fuß."
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    settings = settings_in(tmp_path_factory.mktemp("spelling"))
    replace_files(settings.corpus_dir, {"a.txt": TEXT, "b.txt": "A treatise on the treaty."})
    embedder = HashingEmbedder()
    sync(settings, embedder)
    with open_snapshot(settings.index_dir, making_of(embedder, settings)) as opened:
        yield opened


def is_never_a_word(_: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("Who was Bismark?", "Who was Bismarck?"),
        ("who was bismarck", "who was bismarck"),
        ("Celeron's expeditoin", "Céloron's expedition"),
        ("the prsident of Hungray", "the President of Hungary"),
        ("the frist century", "the first century"),
        ("which treatyy", "which treaty"),
        ("DANUBBE", "Danube"),
        ("the zebra crossing", "the zebra crossing"),
        ("cits sleep in 19444", "cits sleep in 19444"),
        ("dnaube? Danueb!", "Danube? Danube!"),
        ("", ""),
        ("?! 数字経済とは何ですか", "?! 数字経済とは何ですか"),
        ("\ufe70" * 5, "\ufe70" * 5),
    ],
)
def test_an_unknown_word_becomes_its_nearest(snapshot: Snapshot, typed: str, searched: str) -> None:
    assert respell(snapshot, typed, is_never_a_word) == searched


def test_a_word_that_is_one_stays_though_no_document_has_it(snapshot: Snapshot) -> None:
    assert respell(snapshot, "the pilot of Hungray", lambda word: word == "pilot") == (
        "the pilot of Hungary"
    )


def test_of_equally_near_words_the_more_frequent_is_taken(snapshot: Snapshot) -> None:
    assert nearest_word(snapshot, "treatq") == "treaty"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["bismarck", "president", "telephone", "parliament"]), st.integers(0, 999))
def test_one_typing_error_after_the_first_letter_is_mended(
    snapshot: Snapshot, word: str, seed: int
) -> None:
    rng = random.Random(seed)
    at = rng.randrange(1, len(word) - 1)
    letter = rng.choice("aeioustln")
    typed = rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    mended = respell(snapshot, typed, is_never_a_word)
    assert terms(mended) == terms(word), "what has the same stem is no unknown word"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_is_survived_and_known_words_are_kept(snapshot: Snapshot, text: str) -> None:
    assert respell(snapshot, f"Danube {text}", is_never_a_word).startswith("Danube ")
    assert respell(snapshot, text, lambda _: True) == text


def test_a_question_of_unknown_words_alone_is_left_as_it_is(snapshot: Snapshot) -> None:
    typed = " ".join(["Danueb"] * MAX_UNKNOWN)
    assert respell(snapshot, typed, is_never_a_word) == " ".join(["Danube"] * MAX_UNKNOWN)
    assert respell(snapshot, f"{typed} Danueb", is_never_a_word) == f"{typed} Danueb"


def test_short_words_may_have_no_error_and_long_ones_two(snapshot: Snapshot) -> None:
    assert MIN_LETTERS == len("catts") < LONG_LETTERS
    assert nearest_word(snapshot, "telehpnoe") == "telephone"
    assert nearest_word(snapshot, "bsmrck") is None


def test_what_was_searched_for_stands_in_the_answer(settings: Settings) -> None:
    with Assistant(settings, HashingEmbedder()) as assistant:
        replace_files(settings.corpus_dir, {"a.txt": TEXT})
        answer = assistant.ask("Who is the preisdent?")
        assert (answer.query, answer.is_reworded) == ("Who is the President?", True)
        assert answer.question == "Who is the preisdent?"
        assert "President" in answer.citations[0].quote
        assert not assistant.ask("Who  is the president?").is_reworded
