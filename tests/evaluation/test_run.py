"""Asking questions: what a record keeps, and what is refused before anything is asked."""

from dataclasses import replace
from pathlib import Path

import pytest
from evaluation.subjects import Oracle

from assistant.errors import QuestionError
from assistant.evaluation import Gold, Question, evaluate
from assistant.evaluation.report import read_report, write_report
from assistant.evaluation.run import Asked, Journal, ask_all
from assistant.pipeline import Assistant
from assistant.values import Document, DocumentId

TITAN = "Titan has lakes of methane."
QUESTIONS = (
    Question(
        "q1",
        "What fills the lakes of Titan?",
        is_answerable=True,
        answers=("methane",),
        gold=((Gold("space/moons.md", "It has lakes of methane."),),),
        documents=("space/moons.md",),
        kind="fact",
    ),
    Question("q2", "Who discovered Saturn?", is_answerable=False, kind="near-miss"),
)
MOONS = Document(DocumentId("moons.txt"), "0" * 64, "Moons", "text/plain", TITAN)


def test_a_record_says_what_was_asked_said_cited_and_expected(assistant: Assistant) -> None:
    report = evaluate(assistant, QUESTIONS, name="moons")  # which makes the index
    first, second = report.records
    assert (first.dataset, first.query_id, first.kind) == ("moons", "q1", "fact")
    assert first.gold[0].text == "It has lakes of methane."
    assert first.answers == ("methane",)
    assert not first.abstained
    for source in (*first.cited, *first.gold):
        text = assistant.document(source.document_id).text
        assert text[source.start : source.end] == source.text
    assert [numbers for _, numbers in first.said]
    assert first.values["refusal_recall"] is None
    assert second.values["contains_answer"] is None
    assert second.values["refusal_recall"] == 0, "these settings never abstain"
    assert report.figure("verbatim").value == report.figure("pointer_validity").value == 1
    assert report.figure("refusal_recall").n == 1


def test_gold_that_the_corpus_does_not_hold_is_refused_before_anything_is_asked() -> None:
    for gold in (Gold("moons.txt", "Titan is green."), Gold("absent.txt", "Titan")):
        question = Question("bad", "What?", True, gold=((gold,),), documents=("moons.txt",))
        oracle = Oracle((*QUESTIONS, question), MOONS)
        with pytest.raises(QuestionError, match="the gold of 'bad'"):
            evaluate(oracle, (replace(QUESTIONS[1]), question))
        assert oracle.n_asked == 0


def test_a_file_of_questions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "Who?", "answerable": false}', encoding="utf-8")
    asked = Question("line-1", "Who?", is_answerable=False)
    report = evaluate(Oracle([asked], MOONS), path)
    assert report.figure("trusted").value == 1


def test_a_question_that_cannot_be_asked_is_named(assistant: Assistant) -> None:
    question = Question("blank", "  ", is_answerable=False)
    with pytest.raises(QuestionError, match="'blank' cannot be asked: the question is empty"):
        evaluate(assistant, [question])


def test_what_the_journal_holds_is_not_asked_again(tmp_path: Path) -> None:
    questions = tuple(Question(f"q{n}", f"Who is {n}?", is_answerable=False) for n in range(5))
    journal = Journal(tmp_path / "journal")
    oracle = Oracle(questions, MOONS)
    first = ask_all(oracle, Asked("set", questions[:3]), journal=journal)
    seen: list[int] = []
    asked = Asked("set", questions)
    whole = ask_all(oracle, asked, journal=Journal(tmp_path / "journal"), on_question=seen.append)
    assert whole[:3] == first
    assert oracle.n_asked == 5
    assert seen == [1, 2, 3, 4, 5]


def test_of_a_set_for_ranking_only_the_ranking_is_measured(assistant: Assistant) -> None:
    assistant.sync()
    question = Question("q", "lakes of methane", is_answerable=True, documents=("space/moons.md",))
    (record,) = ask_all(assistant, Asked("ranked", (question,), is_ranking=True))
    assert record.values["recall@5"] == record.values["ndcg@10"] == 1
    assert record.values["trusted"] is None
    assert record.values["over_refusal"] is None


def test_a_report_comes_back_from_its_file_as_it_was(assistant: Assistant, tmp_path: Path) -> None:
    assistant.sync()
    report = evaluate(assistant, QUESTIONS)
    write_report(report, tmp_path / "new" / "report.json")
    assert read_report(tmp_path / "new" / "report.json") == report
