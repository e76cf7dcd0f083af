"""The Chroma base: an approximate index of the catalog's vectors, built once and never edited.

A base is a folder `chroma/<number>/` with one collection of row numbers and vectors. It is built
from the catalog, and checked, in child processes, because a torn HNSW file can end the process that
opens it; the digests of its files are kept to tell whether anything has changed since. `StoreError`
is raised for a base that cannot be built, opened or searched. No other module imports chromadb.
"""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import IndexDamaged, StoreError
from assistant.models.encoder import Vector
from assistant.store.catalog import connect
from assistant.store.snapshot import Base, read_vectors
from assistant.store.tables import digest_row

FOLDER = "chroma"
CHROMA_FILE = "chroma.sqlite3"
COLLECTION = "passages"
MAX_MISSED_SHARE = 0.01
"""Share of vectors that a base may miss; more, and it is not worth having."""
SAME_COSINE = 1e-5
"""Equal texts have equal vectors: either may be found for the other."""


def build_base(index_dir: Path, number: int, dimension: int) -> Base:
    """Build base `number` from the catalog's vectors and check every one of them.

    Vectors that the graph does not lead to (46 of 100,000 in `make bench`) are noted as `missed`:
    a search takes them with the tail.

    Raises:
        StoreError: it could not be built, or misses more than `MAX_MISSED_SHARE`.
        IndexDamaged: a vector is not what was written.
    """
    folder = _folder(index_dir, number)
    with _explain_disk(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        built = _run_child("build", index_dir, number, dimension)
        n, last_row = built["n_passages"], built["last_row"]
        missed = _run_child("check", index_dir, number, dimension, last_row)["missed"]
        if len(missed) > MAX_MISSED_SHARE * n:
            raise StoreError(f"the new Chroma base does not find {len(missed)} of {n} passages")
        return Base(number, last_row, n, _digest_files(folder), tuple(missed))


def check_base(index_dir: Path, base: Base, dimension: int) -> list[int]:
    """Return the live rows that the base should find and does not, asked in a child process.

    Raises:
        StoreError: its files are not those that were built, or cannot be opened.
    """
    require_intact(index_dir, base)
    missed = _run_child("check", index_dir, base.number, dimension, base.last_row)["missed"]
    return sorted(set(missed) - set(base.missed))


def require_intact(index_dir: Path, base: Base) -> None:
    """Refuse a base of which anything has changed since it was built.

    Raises:
        StoreError: naming the base.
    """
    folder = _folder(index_dir, base.number)
    with _explain_disk(folder):
        if _digest_files(folder) != base.digests:
            raise StoreError(f"the Chroma base {str(folder)!r} is damaged or missing")


class OpenChroma:
    """A base that answers queries."""

    oversampling, least_scored = 1, 1

    def __init__(self, index_dir: Path, base: Base) -> None:
        require_intact(index_dir, base)
        try:
            self._collection = _open_collection(_folder(index_dir, base.number))
        except Exception as error:  # the Rust core raises kinds of its own
            raise StoreError(f"the Chroma base {base.number} cannot be opened: {error}") from error
        self._n_passages = base.n_passages

    def search(self, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k rows and their cosines, best first."""
        k = min(k, self._n_passages)
        try:
            return _search(self._collection, query[np.newaxis], k)[0]
        except Exception as error:  # as above
            raise StoreError(f"the Chroma base cannot be searched: {error}") from error


@contextmanager
def _explain_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"the Chroma base {str(folder)!r} cannot be used: {error}") from error


def _folder(index_dir: Path, number: int) -> Path:
    return (index_dir / FOLDER / str(number)).resolve()


def _digest_files(folder: Path) -> tuple[tuple[str, str], ...]:
    """Digest the HNSW files, and what Chroma's own SQLite file says."""
    digests = [(CHROMA_FILE, _digest_tables(folder / CHROMA_FILE))]
    for path in sorted(folder.glob("*/*")):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        digests.append((str(path.relative_to(folder)), digest))
    return tuple(digests)


def _digest_tables(path: Path) -> str:
    """Digest the tables of Chroma's SQLite file, whose bytes change at every opening.

    Empty when it is damaged or missing. Its full-text table stays empty, its locks are its own.
    """
    digest = hashlib.sha256()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                return ""
            tables = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table' "
                "AND sql NOT LIKE 'CREATE VIRTUAL%' AND name != 'acquire_write' ORDER BY name"
            ).fetchall()
            for name, sql in tables:
                digest.update(repr((name, sql)).encode())
                for row in connection.execute(f'SELECT * FROM "{name}"'):
                    digest.update(digest_row(*row).to_bytes(4))
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return ""
    return digest.hexdigest()


def _open_client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


def _open_collection(folder: Path) -> Any:
    return _open_client(folder).get_collection(COLLECTION, embedding_function=None)


def _search(collection: Any, queries: Vector, k: int) -> list[list[tuple[int, float]]]:
    """Return for each query (n, d) up to k rows and their cosines, best first."""
    found = collection.query(query_embeddings=queries, n_results=k, include=["distances"])
    return [
        [(int(row), 1.0 - distance) for row, distance in zip(rows, distances, strict=True)]
        for rows, distances in zip(found["ids"], found["distances"], strict=True)
    ]


def _run_child(task: str, index_dir: Path, *numbers: int) -> Any:
    command = [sys.executable, "-m", __name__, task, str(index_dir.resolve())]
    command += map(str, numbers)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=_folder(index_dir, numbers[0]),  # importing chromadb reads `.env` where it stands
    )
    if done.returncode != 0:
        *_, last = "", *done.stderr.strip().splitlines()
        if last.startswith(damaged := f"{IndexDamaged.__module__}.{IndexDamaged.__name__}: "):
            raise IndexDamaged(last.removeprefix(damaged))
        raise StoreError(
            f"the Chroma base could not be {task[:5]}ed: {last or f'exit status {done.returncode}'}"
        )
    return json.loads(done.stdout)


def _build(index_dir: Path, number: int, dimension: int) -> dict[str, int]:
    connection = connect(index_dir)
    connection.execute("BEGIN")
    (n,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    collection = _open_client(_folder(index_dir, number)).create_collection(
        COLLECTION,
        embedding_function=None,
        configuration={
            "hnsw": {
                "space": "cosine",
                "max_neighbors": 16,
                "ef_construction": 200,
                "ef_search": 200,
                "batch_size": max(2, min(n, 100)),
                "sync_threshold": max(2, n),  # saved once, by the last record
            }
        },
    )
    last_row = 0
    for numbers, matrix in read_vectors(connection, dimension):
        collection.add(ids=list(map(str, numbers)), embeddings=matrix)
        last_row = numbers[-1]
    return {"last_row": last_row, "n_passages": n}


def _check(index_dir: Path, number: int, dimension: int, last_row: int) -> dict[str, list[int]]:
    """List the live rows up to `last_row` that do not find themselves, or their equal, first."""
    connection = connect(index_dir)
    connection.execute("BEGIN")
    collection = _open_collection(_folder(index_dir, number))
    missed: list[int] = []
    for numbers, matrix in read_vectors(connection, dimension, last_row):
        missed += (
            row
            for row, answer in zip(numbers, _search(collection, matrix, 1), strict=True)
            if not answer or (answer[0][0] != row and answer[0][1] <= 1 - SAME_COSINE)
        )
    return {"missed": missed}


TASKS: dict[str, Callable[..., Any]] = {"build": _build, "check": _check}

if __name__ == "__main__":
    task, folder, *given = sys.argv[1:]
    sys.stdout.write(json.dumps(TASKS[task](Path(folder), *map(int, given))))
