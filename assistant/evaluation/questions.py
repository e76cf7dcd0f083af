"""Reads a file of questions, one JSON object a line.

A row needs `question` and `answerable`; the other fields say how an answer is judged. A line that
is no such row, an unknown field, or gold that contradicts the row raises `QuestionError` with the
line number.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import QuestionError
from assistant.evaluation.values import Gold, Question

EXAMPLE = '{"question": "Who signed the treaty?", "answerable": true}'


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Quote(_Form):
    document: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class _Row(_Form):
    question: str = Field(min_length=1)
    answerable: bool
    query_id: str | None = Field(None, min_length=1)
    kind: str = ""
    group: str = ""
    note: str = ""
    history: tuple[tuple[Literal["user", "assistant"], str], ...] = ()
    answers: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    gold: tuple[tuple[_Quote, ...], ...] = ()
    documents: tuple[str, ...] = ()


def read_questions(path: Path) -> tuple[Question, ...]:
    """Return the questions of a file in order; a row without a `query_id` is named by its line.

    Raises:
        QuestionError: the file cannot be read, has no question, or a line of it is not one.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"the questions {str(path)!r} cannot be read: {error}") from error
    found: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            question = _read(line, f"{path}:{number}", number)
            if question.query_id in found:
                raise QuestionError(
                    f"{path}:{number}: the query_id {question.query_id!r} was given before"
                )
            found[question.query_id] = question
    if not found:
        raise QuestionError(f"{str(path)!r} holds no question; expected lines such as {EXAMPLE}")
    return tuple(found.values())


def _read(line: str, where: str, number: int) -> Question:
    try:
        row = _Row.model_validate_json(line)
        return _question(row, row.query_id or f"line-{number}")
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the line"
        raise QuestionError(
            f"{where}: {place}: {fault['msg']}; expected a line such as {EXAMPLE}"
        ) from error
    except ValueError as error:
        raise QuestionError(f"{where}: {error}") from error


def _question(row: _Row, query_id: str) -> Question:
    gold = tuple(tuple(Gold(one.document, one.quote) for one in together) for together in row.gold)
    named = (one.document_id for together in gold for one in together)
    return Question(
        query_id=query_id,
        text=row.question,
        is_answerable=row.answerable,
        answers=row.answers,
        wrong=row.wrong,
        gold=gold,
        documents=row.documents or tuple(dict.fromkeys(named)),
        group=row.group,
        kind=row.kind,
        history=row.history,
    )
