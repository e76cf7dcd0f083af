"""A file of questions, one JSON object a line -> questions that are known to be answerable or not.

A row has `question` (text) and `answerable` (true or false); other fields are let be. A row that
is not so is refused with its line number.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from assistant.errors import QuestionError


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    question: StrictStr = Field(min_length=1)
    answerable: StrictBool


def read_questions(path: Path) -> list[tuple[str, bool]]:
    """Return each question of a file with whether the corpus answers it.

    Raises:
        QuestionError: the file cannot be read, or a line of it is not a question.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"the questions {str(path)!r} cannot be read: {error}") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _Row.model_validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(map(str, fault["loc"])) or "the line"
            raise QuestionError(
                f"{path}:{number}: {place}: {fault['msg']}; expected a line such as "
                '{"question": "Who signed the treaty?", "answerable": true}'
            ) from error
        rows.append((row.question, row.answerable))
    return rows
