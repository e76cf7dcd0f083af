import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import (
    CLAPNQ_ROW,
    HOTPOT_ROW,
    MTRAG_ROW,
    NQ_ROW,
    QUOTESUM_ROW,
    RAMDOCS_ROW,
    TITAN,
    WICE_PAGE,
    WICE_ROW,
    squad,
    squad_paragraph,
    squad_question,
    write_json,
    write_lines,
)

from assistant.evaluation.values import Gold
from evals.datasets import (
    CLAIM_SETS,
    QUESTION_SETS,
    Dataset,
    Question,
    load_claims,
    load_claims_expertqa,
    load_claims_wice,
    load_clapnq,
    load_hotpotqa,
    load_mtrag,
    load_nq,
    load_quotesum,
    load_ramdocs,
    load_set,
    load_squad,
    load_wice,
)


def test_quotesum_refuses_a_question_whose_sources_change(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "dev.jsonl", QUOTESUM_ROW, {**QUOTESUM_ROW, "source1": "Other."})
    with pytest.raises(ValueError, match=r"dev\.jsonl:2: 'q1' had another question"):
        load_quotesum(path)


CONTEXT: list[Any] = [*HOTPOT_ROW["context"]]
BY_LINE: dict[str, tuple[Callable[[Path], object], dict[str, Any], str]] = {
    "nq": (load_nq, NQ_ROW, "answers"),
    "mtrag": (load_mtrag, MTRAG_ROW, "input"),
    "quotesum": (load_quotesum, QUOTESUM_ROW, "question"),
    "wice claims": (load_claims_wice, WICE_ROW, "evidence"),
    "wice": (load_wice, WICE_PAGE, "supporting_sentences"),
    "ramdocs": (load_ramdocs, RAMDOCS_ROW, "gold_answers"),
    "expertqa": (load_claims_expertqa, {"question": "?", "answers": {}}, "answers"),
}


@pytest.mark.parametrize("name", BY_LINE)
def test_a_row_that_lacks_a_field_is_refused_with_its_file_line_and_field(
    tmp_path: Path, name: str
) -> None:
    load, row, field = BY_LINE[name]
    lacking = {key: value for key, value in row.items() if key != field}
    path = write_lines(tmp_path / "rows.jsonl", row, lacking)
    with pytest.raises(ValueError, match=rf"rows\.jsonl:2: {field}: Field required"):
        load(path)


@pytest.mark.parametrize("name", BY_LINE)
@pytest.mark.parametrize("bad", [b'{"question": ', b"[]", b'"a"', b'{"question": "\xff"}'])
def test_a_line_that_is_no_row_is_refused_with_its_file_and_line(
    tmp_path: Path, name: str, bad: bytes
) -> None:
    load, row, _ = BY_LINE[name]
    path = write_lines(tmp_path / "rows.jsonl", row)
    path.write_bytes(path.read_bytes() + b"\n" + bad + b"\n")
    with pytest.raises(ValueError, match=r"rows\.jsonl:3: "):
        load(path)


def test_clapnq_names_the_file_of_the_two_that_is_bad(tmp_path: Path) -> None:
    write_lines(tmp_path / "answerable.jsonl", CLAPNQ_ROW)
    write_lines(tmp_path / "unanswerable.jsonl", {**CLAPNQ_ROW, "passages": []})
    with pytest.raises(ValueError, match=r"[\\/]unanswerable\.jsonl:1: passages"):
        load_clapnq(tmp_path)


