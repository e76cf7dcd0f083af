"""Finds the passages most likely to answer a query, by dense and lexical search.

`fuse`, `choose`, `weigh_terms` and `idf` are the formulas; `Retriever` applies them to a snapshot
of the index.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.models.embed import Embedder, PassageVectors
from assistant.models.encoder import Vector
from assistant.retrieve.named import Named, Names, find_absent, find_named, find_own_question
from assistant.retrieve.query import name_days, respell
from assistant.settings import Settings
from assistant.store.engine import VectorSearching, rank_rows
from assistant.store.snapshot import Snapshot
from assistant.text.exact import find_exact
from assistant.text.terms import NO_TERMS, QueryTerms, read_query
from assistant.values import Passage, RankedPassage

MAX_LIFTED = 200
"""Passages of documents that a question names: more are found by their text alone."""
MAX_NAMED = 20
"""Documents whose passages are added since a question names them: the likeliest."""
READ_TOGETHER = 12
"""Passages read from the catalog at once: a few more than an answer needs."""


def fuse(
    dense: Mapping[int, float], lexical: Mapping[int, float], lexical_weight: float
) -> list[tuple[int, float]]:
    """Return every row of either ranking with its fused score, best first; ties in order of row.

    The score is cosine + weight * BM25 (a convex combination without normalising, after Bruch,
    Gai & Ingber 2023, arXiv:2210.11934). `dense` must hold every row; a row that `lexical`
    lacks shares no term with the query, so its BM25 is 0.

    >>> fuse({1: 0.5, 2: 0.4}, {2: 10.0}, 0.03)
    [(2, 0.7), (1, 0.5)]
    """
    scores = {row: cosine + lexical_weight * lexical.get(row, 0.0) for row, cosine in dense.items()}
    return rank_rows(scores.items())


def choose(
    ranking: Iterable[tuple[Passage, float]], *, k: int, max_per_document: int
) -> list[tuple[Passage, float]]:
    """Return the first k passages of a ranking, without repeats and spread over documents.

    Of passages with the same text (but for case and whitespace) only the first is taken. At most
    `max_per_document` passages of a document are taken as long as another document has one;
    remaining places go to the best of those passed over.
    """
    taken: list[tuple[Passage, float]] = []
    passed: list[tuple[Passage, float]] = []
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    for passage, score in ranking:
        reading = " ".join(passage.text.casefold().split())
        if reading in seen:
            continue
        seen.add(reading)
        if counts[passage.document_id] < max_per_document:
            counts[passage.document_id] += 1
            taken.append((passage, score))
        else:
            passed.append((passage, score))
        if len(taken) == k:
            break
    filled = taken + passed[: k - len(taken)]
    return sorted(filled, key=lambda pair: -pair[1])


def rank_lexically(
    snapshot: Snapshot, query: str, k: int, *, among: Sequence[int] | None = None
) -> list[tuple[int, float]]:
    """Return the k best rows by BM25 with their scores, best first; `among` limits the rows."""
    forms = (form for one in find_exact(query) for form in one.forms)
    terms = read_query(query, snapshot.languages()).all
    return snapshot.bm25([*dict.fromkeys((*terms, *forms))], k=k, among=among)


def weigh_terms(snapshot: Snapshot, query: str) -> dict[str, float]:
    """Return the query's terms with their idf over passages; a term in no passage weighs most.

    idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)), never negative (Lucene's form of
    Robertson & Zaragoza 2009, eq. 3.3). For N = 9 and n = 1: ln(1 + 8.5 / 1.5) = 1.897.
    A word occurs where its term in the language of the question or of the documents does.
    """
    terms = read_query(query, snapshot.languages())
    counts = snapshot.count_passages_with(terms.all)
    for stem, term in terms.stems.items():
        counts[term] = counts.get(term, 0) + counts.get(stem, 0)
    return idf(terms.own, counts, snapshot.n_passages)


def idf(terms: Sequence[str], counts: dict[str, int], n_passages: int) -> dict[str, float]:
    """Return each term's idf; `counts` says in how many of the passages it occurs.

    >>> round(idf(["rare"], {"rare": 1}, 9)["rare"], 3)
    1.897
    """
    return {
        term: math.log(1 + (n_passages - counts.get(term, 0) + 0.5) / (counts.get(term, 0) + 0.5))
        for term in terms
    }


def cosine(query: Vector, vectors: PassageVectors) -> float:
    """Return the query's cosine to the nearest sentence of the passage.

    It finds more than the passage's own vector: recall@1 of .68 against .59 on squad2
    (`evals/README.md`).
    """
    return float((vectors.sentences @ query).max())


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A ranking, with what is needed to judge its sentences.

    Attributes:
        query: what was searched for, with the documents' spelling.
        query_vector: its embedding, shape (d,).
        term_weights: its terms with their idf.
        ranking: the passages, best first.
        sentence_vectors: for each passage of the ranking, an array of shape (n_sentences, d).
        absent: what was asked for by a code, date, year or name that no document has.
        terms: the query's terms for documents of several languages.
        named: what it asks to be read out, if it does.
    """

    query: str
    query_vector: Vector
    term_weights: dict[str, float]
    ranking: tuple[RankedPassage, ...]
    sentence_vectors: tuple[Vector, ...]
    absent: tuple[str, ...] = ()
    terms: QueryTerms = NO_TERMS
    named: Named | None = None


