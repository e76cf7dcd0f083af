"""Files to read -> their contents: read, told by their bytes, parsed in child processes.

Several files are on their way at once, and come out in order. What the index holds already is read
and not parsed. Refuses nothing: a file that cannot become a document comes out with the reason.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from assistant.errors import DocumentUnreadable, Fault
from assistant.index.added import is_added
from assistant.index.content import Source
from assistant.index.plan import Due, stamp_of
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import ADDED, media_type
from assistant.ingest.split import content_id
from assistant.ingest.walk import read, stat_again
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


def kind_of(document_id: DocumentId, data: bytes) -> tuple[str, str | None]:
    """Return the media type of a document's bytes, and a warning if its name says another.

    Raises:
        DocumentUnreadable: no format reads such files.
    """
    return (ADDED, None) if is_added(document_id) else media_type(document_id, data)


def _await(reading: "Future[Taken]") -> Iterator[Taken | None]:
    while wait([reading], timeout=WAIT_S).not_done:
        yield None
    yield reading.result()


def _look_again(due: Due) -> Due:
    file = stat_again(due.file)
    return replace(due, file=file, stamp=stamp_of(file, time.time_ns()))
