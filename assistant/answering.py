"""What the surfaces ask of the assistant, so that tests can hand them any object of this shape."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from assistant.settings import Settings
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


class Answering(Protocol):
    """The part of `assistant.pipeline.Assistant` that a surface uses; safe in any thread."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def index_version(self) -> int:
        """The version of the index, `StoreError` when there is none."""

    @property
    def language_model(self) -> str:
        """The name of the language model that writes the answers, empty when none does."""

    @property
    def synced_at(self) -> str | None:
        """When the last sync ended (ISO, UTC), None when none has."""

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, documents: Collection[str] = ()
    ) -> Iterator[Stage | Answer]:
        """Yield each stage as it begins and each verified answer so far; the last one is whole.

        `history` is what was said before; of the `documents` alone is asked, of all when empty.
        """

    def search(
        self, query: str, k: int = 10, *, documents: Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Return the best `k` passages."""

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        """Return questions that the corpus answers, near to an abstention when one is given."""

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        """Return the cited documents that are not any more as they were cited."""

    def document(self, document_id: str) -> Document:
        """Return a document of the index; `CorpusError` when it does not hold it."""

    def origin(self, citation: Citation) -> Origin:
        """Return what a quote is in its file; `CorpusError` when that is another one now."""

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        """Return a page as a PNG picture; `CorpusError` when it cannot be shown."""

    def documents(self) -> tuple[FileRecord, ...]:
        """Return what became of each file."""

    def sync(self, *, on_progress: Callable[["Progress"], None] = ...) -> "SyncReport":
        """Bring the index in step with the folder."""


@contextmanager
def streaming(
    assistant: Answering,
    question: str,
    history: Sequence[Turn] = (),
    documents: Collection[str] = (),
) -> Iterator[Iterator[Stage | Answer]]:
    """Stream an answer inside of the block; however that ends, the work for it ends too."""
    steps = assistant.stream(question, history, documents=documents)
    try:
        yield steps
    finally:
        if isinstance(steps, Generator):
            steps.close()
