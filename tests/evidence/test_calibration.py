import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import ModelError, QuestionError
from assistant.evidence.calibration import (
    CALIBRATION_FILE,
    MIN_QUESTIONS,
    Calibration,
    calibrate,
    calibration_error,
    fit_bars,
    fit_calibration,
    read_calibration,
    reliability,
    write_calibration,
)
from assistant.store.tables import digest_row

KEPT = Calibration(1.5, -0.25, ((0.05, 0.2), (0.1, 0.3)))
shares = st.floats(0, 1)


@given(shares, shares)
def test_a_higher_over_refusal_never_lowers_the_bar(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert KEPT.bar(low) <= KEPT.bar(high)


def test_nothing_is_under_the_bar_of_0_and_everything_under_that_of_1() -> None:
    assert KEPT.bar(0) == 0.0
    assert KEPT.bar(1) > 1.0


@given(st.lists(st.floats(0, 1), min_size=50, max_size=80))
def test_a_bar_refuses_the_share_that_it_is_named_for(probabilities: list[float]) -> None:
    for share, bar in fit_bars(probabilities):
        under = sum(p < bar - 1e-4 for p in probabilities) / len(probabilities)
        assert under <= share + 1 / len(probabilities)


def test_fitting_finds_the_slope_and_bias_that_made_the_outcomes() -> None:
    random = np.random.default_rng(0)
    log_odds = random.normal(0, 3, 20_000)
    made = 1 / (1 + np.exp(-(0.5 * log_odds + 1)))
    outcomes = random.random(20_000) < made
    found = fit_calibration(log_odds.tolist(), outcomes.tolist())
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.bias == pytest.approx(1.0, abs=0.05)


def test_calibrating_mends_probabilities_that_say_too_much() -> None:
    random = np.random.default_rng(0)
    log_odds = random.normal(0, 6, 400)
    outcomes = random.random(400) < 1 / (1 + np.exp(-log_odds / 4))
    after, report = calibrate(log_odds.tolist(), outcomes.tolist(), Calibration(1, 0, ()), 0.1)
    assert after.slope < 0.6
    assert report.error_after < report.error_before
    assert report.over_refusal == pytest.approx(0.1, abs=0.02)
    assert report.refused > report.over_refusal
    assert report.n_answerable + report.n_unanswerable == 400


@pytest.mark.parametrize(("n_yes", "n_no"), [(0, 50), (50, MIN_QUESTIONS - 1), (20, 0)])
def test_too_few_questions_of_a_kind_that_retrieved_something_are_refused(
    n_yes: int, n_no: int
) -> None:
    log_odds, outcomes = (
        [0.5] * (n_yes + n_no) + [None] * 20,
        [True] * n_yes + [False] * (n_no + 20),
    )
    with pytest.raises(QuestionError, match=f"{n_yes} and {n_no} were given"):
        calibrate(log_odds, outcomes, KEPT, 0.1)


def test_a_kept_calibration_is_read_back_for_its_own_scorer_only(tmp_path: Path) -> None:
    assert read_calibration(tmp_path, "mine") is None
    write_calibration(tmp_path / "index", KEPT, "mine")
    assert read_calibration(tmp_path / "index", "mine") == KEPT
    assert read_calibration(tmp_path / "index", "another") is None
    assert [path.name for path in (tmp_path / "index").iterdir()] == [CALIBRATION_FILE]


def kept_as(slope: float, bar: float) -> str:
    data = {"scorer": "mine", "slope": slope, "bias": 0.0, "bars": [[0.1, bar]]}
    return json.dumps(data | {"digest": digest_row(json.dumps(data, sort_keys=True))})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        json.dumps({"scorer": "mine", "slope": "x"}),
        kept_as(1.0, 0.5).replace("0.5", "0.6"),
        kept_as(float("nan"), 0.5),
        kept_as(-1.0, 0.5),
        kept_as(float("inf"), 0.5),
        kept_as(1.0, float("nan")),
        kept_as(1.0, 2.0),
    ],
)
def test_a_damaged_calibration_is_not_used_and_told_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / CALIBRATION_FILE).write_text(text, encoding="utf-8")
    assert read_calibration(tmp_path, "mine") is None
    assert "is damaged" in caplog.text
    assert "assistant calibrate" in caplog.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_byte_of_a_calibration_that_is_altered_changes_no_number(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = write_calibration(tmp_path, KEPT, "mine")
    kept = bytearray(path.read_bytes())
    kept[data.draw(st.integers(0, len(kept) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(kept)
    assert read_calibration(tmp_path, "mine") in (None, KEPT)  # a space may have changed


def test_a_disk_that_does_not_give_a_calibration_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / CALIBRATION_FILE).mkdir()
    with pytest.raises(ModelError, match="see to the disk"):
        read_calibration(tmp_path, "mine")


def test_reliability_bins_hold_every_question_once() -> None:
    bins = reliability([0.0, 0.05, 0.95, 1.0], [False, True, True, True])
    assert [(one.n, one.share) for one in bins] == [(2, 0.5), (2, 1.0)]
    assert [one.mean for one in bins] == pytest.approx([0.025, 0.975])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_calibration_error_lies_between_0_and_1(pairs: list[tuple[float, bool]]) -> None:
    error = calibration_error([p for p, _ in pairs], [y for _, y in pairs])
    assert 0 <= error <= 1
    assert not math.isnan(error)


def test_there_is_no_calibration_error_of_nothing() -> None:
    with pytest.raises(ValueError, match="without"):
        calibration_error([], [])
