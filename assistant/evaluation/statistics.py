"""How sure a figure is, and whether two runs differ by more than chance.

The same values and seed give the same interval and p-value; memory stays bounded however many
values there are.

Source: the percentile bootstrap (Efron 1979; Efron and Tibshirani 1993, chapter 13); the interval
of a share (Wilson 1927); the paired randomisation test (Fisher 1935; for rankings Smucker et al.
2007), whose p-value counts the observed order among the drawn (Phipson and Smyth 2010).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.report import Estimate, Record

LEVELS = (2.5, 97.5)
"""The percentiles that bound a 95% interval."""
MAX_EXACT = 12
"""Up to so many pairs that differ all 2^n sign flips are counted, 4,096, rather than drawn."""
BLOCK = 2**20
"""Numbers drawn at a time."""

T = TypeVar("T")


def bootstrap(
    values: Sequence[float], *, seed: int = 0, n_resamples: int = 2000
) -> tuple[float, float]:
    """Return the 95% interval of the mean.

    >>> low, high = bootstrap([0.0, 1.0] * 50)  # 0.5 -+ 1.96 x 0.05
    >>> round(low, 2), round(high, 2)
    (0.4, 0.6)
    """
    found = np.array(values, dtype=np.float64)
    draws = _draws(found.size, n_resamples, seed)
    return _bounds(np.concatenate([found[draw].mean(axis=1) for draw in draws]))


def bootstrap_of(
    records: Sequence[T],
    figure: Callable[[Sequence[T]], float | None],
    *,
    seed: int = 0,
    n_resamples: int = 500,
) -> tuple[float, float]:
    """Return the 95% interval of a figure that is not a mean.

    A resample of which the figure says nothing is left out. Each is a pass over all records, hence
    fewer of them than `bootstrap` draws.

    >>> bootstrap_of([3.0, 3.0, 3.0], max)
    (3.0, 3.0)

    Raises:
        ValueError: there is no record, or the figure says nothing of any resample.
    """
    figures = [
        value
        for draw in _draws(len(records), n_resamples, seed)
        for row in draw.tolist()
        if (value := figure([records[i] for i in row])) is not None
    ]
    return _bounds(np.array(figures))


def permutation_test(
    before: Sequence[float], after: Sequence[float], *, seed: int = 0, n_permutations: int = 10_000
) -> float:
    """Return the two-sided p-value of no difference between paired values.

    >>> permutation_test([0.0] * 5, [1.0] * 5)  # 2 of 2^5 sign flips are as far from 0
    0.0625

    Raises:
        ValueError: there is no pair, or a value without its other.
    """
    if not before or len(before) != len(after):
        raise ValueError(f"pairs are needed, not {len(before)} values and {len(after)}")
    differences = np.subtract(after, before, dtype=np.float64)
    differences = differences[differences != 0]
    # Equal sums differ in their last bits by the order of their terms.
    bound = abs(differences.sum()) - 1e-9 * np.abs(differences).sum()
    if differences.size <= MAX_EXACT:
        signs = np.array(list(product((-1.0, 1.0), repeat=differences.size)))
        return float((np.abs(signs @ differences) >= bound).mean())
    n_as_far = 0
    random = np.random.default_rng(seed)
    for n_rows in _blocks(n_permutations, differences.size):
        signs = random.integers(0, 2, (n_rows, differences.size), dtype=np.int8) * 2.0 - 1
        n_as_far += int((np.abs(signs @ differences) >= bound).sum())
    return (n_as_far + 1) / (n_permutations + 1)


def _draws(n: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield blocks of resamples, a row of n places each."""
    if not n:
        raise ValueError("no interval without values")
    random = np.random.default_rng(seed)
    for n_rows in _blocks(n_resamples, n):
        yield random.integers(0, n, (n_rows, n))


def _blocks(n_rows: int, n_columns: int) -> Iterator[int]:
    """Yield how many rows to draw at a time."""
    at_once = max(1, BLOCK // n_columns)
    for start in range(0, n_rows, at_once):
        yield min(at_once, n_rows - start)


def _bounds(figures: NDArray[np.float64]) -> tuple[float, float]:
    if not figures.size:
        raise ValueError("no interval: the figure says nothing of any resample")
    low, high = np.percentile(figures, LEVELS)
    return float(low), float(high)


def interval_of_share(share: float, n: int) -> tuple[float, float]:
    """Return the 95% interval of a share of n (Wilson's, of 1.96 standard errors).

    >>> [round(end, 3) for end in interval_of_share(0.5, 10)]
    [0.237, 0.763]
    """
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def estimate_mean(values: Sequence[float | None]) -> Estimate | None:
    """Return the mean of the values that are there with its interval; None when none is."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    mean = sum(found) / len(found)
    return Estimate(mean, *bootstrap(found), len(found), len(values) - len(found))


def summarise(records: Sequence[Record]) -> dict[str, Estimate]:
    """Return the figures by measure: means of questions first, then figures of the whole run."""
    figures: dict[str, Estimate] = {}
    for measure in MEASURES:
        if mean := estimate_mean([one.values[measure.name] for one in records]):
            figures[measure.name] = mean
    for whole in RUN_MEASURES:
        spoken = [one for one in records if whole.speaks_of(one)]
        value = whole.of(spoken)
        if value is not None:
            low, high = bootstrap_of(spoken, whole.of)
            excluded = len(records) - len(spoken)
            figures[whole.name] = Estimate(value, low, high, len(spoken), excluded)
    return figures
