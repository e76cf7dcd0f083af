"""The sign base: two bits of each number of a vector, by which few are found to be scored.

Vectors are centred and turned by a random rotation. Of what comes out the signs are kept, and the
signs of what these leave. The bits in which the first signs differ from those of a query's numbers
in two bits, counted, estimate the cosines of all vectors; both signs and the query's numbers in
four bits those of the likeliest; and the likeliest by these are scored exactly, by the catalog's
own vectors (RaBitQ: Gao & Long 2024, SIGMOD, arXiv:2405.12497; the second bit is a residual's, and
the levels of both, and a query's, are those of Max 1960).
The arrays of a base are files of its folder, which are read into memory, checked against the
digests that the catalog keeps of them, and never edited.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import StoreError
from assistant.models.encoder import Vector
from assistant.store.catalog import connect
from assistant.store.engine import require_number
from assistant.store.snapshot import Base, read_vectors, stack_vectors
from assistant.store.tables import VectorRow, rows_in

FOLDER = "signs"
OVERSAMPLING = 4
"""Vectors that are scored exactly for each that is asked for."""
LEAST_NUMBERS = 76_800
"""Numbers of the vectors that are scored, at least: 200 vectors of 384, and more of shorter ones,
of which fewer bits tell less."""
REFINED, REFINED_OF_ROOT = 8, 4
"""Vectors whose second bits are looked at: for each that is scored, and at least of the square
root of how many there are."""
COARSE, FINE = 2, 4
"""Bits of a query's numbers: for all vectors, and for those that are looked at again."""
STEPS = {COARSE: 0.9957, FINE: 0.3352}
"""From one level of so many bits to the next, in root mean squares of the numbers."""
LEVELS = (0.9816, 0.5289)
"""A number is about plus or minus the first, plus or minus the second, in root mean squares: the
four levels that a normal distribution is rounded to with the least error."""
WORD_BITS = 64
BLOCK = 16_384
"""Vectors whose bits are counted at once: what that takes stays in a processor's cache."""
MAX_THREADS = 8
"""That scan the codes of one question, one on each processor."""
SAMPLE = 20_000
"""Vectors that the centre is the mean of."""
SEED = 20_261_130
MAX_STRAY_SHARE = 0.02
"""Share of a vector's bits that may come out otherwise on another machine."""

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Coding:
    """How vectors are coded: their mean, (d,), and a rotation about it, (d, d)."""

    centre: Vector
    rotation: Vector


@dataclass(frozen=True, slots=True)
class CodedQuery:
    """A query's numbers, each an odd multiple of `half`, by the bits that tell which.

    Attributes:
        planes: (bits, words) the highest bits first.
        half: half the step from one level to the next.
        dimension: how many numbers there are.
    """

    planes: Codes
    half: float
    dimension: int


def make_coding(sample: Vector) -> Coding:
    """Return the coding for vectors like those of a sample, shape (n, d)."""
    dimension = sample.shape[1]
    drawn = np.random.default_rng(SEED).standard_normal((dimension, dimension))
    rotation, _ = np.linalg.qr(drawn)
    return Coding(sample.mean(axis=0, dtype=np.float64).astype(np.float32), rotation.astype("f4"))


