"""What readers say of answers becomes questions that `assistant eval` takes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpora import settings_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from postgres import empty
from surface_fakes import FakeAssistant, answer, answered

from assistant.evaluation.run import read_questions
from assistant.serve.chat.database import ChatDatabase, Database, open_database
from assistant.serve.chat.feedback import (
    MAX_COMMENT_CHARS,
    Feedback,
    FeedbackStore,
    list_questions,
    read_feedback,
)
from assistant.serve.chat.turns import Turn

TYPHOON = Turn(3, "typhoon", FakeAssistant().ask("typhoon"))
FIRST, SECOND = answered(TYPHOON.outcome).citations
REFUSED = Turn(4, "unknown", FakeAssistant().ask("unknown"))
HISTORY = (("user", "leave"), ("assistant", "Two days."), ("user", "Why?"), ("assistant", ""))


@pytest.fixture
def book(database: ChatDatabase) -> FeedbackStore:
    return FeedbackStore(database)


def question_of(
    turn: Turn,
    rating: str | None,
    wrong: frozenset[int] = frozenset(),
    history: tuple[tuple[str, str], ...] = (),
) -> dict[str, Any]:
    """Return the line of an answer that was judged so."""
    given = Feedback(
        rating, wrong, "2026-01-02T03:04:05+00:00", turn.question, history, answered(turn.outcome)
    )
    (line,) = list_questions([given])
    return line


def test_a_rating_is_kept_with_all_that_is_needed_to_ask_again(book: FeedbackStore) -> None:
    book.rate("c", TYPHOON, HISTORY, "up")
    (kept,) = book.read()
    assert (kept.rating, kept.wrong) == ("up", frozenset())
    assert (kept.question, kept.history, kept.answer) == ("typhoon", HISTORY, TYPHOON.outcome)


def test_another_rating_takes_the_place_of_the_first_and_none_takes_it_back(
    book: FeedbackStore,
) -> None:
    for rating in ("up", "down", "unanswerable"):
        book.rate("c", TYPHOON, (), rating)
        assert [one.rating for one in book.read()] == [rating]
    book.rate("c", TYPHOON, (), None)
    assert book.read() == ()


@pytest.mark.parametrize("value", ["altered", b"\xff", 7])
@pytest.mark.parametrize("field", ["kind", "given_at", "question", "history", "answer"])
def test_feedback_that_the_disk_has_altered_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, field: str, value: bytes | int | str
) -> None:
    database = Database(tmp_path)
    book = FeedbackStore(database)
    for conversation_id in ("c", "d"):
        book.rate(conversation_id, TYPHOON, HISTORY, "up")
    with database.open() as connection:
        connection.execute(f"UPDATE feedback SET {field} = ? WHERE conversation_id = 'c'", (value,))
    assert len(book.read()) == 1
    assert "feedback on turn 3 of conversation c is damaged" in caplog.text


def test_citations_are_flagged_and_unflagged_each_by_itself(book: FeedbackStore) -> None:
    for number in (1, 2):
        book.flag("c", TYPHOON, (), number, is_wrong=True)
    (kept,) = book.read()
    assert (kept.rating, kept.wrong) == (None, frozenset({1, 2}))
    book.flag("c", TYPHOON, (), 1, is_wrong=False)
    book.rate("c", TYPHOON, (), "down")
    (kept,) = book.read()
    assert (kept.rating, kept.wrong) == ("down", frozenset({2}))
    book.rate("c", TYPHOON, (), None)
    assert [one.wrong for one in book.read()] == [{2}]


def test_answers_are_told_apart_by_conversation_and_number_and_come_oldest_first(
    book: FeedbackStore,
) -> None:
    book.rate("c", TYPHOON, (), "up")
    book.rate("d", TYPHOON, (), "down")
    book.rate("c", REFUSED, (), "down")
    book.flag("c", TYPHOON, (), 1, is_wrong=True)
    told = [(one.rating, set(one.wrong), one.question) for one in book.read()]
    assert told == [("up", {1}, "typhoon"), ("down", set(), "typhoon"), ("down", set(), "unknown")]


@pytest.mark.parametrize("outcome", [None, "Stopped."])
def test_of_a_turn_without_an_answer_nothing_is_kept(
    book: FeedbackStore, outcome: str | None
) -> None:
    book.rate("c", Turn(1, "Why?", outcome), (), "up")
    book.flag("c", Turn(1, "Why?", outcome), (), 1, is_wrong=True)
    assert book.read() == ()


def test_feedback_is_read_from_the_folder_of_the_index(tmp_path: Path) -> None:
    book = FeedbackStore(Database(tmp_path / "index"))
    book.rate("c", TYPHOON, (), "up")
    assert read_feedback(settings_in(tmp_path)) == book.read()


def test_feedback_is_read_from_the_server_where_one_is_named(postgres: str, tmp_path: Path) -> None:
    empty(postgres)
    given_settings = settings_in(tmp_path, store_url=postgres)
    FeedbackStore(open_database(given_settings)).rate("c", TYPHOON, (), "up")
    assert [one.rating for one in read_feedback(given_settings)] == ["up"]
    assert not (tmp_path / "index").exists()


def test_up_of_an_answer_makes_its_citations_the_gold() -> None:
    line = question_of(TYPHOON, "up")
    assert line["answerable"]
    assert line["gold"] == [
        [{"document": c.document_id, "quote": c.quote} for c in (FIRST, SECOND)]
    ]
    assert "wrong" not in line


def test_up_of_an_abstention_makes_the_question_unanswerable_and_down_answerable() -> None:
    for rating, is_answerable in (("up", False), ("unanswerable", False), ("down", True)):
        line = question_of(REFUSED, rating)
        assert line["answerable"] == is_answerable
        assert not {"gold", "wrong"} & set(line)


def test_down_of_an_answer_makes_its_statements_wrong() -> None:
    line = question_of(TYPHOON, "down")
    assert line["answerable"]
    assert line["wrong"] == [statement.text for statement in answered(TYPHOON.outcome).statements]
    assert "gold" not in line


def test_unanswerable_is_what_it_says() -> None:
    line = question_of(TYPHOON, "unanswerable", frozenset({1}))
    assert not line["answerable"]
    assert not {"gold", "wrong"} & set(line)


def test_quotes_that_were_marked_as_wrong_are_never_gold() -> None:
    line = question_of(TYPHOON, "up", frozenset({1}))
    assert [one["quote"] for one in line["gold"][0]] == [SECOND.quote]
    assert line["wrong"] == [FIRST.quote]
    assert "gold" not in question_of(TYPHOON, "up", frozenset({1, 2}))
    alone = question_of(TYPHOON, None, frozenset({2}))
    assert (alone["answerable"], alone["wrong"]) == (True, [SECOND.quote])
    assert "gold" not in alone


def test_the_line_names_the_day_and_the_version_of_the_index() -> None:
    assert question_of(TYPHOON, "up")["note"] == "feedback of 2026-01-02, index version 7"


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


Judged = tuple[Turn, str | None, frozenset[int], tuple[tuple[str, str], ...]]


@st.composite
def judged(draw: DrawFn) -> Judged:
    """Any answer that was judged in any way, by one who sees it."""
    turn = draw(st.sampled_from([TYPHOON, REFUSED]))
    made = answered(turn.outcome)
    quotes = [draw(texts) for _ in made.citations]
    made = replace(
        made,
        citations=tuple(replace(c, quote=q) for c, q in zip(made.citations, quotes, strict=True)),
        statements=tuple(
            replace(s, text=draw(texts | st.just(q)))
            for s, q in zip(made.statements, quotes, strict=True)
        ),
    )
    rating = draw(st.sampled_from(["up", "down", "unanswerable", None]))
    wrong = draw(st.frozensets(st.sampled_from([1, 2]))) if quotes else frozenset()
    said = draw(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text()), max_size=2))
    return replace(turn, question=draw(texts), outcome=made), rating, wrong, tuple(said)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(judged(), min_size=1, max_size=4))
def test_every_line_is_a_question_that_an_evaluation_reads_back(
    tmp_path: Path, all_judged: list[Judged]
) -> None:
    lines = [question_of(*one) for one in all_judged]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    read = read_questions(path)
    assert [one.text for one in read] == [turn.question for turn, *_ in all_judged]
    for question, line, (*_, history) in zip(read, lines, all_judged, strict=True):
        assert question.is_answerable == line["answerable"]
        assert question.wrong == tuple(line.get("wrong", ()))
        gold = [quote["quote"] for quote in line.get("gold", [[]])[0]]
        assert [one.quote for together in question.gold for one in together] == gold
        assert question.history == history
        assert question.kind == "feedback"


def test_what_is_kept_reads_back_as_questions(book: FeedbackStore, tmp_path: Path) -> None:
    book.rate("c", TYPHOON, HISTORY, "up")
    book.rate("c", REFUSED, (), "down")
    book.rate("d", Turn(1, "hello", answer("hello")), (), "up")
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, list_questions(book.read()))))
    assert [(one.text, one.is_answerable) for one in read_questions(path)] == [
        ("typhoon", True),
        ("unknown", True),
        ("hello", False),
    ]


def test_words_are_kept_beside_a_rating_that_says_no_help_and_go_with_it(
    book: FeedbackStore,
) -> None:
    def said() -> list[str]:
        return [one.comment for one in book.read()]

    book.rate("c", TYPHOON, (), "down")
    assert said() == [""]
    book.comment("c", TYPHOON.number, "  The year is that of\nanother group.  ")
    assert said() == ["The year is that of\nanother group."]
    book.rate("c", TYPHOON, (), "unanswerable")
    book.comment("c", TYPHOON.number, "x" * 900)
    assert said() == ["x" * MAX_COMMENT_CHARS]
    book.rate("d", TYPHOON, (), "down")
    assert sorted(said()) == ["", "x" * MAX_COMMENT_CHARS]
    book.rate("c", TYPHOON, (), "up")
    book.rate("c", TYPHOON, (), "down")
    assert said() == ["", ""]


def test_words_are_exported_with_the_question(tmp_path: Path) -> None:
    store = FeedbackStore(Database(tmp_path / "index"))
    store.rate("c", TYPHOON, (), "down")
    store.comment("c", TYPHOON.number, 'It names "Äpfel", not pears.')
    (line,) = list_questions(read_feedback(settings_in(tmp_path)))
    assert line["note"].endswith(': It names "Äpfel", not pears.')
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert len(read_questions(path)) == 1
