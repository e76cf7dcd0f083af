"""Files to read -> their contents: read, told by their bytes, parsed in child processes.

Several files are on their way at once, and come out in order. What the index holds already is read
and not parsed. Refuses nothing: a file that cannot become a document comes out with the reason.

One sync's way from its plan to the catalog: read, parse, embed, write.
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
from typing import Literal

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.pool import Parsers
from assistant.ingest.split import content_id
from assistant.ingest.walk import read, stat_again
from assistant.models.embed import Embedder, PassageVectors
from assistant.store.changes import Writer
from assistant.store.content import Content, Cutting, Source, make_content
from assistant.store.plan import Due, Known, Moves, Plan, Settled, kind_of, stamp_of
from assistant.store.sketch import Sketches
from assistant.values import DocumentId

MAX_PARSERS = 4
"""Further children would wait for the disk or the embedder, and take their memory all the same."""
AHEAD_PER_PARSER = 2
WAIT_S = 0.25
"""How long a slow file is waited for before there is a sign of life, and a chance to stop."""
RETRY_S = 0.2
"""How long a file that changed while it was read is left alone before it is read again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was read.

    Attributes:
        due: the file; with a new stamp if it was read twice.
        seconds: what reading and parsing took.
        source: its bytes by their digests, None if they could not be had or are no document's.
        parsed: its text, None where the content was known or is being parsed for a copy of it.
        note: a warning about this file and not its content.
        error: why it cannot become a document.
    """

    due: Due
    seconds: float
    source: Source | None = None
    parsed: Parsed | None = None
    note: str | None = None
    error: DocumentUnreadable | None = None


class Intake:
    """Reads files side by side."""

    def __init__(self, parsers: Parsers, max_file_bytes: int, known: Collection[str]) -> None:
        self._parsers = parsers
        self._max_file_bytes = max_file_bytes
        self._claimed = set(known)
        self._lock = threading.Lock()

    def take(self, due: Iterable[Due]) -> Generator[Taken | None]:
        """Yield the files in order, each read, and None while the next one takes its time.

        Leaving early ends what is under way.
        """
        n_parsers = min(os.cpu_count() or 1, MAX_PARSERS)
        threads = ThreadPoolExecutor(n_parsers, thread_name_prefix="parser")
        under_way: deque[Future[Taken]] = deque()
        try:
            for one in due:
                under_way.append(threads.submit(self._read, one))
                if len(under_way) > n_parsers * AHEAD_PER_PARSER:
                    yield from _await(under_way.popleft())
            while under_way:
                yield from _await(under_way.popleft())
        except BaseException:  # left early: what is being parsed is of no use
            self._parsers.close()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def parse(self, taken: Taken) -> Parsed:
        """Parse a file that was left to a copy of it, which has come to nothing.

        Raises:
            DocumentUnreadable: with the reason.
        """
        data, source = self._load(taken.due), taken.source
        if source is None or content_id(source.media_type, data) != source.content_id:
            raise DocumentUnreadable("changed while it was read", Fault.CHANGED)
        return self._parsers.parse(data, source.media_type)

    def _read(self, due: Due) -> Taken:
        started = time.perf_counter()
        source, note = None, None
        try:
            try:
                data = self._load(due)
            except DocumentUnreadable as error:
                if error.fault != Fault.CHANGED:
                    raise
                time.sleep(RETRY_S)
                due = _look_again(due)
                data = self._load(due)
            kind, note = kind_of(due.file.document_id, data)
            source = Source.of(due.file.document_id, data, kind)
            with self._lock:
                is_claimed = source.content_id in self._claimed
                self._claimed.add(source.content_id)
            parsed = None if is_claimed else self._parsers.parse(data, kind)
        except DocumentUnreadable as error:
            return Taken(due, time.perf_counter() - started, source, None, note, error)
        return Taken(due, time.perf_counter() - started, source, parsed, note)

    def _load(self, due: Due) -> bytes:
        return read(due.file, self._max_file_bytes)


def _await(reading: "Future[Taken]") -> Iterator[Taken | None]:
    while wait([reading], timeout=WAIT_S).not_done:
        yield None
    yield reading.result()


def _look_again(due: Due) -> Due:
    file = stat_again(due.file)
    return replace(due, file=file, stamp=stamp_of(file, time.time_ns()))


GROUP_PASSAGES = 512
"""Passages that wait for each other, so that sorting them by length pays."""
REPORT_PASSAGES = 64
"""Passages embedded between two reports of progress."""

Report = Callable[[Literal["reading", "embedding"], int], None]
READ_AGAIN = {Fault.UNREADABLE, Fault.CHANGED}
"""What may be otherwise at the next sync although the file is the same."""


@dataclass(frozen=True, slots=True)
class _New:
    """A content that the index lacks, and the files that have it."""

    content: Content
    files: list[Taken]


class Work:
    """Applies one plan."""

    def __init__(
        self,
        writer: Writer,
        embedder: Embedder,
        parsers: Parsers,
        max_passage_tokens: int,
        report: Report,
    ) -> None:
        self._writer = writer
        self._embedder = embedder
        self._parsers = parsers
        self._cutting = Cutting(embedder.count_tokens, max_passage_tokens)
        self._report = report
        self._group: dict[str, _New] = {}
        self._moves = Moves((), {})
        self._n_settled = 0
        names = ("n_added", "n_changed", "n_moved", "n_removed", "n_unchanged")
        self.counts = dict.fromkeys(names, 0)
        self.n_embedded = 0

    def apply(self, plan: Plan, known: Mapping[DocumentId, Known], max_file_bytes: int) -> None:
        """Apply every difference between the files and the ledger."""
        self._moves = Moves(plan.gone, known)
        self.counts["n_unchanged"] = plan.n_unchanged
        for file in plan.refused:
            self._writer.skip(file.document_id, file.reason, Fault.UNREADABLE, Settled())
        contents = {one.content_id for one in known.values() if one.content_id}
        intake = Intake(self._parsers, max_file_bytes, contents)
        with closing(intake.take(plan.due)) as taken:
            for one in taken:
                self._report("reading", self._n_settled)
                if one is not None:
                    self._settle(intake, one)
                if sum(len(new.content.inputs) for new in self._group.values()) >= GROUP_PASSAGES:
                    self._embed()
        self._embed()
        self._report("reading", self._n_settled)
        self._writer.remove(plan.gone)
        self.counts["n_removed"] = len(plan.gone) - self.counts["n_moved"]

    @cached_property
    def _sketches(self) -> Sketches:
        """The texts that the index holds; looked at only when a new one comes."""
        return Sketches(self._writer.sketches())

    def _settle(self, intake: Intake, taken: Taken) -> None:
        """Settle the file when its content is known or cannot be had; else add it to the group."""
        source, name = taken.source, taken.due.file.document_id
        if taken.error is not None:
            self._skip(taken, taken.error)
            return
        assert source is not None
        content = source.content_id
        if content in self._group:
            self._group[content].files.append(taken)
        elif taken.parsed is None and self._writer.adopt(name, content, _settled(taken)):
            self._count(taken, content)
        else:
            try:
                parsed = taken.parsed or intake.parse(taken)
                made = make_content(source, parsed, self._cutting)
            except DocumentUnreadable as error:
                self._skip(taken, error)
                return
            self._group[content] = _New(made, [replace(taken, parsed=None)])

    def _embed(self) -> None:
        """Embed the group's passages, by length across its contents; write content by content."""
        group, self._group = list(self._group.values()), {}
        inputs = [given for new in group for given in new.content.inputs]
        order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i].text))
        vectors: dict[int, PassageVectors] = {}
        for batch in _slices(order, REPORT_PASSAGES):
            n_near = int(len(vectors) / len(inputs) * len(group))
            self._report("embedding", self._n_settled + n_near)
            embedded = self._embedder.embed_passages([inputs[i] for i in batch])
            vectors.update(zip(batch, embedded, strict=True))
        first = 0
        for new in group:
            last = first + len(new.content.inputs)
            self._put(new, [vectors[i] for i in range(first, last)])
            first = last
        self.n_embedded += len(inputs)

    def _put(self, new: _New, vectors: Sequence[PassageVectors]) -> None:
        content = new.content
        near = self._sketches.near(content.sketch)
        for taken in new.files:
            name = taken.due.file.document_id
            self._writer.put(name, content, vectors, near, _settled(taken))
            self._count(taken, content.content_id)
        self._sketches.add(content.content_id, content.sketch)

    def _skip(self, taken: Taken, error: DocumentUnreadable) -> None:
        settled = _settled(taken)
        if error.fault in READ_AGAIN:
            settled = Settled(seconds=taken.seconds)
        self._writer.skip(taken.due.file.document_id, str(error), error.fault, settled)
        self._count(taken, None)

    def _count(self, taken: Taken, content: str | None) -> None:
        self._n_settled += 1
        known = taken.due.known
        if known is None:
            has_moved = content is not None and self._moves.take(content) is not None
            self.counts["n_moved" if has_moved else "n_added"] += 1
        else:
            self.counts["n_unchanged" if known.content_id == content else "n_changed"] += 1


def _settled(taken: Taken) -> Settled:
    return Settled(taken.due.stamp, taken.note, taken.seconds)


def _slices(order: Sequence[int], n: int) -> Iterator[Sequence[int]]:
    for first in range(0, len(order), n):
        yield order[first : first + n]
