"""Unpacks the shipped model, whose numbers were made small, for `SentenceTransformer` to load.

A packed model is a zip file: the folder's small files as they are, and `packed.safetensors`, where
a matrix is kept in 8 bits with a scale for each row (`NAME.q8`, `NAME.scale`), in 4 bits with a
scale for each 32 numbers of a row (`NAME.q4`), or as it is. Out: `model.safetensors` in half
precision, and `reader.safetensors` with what reads (names that begin with "reader."). Beside it
lies its SHA-256, as `sha256sum` writes it. A file that is not one raises `ModelError`.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
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


def read_digest(packed: Path) -> str:
    """Return the SHA-256 that a packed file must have.

    Raises:
        ModelError: nothing says so.
    """
    try:
        return packed.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
    except (OSError, ValueError, IndexError) as error:
        raise ModelError(f"the SHA-256 of {str(packed)!r} is not beside it ({error})") from error


def write_digest(packed: Path) -> str:
    """Write beside a packed file what `read_digest` reads; return it."""
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    packed.with_suffix(".sha256").write_text(f"{digest}  {packed.name}\n", encoding="ascii")
    return digest


def read_about(packed: Path) -> dict[str, Any]:
    """Return what a packed file tells of its model: name, recipe, data, date and figures.

    Raises:
        ModelError: it is no packed model, or is damaged.
    """
    try:
        with zipfile.ZipFile(packed) as file:
            about: dict[str, Any] = json.loads(file.read(ABOUT))
            return about
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"the model {str(packed)!r} cannot be read ({error})") from error


def unpack(packed: Path, folder: Path) -> None:
    """Write the model of a packed file into a folder, in place of what is there.

    The folder is there whole or not at all.

    Raises:
        ModelError: the file is no packed model, or is damaged.
        OSError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(packed) as file:
            small, arrays = _read(file)
            half = {name: restore(name, arrays) for name in _names(arrays)}
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"the model {str(packed)!r} cannot be unpacked ({error})") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        (made := Path(aside, "model")).mkdir(mode=0o700)
        for name, data in small.items():
            (made / name).parent.mkdir(exist_ok=True)
            (made / name).write_bytes(data)
        _save(half, made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _read(file: zipfile.ZipFile) -> tuple[dict[str, bytes], dict[str, Array]]:
    """Return the small files of a packed model, and its numbers."""
    from safetensors.numpy import load

    members = file.infolist()
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise ValueError("it is too big")
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or len(path.parts) > 2:
            raise ValueError(f"{member.filename!r} lies outside of it")
    small = {one.filename: file.read(one) for one in members if one.filename != NUMBERS}
    return small, load(file.read(NUMBERS))


def _save(numbers: Mapping[str, NDArray[np.float32]], folder: Path) -> None:
    from safetensors.numpy import save

    model = {n: m.astype(np.float16) for n, m in numbers.items() if not n.startswith(READER)}
    (folder / "model.safetensors").write_bytes(save(model, metadata={"format": "pt"}))
    heads = {n.removeprefix(READER): m for n, m in numbers.items() if n.startswith(READER)}
    (folder / "reader.safetensors").write_bytes(save(heads))


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


def _names(arrays: Mapping[str, Array]) -> Iterator[str]:
    for name in arrays:
        base, _, kind = name.rpartition(".")
        if kind in ("q8", "q4"):
            yield base
        elif kind != "scale" or not arrays.keys() & {f"{base}.q8", f"{base}.q4"}:
            yield name
