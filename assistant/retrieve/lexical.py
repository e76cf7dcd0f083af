"""A query -> the passages that share terms with it, by BM25.

A passage that shares no term has no place in the ranking, so it never votes.
"""

import math
from collections.abc import Sequence

from assistant.index.snapshot import Snapshot
from assistant.index.terms import query_terms


def rank_lexically(
    snapshot: Snapshot, query: str, k: int, *, among: Sequence[int] | None = None
) -> list[tuple[int, float]]:
    """Return the k best rows with their BM25 scores, best first; of `among`, if it is given."""
    return snapshot.bm25(query_terms(query), k=k, among=among)


def weigh_terms(snapshot: Snapshot, query: str) -> dict[str, float]:
    """Return the query's terms with their idf over passages; a term of none weighs most.

    idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)), never negative (Lucene's form of
    Robertson & Zaragoza 2009, eq. 3.3). For N = 9 and n = 1: ln(1 + 8.5 / 1.5) = 1.897.
    """
    terms = query_terms(query)
    return idf(terms, snapshot.count_passages_with(terms), snapshot.n_passages)


def idf(terms: Sequence[str], counts: dict[str, int], n_passages: int) -> dict[str, float]:
    """Return each term's idf, given in how many of the passages it occurs.

    >>> round(idf(["rare"], {"rare": 1}, 9)["rare"], 3)
    1.897
    """
    return {
        term: math.log(1 + (n_passages - counts.get(term, 0) + 0.5) / (counts.get(term, 0) + 0.5))
        for term in terms
    }
