"""Turns log-odds into probabilities, and holds the bar below which the assistant abstains.

The bar is stated as a target: the share of answerable questions that may be refused. A calibration
ships with the weights; `assistant calibrate` fits another one to your own questions and keeps it
beside the index.
"""

import json
import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError, QuestionError
from assistant.store.tables import digest_row


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


logger = logging.getLogger(__name__)

SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
"""The over-refusals for which a bar is kept."""
MIN_QUESTIONS = 10
"""Of each kind: fewer say nothing about a share of a tenth."""
CALIBRATION_FILE = "calibration.json"
_ANEW = "; the one that ships is used. Make it anew: assistant calibrate QUESTIONS"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How log-odds become a probability, and where to abstain.

    Attributes:
        slope, bias: probability = sigmoid(slope x log-odds + bias) (Platt 1999).
        bars: (over-refusal, bar) ascending: that share of the answerable questions that it was
            fitted on lay under the bar.
    """

    slope: float
    bias: float
    bars: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Refuse what would make of log-odds anything but a probability that grows with them."""
        if not (self.slope > 0 and math.isfinite(self.slope) and math.isfinite(self.bias)):
            raise ValueError(f"a slope over 0 and a finite bias, not {self.slope}, {self.bias}")
        if not all(0 <= share <= 1 and 0 <= bar <= 1 for share, bar in self.bars):
            raise ValueError(f"shares and bars lie between 0 and 1, not {self.bars}")

    def probability(self, log_odds: float) -> float:
        """Return the probability that the question is answered."""
        return sigmoid(self.slope * log_odds + self.bias)

    def bar(self, over_refusal: float) -> float:
        """Return the probability under which to abstain, for a share of 0 (never) to 1 (always).

        Between two kept shares the bar is interpolated.

        >>> Calibration(1, 0, ((0.1, 0.2), (0.3, 0.4))).bar(0.2)
        0.3
        """
        shares = [0.0, *(share for share, _ in self.bars), 1.0]
        bars = [0.0, *(bar for _, bar in self.bars), 1.0]
        if over_refusal >= 1:
            return math.nextafter(1.0, 2.0)
        return round(float(np.interp(over_refusal, shares, bars)), 12)


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of similar probability: how many, their mean probability, the share answered."""

    n: int
    mean: float
    share: float


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What a calibration on one's own questions did, measured on those questions.

    Attributes:
        error_before, error_after: the expected calibration error.
        over_refusal: the share of the answerable that is refused now; `refused` of the others.
        path: where the calibration is kept.
    """

    n_answerable: int
    n_unanswerable: int
    error_before: float
    error_after: float
    over_refusal: float
    refused: float
    path: str = ""


def calibrate(
    log_odds: Sequence[float | None],
    are_answerable: Sequence[bool],
    before: Calibration,
    over_refusal: float,
) -> tuple[Calibration, CalibrationReport]:
    """Return a calibration fitted to judged questions, and what it does to them.

    A question for which nothing was retrieved has no log-odds: it is refused whatever the bar.

    Raises:
        QuestionError: there are fewer than `MIN_QUESTIONS` of a kind that retrieved something.
    """
    found = [(o, y) for o, y in zip(log_odds, are_answerable, strict=True) if o is not None]
    odds, outcomes = [o for o, _ in found], [y for _, y in found]
    n_answerable = sum(outcomes)
    if min(n_answerable, len(outcomes) - n_answerable) < MIN_QUESTIONS:
        raise QuestionError(
            f"a calibration needs at least {MIN_QUESTIONS} answerable and {MIN_QUESTIONS} "
            f"unanswerable questions; {n_answerable} and {len(outcomes) - n_answerable} were given"
        )
    after = fit_calibration(odds, outcomes)
    p = [after.probability(o) for o in odds]
    refused = [one < after.bar(over_refusal) for one in p]
    answerable = [r for r, y in zip(refused, outcomes, strict=True) if y]
    unanswerable = [r for r, y in zip(refused, outcomes, strict=True) if not y]
    return after, CalibrationReport(
        n_answerable=n_answerable,
        n_unanswerable=len(outcomes) - n_answerable,
        error_before=calibration_error([before.probability(o) for o in odds], outcomes),
        error_after=calibration_error(p, outcomes),
        over_refusal=sum(answerable) / len(answerable),
        refused=sum(unanswerable) / len(unanswerable),
    )


