"""Files are read and embedded by the workers of a Ray: the index is that of one process.

One Ray of four workers runs on this machine for all of these tests; the syncs find it connected.
"""

import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from engines import engine_settings, read_all
from hashing import HashingEmbedder
from store.told_embedder import GATE, OPEN, POISON, open_telling, read_told
from torture import trials

from assistant.errors import EmbedderMissing, Fault
from assistant.ingest.sniff import media_type
from assistant.ingest.split import content_id
from assistant.pipeline import Assistant
from assistant.settings import LOCAL_RAY, Settings
from assistant.store import workers
from assistant.store.partitions import FOLDER
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId
from evals.mixed import MAKERS, make_files

pytestmark = pytest.mark.slow
N_WORKERS = 4
MIN_KILLS = 6
SOUND = b"OggS\x00\x02\x00\x01"
LETTER = "".join(f"Paragraph {n} of the letter that was sent around. " for n in range(30))


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray that is started as a sync would start it, with passwords in the environment."""
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (tests, tests.parent)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", path)
        patched.setenv("ASSISTANT_TOKENS__ROBOT", "s" * 24)
        with workers.connect(LOCAL_RAY, N_WORKERS):
            yield


@pytest.fixture
def told(cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers embed without a model, and tell of it in the cache folder."""
    monkeypatch.setattr(workers, "open_embedder", open_telling)


def write_mixed(corpus: Path, n_formats: int) -> None:
    """Write a file of each format, copies, texts nearly alike, and files that are no documents."""
    write_files(corpus, FILES)
    made = make_files(n_formats, seed=3)
    write_files(corpus, {f"{n}{suffix}": data for n, (suffix, data) in enumerate(made)})
    write_files(corpus, {"copy.txt": FILES["rivers.txt"], "film.ogg": SOUND, "empty.txt": b""})
    write_files(corpus, {"broken.pdf": b"%PDF-1.7 broken", "broken too.pdf": b"%PDF-1.7 broken"})
    write_files(corpus, {"letter.txt": LETTER, "letter, signed.txt": f"{LETTER} Signed: Ada."})


def write_many(corpus: Path, n_files: int) -> None:
    """Write small files, each of another size."""
    texts = {f"{n}.txt": f"Item {n} is kept in room {n}{'.' * n}" for n in range(n_files)}
    write_files(corpus, texts)


def sync(settings: Settings, **given: Any) -> tuple[SyncReport, dict[str, object]]:
    """Bring an index in step; return the report and all that is in the index, which is whole."""
    with Assistant(settings, HashingEmbedder()) as assistant:
        report = assistant.sync(**given)
        assert assistant.check() == ()
        with assistant.index.open() as snapshot:
            return report, read_all(snapshot)


def facts_of(report: SyncReport) -> dict[str, Any]:
    """Return what a report tells, but for times."""
    names = ("n_added", "n_changed", "n_moved", "n_removed", "n_unchanged", "n_embedded")
    notable = [(one.document_id, one.status, one.reason, one.fault) for one in report.notable]
    return {name: getattr(report, name) for name in names} | {"notable": notable}


def test_a_local_ray_tells_nobody_of_its_use_and_its_workers_have_no_setting(
    tmp_path: Path, told: None
) -> None:
    settings = settings_in(tmp_path, ray=LOCAL_RAY)
    write_files(settings.corpus_dir, FILES)
    sync(settings)
    batches = read_told(settings.cache_dir)
    assert len(batches) == len(FILES)
    assert {(tuple(one["settings"]), one["usage"]) for one in batches} == {((), "0")}
    assert os.getpid() not in {one["pid"] for one in batches}


@pytest.mark.parametrize(("engine", "n_formats"), [("embedded", len(MAKERS)), ("milvus", 3)])
def test_workers_make_the_index_that_one_process_makes(
    tmp_path: Path, told: None, engine: str, n_formats: int
) -> None:
    alone = settings_in(tmp_path / "alone")
    by_ray = engine_settings(engine, tmp_path / "ray", ray=LOCAL_RAY)
    write_mixed(alone.corpus_dir, n_formats)
    shutil.copytree(alone.corpus_dir, by_ray.corpus_dir)
    (one, held), (other, also_held) = sync(alone), sync(by_ray)
    assert facts_of(one) == facts_of(other)
    assert held == also_held
    assert one.n_skipped == 4
    for settings in (alone, by_ray):
        corpus = settings.corpus_dir
        (corpus / "rivers.txt").rename(corpus / "streams.txt")
        (corpus / "law.html").unlink()
        write_files(corpus, {"space/moons.md": "# Moons\n\nTriton orbits Neptune backwards."})
    (one, held), (other, also_held) = sync(alone), sync(by_ray)
    assert facts_of(one) == facts_of(other)
    assert held == also_held
    assert (one.n_moved, one.n_changed, one.n_removed) == (1, 1, 1)


