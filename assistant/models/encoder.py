"""Token vectors of texts, from a prepared transformer in ONNX Runtime.

The folder that `prepare.py` made is opened once; a text gives one vector per token, with the span
of each token. A text longer than the model reads is cut at the model's limit.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Unit vectors: shape (dimension,) or (n, dimension)."""
BATCH_TOKENS = 256
"""Padded tokens in a batch: on CPU small, length-sorted batches are the fastest."""

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One text's token vectors, shape (n_tokens, d), and where each token lies in the text.

    Special tokens have empty spans. `lower`, shape (n_tokens, d), is what the lower layers say of
    them, where the model has layers above that read two texts together.
    """

    vectors: NDArray[np.float32]
    offsets: list[tuple[int, int]]
    lower: NDArray[np.float32] | None = None


def open_graph(path: Path, *, n_threads: int = 0) -> Any:
    """Return an ONNX graph ready to run, on so many processors; 0 takes all."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = n_threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class OnnxEncoder:
    """A prepared transformer: texts -> token vectors, in length-sorted batches.

    Each processor takes whole batches: measured 1.1 to 1.4 times the rate of all of them sharing
    each batch's arithmetic, with the same vectors. In 8 bits the numbers of a batch are rounded by
    the greatest of all of them: there each text is a batch, so that its vectors are its own.
    """

    def __init__(self, folder: Path, *, max_tokens: int, is_alone: bool = False) -> None:
        from tokenizers import Tokenizer

        self._batch_tokens = 0 if is_alone else BATCH_TOKENS
        self._workers = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="embed")
        self._session = open_graph(folder / "model.onnx", n_threads=1)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self.n_special = self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, special tokens not counted."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [sum(len(part.ids) for part in (one, *one.overflowing)) for one in encodings]

    def encode(self, texts: Sequence[str], *, with_lower: bool = False) -> list[TokenVectors]:
        """Return the token vectors of each text, in order."""
        outputs = None if with_lower else ["tokens"]
        encodings = self._tokenizer.encode_batch(list(texts))
        lengths = [len(encoding.ids) for encoding in encodings]
        vectors: dict[int, TokenVectors] = {}

        def run(batch: Sequence[int]) -> None:
            ids = np.zeros((len(batch), lengths[batch[0]]), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(batch):
                ids[row, : lengths[i]] = encodings[i].ids
                mask[row, : lengths[i]] = 1
            tokens, *lower = self._session.run(outputs, {"input_ids": ids, "attention_mask": mask})
            for row, i in enumerate(batch):
                below = lower[0][row, : lengths[i]] if lower else None
                vectors[i] = TokenVectors(tokens[row, : lengths[i]], encodings[i].offsets, below)

        self.map(run, list(_batches(lengths, self._batch_tokens)))
        return [vectors[i] for i in range(len(texts))]

    def map(self, make: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """Return what is made of each thing given, one on each processor."""
        if len(given) == 1:  # a query: no hand-over to another thread
            return [make(given[0])]
        return list(self._workers.map(make, given))


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Yield positions, longest first, so that a batch pads little."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > batch_tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def pool(tokens: NDArray[np.float32], pooling: str) -> Vector:
    """Pool token vectors (n, d) into one unit vector by their mean or by the first token."""
    return unit_vector(tokens[0] if pooling == "cls" else tokens.mean(axis=0))


def unit_vector(vector: NDArray[np.float32]) -> Vector:
    """Return a vector at length 1; a zero vector stays as it is."""
    norm = float(np.linalg.norm(vector))
    unit: Vector = (vector / norm if norm > 0 else vector).astype(np.float32)
    return unit
