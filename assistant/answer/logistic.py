"""Features -> log-odds -> probabilities."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression over features in a fixed order."""

    bias: float
    weights: tuple[float, ...]

    def log_odds(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """Return the log-odds for features (n, n_features), shape (n,)."""
        odds: NDArray[np.float64] = features.astype(np.float64) @ np.array(self.weights)
        return odds + self.bias


def sigmoid(log_odds: float) -> float:
    """Return 1 / (1 + e^-x) without overflow.

    >>> sigmoid(0.0), sigmoid(1000.0)
    (0.5, 1.0)
    """
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(max(log_odds, -745.0))
    return odds / (1 + odds)
