"""Follow-ups: what is carried over from the conversation, and what is not."""

from typing import Literal

import numpy as np
import pytest
from corpora import replace_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.follow_up import (
    CARRIED_DOUBT,
    CARRIED_WEIGHT,
    LEANING,
    MAX_CARRIED_WORDS,
    choose,
    discount,
    leans,
    list_queries,
    settle,
    unite,
)
from assistant.errors import QuestionError
from assistant.evidence.scorer import Judgement
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.text.terms import terms
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


def test_a_question_leans_by_a_pronoun_a_first_word_or_for_want_of_its_own() -> None:
    for question in ("Who discovered the rings of Saturn?", "How tall is the Eiffel Tower?"):
        assert not leans(question)
    for question in ("When was she born?", "And Corley?", "What about the bees of Corley?", "Why?"):
        assert leans(question)


def test_the_names_are_of_the_last_turn_that_has_any() -> None:
    later: list[Turn] = [*MILL, ("user", "Is it big?"), ("assistant", "I do not know.")]
    assert list_queries("Where?", later)[1] == "Where? Ann Holt Corley"
    named: list[Turn] = [*MILL, ("user", "Is it near Brinton?"), ("assistant", "I do not know.")]
    assert list_queries("Where?", named)[1] == "Where? Brinton"


def test_a_single_letter_is_no_name() -> None:
    history: list[Turn] = [("user", "Who?"), ("assistant", "As I said, it was the U of Corley.")]
    assert list_queries("When?", history) == ("When?", "When? Corley")


def test_questions_are_gone_back_through_until_they_give_enough_words() -> None:
    later: list[Turn] = [*MILL, ("user", "What about bees?"), ("assistant", "They are kept.")]
    assert list_queries("Where?", later)[-1] == "Where? bees built old mill"
    long: list[Turn] = [*MILL, ("user", "Do farms keep brown bees, black goats, grey geese?")]
    assert list_queries("Where?", long)[-1] == (
        "Where? farms keep brown bees black goats grey geese"
    )


def judged(log_odds: float | None) -> Judgement:
    return Judgement((), np.zeros(0), None, log_odds)  # type: ignore[arg-type]


def test_the_query_with_the_most_evidence_is_chosen() -> None:
    def chosen(question: str, *odds: float | None) -> int:
        return choose(question, [judged(one) for one in odds])

    assert chosen("Who discovered the rings of Saturn?", 1.0, 0.9, 1.1) == 2
    assert chosen("Who discovered the rings of Saturn?", 1.0, 1.0) == 0
    assert chosen("When was she born?", 1.0, 1.1 - LEANING) == 1
    assert chosen("When was she born?", 1.0, 0.9 - LEANING) == 0
    assert chosen("Why?", None, -3.0) == 1
    assert chosen("Why?", -9.0, None) == 0
    assert chosen("Why?", None, None) == 0
    assert chosen("Why?", -9.0) == 0


def test_an_answer_to_a_question_that_leans_is_doubted() -> None:
    settled = settle("When was she born?", judged(5.0), judged(1.0), judged(3.0))
    assert settled.log_odds == 1.0 - CARRIED_DOUBT
    assert settle("Why?", judged(1.0), judged(None), judged(None)).log_odds is None


def test_carried_words_make_no_answer_of_a_question_that_stands_by_itself() -> None:
    question = "Who discovered the rings of Saturn?"
    assert settle(question, judged(-2.0), judged(9.0), judged(-1.0)).log_odds == -1.0
    assert settle(question, judged(-2.0), judged(9.0), judged(None)).log_odds == -2.0


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


def test_a_follow_up_is_answered_and_says_what_was_searched_for(assistant: Assistant) -> None:
    files = {
        "mill.txt": "Ann Holt built the mill. Ann Holt was born in 1801 at Corley.",
        "bees.txt": "Bees were born in 1850 on a farm.",
    }
    replace_files(assistant.settings.corpus_dir, files)
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


def test_the_words_of_the_question_tell_which_sentence_answers(assistant: Assistant) -> None:
    text = (
        "Ann Holt of Corley and Ben Ives of Brinton are the founders. The old mill was sold later."
    )
    replace_files(assistant.settings.corpus_dir, {"a.txt": text})
    said = "The founders are Ann Holt of Corley and Ben Ives of Brinton."
    history: list[Turn] = [("user", "Who are the founders?"), ("assistant", said)]
    answer = assistant.ask("And when was it sold?", history)
    assert "was sold later" in answer.citations[0].quote


def test_carried_words_weigh_less_or_nothing_and_own_words_as_much(assistant: Assistant) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        retrieval = assistant._retriever.retrieve(snapshot, "Danube Titan", 2)
    weights = discount(retrieval, "Danube?").term_weights
    assert weights["danub"] == retrieval.term_weights["danub"]
    assert weights["titan"] == CARRIED_WEIGHT * retrieval.term_weights["titan"]
    assert discount(retrieval, retrieval.query).term_weights == retrieval.term_weights
    by_itself = discount(retrieval, "Where does the Danube river rise?").term_weights
    assert by_itself == {"danub": retrieval.term_weights["danub"], "titan": 0.0}


def test_a_new_subject_is_searched_for_by_itself(assistant: Assistant) -> None:
    replace_files(
        assistant.settings.corpus_dir,
        {"mill.txt": "Ann Holt built the mill.", "rings.txt": "Galileo saw the rings of Saturn."},
    )
    answer = assistant.ask("Who saw the rings of Saturn?", MILL)
    assert answer.query == "Who saw the rings of Saturn?"
    assert [one.document_id for one in answer.citations] == ["rings.txt"]


def test_uniting_keeps_the_first_and_adds_only_what_is_new(assistant: Assistant) -> None:
    files = {f"{n}.txt": f"Word{n} stands in the garden of stones." for n in range(6)}
    replace_files(assistant.settings.corpus_dir, files)
    assistant.sync()
    with assistant.index.open() as snapshot:
        one = assistant._retriever.retrieve(snapshot, "word1 garden", 3)
        other = assistant._retriever.retrieve(snapshot, "word4 garden", 3)
    both = unite(one, other)
    ids = [ranked.passage.passage_id for ranked in both.ranking]
    assert ids[:3] == [ranked.passage.passage_id for ranked in one.ranking]
    assert set(ids) == set(ids[:3]) | {ranked.passage.passage_id for ranked in other.ranking}
    assert len(ids) == len(set(ids)) == len(both.sentence_vectors)
    assert (both.query, both.term_weights) == (one.query, one.term_weights)
    assert unite(one, one).ranking == one.ranking
