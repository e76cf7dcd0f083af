from dataclasses import replace
from random import Random

import numpy as np
import pytest
from evaluation.outcomes import Place, citation, outcome, question, recited, unanswerable, values_of
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.measures.citations import (
    citation_coverage,
    document_f1,
    document_precision,
    document_recall,
    evidence_f1,
    evidence_precision,
    evidence_recall,
    pointer_validity,
    verbatim,
)
from assistant.evaluation.values import Outcome
from assistant.values import Citation, DocumentId

TEXTS = {"a.txt": "One two three. Four five.", "b.txt": "Six seven. Eight nine ten."}
EVIDENCE = {"evidence_precision", "evidence_recall", "evidence_f1"}


@st.composite
def perfect(draw: st.DrawFn) -> Outcome:
    """Two or more quotes of one document, each gold and cited by a statement of its own.

    The other document is as long and shares no letter with it.
    """
    words = draw(st.lists(st.text("abc", min_size=1, max_size=6), min_size=4, max_size=12))
    text = " ".join([*words, "cabbac" * 4])
    starts = [sum(len(word) + 1 for word in words[:n]) for n in range(len(words))]
    chosen = draw(st.sets(st.sampled_from(range(len(words))), min_size=2))
    gold = [("a.txt", starts[n], starts[n] + len(words[n])) for n in sorted(chosen)]
    return outcome(
        *("It is." for _ in gold),
        asked=question(["it is"]),
        texts={"a.txt": text, "b.txt": "x" * len(text)},
        cited=gold,
        gold=[gold],
        ranking=["a.txt"],
    )


def citations_of(one: Outcome) -> tuple[Citation, ...]:
    assert one.answer is not None
    return one.answer.citations


def lowered(before: Outcome, after: Outcome) -> set[str]:
    """The measures that fell; none may rise, speak up or fall silent."""
    old, new = values_of(before), values_of(after)
    assert [name for name in old if old[name] is None] == [n for n in new if new[n] is None]
    pairs = {
        name: (was, now)
        for name, was in old.items()
        if was is not None and (now := new[name]) is not None
    }
    assert not [name for name, (was, now) in pairs.items() if now > was]
    return {name for name, (was, now) in pairs.items() if now < was}


@given(perfect(), st.integers(1, 12))
def test_shifting_every_citation_lowers_the_measures_of_evidence_alone(
    before: Outcome, by: int
) -> None:
    shifted = [
        replace(
            citation((one.document_id, one.start + by, one.end + by), before.texts),
            number=one.number,
        )
        for one in citations_of(before)
    ]
    fell = lowered(before, recited(before, shifted))
    assert {"trusted", "evidence_recall", "evidence_f1"} <= fell <= EVIDENCE | {"trusted"}


@given(perfect(), st.data())
def test_dropping_citations_lowers_coverage_and_recall_alone(
    before: Outcome, data: st.DataObject
) -> None:
    cited = citations_of(before)
    kept = data.draw(st.sets(st.sampled_from(cited), min_size=1, max_size=len(cited) - 1))
    fell = lowered(before, recited(before, sorted(kept, key=cited.index)))
    assert fell == {"trusted", "citation_coverage", "evidence_recall", "evidence_f1"}


@given(perfect(), st.data())
def test_right_words_credited_to_the_wrong_document_are_not_verbatim(
    before: Outcome, data: st.DataObject
) -> None:
    cited = citations_of(before)
    moved = data.draw(st.sets(st.sampled_from(cited), min_size=1, max_size=len(cited) - 1))
    after = recited(
        before,
        [replace(one, document_id=DocumentId("b.txt")) if one in moved else one for one in cited],
    )
    assert all(one.quote in "".join(after.texts.values()) for one in citations_of(after))
    assert verbatim(after) == pytest.approx(1 - len(moved) / len(cited))
    assert lowered(before, after) == EVIDENCE | {
        "trusted",
        "verbatim",
        "document_precision",
        "document_f1",
    }


