"""Parsing files in child processes, which may crash, hang or eat memory: only that file is lost.

`Parsers` sends a file's bytes to a child (`worker.py`) and checks the reply before it is used,
since the child that made it was at the file's mercy. A child that is overdue is killed, one that
ended is replaced. `DocumentUnreadable` is raised with the reason. Safe to share between threads.
"""

import base64
import binascii
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Limits, Parsed, read_parsed
from assistant.ingest.office import CONVERTED, Office
from assistant.ingest.sniff import MAIL, MAILBOX, OUTLOOK, ZIP
from assistant.ingest.worker import WorkerRequest, list_environment
from assistant.values import Box, Origin, Page

T = TypeVar("T")

MAX_REPLY_BYTES = 256_000_000
GRACE_S = 2.0
"""How long after its processor time a child may be before it is killed."""
_BLOCK_BYTES = 1 << 20
WITH_FILES = frozenset({ZIP, MAIL, MAILBOX, OUTLOOK})
"""Kinds of files that hold others, which have no more time together than one file."""


class Parsers:
    """Child processes that parse, started when needed; at most one a caller at a time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._office = Office(limits)
        self.page: tuple[int, int] | None = None
        """The page that was last begun to be read off a picture, and how many its file has."""

    def parse(self, data: bytes, media_type: str) -> Parsed:
        """Return a file's canonical text and its parts.

        Raises:
            DocumentUnreadable: with the reason.
        """
        try:
            return self._parse(data, media_type)
        except DocumentUnreadable as error:
            converted_type, converted = self._office.mend(media_type, data, error)
            return self._parse_converted(converted, converted_type, error)

    def _parse(self, data: bytes, media_type: str) -> Parsed:
        request = WorkerRequest("parse", media_type, len(data), self.limits)
        return self._ask(request, data, read_parsed)

    def _parse_converted(self, data: bytes, media_type: str, error: DocumentUnreadable) -> Parsed:
        """Return what a converted file says, with what was said of the file itself."""
        try:
            parsed = self._parse(data, media_type)
        except DocumentUnreadable as failed:
            if failed.fault is Fault.TOO_LARGE:
                raise
            raise DocumentUnreadable(f"{error}; {CONVERTED}: {failed}", failed.fault) from error
        is_damaged = error.fault is not Fault.UNSUPPORTED
        note = f"{CONVERTED}, for it is {error}" if is_damaged else CONVERTED
        return replace(parsed, warnings=(note, *parsed.warnings))

    def locate(
        self, data: bytes, media_type: str, span: tuple[int, int], pages: Sequence[Page]
    ) -> Origin:
        """Return what a span of the canonical text is in the very bytes that were parsed.

        Raises:
            DocumentUnreadable: with the reason.
        """
        return self.locate_all(data, media_type, (span,), pages)[0]

    def locate_all(
        self,
        data: bytes,
        media_type: str,
        spans: Sequence[tuple[int, int]],
        pages: Sequence[Page],
    ) -> tuple[Origin, ...]:
        """Return what each of several spans is, as `locate` does; the file is handed over once."""
        near = tuple(
            page for page in pages if any(page.start < b and page.end > a for a, b in spans)
        )
        asked = tuple(spans)
        request = WorkerRequest("locate", media_type, len(data), self.limits, asked, near)

        def read(reply: dict[str, Any]) -> tuple[Origin, ...]:
            return tuple(_read_origin(one) for _, one in zip(spans, reply["origins"], strict=True))

        return self._ask(request, data, read)

    def draw(self, data: bytes, media_type: str, page: int, width: int) -> bytes:
        """Return a page as a PNG picture of `width` pixels.

        Raises:
            DocumentUnreadable: with the reason.
        """
        request = WorkerRequest("draw", media_type, len(data), self.limits, page=page, width=width)
        return self._ask(request, data, _read_picture)

    def close(self) -> None:
        """End all children; who waits for one is told that its parser was ended."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for child in self._busy:
                child.kill()
        for child in idle:
            child.end()
        self._office.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: WorkerRequest, data: bytes, read: Callable[[dict[str, Any]], T]) -> T:
        child = self._take()
        is_last = True
        try:
            reply = child.ask(request, data, self._tell_page)
            is_last = bool(reply.get("is_last"))
        finally:
            self._give_back(child, is_last=is_last)
        if "reason" in reply:
            raise DocumentUnreadable(str(reply["reason"]), Fault(reply["fault"]))
        try:
            return read(reply)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DocumentUnreadable(
                f"its parser made nonsense of it ({error})", Fault.CORRUPT
            ) from error

    def _tell_page(self, number: object, n_pages: object) -> None:
        if isinstance(number, int) and isinstance(n_pages, int):
            self.page = number, n_pages

    def _take(self) -> "_Child":
        with self._lock:
            if self._is_closed:
                raise DocumentUnreadable("reading was ended", Fault.CRASH)
            child = self._idle.pop() if self._idle else _Child()
            self._busy.add(child)
        return child

    def _give_back(self, child: "_Child", *, is_last: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            is_last = is_last or self._is_closed
            if not is_last:
                self._idle.append(child)
        if is_last:
            child.end()


class _Child:
    """One child process; not to be shared."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # -P: a file of the working folder must not pass for a library
            [sys.executable, "-P", "-m", "assistant.ingest.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # threads of numpy's own would take address space, and have nothing to do
            env={**list_environment(), "OPENBLAS_NUM_THREADS": "1"},
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        for stream in (self._stdin, self._stdout):
            os.set_blocking(stream.fileno(), False)

    def ask(
        self, request: WorkerRequest, data: bytes, on_page: Callable[[object, object], None]
    ) -> dict[str, Any]:
        """Send a request and return the reply; kill the child when it is overdue.

        A page that is begun to be read off a picture has as much time as a file.

        Raises:
            DocumentUnreadable: there is no reply.
        """
        limits = request.limits
        deadline = time.monotonic() + limits.timeout_s + GRACE_S
        sent = memoryview(request.line() + data)
        received = bytearray()
        n_told = 0
        with selectors.DefaultSelector() as ready:
            ready.register(self._stdin, selectors.EVENT_WRITE)
            ready.register(self._stdout, selectors.EVENT_READ)
            while True:
                for reply in _take_replies(received):
                    if "page" not in reply or n_told == limits.max_ocr_pages:
                        return reply
                    n_told += 1
                    on_page(reply["page"], reply.get("n_pages"))
                    deadline = time.monotonic() + limits.timeout_s + GRACE_S
                events = ready.select(deadline - time.monotonic())
                if not events:
                    self._process.kill()
                    raise DocumentUnreadable(_overdue(request), Fault.TIMEOUT)
                for key, _ in events:
                    if key.fileobj is self._stdout:
                        if not (part := os.read(key.fd, _BLOCK_BYTES)):
                            raise self._explain(request)
                        received += part
                    elif sent:
                        sent = self._send(sent)
                    else:
                        ready.unregister(self._stdin)

    def kill(self) -> None:
        """End the process, whatever it does; who waits for its reply learns of it."""
        self._process.kill()

    def end(self) -> None:
        """End the process and let go of it."""
        self._process.kill()
        self._stdin.close()
        self._stdout.close()
        self._process.wait()

    def _send(self, data: memoryview) -> memoryview:
        try:
            return data[os.write(self._stdin.fileno(), data[:_BLOCK_BYTES]) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:  # it has ended; reading will tell
            return data[:0]

    def _explain(self, request: WorkerRequest) -> DocumentUnreadable:
        """Say why the process ended without a reply."""
        status = self._process.wait()
        if status == -signal.SIGXCPU:
            return DocumentUnreadable(_overdue(request), Fault.TIMEOUT)
        if status == -signal.SIGKILL:
            return DocumentUnreadable("the system ended its parser: memory ran out", Fault.MEMORY)
        ended = signal.strsignal(-status) if status < 0 else f"exit status {status}"
        return DocumentUnreadable(f"its parser crashed ({ended})", Fault.CRASH)


def _take_replies(received: bytearray) -> Iterator[dict[str, Any]]:
    """Yield the whole replies among what was received, of which they are no part any more.

    Raises:
        DocumentUnreadable: one is too long, or none that a parser gives.
    """
    while len(received) >= 8:
        end = 8 + int.from_bytes(received[:8], "big")
        if end > MAX_REPLY_BYTES:
            raise DocumentUnreadable("its parser made too much of it", Fault.TOO_LARGE)
        if len(received) < end:
            return
        written = bytes(received[8:end])
        del received[:end]
        try:
            found = json.loads(written)
        except ValueError as error:
            raise DocumentUnreadable("its parser made nonsense of it", Fault.CORRUPT) from error
        yield found if isinstance(found, dict) else {}


def _overdue(request: WorkerRequest) -> str:
    inside = " and the files in it" if request.media_type in WITH_FILES else ""
    return f"reading it{inside} takes longer than {request.limits.timeout_s:.0f} s"


def _read_origin(reply: dict[str, Any]) -> Origin:
    span = reply["bytes"]
    boxes = tuple(
        Box(int(box["page"]), *(float(box[side]) for side in ("left", "top", "right", "bottom")))
        for box in reply["boxes"]
    )
    links = tuple((int(start), int(end), str(said)) for start, end, said in reply["links"])
    return Origin(None if span is None else (int(span[0]), int(span[1])), boxes, links)


def _read_picture(reply: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(reply["png"], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
