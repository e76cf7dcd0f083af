"""Unpacks a model whose numbers were made small, into a folder that `SentenceTransformer` loads.

A packed model is a zip file: the folder's small files as they are, and `packed.safetensors`, where
a matrix is kept in 8 bits with a scale for each row (`NAME.q8`, `NAME.scale`), in 4 bits with a
scale for each 32 numbers of a row (`NAME.q4`), or as it is. Out: `model.safetensors` in half
precision, and `reader.safetensors` with what reads (names that begin with "reader."). A file that
is not one raises `ModelError`.
"""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError

NUMBERS = "packed.safetensors"
ABOUT = "about.json"
BLOCK = 32
"""Numbers of a row that have a scale of 4 bits together."""
MAX_BYTES = 1 << 30
"""Of a packed model's files unpacked: more is none of ours."""
READER = "reader."

Array = NDArray[Any]


def restore(name: str, arrays: Mapping[str, Array]) -> NDArray[np.float32]:
    """Return the numbers of a name, as they were before packing but for rounding."""
    if name in arrays:
        return arrays[name].astype(np.float32)
    scale = arrays[f"{name}.scale"].astype(np.float32)
    if f"{name}.q8" in arrays:
        rows: NDArray[np.float32] = arrays[f"{name}.q8"].astype(np.float32) * scale
        return rows
    halves = arrays[f"{name}.q4"]
    whole = np.empty((len(halves), 2 * halves.shape[1]), dtype=np.float32)
    whole[:, ::2], whole[:, 1::2] = halves & 15, halves >> 4
    whole -= 8
    whole *= np.repeat(scale, BLOCK, axis=1)
    return whole


def unpack(packed: Path, folder: Path) -> None:
    """Write the model of a packed file into a folder, which is there whole or not at all.

    Raises:
        ModelError: the file is no packed model, or is damaged.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        (made := Path(aside, "model")).mkdir(mode=0o700)
        try:
            _unpack(packed, made)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"the model {str(packed)!r} cannot be unpacked ({error}); install the assistant "
                "again"
            ) from error
        try:
            os.replace(made, folder)
        except OSError:
            if not folder.is_dir():  # another process may have finished first
                raise


def _unpack(packed: Path, made: Path) -> None:
    from safetensors.numpy import load, save_file

    with zipfile.ZipFile(packed) as file:
        if sum(member.file_size for member in file.infolist()) > MAX_BYTES:
            raise ValueError("it is too big")
        arrays = load(file.read(NUMBERS))
        for member in file.infolist():
            target = made / member.filename
            if not target.resolve().is_relative_to(made.resolve()):
                raise ValueError(f"{member.filename!r} lies outside of it")
            if member.filename == NUMBERS:
                continue
            target.parent.mkdir(exist_ok=True)
            with file.open(member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
    names = list(_names(arrays))
    half = {n: restore(n, arrays).astype(np.float16) for n in names if not n.startswith(READER)}
    save_file(half, made / "model.safetensors", metadata={"format": "pt"})
    heads = {n.removeprefix(READER): restore(n, arrays) for n in names if n.startswith(READER)}
    save_file(heads, made / "reader.safetensors")


def _names(arrays: Mapping[str, Array]) -> Iterator[str]:
    for name in arrays:
        base, _, kind = name.rpartition(".")
        if kind in ("q8", "q4"):
            yield base
        elif kind != "scale":
            yield name


def read_about(folder: Path) -> dict[str, Any]:
    """Return what is told of a model in its folder: recipe, data, date and figures."""
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return about
