"""A named point of a sync x what goes wrong there x what the sync was doing: the index is whole.

Afterwards the old index serves or the new one, the next sync finishes the work, and a disk that
failed was told in the assistant's own words.
"""

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from corpora import FILES, set_age, settings_in, write_files
from store.faults import KILL_ONLY, POINTS
from store.judging import judge, judge_end, judge_next, tell, texts_of
from torture import FACTOR, Zygote, altering, tallied

from assistant.settings import Settings
from assistant.store.bases import list_folders
from assistant.store.catalog import CATALOG_FILE, DAMAGED_FILE

ACTIONS = ("kill", "EIO", "ENOSPC")
OLD = {**FILES, **{f"{n}.txt": f"Item {n} of the old kind. It is number {n}." for n in range(8)}}
TAIL = {"max_tail_passages": 4}


def build(settings: Settings) -> None:
    shutil.rmtree(settings.index_dir)


def update(settings: Settings) -> None:
    for n in range(4):
        edit(settings, f"{n}.txt", f"Item {n} of the new kind. It is number {n}, again.")


def delete(settings: Settings) -> None:
    for n in range(6):
        (settings.corpus_dir / f"{n}.txt").unlink()
    edit(settings, "7.txt", "Item 7 is new. It is number 7.")


def rebuild(settings: Settings) -> None:
    edit(settings, "0.txt", "Item 0 is new. It is number 0.")


def damage(settings: Settings) -> None:
    rebuild(settings)
    with altering(settings.index_dir) as connection:
        connection.execute("UPDATE manifest SET value = '7' WHERE key = 'n_documents'")


def edit(settings: Settings, name: str, text: str) -> None:
    write_files(settings.corpus_dir, {name: text})
    set_age(settings.corpus_dir / name, 60)


CHANGES: tuple[Callable[[Settings], None], ...] = (build, update, delete, rebuild, damage)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Path:
    """A folder with a corpus and an index of it, to be copied."""
    folder = tmp_path_factory.mktemp("indexed")
    write_files(settings_in(folder).corpus_dir, OLD)
    assert zygote.run(folder, "sync", **TAIL).error is None
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_whatever_goes_wrong_at_a_named_point_the_index_is_whole(
    tmp_path: Path, indexed: Path, zygote: Zygote
) -> None:
    seed = 4
    every = [
        (point, action, change)
        for point, action, change in itertools.product(POINTS, ACTIONS, CHANGES)
        if action == "kill" or point not in KILL_ONLY
    ]
    some = every if FACTOR else random.Random(seed).sample(every, 20)
    old = zygote.run(indexed, "inspect", **TAIL).found["texts"]
    texts: dict[Callable[[Settings], None], dict[str, str]] = {}
    with tallied("named fault points", seed) as tally:
        for n, (point, action, change) in enumerate(some):
            folder = tmp_path / str(n)
            shutil.copytree(indexed, folder)
            settings = settings_in(folder)
            change(settings)
            if change not in texts:
                texts[change] = texts_of(zygote, folder)
            new = texts[change]
            task = "rebuild" if change is rebuild else "sync"
            kind = "signs" if "sign base" in point else "chroma"
            given = {"fault": (point, action), "vector_base": kind, **TAIL}
            ended = zygote.run(folder, task, **given)
            ever = {name: {t[name] for t in (old, new) if name in t} for name in {**old, **new}}
            wrong = judge_end(ended, may_be_killed=action == "kill")
            if change is not damage or (ended.status == 0 and ended.error is None):
                wrong += judge(zygote, folder, ever)
            wrong += judge_next(zygote, folder, new, 4) or judge_files(folder)
            where = f"{action} {point}, {change.__name__}"
            tally.add(tell(ended), *(f"{where}: {one}" for one in wrong))
            shutil.rmtree(folder)


def judge_files(folder: Path) -> list[str]:
    """Say which files are left that belong to no index."""
    left = {path.name for path in (folder / "index").iterdir()}
    strange = left - {"chroma", "signs", "lock", CATALOG_FILE, DAMAGED_FILE, f"{DAMAGED_FILE}-wal"}
    # Readers may still be at the base before.
    n_bases = len(list_folders(folder / "index"))
    return [f"left behind: {strange}, {n_bases} bases"] if strange or n_bases > 2 else []
