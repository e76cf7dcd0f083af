"""Tiny files in the form of each public set, written for the tests."""

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def squad(*articles: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": "any", "data": [{"paragraphs": paragraphs} for paragraphs in articles]}


def squad_question(text: str, *answers: str, **more: Any) -> dict[str, Any]:
    return {
        "question": text,
        "answers": [{"text": answer, "answer_start": 0} for answer in answers],
        **more,
    }


TITAN = {
    "context": " Titan has lakes of methane. ",
    "qas": [
        squad_question("What fills the lakes?", "methane", "methane", "lakes of methane"),
        squad_question("What fills the seas of Rhea?", is_impossible=True),
    ],
}
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
WICE_ROW = {
    "label": "supported",
    "claim": "The mill is old.",
    "evidence": ["The mill stands.", "It was built in 1801."],
    "meta": {"id": "dev1"},
}


def expert_claim(text: str, support: str | None, *evidence: str) -> dict[str, Any]:
    return {"claim_string": text, "support": support, "evidence": list(evidence)}
