"""An embedder without a model: a text's vector is its bag of terms, hashed."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from assistant.models.embed import EmbedderInput, PassageVectors
from assistant.models.encoder import TokenVectors, Vector
from assistant.text.terms import terms

CHARS_PER_TOKEN = 8


class HashingEmbedder:
    """Deterministic; counts what it was asked to embed."""

    def __init__(
        self, *, dimension: int = 64, max_tokens: int = 128, fingerprint: str = "hashing"
    ) -> None:
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.fingerprint = fingerprint
        self.n_embedded = 0

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [sum(-(-len(w) // CHARS_PER_TOKEN) for w in re.findall(r"\S+", t)) for t in texts]

    def embed_query(self, text: str) -> Vector:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for term in terms(text) or [""]:
            digest = zlib.crc32(term.encode("utf-8", "surrogatepass"))
            vector[digest % self.dimension] += 1 if digest & 1 << 20 else -1
        if not vector.any():  # opposite terms in one place
            vector[0] = 1
        return vector / np.linalg.norm(vector)

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        self.n_embedded += len(inputs)
        return [
            PassageVectors(
                self.embed_query(given.text),
                np.vstack([self.embed_query(given.text[a:b]) for a, b in given.sentences]),
            )
            for given in inputs
        ]

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        found = []
        for text in texts:
            words = list(re.finditer(r"\w+|[^\w\s]", text))
            vectors = [self.embed_query(word.group()) for word in words]
            rows = np.vstack(vectors) if vectors else np.zeros((0, self.dimension), np.float32)
            found.append(TokenVectors(rows, [word.span() for word in words]))
        return found
