"""Base and tail together find what exact search finds; a broken base costs time and nothing else.

Each kind of base is opened here as the assistant opens it, over clustered random vectors.
"""

import logging
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import StoreError
from assistant.models.embed import PassageVectors
from assistant.models.encoder import Vector
from assistant.settings import BaseKind
from assistant.store import bases, chroma, signs
from assistant.store.catalog import IndexConfig, connect, create
from assistant.store.changes import CatalogWriter
from assistant.store.content import Content
from assistant.store.plan import Processed
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sqlite import SqliteTables
from assistant.store.vectors import VectorSearch
from assistant.values import Document, DocumentId, Passage, PassageId

DIMENSION = 32
MAKING = IndexConfig("clusters", "none", 128, 1)
SIZES = {"kept": 1500, "gone": 250, "new": 200}


def clustered(n: int, random_: np.random.Generator) -> Vector:
    """Return n unit vectors around forty centres, some of them twice."""
    centres = random_.normal(size=(40, DIMENSION))
    vectors = centres[random_.integers(0, 40, n)] + 0.4 * random_.normal(size=(n, DIMENSION))
    vectors[::50] = vectors[0]
    found: Vector = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


def put(writer: CatalogWriter, name: str, vectors: Vector) -> None:
    """Write a document with one passage of one character per vector."""
    text = "x" * len(vectors)
    document = Document(DocumentId(name), name, name, "text/plain", text)
    passages = tuple(
        Passage(PassageId(f"{name}:{n}"), document.document_id, n, n + 1, "x", ((n, n + 1),))
        for n in range(len(vectors))
    )
    content = Content(name, document, passages, (), "", b"")
    rows = [PassageVectors(vector, vector[np.newaxis]) for vector in vectors]
    writer.put(document.document_id, content, rows, (), Processed((1, 1)))


KINDS: tuple[BaseKind, ...] = ("signs", "chroma")


