"""Each way of answering badly falls in the measure that names it; nothing else hides it."""

from pathlib import Path

import pytest
from evaluation.subjects import (
    AlwaysRefuses,
    CopiesTopPassage,
    Halved,
    NeverRefuses,
    Oracle,
    Shifted,
    WrongDocument,
)

import assistant
from assistant.evaluation import evaluate
from assistant.evaluation.report import Report
from assistant.evaluation.run import read_questions
from assistant.evaluation.values import Question
from assistant.values import Document, DocumentId

ROOT = Path(assistant.__file__).parent.parent
NAME = "china-integrity-technology-sanctions.txt"
OTHER = "Titan has lakes of methane. Io has volcanoes. Europa hides an ocean under its ice."


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    """The questions over the seed document."""
    return read_questions(ROOT / "evals" / "questions" / "seed.jsonl")


def run(subject: type[Oracle], questions: tuple[Question, ...]) -> Report:
    text = (ROOT / "corpus" / NAME).read_text(encoding="utf-8")
    documents = [
        Document(DocumentId(name), "0" * 64, name, "text/plain", body)
        for name, body in ((NAME, text), ("moons.txt", OTHER))
    ]
    return evaluate(subject(questions, *documents), questions)


@pytest.fixture(scope="module")
def perfect(questions: tuple[Question, ...]) -> Report:
    return run(Oracle, questions)


def test_an_answerer_that_knows_the_gold_is_perfect(perfect: Report) -> None:
    for measure in ("trusted", "contains_answer", "evidence_f1", "document_recall"):
        assert perfect.figure(measure).value == 1, measure
    for measure in ("pointer_validity", "verbatim", "citation_coverage", "refusal_recall"):
        assert perfect.figure(measure).value == 1, measure
    assert perfect.figure("refusal_precision").value == 1
    assert perfect.figure("over_refusal").value == 0


@pytest.mark.parametrize(
    ("subject", "fallen", "untouched"),
    [
        (Shifted, {"evidence_f1": 0.3, "contains_answer": 0.4}, ["verbatim", "refusal_recall"]),
        (Halved, {"citation_coverage": 0.6, "evidence_recall": 0.6}, ["verbatim", "over_refusal"]),
        (NeverRefuses, {"refusal_recall": 0.0}, ["evidence_f1", "contains_answer", "verbatim"]),
        (WrongDocument, {"verbatim": 0.0, "document_precision": 0.0}, ["contains_answer"]),
        (AlwaysRefuses, {"contains_answer": 0.0, "evidence_recall": 0.0}, ["refusal_recall"]),
    ],
)
def test_a_sabotage_shows_in_the_measure_that_names_it(
    questions: tuple[Question, ...],
    perfect: Report,
    subject: type[Oracle],
    fallen: dict[str, float],
    untouched: list[str],
) -> None:
    report = run(subject, questions)
    for measure, bound in fallen.items():
        assert report.figure(measure).value <= bound, measure
    for measure in untouched:
        assert report.figure(measure).value == perfect.figure(measure).value, measure
    assert report.figure("trusted").high < perfect.figure("trusted").low


def test_refusing_everything_is_seen_in_over_refusal(questions: tuple[Question, ...]) -> None:
    report = run(AlwaysRefuses, questions)
    assert report.figure("over_refusal").value == 1
    assert report.figure("refusal_precision").value < 0.5


def test_copying_the_top_passage_wins_the_citation_measures_and_not_the_summary(
    questions: tuple[Question, ...], perfect: Report
) -> None:
    report = run(CopiesTopPassage, questions)
    for measure in ("pointer_validity", "verbatim", "citation_coverage"):
        assert report.figure(measure).value == 1
    assert report.figure("trusted").value < 0.2 < perfect.figure("trusted").value
    assert report.figure("contains_answer").value < 0.3


def test_two_runs_give_identical_figures(questions: tuple[Question, ...], perfect: Report) -> None:
    again = run(Oracle, questions)
    timed = {"seconds_p50", "seconds_p95"}
    for measure in perfect.summary["questions"].keys() - timed:
        assert again.figure(measure) == perfect.figure(measure), measure
