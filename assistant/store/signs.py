"""The sign base: one bit of each number of a vector, by which a scan finds the few to be scored.

Vectors are centred and turned by a random rotation, and the signs of what comes out are kept, 48
bytes of a vector of 384 floats. A query is kept in four bits a number. Bits that differ, counted,
estimate the cosines of all vectors; those with the best estimates are then scored exactly, by the
catalog's own vectors (RaBitQ: Gao & Long 2024, SIGMOD, arXiv:2405.12497, with equal steps for the
query). Arrays of a base are files of its folder; they are read into memory, checked against the
digests that the catalog keeps of them, and never edited.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import StoreError
from assistant.models.encoder import Vector
from assistant.store.catalog import connect
from assistant.store.engine import require_number
from assistant.store.snapshot import Base, stack_vectors
from assistant.store.tables import VectorRow, check_rows, rows_in

FOLDER = "signs"
OVERSAMPLING = 8
"""Vectors that are scored exactly for each that is asked for."""
LEAST_SCORED = 200
QUERY_BITS = 4
WORD_BITS = 64
BLOCK = 16_384
"""Vectors whose bits are counted at once: what that takes stays in a processor's cache."""
BATCH = 4_096
SAMPLE = 20_000
"""Vectors that the centre is the mean of."""
SEED = 20_261_130
MAX_STRAY_SHARE = 0.02
"""Share of a vector's bits that may come out otherwise on another machine."""

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Turn:
    """How vectors are coded: their mean, (d,), and a rotation about it, (d, d)."""

    centre: Vector
    rotation: Vector


def make_turn(sample: Vector) -> Turn:
    """Return the turn for vectors like those of a sample, shape (n, d)."""
    dimension = sample.shape[1]
    drawn = np.random.default_rng(SEED).standard_normal((dimension, dimension))
    rotation, _ = np.linalg.qr(drawn)
    return Turn(sample.mean(axis=0, dtype=np.float64).astype(np.float32), rotation.astype("f4"))


