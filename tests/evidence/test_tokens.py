import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.gather import read_tokens, weigh_tokens
from assistant.models.encoder import TokenVectors

PIECES = TokenVectors(
    np.array([[9, 9], [2, 0], [0, 3], [1, 1], [5, 0]], dtype=np.float32),
    [(0, 0), (2, 8), (8, 10), (11, 15), (0, 0)],
)
"""Of "x\\nTyphoons 2019": a prefix of 2 characters, a word in two pieces, a number, specials."""


def test_tokens_know_their_words_and_spans_and_leave_specials_out() -> None:
    tokens = read_tokens("Typhoons 2019", PIECES, prefix=2)
    assert tokens.spans.tolist() == [[0, 6], [6, 8], [9, 13]]
    assert tokens.words.tolist() == [0, 0, 1]
    assert tokens.terms.tolist() == ["typhoon", "typhoon", "2019"]
    assert tokens.are_names.tolist() == [False, False, True]
    assert np.linalg.norm(tokens.vectors, axis=1) == pytest.approx([1, 1, 1])


def test_tokens_of_the_prefix_are_no_tokens_of_the_text() -> None:
    encoded = TokenVectors(np.ones((2, 2), dtype=np.float32), [(0, 1), (2, 3)])
    assert read_tokens("a", encoded, prefix=2).spans.tolist() == [[0, 1]]


def test_the_pieces_of_a_word_share_its_weight() -> None:
    tokens = read_tokens("Typhoons 2019", PIECES, prefix=2)
    weights = weigh_tokens(tokens, {"typhoon": 3.0, "2019": 1.0})
    assert weights.tolist() == pytest.approx([0.375, 0.375, 0.25])


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=5), st.floats(0, 9)))
def test_weights_add_up_to_1_whatever_the_text(text: str, term_weights: dict[str, float]) -> None:
    (encoded,) = HashingEmbedder().encode([text])
    tokens = read_tokens(text, encoded)
    weights = weigh_tokens(tokens, term_weights)
    assert len(weights) == len(tokens)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0 if len(tokens) else 0.0)
