"""A byte flipped, a file cut, a range zeroed, a file gone, in any file of the store.

Asked and synced afterwards in a process of its own, the assistant answers as before, or says what
is wrong; the index ends whole. It never quotes what no document says, and the process never dies.
"""

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from torture import Ended, Zygote, tallied, trials

from assistant.evidence.calibration import CALIBRATION_FILE, Calibration, write_calibration
from assistant.pipeline import Assistant
from assistant.store.catalog import CATALOG_FILE, create
from assistant.store.lock import LOCK_FILE
from assistant.store.sqlite import SqliteTables
from assistant.store.sync import index_config_of
from assistant.values import Answer

TAIL = {"max_tail_passages": 4}
FURTHER = {
    f"{n}.txt": f"Report {n}\n\nThe bridge of number {n} was opened in {1900 + n}. "
    f"It is {40 + n} m long. Nobody has painted it since. " * 3
    for n in range(12)
}
WAYS = ("flip", "flip", "flip", "flip", "truncate", "zero", "delete", "empty")


@pytest.fixture(scope="module", params=["a log to be folded", "a log that was folded and is left"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with a corpus, an index with a base and a log, and a calibration.

    SQLite leaves the log where somebody reads on, and takes any of it that is whole for newer than
    the catalog, even if the catalog has all of it already.
    """
    folder = tmp_path_factory.mktemp("store")
    settings = settings_in(folder, max_over_refusal=0.0, vector_base="chroma", **TAIL)
    write_files(settings.corpus_dir, FILES | FURTHER)
    with pytest.MonkeyPatch.context() as patched:
        fold = "PRAGMA wal_checkpoint(PASSIVE)" if "was" in request.param else "SELECT 1"
        patched.setattr(
            SqliteTables, "checkpoint", lambda tables: tables.connection.execute(fold).fetchall()
        )
        embedder = HashingEmbedder()
        create(settings.index_dir, index_config_of(embedder, settings))
        with (
            closing(sqlite3.connect(settings.index_dir / CATALOG_FILE)) as reader,
            Assistant(settings, embedder) as assistant,
        ):
            reader.execute("SELECT * FROM manifest").fetchone()
            assert assistant.sync().base_problem is None
            calibration = Calibration(1.1, 0.1, ((0.1, 0.001),))
            write_calibration(settings.index_dir, calibration, assistant.judge.fingerprint)
            shutil.copytree(settings.index_dir, folder / "kept")
    shutil.rmtree(settings.index_dir)
    (folder / "kept").rename(settings.index_dir)
    assert (settings.index_dir / f"{CATALOG_FILE}-wal").stat().st_size > 100_000
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def truth(store: Path, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the assistant finds in the whole store."""
    folder = tmp_path_factory.mktemp("whole") / "copy"
    shutil.copytree(store, folder)
    found = zygote.run(folder, "ask and sync", **TAIL).found
    assert found["after"]["problems"] == []
    assert all(answer["quotes"] for answer in found["answers"])
    return found


def damage(path: Path, way: str, random_: random.Random) -> None:
    """Damage a file."""
    if way == "delete":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    place = random_.randrange(len(data) or 1)
    if way == "flip" and data:
        data[place] ^= 1 << random_.randrange(8)
    elif way == "truncate":
        del data[place:]
    elif way == "zero":
        n = min(random_.choice([1, 64, 4096]), len(data) - place)
        data[place : place + n] = bytes(n)
    elif way == "empty":
        data.clear()
    path.write_bytes(data)


def kinds_of(store: Path) -> dict[str, list[Path]]:
    """Return the store's files by kind."""
    index = store / "index"
    kinds: dict[str, list[Path]] = {}
    for path in sorted(path for path in index.rglob("*") if path.is_file()):
        kind = path.name if path.parent.name.isdigit() or path.parent == index else "HNSW"
        kinds.setdefault(kind, []).append(path.relative_to(store))
    return kinds


def draw(
    kinds: dict[str, list[Path]], n: int, random_: random.Random
) -> Iterator[tuple[str, Path]]:
    """Yield n files: the catalog, which holds the texts, twice as often as all other kinds."""
    names = sorted(set(kinds) - {CATALOG_FILE})
    for number in range(n):
        kind = CATALOG_FILE if number % 3 else names[number // 3 % len(names)]
        yield kind, random_.choice(kinds[kind])


@pytest.mark.timeout(3600)
def test_a_store_damaged_anywhere_never_makes_the_assistant_misquote_or_die(
    tmp_path: Path, store: Path, truth: Any, zygote: Zygote
) -> None:
    seed = 11
    random_ = random.Random(seed)
    kinds = kinds_of(store)
    assert {CATALOG_FILE, LOCK_FILE, CALIBRATION_FILE, "HNSW", "chroma.sqlite3"} <= kinds.keys()
    with tallied("store corruption", seed) as tally:
        for number, (kind, name) in enumerate(draw(kinds, trials(9, 300), random_)):
            folder = tmp_path / str(number)
            shutil.copytree(store, folder)
            way = random_.choice(WAYS)
            damage(folder / name, way, random_)
            ended = zygote.run(folder, "ask and sync", **TAIL)
            outcome, wrong = judge(ended, truth)
            tally.add(f"{outcome}", *(f"trial {number}, {way} in {kind}: {one}" for one in wrong))
            shutil.rmtree(folder)


def judge(ended: Ended, truth: Any) -> tuple[str, list[str]]:
    """Say how a damaged store was taken, and what is wrong about that."""
    if ended.status:
        return "died", [f"status {ended.status}: {ended.stderr[-800:]}"]
    if ended.error:
        return "clear error", []
    found = ended.found
    texts = truth["after"]["texts"]
    wrong = [
        f"{quote!r} does not stand in {name}"
        for answers in (found["answers"], found["after"]["answers"])
        for answer in answers
        for name, start, end, quote in answer["quotes"]
        if texts[name][start:end] != quote
    ]
    if found["after"]["problems"] or found["after"]["texts"] != texts:
        wrong.append(f"left with {json.dumps(found['after'])[:600]}")
    said = [answer["text"] for answer in found["answers"]]
    if said != [answer["text"] for answer in truth["answers"]]:
        wrong.append(f"answered {said}")
    stages = {stage for answer in found["answers"] for stage in answer["stages"]}
    if "indexing" in stages or found["report"]["recovered"]:
        return "rebuilt", wrong
    return ("searched exactly" if "searching exactly" in ended.stderr else "as before"), wrong


def test_a_bit_of_what_is_quoted_is_never_quoted_altered(tmp_path: Path) -> None:
    """Wherever it is stored: in a passage, a text, a name, a span."""
    settings = settings_in(tmp_path, max_over_refusal=0.0)
    path, question = settings.index_dir / CATALOG_FILE, "Where does the Danube rise?"
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        said = assistant.ask(question).to_dict()["citations"]
    whole, n_rebuilt = path.read_bytes(), 0
    for marker in (b"Danube rises", b"rivers.txt", b"[8, 45]", b"text/plain"):
        for found in re.finditer(re.escape(marker), whole):
            damaged = bytearray(whole)
            damaged[found.start() + len(marker) // 2] ^= 1
            path.write_bytes(damaged)
            with Assistant(settings, HashingEmbedder()) as assistant:
                stages = list(assistant.stream(question))
            assert isinstance(stages[-1], Answer)
            assert stages[-1].to_dict()["citations"] == said
            n_rebuilt += "indexing" in {getattr(stage, "name", "") for stage in stages}
    assert n_rebuilt >= 4
