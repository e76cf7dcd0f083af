import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from corpora import replace_files, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assistant.errors import QuestionError
from assistant.pipeline import Assistant
from assistant.retrieve.query import (
    LONG_LETTERS,
    MAX_UNKNOWN,
    MIN_LETTERS,
    focus,
    name_days,
    nearest_word,
    read_question,
    respell,
)
from assistant.store.index import Index
from assistant.store.snapshot import Snapshot
from assistant.text.terms import terms

LONG = (
    "Hello, I have been reading these documents all morning for a report that my colleague asked "
    "me to write, and I was wondering whether you could tell me the following: {} "
    "Thank you very much in advance, I really appreciate your help."
)


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Who signed it?", "Who signed it?"),
        ("Could you please tell me who signed it?", "who signed it?"),
        ("Hi! I was wondering if you could tell me who signed it", "who signed it"),
        ("do you know when the U.S. joined?", "when the U.S. joined?"),
        ("I'd like to know why prices fell.", "why prices fell."),
        (LONG.format("When did the Normans come?"), "When did the Normans come?"),
        ("Tell me", "Tell me"),
        ("Thanks", "Thanks"),
        ("Sohail signed it", "Sohail signed it"),
        ("Ratio 3:2 of what?", "Ratio 3:2 of what?"),
        ("?!", "?!"),
        ("数字経済とは何ですか", "数字経済とは何ですか"),
    ],
)
def test_the_frame_of_a_question_is_not_searched_for(question: str, query: str) -> None:
    assert focus(question) == query


def test_a_question_that_leans_on_what_was_said_before_keeps_it() -> None:
    told = (
        "Volt Typhoon is a group of hackers that has been found in the networks of many companies."
    )
    question = f"{told} When was it first seen by anyone at all?"
    assert focus(question) == question


@given(st.text(max_size=300))
def test_a_query_has_no_word_that_the_question_has_not_and_is_never_empty(question: str) -> None:
    query = focus(question)
    assert set(re.findall(r"\w+", query)) <= set(re.findall(r"\w+", question))
    assert bool(query.strip()) == bool(question.strip())


def test_a_question_is_read_on_one_line_and_in_canonical_form() -> None:
    assert read_question(" Who\n is\u200b  Zoe\u0308? ", 99).line == "Who is Zoë?"


def test_a_question_of_nothing_or_of_too_much_is_refused() -> None:
    assert read_question("abc", 3).line == "abc"
    with pytest.raises(QuestionError, match="4 characters, over the limit of 3"):
        read_question("abcd", 3)
    with pytest.raises(QuestionError, match="empty"):
        read_question("\u200b\n", 3)


TEXT = (
    "Bismarck governed Prussia. The Danube reaches the parliament of Hungary. Céloron led an "
    "expedition, and the President signed a hundred treaties. It was the first treaty of the "
    "century; the telephone rang. Cats sleep.\n\nFirst things first: Straße und Fuß."
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    settings = settings_in(tmp_path_factory.mktemp("spelling"))
    replace_files(settings.corpus_dir, {"a.txt": TEXT, "b.txt": "A treatise on the treaty."})
    with Index(settings, HashingEmbedder()) as index:
        index.sync()
        with index.open() as opened:
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


def test_what_was_searched_for_stands_in_the_answer(assistant: Assistant) -> None:
    replace_files(assistant.settings.corpus_dir, {"a.txt": TEXT})
    answer = assistant.ask("Who is the preisdent?")
    assert (answer.query, answer.is_reworded) == ("Who is the President?", True)
    assert answer.question == "Who is the preisdent?"
    assert "President" in answer.citations[0].quote
    assert not assistant.ask("Who  is the president?").is_reworded


NAMED_DAYS = {
    "log.txt": "On 27 November 2026 the pump was mended. In October 2026 it had stood still.",
    "hours.txt": "On Sunday the yard is closed. In 2025 the fee rose.",
}


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("What was mended yesterday?", "What was mended on 27 November 2026?"),
        ("What happened last month?", "What happened in October 2026?"),
        ("What rose last year?", "What rose in 2025?"),
        ("Is the yard open tomorrow?", "Is the yard open on Sunday?"),
        ("What is due by next Friday?", "What is due by 4 December 2026?"),
        ("Is the yard used today?", "Is the yard used today?"),
        ("What do we do this year?", "What do we do in 2026?"),
        ("I paid last month, when is it due?", "I paid in October 2026, when is it due?"),
        ("Who fell ill last Tuesday?", "Who fell ill on 24 November 2026?"),
        ("I fell ill last Tuesday, who pays?", "I fell ill last Tuesday, who pays?"),
        ("we sold it last Monday who pays", "we sold it last Monday who pays"),
    ],
)
def test_a_relative_day_is_searched_for_as_the_documents_name_it(
    tmp_path: Path, typed: str, searched: str
) -> None:
    settings = settings_in(tmp_path)
    write_files(settings.corpus_dir, NAMED_DAYS)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        with assistant.index.open() as snapshot:
            assert name_days(snapshot, typed, date(2026, 11, 28)) == searched