NO_MILL = [{"text": "Io.", "type": "rumour", "answer": "Io"}]


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("mtrag", {"contexts": []}, "answerable without contexts"),
        ("mtrag", {"input": MTRAG_ROW["input"][:2]}, "last turn of the input is not the user's"),
        ("mtrag", {"input": []}, "the last turn of the input is not the user's"),
        ("mtrag", {"answerability": ["?"]}, r"answerability\.0: Input should be 'ANSWERABLE'"),
        ("wice", {"supporting_sentences": [[0, 4]]}, r"sentences \[4\] are not in the evidence"),
        ("wice", {"supporting_sentences": [[-1]]}, r"sentences \[-1\] are not in the evidence"),
        ("wice", {"supporting_sentences": [[]]}, "supported without a supporting sentence"),
        ("wice", {"supporting_sentences": [[3]]}, "supported without a supporting sentence"),
        ("wice", {"label": "half"}, "label: Input should be 'supported'"),
        ("ramdocs", {"documents": []}, "documents: Tuple should have at least 1 item"),
        (
            "ramdocs",
            {"gold_answers": ["1850"]},
            "'1801' of a correct document is not a gold answer",
        ),
        ("ramdocs", {"documents": NO_MILL}, r"documents\.0\.type: Input should be 'correct'"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(
    tmp_path: Path, name: str, changed: dict[str, Any], message: str
) -> None:
    load, row, _ = BY_LINE[name]
    with pytest.raises(ValueError, match=rf"rows\.jsonl:1: .*{message}"):
        load(write_lines(tmp_path / "rows.jsonl", {**row, **changed}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"supporting_facts": [["Nobody", 0]]}, r"\('Nobody', 0\) is not in the context"),
        ({"supporting_facts": [["Mara", 2]]}, r"\('Mara', 2\) is not in the context"),
        ({"supporting_facts": [["Mara", -1]]}, r"\('Mara', -1\) is not in the context"),
        ({"supporting_facts": []}, "no supporting fact"),
        ({"context": [*CONTEXT, *CONTEXT]}, "two paragraphs have one title"),
    ],
)
def test_hotpotqa_refuses_a_fact_that_names_no_sentence(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    path = write_json(tmp_path / "hotpot.json", [HOTPOT_ROW, {**HOTPOT_ROW, **changed}])
    with pytest.raises(ValueError, match=rf"hotpot\.json: 1: .*{message}"):
        load_hotpotqa(path)


@pytest.mark.parametrize(
    ("lacking", "way"),
    [
        ("id", r"data\.0\.paragraphs\.0\.qas\.0\.id"),
        ("answer_start", r"data\.0\.paragraphs\.0\.qas\.0\.answers\.0\.answer_start"),
    ],
)
def test_squad_refuses_a_question_without_its_id_or_its_answers_place(
    tmp_path: Path, lacking: str, way: str
) -> None:
    file = deepcopy(squad([TITAN]))
    question = file["data"][0]["paragraphs"][0]["qas"][0]
    (question if lacking in question else question["answers"][0]).pop(lacking)
    path = write_json(tmp_path / "squad.json", file)
    with pytest.raises(ValueError, match=rf"squad\.json: {way}.*: Field required"):
        load_squad(path)


def test_a_file_that_is_one_value_is_refused_with_the_way_to_the_field(tmp_path: Path) -> None:
    file = squad([TITAN])
    file["data"][0]["paragraphs"].append({"context": "Io."})
    path = write_json(tmp_path / "squad.json", file)
    with pytest.raises(ValueError, match=r"squad\.json: data\.0\.paragraphs\.1\.qas: Field req"):
        load_squad(path)


def test_a_file_that_is_one_value_and_malformed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "squad.json"
    path.write_text('{\n"data": [\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"squad\.json: Invalid JSON: .* at line 3 column 0"):
        load_squad(path)


def test_squad_refuses_a_possible_question_without_an_answer(tmp_path: Path) -> None:
    paragraph = squad_paragraph("Io.", squad_question("What is it?"))
    path = write_json(tmp_path / "squad.json", squad([paragraph]))
    with pytest.raises(ValueError, match=r"squad\.json: .*neither an answer nor is_impossible"):
        load_squad(path)


def test_a_question_that_contradicts_itself_is_refused() -> None:
    gold = ((Gold("a.txt", "because"),),)
    for more in ({"answers": ("because",)}, {"wrong": ("because",)}, {"gold": gold}):
        with pytest.raises(ValueError, match="yet has answers or gold"):
            Question("q", "Why?", is_answerable=False, documents=("a.txt",), **more)
    with pytest.raises(ValueError, match=r"calls \['because'\] both right and wrong"):
        Question("q", "Why?", is_answerable=True, answers=("because",), wrong=("because",))


def test_an_empty_set_of_gold_is_refused() -> None:
    gold = ((Gold("a.txt", "because"),), ())
    with pytest.raises(ValueError, match="has an empty set of gold"):
        Question("q", "Why?", is_answerable=True, documents=("a.txt",), gold=gold)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ((Question("q", "Why?", True),), "no document answers it"),
        ((Question("q", "Why?", True, documents=("a.txt", "b.txt")),), r"names \['b\.txt'\]"),
        ((Question("q", "Why?", False), Question("q", "How?", False)), "tiny: .* one query_id"),
    ],
)
def test_a_set_that_contradicts_itself_is_refused(
    questions: tuple[Question, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Dataset("tiny", {"a.txt": "because"}, questions)


ABSENT: list[tuple[Callable[[str, Path], object], str, str]]
ABSENT = [(load_set, name, place) for name, (place, _) in QUESTION_SETS.items()]
ABSENT += [(load_claims, name, place) for name, (place, _) in CLAIM_SETS.items()]


@pytest.mark.parametrize(("load", "name", "place"), ABSENT)
def test_a_set_that_is_absent_is_refused_with_its_path(
    tmp_path: Path, load: Callable[[str, Path], object], name: str, place: str
) -> None:
    with pytest.raises(FileNotFoundError, match=f"{name!r} .*{re.escape(str(tmp_path / place))}"):
        load(name, tmp_path)


def test_a_set_of_another_name_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no set is named 'sqad'; there are squad2, "):
        load_set("sqad", tmp_path)
