"""A sync: afterwards the index holds what the folder holds.

Files are told apart by content: an unchanged file costs one stat, a touched or moved one is not
parsed, a copy is stored once. Each file's switch from old to new is one transaction, so that a sync
may be killed at any moment and the next one finishes the work. Every file ends as indexed, indexed
with a warning, or skipped with a reason. A damaged index is put aside and built anew from the
folder (`rebuild_damaged`). `IndexLocked` is raised while another process syncs, `IndexMismatch` for
an index that was made with other settings.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from assistant.errors import IndexDamaged
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.office import find_office
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import FoundFile, SkippedFile, walk
from assistant.models.embed import Embedder
from assistant.settings import Settings
from assistant.store import bases
from assistant.store.added import list_added
from assistant.store.catalog import (
    CATALOG_FILE,
    IndexConfig,
    explain_errors,
    find_inode,
    open_catalog,
    read_facts,
    remove_catalog,
    require_facts,
)
from assistant.store.changes import last_seen
from assistant.store.content import SPLITTER_VERSION
from assistant.store.embedded import EmbeddedEngine
from assistant.store.engine import Engine
from assistant.store.lock import hold_lock
from assistant.store.partitions import remove_partitions
from assistant.store.plan import FileChange, make_plan, preview_changes
from assistant.store.tables import SCHEMA_VERSION
from assistant.store.work import At, LocalParsing, Parsing, SyncRun
from assistant.values import FileRecord, Status

logger = logging.getLogger(__name__)

TELL_AFTER_S, TELL_FROM = 4.0, 0.02
"""From when on, and from what share on, it is told how long a sync takes yet."""
FORMER_FOLDER = "former"
"""In the index folder: an index made by another version, until the new one has taken its place."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is; `done` and `total` count files.

    `page` is the number of a page that is read off a picture, and how many its file has; `name` the
    file that is read; `share` what is done of all bytes, 0 to 1, in `seconds`. During an upgrade a
    former index answers until it ends.
    """

    stage: Literal["reading", "embedding", "building the vector base"]
    done: int
    total: int
    page: tuple[int, int] | None = None
    name: str = ""
    share: float = 0.0
    seconds: float = 0.0
    is_upgrade: bool = False

    @property
    def doing(self) -> str:
        """What is done, in words: "reading page 3 of 12 of scan.pdf"."""
        if self.stage != "reading":
            return self.stage
        what = PurePosixPath(self.name).name
        if self.page is None:
            return f"reading {what}".strip()
        return f"reading page {self.page[0]:,} of {self.page[1]:,} of {what or 'a scan'}"

    @property
    def seconds_left(self) -> float | None:
        """About how long it takes yet; None before that can be told."""
        if self.seconds < TELL_AFTER_S or self.share < TELL_FROM:
            return None
        return self.seconds * (1 - self.share) / self.share


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, in `seconds`: with how many files, and how many passages there are now.

    `n_embedded` passages are new; `notable` are the files that were not plainly indexed.
    `base_problem` says why there is no new base where one is due, `recovered` what became
    of an index that was damaged.
    """

    n_added: int
    n_changed: int
    n_moved: int
    n_removed: int
    n_unchanged: int
    n_passages: int
    n_embedded: int
    notable: tuple[FileRecord, ...]
    base_problem: str | None
    seconds: float
    recovered: str | None = None

    @property
    def n_skipped(self) -> int:
        """How many files are in no document."""
        return sum(record.status == Status.SKIPPED for record in self.notable)


def index_config_of(embedder: Embedder, settings: Settings) -> IndexConfig:
    """Return how an index of these settings is made."""
    return IndexConfig(
        model=settings.embedding_model,
        fingerprint=embedder.fingerprint,
        max_passage_tokens=min(settings.max_passage_tokens, embedder.max_tokens),
        splitter=SPLITTER_VERSION,
    )


def limits_of(settings: Settings) -> Limits:
    """Return what one file may take."""
    return Limits(
        max_chars=settings.max_text_chars,
        max_pages=settings.max_pages,
        timeout_s=settings.parse_timeout_s,
        memory_bytes=settings.max_parse_bytes,
        max_ocr_pages=settings.max_ocr_pages if settings.ocr else 0,
        office=find_office(settings.office),
    )


