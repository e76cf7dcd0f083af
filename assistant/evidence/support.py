"""Estimates how likely the cited sentences support all of a statement.

This is the late interaction of questions the other way round: every word piece of the statement
looks for its nearest in the cited sentences. Numbers, names and denials that the sentences lack
count against it. A statement without evidence has no support.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.calibration import Logistic, sigmoid
from assistant.evidence.gather import Tokens, read_tokens
from assistant.models.encoder import TokenEncoder
from assistant.text.cues import denies
from assistant.text.english import FUNCTION_WORDS


@dataclass(frozen=True)
class Support:
    """What is known of a statement of m word pieces beside n cited sentences.

    Attributes:
        likeness: (n, m) the cosine of each piece to its nearest in the sentence.
        matches: (n, m) whether the term of the piece stands in the sentence.
        content: (m,) which pieces belong to words that say something.
        names: (m,) which belong to a name or a number.
        denials: whether the statement denies something, and whether a sentence does.
    """

    likeness: NDArray[np.float64]
    matches: NDArray[np.bool_]
    content: NDArray[np.bool_]
    names: NDArray[np.bool_]
    denials: tuple[bool, bool]


def likeness_of_all(support: Support) -> float:
    """Mean cosine of the statement's content to the nearest in any sentence (MaxSim)."""
    return float(support.likeness.max(axis=0)[support.content].mean())


def likeness_of_one(support: Support) -> float:
    """Mean cosine of the statement's content to the one sentence that is most like it."""
    return float(support.likeness[:, support.content].mean(axis=1).max())


def weakest_pieces(support: Support) -> float:
    """Mean of the lowest fifth of the cosines of the statement's content."""
    found = np.sort(support.likeness.max(axis=0)[support.content])
    return float(found[: max(1, len(found) // 5)].mean())


def coverage_of_all(support: Support) -> float:
    """Share of the statement's content whose terms stand in any sentence."""
    return float(support.matches[:, support.content].any(axis=0).mean())


def coverage_of_one(support: Support) -> float:
    """Share of the statement's content whose terms stand in the one sentence that has most."""
    return float(support.matches[:, support.content].mean(axis=1).max())


def missing_names(support: Support) -> float:
    """Logarithm of one more than the name and number pieces that no sentence has."""
    return float(np.log1p((support.names & ~support.matches.any(axis=0)).sum()))


def denied(support: Support) -> float:
    """Whether only one of statement and sentences denies something."""
    return float(support.denials[0] != support.denials[1])


def length(support: Support) -> float:
    """Logarithm of the statement's content pieces."""
    return float(np.log(support.content.sum()))


SUPPORT_FEATURES: tuple[Callable[[Support], float], ...] = (
    likeness_of_all,
    likeness_of_one,
    weakest_pieces,
    coverage_of_all,
    coverage_of_one,
    missing_names,
    denied,
    length,
)


def compare_support(statement: str, cited: Sequence[str], encoder: TokenEncoder) -> Support | None:
    """Return what is known of a statement beside what it cites; None without words in either."""
    if not cited:
        return None
    encoded, *others = encoder.encode([statement, *cited])
    own = read_tokens(statement, encoded)
    sentences = [read_tokens(text, vectors) for text, vectors in zip(cited, others, strict=True)]
    sentences = [tokens for tokens in sentences if len(tokens)]
    content = np.array([_says_something(own, i, statement) for i in range(len(own))], dtype=bool)
    if not sentences or not content.any():
        return None
    cosines = [(tokens.vectors @ own.vectors.T).max(axis=0) for tokens in sentences]
    return Support(
        likeness=np.array(cosines, dtype=np.float64),
        matches=np.array([np.isin(own.terms, tokens.terms) for tokens in sentences]),
        content=content,
        names=own.are_names & content,
        denials=(denies(statement), any(denies(text) for text in cited)),
    )


def measure_support(support: Support) -> NDArray[np.float64]:
    """Return all features, shape (n_features,)."""
    return np.array([feature(support) for feature in SUPPORT_FEATURES])


def score_support(
    statement: str, cited: Sequence[str], encoder: TokenEncoder, weights: Logistic
) -> float:
    """Return the probability that the cited sentences support all of the statement."""
    support = compare_support(statement, cited, encoder)
    if support is None:
        return 0.0
    return sigmoid(float(weights.log_odds(measure_support(support)[None, :])[0]))


def _says_something(tokens: Tokens, i: int, text: str) -> bool:
    start, end = tokens.spans[i]
    return bool(tokens.terms[i]) and text[start:end].casefold() not in FUNCTION_WORDS
