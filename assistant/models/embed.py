"""Embedding: one unit vector for a passage, one for each of its sentences, one for a query.

The vector of a sentence is the mean of its own token vectors in the encoding of the whole passage
(late pooling, as in Günther et al. 2024, arXiv:2409.04701): it costs no further encoding, and on
squad2 the best sentence vector finds the paragraph better than the passage vector does
(`evals/README.md`). `EmbedderMissing` is raised for a model that cannot be used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from assistant.errors import EmbedderMissing
from assistant.models.encoder import OnnxEncoder, TokenVectors, Vector, pool, unit_vector
from assistant.models.export import READER_FILE, load_sentence_transformer
from assistant.models.prepare import PreparedModel, prepare
from assistant.models.reader import Reader

BATCH_PASSAGES = 64
"""Passages that are embedded between two reports of progress."""


@dataclass(frozen=True, slots=True)
class EmbedderInput:
    """A passage's text as embedded (with its prefix) and its sentences' spans in that text."""

    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """The passage's vector, shape (d,), and its sentences' vectors, shape (n_sentences, d)."""

    passage: Vector
    sentences: Vector


class Embedder(Protocol):
    """What the index needs of an embedding model."""

    @property
    def fingerprint(self) -> str:
        """What must be equal for two vectors to be comparable."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Most tokens of a passage that the model reads, special tokens not counted."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens not counted."""

    def embed_query(self, text: str) -> Vector:
        """Return the unit vector of a query, shape (dimension,)."""

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        """Return the vectors of each passage, in order."""

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order, without any prompt."""


def open_embedder(model: str, cache_dir: Path, n_threads: int | None = None) -> Embedder:
    """Return the embedder of a model, preparing it at its first use.

    Args:
        model: the one that the settings name.
        cache_dir: where prepared models are kept.
        n_threads: on so many processors it runs; by default on all.

    Raises:
        EmbedderMissing: the model is absent, altered or unusable.
    """
    try:
        prepared = prepare(model, cache_dir)
        if prepared.folder is None:
            return PlainEmbedder(prepared)
        return OnnxEmbedder(prepared, Path(prepared.folder), n_threads)
    except EmbedderMissing:
        raise
    except Exception as error:  # the tokenizer and the runtime raise kinds of their own
        raise EmbedderMissing(
            f"the embedding model {model!r} cannot be used: {error}. If its prepared form is "
            f"damaged, delete {str(cache_dir / 'models')!r}"
        ) from error


def embed_in_batches(
    embedder: Embedder,
    inputs: Sequence[EmbedderInput],
    on_batch: Callable[[int], None] = lambda _: None,
) -> list[PassageVectors]:
    """Return the vectors of each passage, in order; passages of one length are embedded together.

    `on_batch` is told before each batch how many are done.
    """
    order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i].text))
    vectors: dict[int, PassageVectors] = {}
    for place in range(0, len(order), BATCH_PASSAGES):
        batch = order[place : place + BATCH_PASSAGES]
        on_batch(len(vectors))
        embedded = embedder.embed_passages([inputs[i] for i in batch])
        vectors.update(zip(batch, embedded, strict=True))
    return [vectors[i] for i in range(len(inputs))]


def pool_spans(tokens: TokenVectors, spans: Sequence[tuple[int, int]]) -> Vector:
    """Pool the tokens of each span into its unit vector, shape (n_spans, d).

    A span without a token (cut off by the model's limit) gets the whole text's vector.
    """
    starts = np.array([start for start, _ in tokens.offsets])
    ends = np.array([end for _, end in tokens.offsets])
    whole = tokens.vectors.mean(axis=0)
    pooled = []
    for start, end in spans:
        inside = (starts >= start) & (ends <= end) & (ends > starts)
        pooled.append(unit_vector(tokens.vectors[inside].mean(axis=0) if inside.any() else whole))
    return np.vstack(pooled)


