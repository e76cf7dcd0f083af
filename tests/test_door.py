"""What comes with `import assistant`: names, types, and asking without blocking an event loop."""

import asyncio
import importlib.metadata
import threading
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import settings_in

import assistant as package
from assistant import errors, values
from assistant.pipeline import Assistant
from assistant.settings import Options, Settings
from assistant.values import Answer, Stage

QUESTION = "Where does the Danube rise?"


def test_every_error_can_be_imported_from_the_package() -> None:
    tree = {name for name, one in vars(errors).items() if isinstance(one, type)}
    assert {name for name in tree if issubclass(getattr(errors, name), Exception)} <= set(
        package.__all__
    )


def test_every_type_that_an_answer_is_made_of_can_be_imported_from_the_package() -> None:
    def named(hint: object) -> Iterator[str]:
        yield from (name for part in typing.get_args(hint) for name in named(part))
        if isinstance(hint, type) and hint.__module__ == values.__name__:
            yield hint.__name__

    hints = typing.get_type_hints(Answer).values()
    assert {name for hint in hints for name in named(hint)} <= set(package.__all__)


def test_the_version_is_that_of_the_distribution() -> None:
    assert package.__version__ == importlib.metadata.version("assistant")


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(package.__file__).with_name("py.typed").is_file()


def test_every_setting_is_an_argument_of_open() -> None:
    assert set(Options.__annotations__) == set(Settings.model_fields)


def test_an_answer_can_be_kept_in_a_set(assistant: Assistant) -> None:
    answer = assistant.ask(QUESTION)
    assert len({answer, answer}) == 1
    assert {*answer.statements, *answer.citations, *answer.consulted}


def test_what_is_said_is_an_answer_an_abstention_or_a_reply(assistant: Assistant) -> None:
    answered = assistant.ask(QUESTION)
    assert (answered.kind, answered.abstained) == ("answer", False)
    with Assistant(
        settings_in(assistant.settings.corpus_dir.parent, max_over_refusal=1.0),
        assistant.embedder,
    ) as strict:
        refused = strict.ask("xyzzy plugh")
    assert (refused.kind, refused.abstained) == ("abstention", True)
    replied = assistant.ask("Hello!")
    assert (replied.kind, replied.abstained, replied.text) == ("reply", False, replied.reason)
    assert replied.to_dict()["kind"] == "reply"
    assert replied.to_dict()["abstained"] is False


def test_asking_asynchronously_gives_the_same_answer(assistant: Assistant) -> None:
    direct = assistant.ask(QUESTION)
    awaited = asyncio.run(assistant.aask(QUESTION))
    assert (awaited.text, awaited.citations) == (direct.text, direct.citations)


def test_an_asynchronous_stream_tells_the_same_stages_and_the_answer_last(
    assistant: Assistant,
) -> None:
    assistant.sync()

    async def collect() -> list[Stage | Answer]:
        return [step async for step in assistant.astream(QUESTION)]

    told, direct = asyncio.run(collect()), list(assistant.stream(QUESTION))
    assert told[:-1] == direct[:-1]
    assert isinstance(told[-1], Answer)


def test_errors_reach_whoever_awaits(assistant: Assistant) -> None:
    async def collect() -> list[Stage | Answer]:
        return [step async for step in assistant.astream("")]

    with pytest.raises(errors.QuestionError, match="empty"):
        asyncio.run(collect())


class Slow(Assistant):
    """Its only stage takes until `go_on` is set; `ended` tells that the work was closed."""

    go_on: threading.Event
    ended: threading.Event

    def stream(self, *_: object, **__: object) -> Iterator[Stage | Answer]:
        try:
            yield Stage("searching", "")
            self.go_on.wait(30)
            yield Stage("reading", "")
            raise AssertionError("it went on although nobody listens")
        finally:
            self.ended.set()


def test_a_cancelled_stream_returns_at_once_and_its_work_ends_with_the_step(
    assistant: Assistant,
) -> None:
    slow = Slow(assistant.settings, assistant.embedder)
    slow.go_on, slow.ended = threading.Event(), threading.Event()

    async def listen() -> None:
        async for _ in slow.astream(QUESTION):
            pass

    async def cancel() -> None:
        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0.1)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(listening, timeout=5)
        assert not slow.ended.is_set()
        slow.go_on.set()
        assert await asyncio.to_thread(slow.ended.wait, 5)

    asyncio.run(cancel())
