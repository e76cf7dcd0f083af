"""`python -m evals.suite`: public sets from their files to the report of `assistant eval`."""

import json
from pathlib import Path

import pytest
from dataset_rows import NQ_ROW, TITAN, squad, write_json, write_lines
from hashing import HashingEmbedder
from typer.testing import CliRunner, Result

from assistant import pipeline
from evals.suite import PUBLIC, app

SUITE = '[[set]]\nname = "squad"\ndataset = "squad2"\n[[set]]\nname = "nq"\ndataset = "nq"\n'


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of public sets, beside which the command is typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: HashingEmbedder())
    monkeypatch.setenv("ASSISTANT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "s.toml").write_text(f'name = "s"\n{SUITE}', encoding="utf-8")
    write_json(tmp_path / "data" / "squad2" / "squad2.json", squad([TITAN]))
    write_lines(tmp_path / "data" / "nq_oracle" / "nq.jsonl", NQ_ROW)
    write_json(tmp_path / "data" / "policyqa" / "dev.json", {})


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_a_dataset_is_asked_by_its_name_and_reported_as_json_and_as_a_page(tmp_path: Path) -> None:
    done = typed("--data", "data", "--dataset", "squad2", "--sample", "1", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["command"] == "python -m evals.suite --data FOLDER --dataset squad2 --sample 1"
    assert told["summary"]["squad2"]["trusted"]["n"] == 1
    written = json.loads((tmp_path / "eval-results" / "squad2.json").read_text(encoding="utf-8"))
    assert [record["dataset"] for record in written["records"]] == ["squad2"]
    assert (tmp_path / "eval-results" / "squad2.html").is_file()


def test_a_suite_is_asked_and_compared_with_a_baseline() -> None:
    assert typed("--data", "data", "--suite", "s.toml", "--out", "before").exit_code == 0
    done = typed("--data", "data", "--suite", "s.toml", "--baseline", "before/s.json")
    assert done.exit_code == 0
    assert "squad: 2 questions" in done.stdout
    assert "nq: 1 questions" in done.stdout
    assert "nothing changed" in done.stdout


def test_without_a_name_the_public_suite_is_asked_of_the_sets_that_are_there() -> None:
    done = typed("--data", "data")
    assert done.exit_code == 0
    assert "squad2: 2 questions" in done.stdout
    assert "left out: clapnq: the set 'clapnq' is read from" in done.stderr
    assert PUBLIC.is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--dataset", "squad2"), "--data"),
        (("--data", "data", "--dataset", "sqad"), "no set is named 'sqad'; there are squad2"),
        (("--data", "data", "--dataset", "../sqad"), "no set is named '../sqad'"),
        (("--data", "data", "--dataset", ""), "has no name"),
        (("--data", "data", "--dataset", "policyqa"), "dev.json: data: Field required"),
        (("--data", "data", "--dataset", "clapnq"), "--data FOLDER"),
        (("--data", "absent", "--dataset", "squad2"), "--data FOLDER"),
        (("--data", "data", "--suite", "absent.toml"), "cannot be read"),
        (("--data", "data", "--suite", "s.toml", "--dataset", "nq"), "not both"),
    ],
)
def test_an_error_is_told_and_exits_2(words: tuple[str, ...], message: str) -> None:
    done = typed(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_run_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.Assistant, "ask", interrupt)
    done = typed("--data", "data", "--dataset", "squad2")
    assert (done.exit_code, "goes on where" in done.stderr) == (130, True)
