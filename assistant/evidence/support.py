"""Estimates how likely the cited sentences support all of a statement.

This is the late interaction of questions the other way round: every word piece of the statement
looks for its nearest in the cited sentences. Numbers, names and denials that the sentences lack
count against it. A reader that has learned it reads both together and says whether they say it. A
statement without evidence has no support.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.calibration import Logistic, sigmoid
from assistant.evidence.gather import Tokens, read_tokens
from assistant.models.encoder import TokenEncoder
from assistant.models.reader import PassageReader
from assistant.text.cues import denies
from assistant.text.english import FUNCTION_WORDS
from assistant.text.terms import terms

FAR = 6.0
MAX_READ_CHARS = 900
"""Of what is cited: as much as a reader has learned to compare."""


@dataclass(frozen=True)
class Support:
    """What is known of a statement of m word pieces beside n cited sentences.

    Attributes:
        likeness: (n, m) the cosine of each piece to its nearest in the sentence.
        matches: (n, m) whether the term of the piece stands in the sentence.
        content: (m,) which pieces belong to words that say something.
        names: (m,) which belong to a name or a number.
        denials: whether the statement denies something, and whether a sentence does.
        read: the reader's log-odds that the sentences say all of the statement, 0 without one.
    """

    likeness: NDArray[np.float64]
    matches: NDArray[np.bool_]
    content: NDArray[np.bool_]
    names: NDArray[np.bool_]
    denials: tuple[bool, bool]
    read: float = 0.0


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


def supported(support: Support) -> float:
    """The reader's log-odds of support; further than `FAR` from even is as far."""
    return min(FAR, max(-FAR, support.read))


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

READ_SUPPORT_FEATURES = (*SUPPORT_FEATURES, supported)
"""The features of a statement where there is a reader."""


def compare_support(
    statement: str,
    cited: Sequence[str],
    encoder: TokenEncoder,
    reader: PassageReader | None = None,
) -> Support | None:
    """Return what is known of a statement beside what it cites; None without words in either."""
    if not cited:
        return None
    texts = [statement, *cited]
    if reader:
        encoded, *others = (one.vectors for one in reader.encode_passages(texts))
    else:
        encoded, *others = encoder.encode(texts)
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
        read=_read(statement, cited, reader) if reader and reader.knows_support else 0.0,
    )


def _read(statement: str, cited: Sequence[str], reader: PassageReader) -> float:
    """Return what a reader says of a statement and the sentences that have most of its words."""
    own = set(terms(statement))
    order = sorted(range(len(cited)), key=lambda i: -len(own & set(terms(cited[i]))))
    kept, room = {order[0]}, MAX_READ_CHARS
    for i in order:
        room -= len(cited[i])
        if room >= 0:
            kept.add(i)
    quotes = " ".join(" ".join(cited[i].split()) for i in sorted(kept))
    return reader.support(*reader.encode_passages([statement, quotes[:MAX_READ_CHARS]]))


def measure_support(support: Support, *, with_reader: bool = False) -> NDArray[np.float64]:
    """Return all features, shape (n_features,)."""
    features = READ_SUPPORT_FEATURES if with_reader else SUPPORT_FEATURES
    return np.array([feature(support) for feature in features])


def score_support(
    statement: str,
    cited: Sequence[str],
    encoder: TokenEncoder,
    weights: Logistic,
    reader: PassageReader | None = None,
) -> float:
    """Return the probability that the cited sentences support all of the statement."""
    support = compare_support(statement, cited, encoder, reader)
    if support is None:
        return 0.0
    measured = measure_support(support, with_reader=reader is not None)
    return sigmoid(float(weights.log_odds(measured[None, :])[0]))


def _says_something(tokens: Tokens, i: int, text: str) -> bool:
    start, end = tokens.spans[i]
    return bool(tokens.terms[i]) and text[start:end].casefold() not in FUNCTION_WORDS
