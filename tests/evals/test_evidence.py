"""The fit, end to end, on a few hand-written rows of each set's form; and its figures."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from dataset_rows import TOWNS, squad, squad_paragraph, squad_question, write_json, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evidence.scorer import parse_weights
from assistant.settings import INSTALLED_MODEL
from evals.evidence import report
from evals.evidence.collect import fold_of
from evals.evidence.report import auc, bootstrap, mean, precision, recall, refused_at


def tell(town: str, founder: str, year: int, trade: str) -> str:
    return (
        f"{town} is a small town in the hills. {founder} founded it in {year}. "
        f"Its people live on {trade}. They also keep bees."
    )


def write_squad(path: Path) -> None:
    articles = [
        squad_paragraph(
            tell(town, founder, year, trade),
            squad_question(f"Who founded {town}?", founder),
            squad_question(f"When was {town} founded?", str(year)),
            squad_question(f"What do the people of {town} live on?", trade),
            squad_question(f"Who never founded {town}?", is_impossible=True),
            squad_question(f"How many harbours are near {town}?", is_impossible=True),
        )
        for town, founder, year, trade in TOWNS
    ]
    write_json(path, squad(*([article] for article in articles)))


def write_nq(path: Path) -> None:
    rows = [
        {
            "question": f"who was the first baker of {town.lower()}",
            "answers": [founder],
            "title": town,
            "text": f"The first baker of {town} was {founder}. Bread was dear in {year}.",
        }
        for town, founder, year, _ in TOWNS
    ]
    write_lines(path, *rows)


@pytest.mark.slow
def test_one_command_fits_reports_and_writes_weights_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "N_RESAMPLES", 50)
    monkeypatch.setenv("ASSISTANT_EMBEDDING_MODEL", INSTALLED_MODEL)
    write_squad(tmp_path / "data" / "squad2" / "squad2.json")
    write_nq(tmp_path / "data" / "nq_oracle" / "nq.jsonl")
    out = tmp_path / "weights.json"
    words = ["evidence", "--data", str(tmp_path / "data"), "--smoke", "--write", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.delitem(sys.modules, "evals.evidence.__main__", raising=False)
    runpy.run_module("evals.evidence", run_name="__main__")
    told, said = capsys.readouterr()
    assert "left out: the set 'clapnq' is read from" in said
    assert "squad2: AUC answerable or not" in told
    assert "off-topic: refusal recall at the bar" in told
    assert "ECE" in told
    written = json.loads(out.read_text(encoding="utf-8"))
    weights = parse_weights(written)
    assert weights.calibration.bars
    figures = written["fitted"]["held_out"]
    assert figures["squad2: one of the top 3 answers"][0] > 0.9
    runpy.run_module("evals.evidence", run_name="__main__")
    assert json.loads(out.read_text(encoding="utf-8")) == written


pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=30)


@settings(deadline=None)  # the machine's other work must not fail it
@given(pairs)
def test_auc_is_the_chance_that_a_positive_lies_over_a_negative(
    rows: list[tuple[float, bool]],
) -> None:
    wins = [
        (p > q) + 0.5 * (p == q) for p, is_one in rows if is_one for q, is_two in rows if not is_two
    ]
    found = auc(np.array(rows, dtype=np.float64))
    if wins:
        assert found == pytest.approx(float(np.mean(wins)))
    else:
        assert np.isnan(found)


def test_precision_and_recall_of_refusals() -> None:
    rows = np.array([(1, 1), (1, 0), (0, 1), (0, 0), (1, 1)], dtype=np.float64)
    assert precision(rows) == pytest.approx(2 / 3)
    assert recall(rows) == pytest.approx(2 / 3)
    assert np.isnan(precision(np.zeros((3, 2))))
    assert np.isnan(recall(np.zeros((3, 2))))


def test_refused_at_a_tenth_of_the_answerable() -> None:
    answerable = [(score / 10, 1) for score in range(11)]
    unanswerable = [(0.05, 0), (0.5, 0)]
    assert refused_at(np.array(answerable + unanswerable, dtype=np.float64)) == 0.5
    assert np.isnan(refused_at(np.array(answerable, dtype=np.float64)))


def test_an_interval_holds_its_value_and_says_its_n() -> None:
    figure = bootstrap("share", np.array([[1.0], [0.0], [1.0], [1.0]] * 25), mean)
    assert figure is not None
    assert figure.low < figure.value == 0.75 < figure.high
    assert "n 100" in str(figure)
    assert bootstrap("share", np.array([[1.0], [0.0], [1.0], [1.0]] * 25), mean) == figure


def test_there_is_no_figure_of_nothing() -> None:
    assert bootstrap("share", np.zeros((0, 1)), mean) is None


def test_articles_are_dealt_out_evenly_and_groups_stay_together() -> None:
    assert [fold_of("squad2", str(n)) for n in range(8)] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert fold_of("mtrag", "conversation") == fold_of("clapnq", "conversation")
