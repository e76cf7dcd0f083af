import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing

import pytest

from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.write.llm.loop import BEAT_S, Deadlines, read_from_loop

MARGIN_S = 1.0
LONG_S = 60.0
PATIENT = Deadlines(LONG_S, LONG_S, LONG_S)


class Speaker:
    """An asynchronous generator of strings; numbers are seconds to wait."""

    def __init__(self, *said: str | float | BaseException) -> None:
        self.said = said
        self.ended = threading.Event()

    async def __call__(self) -> AsyncGenerator[str]:
        try:
            for one in self.said:
                if isinstance(one, BaseException):
                    raise one
                if isinstance(one, str):
                    yield one
                else:
                    await asyncio.sleep(one)
        finally:
            self.ended.set()


def read(make: Callable[[], AsyncGenerator[str]], deadlines: Deadlines) -> list[str]:
    return [piece for piece in read_from_loop(make, deadlines) if piece is not None]


def test_pieces_come_in_order_and_end() -> None:
    assert read(Speaker("a", 0.05, "b", "", "c"), PATIENT) == ["a", "b", "", "c"]
    assert read(Speaker(), PATIENT) == []


def test_the_reader_is_told_that_nothing_comes() -> None:
    beats = [p for p in read_from_loop(Speaker(3 * BEAT_S, "a"), PATIENT) if p is None]
    assert 2 <= len(beats) <= 4


@pytest.mark.parametrize(
    ("said", "deadlines", "told"),
    [
        ((LONG_S,), Deadlines(0.3, LONG_S, LONG_S), "did not begin its reply in 0.3 s"),
        (("a", LONG_S), Deadlines(LONG_S, 0.3, LONG_S), "broke off its reply: silent in 0.3 s"),
        (("a", LONG_S), Deadlines(LONG_S, LONG_S, 0.3), "did not end its reply in 0.3 s"),
        ((LONG_S,), Deadlines(LONG_S, LONG_S, 0.3), "did not end its reply in 0.3 s"),
        (("a", 0.01) * 9999, Deadlines(LONG_S, LONG_S, 0.3), "did not end its reply in 0.3 s"),
    ],
    ids=["first", "next", "total", "total-before-first", "total-endless"],
)
def test_each_deadline_names_itself_and_ends_the_model(
    said: tuple[str | float, ...], deadlines: Deadlines, told: str
) -> None:
    speaker, began = Speaker(*said), time.monotonic()
    with pytest.raises(ModelTooSlow, match=told):
        read(speaker, deadlines)
    assert 0.3 <= time.monotonic() - began < 0.3 + MARGIN_S
    assert speaker.ended.wait(MARGIN_S)


def test_a_piece_that_begins_nothing_only_shows_that_it_lives() -> None:
    deadlines = Deadlines(first_s=0.6, next_s=0.1, total_s=LONG_S)
    said = ("", 0.3, "", 0.3, "", 0.3, "a")
    pieces = read_from_loop(Speaker(*said), deadlines, bool)
    assert [piece for piece in pieces if piece is not None] == ["", "", "", "a"]
    with pytest.raises(ModelTooSlow, match="did not begin"):
        list(read_from_loop(Speaker("", LONG_S), deadlines, bool))
    with pytest.raises(ModelTooSlow, match="broke off"):
        list(read_from_loop(Speaker("a", LONG_S), deadlines, bool))


def test_a_slow_reader_is_no_slow_model() -> None:
    deadlines = Deadlines(first_s=LONG_S, next_s=0.2, total_s=0.8)
    got = []
    for piece in read_from_loop(Speaker("a", "b", "c"), deadlines):
        got.append(piece)
        time.sleep(0.5)
    assert got == ["a", "b", "c"]


@pytest.mark.parametrize("said", [(LONG_S,), ("a", LONG_S), ("a", 0.01) * 9999])
def test_closing_the_reader_ends_the_model_within_a_second(said: tuple[str | float, ...]) -> None:
    speaker = Speaker(*said)
    with closing(read_from_loop(speaker, PATIENT)) as pieces:
        for _ in range(3 if said[0] == "a" else 1):
            next(pieces)
    assert speaker.ended.wait(MARGIN_S)


def test_a_model_that_never_waits_is_ended_too() -> None:
    ended = threading.Event()

    async def chatter() -> AsyncGenerator[str]:
        try:
            while True:
                yield "and "
        finally:
            ended.set()

    with closing(read_from_loop(chatter, PATIENT)) as pieces:
        assert next(pieces) == "and "
    assert ended.wait(MARGIN_S)


def test_a_model_that_blocks_the_loop_keeps_nobody_beyond_the_deadline() -> None:
    let_go = threading.Event()

    async def stuck() -> AsyncGenerator[str]:
        let_go.wait(LONG_S)
        yield "late"

    deadlines = Deadlines(0.3, LONG_S, LONG_S)
    try:
        for speaker in (stuck, Speaker("another that has to wait for it")):
            began = time.monotonic()
            with pytest.raises(ModelTooSlow, match="did not begin"):
                read(speaker, deadlines)
            assert time.monotonic() - began < 0.3 + MARGIN_S
    finally:
        let_go.set()
    assert read(Speaker("back"), PATIENT) == ["back"]


def test_what_a_model_raises_is_raised_to_the_reader() -> None:
    with pytest.raises(ZeroDivisionError):
        read(Speaker("a", ZeroDivisionError()), PATIENT)
    assert read(Speaker("a"), PATIENT) == ["a"]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_a_model_that_wants_to_end_the_process_ends_its_reply(error: BaseException) -> None:
    with pytest.raises(ModelUnavailable):
        read(Speaker("a", error), PATIENT)
    assert read(Speaker("a"), PATIENT) == ["a"], "the loop still runs"


def test_replies_run_beside_each_other() -> None:
    readers: list[Generator[str | None]] = [
        read_from_loop(Speaker(0.3, str(n)), PATIENT) for n in range(20)
    ]
    began = time.monotonic()
    threads = [threading.Thread(target=list, args=(one,)) for one in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 0.3 + 3 * MARGIN_S