def test_a_run_over_four_workers_that_are_killed_at_random_finishes_whole(
    tmp_path: Path, told: None
) -> None:
    n_files, ended = trials(40, 80), threading.Event()
    alone, by_ray = settings_in(tmp_path / "alone"), settings_in(tmp_path / "ray", ray=LOCAL_RAY)
    for settings in (alone, by_ray):
        write_many(settings.corpus_dir, n_files)
    killed: list[int] = []

    def kill() -> None:
        random_ = random.Random(11)
        while not ended.wait(random_.uniform(0.2, 0.5)):
            seen = {one["pid"] for one in read_told(by_ray.cache_dir)}
            if at_work := sorted(pid for pid in seen if is_worker(pid)):
                killed.append(random_.choice(at_work))
                os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        report, held = sync(by_ray)
    finally:
        ended.set()
        killer.join()
    assert len(killed) >= MIN_KILLS
    assert (report.n_added, report.n_embedded, report.notable) == (n_files, n_files, ())
    assert held == sync(alone)[1]


def is_worker(pid: int) -> bool:
    """Whether a process is a worker of a Ray that lives."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::")
    except OSError:
        return False


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_run_that_is_ended_goes_on_with_what_its_workers_have_made(
    tmp_path: Path, told: None, rebuild: bool
) -> None:
    n_files, n_first, settings = 24, 12, settings_in(tmp_path, ray=LOCAL_RAY)
    write_many(settings.corpus_dir, n_files)
    waiting = {f"{n}.txt": f"Item {n} {GATE}{'.' * 2 * n}" for n in range(n_first, n_files)}
    write_files(settings.corpus_dir, waiting)

    def interrupt(progress: Progress) -> None:
        if progress.done >= n_first // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(settings, on_progress=interrupt)
    kept = {path.name[:64] for path in (settings.index_dir / FOLDER).iterdir()}
    made = {n for n in range(n_files) if content_of(settings.corpus_dir / f"{n}.txt") in kept}
    assert n_first // 2 <= len(made) == len(kept) <= n_first
    (settings.cache_dir / OPEN).touch()
    n_told = len(read_told(settings.cache_dir))
    report, held = sync(settings, rebuild=rebuild)
    assert report.n_added + report.n_unchanged == n_files
    texts = [one["text"] for one in read_told(settings.cache_dir)[n_told:]]
    assert {int(text.split()[1]) for text in texts} == set(range(n_files)) - made
    assert not (settings.index_dir / FOLDER).exists()
    assert held == sync(settings_in(tmp_path, index_dir=tmp_path / "alone"))[1]


def content_of(path: Path) -> str:
    """Return the id of a file's content."""
    data = path.read_bytes()
    return content_id(media_type(DocumentId(path.name), data)[0], data)


def test_a_partition_that_was_cut_off_is_made_again(tmp_path: Path, told: None) -> None:
    settings = settings_in(tmp_path, ray=LOCAL_RAY)
    write_many(settings.corpus_dir, 8)

    def interrupt(progress: Progress) -> None:
        if progress.done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(settings, on_progress=interrupt)
    for path in (settings.index_dir / FOLDER).iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    n_told = len(read_told(settings.cache_dir))
    report, _ = sync(settings, rebuild=True)
    assert (report.n_added, report.notable) == (8, ())
    assert len(read_told(settings.cache_dir)) == n_told + 8


def test_a_file_that_ends_every_worker_is_skipped_and_the_others_are_not(
    tmp_path: Path, told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "TRIES", 2)
    settings = settings_in(tmp_path, ray=LOCAL_RAY)
    write_files(settings.corpus_dir, {**FILES, "poison.txt": f"At this word {POISON}."})
    report, _ = sync(settings)
    assert report.n_added == len(FILES) + 1
    (skipped,) = report.notable
    assert (skipped.document_id, skipped.fault) == ("poison.txt", Fault.CRASH)
    assert "2 workers were lost" in str(skipped.reason)


def test_a_worker_with_another_model_embeds_nothing(tmp_path: Path, told: None) -> None:
    settings = settings_in(tmp_path, ray=LOCAL_RAY, embedding_model="another")
    write_files(settings.corpus_dir, FILES)
    with pytest.raises(EmbedderMissing, match="install the same on every machine"):
        sync(settings)


def test_a_sync_that_has_nothing_to_read_starts_no_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path)
    write_files(settings.corpus_dir, FILES)
    sync(settings)
    monkeypatch.setattr(workers, "connect", None)
    report, _ = sync(settings.model_copy(update={"ray": LOCAL_RAY}))
    assert report.n_unchanged == len(FILES)
