from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st
from retrievals import passage, retrieve

from assistant.evidence import features
from assistant.evidence.features import SENTENCE_FEATURES, Evidence, measure, measure_question
from assistant.evidence.gather import gather
from assistant.models.encoder import TokenVectors
from assistant.text.cues import leans_back
from assistant.values import Passage

RIVERS = passage("The Danube rises in Germany.", "It is long.", "The Nile rises in Burundi.")
SEAS = passage("The Baltic is a sea.", name="seas.txt", heading="Danube")
words = st.sampled_from("Danube Nile rises Germany It long sea Who 1998 not".split())
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)


def gathered(query: str, *passages: Passage) -> Evidence:
    return gather(retrieve(query, *passages), HashingEmbedder())[1]


def test_sentences_are_numbered_from_1_over_all_passages() -> None:
    sentences, evidence = gather(retrieve("Danube", RIVERS, SEAS), HashingEmbedder())
    assert [s.number for s in sentences] == [1, 2, 3, 4]
    assert [s.text for s in sentences] == list(evidence.texts)
    assert evidence.passages.tolist() == [0, 0, 0, 1]


def test_nothing_retrieved_gives_evidence_of_nothing() -> None:
    sentences, evidence = gather(retrieve("Danube"), HashingEmbedder())
    assert sentences == ()
    assert measure(evidence).shape == (0, len(SENTENCE_FEATURES))


@given(query=texts, sentences=st.lists(texts, min_size=1, max_size=4))
def test_maxsim_is_what_its_formula_says(query: str, sentences: list[str]) -> None:
    """Against the plain double loop: each question token's best cosine, weighted and summed."""
    evidence = gathered(query, passage(*sentences))
    embedder = HashingEmbedder()
    (asked,) = embedder.encode([query])
    for text, found in zip(sentences, features.likeness(evidence), strict=True):
        (own,) = embedder.encode([text])
        best = [max(float(q @ v) for v in own.vectors) for q in asked.vectors]
        wanted = sum(w * b for w, b in zip(evidence.weights, best, strict=True))
        assert found == pytest.approx(wanted, abs=1e-5)


@given(query=texts, sentences=st.lists(texts, min_size=1, max_size=5))
def test_every_feature_is_a_finite_number_for_each_sentence(
    query: str, sentences: list[str]
) -> None:
    evidence = gathered(query, passage(*sentences), SEAS)
    measured = measure(evidence)
    assert measured.shape == (len(evidence.texts), len(SENTENCE_FEATURES))
    assert np.isfinite(measured).all()
    scores = measured[:, 0].astype(float)
    assert np.isfinite(measure_question(evidence, scores)).all()


@given(query=texts, sentences=st.lists(texts, min_size=1, max_size=5))
def test_more_text_is_never_less_like_the_question(query: str, sentences: list[str]) -> None:
    evidence = gathered(query, passage(*sentences))
    alone, wide = features.likeness(evidence), features.likeness_of_passage(evidence)
    for between in (
        features.likeness_with_previous(evidence),
        features.likeness_with_next(evidence),
    ):
        assert (alone <= between + 1e-9).all()
        assert (between <= wide + 1e-9).all()
    assert (features.coverage(evidence) <= features.coverage_of_passage(evidence) + 1e-9).all()


def test_the_sentence_that_has_the_words_is_covered_most() -> None:
    found = features.coverage(gathered("Where does the Nile rise?", RIVERS))
    assert found.tolist() == pytest.approx([0.5, 0.0, 1.0])


def test_a_passage_lends_its_neighbour_nothing() -> None:
    evidence = gathered("long", RIVERS, passage("Short.", name="other.txt"))
    assert features.coverage_with_previous(evidence).tolist() == [0.0, 1.0, 1.0, 0.0]


def test_a_question_of_function_words_alone_weighs_them_all_the_same() -> None:
    evidence = gathered("who is it", RIVERS)
    assert evidence.weights.tolist() == pytest.approx([1 / 3] * 3)


