"""What is stored of a file's text: its passages, and what the embedder is given of each. Pure."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.split import content_id, embedding_text, split
from assistant.ingest.structure import arrange, list_sentences
from assistant.models.embed import EmbedderInput
from assistant.store.sketch import sketch
from assistant.values import Document, DocumentId, Passage

SPLITTER_VERSION = 7
"""Raised when the same bytes would give other text, sentences or passages."""

MAX_SENTENCES = 300_000
"""Of one document: each takes 1.5 KB of memory while the document is embedded. A long book has a
fifth of it."""


@dataclass(frozen=True, slots=True)
class Content:
    """A parsed and split text, stored once for all files that have it."""

    content_id: str
    document: Document
    passages: tuple[Passage, ...]
    inputs: tuple[EmbedderInput, ...]
    warning: str
    sketch: bytes


@dataclass(frozen=True, slots=True)
class FileVersion:
    """The bytes that a file had when it was read, by their digests, and the type they were read as.

    `content_id` is the digest of bytes and type: files that have it in common have one text.
    """

    document_id: DocumentId
    sha256: str
    media_type: str
    content_id: str

    @classmethod
    def of(cls, document_id: DocumentId, data: bytes, media_type: str) -> "FileVersion":
        """Digest a file's bytes."""
        sha256 = hashlib.sha256(data).hexdigest()
        return cls(document_id, sha256, media_type, content_id(media_type, data))


def make_content(
    version: FileVersion,
    parsed: Parsed,
    *,
    count_tokens: Callable[[Sequence[str]], list[int]],
    max_tokens: int,
) -> Content:
    """Cut a file's parsed text into sentences, and these into passages of at most `max_tokens`.

    Raises:
        DocumentUnreadable: it has more sentences than `MAX_SENTENCES`.
    """
    units = arrange(parsed.text, parsed.units)
    sentences = list_sentences(parsed.text, units)
    if len(sentences) > MAX_SENTENCES:
        raise DocumentUnreadable(
            f"it has {len(sentences):,} sentences or rows, over the limit of {MAX_SENTENCES:,}; "
            "split the file",
            Fault.TOO_LARGE,
        )
    document = Document(
        document_id=version.document_id,
        sha256=version.sha256,
        title=parsed.title or "",
        media_type=version.media_type,
        text=parsed.text,
        pages=parsed.pages,
        units=units,
        words=parsed.words,
    )
    passages = split(
        document,
        sentences,
        content_id=version.content_id,
        count_tokens=count_tokens,
        max_tokens=max_tokens,
    )
    inputs = tuple(_input(document.title, passage) for passage in passages)
    return Content(
        version.content_id,
        document,
        passages,
        inputs,
        "; ".join(parsed.warnings),
        sketch(parsed.text),
    )


def _input(title: str, passage: Passage) -> EmbedderInput:
    text = embedding_text(title, passage)
    shift = len(text) - len(passage.text) - passage.start
    return EmbedderInput(
        text, tuple((start + shift, end + shift) for start, end in passage.sentences)
    )
