"""Gold of SQuAD's form: the sentence at the answer's own place, and no other."""

from pathlib import Path
from typing import Any

from dataset_rows import squad, squad_answer_at, squad_paragraph, write_json

from assistant.evaluation.values import Gold, Question
from evals.datasets import load_squad

MOONS = "Io is a moon. Titan has lakes. Methane fills them. Io has volcanoes."


def ask(tmp_path: Path, context: str, asked: dict[str, Any]) -> Question:
    file = squad([squad_paragraph(context, asked)])
    (question,) = load_squad(write_json(tmp_path / "squad.json", file)).questions
    return question


def quotes(question: Question) -> list[list[str]]:
    return [[one.quote for one in together] for together in question.gold]


def test_gold_is_the_sentence_at_the_answers_place_though_it_is_told_before(tmp_path: Path) -> None:
    asked = squad_answer_at("Which moon has volcanoes?", "Io", MOONS.rindex("Io"))
    assert ask(tmp_path, MOONS, asked).gold == ((Gold("00000.txt", "Io has volcanoes."),),)


def test_gold_is_at_the_answers_place_when_the_context_begins_with_spaces(tmp_path: Path) -> None:
    context = f" \n  {MOONS} "
    asked = squad_answer_at("Which moon has volcanoes?", "Io", context.rindex("Io"))
    assert quotes(ask(tmp_path, context, asked)) == [["Io has volcanoes."]]


def test_gold_is_every_sentence_that_the_answer_lies_in(tmp_path: Path) -> None:
    answer = "lakes. Methane"
    asked = squad_answer_at("What is there?", answer, MOONS.index(answer))
    assert quotes(ask(tmp_path, MOONS, asked)) == [["Titan has lakes.", "Methane fills them."]]


def test_each_place_is_a_set_of_gold_and_a_place_counts_once(tmp_path: Path) -> None:
    asked = squad_answer_at("Which moon?", "Io", 0)
    asked["answers"] += [
        {"text": "Io", "answer_start": MOONS.rindex("Io")},
        {"text": "Io is", "answer_start": 0},
    ]
    found = ask(tmp_path, MOONS, asked)
    assert quotes(found) == [["Io is a moon."], ["Io has volcanoes."]]
    assert found.answers == ("Io", "Io is")


def test_an_answer_that_is_not_at_its_place_gives_no_gold(tmp_path: Path) -> None:
    found = ask(tmp_path, MOONS, squad_answer_at("What fills them?", "Methane", 3))
    assert (found.gold, found.answers, found.documents) == ((), ("Methane",), ("00000.txt",))
    for beyond in (-1, len(MOONS)):
        assert not ask(tmp_path, MOONS, squad_answer_at("What?", "Methane", beyond)).gold


def test_an_answer_may_begin_with_a_space_that_its_place_does_not_count(tmp_path: Path) -> None:
    for start in (MOONS.index("Methane"), MOONS.index(" Methane")):
        found = ask(tmp_path, MOONS, squad_answer_at("What fills them?", " Methane", start))
        assert (quotes(found), found.answers) == ([["Methane fills them."]], ("Methane",))


def test_an_answer_without_a_letter_gives_no_gold(tmp_path: Path) -> None:
    assert not ask(tmp_path, MOONS, squad_answer_at("What?", "", 0)).gold
