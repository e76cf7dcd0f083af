"""Suites end to end, over tiny sets and an embedder without a model."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest
from corpora import FILES, replace_files, settings_in, write_files
from hashing import HashingEmbedder

from assistant import pipeline
from assistant.errors import EvaluationError, IndexLocked, SettingsError
from assistant.evaluation import runner
from assistant.evaluation.report import Report, digest, find_commit
from assistant.evaluation.runner import Suite, draw, refuse_set, run_suite, write_corpus
from assistant.evaluation.values import Dataset, Question

Row = dict[str, Any]
SQUAD: Row = {"name": "squad", "dataset": "squad2"}
NQ: Row = {"name": "nq", "dataset": "nq"}
SETS = {
    "squad2": Dataset(
        "squad2",
        {"0.txt": "Titan has lakes of methane."},
        (
            Question("q0", "What fills the lakes?", True, ("methane",), documents=("0.txt",)),
            Question("q1", "What fills the seas of Rhea?", False),
        ),
    ),
    "nq": Dataset(
        "nq",
        {"0.txt": "Titan has lakes."},
        (Question("q0", "which moon has lakes", True, ("Titan",), documents=("0.txt",)),),
    ),
}


def load_set(name: str) -> Dataset:
    """A loader of public sets, of which most are not there."""
    if name not in SETS:
        raise FileNotFoundError(f"{name} is not here")
    return SETS[name]


class Run(Protocol):
    """Runs a suite of these sets, with these settings of its own."""

    def __call__(self, *sets: Row, given: Row | None = None, **settings: object) -> Report: ...


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: HashingEmbedder())

    def run(*sets: Row, given: Row | None = None, **settings: object) -> Report:
        suite = Suite.model_validate({"name": "tiny", "set": sets, "settings": settings})
        return run_suite(suite, settings_in(tmp_path), **{"load_set": load_set, **(given or {})})

    return run


def without_seconds(report: Report) -> dict[str, object]:
    return {
        dataset: {name: value for name, value in figures.items() if "seconds" not in name}
        for dataset, figures in report.summary.items()
    }


def test_a_suite_reports_each_of_its_sets(run: Run, tmp_path: Path) -> None:
    own: Row = {"name": "own", "questions": tmp_path / "q.jsonl", "corpus": tmp_path / "docs"}
    write_files(tmp_path / "docs", FILES)
    row = {"question": "Where does the Danube rise?", "answerable": True}
    (tmp_path / "q.jsonl").write_text(json.dumps(row), encoding="utf-8")
    report = run(own, SQUAD, NQ, max_over_refusal=0.0)
    assert list(report.summary) == ["own", "squad", "nq"]
    assert [record.dataset for record in report.records] == ["own", "squad", "squad", "nq"]
    assert report.about["settings"]["max_over_refusal"] == 0
    assert report.about["sets"]["squad"]["documents"] == 1
    assert not (tmp_path / "index").exists(), "a suite leaves the index of the user alone"
    assert str(tmp_path) not in repr(report.about)


def test_the_same_run_again_gives_the_same_figures_and_indexes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(SQUAD, NQ)
    embedder = HashingEmbedder()
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: embedder)
    second = run(SQUAD, NQ)
    assert without_seconds(first) == without_seconds(second)
    assert embedder.n_embedded == 0
    assert not list((tmp_path / "cache" / "evals" / "runs").iterdir()), (
        "finished runs are forgotten"
    )


def test_an_interrupted_run_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("asking squad", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(SQUAD, given={"show": interrupt})
    (journal,) = (tmp_path / "cache" / "evals" / "runs").iterdir()
    kept = journal.read_bytes()
    report = run(SQUAD)
    assert len(report.records) == 2
    assert report.records[0].question.encode() in kept


def test_another_setting_is_another_run(run: Run) -> None:
    assert run(SQUAD, max_over_refusal=0.0).figure("refusal_recall").value == 0
    assert run(SQUAD, max_over_refusal=1.0).figure("refusal_recall").value == 1


def test_sets_that_are_not_there_are_left_out_and_told(run: Run) -> None:
    said: list[str] = []
    clapnq: Row = {"name": "clapnq", "dataset": "clapnq"}
    report = run(SQUAD, clapnq, given={"say": said.append})
    assert list(report.summary) == ["squad"]
    assert said == ["left out: clapnq: clapnq is not here"]
    with pytest.raises(
        EvaluationError, match=r"no set of the suite 'tiny' is there.*--data FOLDER"
    ):
        run(clapnq)


def test_a_malformed_set_is_refused_with_what_its_loader_says(run: Run) -> None:
    def malformed(name: str) -> Dataset:
        raise ValueError("squad2.json: data: Field required")

    with pytest.raises(EvaluationError, match=r"'squad2' cannot be used: .*squad2\.json: data"):
        run(SQUAD, given={"load_set": malformed})


def test_where_nothing_reads_public_sets_it_is_said_what_does(run: Run) -> None:
    with pytest.raises(EvaluationError, match=r"'squad2' .*`python -m evals\.suite`.* checkout"):
        run(SQUAD, given={"load_set": refuse_set})


def test_a_run_waits_for_one_that_indexes_the_same_set(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    sync, calls = pipeline.Assistant.sync, iter([True, False])

    def busy_once(self: pipeline.Assistant, **given: Any) -> object:
        if next(calls, False):
            raise IndexLocked("busy")
        return sync(self, **given)

    monkeypatch.setattr(pipeline.Assistant, "sync", busy_once)
    monkeypatch.setattr(runner, "WAIT_S", 0.0)
    run(SQUAD, given={"show": lambda stage, *_: waited.append(stage)})
    assert "waiting for another run to index squad" in waited


def test_a_cached_index_of_another_model_is_made_anew(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(SQUAD)
    newer = HashingEmbedder(fingerprint="newer")
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: newer)
    run(SQUAD)
    assert newer.n_embedded == 1


def test_questions_without_a_corpus_of_their_own_are_asked_of_the_settings_one(
    run: Run, tmp_path: Path
) -> None:
    replace_files(tmp_path / "corpus", {"a.txt": "The Danube is long."})
    (tmp_path / "q.jsonl").write_text('{"question": "Danube?", "answerable": true}', "utf-8")
    assert len(run({"name": "own", "questions": tmp_path / "q.jsonl"}).records) == 1
    assert (tmp_path / "index").is_dir()


def test_settings_of_a_suite_that_cannot_be_used_are_refused(run: Run) -> None:
    with pytest.raises(SettingsError, match="n_passages"):
        run(SQUAD, n_passages=0)


def test_a_sample_is_the_same_for_a_seed_and_keeps_the_order() -> None:
    questions = tuple(Question(f"q{n}", "?", is_answerable=False) for n in range(50))
    assert draw(questions, None, 0) == draw(questions, 50, 1) == questions
    drawn = draw(questions, 10, 1)
    assert drawn == draw(questions, 10, 1) != draw(questions, 10, 2)
    assert sorted(drawn, key=questions.index) == list(drawn)


def test_each_document_or_only_those_named_are_written(tmp_path: Path) -> None:
    texts = {"00000.txt": "Io", "00001.txt": "Röntgen"}
    write_corpus(texts, tmp_path / "all")
    write_corpus(texts, tmp_path / "few", ["00001.txt"])
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "all").iterdir()}
    assert written == texts
    assert [path.name for path in (tmp_path / "few").iterdir()] == ["00001.txt"]


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
