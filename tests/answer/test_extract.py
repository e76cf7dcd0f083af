import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.evidence import Candidate, OverlapScorer, coverage, number_sentences
from assistant.answer.extract import NOT_SAID, NOTHING_RETRIEVED, extract, select
from assistant.index.terms import terms
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.values import DocumentId, Passage, PassageId, RankedPassage

TEXT = "The Danube rises in Germany. It is long. The Nile rises in Burundi."
SPANS = ((0, 28), (29, 40), (41, 67))
PASSAGE = Passage(PassageId("p:0-67"), DocumentId("r.txt"), 0, 67, TEXT, SPANS)
QUERY = np.array([1, 0], dtype=np.float32)
VECTORS = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
WEIGHTS = {"danub": 3.0, "nile": 2.0, "rise": 1.0}


def retrieval(*ranked: RankedPassage) -> Retrieval:
    return Retrieval("Danube Nile rise", QUERY, WEIGHTS, ranked, (VECTORS,) * len(ranked))


class Scripted:
    """Gives each candidate the score written for it."""

    def __init__(self, *scores: float) -> None:
        self.scores = scores

    def score(self, retrieval: Retrieval, candidates: list[Candidate]) -> list[float]:
        return list(self.scores)


RANKED = RankedPassage(PASSAGE, 1, 0.9, 0.9, 1.0)


def test_sentences_are_numbered_from_1_with_the_one_before_and_their_cosine() -> None:
    candidates = number_sentences(retrieval(RANKED))
    assert [c.sentence.number for c in candidates] == [1, 2, 3]
    assert [c.terms for c in candidates] == [frozenset(terms(TEXT[a:b])) for a, b in SPANS]
    assert [c.previous_terms for c in candidates] == [
        frozenset(),
        candidates[0].terms,
        candidates[1].terms,
    ]
    assert {c.passage_terms for c in candidates} == {frozenset(terms(TEXT))}
    assert [c.cosine for c in candidates] == pytest.approx([1, 0, 0.6])


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ((0.9, 0.1, 0.8), [1, 3]),
        ((0.5, 0.1, 0.9), [1, 3]),
        ((0.9, 0.8, 0.1), [1]),
        ((0.1, 0.9, 0.1), [2]),
    ],
    ids=["both halves", "in reading order", "no gain", "the best, whatever it covers"],
)
def test_extract_quotes_the_sentences_that_together_answer(scores, wanted: list[int]) -> None:
    draft, sentences = extract(retrieval(RANKED), Scripted(*scores), Settings(answer_bar=0.4))
    assert [statement.sentences for statement in draft.statements] == [(n,) for n in wanted]
    assert [s.text for s in draft.statements] == [sentences[n - 1].text for n in wanted]
    assert draft.confidence == max(scores)
    assert draft.reason is None


def test_extract_abstains_below_the_bar_and_says_so() -> None:
    draft, sentences = extract(retrieval(RANKED), Scripted(0.1, 0.2, 0.3), Settings(answer_bar=0.4))
    assert (draft.statements, draft.confidence, draft.reason) == ((), 0.3, NOT_SAID)
    assert len(sentences) == 3


def test_extract_abstains_when_nothing_was_retrieved() -> None:
    draft, sentences = extract(retrieval(), Scripted(), Settings())
    assert (draft.statements, draft.confidence, draft.reason) == ((), 0.0, NOTHING_RETRIEVED)
    assert sentences == ()


@given(
    scores=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    bar=st.floats(0, 1),
    gain=st.floats(0, 1),
    most=st.integers(1, 3),
)
def test_select_takes_the_best_first_and_never_one_under_the_bar(scores, bar, gain, most) -> None:
    settings = Settings(answer_bar=bar, min_gain=gain, max_statements=most)
    chosen = select(number_sentences(retrieval(RANKED)), scores, WEIGHTS, settings)
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= most
    assert scores.index(max(scores)) in chosen
    assert all(scores[i] >= bar for i in chosen if i != scores.index(max(scores)))


@given(found=st.sets(st.sampled_from([*WEIGHTS, "other"])), weights=st.just(WEIGHTS))
def test_coverage_is_a_share_that_grows_with_what_is_found(found, weights) -> None:
    share = coverage(found, weights)
    assert 0 <= share <= 1
    assert coverage(set(weights), weights) == 1
    assert all(coverage(found | {term}, weights) >= share for term in weights)


def test_coverage_of_a_question_without_terms_is_nothing() -> None:
    assert coverage({"any"}, {}) == 0.0


def test_the_overlap_scorer_prefers_the_sentence_that_shares_terms_and_meaning() -> None:
    scores = OverlapScorer().score(retrieval(RANKED), number_sentences(retrieval(RANKED)))
    assert len(scores) == 3
    assert all(0 < score < 1 for score in scores)
    assert max(scores) == scores[0]
    assert min(scores) == scores[1]
