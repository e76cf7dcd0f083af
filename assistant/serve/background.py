"""Runs blocking work in threads, so much at a time: its results as they come, and a stop at once.

`run_in_thread` serves coroutines, `iterate_reports` code that blocks. When nobody waits for the
results any more, the thread ends after its present step. `Admission` is a queue that limits how
many questions are answered and how many wait at the same time; the chat and the HTTP API share it,
so that neither can starve the other. Safe to share between threads.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from queue import SimpleQueue
from typing import TypeVar

from assistant.errors import Busy

T = TypeVar("T")
RETRY_AFTER_S = 5
"""Seconds after which a refused client should try again: the time of a few dozen answers."""


class Abandoned(BaseException):
    """Raised inside work that nobody waits for any more; `except Exception` does not catch it."""


async def run_in_thread(steps: Generator[T], *stops: asyncio.Event) -> AsyncGenerator[T]:
    """Run a blocking generator in a thread; yield its values until it ends or an event is set.

    An exception of the generator is raised here. After a stop, the thread ends with its present
    step. What is told of the work in logs and traces is told of the request that began it.
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

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
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


class Ticket:
    """A question's place in the queue."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the question may begin; False if that takes longer than `timeout_s`."""
        with self._admission.changed:
            return self._admission.changed.wait_for(lambda: self.ahead == 0, timeout_s)

    @property
    def ahead(self) -> int:
        """How many questions have to finish before this one may begin; 0 once it may."""
        return max(0, self._admission.tickets.index(self) + 1 - self._admission.at_once)


class Admission:
    """A queue of questions, first come, first served; `at_once` of them are answered at a time."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self.at_once = at_once
        self.tickets: list[Ticket] = []
        self.changed = threading.Condition()
        self._room = at_once + waiting

    @contextmanager
    def join(self) -> Iterator[Ticket]:
        """Hold a place in the queue for the length of the block.

        Raises:
            Busy: the queue is full.
        """
        ticket = Ticket(self)
        with self.changed:
            if len(self.tickets) >= self._room:
                raise Busy(
                    f"the assistant is busy: {len(self.tickets)} questions are being answered or "
                    f"wait; ask again in {RETRY_AFTER_S} seconds"
                )
            self.tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self.changed:
                self.tickets.remove(ticket)
                self.changed.notify_all()
