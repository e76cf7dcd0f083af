"""Files of questions: what a row may say, and what is said of a bad one."""

from pathlib import Path

import pytest

from assistant.errors import QuestionError
from assistant.evaluation.run import read_questions
from assistant.evaluation.values import Gold, Question

GOOD = '{"question": "Who?", "answerable": true, "kind": "fact"}'
WHOLE = (
    '{"query_id": "q7", "question": "And when?", "answerable": true, "answers": ["1801"], '
    '"wrong": ["1850"], "history": [["user", "Who built it?"], ["assistant", "Ann."]], '
    '"gold": [[{"document": "mill.txt", "quote": "Built in 1801."}], '
    '[{"document": "b.txt", "quote": "In 1801."}]], "group": "g", "note": "an easy one"}'
)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_rows_are_read_in_order_and_named_by_their_line(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + GOOD, "", '{"question": "Why?", "answerable": false}', " ")
    assert read_questions(path) == (
        Question("line-1", "Who?", True, kind="fact"),
        Question("line-3", "Why?", False),
    )


def test_a_row_may_say_all_that_is_known_of_the_answer(tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, WHOLE))
    assert question == Question(
        query_id="q7",
        text="And when?",
        is_answerable=True,
        answers=("1801",),
        wrong=("1850",),
        gold=((Gold("mill.txt", "Built in 1801."),), (Gold("b.txt", "In 1801."),)),
        documents=("mill.txt", "b.txt"),
        group="g",
        history=(("user", "Who built it?"), ("assistant", "Ann.")),
    )


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("{", "the line"),
        ("[]", "the line"),
        ('{"question": "Who?"}', "answerable"),
        ('{"question": "", "answerable": true}', "question"),
        ('{"question": 5, "answerable": true}', "question"),
        ('{"question": "Who?", "answerable": "yes"}', "answerable"),
        ('{"question": "Who?", "answerable": 1}', "answerable"),
        ('{"question": "Who?", "answerable": true, "answer": ["Ann"]}', "answer"),
        ('{"question": "Who?", "answerable": true, "gold": [[{"quote": "Ann."}]]}', r"gold\.0\.0"),
        ('{"question": "Who?", "answerable": true, "history": [["me", "?"]]}', r"history\.0\.0"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_field(
    tmp_path: Path, line: str, place: str
) -> None:
    with pytest.raises(QuestionError, match=rf"questions\.jsonl:3: {place}.*: .*expected a line"):
        read_questions(write(tmp_path, GOOD, "", line, GOOD))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": "Who?", "answerable": false, "answers": ["Ann"]}', "not answerable, yet"),
        ('{"question": "Who?", "answerable": true, "gold": [[]]}', "an empty set of gold"),
        ('{"query_id": "line-1", "question": "Who?", "answerable": true}', "was given before"),
    ],
)
def test_a_row_that_contradicts_itself_or_another_is_refused(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(QuestionError, match=rf"questions\.jsonl:2: .*{message}"):
        read_questions(write(tmp_path, GOOD, line))


def test_a_file_that_cannot_be_read_or_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "bytes"):
        with pytest.raises(QuestionError, match="cannot be read"):
            read_questions(path)
    with pytest.raises(QuestionError, match="holds no question"):
        read_questions(write(tmp_path, "", " "))
