import ir_measures
import pytest
from evaluation.outcomes import outcome, question, unanswerable
from hypothesis import assume, given
from hypothesis import strategies as st
from ir_measures import RR, Qrel, R, ScoredDoc, nDCG

from assistant.evaluation.measures.ranking import (
    all_gold_at_10,
    evidence_recall_at,
    ndcg_at_10,
    recall_at,
    reciprocal_rank,
)

REFERENCE = {
    R @ 1: recall_at(1),
    R @ 5: recall_at(5),
    R @ 10: recall_at(10),
    nDCG @ 10: ndcg_at_10,
    RR @ 10: reciprocal_rank,
}
names = st.integers(0, 25).map("d{:02}".format)


@given(
    st.lists(names, min_size=1, max_size=40),
    st.dictionaries(names, st.integers(0, 3), min_size=1, max_size=20),
)
def test_the_measures_are_those_of_trec_eval(ranking: list[str], grades: dict[str, int]) -> None:
    assume(any(grades.values()))
    asked = question(documents=sorted(grades), grades=grades)
    one = outcome("It is.", asked=asked, ranking=ranking)
    distinct = list(dict.fromkeys(ranking))
    found = ir_measures.calc_aggregate(
        list(REFERENCE),
        [Qrel("q", document, grade) for document, grade in grades.items()],
        [ScoredDoc("q", document, float(-n)) for n, document in enumerate(distinct)],
    )
    for reference, measure in REFERENCE.items():
        assert measure(one) == pytest.approx(found[reference]), reference
    assert all_gold_at_10(one) == (found[R @ 10] == 1)


@given(st.lists(names, min_size=1, max_size=40), st.sets(names, min_size=1, max_size=5))
def test_documents_without_grades_count_one_each(ranking: list[str], held: set[str]) -> None:
    plain = outcome("It is.", asked=question(documents=sorted(held)), ranking=ranking)
    grades = dict.fromkeys(sorted(held), 1)
    graded = outcome("It is.", asked=question(documents=[], grades=grades), ranking=ranking)
    for measure in (*REFERENCE.values(), all_gold_at_10):
        assert measure(plain) == measure(graded) is not None


def test_a_document_ranks_where_its_first_passage_does() -> None:
    one = outcome("It is.", ranking=["b.txt", "b.txt", ("b.txt", 4, 9), "a.txt"])
    assert reciprocal_rank(one) == 0.5


def test_the_eleventh_document_is_too_late() -> None:
    one = outcome("It is.", ranking=[*(f"{n}.txt" for n in range(10)), "a.txt"])
    assert (reciprocal_rank(one), ndcg_at_10(one), all_gold_at_10(one)) == (0.0, 0.0, 0.0)
    assert recall_at(11)(one) == 1.0


def test_gold_is_met_by_a_passage_that_overlaps_it_and_not_by_one_beside_it() -> None:
    gold = [[("a.txt", 10, 20)]]
    for place, is_met in [
        (("a.txt", 19, 30), True),
        (("a.txt", 0, 11), True),
        (("a.txt", 12, 14), True),
        (("a.txt", 20, 30), False),
        (("a.txt", 0, 10), False),
        (("b.txt", 10, 20), False),
    ]:
        assert evidence_recall_at(1)(outcome("It is.", gold=gold, ranking=[place])) == is_met


def test_the_best_set_of_gold_counts_and_only_the_first_k_passages() -> None:
    gold = [[("a.txt", 0, 5), ("b.txt", 0, 5)], [("c.txt", 0, 5)]]
    ranking = [("a.txt", 0, 9), ("c.txt", 0, 9), ("b.txt", 0, 9)]
    one = outcome("It is.", gold=gold, ranking=ranking)
    assert [evidence_recall_at(k)(one) for k in (1, 2, 3)] == [0.5, 1.0, 1.0]


def test_nothing_is_said_of_a_ranking_that_cannot_be_judged() -> None:
    about = question(is_answerable=False, documents=["a.txt"])
    for one in (
        outcome("It is."),
        outcome("It is.", asked=question(documents=[]), ranking=["a.txt"]),
        outcome("It is.", asked=question(grades={"a.txt": 0}), ranking=["a.txt"]),
        outcome("It is.", asked=about, ranking=["a.txt"]),
        outcome("It is.", asked=unanswerable(), ranking=["a.txt"]),
    ):
        for measure in (*REFERENCE.values(), all_gold_at_10, evidence_recall_at(5)):
            assert measure(one) is None


def test_a_ranking_that_found_nothing_is_0_and_not_left_out() -> None:
    one = outcome("It is.", asked=question(documents=["a.txt"]), ranking=[])
    assert recall_at(5)(one) == ndcg_at_10(one) == reciprocal_rank(one) == 0
