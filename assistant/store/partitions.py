"""Partitions: what workers made of files, kept in the index folder until a sync has ended.

A partition is one content with its vectors, named by the content and by how it was made, so that
who makes it again makes the same. It is numbers in safetensors, texts in JSON, and their digest:
nothing in it is run when it is read. A sync that was killed finds those that its workers had
finished, and has them made no second time.
"""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import DocumentUnreadable, Fault
from assistant.models.embed import PassageVectors
from assistant.store.catalog import explain_errors
from assistant.store.content import Content, FileVersion
from assistant.store.snapshot import make_pages, make_passage, make_passage_row, make_units
from assistant.store.tables import PassageRow
from assistant.values import Document, Passage, SeenWord

FOLDER = "partitions"
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class EmbeddedContent:
    """A content and the vectors of its passages, in order; `seconds` its parsing took."""

    content: Content
    vectors: Sequence[PassageVectors]
    seconds: float


@dataclass(frozen=True, slots=True)
class Partition:
    """A file that holds what a worker made."""

    path: Path

    def read(self, version: FileVersion) -> EmbeddedContent:
        """Return what is in it, as the content of a file.

        Raises:
            DocumentUnreadable: the disk does not give back what was written.
        """
        try:
            return unpack(self.path.read_bytes(), version)
        except (OSError, ValueError) as error:
            raise DocumentUnreadable(
                f"what a worker made of it cannot be read back ({error}); the next sync reads it",
                Fault.UNREADABLE,
            ) from error


class PartitionFolder:
    """The partitions of one way to make them. Safe to share between threads."""

    def __init__(self, index_dir: Path, made_how: str) -> None:
        """`made_how` tells all that a content depends on beside the bytes of its file."""
        self._index_dir = index_dir
        self._made_how = hashlib.sha256(made_how.encode()).hexdigest()[:16]

    def find(self, content_id: str) -> Partition | None:
        """Return the partition of a content if it is there whole."""
        path = self._path(content_id)
        try:
            _open(path.read_bytes())
        except (OSError, ValueError):
            return None
        return Partition(path)

    def keep(self, content_id: str, data: bytes) -> Partition:
        """Write a partition, whole or not at all.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._path(content_id)
        beside = path.with_suffix(f".{threading.get_ident()}")
        with explain_errors(self._index_dir):
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            os.replace(beside, path)
        return Partition(path)

    def _path(self, content_id: str) -> Path:
        return self._index_dir / FOLDER / f"{content_id}-{self._made_how}"


def remove_partitions(index_dir: Path) -> None:
    """Delete all partitions, once the index holds what is in them."""
    shutil.rmtree(index_dir / FOLDER, ignore_errors=True)


def pack(embedded: EmbeddedContent) -> bytes:
    """Return a content and its vectors as the bytes of a partition."""
    from safetensors.numpy import save

    content, document = embedded.content, embedded.content.document
    told = {
        "title": document.title,
        "text": document.text,
        "pages": [astuple(page) for page in document.pages],
        "units": document.units,
        "words": document.words,
        "passages": [_pack_passage(passage) for passage in content.passages],
        "warning": content.warning,
        "seconds": embedded.seconds,
    }
    vectors = embedded.vectors
    sentences = [one.sentences.astype(np.float16) for one in vectors]  # as the index keeps them
    body = save(
        {
            "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
            "sketch": np.frombuffer(content.sketch, np.uint8),
            "passages": np.array([one.passage for one in vectors], np.float32),
            "sentences": np.concatenate(sentences) if sentences else np.zeros((0, 0), np.float16),
        }
    )
    return hashlib.sha256(body).digest() + body


def unpack(data: bytes, version: FileVersion) -> EmbeddedContent:
    """Return what the bytes of a partition hold, as the content of a file.

    Raises:
        ValueError: they are not what was packed.
    """
    from safetensors.numpy import load

    found = load(_open(data))
    told = json.loads(found["told"].tobytes())
    document = Document(
        document_id=version.document_id,
        sha256=version.sha256,
        title=told["title"],
        media_type=version.media_type,
        text=told["text"],
        pages=make_pages(told["pages"]),
        units=make_units(told["units"]),
        words=tuple(SeenWord(*fields) for fields in told["words"]),
    )
    passages = tuple(_unpack_passage(document, fields) for fields in told["passages"])
    ends = np.cumsum([len(passage.sentences) for passage in passages])[:-1]
    parts = np.split(found["sentences"].astype(np.float32), ends) if passages else []
    content = Content(
        version.content_id, document, passages, (), told["warning"], found["sketch"].tobytes()
    )
    vectors = [PassageVectors(*one) for one in zip(found["passages"], parts, strict=True)]
    return EmbeddedContent(content, vectors, told["seconds"])


def _open(data: bytes) -> bytes:
    """Return what is packed.

    Raises:
        ValueError: it was cut off or changed.
    """
    digest, body = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("it is not what was written")
    return body


def _pack_passage(passage: Passage) -> PassageRow:
    """Return a passage as the index keeps it, without its text, which is the document's."""
    return make_passage_row(0, "", passage)._replace(text="")


def _unpack_passage(document: Document, fields: Sequence[Any]) -> Passage:
    row = PassageRow._make(fields)
    return make_passage(row._replace(text=document.text[row.start : row.end]), document.document_id)
