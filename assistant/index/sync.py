"""Corpus x catalog -> changes, applied: afterwards the index holds what the folder holds.

By content: an unchanged file costs one stat, a touched or renamed one is not parsed, a copy is
stored once. Each file's switch from old to new is one transaction, so a sync may be killed
anywhere; the next one finishes the work. Every file ends as indexed, indexed with warning, or
skipped with a reason. Refuses a second writer and an index that was made differently.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import DocumentUnreadable, StoreError
from assistant.index import base as bases
from assistant.index.catalog import Making, create, is_created, open_catalog, require_making
from assistant.index.content import SPLITTER_VERSION, Content, Cutting, Source, make_content
from assistant.index.embed import Embedder, PassageVectors
from assistant.index.lock import hold_lock
from assistant.index.snapshot import Base, Snapshot
from assistant.index.writer import UNSTAMPED, Known, Writer, remove_bases
from assistant.ingest.limits import Limits
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import media_type
from assistant.ingest.walk import FoundFile, SkippedFile, read, walk
from assistant.ledger import FileRecord, Status
from assistant.settings import Settings

logger = logging.getLogger(__name__)

GROUP_PASSAGES = 512
"""Passages that wait for each other, so that sorting them by length pays."""
REPORT_PASSAGES = 64
"""Passages embedded between two reports of progress."""
RACY_S = 2.0
"""A file written this short before the sync may be written again within the same time stamp."""
MAX_DEAD_SHARE = 0.2
"""Share of a base's passages that may be gone before a new one is built."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is; `done` and `total` count files."""

    stage: Literal["reading", "embedding", "building the vector base"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `notable` files were not plainly indexed; `recovered` tells of damage."""

    n_added: int
    n_changed: int
    n_removed: int
    n_unchanged: int
    n_passages: int
    n_embedded: int
    notable: tuple[FileRecord, ...]
    base_problem: str | None
    seconds: float
    recovered: str | None = None


def making_of(embedder: Embedder, settings: Settings) -> Making:
    """Return how an index of these settings is made."""
    return Making(
        model=settings.embedding_model,
        fingerprint=embedder.fingerprint,
        max_passage_tokens=min(settings.max_passage_tokens, embedder.max_tokens),
        splitter=SPLITTER_VERSION,
    )


def sync(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> SyncReport:
    """Bring the index in step with the corpus.

    Args:
        settings: names the corpus and the index.
        embedder: makes the vectors.
        rebuild: forget the present index first, whatever made it.
        on_progress: called with the progress, many times a second at most.

    Raises:
        CorpusError: there is no such folder.
        IndexLocked: another process is writing this index.
        IndexMismatch: the index was made differently and `rebuild` was not asked for.
        IndexDamaged: the index is not what was written; `recover` goes on from there.
        StoreError: the disk does not let it be written.
    """
    started = time.perf_counter()
    found = list(walk(settings.corpus_dir))
    with hold_lock(settings.index_dir):
        making = making_of(embedder, settings)
        if rebuild or not is_created(settings.index_dir):
            create(settings.index_dir, making)
            remove_bases(settings.index_dir)
        with open_catalog(settings.index_dir) as connection:
            require_making(connection, making)
            writer = Writer(connection)
            with Parsers(Limits(max_chars=settings.max_text_chars)) as parsers:
                work = _Work(settings, embedder, writer, parsers, on_progress)
                work.apply(found)
            writer.finish()
            problem = _renew_base(settings, embedder.dimension, writer, on_progress)
            snapshot = Snapshot(connection)
            records = snapshot.records()
            writer.fold()
    return SyncReport(
        **work.counts,
        n_passages=snapshot.n_passages,
        n_embedded=work.n_embedded,
        notable=tuple(record for record in records if record.status != Status.INDEXED),
        base_problem=problem,
        seconds=time.perf_counter() - started,
        recovered=None,
    )


@dataclass(frozen=True, slots=True)
class _Due:
    """A file to read, with what the ledger knows of it."""

    file: FoundFile
    stamp: tuple[int, int]
    known: Known | None


@dataclass(frozen=True, slots=True)
class _New:
    """A content that the index lacks, and the files that have it."""

    content: Content
    files: list[_Due]


class _Work:
    """One sync's way from the found files to the catalog."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        writer: Writer,
        parsers: Parsers,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._writer = writer
        self._parsers = parsers
        self._on_progress = on_progress
        self._cutting = Cutting(
            count_tokens=embedder.count_tokens,
            max_passage_tokens=making_of(embedder, settings).max_passage_tokens,
        )
        self._n_settled = 0
        self._n_due = 0
        self.counts = dict.fromkeys(("n_added", "n_changed", "n_removed", "n_unchanged"), 0)
        self.n_embedded = 0

    def apply(self, found: Sequence[FoundFile | SkippedFile]) -> None:
        """Apply every difference between the files and the ledger."""
        started_ns = time.time_ns()
        known = self._writer.known()
        due = []
        for file in found:
            before = known.get(file.document_id)
            if isinstance(file, SkippedFile):
                self._writer.skip(file.document_id, file.reason)
            elif before and before.stamp == (file.size, file.mtime_ns):
                self.counts["n_unchanged"] += 1
            else:
                is_racy = started_ns - file.mtime_ns < RACY_S * 1e9
                due.append(_Due(file, (file.size, -1 if is_racy else file.mtime_ns), before))
        self._take_in(due)
        gone = sorted(known.keys() - {file.document_id for file in found})
        self._writer.remove(gone)
        self.counts["n_removed"] = len(gone)

    def _take_in(self, due: Sequence[_Due]) -> None:
        self._n_due = len(due)
        group: dict[str, _New] = {}
        for one in due:
            self._on_progress(Progress("reading", self._n_settled, self._n_due))
            self._read(one, group)
            if sum(len(new.content.inputs) for new in group.values()) >= GROUP_PASSAGES:
                self._embed(list(group.values()))
                group = {}
        self._embed(list(group.values()))
        self._on_progress(Progress("reading", self._n_settled, self._n_due))

    def _read(self, due: _Due, group: dict[str, _New]) -> None:
        """Settle the file when its content is known or cannot be had; else add it to the group."""
        file = due.file
        try:
            data = read(file, self._settings.max_file_bytes)
        except DocumentUnreadable as error:
            self._settle_skipped(due, error, UNSTAMPED)  # tried again next time
            return
        try:
            kind, _ = media_type(file.document_id, data)
            source = Source.of(file.document_id, data, kind)
            content = source.content_id
            if content in group:
                group[content].files.append(due)
            elif self._writer.adopt(file.document_id, due.stamp, content):
                self._settle(due, content)
            else:
                parsed = self._parsers.parse(data, kind)
                group[content] = _New(make_content(source, parsed, self._cutting), [due])
        except DocumentUnreadable as error:
            self._settle_skipped(due, error, due.stamp)

    def _embed(self, group: Sequence[_New]) -> None:
        """Embed the group's passages, by length across its contents; write content by content."""
        inputs = [given for new in group for given in new.content.inputs]
        order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i].text))
        vectors: dict[int, PassageVectors] = {}
        for batch in _slices(order, REPORT_PASSAGES):
            n_near = int(len(vectors) / len(inputs) * len(group))
            self._on_progress(Progress("embedding", self._n_settled + n_near, self._n_due))
            embedded = self._embedder.embed_passages([inputs[i] for i in batch])
            vectors.update(zip(batch, embedded, strict=True))
        first = 0
        for new in group:
            last = first + len(new.content.inputs)
            for due in new.files:
                self._writer.put(
                    due.file.document_id,
                    due.stamp,
                    new.content,
                    [vectors[i] for i in range(first, last)],
                )
                self._settle(due, new.content.content_id)
            first = last
        self.n_embedded += len(inputs)

    def _settle(self, due: _Due, content: str | None) -> None:
        self._n_settled += 1
        if due.known is None:
            self.counts["n_added"] += 1
        elif due.known.content_id == content:
            self.counts["n_unchanged"] += 1
        else:
            self.counts["n_changed"] += 1

    def _settle_skipped(self, due: _Due, error: DocumentUnreadable, stamp: tuple[int, int]) -> None:
        self._writer.skip(due.file.document_id, str(error), stamp)
        self._settle(due, None)


