import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ModelUnavailable
from assistant.write.llm.local import HEAD_BYTES, MAX_NAME_CHARS, read_model_file


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
    assert file.name.startswith("Tiny model[31mxxx")
    assert len(file.name) == 80


def test_a_file_that_does_not_say_is_called_as_it_is_named(model: Path) -> None:
    model.write_bytes(gguf(TOKENS))
    assert read_model_file(model).name == "tiny.Q4"
    assert read_model_file(model).trained_tokens is None


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic_are_a_file_with_a_name(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.gguf"
    head = gguf(NAME, TAGS, CONTEXT)
    for data in (b"GGUF" + tail, head[: len(tail)] + tail):
        path.write_bytes(data if data.startswith(b"GGUF") else b"GGUF" + data)
        found = read_model_file(path)
        assert 0 < len(found.name) <= MAX_NAME_CHARS
        assert found.trained_tokens is None or found.trained_tokens > 0


def test_a_large_file_is_not_read_to_its_end(model: Path) -> None:
    with model.open("wb") as file:
        file.write(gguf(NAME))
        file.seek(50 * HEAD_BYTES)
        file.write(gguf(CONTEXT))
    assert read_model_file(model).trained_tokens is None


def test_the_small_model_says_its_context(small_model: Path) -> None:
    assert read_model_file(small_model).trained_tokens == 8192


@pytest.mark.parametrize("data", [b"", b"GGU", b"PK\x03\x04 some archive", b"GGML...."])
def test_a_file_without_the_magic_is_refused(model: Path, data: bytes) -> None:
    model.write_bytes(data)
    with pytest.raises(ModelUnavailable, match=r"is not a GGUF file: llm.path must name"):
        read_model_file(model)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"none.gguf' cannot be read: No such file .*llm.path"
    ):
        read_model_file(tmp_path / "none.gguf")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"Is a directory; llm.path must name a file"):
        read_model_file(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelUnavailable, match="is not a GGUF file"):
        read_model_file(tmp_path / "pipe.gguf")


def test_an_unreadable_file_says_why(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model.write_bytes(gguf())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelUnavailable, match=r"Permission denied; .* this user may read"):
        read_model_file(model)
