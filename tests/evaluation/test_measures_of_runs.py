import pytest
from evaluation.outcomes import record
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assistant.evaluation.measures.of_runs import (
    answerable_auc,
    expected_calibration_error,
    percentile,
    refused_at,
)
from assistant.evaluation.report import Record
from assistant.evidence.calibration import calibration_error

judged = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), st.sampled_from([0.2, 0.5])), st.booleans()), min_size=1
)
ODD_ONES = [
    record(0.0, kind="partial", is_answerable=False),
    record(0.0, kind="underspecified", is_answerable=False),
    record(0.0, said=()),
]
"""Two without a right side, and one of which the ranking alone was asked."""


def records_of(pairs: list[tuple[float, bool]]) -> list[Record]:
    return [record(p, is_answerable=y, abstained=p < 0.3) for p, y in pairs]


@given(judged)
def test_the_auc_is_that_of_sklearn(pairs: list[tuple[float, bool]]) -> None:
    found = answerable_auc(records_of(pairs))
    if len({y for _, y in pairs}) < 2:
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score([y for _, y in pairs], [p for p, _ in pairs]))


@given(judged)
def test_the_calibration_error_is_that_of_the_calibration(pairs: list[tuple[float, bool]]) -> None:
    wanted = calibration_error([p for p, _ in pairs], [y for _, y in pairs])
    assert expected_calibration_error(records_of(pairs)) == pytest.approx(wanted)


@given(judged)
def test_what_has_no_right_side_or_no_answer_changes_nothing(
    pairs: list[tuple[float, bool]],
) -> None:
    records = records_of(pairs)
    for measure in (answerable_auc, expected_calibration_error, refused_at(0.1)):
        assert measure([*ODD_ONES, *records]) == pytest.approx(measure(records))


def test_the_bar_lets_one_in_ten_answerable_questions_fall() -> None:
    answerable = [record(n / 100 + 0.005) for n in range(100)]
    unanswerable = [record(n / 100, is_answerable=False) for n in range(40)]
    # Of the 100 confidences 0.005, 0.015, ... the quantile is 0.104.
    assert refused_at(0.1)([*answerable, *unanswerable]) == 11 / 40


def test_nothing_is_said_without_both_kinds() -> None:
    for records in ([], ODD_ONES, [record(0.5)], [record(0.5, is_answerable=False)]):
        assert answerable_auc(records) is refused_at(0.1)(records) is None
    assert expected_calibration_error(ODD_ONES) is None
    assert expected_calibration_error([record(0.75)]) == 0.25


def test_latency_is_of_answers_and_abstentions_and_not_of_mere_rankings() -> None:
    records = [record(seconds=s) for s in (0.1, 0.2, 0.3)] + [record(abstained=True, seconds=0.4)]
    assert percentile([*records, *ODD_ONES[2:]], 50) == pytest.approx(0.25)
    assert percentile(records, 95) == pytest.approx(0.385)
    assert percentile(ODD_ONES[2:], 50) is None
