"""Runs blocking work in threads: its results as they come, and a stop at once.

`run_in_thread` serves coroutines, `iterate_reports` code that blocks. When nobody waits for the
results any more, the thread ends after its present step.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import closing, suppress
from queue import SimpleQueue
from typing import TypeVar

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
    try:
        while not any(stop.is_set() for stop in stops):
            step = await run_until(given.get(), *(stop.wait() for stop in stops))
            if step is None:
                break
            if isinstance(step, BaseException):
                raise step
            yield step[0]
    finally:
        abandoned.set()


async def run_until(work: Awaitable[T], *ends: Awaitable[object]) -> T | None:
    """Return the result of the work; cancel it and return None if one of `ends` comes first."""
    working, ending = asyncio.ensure_future(work), [asyncio.ensure_future(end) for end in ends]
    try:
        await asyncio.wait({working, *ending}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, *ending):
            task.cancel()
        await asyncio.gather(working, *ending, return_exceptions=True)


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
