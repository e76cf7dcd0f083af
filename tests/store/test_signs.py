"""A sign base proposes what exact search finds: its estimates are near, its counts are right.

Vectors are drawn as those of sentences lie under the model that ships: a mean of length .8, about
which a few dimensions vary most. `test_vectors.py` tries a base beside the tail of an index.
"""

import errno
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import StoreError
from assistant.models.encoder import Vector
from assistant.pipeline import Assistant
from assistant.settings import BaseKind, Settings
from assistant.store import signs
from assistant.store.bases import list_folders

FILES = {f"{n}.txt": f"Item {n} is number {n * n}." for n in range(30)}


def draw(n: int, dimension: int, seed: int) -> Vector:
    """Return n unit vectors, (n, dimension)."""
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((n, dimension)) * (np.arange(dimension) + 10.0) ** -0.6
    drawn *= 0.6 / np.sqrt(np.square(drawn).sum(axis=1).mean())
    drawn += 0.8 / np.sqrt(dimension)
    found: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return found


def find_by_codes(vectors: Vector, queries: Vector, k: int, n_scored: int) -> list[set[int]]:
    """Return the places of each query's k best of those that the codes propose, scored exactly."""
    coding = signs.make_coding(vectors)
    codes, facts = signs.encode(vectors, coding)
    found = []
    for query in queries:
        places = signs.find_best(codes, facts, query, coding, n_scored)
        found.append({int(place) for place in places[np.argsort(-(vectors[places] @ query))[:k]]})
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimension", [384, 768])
def test_the_rescored_best_are_the_exact_best(seed: int, dimension: int) -> None:
    vectors = draw(8_000, dimension, seed)
    queries = draw(20, dimension, seed + 100)
    exact = [set(np.argsort(-(vectors @ query))[:10].tolist()) for query in queries]
    found = find_by_codes(vectors, queries, 10, 400)
    n_found = sum(len(one & other) for one, other in zip(exact, found, strict=True))
    assert n_found / (10 * len(queries)) >= 0.98


@given(st.integers(1, 300), st.integers(2, 130), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_scoring_all_is_exact_search(n: int, dimension: int, seed: int) -> None:
    vectors, queries = draw(n, dimension, seed), draw(1, dimension, seed + 1)
    cosines = vectors @ queries[0]
    k = min(7, n)
    (found,) = find_by_codes(vectors, queries, k, n)
    assert np.allclose(np.sort(cosines[list(found)]), np.sort(cosines)[-k:], atol=1e-5)


def both_bits(vectors: Vector, coding: signs.Coding) -> Vector:
    """Return the numbers (n, d) that the two bits of each number stand for."""
    turned = (vectors - coding.centre) @ coding.rotation.T
    rms = np.sqrt(np.square(turned).mean(axis=1, keepdims=True))
    signed = np.where(turned > 0, 1.0, -1.0)
    second = np.where(turned - signed * signs.LEVELS[0] * rms > 0, 1.0, -1.0)
    both = signs.LEVELS[0] * signed + signs.LEVELS[1] * second
    found: Vector = both.astype(np.float32)
    return found


@given(
    st.integers(1, 200),
    st.integers(2, 130),
    st.integers(0, 99),
    st.sampled_from([signs.COARSE, signs.FINE]),
)
@settings(deadline=None, max_examples=60)
def test_products_are_those_of_the_signs_and_the_rounded_query(
    n: int, dimension: int, seed: int, n_bits: int
) -> None:
    vectors, (query,) = draw(n, dimension, seed), draw(1, dimension, seed + 1)
    coding = signs.make_coding(vectors)
    codes, _ = signs.encode(vectors, coding)
    coded = signs.encode_query(query, coding, n_bits)
    bits = np.unpackbits(np.ascontiguousarray(coded.planes).view(np.uint8), axis=1)[:, :dimension]
    highest = 2**n_bits - 1
    rounded = (2 * (2 ** np.arange(n_bits)[::-1] @ bits) - highest) * coded.half
    turned = coding.rotation @ (query - coding.centre)
    within = np.clip(turned, -highest * coded.half, highest * coded.half)
    assert np.abs(rounded - within).max() <= coded.half * 1.001
    first, second = (signs.multiply(code, coded) for code in codes)
    signed = np.where((vectors - coding.centre) @ coding.rotation.T > 0, 1.0, -1.0)
    assert np.allclose(first, signed @ rounded, atol=1e-4)
    of_both = signs.LEVELS[0] * first + signs.LEVELS[1] * second
    assert np.allclose(of_both, both_bits(vectors, coding) @ rounded, atol=1e-4)


def test_estimates_are_near_and_neither_too_high_nor_too_low() -> None:
    vectors, queries = draw(4_000, 384, 1), draw(10, 384, 2)
    coding = signs.make_coding(vectors)
    codes, facts = signs.encode(vectors, coding)
    by_first, by_both = [], []
    for query in queries:
        coarse, fine = (signs.encode_query(query, coding, n) for n in (signs.COARSE, signs.FINE))
        first, second = (signs.multiply(code, fine) for code in codes)
        wanted = vectors @ query - coding.centre @ query - facts[2]
        by_first.append(facts[0] * signs.multiply(codes[0], coarse) - wanted)
        by_both.append(facts[1] * (signs.LEVELS[0] * first + signs.LEVELS[1] * second) - wanted)
    assert abs(np.mean(by_first)) < 0.002
    assert abs(np.mean(by_both)) < 0.002
    assert np.std(by_first) < 0.02
    assert np.std(by_both) < 0.01


@given(st.integers(0, 40_000), st.integers(1, 500), st.integers(0, 9), st.integers(1, 5))
@settings(deadline=None, max_examples=25)
def test_the_likeliest_are_found_over_blocks_as_over_all(
    n: int, k: int, seed: int, n_processors: int
) -> None:
    random = np.random.default_rng(seed)
    codes = random.integers(0, 1 << 63, (2, 1, n), dtype=np.uint64)
    facts = random.random((3, n)).astype(np.float32)
    planes = random.integers(0, 1 << 63, (signs.COARSE, 1), dtype=np.uint64)
    query = signs.CodedQuery(planes, 0.01, 64)
    estimates = facts[0] * signs.multiply(codes[0], query) + facts[2]
    with (
        mock.patch.multiple(signs, BLOCK=4_096),
        mock.patch("os.cpu_count", return_value=n_processors),
    ):
        places = signs.propose(codes, facts, query, k)
    assert np.array_equal(np.sort(-estimates[places]), np.sort(-estimates)[:k])


def test_equal_vectors_and_one_alone_can_be_coded() -> None:
    vectors = np.repeat(draw(1, 32, 5), 3, axis=0)
    coding = signs.make_coding(vectors)
    codes, facts = signs.encode(vectors, coding)
    assert np.isfinite(facts).all()
    assert set(signs.find_best(codes, facts, vectors[0], coding, 3).tolist()) == {0, 1, 2}


def settings_of(folder: Path, **given: object) -> Settings:
    """Return settings under which thirty files are enough for a base."""
    return settings_in(folder, max_over_refusal=0.0, **({"max_tail_passages": 5} | given))


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    given = settings_of(tmp_path)
    write_files(given.corpus_dir, FILES)
    assistant = Assistant(given, HashingEmbedder())
    assert assistant.sync().base_problem is None
    return assistant


def test_a_sync_builds_a_base_that_the_check_finds_whole(assistant: Assistant) -> None:
    (folder,) = list_folders(assistant.settings.index_dir)
    assert folder.parent.name == signs.FOLDER
    assert assistant.check() == ()
    assistant.sync()
    assert list_folders(assistant.settings.index_dir) == [folder]
    assert assistant.search("item 7 number 49")[0].passage.document_id == "7.txt"


@pytest.mark.parametrize("name", ["codes", "facts", "rows", "coding"])
def test_check_reports_a_damaged_base_and_the_next_sync_mends_it(
    assistant: Assistant, name: str
) -> None:
    (folder,) = list_folders(assistant.settings.index_dir)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1] + b"\xaa")
    (problem,) = assistant.check()
    assert "damaged or missing" in problem
    assert assistant.sync().base_problem is None
    assert assistant.check() == ()


