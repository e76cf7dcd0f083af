from collections.abc import Sequence

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.calibration import Logistic
from assistant.evidence.scorer import load_weights
from assistant.evidence.support import (
    READ_SUPPORT_FEATURES,
    SUPPORT_FEATURES,
    compare_support,
    measure_support,
    score_support,
)
from assistant.models.reader import Encoded, QuestionTokens, ReadPassage, Spans

TRUE = "Flax Typhoon hacked 260,000 routers in 2021."
words = st.sampled_from("Danube Nile rises Germany the not 1998 long".split())
sentences = st.lists(st.lists(words, min_size=1, max_size=6).map(" ".join), max_size=4)


def support_of(statement: str, *cited: str) -> float:
    return score_support(statement, cited, HashingEmbedder(), load_weights().support)


def features_of(statement: str, *cited: str) -> dict[str, float]:
    support = compare_support(statement, cited, HashingEmbedder())
    assert support is not None
    return {f.__name__: f(support) for f in SUPPORT_FEATURES}


@pytest.mark.parametrize(
    "altered",
    [
        "Flax Typhoon hacked 270,000 routers in 2021.",
        "Volt Hurricane hacked 260,000 routers in 2021.",
        "Salt Wind built no schools before 1999.",
    ],
)
def test_a_statement_that_the_sentence_says_has_more_support_than_one_that_differs(
    altered: str,
) -> None:
    assert support_of(TRUE, TRUE) > support_of(altered, TRUE)


def test_a_statement_without_sentences_or_without_content_has_no_support() -> None:
    assert support_of(TRUE) == support_of(TRUE, "") == support_of("It is what it was.", TRUE) == 0.0


def test_names_that_no_sentence_has_are_counted() -> None:
    found = features_of("It was Volt Typhoon in 2021", "A typhoon came.", "That was 2021.")
    assert found["missing_names"] == pytest.approx(np.log(2))


def test_a_denial_on_one_side_only_is_seen() -> None:
    assert features_of("Hertz did not sign.", "Hertz signed.")["denied"] == 1.0
    assert features_of("Hertz did not sign.", "Hertz never signed.")["denied"] == 0.0


@given(statement=st.lists(words, min_size=1).map(" ".join), cited=sentences)
def test_every_feature_is_finite_and_a_further_sentence_never_lowers_coverage(
    statement: str, cited: list[str]
) -> None:
    support = compare_support(statement, cited, HashingEmbedder())
    if support is None:
        return
    assert np.isfinite(measure_support(support)).all()
    more = features_of(statement, *cited, "Danube 1998")
    assert more["coverage_of_all"] >= features_of(statement, *cited)["coverage_of_all"]


class Agreeing:
    """A reader that has learned to compare: the more words quotes share, the surer it is."""

    sha256 = "agreeing"
    knows_support = True

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode_question(self, text: str) -> QuestionTokens:
        raise AssertionError("nothing is asked")

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        self.seen += texts
        found = HashingEmbedder().encode(texts)
        return [
            Encoded(one.vectors, one.vectors[:, :0], np.array(one.offsets, np.int64).reshape(-1, 2))
            for one in found
        ]

    def read(
        self, question: QuestionTokens, passages: Sequence[Encoded], sentences: Sequence[Spans]
    ) -> list[ReadPassage]:
        raise AssertionError("nothing is asked")

    def support(self, statement: Encoded, quotes: Encoded) -> float:
        return 100.0 * float((statement.late @ quotes.late.T).max(axis=1).mean()) - 50.0


def test_a_reader_that_has_learned_to_compare_is_asked_of_all_quotes_at_once() -> None:
    reader = Agreeing()
    support = compare_support(TRUE, ["It was\n2021.", TRUE], HashingEmbedder(), reader)
    assert support is not None
    assert reader.seen[-2:] == [TRUE, f"It was 2021. {TRUE}"]
    assert support.read == pytest.approx(50.0)
    measured = measure_support(support, with_reader=True)
    assert (len(measured), measured[-1]) == (len(READ_SUPPORT_FEATURES), 6.0)
    assert measure_support(support).tolist() == measured[:-1].tolist()


def test_of_much_that_is_cited_the_reader_sees_what_shares_most_in_its_order() -> None:
    reader = Agreeing()
    idle = [f"Nothing of it stands in part {n}. " + "More follows. " * 40 for n in range(5)]
    compare_support(TRUE, [idle[0], "Typhoon hacked.", *idle[1:], TRUE], HashingEmbedder(), reader)
    assert reader.seen[-1] == f"{idle[0]}Typhoon hacked. {TRUE}"
    assert len(reader.seen[-1]) <= 900
    compare_support(TRUE, [TRUE * 60], HashingEmbedder(), reader)
    assert len(reader.seen[-1]) == 900


def test_the_readers_word_counts_where_weights_say_so() -> None:
    zeros = [0.0] * len(SUPPORT_FEATURES)
    weights = Logistic(0.0, (*zeros, 1.0))
    right = score_support(TRUE, [TRUE], HashingEmbedder(), weights, Agreeing())
    wrong = score_support(TRUE, ["Nobody came."], HashingEmbedder(), weights, Agreeing())
    assert right > 0.99
    assert wrong < 0.01