def pack(bits: NDArray[np.bool_]) -> Codes:
    """Return bits (n, d) as words, shape (words, n): a word of all vectors lies together."""
    n, dimension = bits.shape
    padded = np.zeros((n, -(-dimension // WORD_BITS) * WORD_BITS), np.bool_)
    padded[:, :dimension] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1).view(np.uint64).T)


def encode(vectors: Vector, turn: Turn) -> tuple[Codes, Vector]:
    """Return the codes (words, n) of vectors (n, d), and the scales and shifts (2, n) of estimates.

    With r = vector - centre, s = query - centre, y = rotation r and z = rotation s, the inner
    product of vector and query is that of r and s, and of r and the centre (the shift), and of
    the centre and the query, which is the same for all. That of r and s is estimated by that of
    sign(y) and z, times |y|^2 / sum(|y_i|) (the scale), which makes it exact for z = y.
    """
    centred = vectors - turn.centre
    turned = centred @ turn.rotation.T
    sums = np.abs(turned).sum(axis=1)
    scales = np.square(turned).sum(axis=1) / np.where(sums > 0, sums, 1)
    return pack(turned > 0), np.stack((scales, centred @ turn.centre)).astype(np.float32)


def encode_query(query: Vector, turn: Turn) -> tuple[Codes, float]:
    """Return the bits of a query (d,), the highest first, (bits, words), and half a step.

    Its numbers are rounded to `QUERY_BITS`: to odd multiples of half a step, from -15 to 15.
    """
    turned = turn.rotation @ (query - turn.centre)
    n_levels = 1 << QUERY_BITS
    half = max(float(np.abs(turned).max()), 1e-12) / n_levels
    levels = np.clip(np.floor(turned / (2 * half)) + n_levels // 2, 0, n_levels - 1)
    places = np.arange(QUERY_BITS)[::-1, np.newaxis]
    return pack((levels.astype(np.uint8) >> places & 1) > 0).T, half


def count_differing(codes: Codes, planes: Codes) -> NDArray[np.uint16]:
    """Return for each code how many bits differ from the planes', those of a higher one doubled.

    `codes` is (words, n), `planes` (bits, words).
    """
    differing = np.zeros(codes.shape[1], np.uint16)
    for plane in planes:
        counts = np.bitwise_count(codes ^ plane[:, np.newaxis])
        differing += differing
        differing += counts.sum(axis=0, dtype=np.uint16)
    return differing


def estimate(codes: Codes, facts: Vector, query: tuple[Codes, float], dimension: int) -> Vector:
    """Return estimates of the cosines (n,) but for what all have in common.

    The sum of sign(y_i) z_i is, in half steps, 15 d less twice the bits that differ, so weighed.
    """
    planes, half = query
    whole = np.float32(dimension * ((1 << QUERY_BITS) - 1))
    sums = whole - 2 * count_differing(codes, planes).astype(np.float32)
    estimates: Vector = facts[0] * sums * np.float32(half) + facts[1]
    return estimates


def find_best(
    codes: Codes, facts: Vector, query: tuple[Codes, float], dimension: int, k: int
) -> NDArray[np.intp]:
    """Return the places of the k vectors whose cosines are estimated highest, best first."""
    places, estimates = np.zeros(0, np.intp), np.zeros(0, np.float32)
    floor = -np.inf
    for first in range(0, codes.shape[1], BLOCK):
        part = slice(first, first + BLOCK)
        found = estimate(codes[:, part], facts[:, part], query, dimension)
        passing = np.flatnonzero(found > floor)
        places = np.concatenate((places, passing + first))
        estimates = np.concatenate((estimates, found[passing]))
        if len(places) > k:
            kept = np.argpartition(-estimates, k - 1)[:k]
            places, estimates = places[kept], estimates[kept]
            floor = float(estimates.min())
    return places[np.lexsort((places, -estimates))]


class OpenSigns:
    """A sign base that proposes vectors to be scored."""

    oversampling, least_scored = OVERSAMPLING, LEAST_SCORED

    def __init__(self, index_dir: Path, base: Base) -> None:
        """Read the base into memory.

        Raises:
            StoreError: its files are not those that were written.
        """
        arrays = _load(folder_of(index_dir, base.number), base)
        self._codes, self._facts, self._rows = (arrays[name] for name in ("codes", "facts", "rows"))
        self._turn = Turn(arrays["turn"][0], arrays["turn"][1:])

    def search(self, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k rows, the likeliest first, with the score 0: they are yet to be scored."""
        given = encode_query(query, self._turn), query.size, min(k, len(self._rows))
        found = find_best(self._codes, self._facts, *given)
        return [(int(row), 0.0) for row in self._rows[found]]

    def list_strays(self, rows: list[int], vectors: Vector) -> list[int]:
        """Return those of the rows that the base lacks, or has another vector's code of."""
        places = np.searchsorted(self._rows, rows).clip(max=len(self._rows) - 1)
        codes, _ = encode(vectors, self._turn)
        n_differing = np.bitwise_count(codes ^ self._codes[:, places]).sum(axis=0, dtype=np.int64)
        is_stray = n_differing > MAX_STRAY_SHARE * vectors.shape[1]
        return np.array(rows)[(self._rows[places] != rows) | is_stray].tolist()


def build_base(index_dir: Path, number: int, dimension: int) -> Base:
    """Build base `number` from the catalog's vectors; in memory are the codes alone.

    Raises:
        StoreError: it could not be written.
        IndexDamaged: a vector is not what was written.
    """
    folder = folder_of(index_dir, number)
    connection = connect(index_dir)
    try:
        connection.execute("BEGIN")
        numbers = [row for (row,) in connection.execute("SELECT row FROM passages ORDER BY row")]
        sample = rows_in(connection, VectorRow, "row", numbers[:: -(-len(numbers) // SAMPLE) or 1])
        turn = make_turn(stack_vectors(sample, dimension)[1])
        codes = np.zeros((-(-dimension // WORD_BITS), len(numbers)), np.uint64)
        facts, n_done = np.zeros((2, len(numbers)), np.float32), 0
        for rows, vectors in read_vectors(connection, dimension):
            part = slice(n_done, n_done := n_done + len(rows))
            codes[:, part], facts[:, part] = encode(vectors, turn)
        require_number("vectors", n_done, len(numbers))
    finally:
        connection.close()
    turned = np.vstack((turn.centre, turn.rotation))
    rows_of = np.array(numbers, np.int64)
    try:
        folder.mkdir(parents=True)
        given = {"codes": codes, "facts": facts, "rows": rows_of, "turn": turned}
        digests = tuple((name, _save(folder / name, array)) for name, array in given.items())
    except OSError as error:
        raise StoreError(f"the sign base {str(folder)!r} cannot be written: {error}") from error
    return Base(number, numbers[-1], len(numbers), digests)


def check_base(index_dir: Path, base: Base, dimension: int) -> list[int]:
    """Return the live rows that the base should find and does not.

    Raises:
        StoreError: its files are not those that were written.
    """
    opened, missed = OpenSigns(index_dir, base), list[int]()
    connection = connect(index_dir)
    try:
        connection.execute("BEGIN")
        for rows, vectors in read_vectors(connection, dimension, base.last_row):
            missed += opened.list_strays(rows, vectors)
    finally:
        connection.close()
    return missed


def require_intact(index_dir: Path, base: Base) -> None:
    """Refuse a base of which anything has changed since it was written.

    Raises:
        StoreError: naming it.
    """
    _load(folder_of(index_dir, base.number), base)


def read_vectors(
    connection: Any, dimension: int, last_row: int = 1 << 62
) -> Iterator[tuple[list[int], Vector]]:
    """Yield the rows up to one and their vectors, (n, dimension), some thousand at a time."""
    sql = "SELECT row, vector, digest FROM vectors WHERE row <= ? ORDER BY row"
    cursor = connection.execute(sql, (last_row,))
    while batch := list(check_rows(VectorRow, cursor.fetchmany(BATCH))):
        yield stack_vectors(batch, dimension)


def folder_of(index_dir: Path, number: int) -> Path:
    """Return the folder of a base."""
    return index_dir / FOLDER / str(number)


def _save(path: Path, array: NDArray[Any]) -> str:
    """Write an array; return the digest of its file."""
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    with path.open("wb") as file:
        file.write(written.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(written.getbuffer()).hexdigest()


def _load(folder: Path, base: Base) -> dict[str, NDArray[Any]]:
    """Return the arrays of a base: what was digested is what is searched.

    Raises:
        StoreError: a file is not what was written.
    """
    arrays = {}
    try:
        for name, digest in base.digests:
            data = (folder / name).read_bytes()
            if hashlib.sha256(data).hexdigest() != digest:
                raise StoreError(f"the sign base {str(folder)!r} is damaged or missing")
            arrays[name] = np.load(io.BytesIO(data), allow_pickle=False)
    except OSError as error:
        raise StoreError(f"the sign base {str(folder)!r} is damaged or missing") from error
    return arrays
