"""Reads the weights that ship with the package (`weights.json`).

The file names every weight by its feature, and says on which data it was fitted, when, and how well
(`python -m evals.evidence`). Weights for other features than those of the code raise `ModelError`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from assistant.errors import ModelError
from assistant.evidence.answerability import QUESTION_FEATURES
from assistant.evidence.calibration import Calibration, Logistic
from assistant.evidence.features import SENTENCE_FEATURES
from assistant.evidence.support import SUPPORT_FEATURES

WEIGHTS_FILE = "weights.json"
FEATURES: dict[str, Sequence[Callable[..., Any]]] = {
    "sentence": SENTENCE_FEATURES,
    "question": QUESTION_FEATURES,
    "support": SUPPORT_FEATURES,
}


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """All that was fitted: for a sentence to answer, a question to be answered, a statement to be
    supported, and where to abstain. The fingerprint tells these weights from others.
    """

    sentence: Logistic
    question: Logistic
    support: Logistic
    calibration: Calibration
    fingerprint: str = ""


@cache
def load_weights() -> EvidenceWeights:
    """Return the weights that ship with the assistant."""
    text = files("assistant.evidence").joinpath(WEIGHTS_FILE).read_text(encoding="utf-8")
    return parse_weights(json.loads(text))


def parse_weights(data: Mapping[str, Any]) -> EvidenceWeights:
    """Return the weights of a parsed file.

    Raises:
        ModelError: a weight is missing, or belongs to no feature.
    """
    logistic = {name: _parse(name, data.get(name, {})) for name in FEATURES}
    facts = json.dumps([data[name] for name in FEATURES], sort_keys=True)
    return EvidenceWeights(
        **logistic,
        calibration=Calibration(1.0, 0.0, tuple((float(s), b) for s, b in data["bars"].items())),
        fingerprint=hashlib.sha256(facts.encode()).hexdigest()[:16],
    )


def to_json(weights: EvidenceWeights) -> dict[str, Any]:
    """Return what `parse_weights` reads."""
    found: dict[str, Any] = {}
    for name, features in FEATURES.items():
        logistic: Logistic = getattr(weights, name)
        own = zip((feature.__name__ for feature in features), logistic.weights, strict=True)
        found[name] = {"bias": logistic.bias, **dict(own)}
    return {**found, "bars": {str(share): bar for share, bar in weights.calibration.bars}}


def _parse(name: str, data: Mapping[str, float]) -> Logistic:
    names = [feature.__name__ for feature in FEATURES[name]]
    if unknown := set(data) ^ {"bias", *names}:
        raise ModelError(
            f"{WEIGHTS_FILE}: {name!r} and its features disagree about {sorted(unknown)}"
        )
    return Logistic(data["bias"], tuple(data[name] for name in names))
