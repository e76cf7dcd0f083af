"""One sync from its plan to the catalog: files are read, parsed, embedded and written.

`Loader` reads several files at once, has them parsed in child processes, or parsed and embedded by
workers on other machines, and hands them on in order; a content that the index holds already is not
parsed. `SyncRun` embeds what is new in groups and writes file by file. A file that cannot become a
document is recorded as skipped, with the reason.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Literal, Protocol

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.pool import Parsers
from assistant.ingest.split import content_id
from assistant.ingest.walk import read, stat_again
from assistant.models.embed import BATCH_PASSAGES, Embedder, PassageVectors, embed_in_batches
from assistant.store.changes import CatalogWriter
from assistant.store.content import Content, FileVersion, Sketches, make_content
from assistant.store.partitions import Partition
from assistant.store.plan import (
    FileToRead,
    LastSeen,
    Moves,
    Plan,
    Processed,
    media_type_of,
    stamp_of,
)
from assistant.values import DocumentId

MAX_PARSERS = 4
"""Further children would wait for the disk or the embedder, and take their memory all the same."""
AHEAD_PER_PARSER = 2
WAIT_S = 0.25
"""How long a slow file is waited for before there is a sign of life, and a chance to stop."""
RETRY_S = 0.2
"""How long a file that changed while it was read is left alone before it is read again."""


class Parsing(Protocol):
    """What makes more of a file's bytes: `n_files` at once, of which `n_ahead` wait their turn."""

    n_files: int
    n_ahead: int

    def parse(self, version: FileVersion, data: bytes) -> Parsed | Partition:
        """Return what a file says, or that with its vectors.

        Raises:
            DocumentUnreadable: with the reason.
        """

    def close(self) -> None:
        """End what is under way; who waits for it is told."""


class LocalParsing:
    """Parses in child processes of this one."""

    def __init__(self, parsers: Parsers) -> None:
        self._parsers = parsers
        self.n_files = min(os.cpu_count() or 1, MAX_PARSERS)
        self.n_ahead = self.n_files * AHEAD_PER_PARSER

    def parse(self, version: FileVersion, data: bytes) -> Parsed:
        """Return what a file says."""
        return self._parsers.parse(data, version.media_type)

    def close(self) -> None:
        """End all children."""
        self._parsers.close()


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file that was read and parsed in so many seconds; its stamp is new if it was read twice.

    `version` is None if its bytes could not be had or are no document's, `made` where the content
    was known or is being parsed for a copy of it. `note` warns about this file and not its content;
    `error` says why it cannot become a document.
    """

    due: FileToRead
    seconds: float
    version: FileVersion | None = None
    made: Parsed | Partition | None = None
    note: str | None = None
    error: DocumentUnreadable | None = None


class Loader:
    """Reads several files at once, and has them parsed."""

    def __init__(self, parsing: Parsing, max_file_bytes: int, known: Collection[str]) -> None:
        self._parsing = parsing
        self._max_file_bytes = max_file_bytes
        self._claimed = set(known)
        self._lock = threading.Lock()

    def load(self, due: Iterable[FileToRead]) -> Generator[LoadedFile | None]:
        """Yield the files in order, each read, and None while the next one takes its time.

        Leaving early ends what is under way.
        """
        threads = ThreadPoolExecutor(self._parsing.n_files, thread_name_prefix="parser")
        under_way: deque[Future[LoadedFile]] = deque()
        try:
            for one in due:
                under_way.append(threads.submit(self._read, one))
                if len(under_way) > self._parsing.n_ahead:
                    yield from _await(under_way.popleft())
            while under_way:
                yield from _await(under_way.popleft())
        except BaseException:  # left early: what is being parsed is of no use
            self._parsing.close()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def parse(self, loaded: LoadedFile) -> Parsed | Partition:
        """Parse a file that was left to a copy of it, which has come to nothing.

        Raises:
            DocumentUnreadable: with the reason.
        """
        data, version = self._load(loaded.due), loaded.version
        if version is None or content_id(version.media_type, data) != version.content_id:
            raise DocumentUnreadable("changed while it was read", Fault.CHANGED)
        return self._parsing.parse(version, data)

    def _read(self, due: FileToRead) -> LoadedFile:
        started = time.perf_counter()
        version, note = None, None
        try:
            try:
                data = self._load(due)
            except DocumentUnreadable as error:
                if error.fault != Fault.CHANGED:
                    raise
                time.sleep(RETRY_S)
                file = stat_again(due.file)
                due = replace(due, file=file, stamp=stamp_of(file, time.time_ns()))
                data = self._load(due)
            kind, note = media_type_of(due.file.document_id, data)
            version = FileVersion.of(due.file.document_id, data, kind)
            with self._lock:
                is_claimed = version.content_id in self._claimed
                self._claimed.add(version.content_id)
            made = None if is_claimed else self._parsing.parse(version, data)
        except DocumentUnreadable as error:
            return LoadedFile(due, time.perf_counter() - started, version, None, note, error)
        return LoadedFile(due, time.perf_counter() - started, version, made, note)

    def _load(self, due: FileToRead) -> bytes:
        return read(due.file, self._max_file_bytes)


def _await(reading: "Future[LoadedFile]") -> Iterator[LoadedFile | None]:
    while wait([reading], timeout=WAIT_S).not_done:
        yield None
    yield reading.result()


GROUP_PASSAGES = 512
"""Passages that wait for each other, so that sorting them by length pays."""
COMMIT_S = 3.0
"""Seconds after which files are written that others could be embedded with."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a sync is: files that are settled, their bytes, and the file that is waited for."""

    n_files: int
    n_bytes: int
    name: str = ""


