"""A query and a snapshot -> the passages most likely to answer it, with what ranked them."""

from dataclasses import dataclass

from assistant.index.embed import Embedder, PassageVectors, Vector
from assistant.index.snapshot import Snapshot
from assistant.index.vectors import VectorSearch
from assistant.retrieve.fuse import choose, fuse
from assistant.retrieve.lexical import rank_lexically, weigh_terms
from assistant.settings import Settings
from assistant.values import RankedPassage


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A ranking with what an answerer needs to judge its sentences.

    `sentence_vectors[i]` are those of `ranking[i]`, shape (n_sentences, d); `term_weights` are
    the query's terms with their idf.
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

    def retrieve(self, snapshot: Snapshot, query: str, k: int) -> Retrieval:
        """Return the k best passages, fewer when the index holds fewer."""
        settings = self._settings
        n_candidates = max(settings.n_candidates, 2 * k)
        vector = self._embedder.embed_query(query)
        dense = self._vectors.search(snapshot, vector, n_candidates)
        lexical = rank_lexically(snapshot, query, n_candidates)
        weights = weigh_terms(snapshot, query)

        rows = list(dict.fromkeys(row for row, _ in (*dense, *lexical)))
        vectors = snapshot.vectors(rows)
        cosines = {row: cosine(vector, vectors[row]) for row in rows}
        scores = {**snapshot.bm25_of(list(weights), rows), **dict(lexical)}
        fused = fuse(cosines, scores, settings.lexical_weight)

        passages = snapshot.passages(rows)
        row_of = {passages[row].passage_id: row for row in rows}
        chosen = choose(
            ((passages[row], score) for row, score in fused),
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


def cosine(query: Vector, vectors: PassageVectors) -> float:
    """Return the mean of the query's cosines to the passage and to its nearest sentence.

    On squad2 the nearest sentence alone finds more than the passage alone, and both together
    more than either (`evals/README.md`).
    """
    return float(query @ vectors.passage + (vectors.sentences @ query).max()) / 2
