"""A cited span -> what it is in the file it comes from: bytes, or boxes on a page; and the page.

Reads the file of the corpus anew and only goes on when it still is the one that was indexed.
Refuses with `CorpusError` a file that has changed or is gone, with `DocumentUnreadable` what has no
page to show.
"""

import hashlib
from pathlib import Path

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.index.added import find_added, is_added
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import find, read
from assistant.places import Origin
from assistant.settings import Settings
from assistant.values import Document


class Originals:
    """The files behind the documents. Safe to share between threads."""

    def __init__(self, settings: Settings, parsers: Parsers) -> None:
        self._corpus_dir: Path = settings.corpus_dir
        self._index_dir: Path = settings.index_dir
        self._max_bytes = settings.max_file_bytes
        self._parsers = parsers

    def origin(self, document: Document, span: tuple[int, int]) -> Origin:
        """Return what a span of a document is in its file.

        Raises:
            CorpusError: the file is not the one that was indexed any more.
        """
        data = self._load(document)
        return self._parsers.locate(data, document.media_type, span, document.pages)

    def draw(self, document: Document, page: int, width: int) -> bytes:
        """Return a page of a document as a PNG picture of `width` pixels.

        Raises:
            CorpusError: the file is not the one that was indexed any more.
            DocumentUnreadable: it has no such page, or none to show.
        """
        return self._parsers.draw(self._load(document), document.media_type, page, width)

    def close(self) -> None:
        """End the children that read files."""
        self._parsers.close()

    def _load(self, document: Document) -> bytes:
        name = document.document_id
        try:
            if is_added(name):
                file = find_added(self._index_dir, name)
            else:
                file = find(self._corpus_dir, name)
            data = read(file, self._max_bytes)
        except DocumentUnreadable as error:
            raise CorpusError(f"{name!r}: {error}; bring the index in step: assistant index") from (
                error
            )
        if hashlib.sha256(data).hexdigest() != document.sha256:
            raise CorpusError(
                f"{name!r} has changed since it was indexed; bring the index in step: "
                "assistant index"
            )
        return data
