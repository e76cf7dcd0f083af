"""Values by question -> figures with their intervals, and statements -> how they fare.

Intervals are 95% bootstraps over questions, since the statements of one question are no
independent draws; a share that is 0 or 1 has the exact binomial one (Clopper and Pearson 1934),
of which a bootstrap knows nothing. Refused: nothing; a figure of no values is None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from assistant.evaluation.statistics import bootstrap_of
from evals.generated.readings import Readings, is_supported, is_wrong, key_of, needs_reading
from evals.generated.stated import Stated, by_question


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of n values, with its interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n {self.n})"


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile of n values."""

    p50: float
    p95: float
    n: int

    def __str__(self) -> str:
        return f"{self.p50:.4g}, p95 {self.p95:.4g} (n {self.n})"


def share(groups: Iterable[Sequence[bool | float]]) -> Figure | None:
    """Return the mean of all values, resampled by group; None without values.

    >>> str(share([[True], [True, True]]))  # 1 - .025^(1/3)
    '1.000 (0.292 to 1.000, n 3)'
    """
    kept = [tuple(map(float, group)) for group in groups if len(group)]
    values = [value for group in kept for value in group]
    if not values:
        return None
    low, high = _exact(values) or bootstrap_of(kept, _mean)
    return Figure(float(np.mean(values)), low, high, len(values))


def percentiles(values: Sequence[float]) -> Spread | None:
    """Return the median and the 95th percentile."""
    if not values:
        return None
    p50, p95 = np.percentile(values, [50, 95])
    return Spread(float(p50), float(p95), len(values))


def judge(stated: Sequence[Stated], readings: Readings) -> dict[str, Figure | int | None]:
    """Return how statements fare: by gold alone, and by gold or a person's reading."""
    return {
        "statements": len(stated),
        "uncited": sum(not one.cited and not one.n_invalid for one in stated),
        "naming a number that is none": sum(one.n_invalid > 0 for one in stated),
        "verbatim quotes": sum(one.is_verbatim for one in stated),
        "cites gold": _share_of(stated, lambda one: one.is_gold),
        "supported by gold or reading": _share_of(stated, lambda one: is_supported(one, readings)),
        "supported, if nothing unread is": _share_of(
            stated, lambda one: is_supported(one, readings) or False
        ),
        "citing a wrong sentence": _share_of(stated, lambda one: is_wrong(one, readings)),
        "to be read still": sum(
            needs_reading(one) and not readings.find(key_of(one)) for one in stated
        ),
    }


def print_table(title: str, rows: Mapping[str, object]) -> None:
    """Print figures, a line each; nested ones under their name."""
    print(f"\n{title}")
    _print(rows, "  ")


def as_json(value: object) -> object:
    """Return figures as plain data."""
    if isinstance(value, Figure):
        return {"value": value.value, "interval": [value.low, value.high], "n": value.n}
    if isinstance(value, Spread):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    return value


def _print(rows: Mapping[str, object], indent: str) -> None:
    for name, value in rows.items():
        if isinstance(value, Mapping) and value:
            print(f"{indent}{name}")
            _print(value, f"{indent}  ")
        else:
            shown = "-" if value is None or value == {} else value
            print(f"{indent}{name:<{max(1, 52 - len(indent))}} {shown}", flush=True)


def _share_of(stated: Sequence[Stated], of: Callable[[Stated], bool | None]) -> Figure | None:
    return share(
        [value for one in group if (value := of(one)) is not None] for group in by_question(stated)
    )


def _mean(groups: Sequence[Sequence[float]]) -> float:
    return sum(map(sum, groups)) / sum(map(len, groups))


def _exact(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the interval of a share that is 0 or 1."""
    edge = 0.025 ** (1 / len(values))
    if all(value == 0 for value in values):
        return 0.0, 1 - edge
    return (edge, 1.0) if all(value == 1 for value in values) else None
