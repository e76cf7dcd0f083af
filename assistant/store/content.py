"""What is stored of a file's text: its passages, what the embedder is given, a sketch. Pure.

By their sketches texts are told that are nearly the same. MinHash over runs of five words (Broder
1997, "On the resemblance and containment of documents"): the share of equal numbers in two sketches
estimates the share of runs that the texts have in common. Texts that agree are looked up by bands
of the sketch, so that a new one costs the same whatever the number of texts.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.split import content_id, embedding_text, split
from assistant.ingest.structure import arrange, list_sentences
from assistant.models.embed import EmbedderInput
from assistant.values import Document, DocumentId, Passage

# --- Sketches of texts

RUN_WORDS = 5
MIN_RUNS = 8
"""A shorter text has no sketch: two letters that say "received, thank you" are not one."""
N_NUMBERS = 64
N_BANDS = 16
NEAR_SHARE = 0.8
"""From this estimate on two texts are nearly the same: its error with 64 numbers is about .05."""

_WORD = re.compile(r"\w+")
_PRIME = np.uint64((1 << 61) - 1)
_MASK = np.uint64((1 << 32) - 1)
_RANDOM = np.random.default_rng(20_261_125)
_FACTORS = _RANDOM.integers(1, 1 << 29, size=N_NUMBERS, dtype=np.uint64)
_TERMS = _RANDOM.integers(0, 1 << 60, size=N_NUMBERS, dtype=np.uint64)


def sketch(text: str) -> bytes:
    """Return the sketch of a text: 64 numbers of four bytes, or nothing for a short text."""
    words = np.fromiter(
        (zlib.crc32(match.group().encode()) for match in _WORD.finditer(text.lower())), np.uint64
    )
    if len(words) < RUN_WORDS + MIN_RUNS - 1:
        return b""
    runs = np.zeros(len(words) - RUN_WORDS + 1, np.uint64)
    for place in range(RUN_WORDS):
        runs = (runs * np.uint64(1_000_003) + words[place : place + len(runs)]) & _MASK
    runs = np.unique(runs)
    pairs = zip(_FACTORS, _TERMS, strict=True)
    least = [((runs * factor + term) % _PRIME & _MASK).min() for factor, term in pairs]
    return np.array(least, dtype="<u4").tobytes()


def likeness(one: bytes, other: bytes) -> float:
    """Return the estimated share of runs of words that two texts have in common."""
    if not one or not other:
        return 0.0
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))


class Sketches:
    """Finds the texts that are nearly the same as a new one."""

    def __init__(self, known: Iterable[tuple[str, bytes]] = ()) -> None:
        self._sketches: dict[str, bytes] = {}
        self._bands: dict[tuple[int, bytes], list[str]] = {}
        for known_id, one in known:
            self.add(known_id, one)

    def add(self, content_id: str, one: bytes) -> None:
        """Keep a text's sketch."""
        if one:
            self._sketches[content_id] = one
            for band in _bands(one):
                self._bands.setdefault(band, []).append(content_id)

    def near(self, one: bytes) -> list[str]:
        """Return the kept texts that are nearly the same, the likest first."""
        candidates = {found for band in _bands(one) for found in self._bands.get(band, ())}
        liken = {found: likeness(one, self._sketches[found]) for found in candidates}
        near = [found for found, share in liken.items() if share >= NEAR_SHARE]
        return sorted(near, key=lambda found: (-liken[found], found))


def _bands(one: bytes) -> list[tuple[int, bytes]]:
    size = len(one) // N_BANDS
    return [(n, one[n * size : (n + 1) * size]) for n in range(N_BANDS)]


SPLITTER_VERSION = 12
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
