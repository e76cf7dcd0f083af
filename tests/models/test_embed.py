import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.embed import pool_spans
from assistant.models.encoder import BATCH_TOKENS, TokenVectors, _batches, pool

TOKENS = np.array([[1, 0], [3, 0], [0, 2], [0, 4]], dtype=np.float32)


def test_mean_pooling_is_the_unit_vector_of_the_mean() -> None:
    assert pool(TOKENS, "mean") == pytest.approx(np.array([4, 6]) / np.sqrt(52))


def test_cls_pooling_is_the_unit_vector_of_the_first_token() -> None:
    assert pool(TOKENS, "cls") == pytest.approx([1, 0])


def test_a_sentences_vector_is_the_mean_of_its_own_tokens() -> None:
    tokens = TokenVectors(TOKENS, [(0, 0), (0, 4), (5, 9), (0, 0)])
    pooled = pool_spans(tokens, [(0, 4), (5, 10), (0, 9)])
    assert pooled == pytest.approx(np.array([[1, 0], [0, 1], [3, 2] / np.sqrt(13)]))


def test_a_sentence_without_a_token_gets_the_whole_texts_vector() -> None:
    tokens = TokenVectors(TOKENS, [(0, 0), (0, 4), (5, 9), (0, 0)])
    assert pool_spans(tokens, [(20, 30)])[0] == pytest.approx(pool(TOKENS, "mean"))


def test_a_zero_vector_stays_zero() -> None:
    assert pool(np.zeros((2, 3), dtype=np.float32), "mean").tolist() == [0, 0, 0]


@given(st.lists(st.integers(1, 600), max_size=60), st.sampled_from([0, BATCH_TOKENS]))
def test_batches_hold_every_text_once_and_pad_little(lengths: list[int], most: int) -> None:
    batches = list(_batches(lengths, most))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert lengths[batch[0]] == longest
        assert len(batch) == 1 or longest * len(batch) <= most