def sync(
    settings: Settings,
    embedder: Embedder,
    engine: Engine | None = None,
    *,
    rebuild: bool = False,
    retry: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> SyncReport:
    """Bring the index in step with the corpus.

    Args:
        settings: names the corpus and the index.
        embedder: makes the vectors.
        engine: keeps the index; by default the one that the settings name.
        rebuild: forget the present index first, whatever made it.
        retry: read files again that were skipped, though they are as they were.
        on_progress: called with the progress, many times a second at most.

    Raises:
        CorpusError: there is no such folder.
        IndexLocked: another process is writing this index.
        IndexMismatch: the index was made differently and `rebuild` was not asked for.
        IndexDamaged: the index is not what was written; `rebuild_damaged` goes on from there.
        StoreError: the disk does not let it be written.
    """
    started = time.perf_counter()
    found = list_files(settings)
    engine = engine or open_engine(settings, embedder.dimension)
    config = index_config_of(embedder, settings)
    with engine.change(config, rebuild=rebuild) as writer:
        known = writer.last_seen()
        plan = make_plan(found, known, time.time_ns(), retry=retry)

        n_bytes = max(1, sum(one.file.size for one in plan.due))

        def report(stage: Literal["reading", "embedding"], at: At) -> None:
            writer.keep_alive()
            page, parsers.page = parsers.page, None
            seconds = time.perf_counter() - started
            share = at.n_bytes / n_bytes
            on_progress(Progress(stage, at.n_files, len(plan.due), page, at.name, share, seconds))

        with (
            Parsers(limits_of(settings)) as parsers,
            _open_parsing(settings, config, parsers, is_needed=bool(plan.due)) as parsing,
        ):
            work = SyncRun(writer, embedder, parsing, config.max_passage_tokens, report)
            work.apply(plan, known, settings.max_file_bytes)
        writer.finish()

        def build(done: int) -> None:
            on_progress(Progress("building the vector base", done, 1, share=1.0))

        problem = engine.renew(writer, build)
        snapshot = writer.snapshot()
        records = snapshot.records()
        writer.checkpoint()
        remove_partitions(settings.index_dir)
    return SyncReport(
        **work.counts,
        n_passages=snapshot.n_passages,
        n_embedded=work.n_embedded,
        notable=tuple(record for record in records if record.status != Status.INDEXED),
        base_problem=problem,
        seconds=time.perf_counter() - started,
        recovered=None,
    )


@contextmanager
def _open_parsing(
    settings: Settings, config: IndexConfig, parsers: Parsers, *, is_needed: bool
) -> Iterator[Parsing]:
    """Open what makes more of files' bytes: this machine's parsers, or the workers of a cluster."""
    if settings.ray is None or not is_needed:
        yield LocalParsing(parsers)
        return
    from assistant.store.workers import open_workers

    with open_workers(settings, config, parsers.limits) as parsing:
        yield parsing


def preview(
    settings: Settings, engine: Engine | None = None, *, rebuild: bool = False, retry: bool = False
) -> tuple[FileChange, ...]:
    """Return what a sync would do, by name: files are read as far as telling them apart takes.

    Whether a new file can be parsed shows only when it is. Writes nothing.

    Raises:
        CorpusError: there is no such folder.
        IndexMismatch: the index is another program's and `rebuild` was not asked for.
        StoreError: the index cannot be read.
    """
    found, known = list_files(settings), {}
    if not rebuild:
        with (engine or open_engine(settings, 0)).look() as snapshot:
            if snapshot is not None:
                facts = {"schema": str(SCHEMA_VERSION), "splitter": str(SPLITTER_VERSION)}
                require_facts(snapshot.tables.facts, facts)
                known = last_seen(snapshot)
    plan = make_plan(found, known, time.time_ns(), retry=retry)
    return preview_changes(plan, known, settings.max_file_bytes)


def list_files(settings: Settings) -> list[FoundFile | SkippedFile]:
    """Return the files of the corpus, and the documents that programs added."""
    files = walk(settings.corpus_dir, settings.index_dir)
    return [*files, *list_added(settings.index_dir)]


def open_engine(settings: Settings, dimension: int) -> Engine:
    """Return the engine that the settings name, for vectors of a dimension."""
    if settings.index_url is None:
        return EmbeddedEngine(settings, dimension)
    from assistant.store.commits import MilvusEngine

    return MilvusEngine(settings, settings.index_url.get_secret_value(), dimension)


def rebuild_damaged(
    settings: Settings,
    engine: Engine,
    error: IndexDamaged,
    identity: int | None,
    sync: Callable[[], SyncReport],
) -> SyncReport:
    """Put the index with this identity, where the error was met, aside and build another.

    When another process has done so already there is nothing but a `sync` to do.

    Raises:
        CorpusError: there is no such folder.
        IndexLocked: another process is writing this index.
        StoreError: the disk does not let it be written.
    """
    list_files(settings)  # there is something to build it from
    told = engine.put_aside(error, identity)
    return replace(sync(), recovered=told)


def set_former_aside(settings: Settings) -> None:
    """Move an index that was made differently into a folder of its own, where it can be read on.

    Where one is there already, which the present one was to replace, that one stays.

    Raises:
        IndexLocked: another process is writing this index.
        StoreError: the disk does not let it be moved.
    """
    index_dir, former = settings.index_dir, settings.index_dir / FORMER_FOLDER
    with hold_lock(index_dir), explain_errors(index_dir):
        if find_inode(former) is None:
            former.mkdir(exist_ok=True)
            with open_catalog(index_dir) as connection:  # what its log holds comes along
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            bases.remove_bases(former)
            for name in bases.FOLDERS.values():
                if (index_dir / name).is_dir():
                    (index_dir / name).rename(former / name)
            (index_dir / CATALOG_FILE).rename(former / CATALOG_FILE)
        remove_catalog(index_dir)
        bases.remove_bases(index_dir)


def read_former(index_dir: Path) -> IndexConfig | None:
    """Return how a former index was made; None where there is none that this version can read."""
    former = index_dir / FORMER_FOLDER
    if find_inode(former) is None:
        return None
    with open_catalog(former) as connection:
        facts = read_facts(connection, IndexConfig("", "", 0, 0).facts())
    if facts["schema"] != str(SCHEMA_VERSION):
        return None
    numbers = int(facts["max_passage_tokens"]), int(facts["splitter"])
    return IndexConfig(facts["model"], facts["fingerprint"], *numbers)


def forget_former(index_dir: Path) -> None:
    """Delete a former index; who still reads it has it to the end."""
    shutil.rmtree(index_dir / FORMER_FOLDER, ignore_errors=True)
