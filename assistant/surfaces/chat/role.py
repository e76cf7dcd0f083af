"""What the surfaces ask of the assistant, so that tests can hand them any object of this shape."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from assistant.settings import Settings
from assistant.values import Answer, Document, FileRecord, RankedPassage, Stage, Turn


class Answering(Protocol):
    """The part of `assistant.pipeline.Assistant` that a surface uses; safe in any thread."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""

    @property
    def index_version(self) -> int:
        """The version of the index, `StoreError` when there is none."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Stage | Answer]:
        """Yield each stage as it begins, and the answer last; `history` is what was said before."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the answer."""

    def search(self, query: str, k: int = 10) -> tuple[RankedPassage, ...]:
        """Return the best `k` passages."""

    def document(self, document_id: str) -> Document:
        """Return a document of the index; `CorpusError` when it does not hold it."""

    def documents(self) -> tuple[FileRecord, ...]:
        """Return what became of each file."""
