from dataclasses import replace

import pytest
from evaluation.outcomes import Place, outcome, question, unanswerable

from assistant.evaluation.measures.correctness import (
    holds_wrong,
    over_refusal,
    refusal_precision,
    refusal_recall,
    trusted,
)

TEXTS = {"a.txt": "One two three. Four five.", "b.txt": "Six seven. Eight nine ten."}
SAYS_IT: list[Place] = [("a.txt", 0, 14)]
PAST_IT: list[Place] = [("b.txt", 0, 10)]


@pytest.mark.parametrize(
    ("is_answerable", "is_abstention", "precision", "recall", "over"),
    [
        (True, True, 0.0, None, 1.0),
        (True, False, None, None, 0.0),
        (False, True, 1.0, 1.0, None),
        (False, False, None, 0.0, None),
    ],
)
def test_each_measure_of_refusal_speaks_of_its_questions_only(
    is_answerable: bool,
    is_abstention: bool,
    precision: float | None,
    recall: float | None,
    over: float | None,
) -> None:
    said = () if is_abstention else ("It is.",)
    one = outcome(*said, asked=question(is_answerable=is_answerable))
    assert (refusal_precision(one), refusal_recall(one), over_refusal(one)) == (
        precision,
        recall,
        over,
    )


def test_whoever_always_refuses_is_trusted_on_the_unanswerable_alone() -> None:
    assert trusted(outcome(asked=unanswerable())) == 1.0
    assert trusted(outcome(asked=question(["two"]))) == 0.0
    assert trusted(outcome(asked=question(documents=[]))) == 0.0


def test_whoever_always_answers_is_not_trusted_on_the_unanswerable() -> None:
    assert trusted(outcome("One.", asked=unanswerable(), texts=TEXTS, cited=SAYS_IT)) == 0.0


def test_a_copied_passage_without_the_answer_is_not_trusted_however_well_it_is_cited() -> None:
    wrong = outcome("Six.", asked=question(["two"]), texts=TEXTS, cited=PAST_IT, gold=[PAST_IT])
    right = outcome("Two.", asked=question(["two"]), texts=TEXTS, cited=PAST_IT, gold=[PAST_IT])
    assert (trusted(wrong), trusted(right)) == (0.0, 1.0)


def test_a_right_answer_counts_as_much_as_its_evidence_is_right() -> None:
    cited = [*SAYS_IT, *PAST_IT]
    one = outcome("Two.", asked=question(["two"]), texts=TEXTS, cited=cited, gold=[SAYS_IT])
    assert trusted(one) == pytest.approx(2 * 12 / (21 + 12))
    assert trusted(outcome("Two.", asked=question(["two"]), texts=TEXTS, gold=[SAYS_IT])) == 0.0


def test_without_gold_the_documents_count_and_without_both_the_answer_alone() -> None:
    cited = [*SAYS_IT, *PAST_IT]
    known = outcome("Two.", asked=question(["two"]), texts=TEXTS, cited=cited)
    bare = outcome("Two.", asked=question(["two"], documents=[]), texts=TEXTS, cited=cited)
    assert trusted(known) == pytest.approx(2 / 3)
    assert trusted(bare) == 1.0


def test_without_accepted_strings_the_evidence_decides() -> None:
    assert trusted(outcome("So.", texts=TEXTS, cited=SAYS_IT, gold=[SAYS_IT])) == 1.0
    assert trusted(outcome("So.", texts=TEXTS, cited=PAST_IT, gold=[SAYS_IT])) == 0.0


def test_an_answer_that_holds_a_wrong_string_is_not_trusted() -> None:
    asked = replace(question(["two"]), wrong=("six seven",))
    said = {
        text: outcome(text, asked=asked, texts=TEXTS, cited=SAYS_IT, gold=[SAYS_IT])
        for text in ("Two.", "Two, or six seven.")
    }
    assert {text: (holds_wrong(one), trusted(one)) for text, one in said.items()} == {
        "Two.": (0.0, 1.0),
        "Two, or six seven.": (1.0, 0.0),
    }
    assert holds_wrong(outcome("Two.", asked=question(["two"]))) is None