def fit_calibration(log_odds: Sequence[float], are_answerable: Sequence[bool]) -> Calibration:
    """Fit a calibration on questions of which it is known whether they can be answered."""
    from sklearn.linear_model import LogisticRegression

    odds = np.array(log_odds).reshape(-1, 1)
    model = LogisticRegression(C=1.0).fit(odds, np.array(are_answerable))
    plain = Calibration(max(float(model.coef_[0, 0]), 1e-3), float(model.intercept_[0]), ())
    pairs = zip(log_odds, are_answerable, strict=True)
    answerable = [plain.probability(odds) for odds, is_answerable in pairs if is_answerable]
    return Calibration(plain.slope, plain.bias, fit_bars(answerable))


def fit_bars(probabilities: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Return for each of `SHARES` the bar under which that share of the probabilities lies."""
    bars = np.quantile(np.array(probabilities), SHARES)
    return tuple((share, round(float(bar), 4)) for share, bar in zip(SHARES, bars, strict=True))


def read_calibration(folder: Path, fingerprint: str) -> Calibration | None:
    """Return the calibration kept in a folder; None when there is none for that scorer.

    One that is damaged is told in the log and not used either.

    Raises:
        ModelError: the disk does not let the file be read.
    """
    path = folder / CALIBRATION_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("digest") != _digest(data):
            raise ValueError("it is not what was written")  # noqa: TRY301 (one way out for damage)
        bars = tuple((float(share), float(bar)) for share, bar in data["bars"])
        found = Calibration(float(data["slope"]), float(data["bias"]), bars)
        if data["scorer"] == fingerprint:
            return found
        logger.warning("%s was fitted to another evidence scorer or embedding model%s", path, _ANEW)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ModelError(
            f"the calibration {str(path)!r} cannot be read ({error}): see to the disk, or delete it"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("%s is damaged (%r)%s", path, error, _ANEW)
    return None


def write_calibration(folder: Path, calibration: Calibration, fingerprint: str) -> Path:
    """Keep a calibration for a scorer in a folder, in place of the one there; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path, aside = folder / CALIBRATION_FILE, folder / f"{CALIBRATION_FILE}.{os.getpid()}.tmp"
    data = {
        "scorer": fingerprint,
        "slope": calibration.slope,
        "bias": calibration.bias,
        "bars": calibration.bars,
    }
    data["digest"] = _digest(data)
    aside.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)
    return path


def _digest(data: dict[str, Any]) -> int:
    return digest_row(json.dumps(data, sort_keys=True))


def reliability(
    probabilities: Sequence[float], outcomes: Sequence[bool], n_bins: int = 10
) -> tuple[Bin, ...]:
    """Return bins of equal width that are not empty, lowest first (a reliability diagram)."""
    p, y = np.array(probabilities), np.array(outcomes, dtype=np.float64)
    number = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return tuple(
        Bin(int((number == k).sum()), float(p[number == k].mean()), float(y[number == k].mean()))
        for k in np.unique(number)
    )


def calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[bool], n_bins: int = 10
) -> float:
    """Return the expected calibration error (Naeini et al. 2015): 0 is perfect.

    The mean distance between a bin's mean probability and its share, weighted by its size.

    >>> round(calibration_error([0.9, 0.9, 0.2, 0.2], [True, True, False, True]), 3)
    0.2

    Raises:
        ValueError: there is nothing to measure.
    """
    if not probabilities:
        raise ValueError("no calibration error without probabilities")
    bins = reliability(probabilities, outcomes, n_bins)
    return sum(one.n * abs(one.mean - one.share) for one in bins) / len(probabilities)
