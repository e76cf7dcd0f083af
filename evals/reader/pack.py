"""Packs a trained reader into the one file that ships.

In: the encoder's folder, the checkpoints of its stages. Out: a zip file of at most 60 MB, with its
SHA-256 beside it, which `assistant.models.packed` unpacks: word vectors of the kept pieces in 4
bits, as they came; layers in 8; heads in half precision; tokenizer, settings, and what is told of
it. The vocabulary is cut to the pieces of the languages that are supported, those of other scripts
by how common they are; every single character stays, so that no text is unreadable.
"""

import argparse
import datetime
import json
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.models.export import UPPER
from assistant.models.packed import ABOUT, BLOCK, NUMBERS, READER, read_about, write_digest
from assistant.settings import SHIPPED_MODEL

BASE = "intfloat/multilingual-e5-small"

QUOTAS = {
    "LATIN": 85_500,
    "CYRILLIC": 24_000,
    "ARABIC": 11_500,
    "GREEK": 2_500,
    "HANGUL": 2_500,
    "HEBREW": 2_000,
    "DEVANAGARI": 1_500,
    "THAI": 1_000,
}
"""Most pieces of a script, the most common ones."""
WHOLE = frozenset("CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA IDEOGRAPHIC other".split())
"""Scripts of which every piece stays."""
OTHERS = 250
"""Most pieces of any other script."""
MAX_SEQ_LENGTH = 256
ENCODER = "encoder."
WORDS = "embeddings.word_embeddings.weight"
TOKENIZER = "tokenizer.json"
PROMPTS = {"query": "query: ", "document": "passage: "}


def script_of(piece: str) -> str:
    """Return the script of a piece's first letter, "other" without one.

    >>> script_of("▁mill"), script_of("мель"), script_of("風車"), script_of("▁3.5")
    ('LATIN', 'CYRILLIC', 'CJK', 'other')
    """
    letter = next((c for c in piece if c.isalpha()), "")
    return unicodedata.name(letter, "other").split()[0] if letter else "other"


def choose_pieces(pieces: Sequence[str]) -> list[int]:
    """Return the places of the pieces that stay, ascending; they are given the commonest first."""
    counts: dict[str, int] = {}
    kept = []
    for place, piece in enumerate(pieces):
        script = script_of(piece)
        n = counts[script] = counts.get(script, 0) + 1
        is_character = len(piece.strip("▁")) <= 1
        is_special = piece.startswith("<") and piece.endswith(">")
        if is_special or is_character or script in WHOLE or n <= QUOTAS.get(script, OTHERS):
            kept.append(place)
    return kept


