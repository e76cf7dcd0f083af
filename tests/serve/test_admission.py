"""A few questions at a time, the others in order, the rest told to come back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import Busy
from assistant.serve.background import Admission, Ticket


@given(st.integers(1, 3), st.integers(0, 4), st.lists(st.integers(0, 9), max_size=25))
def test_places_are_given_in_order_and_never_more_than_there_are(
    at_once: int, waiting: int, moves: list[int]
) -> None:
    """Each move joins, or leaves from the place that it names; compared with a plain list."""
    admission = Admission(at_once=at_once, waiting=waiting)
    held: list[tuple[ExitStack, Ticket]] = []
    for move in moves:
        if move >= 5 and held:
            joined, _ = held.pop(move % len(held))
            joined.close()
        elif len(held) < at_once + waiting:
            joined = ExitStack()
            held.append((joined, joined.enter_context(admission.join())))
        else:
            with pytest.raises(Busy, match=f"{len(held)} questions"), admission.join():
                pass
        for place, (_, ticket) in enumerate(held):
            assert ticket.ahead == max(0, place + 1 - at_once)
            assert ticket.wait(0) == (place < at_once)


def test_many_threads_are_never_inside_together_and_come_in_the_order_of_joining() -> None:
    admission = Admission(at_once=2, waiting=30)
    joined, came, inside, most = [], [], 0, 0
    lock, order = threading.Lock(), threading.Lock()

    def ask(n: int) -> None:
        nonlocal inside, most
        with order:  # join one after the other, so that the order is known
            entered = admission.join()
            ticket = entered.__enter__()
            joined.append(n)
        try:
            assert ticket.wait(20)
            with lock:
                came.append(n)
                inside += 1
                most = max(most, inside)
            time.sleep(0.002)
            with lock:
                inside -= 1
        finally:
            entered.__exit__(None, None, None)

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(ask, range(30)))
    assert most == 2
    assert sorted(came) == list(range(30))
    # Of those who joined before one that came, at most the other one inside has not yet said so.
    for at, n in enumerate(came):
        before = set(joined[: joined.index(n)])
        assert len(before - set(came[:at])) <= 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_place_is_freed_whatever_ends_its_use(error: type[Exception]) -> None:
    admission = Admission(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(error), admission.join():
            raise error
    with admission.join() as ticket:
        assert ticket.wait(0)


def test_who_gives_up_waiting_lets_the_next_one_move_up() -> None:
    admission = Admission(at_once=1, waiting=2)
    with ExitStack() as first, ExitStack() as second, ExitStack() as third:
        first.enter_context(admission.join())
        second.enter_context(admission.join())
        ticket = third.enter_context(admission.join())
        assert ticket.ahead == 2
        second.close()
        assert ticket.ahead == 1
        first.close()
        assert ticket.wait(0)


def test_a_wait_ends_as_soon_as_the_turn_comes() -> None:
    admission = Admission(at_once=1, waiting=1)
    with ExitStack() as first:
        first.enter_context(admission.join())
        with admission.join() as ticket:
            assert not ticket.wait(0.01)
            threading.Timer(0.05, first.close).start()
            started = time.monotonic()
            assert ticket.wait(10)
            assert time.monotonic() - started < 5


def test_who_is_refused_takes_no_place() -> None:
    admission = Admission(at_once=1, waiting=0)
    with admission.join():
        for _ in range(3):
            with pytest.raises(Busy), admission.join():
                pass
    with admission.join():
        pass
