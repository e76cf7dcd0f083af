"""Suites end to end, over tiny sets and an embedder without a model."""

import json
from pathlib import Path

import pytest
from corpora import FILES, replace_files, settings_in, write_files
from dataset_rows import NQ_ROW, TITAN, squad, write_json, write_lines
from hashing import HashingEmbedder

from assistant import pipeline
from assistant.errors import EvaluationError, IndexLocked, SettingsError
from assistant.evaluation import runner
from assistant.evaluation.provenance import digest, find_commit
from assistant.evaluation.report import Report
from assistant.evaluation.runner import draw, run_suite
from assistant.evaluation.suite import Suite
from assistant.evaluation.values import Question


@pytest.fixture(autouse=True)
def without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: HashingEmbedder())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of public sets."""
    write_json(tmp_path / "data" / "squad2" / "squad2.json", squad([TITAN]))
    write_lines(tmp_path / "data" / "nq_oracle" / "nq.jsonl", NQ_ROW)
    return tmp_path / "data"


def suite(*sets: dict[str, object], **settings: object) -> Suite:
    return Suite.model_validate({"name": "tiny", "set": sets, "settings": settings})


SQUAD = {"name": "squad", "dataset": "squad2"}
NQ = {"name": "nq", "dataset": "nq"}


def without_seconds(report: Report) -> dict[str, object]:
    return {
        dataset: {name: value for name, value in figures.items() if "seconds" not in name}
        for dataset, figures in report.summary.items()
    }


def test_a_suite_reports_each_of_its_sets(tmp_path: Path, data: Path) -> None:
    own = {"name": "own", "questions": tmp_path / "q.jsonl", "corpus": tmp_path / "docs"}
    write_files(tmp_path / "docs", FILES)
    row = {"question": "Where does the Danube rise?", "answerable": True}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    settings = settings_in(tmp_path)
    report = run_suite(suite(own, SQUAD, NQ, max_over_refusal=0.0), settings, data=data)
    assert list(report.summary) == ["own", "squad", "nq"]
    assert [record.dataset for record in report.records] == ["own", "squad", "squad", "nq"]
    assert report.about["settings"]["max_over_refusal"] == 0
    assert report.about["sets"]["squad"]["documents"] == 1
    assert not settings.index_dir.exists(), "a suite leaves the index of the user alone"
    assert str(tmp_path) not in repr(report.about)


def test_the_same_run_again_gives_the_same_figures_and_indexes_nothing(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_suite(suite(SQUAD, NQ), settings_in(tmp_path), data=data)
    embedder = HashingEmbedder()
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: embedder)
    second = run_suite(suite(SQUAD, NQ), settings_in(tmp_path), data=data)
    assert without_seconds(first) == without_seconds(second)
    assert embedder.n_embedded == 0
    assert not list((tmp_path / "cache" / "evals" / "runs").iterdir()), (
        "finished runs are forgotten"
    )


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, data: Path) -> None:
    asked: list[str] = []

    def interrupt(stage: str, done: int, total: int) -> None:
        del total
        asked.append(f"{stage} {done}")
        if stage == "asking squad" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_suite(suite(SQUAD), settings_in(tmp_path), data=data, show=interrupt)
    (journal,) = (tmp_path / "cache" / "evals" / "runs").iterdir()
    kept = journal.read_bytes()
    report = run_suite(suite(SQUAD), settings_in(tmp_path), data=data)
    assert len(report.records) == 2
    assert report.records[0].question.encode() in kept


def test_another_setting_is_another_run(tmp_path: Path, data: Path) -> None:
    never = run_suite(suite(SQUAD, max_over_refusal=0.0), settings_in(tmp_path), data=data)
    always = run_suite(suite(SQUAD, max_over_refusal=1.0), settings_in(tmp_path), data=data)
    assert never.figure("refusal_recall").value == 0
    assert always.figure("refusal_recall").value == 1


def test_sets_that_are_not_there_are_left_out_and_told(tmp_path: Path, data: Path) -> None:
    said: list[str] = []
    clapnq = {"name": "clapnq", "dataset": "clapnq"}
    report = run_suite(suite(SQUAD, clapnq), settings_in(tmp_path), data=data, say=said.append)
    assert list(report.summary) == ["squad"]
    assert said[0].startswith("left out: clapnq: ")
    for folder in (None, tmp_path / "absent"):
        with pytest.raises(EvaluationError, match="--data FOLDER"):
            run_suite(suite(SQUAD), settings_in(tmp_path), data=folder)


def test_a_malformed_set_is_refused_with_its_file(tmp_path: Path, data: Path) -> None:
    (data / "squad2" / "squad2.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"'squad2' cannot be used: .*squad2\.json: data"):
        run_suite(suite(SQUAD), settings_in(tmp_path), data=data)


def test_a_run_waits_for_one_that_indexes_the_same_set(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    sync, calls = pipeline.Assistant.sync, iter([True, False])

    def busy_once(self: pipeline.Assistant, **given: object) -> object:
        if next(calls, False):
            raise IndexLocked("busy")
        return sync(self, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline.Assistant, "sync", busy_once)
    monkeypatch.setattr(runner, "WAIT_S", 0.0)
    run_suite(suite(SQUAD), settings_in(tmp_path), data=data, show=lambda s, *_: waited.append(s))
    assert "waiting for another run to index squad" in waited


def test_a_cached_index_of_another_model_is_made_anew(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_suite(suite(SQUAD), settings_in(tmp_path), data=data)
    newer = HashingEmbedder(fingerprint="newer")
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: newer)
    run_suite(suite(SQUAD), settings_in(tmp_path), data=data)
    assert newer.n_embedded == 1


def test_questions_without_a_corpus_of_their_own_are_asked_of_the_settings_one(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    replace_files(settings.corpus_dir, {"a.txt": "The Danube is long."})
    (tmp_path / "q.jsonl").write_text('{"question": "Danube?", "answerable": true}', "utf-8")
    report = run_suite(suite({"name": "own", "questions": tmp_path / "q.jsonl"}), settings)
    assert len(report.records) == 1
    assert settings.index_dir.is_dir()


def test_a_sample_is_the_same_for_a_seed_and_keeps_the_order() -> None:
    questions = tuple(Question(f"q{n}", "?", is_answerable=False) for n in range(50))
    assert draw(questions, None, 0) == draw(questions, 50, 1) == questions
    drawn = draw(questions, 10, 1)
    assert drawn == draw(questions, 10, 1) != draw(questions, 10, 2)
    assert sorted(drawn, key=questions.index) == list(drawn)


def test_a_digest_tells_apart_what_is_not_equal() -> None:
    assert digest({"a": "b"}) != digest({"ab": ""}) != digest({})
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})


def test_the_commit_is_found_however_git_keeps_it(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    assert find_commit(tmp_path) is None
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    assert find_commit(tmp_path) is None
    (git / "packed-refs").write_text(f"# pack-refs\n{'a' * 40} refs/heads/main\n", "utf-8")
    assert find_commit(tmp_path) == "a" * 40
    (git / "refs" / "heads" / "main").write_text(f"{'b' * 40}\n", encoding="utf-8")
    assert find_commit(tmp_path) == "b" * 40
    (git / "HEAD").write_text(f"{'c' * 40}\n", encoding="utf-8")
    assert find_commit(tmp_path) == "c" * 40


def test_settings_of_a_suite_that_cannot_be_used_are_refused(tmp_path: Path, data: Path) -> None:
    with pytest.raises(SettingsError, match="n_passages"):
        run_suite(suite(SQUAD, n_passages=0), settings_in(tmp_path), data=data)