def pack(bits: NDArray[np.bool_]) -> Codes:
    """Return bits (n, d) as words, shape (words, n): a word of all vectors lies together."""
    n, dimension = bits.shape
    padded = np.zeros((n, -(-dimension // WORD_BITS) * WORD_BITS), np.bool_)
    padded[:, :dimension] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1).view(np.uint64).T)


def encode(vectors: Vector, coding: Coding) -> tuple[Codes, Vector]:
    """Return the codes (2, words, n) of vectors (n, d), and the facts (3, n) of their estimates.

    With r = vector - centre, s = query - centre, y = rotation r and z = rotation s, the inner
    product of vector and query is that of r and s, and of r and the centre (the last fact), and of
    the centre and the query, which is the same for all. That of r and s is estimated by that of c
    and z, times |y|^2 / (c y), which makes it exact for z = y: c are the signs of y (the first
    fact), or the levels that both bits stand for (the second).
    """
    centred = vectors - coding.centre
    turned = centred @ coding.rotation.T
    squares = np.square(turned).sum(axis=1)
    is_up = turned > 0
    signed = np.where(is_up, np.float32(1), np.float32(-1))
    left = turned - signed * (LEVELS[0] * np.sqrt(squares / turned.shape[1]))[:, np.newaxis]
    both = LEVELS[0] * signed + np.where(left > 0, LEVELS[1], -LEVELS[1])
    products = np.stack([(code * turned).sum(axis=1) for code in (signed, both)])
    scales = squares / np.where(products > 0, products, 1)
    facts = np.vstack((scales, centred @ coding.centre)).astype(np.float32)
    return np.stack((pack(is_up), pack(left > 0))), facts


def encode_query(query: Vector, coding: Coding, bits: int) -> CodedQuery:
    """Return a query (d,) whose numbers are rounded to so many bits."""
    turned = coding.rotation @ (query - coding.centre)
    n_levels = 1 << bits
    half = max(STEPS[bits] / 2 * float(np.sqrt(np.square(turned).mean())), 1e-12)
    levels = np.clip(np.floor(turned / (2 * half)) + n_levels // 2, 0, n_levels - 1)
    places = np.arange(bits)[::-1, np.newaxis]
    return CodedQuery(pack((levels.astype(np.uint8) >> places & 1) > 0).T, half, query.size)


def multiply(codes: Codes, query: CodedQuery) -> Vector:
    """Return the inner products (n,) of the signs of codes (words, n) and a query's numbers.

    In half steps they are (2^bits - 1) d, less twice the bits that differ from each of the query's
    planes, those of a higher one doubled.
    """
    bits = len(query.planes)
    wide = np.min_scalar_type(codes.shape[0] * WORD_BITS << bits)
    differing, words = np.zeros(codes.shape[1], wide), np.empty_like(codes)
    counts = np.empty(codes.shape, np.uint8)
    for plane in query.planes:
        np.bitwise_count(np.bitwise_xor(codes, plane[:, np.newaxis], out=words), out=counts)
        differing += differing
        differing += counts.sum(axis=0, dtype=wide)
    whole = np.float32(query.dimension * ((1 << bits) - 1))
    products: Vector = (whole - 2 * differing.astype(np.float32)) * np.float32(query.half)
    return products


def propose(codes: Codes, facts: Vector, query: CodedQuery, k: int) -> NDArray[np.intp]:
    """Return the places of the k vectors with the best estimates by their first bits, in no order.

    Each processor scans a share of the blocks.
    """
    n = codes.shape[2]
    n_shares = max(1, min(os.cpu_count() or 1, MAX_THREADS, n // (2 * BLOCK)))
    bounds = [n * share // n_shares for share in range(n_shares + 1)]

    def scan(bound: tuple[int, int]) -> tuple[NDArray[np.intp], Vector]:
        return _scan(codes, facts, query, k, range(*bound, BLOCK))

    with ThreadPoolExecutor(n_shares) as pool:
        found = zip(*pool.map(scan, pairwise(bounds)), strict=True)
        places, estimates = map(np.concatenate, found)
    if len(places) > k:
        places = places[np.argpartition(-estimates, k - 1)[:k]]
    return places


def _scan(
    codes: Codes, facts: Vector, query: CodedQuery, k: int, blocks: range
) -> tuple[NDArray[np.intp], Vector]:
    """Return the best k of some blocks: their places and estimates."""
    places, estimates, floor = np.zeros(0, np.intp), np.zeros(0, "f4"), -np.inf
    for first in blocks:
        part = slice(first, min(first + BLOCK, blocks.stop))
        guessed = facts[0, part] * multiply(codes[0, :, part], query) + facts[2, part]
        passing = np.flatnonzero(guessed > floor)
        places = np.concatenate((places, passing + first))
        estimates = np.concatenate((estimates, guessed[passing]))
        if len(places) > k:
            kept = np.argpartition(-estimates, k - 1)[:k]
            places, estimates = places[kept], estimates[kept]
            floor = float(estimates.min())
    return places, estimates


def find_best(
    codes: Codes, facts: Vector, query: Vector, coding: Coding, k: int
) -> NDArray[np.intp]:
    """Return the places of the k vectors with the best estimates, by both bits, best first."""
    n_refined = max(REFINED * k, int(REFINED_OF_ROOT * codes.shape[2] ** 0.5))
    places = propose(codes, facts, encode_query(query, coding, COARSE), n_refined)
    fine = encode_query(query, coding, FINE)
    first, second = (multiply(one[:, places], fine) for one in codes)
    estimates = facts[1, places] * (LEVELS[0] * first + LEVELS[1] * second) + facts[2, places]
    return places[np.lexsort((places, -estimates))[:k]]


def least_scored(dimension: int) -> int:
    """Return how many vectors are scored exactly at least."""
    return LEAST_NUMBERS // dimension


class OpenSigns:
    """A sign base that proposes vectors to be scored."""

    oversampling = OVERSAMPLING

    def __init__(self, index_dir: Path, base: Base) -> None:
        """Read the base into memory.

        Raises:
            StoreError: its files are not those that were written.
        """
        read = _read(folder_of(index_dir, base.number), base)
        arrays = {name: np.load(io.BytesIO(data), allow_pickle=False) for name, data in read}
        self._codes, self._facts, self._rows = (arrays[name] for name in ("codes", "facts", "rows"))
        self._coding = Coding(arrays["coding"][0], arrays["coding"][1:])
        self.least_scored = least_scored(self._coding.centre.size)

    def search(self, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k rows, the likeliest first, with the score 0: they are yet to be scored."""
        k = min(k, len(self._rows))
        found = find_best(self._codes, self._facts, query, self._coding, k)
        return [(int(row), 0.0) for row in self._rows[found]]

    def list_strays(self, rows: list[int], vectors: Vector) -> list[int]:
        """Return those of the rows that the base lacks, or has another vector's code of."""
        places = np.searchsorted(self._rows, rows).clip(max=len(self._rows) - 1)
        codes, _ = encode(vectors, self._coding)
        differing = np.bitwise_count(codes[0] ^ self._codes[0][:, places])
        is_stray = differing.sum(axis=0, dtype=np.int64) > MAX_STRAY_SHARE * vectors.shape[1]
        is_missed = (self._rows[places] != rows) | is_stray
        return [row for row, missed in zip(rows, is_missed, strict=True) if missed]


def build_base(index_dir: Path, number: int, dimension: int) -> Base:
    """Build base `number` from the catalog's vectors; in memory are the codes alone.

    Raises:
        StoreError: it could not be written.
        IndexDamaged: a vector is not what was written.
    """
    folder = folder_of(index_dir, number)
    with closing(connect(index_dir)) as connection:
        connection.execute("BEGIN")
        numbers = sorted(row for (row,) in connection.execute("SELECT row FROM passages"))
        sample = rows_in(connection, VectorRow, "row", numbers[:: -(-len(numbers) // SAMPLE)])
        coding = make_coding(stack_vectors(sample, dimension)[1])
        codes = np.zeros((2, -(-dimension // WORD_BITS), len(numbers)), np.uint64)
        facts, n_done = np.zeros((3, len(numbers)), np.float32), 0
        for rows, vectors in read_vectors(connection, dimension):
            part = slice(n_done, n_done := n_done + len(rows))
            codes[:, :, part], facts[:, part] = encode(vectors, coding)
        require_number("vectors", n_done, len(numbers))
    arrays: dict[str, NDArray[Any]] = {
        "codes": codes,
        "facts": facts,
        "rows": np.array(numbers, np.int64),
        "coding": np.vstack((coding.centre, coding.rotation)),
    }
    try:
        folder.mkdir(parents=True)
        digests = tuple((name, _save(folder / name, array)) for name, array in arrays.items())
    except OSError as error:
        raise StoreError(f"the sign base {str(folder)!r} cannot be written: {error}") from error
    return Base(number, numbers[-1], len(numbers), digests)


def check_base(index_dir: Path, base: Base, dimension: int) -> list[int]:
    """Return the live rows that the base should find and does not.

    Raises:
        StoreError: its files are not those that were written.
    """
    opened, missed = OpenSigns(index_dir, base), list[int]()
    with closing(connect(index_dir)) as connection:
        connection.execute("BEGIN")
        for rows, vectors in read_vectors(connection, dimension, base.last_row):
            missed += opened.list_strays(rows, vectors)
    return missed


def require_intact(index_dir: Path, base: Base) -> None:
    """Refuse a base of which anything has changed since it was written.

    Raises:
        StoreError: naming it.
    """
    for _ in _read(folder_of(index_dir, base.number), base):
        pass


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


def _read(folder: Path, base: Base) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of a base's files.

    Raises:
        StoreError: one is not what was written.
    """
    for name, digest in base.digests:
        try:
            data = (folder / name).read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreError(f"the sign base {str(folder)!r} is damaged or missing")
        yield name, data