def cut_tokenizer(tokenizer: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Return a tokenizer of the kept pieces alone, and which of the old ones they are."""
    vocabulary = tokenizer["model"]["vocab"]
    kept = choose_pieces([piece for piece, _ in vocabulary])
    places = {old: new for new, old in enumerate(kept)}
    added = [{**one, "id": places[one["id"]]} for one in tokenizer["added_tokens"]]
    framed = json.loads(json.dumps(tokenizer["post_processor"]))
    for special in framed["special_tokens"].values():
        special["ids"] = [places[old] for old in special["ids"]]
    model = {**tokenizer["model"], "vocab": [vocabulary[old] for old in kept]}
    model["unk_id"] = places[model["unk_id"]]
    cut = {**tokenizer, "model": model, "added_tokens": added, "post_processor": framed}
    return cut, kept


def pack_onto(packed: Path, weights: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    """Return a packed file with other weights; what these do not name stays."""
    from safetensors.numpy import load, save

    with zipfile.ZipFile(packed) as file:
        contents = {member.filename: file.read(member) for member in file.infolist()}
    others: dict[str, NDArray[Any]] = {}
    for name, numbers in weights.items():
        others |= _packed(name, numbers)
    arrays = load(contents[NUMBERS])
    if odd := sorted(set(others) - set(arrays)):
        raise ValueError(f"{str(packed)!r} is of another reader: {', '.join(odd[:5])} ...")
    contents[ABOUT] = _compact(about).encode()
    contents[NUMBERS] = save(arrays | others)
    return _zip(contents)


def pack(base: Path, weights: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> bytes:
    """Return the packed file of a reader: the encoder's folder, and what training changed in it."""
    from safetensors.numpy import load_file, save

    tokenizer, kept = cut_tokenizer(json.loads((base / TOKENIZER).read_text("utf-8")))
    state = load_file(base / "model.safetensors")
    moved = {n.removeprefix(ENCODER): w for n, w in weights.items() if n.startswith(ENCODER)}
    state |= moved
    state[WORDS] = state[WORDS][kept]
    arrays: dict[str, NDArray[Any]] = {}
    for name, numbers in state.items():
        arrays |= _small(name, numbers.astype(np.float32))
    for name, numbers in weights.items():
        if not name.startswith(ENCODER):
            arrays |= _packed(name, numbers)
    config = json.loads((base / "config.json").read_text("utf-8"))
    config |= {"vocab_size": len(kept), "dtype": "float32"}
    files: dict[str, Any] = {
        ABOUT: dict(about),
        "config.json": config,
        TOKENIZER: tokenizer,
        "tokenizer_config.json": json.loads((base / "tokenizer_config.json").read_text("utf-8")),
        "sentence_bert_config.json": {
            "max_seq_length": MAX_SEQ_LENGTH,
            "do_lower_case": False,
            "model_kwargs": {"add_pooling_layer": False},
        },
        "config_sentence_transformers.json": {
            "prompts": PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": _modules(),
        "1_Pooling/config.json": {
            "embedding_dimension": config["hidden_size"],
            "pooling_mode": "mean",
        },
    }
    small = {name: _compact(content).encode() for name, content in files.items()}
    return _zip({**small, NUMBERS: save(arrays)})


def _compact(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _zip(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip file; words are a quarter smaller as bzip2, numbers are not."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compresslevel=9) as file:
        for name, content in contents.items():
            how = zipfile.ZIP_BZIP2 if name == TOKENIZER else zipfile.ZIP_DEFLATED
            file.writestr(zipfile.ZipInfo(name), content, how)
    return out.getvalue()


def _packed(name: str, numbers: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return what is packed of a weight: layers above the encoder as the encoder's."""
    if name.startswith(ENCODER):
        return _small(name.removeprefix(ENCODER), numbers.astype(np.float32))
    if name.startswith(UPPER):
        return _small(READER + name, numbers.astype(np.float32))
    return {READER + name: numbers.astype(np.float16 if numbers.ndim > 1 else np.float32)}


def pack8(matrix: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return a matrix (n, d) in 8 bits, each row with the scale of its greatest number.

    The scale is in half precision, the least one that reaches that number.

    >>> pack8(np.array([[1.27, -0.5]], dtype=np.float32))["q8"].tolist()
    [[127, -50]]
    """
    wanted = np.abs(matrix).max(axis=1, keepdims=True) / 127
    near = wanted.astype(np.float16)
    scale = np.where(near < wanted, np.nextafter(near, np.float16(np.inf)), near)
    scale[scale == 0] = 1.0
    whole = np.rint(matrix / scale.astype(np.float32)).astype(np.int8)
    return {"q8": whole, "scale": scale}


def pack4(matrix: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return a matrix (n, d) in 4 bits, d a multiple of 64: numbers -8 to 7 times a block's scale.

    A block has the scale, of the two that fit its greatest number, which errs less; one that was in
    4 bits before comes back as it was.
    """
    n, width = matrix.shape
    blocks = matrix.reshape(n, width // BLOCK, BLOCK)
    at = np.abs(blocks).argmax(axis=2)[..., None]
    greatest = np.take_along_axis(blocks, at, axis=2)
    found, errors = [], []
    for steps in (-8.0, 7.0, -7.0):
        scale = (greatest / steps).astype(np.float16).astype(np.float32)
        safe = np.where(scale == 0, 1.0, scale)
        whole = np.clip(np.rint(blocks / safe), -8, 7)
        found.append((whole, scale))
        errors.append(np.abs(whole * scale - blocks).sum(axis=2, keepdims=True))
    best = np.argmin(np.stack(errors), axis=0)
    whole = np.choose(best, [one for one, _ in found]).reshape(n, width)
    scales = np.choose(best, [scale for _, scale in found])[..., 0]
    nibbles = (whole + 8).astype(np.uint8)
    return {"q4": nibbles[:, ::2] | nibbles[:, 1::2] << 4, "scale": scales.astype(np.float16)}


def _small(name: str, numbers: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    if name == WORDS:
        return {f"{name}.{kind}": array for kind, array in pack4(numbers).items()}
    if numbers.ndim == 2:
        return {f"{name}.{kind}": array for kind, array in pack8(numbers).items()}
    return {name: numbers}


def _modules() -> list[dict[str, Any]]:
    kinds = {
        "": "base.modules.transformer.Transformer",
        "1_Pooling": "sentence_transformer.modules.pooling.Pooling",
        "2_Normalize": "sentence_transformer.modules.normalize.Normalize",
    }
    return [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]


def pack_checkpoints(given: argparse.Namespace) -> None:
    """Pack what the checkpoints hold, with what is known of how they came about."""
    from evals.reader.train import FORMER, load

    paths: Sequence[Path] = given.checkpoint
    states = [load(path) for path in paths]
    learned = {n: t for state in states for n, t in state["weights"].items()}
    weights = {n: t.float().numpy() for n, t in learned.items() if not n.startswith(FORMER)}
    about = tell(paths, states, given.work / "units" / "train.jsonl.gz")
    if given.onto:
        about = tell_onto(read_about(given.onto), about)
        given.out.write_bytes(pack_onto(given.onto, weights, about))
    else:
        given.out.write_bytes(pack(given.work / "base", weights, about))
    print(
        f"{given.out}: {given.out.stat().st_size / 1e6:.1f} MB, SHA-256 {write_digest(given.out)}"
    )


def tell(paths: Sequence[Path], states: Sequence[Mapping[str, Any]], units: Path) -> dict[str, Any]:
    """Return what a packed file tells of its model: all that is needed to make it again."""
    from evals.reader.units import read_units

    stages = [state.get("plan", {}).get("stage", "find") for state in states]
    shares = [f", {s['share']:.0%} of what was learned" if "share" in s else "" for s in states]
    steps = [
        f"{stage} {state['step']:,} steps{share}"
        for stage, state, share in zip(stages, states, shares, strict=True)
    ]
    last = max(path.stat().st_mtime for path in paths)
    measured = paths[-1].with_suffix(".measured.json")
    return {
        "name": SHIPPED_MODEL,
        "date": datetime.datetime.fromtimestamp(last, datetime.UTC).date().isoformat(),
        "recipe": f"{BASE} tuned by evals/reader: {', '.join(steps)}",
        "plans": [state.get("plan") for state in states],
        "watched": [state.get("figures") for state in states],
        "measured": json.loads(measured.read_text("utf-8")) if measured.is_file() else None,
        "passages": dict(sorted(Counter(u.source for u in read_units(units)).items())),
    }


def tell_onto(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a packed model whose upper layers learned again."""
    told = {name: [*before.get(name, ()), *after[name]] for name in ("plans", "watched")}
    again = after["recipe"].partition(": ")[2]
    return {**after, **told, "recipe": f"{before['recipe']}; then {again}"}