def _slices(order: Sequence[int], n: int) -> Iterator[Sequence[int]]:
    for first in range(0, len(order), n):
        yield order[first : first + n]


def _renew_base(
    settings: Settings, dimension: int, writer: Writer, on_progress: Callable[[Progress], None]
) -> str | None:
    """Build a new Chroma base when the present one is stale or damaged; return what failed."""
    base = writer.base()
    if base is not None and _is_fresh(base, settings, writer):
        return None
    n_passages, _ = writer.count_tail(0)
    if n_passages <= settings.max_tail_passages:
        if base is not None:
            writer.forget_bases()
        return None
    on_progress(Progress("building the vector base", 0, 1))
    number = writer.next_base_number()
    try:
        writer.make_current(bases.build_base(settings.index_dir, number, dimension))
    except StoreError as error:
        return str(error)
    finally:
        on_progress(Progress("building the vector base", 1, 1))
    bases.remove_bases_except(settings.index_dir, {number, base.number if base else number})
    return None


def _is_fresh(base: Base, settings: Settings, writer: Writer) -> bool:
    try:
        bases.require_intact(settings.index_dir, base)
    except StoreError as error:
        logger.warning("%s; making it anew", error)
        return False
    n_tail, n_live = writer.count_tail(base.last_row)
    is_tail_short = n_tail <= max(settings.max_tail_passages, base.n_passages // 10)
    return is_tail_short and n_live >= (1 - MAX_DEAD_SHARE) * base.n_passages
