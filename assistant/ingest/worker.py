"""The child process in which files are parsed: `python -m assistant.ingest.worker`.

On stdin it reads, over and over, a `WorkerRequest` as a line of JSON and the bytes of a file; on
stdout it writes the length of its reply in eight bytes and the reply as JSON; replies that only
tell which page it begins to read off a picture come before. Whatever a file does to its parser
stays in this process: it cannot write files, its address space and processor time are
bounded, it has no network where the system allows that, and it ends with its parent.
"""

import base64
import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, BinaryIO, Literal

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import ON_PAGE, Limits, write_parsed
from assistant.ingest.parse import describe_memory, draw, locate, parse, tell_damage
from assistant.values import Page, PageKind

MAX_KEPT_KIB = 400_000
"""A worker that once took more memory, or parsed so many files, makes room for a new one."""
MAX_FILES = 1_000
MAX_OPEN_FILES = 64
PARENT_POLL_S = 0.5
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """What to do with the `n_bytes` of a file, which follow it.

    To locate is to tell what spans of the file's canonical text, which lie on `pages` as they
    were parsed, are in the file; to draw, to make a picture of a page, `width` pixels wide.
    """

    task: Literal["parse", "locate", "draw"]
    media_type: str
    n_bytes: int
    limits: Limits
    spans: tuple[tuple[int, int], ...] = ()
    pages: tuple[Page, ...] = ()
    page: int = 0
    width: int = 0

    @classmethod
    def read(cls, line: bytes) -> "WorkerRequest":
        """Return the request that a line of JSON holds."""
        found = json.loads(line)
        limits = Limits(**found.pop("limits"))
        pages = tuple(Page(n, a, b, PageKind(kind)) for n, a, b, kind in found.pop("pages"))
        return cls(**found, limits=limits, pages=pages)

    def line(self) -> bytes:
        """Return the request as a line of JSON."""
        pages = [(page.number, page.start, page.end, page.kind) for page in self.pages]
        return json.dumps({**asdict(self), "pages": pages}).encode() + b"\n"


def main() -> None:
    """Answer requests until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to handle
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a parser prints is no reply
    sys.dont_write_bytecode = True
    confine()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    started_kib = _peak_kib()
    for n_done, line in enumerate(iter(sys.stdin.buffer.readline, b""), start=1):
        request = WorkerRequest.read(line)
        _bound(request.limits)
        ON_PAGE.set(partial(_tell_page, replies, request.limits))
        reply = _carry_out(request, _read_exactly(sys.stdin.buffer, request.n_bytes))
        has_grown = _peak_kib() > max(MAX_KEPT_KIB, started_kib)
        reply["is_last"] = has_grown or n_done >= MAX_FILES
        _send(replies, reply)
        if reply["is_last"]:
            break
    os._exit(0)  # a library that waits for its threads would help nobody


def _send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    data = json.dumps(reply, ensure_ascii=False).encode("utf-8", "backslashreplace")
    replies.write(len(data).to_bytes(8, "big") + data)
    replies.flush()


def _tell_page(replies: BinaryIO, limits: Limits, number: int, n_pages: int) -> None:
    """Tell that a page is read off a picture, for which there is as much time as for a file."""
    _bound(limits)
    _send(replies, {"page": number, "n_pages": n_pages})


def _peak_kib() -> int:
    """Return the most memory that this process has had; at first it is what its parent had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _carry_out(request: WorkerRequest, data: bytes) -> dict[str, Any]:
    """Return the result of a request, or the reason why there is none."""
    try:
        return _try(request, data)
    except DocumentUnreadable as error:
        return {"reason": str(error), "fault": error.fault}
    except MemoryError:
        return {"reason": describe_memory(request.limits), "fault": Fault.MEMORY}


def _try(request: WorkerRequest, data: bytes) -> dict[str, Any]:
    with tell_damage():
        if request.task == "parse":
            return write_parsed(parse(data, request.media_type, request.limits))
        if request.task == "locate":
            return {"origins": [_locate(request, data, span) for span in request.spans]}
        picture = draw(data, request.media_type, request.page, request.width)
        return {"png": base64.b64encode(picture).decode("ascii")}


def _locate(request: WorkerRequest, data: bytes, span: tuple[int, int]) -> dict[str, Any]:
    near = [page for page in request.pages if page.start < span[1] and page.end > span[0]]
    return asdict(locate(data, request.media_type, span, near))


def list_environment() -> dict[str, str]:
    """Return what a child may know of the environment of its parent: no secrets."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return kept | {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}


def confine(max_file_bytes: int = 0, max_open_files: int = MAX_OPEN_FILES) -> None:
    """Give up what parsing does not need. What a system does not know is left as it is.

    Args:
        max_file_bytes: of a file that may be written.
        max_open_files: at a time.
    """
    with suppress(AttributeError, OSError):  # not Linux, or not allowed
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for limit, value in (
        (resource.RLIMIT_FSIZE, max_file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, max_open_files),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _bound(limits: Limits) -> None:
    """Bound the memory of this process, and the processor time of one file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(used.ru_utime + used.ru_stime + limits.timeout_s) + 1
    for limit, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
    ):
        _, hard = resource.getrlimit(limit)
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, hard))


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(0)


def _read_exactly(stream: BinaryIO, n_bytes: int) -> bytes:
    data = stream.read(n_bytes)
    if len(data) < n_bytes:
        os._exit(0)  # the parent has gone
    return data


if __name__ == "__main__":
    main()
