from pathlib import Path

import pytest

from assistant.errors import QuestionError
from assistant.surfaces.questions import read_questions

GOOD = '{"question": "Who?", "answerable": true, "kind": "fact"}'


def write(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_rows_are_read_in_order_and_other_fields_let_be(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + GOOD, "", '{"question": "Why?", "answerable": false}', " ")
    assert read_questions(path) == [("Who?", True), ("Why?", False)]


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
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_field(
    tmp_path: Path, line: str, place: str
) -> None:
    with pytest.raises(QuestionError, match=rf"questions\.jsonl:3: {place}: .*expected a line"):
        read_questions(write(tmp_path, GOOD, "", line, GOOD))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "bytes"):
        with pytest.raises(QuestionError, match="cannot be read"):
            read_questions(path)
