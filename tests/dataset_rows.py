"""Tiny files in the form of each public set, written for the tests."""

import itertools
import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> Path:
    return write_text(path, json.dumps(value))


def write_lines(path: Path, *rows: Any) -> Path:
    return write_text(path, "".join(json.dumps(row) + "\n" for row in rows))


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def squad(*articles: list[dict[str, Any]]) -> dict[str, Any]:
    """Number the questions q0, q1 and so on through the whole file."""
    numbers = itertools.count()

    def numbered(paragraph: dict[str, Any]) -> dict[str, Any]:
        asked = [{"id": f"q{next(numbers)}", **one} for one in paragraph["qas"]]
        return {**paragraph, "qas": asked}

    told = [[numbered(one) for one in paragraphs] for paragraphs in articles]
    return {"version": "any", "data": [{"paragraphs": paragraphs} for paragraphs in told]}


def squad_paragraph(context: str, *asked: dict[str, Any]) -> dict[str, Any]:
    """Give every answer without a place its first one in the context."""
    for question in asked:
        for answer in question["answers"]:
            answer.setdefault("answer_start", context.find(answer["text"]))
    return {"context": context, "qas": list(asked)}


def squad_question(text: str, *answers: str, **more: Any) -> dict[str, Any]:
    return {"question": text, "answers": [{"text": answer} for answer in answers], **more}


TOWNS = (
    ("Aldbury", "Ada Holt", 1820, "wool"),
    ("Brinton", "Ben Ives", 1731, "salt"),
    ("Corley", "Cara Judd", 1904, "glass"),
    ("Dunster", "Dan Kerr", 1655, "tin"),
    ("Elmdon", "Eve Lamb", 1888, "paper"),
    ("Farley", "Finn Moss", 1702, "lace"),
    ("Gilston", "Gail North", 1790, "clay"),
    ("Harwell", "Hugh Orr", 1863, "rope"),
)
"""Town, who founded it, when, what it lives on."""
TITAN = squad_paragraph(
    " Titan has lakes of methane. ",
    squad_question("What fills the lakes?", "methane", "methane", "lakes of methane"),
    squad_question("What fills the seas of Rhea?", is_impossible=True),
)
NQ_ROW = {
    "question": "which moon has lakes",
    "answers": ["Titan", "Saturn VI"],
    "title": "Titan",
    "text": "Titan has lakes.",
}
CLAPNQ_ROW = {
    "id": "7",
    "input": "who feeds the lighthouse cat",
    "passages": [{"title": "Cat", "text": "The cat is grey . Ann feeds it .", "sentences": []}],
    "output": [
        {"answer": "Ann does.", "selected_sentences": ["Ann feeds it ."]},
        {"answer": "Ann.", "selected_sentences": ["Ann feeds it .", "The cat is grey ."]},
    ],
}
MTRAG_ROW = {
    "task_id": "c1<::>2",
    "conversation_id": "c1",
    "contexts": [{"document_id": "x", "text": "\nThe pier closes at nine.\n"}],
    "input": [
        {"speaker": "user", "text": "Is there a pier?"},
        {"speaker": "agent", "text": "Yes."},
        {"speaker": "user", "text": "When does it close?"},
    ],
    "answerability": ["ANSWERABLE"],
}
HOTPOT_ROW = {
    "id": "h1",
    "question": "In which country is the bridge that Mara built?",
    "answer": "Norland",
    "type": "bridge",
    "supporting_facts": [["Mara", 1], ["Long Bridge", 0]],
    "context": [
        ["Mara", ["Mara was born in May.", " She built the Long Bridge."]],
        ["Long Bridge", ["The Long Bridge is in Norland."]],
        ["Short Bridge", ["Nobody built it."]],
    ],
}
QUOTESUM_ROW = {
    "qid": "q1",
    "unique_id": "q1_0",
    "question": "when was the mill built?",
    "summary": "one of several",
    **{"title1": "North Mill", "source1": "It was built in 1801.", "short_ans_1": "1801"},
    **{"title2": "South Mill", "source2": "It was built in 1850.", "short_ans_2": "1850"},
    **{"title3": "", "source3": "", "short_ans_3": ""},
}
RAMDOCS_ROW = {
    "question": "When was the mill built?",
    "documents": [
        {"text": "\nThe north mill is of 1801.\n", "type": "correct", "answer": "1801"},
        {"text": "The south mill is of 1850.", "type": "correct", "answer": "1850"},
        {"text": "The north mill is of 1999.", "type": "misinfo", "answer": "1999"},
        {"text": "A mill grinds corn.", "type": "noise", "answer": "unknown"},
    ],
    "disambig_entity": ["North Mill", "South Mill", "East Mill"],
    "gold_answers": ["1801", "1850", "1777"],
    "wrong_answers": ["1999", "1999", "1750"],
}
WICE_ROW = {
    "label": "supported",
    "claim": "The mill is old.",
    "evidence": ["The mill stands.", "It was built in 1801."],
    "meta": {"id": "dev1"},
}
WICE_PAGE = {
    "label": "supported",
    "supporting_sentences": [[1], [2, 0], [2, 0, 3]],
    "claim": "The mill is old.",
    "evidence": ["The mill stands. ", "It was built in 1801.", "Built: 1801", " "],
    "meta": {"id": "dev1"},
}


def expert_claim(text: str, support: str | None, *evidence: str) -> dict[str, Any]:
    return {"claim_string": text, "support": support, "evidence": list(evidence)}
