import signal

import pytest

from assistant.write.llm.local import MAX_SAID_CHARS, explain

TRUNCATED = [
    "0.00.042.285 E llama_model_load: error loading model: tensor 'x' is not within the file\n",
    "0.00.042.314 E llama_model_load_from_file_impl: failed to load model\n",
    "0.00.042.617 E srv          init: exiting due to model loading error\n",
]


def test_the_cause_is_told_and_not_what_follows_of_it() -> None:
    assert explain(3, TRUNCATED) == (
        "llama_model_load: error loading model: tensor 'x' is not within the file (exit status 3); "
        "if the file may be damaged, get it anew"
    )


def test_a_crash_tells_its_last_lines() -> None:
    lines = [*TRUNCATED, "0.00.04.1 E a\n", "ggml.c:9: GGML_ASSERT(n) failed\n", "0.00.441.049 "]
    said = explain(-signal.SIGABRT, lines)
    assert said.startswith("a / ggml.c:9: GGML_ASSERT(n) failed (Aborted)")


def test_a_kill_is_put_down_to_memory() -> None:
    assert "memory ran out: take a smaller model or fewer" in explain(-signal.SIGKILL, [])


@pytest.mark.parametrize(
    "line",
    [
        "llama_model_load: error loading model: mmap failed: Cannot allocate memory",
        "ggml_aligned_malloc: insufficient memory (attempted to allocate 896.00 MB)",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "failed to allocate buffer for kv cache",
        "ggml/src/ggml.c:1644: GGML_ASSERT(ctx->mem_buffer != NULL) failed",
        "alloc_tensor_range: allocation of 12 buffer failed",
    ],
)
def test_short_memory_is_known_by_its_words(line: str) -> None:
    assert explain(3, [line]).startswith("there is not enough memory")
    assert "take a smaller model" in explain(3, [line])


def test_a_missing_library_is_named() -> None:
    said = explain(1, ["ImportError: libgomp.so.1: cannot open shared object file"])
    assert "Debian: libgomp1" in said


def test_silence_is_told_as_such() -> None:
    assert explain(9, []).startswith("it said nothing (exit status 9)")


def test_what_it_said_is_short_and_printable() -> None:
    said = explain(3, ["\x1b[2J\u202e\x00" + "y" * 5000])
    assert said.isprintable()
    assert len(said) < MAX_SAID_CHARS + 100
