"""The seed suite with the real model: its bars are kept, and no shortcut does as well."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from corpora import PREPARED
from evaluation.subjects import CopiesTopPassage

import assistant
from assistant.evaluation import evaluate, read_questions
from assistant.evaluation.report import Report
from assistant.evaluation.runner import Suite, read_suite, run_suite
from assistant.settings import Settings
from assistant.text.sentences import split_sentences
from assistant.values import Document, DocumentId

ROOT = Path(assistant.__file__).parent.parent
NAME = "china-integrity-technology-sanctions.txt"
TEXT = (ROOT / "corpus" / NAME).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return read_suite(ROOT / "evals" / "suites" / "seed.toml")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A cache with a prepared model alone: what is evaluated is indexed here."""
    cache = tmp_path_factory.mktemp("cache")
    PREPARED.joinpath("models").mkdir(parents=True, exist_ok=True)
    (cache / "models").symlink_to(PREPARED / "models")
    return Settings.load(cache_dir=cache)


@pytest.fixture(scope="module")
def report(suite: Suite, settings: Settings) -> Report:
    return run_suite(suite, settings)


@pytest.mark.slow
def test_every_bar_of_the_seed_suite_is_kept(report: Report) -> None:
    assert report.bars
    assert [bar for bar in report.bars if not bar.is_kept] == []


@pytest.mark.slow
def test_two_runs_differ_in_their_seconds_alone(
    report: Report, suite: Suite, settings: Settings
) -> None:
    again = run_suite(suite, settings)
    assert [replace(one, seconds=0) for one in again.records] == [
        replace(one, seconds=0) for one in report.records
    ]
    for measure in report.summary["seed"].keys() - {"seconds_p50", "seconds_p95"}:
        assert again.figure(measure) == report.figure(measure), measure


@pytest.mark.slow
def test_the_assistant_beats_copying_the_top_passage(report: Report, suite: Suite) -> None:
    questions = read_questions(suite.sets[0].questions or Path())
    document = Document(DocumentId(NAME), "0" * 64, NAME, "text/plain", TEXT)
    copier = evaluate(CopiesTopPassage(questions, document), questions)
    assert report.figure("trusted").low > copier.figure("trusted").high
    assert copier.figure("verbatim").value == 1


def test_the_seed_questions_are_of_every_kind_and_their_gold_covers_the_document() -> None:
    questions = read_questions(ROOT / "evals" / "questions" / "seed.jsonl")
    kinds = Counter(question.kind for question in questions)
    assert len(kinds) == 12
    assert min(kinds.values()) >= 6
    assert Counter(question.is_answerable for question in questions) == {True: 82, False: 28}
    quotes = Counter(quote for question in questions for quote in question.evidence)
    sentences = [TEXT[start:end] for start, end in split_sentences(TEXT, [(0, len(TEXT))])]
    assert all(quotes[sentence] >= 2 for sentence in sentences)
    for question in questions:
        assert all(any(a in quote for quote in question.evidence) for a in question.answers)
