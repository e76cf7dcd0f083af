"""A chat whose index was made by another version, or with another model: it opens at once.

`upgrade` sets such an index aside and returns what answers from it while a sync makes the new one:
any assistant as the surfaces know it. Where this version cannot read the former index, or its model
is gone, answers come from what of the new one is ready, as at the first sync. A process that is
killed goes on at its next start.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import Answering
from assistant.cli.terminal import say
from assistant.errors import AssistantError, IndexDamaged, IndexMismatch, IndexMissing
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
    from assistant.pipeline import Assistant
    from assistant.store.sync import Progress, SyncReport

logger = logging.getLogger(__name__)


def upgrade(assistant: "Assistant") -> Answering:
    """Set an index aside that was made differently; return what answers until it is replaced.

    Raises:
        IndexLocked: another process is writing the index.
        IndexMismatch: it is on a server, where a rebuild has to be asked for.
        IndexReadOnly: nothing can be written beside it.
        StoreError: the disk does not let it be moved.
    """
    from assistant.store.sync import forget_former, set_former_aside

    settings = assistant.settings
    try:
        with assistant.index.open():
            pass
    except IndexMismatch as error:
        if settings.index_url:  # others may read it; a rebuild replaces it when it is done
            raise
        say(f"{str(error).partition('. Make it')[0]}; it is made anew")
        set_former_aside(settings)
    except (IndexMissing, IndexDamaged):  # the sync sees to it
        pass
    if assistant.index.exists:
        forget_former(settings.index_dir)
        return assistant
    former = _open_former(assistant)
    if former is None:
        return assistant
    say("the former index answers until then")
    return Upgrading(assistant, former)


def _open_former(assistant: "Assistant") -> "Assistant | None":
    """Return an assistant of the former index; None where there is none that can be read."""
    from assistant.evidence.scorer import open_scorer
    from assistant.models.embed import open_embedder
    from assistant.pipeline import Assistant
    from assistant.store.index import Index
    from assistant.store.sync import FORMER_FOLDER, read_former

    settings = assistant.settings
    try:
        if (config := read_former(settings.index_dir)) is None:
            return None
        made: Settings = settings.model_copy(
            update={
                "index_dir": settings.index_dir / FORMER_FOLDER,
                "embedding_model": config.model,
            }
        )
        embedder = assistant.embedder
        if embedder.fingerprint != config.fingerprint:
            embedder = open_embedder(config.model, settings.cache_dir)
        if embedder.fingerprint != config.fingerprint:
            return None
        is_same = embedder is assistant.embedder
        scorer = assistant.judge.scorer if is_same else open_scorer(made, embedder)
        former = Assistant(made, embedder, scorer)
        former.index = Index(made, embedder, config)
        former.writer = assistant.writer
        return former if former.index.exists else None
    except AssistantError as error:
        logger.warning("the former index cannot be read: %s", error)
        return None


class Upgrading:
    """Answers from the former index until the new one has been in step once."""

    def __init__(self, assistant: "Assistant", former: "Assistant") -> None:
        self._assistant = assistant
        self._former: Assistant | None = former
        self.settings = assistant.settings
        self.language_model = assistant.language_model
        self.stop_sync = assistant.stop_sync

    @property
    def _present(self) -> "Assistant":
        former = self._former
        if former is None:
            return self._assistant
        if not self._assistant.index.exists:
            return former
        from assistant.store.sync import forget_former

        self._former = None
        forget_former(self.settings.index_dir)
        return self._assistant

    @property
    def is_upgrading(self) -> bool:
        """Whether the former index answers."""
        return self._present is not self._assistant

    @property
    def index_version(self) -> int:
        """The version of the index that answers."""
        return self._present.index_version

    @property
    def synced_at(self) -> str | None:
        """When the index that answers was in step last."""
        return self._present.synced_at

    @property
    def progress(self) -> "Progress | None":
        """How far the sync is that makes the new index."""
        progress = self._assistant.progress
        return replace(progress, is_upgrade=self.is_upgrading) if progress else None

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        """Answer as `Assistant.stream` does."""
        return self._present.stream(question, history, documents=documents, as_=as_)

    def search(
        self, query: str, k: int = 10, *, documents: Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Search as `Assistant.search` does."""
        return self._present.search(query, k, documents=documents)

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        """Suggest as `Assistant.suggest` does."""
        return self._present.suggest(n, near)

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        """Return what has changed in the index that answers."""
        return self._present.changed(answer)

    def document(self, document_id: str) -> Document:
        """Return a document of the index that answers."""
        return self._present.document(document_id)

    def origin(self, citation: Citation) -> Origin:
        """Return where a quote of the index that answers is in its file."""
        return self._present.origin(citation)

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        """Return a page of a document of the index that answers."""
        return self._present.draw(document_id, page, width)

    def original(self, document_id: str) -> bytes:
        """Return the file of a document of the index that answers."""
        return self._present.original(document_id)

    def documents(self) -> tuple[FileRecord, ...]:
        """Return the files of the index that answers."""
        return self._present.documents()

    def sync(self, *, on_progress: Callable[["Progress"], None] = lambda _: None) -> "SyncReport":
        """Bring the new index in step."""
        return self._assistant.sync(on_progress=on_progress)
