"""Retrievals over made-up passages, judged with the hashing embedder's tokens."""

from collections.abc import Sequence

import numpy as np
from hashing import HashingEmbedder

from assistant.evidence.features import Evidence
from assistant.evidence.scorer import Judgement
from assistant.retrieve.retriever import Retrieval
from assistant.text.terms import query_terms
from assistant.values import DocumentId, Passage, PassageId, RankedPassage, Sentence


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


def evidence_of(texts: Sequence[str], passages: Sequence[int] | None = None) -> Evidence:
    """Return evidence of sentences that match the only question token halfway."""
    n = len(texts)
    numbers = np.array(passages if passages is not None else [0] * n, dtype=np.int64)
    n_passages = int(numbers.max(initial=-1)) + 1
    return Evidence(
        question="What is it?",
        likeness=np.full((n, 1), 0.5),
        matches=np.zeros((n, 1), dtype=np.bool_),
        weights=np.ones(1),
        passages=numbers,
        texts=tuple(texts),
        cosines=np.full(n, 0.5),
        dense=np.full(n_passages, 0.5),
        lexical=np.full(n_passages, 0.5),
        fused=np.full(n_passages, 0.5),
    )


def judgement_of(
    passages: Sequence[Passage], scores: Sequence[float], log_odds: float | None = None
) -> Judgement:
    """Return a judgement of the passages' sentences with the scores written for them."""
    spans = [(p, a, b) for p in passages for a, b in p.sentences]
    sentences = tuple(Sentence(n, *span) for n, span in enumerate(spans, start=1))
    numbers = [i for i, p in enumerate(passages) for _ in p.sentences]
    evidence = evidence_of([s.text for s in sentences], numbers)
    best = max(scores, default=None)
    return Judgement(
        sentences, np.array(scores, dtype=float), evidence, best if log_odds is None else log_odds
    )
