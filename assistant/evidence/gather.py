"""Collects what is known of the retrieved sentences: their numbers, vectors and likeness.

Late interaction happens here: every word piece of the question looks for its nearest in every
sentence. `CachingEncoder` keeps the token vectors of recent texts, so that a passage is encoded
once. Without sentences the evidence is empty.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.features import Evidence
from assistant.evidence.tokens import Tokens, read_tokens, weigh_tokens
from assistant.models.encoder import TokenVectors
from assistant.retrieve.retriever import Retrieval
from assistant.values import Passage, Sentence


class TokenEncoder(Protocol):
    """What late interaction needs of an encoder."""

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order."""


def gather(retrieval: Retrieval, encoder: TokenEncoder) -> tuple[tuple[Sentence, ...], Evidence]:
    """Return the retrieved sentences, numbered from 1, and what is known of each."""
    passages = [ranked.passage for ranked in retrieval.ranking]
    prefixes = [f"{passage.heading}\n" if passage.heading else "" for passage in passages]
    texts = [prefix + passage.text for prefix, passage in zip(prefixes, passages, strict=True)]
    encoded_query, *encoded = encoder.encode([retrieval.query, *texts])
    query = read_tokens(retrieval.query, encoded_query)
    tokens = [
        read_tokens(passage.text, vectors, len(prefix))
        for passage, vectors, prefix in zip(passages, encoded, prefixes, strict=True)
    ]
    spans = [(passage, start, end) for passage in passages for start, end in passage.sentences]
    sentences = tuple(Sentence(number, *span) for number, span in enumerate(spans, start=1))
    return sentences, compare(retrieval, sentences, query, tokens)


def compare(
    retrieval: Retrieval, sentences: Sequence[Sentence], query: Tokens, tokens: Sequence[Tokens]
) -> Evidence:
    """Return the evidence of a retrieval, given its sentences and its passages' tokens."""
    weights = weigh_tokens(query, retrieval.term_weights)
    counts = [len(ranked.passage.sentences) for ranked in retrieval.ranking]
    likeness = np.zeros((len(sentences), len(query)))
    matches = np.zeros((len(sentences), len(query)), dtype=np.bool_)
    row = 0
    for ranked, own in zip(retrieval.ranking, tokens, strict=True):
        cosines = own.vectors @ query.vectors.T
        equal = (own.terms[:, None] == query.terms[None, :]) & (query.terms != "")[None, :]
        for inside in _tokens_of_sentences(ranked.passage, own):
            if inside.any():
                likeness[row] = cosines[inside].max(axis=0)
                matches[row] = equal[inside].any(axis=0)
            row += 1
    total = sum(retrieval.term_weights.values())
    return Evidence(
        question=retrieval.query,
        likeness=likeness,
        matches=matches,
        weights=weights,
        passages=np.repeat(np.arange(len(counts)), counts),
        texts=tuple(sentence.text for sentence in sentences),
        cosines=_cosines(retrieval),
        dense=np.array([ranked.dense for ranked in retrieval.ranking]),
        lexical=np.array([ranked.lexical / (total or 1) for ranked in retrieval.ranking]),
        fused=np.array([ranked.score for ranked in retrieval.ranking]),
    )


def _cosines(retrieval: Retrieval) -> NDArray[np.float64]:
    found = [vectors @ retrieval.query_vector for vectors in retrieval.sentence_vectors]
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)


def _tokens_of_sentences(passage: Passage, tokens: Tokens) -> list[NDArray[np.bool_]]:
    """Return for each sentence which of the passage's tokens lie in it."""
    starts, ends = tokens.spans[:, 0] + passage.start, tokens.spans[:, 1] + passage.start
    return [(starts >= start) & (ends <= end) for start, end in passage.sentences]


N_TEXTS = 256
"""Of 150 tokens and 384 dimensions they take 30 MB."""

_Kept = tuple[NDArray[np.float16], list[tuple[int, int]]]


class CachingEncoder:
    """Encodes what it does not remember. Safe to share between threads."""

    def __init__(self, encoder: TokenEncoder, n_texts: int = N_TEXTS) -> None:
        self._encoder = encoder
        self._n_texts = n_texts
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order, rounded to float16."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for text, tokens in zip(new, self._encoder.encode(new) if new else (), strict=True):
            found[text] = (tokens.vectors.astype(np.float16), tokens.offsets)
        with self._lock:
            for text in texts:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._n_texts:
                self._kept.popitem(last=False)
        return [
            TokenVectors(vectors.astype(np.float32), offsets)
            for vectors, offsets in (found[text] for text in texts)
        ]