def unite(retrieval: Retrieval, other: Retrieval) -> Retrieval:
    """Return the retrieval with the passages that only the other one has found after its own."""
    have = {ranked.passage.passage_id for ranked in retrieval.ranking}
    pairs = zip(other.ranking, other.sentence_vectors, strict=True)
    more = [pair for pair in pairs if pair[0].passage.passage_id not in have]
    ranking = (*retrieval.ranking, *(ranked for ranked, _ in more))
    return replace(
        retrieval,
        ranking=tuple(replace(one, rank=rank) for rank, one in enumerate(ranking, start=1)),
        sentence_vectors=(*retrieval.sentence_vectors, *(vectors for _, vectors in more)),
    )


class Retriever:
    """Finds passages by a dense and a lexical ranking, fused."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorSearching,
        settings: Settings,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._embedder = embedder
        self._vectors = vectors
        self._settings = settings
        self._today = today
        self._names: tuple[int, Names] | None = None

    def retrieve(
        self, snapshot: Snapshot, query: str, k: int, *, documents: Collection[str] = ()
    ) -> Retrieval:
        """Return the k best passages of the documents, or fewer if they have fewer.

        Misspelt words of the query are searched for as the documents spell them, and relative days
        ("yesterday") as what they are today. Terms have the
        weights that they have in all documents, whichever are searched.

        Args:
            snapshot: the index.
            query: what to search for.
            k: how many passages.
            documents: ids of the documents to search; empty means all.

        Raises:
            CorpusError: the index does not hold one of them.
        """
        settings = self._settings
        names = self._names_of(snapshot)
        documents = documents or names.files_in(query)
        among = snapshot.rows_of(documents) if documents else None
        n_candidates = max(settings.n_candidates, 2 * k)
        query = respell(snapshot, query, self._is_word)
        query = name_days(snapshot, query, self._today())
        terms = read_query(query, snapshot.languages())
        vector = self._embedder.embed_query(query)
        dense = (
            self._vectors.search(snapshot, vector, n_candidates)
            if among is None
            else self._vectors.search_among(snapshot, among, vector, n_candidates)
        )
        lexical = rank_lexically(snapshot, query, n_candidates, among=among)
        weights = weigh_terms(snapshot, query)
        lifted = self._lift(snapshot, names.weigh(weights), documents)

        rows = list(dict.fromkeys(row for row, _ in (*dense, *lexical, *lifted.items())))
        vectors = snapshot.vectors(rows)
        cosines = {row: cosine(vector, vectors[row]) for row in rows}
        scores = {**snapshot.bm25_of(terms.all, rows), **dict(lexical)}
        for row, weight in lifted.items():
            scores[row] = scores.get(row, 0.0) + weight
        total = sum(weights.values())
        fused = fuse(cosines, scores, settings.weight_of_words / total if total else 0.0)

        row_of: dict[str, int] = {}
        chosen = choose(
            _read_passages(snapshot, fused, row_of, documents),
            k=k,
            max_per_document=settings.max_passages_per_document,
        )
        chosen_rows = [row_of[passage.passage_id] for passage, _ in chosen]
        near = snapshot.passages(
            [*dict.fromkeys((*chosen_rows, *(row for row, _ in lexical[:READ_TOGETHER])))],
            documents,
        )
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
            absent=find_absent(snapshot, query, names),
            terms=terms,
            named=find_named(snapshot, query, names, documents)
            or find_own_question(snapshot, query, [*near.values()], self._is_word),
        )

    def _names_of(self, snapshot: Snapshot) -> Names:
        known = self._names
        if known is None or known[0] != snapshot.version:
            held = [row.document_id for row in snapshot.ledger() if row.content_id is not None]
            known = self._names = snapshot.version, Names.of(held, snapshot.languages())
        return known[1]

    def _lift(
        self, snapshot: Snapshot, named: Mapping[str, float], documents: Collection[str]
    ) -> dict[int, float]:
        """Return the rows of named documents, if they are few, with what their names tell."""
        found: dict[int, float] = {}
        chosen = [name for name in named if not documents or name in documents]
        for document_id in sorted(chosen, key=lambda name: (-named[name], name))[:MAX_NAMED]:
            for row in snapshot.rows_of([document_id])[: MAX_LIFTED - len(found)]:
                found.setdefault(row, named[document_id])
        return found

    def _is_word(self, word: str) -> bool:
        """Whether the model has a token for the word, which so was common in its training text."""
        return self._embedder.count_tokens([word]) == [1]


def _read_passages(
    snapshot: Snapshot,
    fused: Sequence[tuple[int, float]],
    row_of: dict[str, int],
    documents: Collection[str],
) -> Iterator[tuple[Passage, float]]:
    """Yield the passages of a ranking, read in batches as needed; put their rows into `row_of`."""
    for first in range(0, len(fused), READ_TOGETHER):
        batch = fused[first : first + READ_TOGETHER]
        passages = snapshot.passages([row for row, _ in batch], documents)
        for row, score in batch:
            row_of[passages[row].passage_id] = row
            yield passages[row], score
