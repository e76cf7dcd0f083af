import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelUnavailable
from assistant.write.llm.gguf import _read_pairs, read_model_file


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(*pairs: tuple[str, bytes], version: int = 3) -> bytes:
    """Make the head of a GGUF file; each value is given with its type."""
    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs))
    return head + b"".join(text(key) + value for key, value in pairs)


NAME = ("general.name", struct.pack("<I", 8) + text("Tiny  model\x1b[31m\u202e" + "x" * 200))
CONTEXT = ("llama.context_length", struct.pack("<II", 4, 2048))
TAGS = ("general.tags", struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"))
NUMBERS = ("general.numbers", struct.pack("<IIQ3H", 9, 2, 3, 1, 2, 3))
ROPE = ("llama.rope.scaling.original_context_length", struct.pack("<II", 4, 99))
TOKENS = ("tokenizer.ggml.tokens", struct.pack("<IIQ", 9, 8, 1 << 60))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tmp_path / "tiny.Q4.gguf"


def test_a_file_says_its_name_and_context(model: Path) -> None:
    model.write_bytes(gguf(TAGS, NUMBERS, NAME, ROPE, CONTEXT, TOKENS))
    file = read_model_file(model)
    assert file.path == model
    assert file.trained_tokens == 2048
    assert file.name.startswith("Tiny model [31m xxx")
    assert len(file.name) == 80


def test_a_file_that_does_not_say_is_called_as_it_is_named(model: Path) -> None:
    model.write_bytes(gguf(TOKENS))
    assert read_model_file(model).name == "tiny.Q4"
    assert read_model_file(model).trained_tokens is None


def test_nested_arrays_end_the_reading(model: Path) -> None:
    nested = struct.pack("<IIQ", 9, 9, 1) * 50_000
    model.write_bytes(gguf(("a", nested), CONTEXT))
    assert read_model_file(model).trained_tokens is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_their_end(tail: bytes) -> None:
    list(_read_pairs(b"GGUF" + tail))
    list(_read_pairs(gguf(NAME, TAGS, CONTEXT)[: len(tail)] + tail))


def test_the_small_model_says_its_context(small_model: Path) -> None:
    assert read_model_file(small_model).trained_tokens == 8192


@pytest.mark.parametrize("data", [b"", b"GGU", b"PK\x03\x04 some archive", b"GGML...."])
def test_a_file_without_the_magic_is_refused(model: Path, data: bytes) -> None:
    model.write_bytes(data)
    with pytest.raises(ModelUnavailable, match=r"is not a GGUF file: llm.path must name"):
        read_model_file(model)


@pytest.mark.parametrize("version", [1, 4, 3 << 24])
def test_another_version_is_refused(model: Path, version: int) -> None:
    model.write_bytes(gguf(version=version))
    with pytest.raises(ModelUnavailable, match=f"of version {version}, and only"):
        read_model_file(model)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"there is no file '.*none.gguf': put the model"):
        read_model_file(tmp_path / "none.gguf")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"is a folder: llm.path must name the .gguf file"):
        read_model_file(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelUnavailable, match="is not a file"):
        read_model_file(tmp_path / "pipe.gguf")


def test_an_unreadable_file_says_why(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.write_bytes(gguf())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelUnavailable, match="cannot be read: Permission denied; let this user"):
        read_model_file(model)
