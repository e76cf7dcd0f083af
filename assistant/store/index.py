"""The index of a folder of documents: what it holds, and keeping it in step with the folder.

Everything here raises `StoreError` when the index cannot be used. A damaged index is put aside and
built anew by whoever meets the damage first; everybody else waits for that.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from assistant.errors import AssistantError, CorpusError, IndexDamaged, IndexMissing
from assistant.ingest.added import read_documents
from assistant.ingest.pool import Parsers
from assistant.models.embed import Embedder
from assistant.settings import Settings
from assistant.store import sync as syncing
from assistant.store.added import SourceFiles, forget, is_added, keep
from assistant.store.catalog import IndexConfig
from assistant.store.plan import FileChange
from assistant.store.snapshot import Snapshot
from assistant.store.sync import Progress, SyncReport, index_config_of, rebuild_damaged
from assistant.tracing import trace_syncs
from assistant.values import Answer, Citation, Document, DocumentId, FileRecord, Origin

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as LlamaDocument

T = TypeVar("T")
STOPPED = "Stopped. What was done stays done; the next sync goes on."


class Index:
    """One index and the folder that it is made from. Safe to share between threads."""

    def __init__(
        self, settings: Settings, embedder: Embedder, config: IndexConfig | None = None
    ) -> None:
        """`config` is how an index was made that is read and not brought in step."""
        self.settings = settings
        self._embedder = embedder
        self._config = config or index_config_of(embedder, settings)
        self.engine = syncing.open_engine(settings, embedder.dimension)
        self._source_files = SourceFiles(settings, Parsers(syncing.limits_of(settings)))
        self._is_ready = False
        self._mending = threading.Lock()
        self._halt = threading.Event()
        self.progress: Progress | None = None
        """How far the sync is that runs in this process; None if none runs."""

    @trace_syncs
    def sync(
        self,
        *,
        rebuild: bool = False,
        retry: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> SyncReport:
        """Bring the index in step with the corpus, or build it anew when it is damaged."""
        inode, is_own = self.inode, self.progress is None
        if is_own:
            self.progress = Progress("reading", 0, 0)

        def report(progress: Progress) -> None:
            nonlocal is_own
            is_own, self.progress = True, progress
            if self._halt.is_set():
                raise AssistantError(STOPPED)
            on_progress(progress)

        given = self.settings, self._embedder, self.engine
        sync = partial(syncing.sync, *given, on_progress=report)
        try:
            return sync(rebuild=rebuild, retry=retry)
        except IndexDamaged as error:
            return rebuild_damaged(self.settings, self.engine, error, inode, sync)
        finally:
            if is_own:  # another may run, which holds the lock
                self.progress = None
                self._halt.clear()

    def stop_sync(self) -> None:
        """End the running sync after its present file; it raises `AssistantError`."""
        if self.progress is not None:
            self._halt.set()

    def preview(self, *, rebuild: bool = False, retry: bool = False) -> tuple[FileChange, ...]:
        """Return what a sync would do, by name."""
        return syncing.preview(self.settings, self.engine, rebuild=rebuild, retry=retry)

    def add_documents(
        self, documents: "BaseReader | Iterable[LlamaDocument]", **load: Any
    ) -> SyncReport:
        """Take in documents that are no files of the folder, and bring the index in step.

        They are kept beside the index, so that they outlive a rebuild; one of the same name is
        replaced. Their ids begin with `.added/`.

        Args:
            documents: a llama-index reader, or what one has loaded. Parts that name the same file
                are one document, with the pages of their `page_label`.
            load: what the reader's `load_data` is given.

        Raises:
            CorpusError: a document has no usable name.
        """
        keep(self.settings.index_dir, read_documents(documents, **load))
        return self.sync()

    def remove_documents(self, document_ids: Iterable[str]) -> SyncReport:
        """Forget documents that were added, and bring the index in step.

        Raises:
            CorpusError: there is none of that id.
        """
        forget(self.settings.index_dir, document_ids)
        return self.sync()

    def origin(self, citation: Citation) -> Origin:
        """Return what a citation's quote is in the file: its bytes, or its boxes on a page.

        Raises:
            CorpusError: the document is not in the version cited any more, or its file is gone.
        """
        return self.origins((citation,))[0]

    def origins(self, citations: Sequence[Citation]) -> tuple[Origin, ...]:
        """Return what each quote is in the file, as `origin` does: all are of one document."""
        if not citations:
            return ()
        first = citations[0]
        document = self.document(first.document_id)
        if document.sha256 != first.sha256:
            raise CorpusError(f"{first.document_id!r} has changed since it was cited; ask again")
        return self._source_files.origins(document, [(one.start, one.end) for one in citations])

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        """Return a page of a document as a PNG picture of `width` pixels.

        Raises:
            CorpusError: the index does not hold the document, or its file has changed since.
            DocumentUnreadable: it has no such page, or none that can be shown.
        """
        return self._source_files.draw(self.document(document_id), page, width)

    def original(self, document_id: str) -> bytes:
        """Return the file of a document of the folder.

        Raises:
            CorpusError: the index does not hold the document, its file has changed since, or a
                program added it, so that there is none.
        """
        if is_added(document_id):
            raise CorpusError(f"{document_id!r} was added by a program and has no file")
        return self._source_files.load(self.document(document_id))

    def document(self, document_id: str) -> Document:
        """Return a document as it was indexed.

        Raises:
            CorpusError: the index does not hold it.
        """
        with self.open() as snapshot:
            return snapshot.document(document_id)

    def documents(self) -> tuple[FileRecord, ...]:
        """Return what became of every file of the corpus at the last sync."""
        with self.open() as snapshot:
            return snapshot.records()

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        """Return the documents that an answer cites in a version which the index holds no more.

        Raises:
            StoreError: the index cannot be used.
        """
        cited = {(one.document_id, one.sha256) for one in answer.citations}
        if not cited:
            return frozenset()
        with self.open() as snapshot:
            held = snapshot.versions([document_id for document_id, _ in cited])
        return frozenset(name for name, sha256 in cited if held.get(name) != sha256)

    def check(self) -> tuple[str, ...]:
        """Check the whole index; return its problems, none when it is clean."""
        return self.engine.check(self._config)

    @property
    def version(self) -> int:
        """The number of the index's present version; it grows with every change."""
        with self.open() as snapshot:
            return snapshot.version

    @property
    def synced_at(self) -> str | None:
        """When the last sync ended (ISO, UTC), None when none has."""
        return self.engine.synced_at

    @property
    def exists(self) -> bool:
        """Whether there is an index to ask: one that is whole and was in step once."""
        try:
            return self.synced_at is not None
        except IndexDamaged:
            return False

    def close(self) -> None:
        """Let go of what is kept open; nothing needs saving."""
        self.engine.close()
        self._source_files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_ready(self) -> bool:
        """Whether there is an index to ask, looked for until one was found: see `exists`.

        While the first sync runs, what it has read by then can be asked; but not while a question
        waits for all of it (`ensure`).
        """
        self._is_ready = self._is_ready or self.synced_at is not None
        if self._is_ready:
            return True
        progress = self.progress
        return progress is not None and progress.total > 0 and not self._mending.locked()

    def ensure(self) -> None:
        """Build the index when there is none; whoever asks meanwhile waits for it."""
        if not self.is_ready:
            with self._mending:
                if not self.is_ready:
                    self.sync()

    def open(self) -> AbstractContextManager[Snapshot]:
        """Read one version of the index for the length of the block."""
        return self.engine.open(self._config)

    @property
    def inode(self) -> int | None:
        """What tells this index from one that is put in its place; None without one."""
        return self.engine.identity

    def mend(self, error: IndexDamaged | IndexMissing, inode: int | None) -> None:
        """Make the index whole after a reader met an error in the one with this `inode`.

        Readers that meet it meanwhile wait, and find the new index.
        """
        with self._mending:
            if isinstance(error, IndexDamaged) and self.inode == inode:
                rebuild_damaged(self.settings, self.engine, error, inode, self.sync)
            else:
                self.sync()

    def read(self, read: Callable[[Snapshot], T]) -> T:
        """Return what is read from a snapshot; a missing or damaged index is built first."""
        inode = self.inode
        try:
            return self._read_once(read)
        except (IndexDamaged, IndexMissing) as error:
            self.mend(error, inode)
        return self._read_once(read)

    def _read_once(self, read: Callable[[Snapshot], T]) -> T:
        self.ensure()
        with self.open() as snapshot:
            return read(snapshot)
