"""Gold of SQuAD's form: the sentence at the answer's own place, and no other."""

from pathlib import Path

import pytest
from dataset_rows import squad, squad_paragraph, write_json

from assistant.evaluation.values import Question
from evals.datasets import load_squad

MOONS = "Io is a moon. Titan has lakes. Methane fills them. Io has volcanoes."
SPACED = f" \n  {MOONS} "
LAST_IO = MOONS.rindex("Io")


def ask(tmp_path: Path, *answers: tuple[str, int], context: str = MOONS) -> Question:
    """Load a question with these answers, each with its place."""
    told = [{"text": text, "answer_start": start} for text, start in answers]
    file = squad([squad_paragraph(context, {"question": "What?", "answers": told})])
    (question,) = load_squad(write_json(tmp_path / "squad.json", file)).questions
    return question


def quotes(question: Question) -> list[list[str]]:
    assert {one.document_id for together in question.gold for one in together} <= {"00000.txt"}
    return [[one.quote for one in together] for together in question.gold]


@pytest.mark.parametrize(
    ("context", "answer", "start", "gold"),
    [
        pytest.param(MOONS, "Io", LAST_IO, ["Io has volcanoes."], id="though it is told before"),
        pytest.param(
            SPACED, "Io", SPACED.rindex("Io"), ["Io has volcanoes."], id="after leading spaces"
        ),
        pytest.param(
            MOONS,
            "lakes. Methane",
            MOONS.index("lakes"),
            ["Titan has lakes.", "Methane fills them."],
            id="every sentence that it lies in",
        ),
    ],
)
def test_gold_is_the_sentence_at_the_answers_place(
    tmp_path: Path, context: str, answer: str, start: int, gold: list[str]
) -> None:
    assert quotes(ask(tmp_path, (answer, start), context=context)) == [gold]


def test_each_place_is_a_set_of_gold_and_a_place_counts_once(tmp_path: Path) -> None:
    found = ask(tmp_path, ("Io", 0), ("Io", LAST_IO), ("Io is", 0))
    assert quotes(found) == [["Io is a moon."], ["Io has volcanoes."]]
    assert found.answers == ("Io", "Io is")


@pytest.mark.parametrize(("answer", "start"), [("Methane", -1), ("Methane", len(MOONS)), ("", 0)])
def test_an_answer_that_is_not_at_its_place_or_empty_gives_no_gold(
    tmp_path: Path, answer: str, start: int
) -> None:
    assert not ask(tmp_path, (answer, start)).gold
    found = ask(tmp_path, ("Methane", 3))
    assert (found.gold, found.answers, found.documents) == ((), ("Methane",), ("00000.txt",))


def test_an_answer_may_begin_with_a_space_that_its_place_does_not_count(tmp_path: Path) -> None:
    for start in (MOONS.index("Methane"), MOONS.index(" Methane")):
        found = ask(tmp_path, (" Methane", start))
        assert (quotes(found), found.answers) == ([["Methane fills them."]], ("Methane",))
