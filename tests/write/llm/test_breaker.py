import pytest

from assistant.write.llm.client import MAX_FAILURES, PAUSE_S, Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(MAX_FAILURES):
        assert breaker.admits()
        breaker.note(is_success=False)
    return breaker


def test_it_opens_after_five_failures_in_a_row(clock: Clock) -> None:
    assert MAX_FAILURES == 5
    assert not opened(clock).admits()


def test_a_success_in_between_starts_the_count_anew(clock: Clock) -> None:
    breaker = Breaker(clock)
    for is_success in (False, False, False, False, True, False, False, False, False):
        breaker.note(is_success=is_success)
    assert breaker.admits()


def test_open_it_admits_one_call_in_fifteen_seconds(clock: Clock) -> None:
    assert PAUSE_S == 15
    breaker = opened(clock)
    clock.now += PAUSE_S - 0.01
    assert not breaker.admits()
    clock.now += 0.02
    assert breaker.admits()
    assert not breaker.admits(), "the others wait for what becomes of it"
    breaker.note(is_success=False)
    assert not breaker.admits()
    clock.now += PAUSE_S
    assert breaker.admits()


def test_the_success_of_the_one_closes_it(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += PAUSE_S
    assert breaker.admits()
    breaker.note(is_success=True)
    assert all(breaker.admits() for _ in range(9))


def test_one_that_left_before_the_end_does_not_keep_it_shut(clock: Clock) -> None:
    breaker = opened(clock)
    clock.now += PAUSE_S
    assert breaker.admits()  # and nothing is noted
    clock.now += PAUSE_S
    assert breaker.admits()
