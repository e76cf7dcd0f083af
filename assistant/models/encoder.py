"""Token vectors of texts, from a prepared transformer in ONNX Runtime.

The folder that `prepare.py` made is opened once; a text gives one vector per token, with the span
of each token. A text longer than the model reads is cut at the model's limit. `CachingEncoder`
remembers what it encoded.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""Unit vectors: shape (dimension,) or (n, dimension)."""
BATCH_TOKENS = 256
"""Padded tokens in a batch: on CPU small, length-sorted batches are the fastest."""
N_TEXTS = 256
"""Texts that are remembered: of 150 tokens they take 30 MB."""

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One text's token vectors, shape (n_tokens, d), and where each token lies in the text.

    Special tokens have empty spans; the white space before a token is not part of it. `lower`,
    shape (n_tokens, d), is what the lower layers say of them, where the model has layers above that
    read two texts together.
    """

    vectors: NDArray[np.float32]
    offsets: list[tuple[int, int]]
    lower: NDArray[np.float32] | None = None


def load_runtime() -> Any:
    """Return ONNX Runtime, which is to send nothing.

    From 1.32 on it looks up a host of Microsoft's and sends it what models it runs, whatever
    `disable_telemetry_events` is told. Only this variable keeps it from that, set before it loads.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def open_graph(path: Path, *, n_threads: int = 0) -> Any:
    """Return an ONNX graph ready to run, on so many processors; 0 takes all."""
    onnxruntime = load_runtime()
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

    def __init__(
        self, folder: Path, *, max_tokens: int, is_alone: bool = False, n_threads: int | None = None
    ) -> None:
        """`n_threads` batches run at once; by default one on each processor."""
        from tokenizers import Tokenizer

        self._batch_tokens = 0 if is_alone else BATCH_TOKENS
        n_threads = n_threads or os.cpu_count()
        self._workers = ThreadPoolExecutor(n_threads, thread_name_prefix="embed")
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
                spans = _trim(texts[i], encodings[i].offsets)
                vectors[i] = TokenVectors(tokens[row, : lengths[i]], spans, below)

        self.map(run, list(_batches(lengths, self._batch_tokens)))
        return [vectors[i] for i in range(len(texts))]

    def map(self, make: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """Return what is made of each thing given, one on each processor."""
        if len(given) == 1:  # a query: no hand-over to another thread
            return [make(given[0])]
        return list(self._workers.map(make, given))


def _trim(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans of tokens without the white space that some tokenizers begin them with."""
    trimmed = []
    for start, end in spans:
        own = text[start:end].lstrip()
        trimmed.append((end - len(own), end) if own else (start, end))
    return trimmed


class TokenEncoder(Protocol):
    """What gives the token vectors of texts."""

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order."""


class CachingEncoder:
    """Encodes what it does not remember. Safe to share between threads."""

    def __init__(self, encoder: TokenEncoder, n_texts: int = N_TEXTS) -> None:
        self._memory = Memory(lambda texts: map(_halve, encoder.encode(texts)), n_texts)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order, rounded to float16."""
        kept = self._memory.recall(texts)
        return [replace(one, vectors=one.vectors.astype(np.float32)) for one in kept]


class Memory(Generic[Made]):
    """Keeps what was made of the texts that were last asked for. Safe to share between threads."""

    def __init__(self, make: Callable[[Sequence[str]], Iterable[Made]], n_texts: int) -> None:
        self._make = make
        self._n_texts = n_texts
        self._kept: OrderedDict[str, Made] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, texts: Sequence[str]) -> list[Made]:
        """Return what is made of each text, in order."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        found.update(zip(new, self._make(new) if new else (), strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._n_texts:
                self._kept.popitem(last=False)
        return [found[text] for text in texts]


def _halve(one: TokenVectors) -> TokenVectors:
    return TokenVectors(one.vectors.astype(np.float16), one.offsets)


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
