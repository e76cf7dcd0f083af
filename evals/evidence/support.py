"""Claims beside their evidence -> features, the fitted weights, and held-out figures.

Fitted on expertqa by groups of one question's claims, and, for a reader that has learned from
pairs, on those that it has not learned from; wice is for evaluation alone.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.calibration import Logistic
from assistant.evidence.support import SUPPORT_FEATURES, compare_support, coverage_of_all
from assistant.evidence.support import measure_support as measure
from assistant.models.encoder import TokenEncoder
from assistant.models.reader import PassageReader
from assistant.text.sentences import split_sentences
from evals.datasets import Claim
from evals.evidence.collect import N_FOLDS
from evals.evidence.fit import fit_logistic
from evals.evidence.report import Figure, auc, bootstrap
from evals.reader.support import load_pairs

HELD_PAIRS = "pairs"
FITTED_ON = ("expertqa", HELD_PAIRS)


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim's features (n_features,), its group's fold, and whether it is supported."""

    features: NDArray[np.float64]
    fold: int
    is_supported: bool


def judge_claims(
    claims: Sequence[Claim], encoder: TokenEncoder, reader: PassageReader | None = None
) -> list[JudgedClaim]:
    """Return the claims that can be compared with their evidence, sentence by sentence."""
    judged = []
    for claim in claims:
        cited = [sentence for text in claim.evidence for sentence in _sentences(text)]
        support = compare_support(claim.text, cited, encoder, reader)
        if support is not None:
            fold = int(hashlib.sha256(claim.group.encode()).hexdigest(), 16) % N_FOLDS
            measured = measure(support, with_reader=reader is not None)
            judged.append(JudgedClaim(measured, fold, claim.is_supported))
    return judged


def _sentences(text: str) -> list[str]:
    lines = [match.span() for match in re.finditer(r"[^\n]+", text)]
    return [text[start:end] for start, end in split_sentences(text, lines)]


def load_held_pairs(folder: Path) -> tuple[Claim, ...]:
    """Return the pairs of public sets that a reader has not learned from."""
    _, held = load_pairs(folder / "reading" / "nli")
    return tuple(Claim(p.statement, (p.quotes,), p.is_supported, p.quotes) for p in held)


def fit_support(sets: Iterable[Sequence[JudgedClaim]]) -> Logistic:
    """Fit the weights of support, to which each set counts the same.

    Even odds are those of a statement that is as likely supported as one of the sets.
    """
    told = [(claim, 1.0 / len(own)) for own in sets for claim in own]
    counts = np.array([count for _, count in told])
    counts /= counts.mean()
    outcomes = np.array([claim.is_supported for claim, _ in told])
    fitted = fit_logistic(np.array([claim.features for claim, _ in told]), outcomes, counts)
    share = float((outcomes * counts).mean())
    return replace(fitted, bias=round(fitted.bias - math.log(share / (1 - share)), 4))


def claims_that_fit(
    claims: Mapping[str, Sequence[JudgedClaim]],
) -> dict[str, Sequence[JudgedClaim]]:
    """Return the claims of the sets that may fit, without those of wice."""
    return {name: claims[name] for name in FITTED_ON if name in claims}


def report_support(claims: Mapping[str, Sequence[JudgedClaim]]) -> list[Figure]:
    """Return the AUROC on held-out folds of the sets that fit and on all of wice."""
    if not (fitted_on := claims_that_fit(claims)):
        return []
    held: dict[str, list[tuple[Logistic, JudgedClaim]]] = {name: [] for name in FITTED_ON}
    for fold in range(N_FOLDS):
        weights = fit_support([c for c in own if c.fold != fold] for own in fitted_on.values())
        for name, own in fitted_on.items():
            held[name] += [(weights, claim) for claim in own if claim.fold == fold]
    weights = fit_support(fitted_on.values())
    held["wice"] = [(weights, claim) for claim in claims.get("wice", ())]
    pairs = {f"{name}: AUROC supported or not": scored for name, scored in held.items() if scored}
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
