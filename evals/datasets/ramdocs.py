"""RAMDocs: documents that are right, misleading or beside the point (Wang et al. 2025).

In: lines of a question, its documents by type, accepted and wrong answers (arXiv 2504.13079).
Out: the documents of all questions pooled. `answers` are the accepted ones that a document of
type "correct" gives. A wrong answer that an accepted one holds is dropped, since a right answer
would hold it. Not answerable, kind "unsupported": a question without a correct document.
Refused: a correct document whose answer is not accepted, a question without documents.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from assistant.evaluation.values import Dataset, Question
from evals.datasets.documents import number_texts, texts_by_id
from evals.datasets.read import Row, read_lines


class _Document(Row):
    text: str
    type: Literal["correct", "misinfo", "noise"]
    answer: str

    @field_validator("text")
    @classmethod
    def _strip(cls, text: str) -> str:
        return text.strip()


class _Row(Row):
    question: str
    documents: tuple[_Document, ...] = Field(min_length=1)
    gold_answers: tuple[str, ...]
    wrong_answers: tuple[str, ...]

    @property
    def correct(self) -> tuple[_Document, ...]:
        return tuple(one for one in self.documents if one.type == "correct")

    @property
    def answers(self) -> tuple[str, ...]:
        held = {one.answer for one in self.correct}
        return tuple(dict.fromkeys(answer for answer in self.gold_answers if answer in held))

    @property
    def wrong(self) -> tuple[str, ...]:
        right = [answer.casefold() for answer in self.gold_answers]
        return tuple(
            wrong
            for wrong in dict.fromkeys(self.wrong_answers)
            if not any(wrong.casefold() in answer for answer in right)
        )

    @model_validator(mode="after")
    def _accepts_what_is_correct(self) -> "_Row":
        for one in self.correct:
            if one.answer not in self.gold_answers:
                raise ValueError(f"{one.answer!r} of a correct document is not a gold answer")
        return self


def load_ramdocs(path: Path) -> Dataset:
    """Load the file; kind "ambiguous" has several answers, "single" one; a group is a question."""
    rows = [row for _, row in read_lines(path, _Row)]
    ids = number_texts(one.text for row in rows for one in row.documents)
    questions = tuple(_question(row, f"ramdocs-{k}", ids) for k, row in enumerate(rows))
    return Dataset("ramdocs", texts_by_id(ids), questions)


def _question(row: _Row, query_id: str, ids: dict[str, str]) -> Question:
    kind = "ambiguous" if len(row.answers) > 1 else "single"
    return Question(
        query_id=query_id,
        text=row.question,
        is_answerable=bool(row.correct),
        answers=row.answers,
        wrong=row.wrong if row.correct else (),
        documents=tuple(dict.fromkeys(ids[one.text] for one in row.correct or row.documents)),
        group=query_id,
        kind=kind if row.correct else "unsupported",
    )
