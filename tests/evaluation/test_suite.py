"""Suite files: what they may say and what is refused."""

from pathlib import Path

import pytest

import assistant
from assistant.errors import EvaluationError
from assistant.evaluation.report import Estimate
from assistant.evaluation.runner import read_suite

SUITES = sorted((Path(assistant.__file__).parent.parent / "evals" / "suites").glob("*.toml"))
GOOD = """
name = "mine"
[settings]
n_passages = 4
[[set]]
name = "own"
questions = "q.jsonl"
corpus = "../docs"
at_least = {trusted = 0.5, verbatim = 1.0}
at_most = {over_refusal = 0.2}
[[set]]
name = "squad2"
dataset = "squad2"
sample = 10
seed = 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    suite = read_suite(write(tmp_path, GOOD))
    own, public = suite.sets
    assert own.questions == tmp_path / "q.jsonl"
    assert own.corpus == tmp_path / "../docs"
    assert (public.dataset, public.sample, public.seed) == ("squad2", 10, 3)
    assert suite.settings == {"n_passages": 4}


def test_a_bar_is_kept_at_its_bound_and_missed_beyond_it_or_without_a_figure(
    tmp_path: Path,
) -> None:
    own = read_suite(write(tmp_path, GOOD)).sets[0]
    figures = {
        "trusted": Estimate(0.5, 0.4, 0.6, 10, 0),
        "over_refusal": Estimate(0.21, 0.1, 0.3, 10, 0),
    }
    assert [(bar.measure, bar.is_kept) for bar in own.judge(figures)] == [
        ("trusted", True),
        ("verbatim", False),
        ("over_refusal", False),
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name = "mine"', "", "name: Field required"),
        ('name = "mine"', 'name = "../mine"', "name: String should match"),
        ('name = "mine"', 'name = ""', "name: String should match"),
        ("sample = 10", "sample = 0", "set.1.sample: Input should be greater"),
        ("sample = 10", "samples = 10", "set.1.samples: Extra inputs"),
        ('dataset = "squad2"', "", "set.1: .*either questions or a dataset"),
        ('dataset = "squad2"', 'dataset = "a"\ncorpus = "b"', "set.1: .*its own corpus"),
        ('name = "squad2"', 'name = "own"', "set: .*two sets have one name"),
        ("trusted = 0.5", "trust = 0.5", r"set.0.at_least: .*no measure is named \['trust'\]"),
        ("[settings]", "[settings", "cannot be read"),
    ],
)
def test_a_bad_suite_is_refused_with_the_way_to_the_fault(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in GOOD
    with pytest.raises(EvaluationError, match=message):
        read_suite(write(tmp_path, GOOD.replace(before, after, 1)))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_suite(tmp_path / "absent.toml")


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_suites_of_the_project_are_suites(path: Path) -> None:
    for one in read_suite(path).sets:
        assert one.questions is None or one.questions.is_file()
        assert one.corpus is None or one.corpus.is_dir()
