"""MTRAG: the last turn of a conversation over retrieved passages (Katsis et al. 2025).

In: `reference.jsonl`, whose contexts are the passages that hold the answer. Out: a document a
context. The replies are free text and not strings to be found, so `answers` stays empty.
Refused: a conversation that does not end with the user, an answerable task without contexts.
"""

from pathlib import Path
from typing import Literal

from pydantic import field_validator, model_validator

from assistant.evaluation.values import Dataset, Question
from evals.datasets.documents import number_texts, texts_by_id
from evals.datasets.read import Row, read_lines

_ROLES: dict[str, Literal["user", "assistant"]] = {"user": "user", "agent": "assistant"}


class _Context(Row):
    text: str

    @field_validator("text")
    @classmethod
    def _strip(cls, text: str) -> str:
        return text.strip()


class _Turn(Row):
    speaker: Literal["user", "agent"]
    text: str


class _Row(Row):
    task_id: str
    conversation_id: str
    contexts: tuple[_Context, ...]
    input: tuple[_Turn, ...]
    answerability: tuple[Literal["ANSWERABLE", "PARTIAL", "UNANSWERABLE", "UNDERSPECIFIED"]]

    @property
    def is_answerable(self) -> bool:
        return self.answerability == ("ANSWERABLE",)

    @model_validator(mode="after")
    def _is_whole(self) -> "_Row":
        if not self.input or self.input[-1].speaker != "user":
            raise ValueError("the last turn of the input is not the user's")
        if self.is_answerable and not self.contexts:
            raise ValueError("answerable without contexts")
        return self


def load_mtrag(path: Path) -> Dataset:
    """Load the file; only kind "answerable" is answerable, a group is a conversation."""
    rows = [row for _, row in read_lines(path, _Row)]
    ids = number_texts(context.text for row in rows for context in row.contexts)
    return Dataset("mtrag", texts_by_id(ids), tuple(_question(row, ids) for row in rows))


def _question(row: _Row, ids: dict[str, str]) -> Question:
    *earlier, asked = row.input
    return Question(
        query_id=row.task_id,
        text=asked.text,
        documents=tuple(dict.fromkeys(ids[context.text] for context in row.contexts)),
        group=row.conversation_id,
        is_answerable=row.is_answerable,
        kind=row.answerability[0].lower(),
        history=tuple((_ROLES[turn.speaker], turn.text) for turn in earlier),
    )