def build(index_dir: Path, kind: BaseKind) -> Path:
    """Make an index with a base, of which one document is gone since, and a tail."""
    random_ = np.random.default_rng(5)
    create(index_dir, MAKING)
    with closing(connect(index_dir)) as connection:
        writer = CatalogWriter(SqliteTables(connection))
        for name in ("kept", "gone"):
            put(writer, name, clustered(SIZES[name], random_))
        writer.make_current(bases.build_base(index_dir, 1, DIMENSION, kind))
        writer.remove([DocumentId("gone")])
        put(writer, "new", clustered(SIZES["new"], random_))
        writer.finish()
    return index_dir


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[BaseKind, Path]:
    folder = tmp_path_factory.mktemp("built")
    return {kind: build(folder / kind, kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def index_dir(request: pytest.FixtureRequest, built: dict[BaseKind, Path], tmp_path: Path) -> Path:
    """A copy of its own: Chroma keeps what it opened by the path."""
    return Path(shutil.copytree(built[request.param], tmp_path / "index"))


of_chroma = pytest.mark.parametrize("index_dir", ["chroma"], indirect=True)
of_signs = pytest.mark.parametrize("index_dir", ["signs"], indirect=True)


def search_exactly(snapshot: Snapshot, query: Vector, k: int) -> list[tuple[int, float]]:
    rows, matrix = snapshot.vectors_after(0, DIMENSION)
    ranking = sorted(zip((-(matrix @ query)).tolist(), rows, strict=True))
    return [(row, -score) for score, row in ranking[:k]]


def chroma_file(index_dir: Path) -> Path:
    (path,) = (index_dir / chroma.FOLDER).glob(f"*/{chroma.CHROMA_FILE}")
    return path


def require_exact(index_dir: Path, searcher: VectorSearch, n_queries: int = 5) -> None:
    queries = clustered(n_queries, np.random.default_rng(99))
    with open_snapshot(index_dir, MAKING) as snapshot:
        for query in queries:
            found = searcher.search(snapshot, query, 10)
            wanted = search_exactly(snapshot, query, 10)
            assert [row for row, _ in found] == [row for row, _ in wanted]
            assert np.allclose([s for _, s in found], [s for _, s in wanted], atol=1e-5)


def test_base_and_tail_together_find_what_exact_search_finds(index_dir: Path) -> None:
    searcher = VectorSearch(index_dir, DIMENSION)
    n_found = n_wanted = 0
    with open_snapshot(index_dir, MAKING) as snapshot:
        last_row = SIZES["kept"] + SIZES["gone"]
        for query in clustered(100, np.random.default_rng(8)):
            found = searcher.search(snapshot, query, 20)
            wanted = search_exactly(snapshot, query, 20)
            assert len(found) == 20
            assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
            assert len({row for row, _ in found}) == 20
            assert not [r for r, _ in found if SIZES["kept"] < r <= last_row], "a dead row"
            # Equal vectors may stand for each other: what counts is the score.
            worst = wanted[-1][1] - 1e-5
            n_found += sum(score >= worst for _, score in found)
            n_wanted += 20
            for row, score in found:
                (vector,) = snapshot.vectors([row]).values()
                assert abs(score - float(vector.passage @ query)) < 1e-4
    assert n_found / n_wanted >= 0.999


def test_a_search_among_chosen_rows_is_exact_and_gives_as_many_as_asked_for(
    index_dir: Path,
) -> None:
    searcher = VectorSearch(index_dir, DIMENSION)
    random_ = random.Random(1)
    with open_snapshot(index_dir, MAKING) as snapshot:
        live = [row for row, _ in search_exactly(snapshot, np.zeros(DIMENSION, np.float32), 10_000)]
        for query in clustered(20, np.random.default_rng(4)):
            rows = random_.sample(live, random_.choice([1, 7, 60, 900]))
            found = searcher.search_among(snapshot, rows, query, 7)
            ranking = search_exactly(snapshot, query, 10_000)
            wanted = [pair for pair in ranking if pair[0] in rows]
            assert len(found) == min(7, len(rows))
            scores = [score for _, score in wanted[:7]]
            assert np.allclose([score for _, score in found], scores, atol=1e-5)
            assert {row for row, _ in found} <= set(rows)
        assert searcher.search_among(snapshot, [], query, 7) == []


def test_a_search_for_more_than_there_is_returns_all(index_dir: Path) -> None:
    searcher = VectorSearch(index_dir, DIMENSION)
    (query,) = clustered(1, np.random.default_rng(3))
    with open_snapshot(index_dir, MAKING) as snapshot:
        found = searcher.search(snapshot, query, 10_000)
        assert len(found) == SIZES["kept"] + SIZES["new"]


Damage = Callable[[Path, random.Random], None]


def flip(path: Path, random_: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
    path.write_bytes(data)


def cut(path: Path, random_: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: random_.randrange(len(data))])


def blank(path: Path, _: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def remove(path: Path, _: random.Random) -> None:
    path.unlink()


@of_signs
@pytest.mark.parametrize("damage", [flip, cut, blank, remove], ids=lambda f: f.__name__)
def test_damage_to_any_file_of_a_sign_base_means_exact_search_and_a_warning(
    index_dir: Path, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    files = list(index_dir.glob(f"{signs.FOLDER}/*/*"))
    assert len(files) == 4
    require_exact_beside_each(files, index_dir, caplog, damage)


@of_chroma
@pytest.mark.parametrize("damage", [flip, cut, blank, remove], ids=lambda f: f.__name__)
def test_damage_to_any_hnsw_file_means_exact_search_and_a_warning(
    index_dir: Path, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    files = [p for p in index_dir.glob(f"{chroma.FOLDER}/*/*/*") if p.stat().st_size]
    assert len(files) >= 3
    require_exact_beside_each(files, index_dir, caplog, damage)


def require_exact_beside_each(
    files: list[Path], index_dir: Path, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    """Damage one file after the other; what is found is exact, and the log says why."""
    for n, path in enumerate(sorted(files)):
        whole = path.read_bytes()
        damage(path, random.Random(n))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            require_exact(index_dir, VectorSearch(index_dir, DIMENSION), 2)
        assert "damaged or missing; searching exactly" in caplog.text
        path.write_bytes(whole)


def remove_folder(path: Path, _: random.Random) -> None:
    shutil.rmtree(path.parents[1])


@of_chroma
@pytest.mark.parametrize("damage", [cut, blank, remove, remove_folder], ids=lambda f: f.__name__)
def test_damage_to_chromas_own_database_means_exact_search_and_a_warning(
    index_dir: Path, caplog: pytest.LogCaptureFixture, damage: Damage
) -> None:
    damage(chroma_file(index_dir), random.Random(1))
    with caplog.at_level(logging.WARNING):
        require_exact(index_dir, VectorSearch(index_dir, DIMENSION))
    assert caplog.text.count("searching exactly") == 1, "said once, not for every question"


def test_a_base_that_fails_while_it_is_searched_means_exact_search_from_then_on(
    index_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    searcher = VectorSearch(index_dir, DIMENSION)

    def search(*_: object) -> None:
        raise StoreError("the base cannot be searched")

    for opened in (chroma.OpenChroma, signs.OpenSigns):
        monkeypatch.setattr(opened, "search", search)
    with caplog.at_level(logging.WARNING):
        require_exact(index_dir, searcher)
    assert caplog.text.count("searching exactly") == 1


@pytest.mark.slow
def test_flipped_bytes_in_chromas_own_database_never_end_the_process(
    built: dict[BaseKind, Path], tmp_path: Path
) -> None:
    random_ = random.Random(4)
    (query,) = clustered(1, np.random.default_rng(3))
    for n in range(40):
        index_dir = Path(shutil.copytree(built["chroma"], tmp_path / str(n)))
        flip(chroma_file(index_dir), random_)
        with open_snapshot(index_dir, MAKING) as snapshot:
            found = VectorSearch(index_dir, DIMENSION).search(snapshot, query, 10)
            assert snapshot.live_rows([row for row, _ in found]) == {row for row, _ in found}
        shutil.rmtree(index_dir)