@given(perfect(), st.data())
def test_changing_a_quote_lowers_verbatim_alone(before: Outcome, data: st.DataObject) -> None:
    first, *rest = citations_of(before)
    other = data.draw(st.text("abc ", max_size=6).filter(lambda quote: quote != first.quote))
    after = recited(before, [replace(first, quote=other), *rest])
    assert lowered(before, after) == {"verbatim"}


@given(perfect())
def test_the_right_quote_of_a_place_past_the_end_lowers_pointer_validity(before: Outcome) -> None:
    *rest, last = citations_of(before)
    end = len(before.texts["a.txt"])
    past = replace(last, end=end + 9, quote=before.texts["a.txt"][last.start :])
    fell = lowered(before, recited(before, [*rest, past]))
    assert fell == {"pointer_validity", "evidence_precision", "evidence_f1", "trusted"}


@given(perfect(), st.randoms())
def test_the_order_and_repetition_of_citations_change_no_evidence(
    before: Outcome, random: Random
) -> None:
    cited = list(citations_of(before))
    random.shuffle(cited)
    after = recited(before, [*cited, *cited])
    assert lowered(before, after) == set()


places = st.tuples(st.sampled_from(["a.txt", "b.txt"]), st.integers(0, 24), st.integers(1, 6)).map(
    lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2])
)


def masked(cited: list[Place], gold: list[Place]) -> tuple[float, float, float]:
    """F1, precision and recall by masks over the texts, as the docstring of `evidence` has them."""
    f1, precision, recall = 0.0, 0.0, 0.0
    marks = np.zeros((2, 2, 40), dtype=bool)
    for side, places in enumerate((cited, gold)):
        for document_id, start, end in places:
            marks[side, int(document_id == "b.txt"), start:end] = True
    for n, text in enumerate(TEXTS.values()):
        marks[:, n, [i for i, letter in enumerate(text) if letter == " "]] = False
    shared = (marks[0] & marks[1]).sum()
    if shared:
        precision, recall = shared / marks[0].sum(), shared / marks[1].sum()
        f1 = 2 * precision * recall / (precision + recall)
    return f1, precision, recall


def has_letters(places: list[Place]) -> bool:
    return any(TEXTS[name][start:end].strip() or end > 26 for name, start, end in places)


@given(
    st.lists(places, min_size=1, max_size=4).filter(has_letters),
    st.lists(st.lists(places, min_size=1, max_size=3).filter(has_letters), min_size=1, max_size=3),
)
def test_evidence_agrees_with_masks_over_the_texts(
    cited: list[Place], gold: list[list[Place]]
) -> None:
    one = outcome("It is.", texts=TEXTS, cited=cited, gold=gold)
    wanted = [masked(cited, together) for together in gold]
    best = max(f1 for f1, _, _ in wanted)
    found = (evidence_f1(one), evidence_precision(one), evidence_recall(one))
    assert any(found == pytest.approx(one) for one in wanted if one[0] == pytest.approx(best))


def test_whitespace_between_two_cited_sentences_is_no_evidence_missed() -> None:
    cited = [("a.txt", 0, 14), ("a.txt", 15, 25)]
    assert evidence_f1(outcome("It is.", texts=TEXTS, cited=cited, gold=[[("a.txt", 0, 25)]])) == 1


def test_gold_in_a_document_of_which_no_text_is_known_counts_whole() -> None:
    gold = [("a.txt", 0, 3), ("c.txt", 0, 9)]
    one = outcome("It is.", texts=TEXTS, cited=[("a.txt", 0, 3)], gold=[gold])
    assert evidence_recall(one) == 0.25


def test_all_three_speak_of_the_set_with_the_best_f1() -> None:
    sets = [[("a.txt", 0, 25), ("b.txt", 0, 26)], [("a.txt", 0, 3)]]
    one = outcome("It is.", texts=TEXTS, cited=[("a.txt", 0, 7)], gold=sets)
    assert (evidence_precision(one), evidence_recall(one)) == (0.5, 1.0)


