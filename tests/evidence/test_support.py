import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.scorer import load_weights
from assistant.evidence.support import (
    SUPPORT_FEATURES,
    compare_support,
    measure_support,
    score_support,
)

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
