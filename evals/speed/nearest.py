"""Ways to find the nearest of many vectors, each built and asked in a process of its own.

    python -m evals.speed.nearest WAY FOLDER INDEX

FOLDER holds `vectors.f32` (n, d), `rows.npy` (n,) and `queries.npy` (m, d); the result is JSON on
the last line: how long building took, what it takes on disk and in memory, seconds a query, and
the rows found.
faiss and usearch are no dependencies: a way that is not installed says so.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.models.encoder import Vector
from assistant.store import chroma, signs
from assistant.store.snapshot import VECTORS_AT_ONCE
from evals.speed.machine import disk_mb, memory_mb, peak_memory_mb

K = 10
BLOCK = 65_536
N_LINKS, EF = 16, 200
"""Of every graph: neighbours, and how many are looked at, as in a Chroma base."""

Search = Callable[[Vector], NDArray[np.intp]]


class Built(NamedTuple):
    """A way that was built: it returns places of the best `K` vectors, and takes so much disk."""

    search: Search
    disk_mb: float


class Given(NamedTuple):
    """Vectors (n, d), memory-mapped, their rows (n,), and the folders of files and of the index."""

    vectors: Any
    rows: NDArray[np.int64]
    folder: Path
    index_dir: Path


def rescore(given: Given, query: Vector, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the best of some places by their vectors."""
    return places[np.argsort(-(given.vectors[places] @ query))[:K]]


def build_exact(given: Given) -> Built:
    """Multiply with all vectors, as they are on disk."""

    def search(query: Vector) -> NDArray[np.intp]:
        cosines = given.vectors @ query
        best = np.argpartition(-cosines, K)[:K]
        return best[np.argsort(-cosines[best])]

    return Built(search, given.vectors.nbytes / 1e6)


def build_bytes(given: Given) -> Built:
    """Multiply with a byte of each number, on disk; the likeliest are scored exactly."""
    n, dimension = given.vectors.shape
    path = given.folder / "vectors.i8"
    coded = np.memmap(path, np.int8, "w+", shape=(n, dimension))
    scales = np.zeros(n, np.float32)
    for first in range(0, n, BLOCK):
        part = given.vectors[first : first + BLOCK]
        scales[first : first + BLOCK] = np.abs(part).max(axis=1) / 127
        coded[first : first + BLOCK] = np.rint(part / scales[first : first + BLOCK, np.newaxis])

    def search(query: Vector) -> NDArray[np.intp]:
        parts = [coded[at : at + BLOCK].astype(np.float32) @ query for at in range(0, n, BLOCK)]
        estimates = np.concatenate(parts) * scales
        return rescore(given, query, np.argpartition(-estimates, 4 * K)[: 4 * K])

    return Built(search, disk_mb(path))


def build_signs(given: Given) -> Built:
    """Count differing bits, as the product does; the likeliest are scored exactly."""
    n, dimension = given.vectors.shape
    coding = signs.make_coding(np.asarray(given.vectors[:: max(1, n // signs.SAMPLE)]))
    pairs = [
        signs.encode(np.asarray(given.vectors[first : first + VECTORS_AT_ONCE]), coding)
        for first in range(0, n, VECTORS_AT_ONCE)
    ]
    codes = np.concatenate([codes for codes, _ in pairs], axis=2)
    facts = np.concatenate([facts for _, facts in pairs], axis=1)

    def search(query: Vector) -> NDArray[np.intp]:
        places = signs.find_best(codes, facts, query, coding, signs.least_scored(dimension))
        return rescore(given, query, places)

    return Built(search, (codes.nbytes + facts.nbytes) / 1e6)


def build_chroma(given: Given) -> Built:
    """Build and check a Chroma base of the index, as the product does."""
    number = time.time_ns() // 1_000_000
    base = chroma.build_base(given.index_dir, number, given.vectors.shape[1])
    opened = chroma.OpenChroma(given.index_dir, base)

    def search(query: Vector) -> NDArray[np.intp]:
        return np.searchsorted(given.rows, [row for row, _ in opened.search(query, K)])

    return Built(search, disk_mb(given.index_dir / chroma.FOLDER / str(number)))


def build_faiss(given: Given) -> Built:
    """Build faiss's graph of floats."""
    faiss = import_module("faiss")
    index = faiss.IndexHNSWFlat(given.vectors.shape[1], N_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = EF, EF
    return _build_faiss(given, index, "graph.faiss")


def build_faiss_lists(given: Given) -> Built:
    """Build faiss's lists of bytes: four times the root of how many vectors; a 32nd is searched."""
    faiss = import_module("faiss")
    n, dimension = given.vectors.shape
    n_lists = int(4 * n**0.5)
    index = faiss.index_factory(dimension, f"IVF{n_lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(np.asarray(given.vectors[:: max(1, n // (50 * n_lists))]))
    index.nprobe = max(1, n_lists // 32)
    return _build_faiss(given, index, "lists.faiss")


def _build_faiss(given: Given, index: Any, name: str) -> Built:
    for first in range(0, len(given.rows), BLOCK):
        index.add(np.asarray(given.vectors[first : first + BLOCK]))
    path = given.folder / name
    import_module("faiss").write_index(index, str(path))
    return Built(lambda query: index.search(query[np.newaxis], K)[1][0], disk_mb(path))


def build_usearch(given: Given) -> Built:
    """Build usearch's graph of bytes."""
    index = import_module("usearch.index").Index(
        ndim=given.vectors.shape[1],
        metric="cos",
        dtype="i8",
        connectivity=N_LINKS,
        expansion_add=EF,
        expansion_search=EF,
    )
    for first in range(0, len(given.rows), BLOCK):
        part = np.asarray(given.vectors[first : first + BLOCK])
        index.add(np.arange(first, first + len(part)), part)
    path = given.folder / "graph.usearch"
    index.save(str(path))

    def search(query: Vector) -> NDArray[np.intp]:
        return np.asarray(index.search(query, K).keys, np.intp)

    return Built(search, disk_mb(path))


WAYS: dict[str, Callable[[Given], Built]] = {
    "exact, float32, memory-mapped": build_exact,
    "bytes, memory-mapped, rescored": build_bytes,
    "signs, rescored (the product's)": build_signs,
    "Chroma, as the product builds it": build_chroma,
    "faiss, graph of floats": build_faiss,
    "faiss, lists of bytes": build_faiss_lists,
    "usearch, graph of bytes": build_usearch,
}
"""The exact one comes first: the others are compared with what it finds."""


def measure_way(way: str, folder: Path, index_dir: Path) -> dict[str, Any]:
    """Build one way and ask it every query."""
    rows, queries = np.load(folder / "rows.npy"), np.load(folder / "queries.npy")
    shape = len(rows), queries.shape[1]
    vectors = np.memmap(folder / "vectors.f32", np.float32, "r", shape=shape)
    before, started = memory_mb(), time.perf_counter()
    built = WAYS[way](Given(vectors, rows, folder, index_dir))
    build_s = time.perf_counter() - started
    built.search(queries[0])
    seconds, found = [], []
    for query in queries:
        started = time.perf_counter()
        places = built.search(query)
        seconds.append(time.perf_counter() - started)
        found.append(rows[places].tolist())
    return {
        "build_s": build_s,
        "disk_mb": built.disk_mb,
        "memory_mb": memory_mb() - before,
        "peak_mb": peak_memory_mb(),
        "seconds": seconds,
        "found": found,
    }


if __name__ == "__main__":
    named, *places = sys.argv[1:]
    sys.stdout.write(json.dumps(measure_way(named, *map(Path, places))) + "\n")
