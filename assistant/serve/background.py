"""Runs blocking work in threads: its results as they come, and a stop at once.

`run_in_thread` serves coroutines, `iterate_reports` code that blocks. When nobody waits for the
results any more, the thread ends after its present step.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import closing, suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Abandoned(BaseException):
    """Raised inside work that nobody waits for any more; `except Exception` does not catch it."""


async def run_in_thread(steps: Generator[T], *stops: asyncio.Event) -> AsyncGenerator[T]:
    """Run a blocking generator in a thread; yield its values until it ends or an event is set.

    An exception of the generator is raised here. After a stop, the thread ends with its present
    step.
    """
    loop = asyncio.get_running_loop()
    given: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    abandoned = threading.Event()

    def put(step: tuple[T] | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits
            loop.call_soon_threadsafe(given.put_nowait, step)

    def run() -> None:
        try:
            with closing(steps):
                for step in steps:
                    if abandoned.is_set():
                        break
                    put((step,))
        except BaseException as error:  # noqa: BLE001 (raised again where it is awaited)
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
        abandoned.set()
        for halt in halts:
            halt.cancel()


def iterate_reports(work: Callable[[Callable[[T], None]], None]) -> Generator[T]:
    """Run work in a thread and yield what it reports; closing the generator ends the work.

    Args:
        work: called with a function that takes its reports, and that raises `Abandoned` once the
            generator is closed.
    """
    given: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    abandoned = threading.Event()

    def send(report: T) -> None:
        if abandoned.is_set():
            raise Abandoned
        given.put((report,))

    def run() -> None:
        try:
            work(send)
        except Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001 (raised again where it is iterated)
            given.put(error)
        given.put(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while (report := given.get()) is not None:
            if isinstance(report, BaseException):
                raise report
            yield report[0]
    finally:
        abandoned.set()
        thread.join()


async def _next(
    given: "asyncio.Queue[tuple[T] | BaseException | None]",
    halts: Sequence["asyncio.Future[Any]"],
) -> tuple[T] | BaseException | None:
    """Return the next step; None at the end, or if a stop came first."""
    if any(halt.done() for halt in halts):
        return None
    step: asyncio.Future[Any] = asyncio.ensure_future(given.get())
    try:
        await asyncio.wait({step, *halts}, return_when=asyncio.FIRST_COMPLETED)
        return step.result() if step.done() else None
    finally:
        step.cancel()
