"""Work that blocks, run beside the event loop: its results as they come, a stop at once.

Comes in: a generator that blocks. Goes out: what it yields, to a coroutine. When nobody waits any
more the thread ends after its running step. Refuses nothing: a failure of the generator is handed
on to the one who waits.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Left(BaseException):
    """Raised inside of work that nobody waits for any more; no `except Exception` holds it."""


async def run_aside(steps: Generator[T], *stops: asyncio.Event) -> AsyncGenerator[T]:
    """Yield what a blocking generator yields, until it ends or one of the events is set."""
    loop = asyncio.get_running_loop()
    given: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    left = threading.Event()

    def put(step: tuple[T] | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(given.put_nowait, step)

    def run() -> None:
        try:
            with closing(steps):
                for step in steps:
                    if left.is_set():
                        break
                    put((step,))
        except BaseException as error:  # noqa: BLE001 (handed on to the one who waits)
            put(error)
        put(None)

    threading.Thread(target=run, daemon=True).start()
    halts = [asyncio.ensure_future(stop.wait()) for stop in stops]
    try:
        while (step := await _next(given, halts)) is not None:
            if isinstance(step, BaseException):
                raise step
            yield step[0]
    finally:
        left.set()
        for halt in halts:
            halt.cancel()


def follow(work: Callable[[Callable[[T], None]], None]) -> Generator[T]:
    """Yield what work reports while it runs; closing the generator ends the work.

    Args:
        work: called with a function that takes its reports; that function raises `Left` once
            nobody follows any more.
    """
    given: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    left = threading.Event()

    def tell(report: T) -> None:
        if left.is_set():
            raise Left
        given.put((report,))

    def run() -> None:
        try:
            work(tell)
        except Left:
            pass
        except BaseException as error:  # noqa: BLE001 (handed on to the one who follows)
            given.put(error)
        given.put(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield from _reports(given)
    finally:
        left.set()
        thread.join()


def _reports(given: "SimpleQueue[tuple[T] | BaseException | None]") -> Iterator[T]:
    while (report := given.get()) is not None:
        if isinstance(report, BaseException):
            raise report
        yield report[0]


async def _next(
    given: "asyncio.Queue[tuple[T] | BaseException | None]",
    halts: Sequence["asyncio.Future[Any]"],
) -> tuple[T] | BaseException | None:
    """Return the next step; None when there is none or a stop came first."""
    if any(halt.done() for halt in halts):
        return None
    step: asyncio.Future[Any] = asyncio.ensure_future(given.get())
    try:
        await asyncio.wait({step, *halts}, return_when=asyncio.FIRST_COMPLETED)
        return step.result() if step.done() else None
    finally:
        step.cancel()