def test_check_names_the_rows_whose_codes_are_those_of_other_vectors(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(vectors: Vector, coding: signs.Coding) -> tuple[signs.Codes, Vector]:
        codes, facts = encode(vectors, coding)
        return codes[:, :, ::-1].copy(), facts

    encode = signs.encode
    monkeypatch.setattr(signs, "encode", swapped)
    assistant.sync(rebuild=True)
    monkeypatch.undo()
    (problem,) = assistant.check()
    assert "does not find 30 of its passages" in problem


@pytest.mark.parametrize(("before", "after"), [("signs", "chroma"), ("chroma", "signs")])
def test_another_kind_of_base_takes_the_place_of_the_present_one(
    tmp_path: Path, before: BaseKind, after: BaseKind
) -> None:
    write_files(settings_of(tmp_path).corpus_dir, FILES)
    for kind in (before, after):
        assistant = Assistant(settings_of(tmp_path, vector_base=kind), HashingEmbedder())
        assert assistant.sync().base_problem is None
        assert assistant.check() == ()
        assert assistant.search("item 7 number 49")[0].passage.document_id == "7.txt"
    assert [path.parent.name for path in list_folders(tmp_path / "index")] == ["signs", "chroma"]
    (tmp_path / "corpus" / "7.txt").unlink()
    assert assistant.sync().base_problem is None


def test_a_base_that_cannot_be_written_leaves_the_index_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    given = settings_of(tmp_path)
    write_files(given.corpus_dir, FILES)
    monkeypatch.setattr(signs, "_save", refuse)
    assistant = Assistant(given, HashingEmbedder())
    assert "No space left" in (assistant.sync().base_problem or "")
    assert assistant.check() == ()
    assert assistant.search("item 7 number 49")[0].passage.document_id == "7.txt"
    monkeypatch.undo()
    assert assistant.sync().base_problem is None
    assert len(list_folders(given.index_dir)) == 1


def test_a_base_that_is_not_there_is_refused_by_name(assistant: Assistant) -> None:
    index_dir = assistant.settings.index_dir
    with assistant.index.open() as snapshot:
        base = snapshot.base()
    assert base is not None
    signs.require_intact(index_dir, base)
    for path in signs.folder_of(index_dir, base.number).iterdir():
        path.unlink()
    with pytest.raises(StoreError, match=f"signs/{base.number}"):
        signs.require_intact(index_dir, base)