Report = Callable[[Literal["reading", "embedding"], At], None]
READ_AGAIN = {Fault.UNREADABLE, Fault.CHANGED}
"""What may be otherwise at the next sync although the file is the same."""


@dataclass(frozen=True, slots=True)
class _New:
    """A content that the index lacks, and the files that have it."""

    content: Content
    files: list[LoadedFile]


class SyncRun:
    """Carries out one plan, and counts what was done."""

    def __init__(
        self,
        writer: CatalogWriter,
        embedder: Embedder,
        parsing: Parsing,
        max_passage_tokens: int,
        report: Report,
    ) -> None:
        self._writer = writer
        self._embedder = embedder
        self._parsing = parsing
        self._max_passage_tokens = max_passage_tokens
        self._report = report
        self._group: dict[str, _New] = {}
        self._left: list[LoadedFile] = []
        self._moves = Moves((), {})
        self._n_processed = self._n_bytes = 0
        self._written_s = time.monotonic()
        names = ("n_added", "n_changed", "n_moved", "n_removed", "n_unchanged")
        self.counts = dict.fromkeys(names, 0)
        self.n_embedded = 0

    def apply(self, plan: Plan, known: Mapping[DocumentId, LastSeen], max_file_bytes: int) -> None:
        """Bring the catalog in step with the files, of which `known` are those seen last."""
        self._moves = Moves(plan.gone, known)
        self.counts["n_unchanged"] = plan.n_unchanged
        for file in plan.refused:
            self._writer.skip(file.document_id, file.reason, Fault.UNREADABLE, Processed())
        contents = {one.content_id for one in known.values() if one.content_id}
        loader = Loader(self._parsing, max_file_bytes, contents)
        with closing(loader.load(plan.due)) as loaded:
            n_loaded = 0
            for one in loaded:
                name = plan.due[n_loaded].file.document_id
                self._report("reading", At(self._n_processed, self._n_bytes, name))
                if one is not None:
                    n_loaded += 1
                    self._process(loader, one)
                is_due = time.monotonic() - self._written_s >= COMMIT_S
                if self._group and (one is None or is_due or self._n_waiting >= GROUP_PASSAGES):
                    self._embed()
            for one in self._left:
                name = one.due.file.document_id
                self._report("reading", At(self._n_processed, self._n_bytes, name))
                self._process(loader, one, is_last=True)
        self._embed()
        self._report("reading", At(self._n_processed, self._n_bytes))
        self._writer.remove(plan.gone)
        self.counts["n_removed"] = len(plan.gone) - self.counts["n_moved"]

    @property
    def _n_waiting(self) -> int:
        """How many passages wait to be embedded."""
        return sum(len(new.content.inputs) for new in self._group.values())

    @cached_property
    def _sketches(self) -> Sketches:
        """The texts that the index holds; looked at only when a new one comes."""
        return Sketches(self._writer.sketches())

    def _process(self, loader: Loader, loaded: LoadedFile, *, is_last: bool = False) -> None:
        """Record the file if its content is known or cannot be had; else add it to the group.

        What a worker has embedded is written at once.

        One that was left to a copy of it which has not come yet waits for it.
        """
        version, name = loaded.version, loaded.due.file.document_id
        if loaded.error is not None:
            self._skip(loaded, loaded.error)
            return
        assert version is not None
        content = version.content_id
        if content in self._group:
            self._group[content].files.append(loaded)
        elif loaded.made is None and self._writer.adopt(name, content, _processed(loaded)):
            self._count(loaded, content)
        elif loaded.made is None and not is_last:
            self._left.append(loaded)
        else:
            try:
                made = loaded.made or loader.parse(loaded)
                if isinstance(made, Partition):
                    self._take(version, made, loaded)
                else:
                    self._gather(version, made, loaded)
            except DocumentUnreadable as error:
                self._skip(loaded, error)

    def _take(self, version: FileVersion, partition: Partition, loaded: LoadedFile) -> None:
        """Write what a worker has embedded."""
        embedded = partition.read(version)
        files = [replace(loaded, made=None, seconds=embedded.seconds)]
        self._put(_New(embedded.content, files), embedded.vectors)
        self.n_embedded += len(embedded.vectors)

    def _gather(self, version: FileVersion, parsed: Parsed, loaded: LoadedFile) -> None:
        """Add a content to those that are embedded together."""
        made = make_content(
            version,
            parsed,
            count_tokens=self._embedder.count_tokens,
            max_tokens=self._max_passage_tokens,
        )
        if self._group and len(made.inputs) >= BATCH_PASSAGES:
            self._embed()  # a long file does not keep short ones waiting
        self._group[version.content_id] = _New(made, [replace(loaded, made=None)])

    def _embed(self) -> None:
        """Embed the group's passages, by length across its contents; write content by content."""
        group, self._group = list(self._group.values()), {}
        inputs = [given for new in group for given in new.content.inputs]
        n_bytes = sum(loaded.due.file.size for new in group for loaded in new.files)

        def report(n_done: int) -> None:
            near = self._n_bytes + int(n_done / len(inputs) * n_bytes)
            self._report("embedding", At(self._n_processed, near))

        in_order = iter(embed_in_batches(self._embedder, inputs, report))
        for new in group:
            self._put(new, list(islice(in_order, len(new.content.inputs))))
        self.n_embedded += len(inputs)
        self._written_s = time.monotonic()

    def _put(self, new: _New, vectors: Sequence[PassageVectors]) -> None:
        content = new.content
        near = self._sketches.near(content.sketch)
        for loaded in new.files:
            name = loaded.due.file.document_id
            self._writer.put(name, content, vectors, near, _processed(loaded))
            self._count(loaded, content.content_id)
        self._sketches.add(content.content_id, content.sketch)

    def _skip(self, loaded: LoadedFile, error: DocumentUnreadable) -> None:
        processed = _processed(loaded)
        if error.fault in READ_AGAIN:
            processed = Processed(seconds=loaded.seconds)
        self._writer.skip(loaded.due.file.document_id, str(error), error.fault, processed)
        self._count(loaded, None)

    def _count(self, loaded: LoadedFile, content: str | None) -> None:
        self._n_processed += 1
        self._n_bytes += loaded.due.file.size
        known = loaded.due.known
        if known is None:
            has_moved = content is not None and self._moves.take(content) is not None
            self.counts["n_moved" if has_moved else "n_added"] += 1
        else:
            self.counts["n_unchanged" if known.content_id == content else "n_changed"] += 1


def _processed(loaded: LoadedFile) -> Processed:
    return Processed(loaded.due.stamp, loaded.note, loaded.seconds)
