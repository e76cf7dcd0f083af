"""Two rankings -> one; a ranking -> the passages worth reading. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping

from assistant.values import Passage


def fuse(
    dense: Mapping[int, float], lexical: Mapping[int, float], lexical_weight: float
) -> list[tuple[int, float]]:
    """Return every row of either ranking with its fused score, best first; ties by row.

    The score is cosine + weight * BM25 (a convex combination without normalising, after Bruch,
    Gai & Ingber 2023, arXiv:2210.11934). `dense` must hold every row; a row that `lexical`
    lacks shares no term with the query and gets nothing for it.

    >>> fuse({1: 0.5, 2: 0.4}, {2: 10.0}, 0.03)
    [(2, 0.7), (1, 0.5)]
    """
    scores = {row: cosine + lexical_weight * lexical.get(row, 0.0) for row, cosine in dense.items()}
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def choose(
    ranking: Iterable[tuple[Passage, float]], *, k: int, max_per_document: int
) -> list[tuple[Passage, float]]:
    """Return the k first passages of a ranking, without repeats and spread over documents.

    Passages that read the same (but for case and whitespace) are given once. At most
    `max_per_document` of a document are taken while another document has one to offer;
    the places that remain go to the best of those passed over.
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
