"""Reading a reply that comes from an event loop in a thread that can leave at any moment.

One loop in one daemon thread serves every reply of the process. The reader waits with a deadline of
its own, so that a model which stalls, or blocks the loop itself, holds up nobody. `ModelTooSlow` is
raised when a deadline has passed.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import TypeVar

from assistant.errors import ModelTooSlow, ModelUnavailable

T = TypeVar("T")
BEAT_S = 0.25
"""How often the reader is told that nothing has come."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds until the first piece, between two pieces, until the end."""

    first_s: float
    next_s: float
    total_s: float


def read_from_loop(
    make: Callable[[], AsyncGenerator[T]],
    deadlines: Deadlines,
    begins: Callable[[T], bool] = lambda _: True,
) -> Generator[T | None]:
    """Yield what an asynchronous generator yields on the loop, None while nothing comes.

    Closing this closes that one at once.

    Args:
        make: returns the generator; called on the loop.
        deadlines: how long to wait for what.
        begins: whether a piece is one of the reply; what comes before the first of them, such as
            who speaks or what it thinks, only shows that it lives.

    Raises:
        ModelTooSlow: a deadline has passed; says which.
    """
    given: SimpleQueue[tuple[float, T | _End]] = SimpleQueue()
    running = asyncio.run_coroutine_threadsafe(_run(make, given), _loop())
    started = last = time.monotonic()
    whole_by = started + deadlines.total_s
    limit_s, what = deadlines.first_s, "did not begin its reply"
    try:
        while True:
            left = min(whole_by, last + limit_s) - time.monotonic()
            try:
                # When a piece came counts, not when it is read: who reads may be slow himself.
                came, piece = given.get(timeout=max(0.0, min(BEAT_S, left)))
            except Empty:
                if left > 0:
                    yield None
                    continue
                came, piece = time.monotonic(), None
            if isinstance(piece, _End):
                if piece.error:
                    raise piece.error
                return
            # Who reads late may read on what has come in time, once that is all.
            if came >= whole_by or (time.monotonic() >= whole_by and not running.done()):
                raise ModelTooSlow(f"it did not end its reply in {deadlines.total_s:g} s")
            if piece is None:
                raise ModelTooSlow(f"it {what} in {limit_s:g} s")
            last = came
            if begins(piece):
                limit_s, what = deadlines.next_s, "broke off its reply: silent"
            yield piece
    finally:
        running.cancel()


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a reply, and what broke it off."""

    error: Exception | None = None


async def _run(
    make: Callable[[], AsyncGenerator[T]], given: "SimpleQueue[tuple[float, T | _End]]"
) -> None:
    end = _End(ModelUnavailable("it was cancelled"))
    try:
        async with aclosing(make()) as pieces:
            async for piece in pieces:
                given.put((time.monotonic(), piece))
                await asyncio.sleep(0)  # a model that never waits could not be cancelled
        end = _End()
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            raise
        # Nothing that a model raises, such as SystemExit, ends the loop: it is everybody's.
        end = _End(error if isinstance(error, Exception) else ModelUnavailable(repr(error)))
    finally:
        given.put((time.monotonic(), end))


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop


def run_beside(work: Callable[[], T]) -> Generator[None, None, T]:
    """Return what blocking work returns, telling the reader meanwhile that nothing has come."""
    beside = ThreadPoolExecutor(1)
    done = beside.submit(work)
    beside.shutdown(wait=False)
    while not wait([done], timeout=BEAT_S).done:
        yield None
    return done.result()
