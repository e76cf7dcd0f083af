"""Two reports side by side: what counts as worse, and what is only chance."""

from dataclasses import replace

import pytest
from evaluation.outcomes import report, scored
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.compare import compare, holm


def test_a_report_beside_itself_has_not_changed() -> None:
    one = report([scored(f"q{n}", trusted=n % 2, evidence_f1=0.5) for n in range(20)])
    comparison = compare(one, one)
    assert not comparison.is_regression
    assert comparison.n_unpaired == 0
    assert all(change.p_value == 1 and not change.worse for change in comparison.changes)


def test_many_lost_questions_are_a_regression_and_a_few_are_not_certain() -> None:
    before = report([scored(f"q{n}", trusted=1.0) for n in range(40)])
    for n_lost, is_regression in ((2, False), (15, True)):
        after = report([scored(f"q{n}", trusted=float(n >= n_lost)) for n in range(40)])
        comparison = compare(before, after)
        (change,) = comparison.changes
        assert comparison.is_regression is is_regression
        assert len(change.worse) == n_lost
        assert compare(after, before).changes[0].is_improvement is is_regression


def test_of_a_figure_that_should_be_low_more_is_worse() -> None:
    before = report([scored(f"q{n}", over_refusal=0.0) for n in range(30)])
    after = report([scored(f"q{n}", over_refusal=1.0) for n in range(30)])
    (change,) = compare(before, after).changes
    assert change.is_regression
    assert len(change.worse) == 30


def test_one_broken_promise_is_a_regression() -> None:
    before = report([scored(f"q{n}", verbatim=1.0) for n in range(100)])
    after = report([scored(f"q{n}", verbatim=float(n != 7)) for n in range(100)])
    comparison = compare(before, after)
    assert comparison.is_regression
    assert comparison.changes[0].worse == ("q7",)


def test_questions_that_are_not_the_same_are_left_out_and_counted() -> None:
    before = report([scored("a", trusted=1.0), scored("b", trusted=1.0)])
    reworded = replace(scored("b", trusted=0.0), question="What else?")
    comparison = compare(before, report([scored("a", trusted=1.0), reworded]))
    assert comparison.n_unpaired == 2
    assert [change.n for change in comparison.changes] == [1]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(new >= old for new, old in zip(corrected, p_values, strict=True))
    by_raw = [p for _, p in sorted(zip(p_values, corrected, strict=True))]
    assert by_raw == sorted(by_raw)


def test_holm_gives_its_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
