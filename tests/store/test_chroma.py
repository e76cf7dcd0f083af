import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import replace_files, settings_in, write_files
from hashing import HashingEmbedder

from assistant.errors import StoreError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import bases, chroma
from assistant.store.snapshot import Base
from assistant.store.vectors import VectorSearch

FILES = {f"{n}.txt": f"Item {n} is number {n * n}." for n in range(30)}


def settings_of(folder: Path) -> Settings:
    """Return settings under which thirty files are enough for a base."""
    return settings_in(folder, max_over_refusal=0.0, max_tail_passages=5, vector_base="chroma")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_of(tmp_path)
    write_files(settings.corpus_dir, FILES)
    return settings


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = settings_of(tmp_path_factory.mktemp("built"))
    write_files(settings.corpus_dir, FILES)
    Assistant(settings, HashingEmbedder()).sync()
    return settings.index_dir


@pytest.fixture
def assistant(settings: Settings, built: Path) -> Iterator[Assistant]:
    """An assistant whose index has a base; the files have the stamps that it knows."""
    shutil.copytree(built, settings.index_dir)
    with Assistant(settings, HashingEmbedder()) as opened:
        yield opened


def base_folders(settings: Settings) -> list[Path]:
    return sorted((settings.index_dir / chroma.FOLDER).iterdir())


def break_hnsw(folder: Path) -> None:
    path = next(path for path in sorted(folder.glob("*/*")) if path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1] + b"\xaa")


def break_database(folder: Path) -> None:
    (folder / chroma.CHROMA_FILE).write_bytes(b"no database")


def lose_database(folder: Path) -> None:
    (folder / chroma.CHROMA_FILE).unlink()


def test_a_sync_builds_a_base_once_there_are_passages_enough(
    assistant: Assistant, settings: Settings
) -> None:
    for _ in range(2):
        assert len(base_folders(settings)) == 1
        assert assistant.check() == ()
        assistant.sync()


@pytest.mark.parametrize(
    "damage", [break_hnsw, break_database, lose_database, shutil.rmtree], ids=lambda f: f.__name__
)
def test_check_reports_a_damaged_base_and_the_next_sync_mends_it(
    assistant: Assistant, settings: Settings, damage: Callable[[Path], None]
) -> None:
    (folder,) = base_folders(settings)
    damage(folder)
    (problem,) = assistant.check()
    assert "damaged or missing" in problem
    assert "assistant index" in problem
    assert assistant.search("item 7 number 49")
    assert assistant.sync().base_problem is None
    assert assistant.check() == ()
    assert base_folders(settings)[-1] != folder


@pytest.mark.parametrize(("n_left", "is_damaged"), [(5, False), (1, False), (0, False), (1, True)])
def test_a_corpus_that_shrinks_below_the_limit_has_no_base_any_more(
    assistant: Assistant, settings: Settings, n_left: int, is_damaged: bool
) -> None:
    if is_damaged:
        shutil.rmtree(base_folders(settings)[0])
    replace_files(settings.corpus_dir, {f"{n}.txt": f"Item {n} is left." for n in range(n_left)})
    for _ in range(2):
        assistant.sync()
        assert assistant.check() == ()
    assert len(assistant.search("item left", k=20)) == n_left


def test_a_base_is_made_anew_when_too_many_of_its_passages_are_gone(
    assistant: Assistant, settings: Settings
) -> None:
    before = base_folders(settings)
    for n in range(3):
        (settings.corpus_dir / f"{n}.txt").unlink()
    assistant.sync()
    assert base_folders(settings) == before
    for n in range(3, 12):
        (settings.corpus_dir / f"{n}.txt").unlink()
    assistant.sync()
    assert base_folders(settings)[:-1] == before, "the one in use until now stays for its readers"
    assert assistant.check() == ()


def test_a_base_that_cannot_be_built_leaves_the_index_usable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], -11, "", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    assistant = Assistant(settings, HashingEmbedder())
    assert "exit status -11" in (assistant.sync().base_problem or "")
    assert assistant.check() == ()
    assert assistant.search("item 7 number 49")[0].passage.document_id == "7.txt"


def miss(monkeypatch: pytest.MonkeyPatch, rows: list[int]) -> None:
    """Let the check of a new base say that it does not find these rows."""
    original = chroma._run_child

    def run_child(task: str, index_dir: Path, *numbers: int) -> Any:
        return {"missed": rows} if task == "check" else original(task, index_dir, *numbers)

    monkeypatch.setattr(chroma, "_run_child", run_child)


def test_a_base_that_misses_too_many_vectors_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    miss(monkeypatch, [1])
    assistant = Assistant(settings, HashingEmbedder())
    problem = assistant.sync().base_problem
    assert problem == "the new Chroma base does not find 1 of 30 passages"
    monkeypatch.undo()
    assert assistant.check() == ()


def test_what_a_base_misses_is_searched_exactly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    miss(monkeypatch, [7])
    monkeypatch.setattr(chroma, "MAX_MISSED_SHARE", 0.1)
    monkeypatch.setattr(  # as a graph that does not lead to the row would answer
        chroma.OpenChroma,
        "search",
        lambda self, query, k, ask=chroma.OpenChroma.search: [
            pair for pair in ask(self, query, k) if pair[0] != 7
        ],
    )
    assistant = Assistant(settings, HashingEmbedder())
    assert assistant.sync().base_problem is None
    with assistant.index.open() as snapshot:
        text = snapshot.passages([7])[7].text
        query = assistant.embedder.embed_query(text)
        found = VectorSearch(settings.index_dir, query.size).search(snapshot, query, 3)
    assert found[0][0] == 7
    assert [row for row, _ in found].count(7) == 1


def test_a_base_that_is_not_there_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    gone = Base(7, 1, 1, ())
    with pytest.raises(StoreError, match="chroma/7"):
        bases.require_intact(tmp_path, gone)
