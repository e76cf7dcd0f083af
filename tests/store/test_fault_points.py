"""A named point of a sync x what goes wrong there x what the sync was doing: the index is whole.

Afterwards the old index serves or the new one, the next sync finishes the work, and a disk that
failed was told in the assistant's own words.
"""

import itertools
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from corpora import FILES, set_age, settings_in, write_files
from store.faults import KILL_ONLY, POINTS
from store.judging import judge
from torture import FACTOR, Ended, Zygote, tallied

from assistant.settings import Settings
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
    with closing(sqlite3.connect(settings.index_dir / CATALOG_FILE)) as connection:
        connection.execute("UPDATE manifest SET value = '7' WHERE key = 'n_documents'")
        connection.commit()


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


def texts_of(folder: Path, zygote: Zygote) -> dict[str, str]:
    """Return the texts that an index of the folder should hold."""
    elsewhere = folder / "elsewhere"
    shutil.copytree(folder / "corpus", elsewhere / "corpus")
    zygote.run(elsewhere, "sync")
    texts: dict[str, str] = zygote.run(elsewhere, "inspect").found["texts"]
    return texts


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
    with tallied("named fault points", seed) as tally:
        for n, (point, action, change) in enumerate(some):
            folder = tmp_path / str(n)
            shutil.copytree(indexed, folder)
            settings = settings_in(folder)
            change(settings)
            new = texts_of(folder, zygote)
            task = "rebuild" if change is rebuild else "sync"
            ended = zygote.run(folder, task, fault=(point, action), **TAIL)
            ever = {name: {t[name] for t in (old, new) if name in t} for name in {**old, **new}}
            wrong = judge_end(ended, action)
            if change is not damage or (ended.status == 0 and ended.error is None):
                wrong += judge(zygote, folder, ever)
            wrong += judge_next(zygote, folder, new)
            where = f"{action} {point}, {change.__name__}"
            tally.add(tell(ended), *(f"{where}: {one}" for one in wrong))
            shutil.rmtree(folder)


def tell(ended: Ended) -> str:
    if ended.status:
        return "killed"
    if ended.error:
        return "told"
    return "base told" if ended.found["base_problem"] else "not met or without effect"


def judge_end(ended: Ended, action: str) -> list[str]:
    """Say what is wrong with how the sync ended."""
    if ended.status == -9 and action == "kill":
        return []
    if ended.status:
        return [f"it ended with status {ended.status}: {ended.stderr[-600:]}"]
    if ended.error and (ended.error[0] != "StoreError" or "see to the disk" not in ended.error[1]):
        return [f"it was told so: {ended.error}"]
    return []


def judge_next(zygote: Zygote, folder: Path, texts: dict[str, str]) -> list[str]:
    """Say what is wrong after the next sync."""
    synced = zygote.run(folder, "sync", **TAIL)
    if synced.found is None or synced.found["base_problem"]:
        return [f"the next sync failed: {synced}"]
    ended = zygote.run(folder, "inspect", **TAIL)
    if ended.found is None or ended.found["problems"] or ended.found["texts"] != texts:
        return [f"the next sync left {ended}"]
    left = {path.name for path in (folder / "index").iterdir()}
    strange = left - {"chroma", "lock", CATALOG_FILE, DAMAGED_FILE, f"{DAMAGED_FILE}-wal"}
    # Readers may still be at the base before.
    n_bases = len(list((folder / "index" / "chroma").iterdir()))
    return [f"left behind: {strange}, {n_bases} bases"] if strange or n_bases > 2 else []
