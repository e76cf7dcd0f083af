"""Work that blocks, beside the event loop: a stop arrives at once and nothing is left behind."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from contextlib import aclosing
from contextvars import ContextVar

import pytest

from assistant.serve.background import Abandoned, iterate_reports, run_in_thread

pytestmark = pytest.mark.anyio


class Work:
    """Steps that wait to be let go; tells what has become of them."""

    def __init__(
        self, n: int = 3, waits_at: int | None = None, fails_at: int | None = None
    ) -> None:
        self.n, self.waits_at, self.fails_at = n, waits_at, fails_at
        self.let_go, self.closed = threading.Event(), threading.Event()
        self.given: list[int] = []

    def steps(self) -> Generator[int]:
        try:
            for step in range(self.n):
                if step == self.waits_at:
                    self.let_go.wait(20)
                if step == self.fails_at:
                    raise ZeroDivisionError("secret")
                self.given.append(step)
                yield step
        finally:
            self.closed.set()


async def collect(work: Work, *, stop_after: int | None = None) -> tuple[list[int], float]:
    """Return the steps that came, and the seconds from the stop to the end of them."""
    stop, stopped = asyncio.Event(), time.monotonic()
    found: list[int] = []
    if stop_after == 0:
        stop.set()
    steps = run_in_thread(work.steps(), asyncio.Event(), stop)
    async with asyncio.timeout(10), aclosing(steps):
        async for step in steps:
            found.append(step)
            if len(found) == stop_after:
                stopped = time.monotonic()
                stop.set()
    return found, time.monotonic() - stopped


async def test_the_work_is_that_of_the_request_that_began_it() -> None:
    asked_by: ContextVar[str] = ContextVar("asked_by")

    def steps() -> Generator[str]:
        yield asked_by.get()

    async def ask(name: str) -> list[str]:
        asked_by.set(name)
        return [step async for step in run_in_thread(steps())]

    assert [*await asyncio.gather(ask("ann"), ask("bob"))] == [["ann"], ["bob"]]


async def test_every_step_comes_in_order_and_the_generator_is_closed() -> None:
    work = Work(50)
    assert (await collect(work))[0] == list(range(50))
    assert work.closed.wait(5)


async def test_nothing_at_all_is_no_steps() -> None:
    assert (await collect(Work(0)))[0] == []


async def test_the_loop_goes_on_while_the_work_blocks() -> None:
    work = Work(2, waits_at=1)
    asyncio.get_running_loop().call_later(0.05, work.let_go.set)
    assert (await collect(work))[0] == [0, 1]


async def test_a_stop_arrives_at_once_though_the_work_blocks_and_the_work_ends_after_its_step() -> (
    None
):
    work = Work(9, waits_at=1)
    found, seconds = await collect(work, stop_after=1)
    assert found == [0]
    assert seconds < 2
    assert not work.closed.is_set()
    work.let_go.set()
    assert work.closed.wait(5)
    assert work.given == [0, 1]


async def test_a_stop_that_was_before_lets_nothing_through() -> None:
    work = Work(9, waits_at=0)
    assert (await collect(work, stop_after=0))[0] == []
    work.let_go.set()
    assert work.closed.wait(5)


async def test_who_does_not_wait_any_more_ends_the_work() -> None:
    work = Work(1_000_000)
    steps = run_in_thread(work.steps())
    await anext(steps)
    await steps.aclose()
    assert work.closed.wait(5)


async def test_a_failure_of_the_work_reaches_the_one_who_waits() -> None:
    work = Work(3, fails_at=1)
    with pytest.raises(ZeroDivisionError):
        await collect(work)
    assert work.closed.wait(5)


def test_a_loop_that_is_gone_is_no_failure_for_the_work() -> None:
    work = Work(3, waits_at=1)

    async def run() -> None:
        steps = run_in_thread(work.steps())
        await anext(steps)

    asyncio.run(run())
    work.let_go.set()
    assert work.closed.wait(5)


def test_what_work_reports_is_followed_to_its_end() -> None:
    def work(tell: Callable[[int], None]) -> None:
        for n in range(20):
            tell(n)

    assert list(iterate_reports(work)) == list(range(20))


def test_reports_come_while_the_work_runs() -> None:
    go_on = threading.Event()

    def work(tell: Callable[[str], None]) -> None:
        tell("first")
        assert go_on.wait(10)
        tell("second")

    reports = iterate_reports(work)
    assert next(reports) == "first"
    go_on.set()
    assert list(reports) == ["second"]


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_failure_of_followed_work_comes_after_what_it_reported(
    error: KeyboardInterrupt | SystemExit | ZeroDivisionError,
) -> None:
    def work(tell: Callable[[int], None]) -> None:
        tell(1)
        raise error

    reports = iterate_reports(work)
    assert next(reports) == 1
    with pytest.raises(type(error)):
        next(reports)


def test_who_follows_no_more_ends_the_work_at_its_next_report_whatever_it_catches() -> None:
    ended: list[bool] = []
    n_told: list[int] = []

    def work(tell: Callable[[int], None]) -> None:
        try:
            while True:
                try:
                    tell(0)
                except Exception:  # noqa: BLE001 (work that holds on to everything)
                    n_told.append(0)
                time.sleep(0.001)
        except Abandoned:
            ended.append(True)
            raise

    reports = iterate_reports(work)
    next(reports)
    reports.close()
    assert ended == [True], "closing waits until the work has ended"
    assert n_told == []
