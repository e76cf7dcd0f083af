import itertools
import tracemalloc
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.evaluation.statistics import (
    bootstrap,
    bootstrap_of,
    estimate_mean,
    interval_of_share,
    permutation_test,
)

RANDOM = np.random.default_rng(7)
tenths = st.integers(0, 10).map(lambda n: n / 10)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize(
    "values", [RANDOM.random(200), RANDOM.integers(0, 2, 100) * 1.0, RANDOM.exponential(1, 300)]
)
def test_the_interval_is_that_of_scipy(values: NDArray[np.float64]) -> None:
    found = bootstrap(values.tolist())
    wanted = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=5000, rng=1
    ).confidence_interval
    assert found == pytest.approx(tuple(wanted), abs=0.25 * float(scipy.stats.sem(values)))


def test_the_interval_holds_the_true_mean_in_about_95_of_100_samples() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        low, high = bootstrap(random.random(60).tolist(), n_resamples=400)
        held += low <= 0.5 <= high
    assert 0.91 <= held / 300 <= 0.98


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 5))
def test_an_interval_is_the_same_for_a_seed_and_within_the_values(
    values: list[float], seed: int
) -> None:
    low, high = bootstrap(values, seed=seed, n_resamples=200)
    assert (low, high) == bootstrap(values, seed=seed, n_resamples=200)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_another_seed_gives_another_interval_and_more_values_a_narrower_one() -> None:
    values = [n / 50 for n in range(50)]
    assert bootstrap(values, seed=0) != bootstrap(values, seed=1)
    few, many = bootstrap(values), bootstrap(values * 16)
    assert few[1] - few[0] == pytest.approx(4 * (many[1] - many[0]), rel=0.15)


def test_ten_thousand_values_take_little_memory() -> None:
    values = RANDOM.random(10_000)
    tracemalloc.start()
    bootstrap(values.tolist())
    permutation_test(values.tolist(), values[::-1].tolist(), n_permutations=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20


def test_the_interval_of_any_figure_is_that_of_the_mean_when_it_is_the_mean() -> None:
    values = [0.0, 0.2, 0.9, 1.0, 0.4] * 4
    assert bootstrap_of(values, mean, n_resamples=300) == pytest.approx(
        bootstrap(values, n_resamples=300)
    )


def test_a_resample_of_which_the_figure_says_nothing_is_left_out() -> None:
    def of_both(values: Sequence[float]) -> float | None:
        return mean(values) if len(set(values)) == 2 else None

    low, high = bootstrap_of([0.0, 1.0], of_both)
    assert (low, high) == (0.5, 0.5)
    with pytest.raises(ValueError, match="nothing of any resample"):
        bootstrap_of([0.0, 0.0], of_both)


def test_without_values_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="no interval without values"):
        bootstrap([])
    with pytest.raises(ValueError, match="no interval without values"):
        bootstrap_of(list[float](), mean)


@given(st.integers(1, 1000), st.data())
def test_the_interval_of_a_share_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    wanted = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    assert interval_of_share(k / n, n) == pytest.approx((wanted.low, wanted.high), abs=1e-4)


def test_a_mean_is_of_the_values_that_are_there() -> None:
    one = estimate_mean([0.0, None, 1.0, None])
    assert one is not None
    assert (one.value, one.n, one.excluded) == (0.5, 2, 2)
    assert estimate_mean([None]) is estimate_mean([]) is None


def flipped(differences: list[Fraction]) -> Fraction:
    """The p-value by counting every sign flip of every pair, in whole numbers."""
    sums = [
        abs(sum((sign * one for sign, one in zip(signs, differences, strict=True)), Fraction()))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    return Fraction(sum(one >= abs(sum(differences, Fraction())) for one in sums), len(sums))


@given(st.lists(st.tuples(tenths, tenths), min_size=1, max_size=9))
def test_few_pairs_are_counted_exactly(pairs: list[tuple[float, float]]) -> None:
    before, after = [b for b, _ in pairs], [a for _, a in pairs]
    wanted = flipped([Fraction(round(10 * (a - b))) for b, a in pairs])
    found = permutation_test(before, after)
    assert found == pytest.approx(float(wanted))
    assert found == permutation_test(after, before)
    assert found == permutation_test([*before, *[0.5] * 90], [*after, *[0.5] * 90])


def test_many_pairs_are_drawn_and_agree_with_counting() -> None:
    for shift in (0, 3):
        after = [(n * 7 % 13) / 10 for n in range(13)]
        before = [0.6 - shift / 10 + 0.01] * 13
        wanted = flipped(
            [Fraction(round(100 * (a - b))) for b, a in zip(before, after, strict=True)]
        )
        found = permutation_test(before, after)
        assert found == pytest.approx(float(wanted), abs=0.02)
        assert found == permutation_test(before, after)


def test_chance_is_called_a_difference_in_about_5_of_100_pairs_of_runs() -> None:
    random = np.random.default_rng(11)
    p_values = [
        permutation_test(random.random(40).tolist(), random.random(40).tolist(), n_permutations=200)
        for _ in range(300)
    ]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


def test_no_difference_has_a_p_value_of_1_and_a_great_one_the_least_that_is_drawn() -> None:
    assert permutation_test([0.3] * 50, [0.3] * 50) == 1.0
    assert permutation_test([0.0] * 50, [1.0] * 50) == pytest.approx(1 / 10_001)


def test_values_without_their_other_are_refused() -> None:
    for before, after in (([], []), ([0.1], []), ([0.1], [0.1, 0.2])):
        with pytest.raises(ValueError, match="pairs are needed"):
            permutation_test(before, after)
