"""What judges is fitted to a reader on questions that have not trained it, and report nothing."""

import gzip
import json
import sys
from pathlib import Path

import pytest
from dataset_rows import TOWNS, squad, squad_paragraph, squad_question, write_json, write_lines
from told import tiny_pack

from assistant.evidence.scorer import parse_weights
from assistant.models import prepare
from assistant.settings import SHIPPED_MODEL
from evals.datasets import Dataset, Question
from evals.evidence import __main__ as command
from evals.evidence import report
from evals.evidence.collect import STRANGERS, TYPED, judge_everyday, judge_typed, only
from evals.evidence.support import load_held_pairs
from evals.reader.rows import MULTILINGUAL, digest, fits_judge, fold, load_rows, reports
from evals.reader.support import SETS, load_pairs
from evals.reader.typed import ACROSS

ASKED = [f"which well is number {n}" for n in range(12)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three sets in their form: an article that trains, one for what judges, three that report."""
    folder = tmp_path / "data"
    titles = ("Abbeys", "Huguenot", "X-rays", "Yachts", "Zebras")
    told = squad(
        *(
            [
                squad_paragraph(
                    f"{town} of {title} has a well. {founder} dug it in {year}. It is cold.",
                    squad_question(f"Who dug the well of {town} of {title}?", founder),
                    squad_question(f"How deep is {town}'s of {title}?", is_impossible=True),
                )
                for town, founder, year, _ in TOWNS
            ]
            for title in titles
        )
    )
    for title, article in zip(titles, told["data"], strict=True):
        article["title"] = title
    write_json(folder / "squad2" / "squad2.json", told)
    for name in ("xquad_de", "xquad_es", "omosqa_de", *MULTILINGUAL):
        path = folder / "reading" / "multilingual" / f"{name}.jsonl.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b""))
    covid = [
        squad_paragraph(
            f"Ward {n} was opened.",
            squad_question(f"Which ward is {n}?", f"Ward {n}"),
            squad_question("What was opened?", f"Ward {n}"),
        )
        for n in range(9)
    ]
    write_json(folder / "covidqa" / "covidqa.json", squad(*([one] for one in covid)))
    lines = [
        {"question": q, "answers": ["oak"], "title": q, "text": f"The oak: {q}."} for q in ASKED
    ]
    write_lines(folder / "nq_oracle" / "nq.jsonl", *lines)
    write_pairs(folder / "reading" / "nli")
    return folder


def write_pairs(folder: Path) -> None:
    """Write pairs of what a well says; every tenth of them validates, by what is cited."""
    folder.mkdir(parents=True)
    pairs = [
        {"claim": f"The well is {n + part} feet deep.", "evidence": told, "label": label}
        for n in range(120)
        for told in (f"The well of ward {n} is {n} feet deep.",)
        for part, label in ((0, "supported"), (7, "refuted"))
    ]
    for name in SETS:
        lines = "".join(f"{json.dumps(pair)}\n" for pair in pairs * (name == "fever_dev"))
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


@pytest.mark.parametrize("name", ["squad2", "covidqa", "nq"])
def test_a_question_trains_or_fits_what_judges_and_never_both(name: str, data: Path) -> None:
    trained = {fold(row.question) for row in load_rows(data) if row.source == name}
    fits = fits_judge(name, data)
    assert fits
    assert trained
    assert fits.isdisjoint(trained)


def test_of_squad2_one_article_fits_and_of_clapnq_what_does_not_report(data: Path) -> None:
    (data / "clapnq").mkdir()
    for part in ("answerable", "unanswerable"):
        write_lines(data / "clapnq" / f"{part}.jsonl", *({"input": f"{q}, {part}"} for q in ASKED))
    fits = fits_judge("squad2", data) or frozenset()
    assert {"huguenot" in question for question in fits} == {True}
    assert fits_judge("nq", data) == frozenset(fold(q) for q in ASKED if digest(q) % 2)
    asked = [f"{q}, {part}" for q in ASKED for part in ("answerable", "unanswerable")]
    assert fits_judge("clapnq", data) == frozenset(fold(q) for q in asked if not reports(q))
    assert fits_judge("mtrag", data) is None


def test_pairs_train_a_reader_or_fit_what_judges_and_never_both(data: Path) -> None:
    train, held = load_pairs(data / "reading" / "nli")
    assert len(train) + len(held) == 240
    assert 0 < len(held) < 60
    assert {pair.quotes for pair in train}.isdisjoint(pair.quotes for pair in held)
    claims = load_held_pairs(data)
    assert [(c.text, c.is_supported) for c in claims] == [
        (p.statement, p.is_supported) for p in held
    ]


def test_a_set_is_asked_less_of_a_corpus_that_stays_whole() -> None:
    asked = [Question(str(n), f"Q {n}?", True, documents=(f"{n // 2}.txt",)) for n in range(4)]
    public = Dataset("squad2", {"0.txt": "a", "1.txt": "b"}, tuple(asked))
    less = only(public, frozenset({"q0", "q3"}))
    assert less.texts == public.texts
    assert [(q.query_id, q.group) for q in less.questions] == [("0", "0"), ("3", "1")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_command_fits_weights_to_the_reader_of_the_settings(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "package").mkdir()
    packed = tiny_pack(tmp_path / "package")
    monkeypatch.setattr(prepare, "PACKED_MODEL", packed)
    monkeypatch.setattr(report, "N_RESAMPLES", 20)
    monkeypatch.setenv("ASSISTANT_EMBEDDING_MODEL", SHIPPED_MODEL)
    monkeypatch.setenv("ASSISTANT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "WEIGHTS", tmp_path)
    monkeypatch.setattr(
        command, "judge_typed", lambda _, *where, **of: judge_typed(2, *where, **of)
    )
    monkeypatch.setattr(command, "judge_everyday", lambda _, *where: judge_everyday(9, *where))
    monkeypatch.setattr(sys, "argv", ["evidence", "--data", str(data), "--write"])
    command.main()
    told = capsys.readouterr().out
    assert "squad2: AUC answerable or not" in told
    assert "pairs: AUROC supported or not" in told
    written = json.loads((tmp_path / "reader-weights.json").read_text(encoding="utf-8"))
    weights = parse_weights(written)
    assert weights.reader == packed.with_suffix(".sha256").read_text().split()[0]
    assert {"reading", "reading_of_passage", "reading_lead"} <= set(written["sentence"])
    assert written["support"]["supported"] != 0
    assert {"best_reading", "reading_of_best"} <= set(written["question"])
    assert {"best_score", "reading_of_best"} <= set(written["across"])
    assert {TYPED, ACROSS, STRANGERS} <= set(written["fitted"]["questions"])
    n_huguenot = 2 * len(TOWNS)
    assert written["fitted"]["questions"]["squad2"] == n_huguenot
