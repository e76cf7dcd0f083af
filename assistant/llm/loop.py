"""A reply that comes from an event loop, read by a thread that can leave at any moment.

One loop in one daemon thread serves every reply of the process. Whoever reads waits with a deadline
of his own, so that a model which stalls, or blocks the loop itself, keeps nobody.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import TypeVar

from assistant.errors import ModelUnavailable

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
    make: Callable[[], AsyncGenerator[T]], deadlines: Deadlines
) -> Generator[T | None]:
    """Yield what an asynchronous generator yields on the loop, None while nothing comes.

    Closing this closes that one at once.

    Raises:
        ModelUnavailable: a deadline has passed; says which.
    """
    given: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()

    async def run() -> None:
        try:
            async with aclosing(make()) as pieces:
                async for piece in pieces:
                    given.put((piece,))
        except BaseException as error:
            given.put(error)
            raise
        given.put(None)

    running = asyncio.run_coroutine_threadsafe(run(), _loop())
    started = last = time.monotonic()
    limit_s, what = deadlines.first_s, "did not begin its reply"
    try:
        while True:
            now = time.monotonic()
            if now - started >= deadlines.total_s:
                raise ModelUnavailable(f"it did not end its reply in {deadlines.total_s:g} s")
            if now - last >= limit_s:
                raise ModelUnavailable(f"it {what} in {limit_s:g} s")
            try:
                piece = given.get(timeout=min(BEAT_S, limit_s, deadlines.total_s))
            except Empty:
                yield None
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            last, limit_s, what = time.monotonic(), deadlines.next_s, "broke off its reply: silent"
            yield piece[0]
    finally:
        running.cancel()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop
