"""The word pieces of a text, as late interaction needs them.

Each piece keeps its unit vector, its place in the text, and the word that it belongs to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.models.encoder import TokenVectors
from assistant.text.terms import terms
from assistant.text.words import WORD, may_be_name


@dataclass(frozen=True, slots=True)
class Tokens:
    """The n word pieces of one text, special ones left out.

    Attributes:
        vectors: (n, d) of unit length.
        spans: (n, 2) in characters of the text, ascending.
        words: (n,) the number of the word that each is a piece of, from 0; -1 for none.
        terms: (n,) the term of its word; "" for none.
        are_names: (n,) whether its word has a digit, or a capital and is not the text's first.
    """

    vectors: NDArray[np.float32]
    spans: NDArray[np.int64]
    words: NDArray[np.int64]
    terms: NDArray[np.str_]
    are_names: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.spans)


def read_tokens(text: str, encoded: TokenVectors, prefix: int = 0) -> Tokens:
    """Return the tokens of `text`.

    Args:
        text: the text that spans count in.
        encoded: the encoder's output for `prefix` characters followed by the text.
        prefix: how many characters stood before the text when it was encoded.
    """
    offsets = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
    inside = (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 0] >= prefix)
    spans = offsets[inside] - prefix
    vectors = encoded.vectors[inside]
    n = len(spans)
    words = np.full(n, -1, dtype=np.int64)
    found, are_names = [""] * n, np.zeros(n, dtype=np.bool_)
    token = 0
    for number, match in enumerate(WORD.finditer(text)):
        word = match.group()
        while token < n and spans[token, 0] < match.start():
            token += 1
        while token < n and spans[token, 1] <= match.end():
            words[token] = number
            found[token] = _term_of(word)
            are_names[token] = may_be_name(word, is_first=number == 0)
            token += 1
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Tokens(
        vectors=(vectors / np.maximum(norms, 1e-6)).astype(np.float32),
        spans=spans,
        words=words,
        terms=np.array(found, dtype=np.str_),
        are_names=are_names,
    )


def weigh_tokens(tokens: Tokens, term_weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weight of each of a question's tokens, shape (n,), adding up to 1.

    A word weighs what its term does, nothing when that is no term of the query, and its pieces
    share it (on squad2 the best sentence holds the answer 1.3 points more often than when every
    piece weighs it whole). When no word weighs anything, all tokens weigh the same.
    """
    weights = np.array([term_weights.get(term, 0.0) for term in tokens.terms])
    inside = tokens.words >= 0
    pieces = np.bincount(tokens.words[inside]) if inside.any() else np.ones(1)
    weights[inside] /= pieces[tokens.words[inside]]
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(tokens), 1 / max(1, len(tokens)))


@lru_cache(maxsize=65_536)
def _term_of(word: str) -> str:
    return next(iter(terms(word)), "")
