import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator

import pytest
from evaluation.outcomes import Place, outcome, question, unanswerable, values_of
from hypothesis import given
from hypothesis import strategies as st

import assistant.evaluation.measures
from assistant.evaluation.measures import MEASURES, RUN_MEASURES, Measure, RunMeasure
from assistant.evaluation.values import Outcome

TEXTS = {"a.txt": "One two three. Four five.", "b.txt": "Six seven. Eight nine ten."}
OF_RANKING = {"recall@1", "recall@5", "recall@10", "ndcg@10", "mrr@10", "all_gold@10"} | {
    "evidence_recall@5",
    "evidence_recall@8",
}

places = st.tuples(st.sampled_from(["a.txt", "b.txt"]), st.integers(0, 12), st.integers(13, 25))


def functions() -> Iterator[Callable[..., object]]:
    package = assistant.evaluation.measures
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        module = importlib.import_module(found.name)
        for _, member in inspect.getmembers(module, inspect.isfunction):
            if member.__module__ == module.__name__ and not member.__name__.startswith("_"):
                yield member


@pytest.mark.parametrize("function", list(functions()), ids=lambda function: function.__name__)
def test_every_measure_has_a_worked_example_and_its_file_a_source(
    function: Callable[..., object],
) -> None:
    assert ">>> " in (function.__doc__ or "")
    assert "Source: " in (inspect.getmodule(function).__doc__ or "")


def test_every_measure_has_one_name_and_says_what_it_is() -> None:
    every: list[Measure | RunMeasure] = [*MEASURES, *RUN_MEASURES]
    assert len({one.name for one in every}) == len(every)
    assert all(0 < len(one.about) <= 60 for one in every)


def test_fewer_is_better_only_for_what_goes_wrong() -> None:
    assert {one.name for one in (*MEASURES, *RUN_MEASURES) if not one.is_higher_better} == {
        "holds_wrong",
        "over_refusal",
        "expected_calibration_error",
        "seconds_p50",
        "seconds_p95",
    }


def test_of_a_mere_ranking_the_measures_of_answers_say_nothing() -> None:
    one = outcome(texts=TEXTS, gold=[[("a.txt", 0, 3)]], ranking=["b.txt", "a.txt"])
    ranked = Outcome(one.question, gold=one.gold, ranking=one.ranking)
    spoken = {name for name, value in values_of(ranked).items() if value is not None}
    assert spoken == OF_RANKING


def test_of_an_answer_without_a_ranking_the_measures_of_rankings_say_nothing() -> None:
    one = outcome("One.", texts=TEXTS, cited=[("a.txt", 0, 3)], gold=[[("a.txt", 0, 3)]])
    silent = {name for name, value in values_of(one).items() if value is None}
    assert silent >= OF_RANKING


@pytest.mark.parametrize("kind", ["partial", "underspecified"])
def test_a_question_without_a_right_side_is_in_no_measure_of_abstaining(kind: str) -> None:
    for said in ((), ("One.",)):
        values = values_of(outcome(*said, asked=unanswerable(kind)))
        for name in ("trusted", "refusal_precision", "refusal_recall", "over_refusal"):
            assert values[name] is None


@given(
    said=st.lists(st.sampled_from(["One two.", "Six.", ""]), max_size=3),
    cited=st.lists(places, max_size=4),
    gold=st.lists(st.lists(places, min_size=1, max_size=3), max_size=3),
    ranking=st.lists(places, max_size=12),
    is_answerable=st.booleans(),
    documents=st.sets(st.sampled_from(["a.txt", "b.txt"])),
)
def test_every_value_is_none_or_between_0_and_1(
    said: list[str],
    cited: list[Place],
    gold: list[list[Place]],
    ranking: list[Place],
    is_answerable: bool,
    documents: set[str],
) -> None:
    answers = ["two", "the"] if is_answerable else []
    one = outcome(
        *said,
        asked=question(answers, is_answerable=is_answerable, documents=sorted(documents)),
        texts=TEXTS,
        cited=cited if said else [],
        gold=gold if is_answerable else [],
        ranking=ranking,
    )
    assert all(value is None or 0 <= value <= 1 for value in values_of(one).values())
