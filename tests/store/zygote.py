"""A process with everything imported that forks a child a trial: `python zygote.py`.

In, on stdin: a line of JSON a trial, an `Order`. Out: a line with a child's status when it has
ended. The child leaves what it found, or the error that it ended with, in a
file; an error that is none of the assistant's own ends it with a traceback and status 1.

Children parse in their own process and fork the builder of a Chroma base, which saves the starts
of Python: the trials hit the index.
"""

import json
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import chromadb.api.rust  # what children would import one by one
import chromadb.telemetry.product.posthog  # noqa: F401
from corpora import settings_in
from hashing import HashingEmbedder
from store.faults import arm

import assistant.ingest.formats.html
import assistant.ingest.formats.markdown
import assistant.ingest.formats.text  # noqa: F401
from assistant.errors import AssistantError, IndexDamaged, IndexMissing, StoreError
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import parse
from assistant.pipeline import Assistant
from assistant.settings import BaseKind
from assistant.store import chroma
from assistant.store import sync as syncing
from assistant.store.lock import hold_lock
from assistant.values import Answer, Stage

QUESTIONS = (
    "Where does the Danube rise?",
    "What is the largest moon of Saturn?",
    "How many days of leave do employees accrue per month?",
    "How many volcanoes has Io?",
)


@dataclass(frozen=True)
class Order:
    """What a child does in a folder, what befalls it there, and how large a file it may write.

    `kill_after_s` is when it is killed, if it has not ended by then.
    """

    folder: str
    task: str
    out: str
    fault: tuple[str, str] | None = None
    max_file_bytes: int | None = None
    max_tail_passages: int = 1000
    vector_base: BaseKind = "chroma"
    kill_after_s: float | None = None


class InlineParsers:
    """Parses in this process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.page: tuple[int, int] | None = None

    def __enter__(self) -> "InlineParsers":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass

    def parse(self, data: bytes, media_type: str) -> Any:
        return parse(data, media_type, self._limits)


class Builder:
    """Does what `chroma._run_child` does in a process that was forked before anything was open."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair()
        if os.fork() == 0:
            self._orders.close()
            try:
                _serve(theirs.makefile("rw"))
            finally:
                os._exit(0)
        theirs.close()
        self._file = self._orders.makefile("rw")

    def run(self, task: str, index_dir: Path, *numbers: int) -> Any:
        self._file.write(json.dumps([task, str(index_dir), *numbers]) + "\n")
        self._file.flush()
        found = json.loads(self._file.readline().strip() or '{"failed": "it ended"}')
        if "damaged" in found:
            raise IndexDamaged(found["damaged"])
        if "failed" in found:
            raise StoreError(f"the Chroma base could not be {task}ed: {found['failed']}")
        return found


def _serve(orders: TextIO) -> None:
    for line in iter(orders.readline, ""):
        task, index_dir, *numbers = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writing, json.dumps(_make(task, Path(index_dir), *numbers)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading, encoding="utf-8") as made:
            said = made.read()
        os.waitpid(pid, 0)  # until then it may have the catalog open
        orders.write(said + "\n")
        orders.flush()


def _make(task: str, index_dir: Path, *numbers: int) -> Any:
    try:
        return chroma.TASKS[task](index_dir, *numbers)
    except IndexDamaged as error:
        return {"damaged": str(error)}
    except BaseException as error:  # noqa: BLE001 (told to the parent)
        return {"failed": repr(error)}


def ask(assistant: Assistant) -> list[dict[str, Any]]:
    """Ask the golden questions."""
    found = []
    for question in QUESTIONS:
        *stages, answer = assistant.stream(question)
        assert isinstance(answer, Answer)
        found.append(
            {
                "text": answer.text,
                "quotes": [(c.document_id, c.start, c.end, c.quote) for c in answer.citations],
                "stages": [one.name for one in stages if isinstance(one, Stage)],
            }
        )
    return found


def inspect(assistant: Assistant) -> dict[str, Any]:
    """Tell what the index holds, whether it is clean and whether it is free."""
    with hold_lock(assistant.settings.index_dir):
        pass
    try:
        problems = assistant.check()
    except IndexMissing:
        return {"is_missing": True}
    records = assistant.documents()
    return {
        "problems": problems,
        "version": assistant.index_version,
        "texts": {r.document_id: assistant.document(r.document_id).text for r in records},
        "answers": ask(assistant) if assistant.has_index else None,
    }


TASKS: dict[str, Callable[[Assistant], Any]] = {
    "sync": lambda assistant: asdict(assistant.sync()),
    "rebuild": lambda assistant: asdict(assistant.sync(rebuild=True)),
    "ask": ask,
    "inspect": inspect,
    "ask and sync": lambda assistant: {
        "answers": ask(assistant),
        "report": asdict(assistant.sync()),
        "after": inspect(assistant),
    },
}


def be_child(order: Order) -> None:
    syncing.Parsers = InlineParsers  # type: ignore[attr-defined, assignment]
    chroma._run_child = Builder().run
    _, unbounded = resource.getrlimit(resource.RLIMIT_FSIZE)
    if order.max_file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.max_file_bytes, unbounded))
    settings = settings_in(
        Path(order.folder),
        max_over_refusal=0.0,
        max_tail_passages=order.max_tail_passages,
        vector_base=order.vector_base,
    )
    if order.fault:
        arm(*order.fault)
    try:
        with Assistant(settings, HashingEmbedder()) as assistant:
            outcome = {"found": TASKS[order.task](assistant)}
    except AssistantError as error:
        outcome = {"error": [type(error).__name__, str(error)]}
    resource.setrlimit(resource.RLIMIT_FSIZE, (unbounded, unbounded))  # to tell of it
    os.write(int(os.environ["OUT"]), json.dumps(outcome).encode())


def fork(order: Order) -> int:
    # Opened before there is any limit, and of a file that is there already: nothing fails here.
    out = os.open(order.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    pid = os.fork()
    if pid == 0:
        os.dup2(out, 1)
        os.dup2(os.open(f"{order.out}.err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.environ["OUT"] = "1"
        status = 1
        try:
            be_child(order)
            status = 0
        except BaseException:  # noqa: BLE001 (told to the parent)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(out)
    return pid


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in iter(sys.stdin.readline, ""):
        order = Order(**json.loads(line))
        pid = fork(order)
        if order.kill_after_s is not None:
            time.sleep(order.kill_after_s)
            os.kill(pid, signal.SIGKILL)  # it is there, if only to be waited for
        _, status = os.waitpid(pid, 0)
        replies.write(f"{os.waitstatus_to_exitcode(status)}\n")
        replies.flush()


if __name__ == "__main__":
    main()
