"""What the head of a GGUF file says of the model in it: its name and its context.

`ModelUnavailable` is raised for what is no GGUF file, or cannot be read, and says what to do.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ModelUnavailable

MAGIC = b"GGUF"
VERSIONS = (2, 3)
HEAD_BYTES = 1 << 20
"""The general facts come first; what follows are the tokenizer's long lists."""
MAX_NAME_CHARS = 80
NUMBERS = dict(enumerate("<B <b <H <h <I <i <f <?".split())) | {10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file by its absolute path, with the name and the trained context that it tells."""

    path: Path
    name: str
    trained_tokens: int | None


def read_model_file(path: Path) -> ModelFile:
    """Read what a GGUF file says of itself.

    Raises:
        ModelUnavailable: it is missing, a folder, unreadable or no GGUF file.
    """
    path = path.expanduser().absolute()
    head = _read_head(path)
    if not head.startswith(MAGIC):
        raise ModelUnavailable(
            f"{str(path)!r} is not a GGUF file: llm.path must name a model in that format, such as "
            "Qwen2.5-1.5B-Instruct-Q4_K_M.gguf"
        )
    version = int.from_bytes(head[4:8], "little")
    if version not in VERSIONS:
        raise ModelUnavailable(
            f"{str(path)!r} is a GGUF file of version {version}, and only {VERSIONS} can be read: "
            "it is damaged, or must be converted anew"
        )
    name, trained = "", None
    for key, value in _read_pairs(head):
        if key == "general.name" and isinstance(value, str):
            name = clean(value)[:MAX_NAME_CHARS]
        elif key.endswith(".context_length") and isinstance(value, int) and value > 0:
            trained = value
    return ModelFile(path, name or clean(path.stem)[:MAX_NAME_CHARS], trained)


def _read_head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ModelUnavailable(
                f"{str(path)!r} is a folder: llm.path must name the .gguf file in it"
            )
        if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
            raise ModelUnavailable(f"{str(path)!r} is not a file: llm.path must name a .gguf file")
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"there is no file {str(path)!r}: put the model there or correct llm.path"
        ) from error
    except OSError as error:
        raise ModelUnavailable(
            f"{str(path)!r} cannot be read: {error.strerror or error}; let this user read it, or "
            "correct llm.path"
        ) from error


def _read_pairs(head: bytes) -> Iterator[tuple[str, object]]:
    """Yield the keys and values until the head, or what can be understood of it, ends."""
    reader = _Reader(head)
    try:
        reader.take("<IIQ")  # magic, version, number of tensors
        for _ in range(reader.take("<Q")):
            key = reader.take_string()
            if key.startswith("tokenizer."):
                return
            yield key, reader.take_value(reader.take("<I"))
    except (struct.error, KeyError):
        return


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> int:
        """Take the last number of a layout."""
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values[-1]  # type: ignore[no-any-return]

    def take_string(self) -> str:
        n_bytes = self.take("<Q")
        (value,) = struct.unpack_from(f"{n_bytes}s", self._data, self._at)
        self._at += n_bytes
        return bytes(value).decode("utf-8", "replace")

    def take_value(self, kind: int) -> object:
        """Take a value; an array's values are passed over."""
        if kind == STRING:
            return self.take_string()
        if kind == ARRAY:
            kind, n_values = self.take("<I"), self.take("<Q")
            for _ in range(n_values):
                if kind == STRING:
                    self.take_string()
                else:  # there are no arrays of arrays
                    self.take(NUMBERS[kind])
            return None
        return self.take(NUMBERS[kind])


def clean(text: str) -> str:
    """Return a text that can be shown: of one line and printable."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
