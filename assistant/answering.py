"""What the surfaces need of an assistant, as a protocol, and a collection: one of several of them.

Command line, HTTP and chat use no more than this, so that tests can hand them any object of this
shape and they do not import the pipeline.
"""

import asyncio
from collections import abc
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack, cast

from assistant.settings import Settings
from assistant.text.listing import Reading
from assistant.values import (
    Answer,
    Citation,
    Document,
    DocumentId,
    FileRecord,
    Origin,
    RankedPassage,
    Stage,
    Turn,
)

if TYPE_CHECKING:
    from assistant.store.sync import Progress, SyncReport


class AskOptions(TypedDict, total=False):
    """To which documents a question is limited, and what to take it for; see `Answering.stream`."""

    documents: abc.Collection[str]
    as_: Reading | None


class Answering(Protocol):
    """The part of `assistant.pipeline.Assistant` that a surface uses; safe in any thread."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def index_version(self) -> int:
        """The version of the index; raises `StoreError` if there is none."""

    @property
    def language_model(self) -> str:
        """The name of the language model that writes the answers, empty if none does."""

    @property
    def synced_at(self) -> str | None:
        """When the last sync ended (ISO, UTC); None if none has."""

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: abc.Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        """Yield each stage as it begins and each verified answer so far; the last one is whole.

        `history` is the conversation before; `documents`, unless empty, limits the question; `as_`
        is what to take it for.
        """

    def search(
        self, query: str, k: int = 10, *, documents: abc.Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Return the k best passages for a query, best first."""

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        """Return up to n questions that the corpus answers, related to the answer `near`."""

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        """Return the cited documents that have changed or been removed since."""

    def document(self, document_id: str) -> Document:
        """Return a document; raise `CorpusError` if it is not in the index."""

    def origin(self, citation: Citation) -> Origin:
        """Return where a quote is in its file; raise `CorpusError` if the file has changed."""

    def origins(self, citations: Sequence[Citation]) -> tuple[Origin, ...]:
        """Return where quotes of one document are in its file, which is read once for all."""

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        """Return a page as a PNG picture of `width` pixels; raise `CorpusError` if it cannot."""

    def original(self, document_id: str) -> bytes:
        """Return a document's file; raise `CorpusError` if it has changed or there is none."""

    def documents(self) -> tuple[FileRecord, ...]:
        """Return every file with its status as of the last sync."""

    @property
    def progress(self) -> "Progress | None":
        """How far the sync is that runs in this process; None if none runs."""

    def stop_sync(self) -> None:
        """End the running sync after its present file; what was done stays done."""

    def sync(self, *, on_progress: Callable[["Progress"], None] = ...) -> "SyncReport":
        """Update the index to the folder's present files."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of documents with its assistant, under a name.

    `readers` are the users and services that may read it; None: all that get in. The one folder of
    a process that has no collections has no name.
    """

    name: str
    assistant: Answering
    readers: frozenset[str] | None = None


def lay_over(own: object, behind: Callable[[], Answering]) -> Answering:
    """Return an assistant with some parts of its own: what `own` has not is that of `behind()`."""
    return cast("Answering", _Layered(own, behind))


class _Layered:
    def __init__(self, own: object, behind: Callable[[], Answering]) -> None:
        self._own = own
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        has_own = hasattr(type(self._own), name) or name in vars(self._own)
        return getattr(self._own if has_own else self._behind(), name)


@contextmanager
def streaming(
    assistant: Answering,
    question: str,
    history: Sequence[Turn] = (),
    **limits: Unpack[AskOptions],
) -> Iterator[Iterator[Stage | Answer]]:
    """Stream an answer inside the block; the work for it ends with the block in any case."""
    steps = assistant.stream(question, history, **limits)
    try:
        yield steps
    finally:
        if isinstance(steps, Generator):
            steps.close()


_END = object()


async def iterate(steps: Iterator[Stage | Answer]) -> AsyncIterator[Stage | Answer]:
    """Yield the steps of answering without blocking the event loop.

    To stop iterating, or a cancellation, takes effect at once; the work for the answer ends with
    its present step.
    """
    step = asyncio.ensure_future(asyncio.to_thread(next, steps, _END))
    try:
        while (found := await asyncio.shield(step)) is not _END:
            assert isinstance(found, Stage | Answer)
            yield found
            step = asyncio.ensure_future(asyncio.to_thread(next, steps, _END))
    finally:
        loop = asyncio.get_running_loop()
        step.add_done_callback(lambda _: loop.run_in_executor(None, _close, steps))


def _close(steps: Iterator[Stage | Answer]) -> None:
    steps.close()  # type: ignore[attr-defined] # a generator