def test_a_heading_is_context_and_no_evidence() -> None:
    evidence = gathered("Danube", SEAS)
    assert features.coverage(evidence).tolist() == [0.0]


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("He also said so.", True),
        ("“They left.”", True),
        ("The latter won.", True),
        ("However, Hertz stayed.", True),
        ("Hertz stayed.", False),
        ("Itself a town, Bonn grew.", False),
        ("", False),
    ],
)
def test_a_sentence_that_needs_the_one_before_is_known(text: str, leans: bool) -> None:
    assert leans_back(text) is leans


class Deaf:
    """An encoder that finds no word piece in anything."""

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        return [TokenVectors(np.zeros((0, 4), dtype=np.float32), []) for _ in texts]


def test_texts_without_word_pieces_have_features_all_the_same() -> None:
    _, evidence = gather(retrieve("Danube", RIVERS), Deaf())
    assert np.isfinite(measure(evidence)).all()
    assert np.isfinite(measure_question(evidence, np.zeros(3))).all()


@pytest.mark.parametrize(
    ("sentences", "best", "echo"),
    [
        (["Danube rises", "In Germany."], 0, 1.0),  # a heading with something below
        (["Danube", "In Germany."], 0, 0.5),
        (["In Germany.", "Danube rises"], 1, 0.0),  # nothing stands below it
        (["Danube rises in Burundi", "In Germany."], 0, 0.0),  # it tells something itself
    ],
)
def test_a_best_sentence_that_only_repeats_the_question_speaks_for_what_stands_below(
    sentences: list[str], best: int, echo: float
) -> None:
    evidence = gathered("Danube rises", passage(*sentences), SEAS)
    scores = np.zeros(len(evidence.texts))
    scores[best] = 1.0
    assert features.echo_of_best(features.ScoredEvidence(evidence, scores)) == pytest.approx(echo)


def test_what_is_in_another_language_than_the_question_is_known() -> None:
    german = replace(passage("Der Brunnen ist neun Meter tief."), language="de")
    evidence = gathered("How deep is the well?", german, SEAS)
    assert evidence.across is not None
    assert evidence.across.tolist() == [True, False]
    assert not features.is_across(evidence)  # one of them is in its language
    assert features.is_across(gathered("How deep is the well?", german))
    read = replace(evidence, reading=np.array([-3.0, 1.0]))
    found = features.measure_across(read, np.array([2.0, 0.0]))
    fused, cosine = float(read.fused.max()), float(read.cosines[0])
    assert found.tolist() == pytest.approx([2.0, fused, cosine, 1.0, -3.0])


@pytest.mark.parametrize(
    ("question", "language", "is_across"),
    [
        ("Wie tief ist der Brunnen?", "de", False),
        ("Wie tief ist der Brunnen?", "en", True),
        ("Какова глубина колодца?", "en", True),
        ("Brunnen 4", "en", False),  # no word tells a language
        ("well depth", "de", False),
    ],
)
def test_a_question_is_in_another_language_only_where_something_tells_so(
    question: str, language: str, is_across: bool
) -> None:
    evidence = gathered(question, replace(RIVERS, language=language))
    assert evidence.across is not None
    assert set(evidence.across.tolist()) == {is_across}


def test_without_knowing_of_languages_nothing_is_across() -> None:
    evidence = replace(gathered("Danube", RIVERS), across=None)
    assert not features.is_across(evidence)


def test_where_half_of_the_question_stands_in_a_sentence_they_are_of_one_language() -> None:
    guessed = replace(passage("In Wohnung 12 wohnt Frau Adler.", "It is wet."), language="en")
    assert not features.is_across(gathered("Wer wohnt in Wohnung 13?", guessed))
    assert features.is_across(gathered("Wie feucht ist es dort bei Adler?", guessed))