class OnnxEmbedder:
    """The embedder of a model that could be exported."""

    def __init__(self, prepared: PreparedModel, folder: Path, n_threads: int | None = None) -> None:
        self.fingerprint = prepared.fingerprint
        self.dimension = prepared.dimension
        self._prepared = prepared
        self._folder = folder
        is_alone = prepared.precision == "int8"
        self._encoder = OnnxEncoder(
            folder, max_tokens=prepared.max_tokens, is_alone=is_alone, n_threads=n_threads
        )

    @property
    def max_tokens(self) -> int:
        """The limit of the model, less special tokens and the prompt of documents."""
        prompt = self.count_tokens([self._prepared.document_prompt])[0]
        return self._prepared.max_tokens - self._encoder.n_special - prompt

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return self._encoder.count_tokens(texts)

    def embed_query(self, text: str) -> Vector:
        """Encode the query behind its prompt, and pool all tokens."""
        (tokens,) = self._encoder.encode([self._prepared.query_prompt + text])
        return pool(tokens.vectors, self._prepared.pooling)

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        """Encode each passage once; its sentences are pooled from the same tokens."""
        prompt, vectors = self._prepared.document_prompt, []
        encoded = self._encoder.encode([prompt + given.text for given in inputs])
        for given, tokens in zip(inputs, encoded, strict=True):
            own = pool(tokens.vectors, self._prepared.pooling)
            spans = [(start + len(prompt), end + len(prompt)) for start, end in given.sentences]
            vectors.append(PassageVectors(own, pool_spans(tokens, spans)))
        return vectors

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Encode texts as they are, without a prompt."""
        return self._encoder.encode(texts)

    def open_reader(self) -> Reader | None:
        """Return what reads with this encoder, if the model was made for it."""
        if not (self._folder / READER_FILE).is_file():
            return None
        prompts = self._prepared.query_prompt, self._prepared.document_prompt
        return Reader(self._encoder, self._folder, prompts, self._prepared.weights_sha256)


def open_reader(embedder: Embedder) -> Reader | None:
    """Return what reads with the same model, if it was made for it."""
    return embedder.open_reader() if isinstance(embedder, OnnxEmbedder) else None


class PlainEmbedder:
    """The embedder of any other sentence-transformers model; sentences are encoded apart."""

    def __init__(self, prepared: PreparedModel) -> None:
        self.fingerprint = prepared.fingerprint
        self.dimension = prepared.dimension
        self._prepared = prepared
        self._model = load_sentence_transformer(Path(prepared.source))

    @property
    def max_tokens(self) -> int:
        """The limit of the model, less special tokens and the prompt of documents."""
        special = len(self._model.tokenizer("")["input_ids"])
        prompt = self.count_tokens([self._prepared.document_prompt])[0]
        return self._prepared.max_tokens - special - prompt

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        encoded = self._model.tokenizer(
            list(texts), add_special_tokens=False, truncation=False, verbose=False
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_query(self, text: str) -> Vector:
        """Encode the query with the model's prompt for queries."""
        return unit_vector(self._model.encode_query(text, show_progress_bar=False))

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        """Encode the passages, and each of their sentences by itself."""
        texts = [given.text for given in inputs]
        texts += [given.text[start:end] for given in inputs for start, end in given.sentences]
        rows: Vector = self._model.encode_document(
            texts, normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32)
        vectors, first = [], len(inputs)
        for row, given in zip(rows, inputs, strict=False):
            last = first + len(given.sentences)
            vectors.append(PassageVectors(row, rows[first:last]))
            first = last
        return vectors

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Encode texts as they are, without a prompt."""
        vectors = self._model.encode(
            list(texts), output_value="token_embeddings", show_progress_bar=False
        )
        encoded = self._model.tokenizer(
            list(texts),
            truncation=True,
            max_length=self._prepared.max_tokens,
            return_offsets_mapping=True,
        )
        return [
            TokenVectors(rows.cpu().numpy().astype(np.float32), offsets)
            for rows, offsets in zip(vectors, encoded["offset_mapping"], strict=True)
        ]