def test_an_abstention_has_no_precision_and_no_recall() -> None:
    one = outcome(texts=TEXTS, gold=[[("a.txt", 0, 3)]])
    assert (evidence_precision(one), evidence_recall(one), evidence_f1(one)) == (None, 0.0, 0.0)
    assert (document_precision(one), document_recall(one), document_f1(one)) == (None, 0.0, 0.0)


def test_a_question_without_gold_or_documents_or_answer_has_no_figure_for_them() -> None:
    bare = outcome("It is.", asked=question(documents=[]), texts=TEXTS, cited=[("a.txt", 0, 3)])
    ghost = outcome("It is.", asked=unanswerable(), texts=TEXTS, cited=[("a.txt", 0, 3)])
    about = outcome(
        "It is.",
        asked=question(is_answerable=False, documents=["a.txt"]),
        texts=TEXTS,
        cited=[("a.txt", 0, 3)],
    )
    for one in (bare, ghost, about):
        for measure in (evidence_precision, evidence_recall, evidence_f1):
            assert measure(one) is None
        for measure in (document_precision, document_recall, document_f1):
            assert measure(one) is None


def test_a_citation_of_nothing_but_whitespace_is_of_no_evidence() -> None:
    one = outcome("It is.", texts=TEXTS, cited=[("a.txt", 3, 4)], gold=[[("a.txt", 0, 3)]])
    assert (evidence_precision(one), evidence_recall(one), evidence_f1(one)) == (0.0, 0.0, 0.0)


def test_a_document_counts_once_however_often_it_is_cited() -> None:
    asked = question(documents=["a.txt", "c.txt"])
    cited = [("a.txt", 0, 3), ("a.txt", 4, 7), ("b.txt", 0, 3)]
    one = outcome("It is.", asked=asked, texts=TEXTS, cited=cited)
    assert (document_precision(one), document_recall(one), document_f1(one)) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "place",
    [("a.txt", -3, 2), ("a.txt", 5, 5), ("a.txt", 7, 5), ("a.txt", 20, 26), ("c.txt", 0, 3)],
)
def test_a_pointer_to_nowhere_is_counted(place: Place) -> None:
    one = outcome("It is.", texts=TEXTS, cited=[place, ("a.txt", 0, 25)])
    assert pointer_validity(one) == 0.5


@pytest.mark.parametrize(
    ("place", "quote"),
    [
        (("a.txt", 4, 7), "One"),
        (("a.txt", 0, 7), "One  two"),
        (("a.txt", 0, 3), "one"),
        (("b.txt", 0, 3), "One"),
        (("c.txt", 0, 3), "One"),
        (("c.txt", 0, 3), ""),
        (("a.txt", -5, -1), "five"),
    ],
)
def test_a_quote_that_does_not_stand_at_its_place_is_not_verbatim(place: Place, quote: str) -> None:
    wrong = citation(place, TEXTS, quote)
    assert verbatim(outcome("It is.", texts=TEXTS, cited=[wrong, ("a.txt", 0, 3)])) == 0.5


def test_without_citations_there_are_no_pointers_and_no_quotes_but_no_coverage_either() -> None:
    one = outcome("It is.", "So it is.", texts=TEXTS)
    assert (pointer_validity(one), verbatim(one), citation_coverage(one)) == (None, None, 0.0)
    assert citation_coverage(outcome(texts=TEXTS)) is None


def test_a_number_that_stands_for_no_citation_covers_nothing() -> None:
    one = outcome("It is.", "So it is.", texts=TEXTS, cited=[("a.txt", 0, 3), ("a.txt", 4, 7)])
    assert citation_coverage(one) == 1.0
    assert citation_coverage(recited(one, citations_of(one)[:1])) == 0.5
