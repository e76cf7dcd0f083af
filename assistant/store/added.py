"""Documents that a program added, kept beside the index; and the files behind all documents.

An added document is a file in `index/added/`, which a sync reads like those of the folder, so that
it outlives a rebuild. Its id begins with `.added/`, as that of no file of the folder can.
`SourceFiles` looks into the file of a document, added or not: for the bytes or boxes that a span
stands for, and for pictures of its pages. `CorpusError` is raised for a name that cannot be one,
and for a file that is not what was indexed.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.errors import CorpusError, DocumentChanged, DocumentUnreadable, StoreError
from assistant.ingest.added import AddedDocument, read_name
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import FoundFile, find, read, stat_again
from assistant.settings import Settings
from assistant.values import Box, Document, DocumentId, Origin, SeenWord

FOLDER = "added"
PREFIX = ".added/"
MAX_NAME_CHARS = 500
MAX_HEAD_BYTES = 100_000


def is_added(document_id: str) -> bool:
    """Whether a document came from a program."""
    return document_id.startswith(PREFIX)


def keep(index_dir: Path, documents: Iterable[AddedDocument]) -> None:
    """Write the documents beside the index, each whole or not at all.

    Raises:
        CorpusError: a document has no usable name.
        StoreError: they cannot be written.
    """
    folder = index_dir / FOLDER
    for document in documents:
        name = document.name
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_CHARS:
            raise CorpusError(
                f"{name[:80]!r} cannot name a document: give it one line of at most "
                f"{MAX_NAME_CHARS} printable characters"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(file_of(index_dir, PREFIX + name), document.dump())
        except OSError as error:
            raise StoreError(
                f"{name!r} cannot be kept in {str(folder)!r} ({error.strerror}): see to its "
                "permissions and the free space"
            ) from error


def forget(index_dir: Path, document_ids: Iterable[str]) -> None:
    """Delete added documents.

    Raises:
        CorpusError: there is none of that id.
    """
    for document_id in document_ids:
        try:
            file_of(index_dir, document_id).unlink()
        except FileNotFoundError:
            raise CorpusError(
                f"no document {document_id!r} was added; those of the folder are removed there"
            ) from None


def list_added(index_dir: Path) -> Iterator[FoundFile]:
    """Yield the files of added documents, by id; what is not one is passed over."""
    found = []
    for path in (index_dir / FOLDER).glob("*.json"):
        name, status = name_of(path), path.lstat()
        found.append(
            FoundFile(DocumentId(f"{PREFIX}{name}"), path, status.st_size, status.st_mtime_ns)
        )
    yield from sorted(found, key=lambda file: file.document_id)


def name_of(path: Path) -> str:
    """Return the name of an added document, which its file holds."""
    try:
        with path.open("rb") as file:
            return read_name(file.readline(MAX_HEAD_BYTES))
    except (OSError, ValueError, KeyError, TypeError):
        return f"damaged {path.name}"


def file_of(index_dir: Path, document_id: str) -> Path:
    """Return the file that an added document is, or would be."""
    digest = hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()
    return index_dir / FOLDER / f"{digest[:32]}.json"


def _write(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


MAX_STRETCH = 1.4
"""How much higher than its words a box of several may be: lines may slope."""


def mark_words(words: Sequence[SeenWord], span: tuple[int, int]) -> list[Box]:
    """Return the boxes of the words of a span: one of those that follow each other in a line."""
    boxes: list[Box] = []
    height = 0.0
    for word in words:
        if word.end <= span[0] or word.start >= span[1]:
            continue
        box = Box(word.page, word.left, word.top, word.right, word.bottom)
        if boxes and (whole := _join(boxes[-1], box, height)):
            boxes[-1] = whole
            height = max(height, box.bottom - box.top)
        else:
            boxes.append(box)
            height = box.bottom - box.top
    return boxes


def _join(one: Box, other: Box, height: float) -> Box | None:
    """Return the box around a word and those before it in its line, unless that is too high."""
    top, bottom = min(one.top, other.top), max(one.bottom, other.bottom)
    if one.page != other.page or other.left < one.left or bottom - top > MAX_STRETCH * height:
        return None
    return Box(one.page, one.left, top, max(one.right, other.right), bottom)


def _add_seen(found: Origin, document: Document, span: tuple[int, int]) -> Origin:
    """Return an origin with the boxes of the words that were read off pictures."""
    seen = [box for box in mark_words(document.words, span) if box.page]
    boxes = sorted((*seen, *found.boxes), key=lambda box: box.page)
    return replace(found, boxes=tuple(boxes))


class SourceFiles:
    """The files behind the documents. Safe to share between threads."""

    def __init__(self, settings: Settings, parsers: Parsers) -> None:
        self._settings = settings
        self._parsers = parsers

    def origins(self, document: Document, spans: Sequence[tuple[int, int]]) -> tuple[Origin, ...]:
        """Return what each of these spans of a document is in its file, which is read once.

        Raises:
            DocumentChanged: the file is not the one that was indexed any more.
        """
        data = self.load(document)
        read = {word.page for word in document.words}
        pages = [page for page in document.pages if page.number not in read]
        located = self._parsers.locate_all(data, document.media_type, spans, pages)
        return tuple(
            _add_seen(found, document, span) for found, span in zip(located, spans, strict=True)
        )

    def draw(self, document: Document, page: int, width: int) -> bytes:
        """Return a page of a document as a PNG picture of `width` pixels.

        Raises:
            DocumentChanged: the file is not the one that was indexed any more.
            DocumentUnreadable: it has no such page, or none to show.
        """
        return self._parsers.draw(self.load(document), document.media_type, page, width)

    def load(self, document: Document) -> bytes:
        """Return the bytes of a document's file.

        Raises:
            DocumentChanged: the file is not the one that was indexed any more.
        """
        name = document.document_id
        try:
            if is_added(name):
                file = stat_again(FoundFile(name, file_of(self._settings.index_dir, name), 0, 0))
            else:
                file = find(self._settings.corpus_dir, name)
            data = read(file, self._settings.max_file_bytes)
        except DocumentUnreadable as error:
            problem = f"{name!r}: {error}; bring the index in step: assistant index"
            raise DocumentChanged(problem) from error
        if hashlib.sha256(data).hexdigest() != document.sha256:
            raise DocumentChanged(
                f"{name!r} has changed since it was indexed; bring the index in step: "
                "assistant index"
            )
        return data

    def close(self) -> None:
        """End the child processes that read files."""
        self._parsers.close()
