"""A query and a snapshot -> the passages most likely to answer it, with what ranked them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from assistant.index.embed import Embedder, PassageVectors, Vector
from assistant.index.snapshot import Snapshot
from assistant.index.vectors import VectorSearch
from assistant.retrieve.fuse import choose, fuse
from assistant.retrieve.lexical import rank_lexically, weigh_terms
from assistant.retrieve.spelling import respell
from assistant.settings import Settings
from assistant.values import Passage, RankedPassage

READ_TOGETHER = 12
"""Passages read from the catalog at once: a few more than an answer needs."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A ranking with what an answerer needs to judge its sentences.

    `query` is spelt as the documents spell it; `sentence_vectors[i]`, shape (n_sentences, d), are
    those of `ranking[i]`; `term_weights` are the query's terms with their idf.
    """

    query: str
    query_vector: Vector
    term_weights: dict[str, float]
    ranking: tuple[RankedPassage, ...]
    sentence_vectors: tuple[Vector, ...]


class Retriever:
    """Fuses the dense and the lexical ranking of one index."""

    def __init__(self, embedder: Embedder, vectors: VectorSearch, settings: Settings) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._settings = settings

    def retrieve(
        self, snapshot: Snapshot, query: str, k: int, *, documents: Collection[str] = ()
    ) -> Retrieval:
        """Return the k best passages of the documents, fewer when these hold fewer.

        Misspelt words of the query are searched for as the documents spell them, and words weigh
        what they do in all documents, whichever are chosen.

        Args:
            snapshot: the index.
            query: what to search for.
            k: how many passages.
            documents: ids of the documents to search; none of them means all.

        Raises:
            CorpusError: the index does not hold one of them.
        """
        settings = self._settings
        among = snapshot.rows_of(documents) if documents else None
        n_candidates = max(settings.n_candidates, 2 * k)
        query = respell(snapshot, query, self._is_word)
        vector = self._embedder.embed_query(query)
        dense = self._search(snapshot, vector, n_candidates, among)
        lexical = rank_lexically(snapshot, query, n_candidates, among=among)
        weights = weigh_terms(snapshot, query)

        rows = list(dict.fromkeys(row for row, _ in (*dense, *lexical)))
        vectors = snapshot.vectors(rows)
        cosines = {row: cosine(vector, vectors[row]) for row in rows}
        scores = {**snapshot.bm25_of(list(weights), rows), **dict(lexical)}
        total = sum(weights.values())
        fused = fuse(cosines, scores, settings.lexical_weight / total if total else 0.0)

        row_of: dict[str, int] = {}
        chosen = choose(
            _read_passages(snapshot, fused, row_of, documents),
            k=k,
            max_per_document=settings.max_passages_per_document,
        )
        chosen_rows = [row_of[passage.passage_id] for passage, _ in chosen]
        return Retrieval(
            query=query,
            query_vector=vector,
            term_weights=weights,
            ranking=tuple(
                RankedPassage(passage, rank, score, cosines[row], scores.get(row, 0.0))
                for rank, ((passage, score), row) in enumerate(
                    zip(chosen, chosen_rows, strict=True), start=1
                )
            ),
            sentence_vectors=tuple(vectors[row].sentences for row in chosen_rows),
        )

    def _search(
        self, snapshot: Snapshot, vector: Vector, k: int, among: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        if among is None:
            return self._vectors.search(snapshot, vector, k)
        return self._vectors.search_among(snapshot, among, vector, k)

    def _is_word(self, word: str) -> bool:
        """Whether the model has a token for the word: it was common in what it has read."""
        return self._embedder.count_tokens([word]) == [1]


def _read_passages(
    snapshot: Snapshot,
    fused: Sequence[tuple[int, float]],
    row_of: dict[str, int],
    documents: Collection[str],
) -> Iterator[tuple[Passage, float]]:
    """Yield the passages of a ranking, reading no more than are asked for; note their rows."""
    for first in range(0, len(fused), READ_TOGETHER):
        batch = fused[first : first + READ_TOGETHER]
        passages = snapshot.passages([row for row, _ in batch], documents)
        for row, score in batch:
            row_of[passages[row].passage_id] = row
            yield passages[row], score


def cosine(query: Vector, vectors: PassageVectors) -> float:
    """Return the query's cosine to the nearest sentence of the passage.

    It finds more than the passage's own vector: recall@1 of .68 beside .59 on squad2
    (`evals/README.md`).
    """
    return float((vectors.sentences @ query).max())
