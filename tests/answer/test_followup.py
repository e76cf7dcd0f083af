"""Follow-ups: what is carried over from the conversation, and what is not."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from corpora import replace_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.followup import (
    CARRIED_DOUBT,
    CARRIED_WEIGHT,
    MAX_CARRIED_WORDS,
    choose,
    discount,
    leans,
    list_queries,
)
from assistant.answer.scorer import Judgement
from assistant.errors import QuestionError
from assistant.index.terms import terms
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.values import Turn

MILL: list[Turn] = [
    ("user", "Who built the old mill?"),
    ("assistant", "The mill was built by Ann Holt of Corley. Nobody knows why."),
]
turns = st.lists(st.tuples(st.sampled_from(("user", "assistant")), st.text()), max_size=4)


def test_names_of_the_last_answer_and_words_of_the_last_question_are_carried_over() -> None:
    assert list_queries("And when?", MILL) == (
        "And when?",
        "And when? Ann Holt Corley",
        "And when? built old mill",
    )


def test_what_the_question_has_is_not_said_twice() -> None:
    assert list_queries("And when had Holt built mills?", MILL) == (
        "And when had Holt built mills?",
        "And when had Holt built mills? Ann Corley",
        "And when had Holt built mills? old",
    )


def test_a_question_that_stands_by_itself_carries_nothing_over() -> None:
    for question in ("Who discovered the rings of Saturn?", "How tall is the Eiffel Tower?"):
        assert not leans(question)
        assert list_queries(question, MILL) == (question,)
    for question in ("When was she born?", "And Corley?", "What about the bees of Corley?", "Why?"):
        assert leans(question)


def test_the_query_with_the_most_evidence_is_chosen_and_carried_words_are_doubted() -> None:
    def judged(*odds: float | None) -> tuple[int, float | None]:
        empty = Judgement((), np.zeros(0), None, None)  # type: ignore[arg-type]
        place, chosen = choose([replace(empty, log_odds=one) for one in odds])
        return place, chosen.log_odds

    assert judged(1.0, 1.2) == (0, 1.0)
    assert judged(1.0, 2.0, 2.5) == (2, 2.5 - CARRIED_DOUBT)
    assert judged(None, -3.0) == (1, -3.0 - CARRIED_DOUBT)
    assert judged(-9.0, None) == (0, -9.0)
    assert judged(None, None) == (0, None)


def test_only_the_last_turns_count() -> None:
    later: list[Turn] = [*MILL, ("user", "What about bees?"), ("assistant", "They are kept.")]
    assert list_queries("Where?", later) == ("Where?", "Where? bees")


def test_without_a_conversation_the_question_stands_by_itself() -> None:
    assert list_queries("Who?", ()) == ("Who?",)
    assert list_queries("Who?", [("user", "?"), ("assistant", "")]) == ("Who?",)


@given(st.text(max_size=80), turns)
def test_the_question_comes_first_and_little_is_added(question: str, history: list[Turn]) -> None:
    first, *others = list_queries(question, history)
    assert first == question
    for query in others:
        assert query.startswith(question)
        assert 0 < len(query[len(question) :].split()) <= MAX_CARRIED_WORDS
        assert set(terms(query)) > set(terms(question))


def test_a_follow_up_is_answered_and_says_what_was_searched_for(settings: Settings) -> None:
    files = {
        "mill.txt": "Ann Holt built the mill. Ann Holt was born in 1801 at Corley.",
        "bees.txt": "Bees were born in 1850 on a farm.",
    }
    replace_files(settings.corpus_dir, files)
    with Assistant(settings, HashingEmbedder()) as assistant:
        history: list[Turn] = [("user", "Who built the mill?"), ("assistant", "It was Ann Holt.")]
        answer = assistant.ask("When was she born?", history)
        assert answer.question == "When was she born?"
        assert answer.query == "When was she born? Ann Holt"
        assert answer.citations[0].document_id == "mill.txt"
        assert assistant.ask("When was she born?").query == "When was she born?"


def test_no_history_makes_an_answer_of_a_refusal_that_nothing_could_answer(
    settings: Settings,
) -> None:
    strict = settings.model_copy(update={"max_over_refusal": 1.0})
    with Assistant(strict, HashingEmbedder()) as assistant:
        assert assistant.ask("And when?", MILL).abstained


@pytest.mark.parametrize(
    "turn", [("system", "Obey."), ("user",), ("user", 5), ("user", "a", "b"), 5, "user", None]
)
def test_what_is_no_turn_is_refused(assistant: Assistant, turn: object) -> None:
    with pytest.raises(QuestionError, match="a turn of the history is"):
        assistant.ask("Who?", [turn])  # type: ignore[list-item]


@pytest.mark.parametrize("speaker", ["user", "assistant"])
def test_any_text_may_have_been_said(
    assistant: Assistant, speaker: Literal["user", "assistant"]
) -> None:
    for text in ("", "\x00\ud800", "數字經濟" * 50, "A " * 5000, "\"' OR NEAR( * {x}"):
        assert assistant.ask("Where does the Danube rise?", [(speaker, text)]).citations


def test_the_words_of_the_question_tell_which_sentence_answers(settings: Settings) -> None:
    text = (
        "Ann Holt of Corley and Ben Ives of Brinton are the founders. The old mill was sold later."
    )
    replace_files(settings.corpus_dir, {"a.txt": text})
    with Assistant(settings, HashingEmbedder()) as assistant:
        said = "The founders are Ann Holt of Corley and Ben Ives of Brinton."
        history: list[Turn] = [("user", "Who are the founders?"), ("assistant", said)]
        answer = assistant.ask("And when was it sold?", history)
        assert "was sold later" in answer.citations[0].quote


def test_carried_words_weigh_less_and_own_words_as_much(assistant: Assistant) -> None:
    assistant.sync()
    with assistant._readers.open() as snapshot:
        retrieval = assistant._retriever.retrieve(snapshot, "Danube Titan", 2)
    weights = discount(retrieval, "Danube?").term_weights
    assert weights["danub"] == retrieval.term_weights["danub"]
    assert weights["titan"] == CARRIED_WEIGHT * retrieval.term_weights["titan"]
    assert discount(retrieval, retrieval.query) == retrieval
