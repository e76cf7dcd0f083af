"""`assistant eval`: what is printed and written, and with which exit code."""

import json
import sys
from pathlib import Path

import pytest
from cli.runs import Run

from assistant import pipeline

ROWS = (
    {
        "question": "What does Titan have?",
        "answerable": True,
        "answers": ["methane"],
        "gold": [[{"document": "space/moons.md", "quote": "It has lakes of methane."}]],
    },
    {"question": "Where does the Danube rise?", "answerable": True, "answers": ["Black Forest"]},
    {"question": "Who discovered Saturn?", "answerable": False},
)


@pytest.fixture
def run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `assistant eval` over the tiny corpus: exit code, stdout, stderr."""
    monkeypatch.setenv("ASSISTANT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    return lambda *words: run("eval", *words)


def test_ones_own_questions_are_measured_with_one_command(run: Run, tmp_path: Path) -> None:
    code, out, err = run("mine.jsonl")
    assert code == 0
    assert "mine: 3 questions" in out
    assert "trusted" in out
    assert "verbatim" in out
    assert "eval-results/mine.html" in err
    page = (tmp_path / "eval-results" / "mine.html").read_text(encoding="utf-8")
    assert "Who discovered Saturn?" in page
    kept = json.loads((tmp_path / "eval-results" / "mine.json").read_text(encoding="utf-8"))
    assert [record["question"] for record in kept["records"]] == [r["question"] for r in ROWS]
    assert str(tmp_path) not in json.dumps(kept["about"])


def test_json_goes_to_stdout_alone(run: Run) -> None:
    _, out, _ = run("mine.jsonl", "--json", "--sample", "2")
    figures = json.loads(out)["summary"]["mine"]
    assert figures["verbatim"]["value"] == 1
    assert figures["verbatim"]["n"] <= 2


def test_a_missed_bar_exits_1(run: Run, tmp_path: Path) -> None:
    suite = '[[set]]\nname = "mine"\nquestions = "mine.jsonl"\ncorpus = "corpus"\n'
    for bound, code in (("0.0", 0), ("1.0", 1)):
        bars = f"at_least = {{refusal_recall = {bound}}}\n"
        (tmp_path / "s.toml").write_text(f'name = "s"\n{suite}{bars}', encoding="utf-8")
        found, out, _ = run("--suite", "s.toml")
        assert found == code
        assert ("MISSED: mine refusal_recall >= 1" in out) is (code == 1)


def test_beside_a_baseline_a_regression_exits_1_and_names_the_questions(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**ROWS[1], "query_id": f"danube-{n}"} for n in range(30)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("mine.jsonl", "--out", "before")[0] == 0
    code, out, _ = run("mine.jsonl", "--baseline", "before/mine.json")
    assert (code, "nothing changed" in out) == (0, True)
    monkeypatch.setenv("ASSISTANT_MAX_OVER_REFUSAL", "1")
    code, out, _ = run("mine.jsonl", "--baseline", "before/mine.json")
    assert code == 1
    assert "WORSE" in out
    assert "danube-0" in out
    assert "and 20 more" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name one of"),
        (("mine.jsonl", "--suite", "s.toml"), "name one of"),
        (("absent.jsonl",), "cannot be read"),
        (("--suite", "absent.toml"), "cannot be read"),
        (("--dataset", "squad2"), "'squad2' is asked by `python -m evals.suite`"),
        (("--suite", "public.toml"), "'squad2' is asked by `python -m evals.suite`"),
        (("",), "has no name"),
        (("mine.jsonl", "--baseline", "mine.jsonl"), "is not a report"),
        (("bad.jsonl",), r"bad.jsonl:1: answerable"),
        (("mine.jsonl", "--corpus", "absent"), "absent"),
        (("mine.jsonl", "--out", "mine.jsonl"), "no report can be written"),
    ],
)
def test_an_error_is_one_line_and_exits_2(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"question": "?"}', encoding="utf-8")
    public = 'name = "public"\n[[set]]\nname = "squad"\ndataset = "squad2"\n'
    (tmp_path / "public.toml").write_text(public, encoding="utf-8")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_an_interrupted_run_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.Assistant, "ask", interrupt)
    code, _, err = run("mine.jsonl")
    assert (code, "goes on where" in err) == (130, True)


def test_passwords_reach_neither_a_report_nor_what_is_printed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_USERS__ALICE", "w0nder-land-47")
    code, out, err = run("mine.jsonl")
    assert code == 0
    assert "w0nder-land-47" not in out + err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if b"w0nder-land-47" in path.read_bytes()]


def test_without_matplotlib_it_is_said_why_the_page_has_no_plots(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "matplotlib" not in run("mine.jsonl")[2]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = run("mine.jsonl")
    assert (code, "pip install 'assistant[eval]'" in err) == (0, True)
