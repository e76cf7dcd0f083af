"""Claims beside their evidence -> features, the fitted weights, and held-out figures.

Fitted on expertqa by groups of one question's claims; wice is for evaluation alone.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.calibration import Logistic
from assistant.evidence.support import SUPPORT_FEATURES, compare_support, coverage_of_all
from assistant.evidence.support import measure_support as measure
from assistant.models.encoder import TokenEncoder
from assistant.text.sentences import split_sentences
from evals.datasets import Claim
from evals.evidence.collect import N_FOLDS
from evals.evidence.fit import fit_logistic
from evals.evidence.report import Figure, auc, bootstrap


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim's features (n_features,), its group's fold, and whether it is supported."""

    features: NDArray[np.float64]
    fold: int
    is_supported: bool


def judge_claims(claims: Sequence[Claim], encoder: TokenEncoder) -> list[JudgedClaim]:
    """Return the claims that can be compared with their evidence, sentence by sentence."""
    judged = []
    for claim in claims:
        cited = [sentence for text in claim.evidence for sentence in _sentences(text)]
        support = compare_support(claim.text, cited, encoder)
        if support is not None:
            fold = int(hashlib.sha256(claim.group.encode()).hexdigest(), 16) % N_FOLDS
            judged.append(JudgedClaim(measure(support), fold, claim.is_supported))
    return judged


def _sentences(text: str) -> list[str]:
    lines = [match.span() for match in re.finditer(r"[^\n]+", text)]
    return [text[start:end] for start, end in split_sentences(text, lines)]


def fit_support(claims: Sequence[JudgedClaim]) -> Logistic:
    """Fit the weights of support."""
    return fit_logistic(
        np.array([claim.features for claim in claims]),
        np.array([claim.is_supported for claim in claims]),
    )


def report_support(claims: Mapping[str, Sequence[JudgedClaim]]) -> list[Figure]:
    """Return the AUROC on held-out folds of expertqa and on all of wice, if they are there."""
    if "expertqa" not in claims:
        return []
    fitted_on = claims["expertqa"]
    own = []
    for fold in range(N_FOLDS):
        weights = fit_support([claim for claim in fitted_on if claim.fold != fold])
        own += [(weights, claim) for claim in fitted_on if claim.fold == fold]
    weights = fit_support(fitted_on)
    pairs = {
        "expertqa: AUROC supported or not": own,
        "wice: AUROC supported or not": [(weights, claim) for claim in claims.get("wice", ())],
    }
    floor = [feature.__name__ for feature in SUPPORT_FEATURES].index(coverage_of_all.__name__)
    figures = []
    for name, scored in pairs.items():
        rows = [(float(w.log_odds(c.features[None])[0]), c.is_supported) for w, c in scored]
        plain = [(c.features[floor], c.is_supported) for _, c in scored]
        figures += [
            bootstrap(name, np.array(rows, dtype=np.float64), auc),
            bootstrap(f"{name}, by word overlap", np.array(plain, dtype=np.float64), auc),
        ]
    return [figure for figure in figures if figure is not None]
