"""A file's bytes -> its content: text, passages, and what the embedder is given of each.

Pure. Refuses, with `DocumentUnreadable`, what `assistant.ingest` refuses.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.index.embed import EmbedderInput
from assistant.ingest.parse import parse
from assistant.ingest.sentences import split_sentences
from assistant.ingest.split import embedding_text, split
from assistant.values import Document, DocumentId, Passage

SPLITTER_VERSION = 1
"""Raised when the same bytes would give other text, sentences or passages."""


@dataclass(frozen=True, slots=True)
class Content:
    """A parsed and split text, stored once for all files that have it."""

    content_id: str
    document: Document
    passages: tuple[Passage, ...]
    inputs: tuple[EmbedderInput, ...]
    warning: str


@dataclass(frozen=True, slots=True)
class Cutting:
    """How texts are cut: the embedder's counter and limit, and the longest text taken."""

    count_tokens: Callable[[Sequence[str]], list[int]]
    max_passage_tokens: int
    max_text_chars: int


def make_content(
    document_id: DocumentId, data: bytes, *, media_type: str, content_id: str, cutting: Cutting
) -> Content:
    """Parse and split a file's bytes.

    Raises:
        DocumentUnreadable: with the reason.
    """
    parsed = parse(data, media_type, max_chars=cutting.max_text_chars)
    document = Document(
        document_id=document_id,
        sha256=hashlib.sha256(data).hexdigest(),
        title=parsed.title or "",
        media_type=media_type,
        text=parsed.text,
        pages=parsed.pages,
        headings=parsed.headings,
    )
    passages = split(
        document,
        split_sentences(parsed.text, parsed.blocks),
        content_id=content_id,
        count_tokens=cutting.count_tokens,
        max_tokens=cutting.max_passage_tokens,
    )
    inputs = tuple(_input(document.title, passage) for passage in passages)
    return Content(content_id, document, passages, inputs, "; ".join(parsed.warnings))


def _input(title: str, passage: Passage) -> EmbedderInput:
    text = embedding_text(title, passage)
    shift = len(text) - len(passage.text) - passage.start
    return EmbedderInput(
        text, tuple((start + shift, end + shift) for start, end in passage.sentences)
    )
