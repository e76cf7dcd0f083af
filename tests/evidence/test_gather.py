from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.encoder import CachingEncoder, TokenVectors

asked = st.lists(st.lists(st.sampled_from(["a b", "c", "d e f", "g", ""]), max_size=4), max_size=8)


class Counting(HashingEmbedder):
    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.n_embedded += len(texts)
        return super().encode(texts)


@given(asked, st.integers(0, 5))
def test_remembering_changes_nothing_but_the_work(calls: list[list[str]], n_texts: int) -> None:
    remembered, plain = CachingEncoder(HashingEmbedder(), n_texts), HashingEmbedder()
    for texts in calls:
        for found, wanted in zip(remembered.encode(texts), plain.encode(texts), strict=True):
            assert found.offsets == wanted.offsets
            assert found.vectors.dtype == np.float32
            assert np.array_equal(found.vectors, wanted.vectors.astype(np.float16))


def test_a_text_is_encoded_once_while_it_is_remembered() -> None:
    encoder = Counting()
    remembered = CachingEncoder(encoder, n_texts=2)
    for text in ("a", "b", "a", "c", "a"):  # "b" is the one that was seen longest ago
        remembered.encode([text, text])
    assert encoder.n_embedded == 3
    remembered.encode(["b"])
    assert encoder.n_embedded == 4


def test_many_threads_may_ask_at_once() -> None:
    remembered = CachingEncoder(HashingEmbedder(), n_texts=3)
    texts = [f"word {n % 7}" for n in range(200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: remembered.encode([text])[0], texts))
    for tokens, wanted in zip(found, HashingEmbedder().encode(texts), strict=True):
        assert np.array_equal(tokens.vectors, wanted.vectors.astype(np.float16))
