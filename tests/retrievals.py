"""Retrievals over made-up passages, judged with the hashing embedder's tokens."""

from collections.abc import Sequence

import numpy as np
from hashing import HashingEmbedder

from assistant.evidence.gather import gather
from assistant.evidence.scorer import Judgement
from assistant.retrieve.retriever import Retrieval
from assistant.text.terms import query_terms
from assistant.values import DocumentId, Passage, PassageId, RankedPassage


def passage(*sentences: str, name: str = "d.txt", heading: str | None = None) -> Passage:
    """Return a passage of the sentences, a space between any two."""
    spans, at = [], 0
    for text in sentences:
        spans.append((at, at + len(text)))
        at += len(text) + 1
    text = " ".join(sentences)
    return Passage(
        PassageId(f"{name}:0-{len(text)}"),
        DocumentId(name),
        0,
        len(text),
        text,
        tuple(spans),
        heading,
    )


def retrieve(query: str, *passages: Passage) -> Retrieval:
    """Return a retrieval of the passages in this order, every query term weighing 2."""
    embedder = HashingEmbedder()
    vector = embedder.embed_query(query)
    vectors = [
        np.vstack([embedder.embed_query(p.text[a - p.start : b - p.start]) for a, b in p.sentences])
        for p in passages
    ]
    ranking = tuple(
        RankedPassage(p, rank, 1 / rank, float((v @ vector).max()), 1.0)
        for rank, (p, v) in enumerate(zip(passages, vectors, strict=True), start=1)
    )
    weights = dict.fromkeys(query_terms(query), 2.0)
    return Retrieval(query, vector, weights, ranking, tuple(vectors))


def judgement_of(passages: Sequence[Passage], scores: Sequence[float]) -> Judgement:
    """Return a judgement of the passages' sentences with the scores written for them."""
    sentences, evidence = gather(retrieve("What is it?", *passages), HashingEmbedder())
    return Judgement(sentences, np.array(scores, dtype=float), evidence, max(scores, default=None))
