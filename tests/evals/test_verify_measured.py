"""The local verifier measured by both kinds of error, over a file of statements."""

import json
from pathlib import Path

import pytest

from assistant.errors import QuestionError
from evals.verify import read_rows, report

ROWS = (
    {"set": "a", "statement": "It cost 5.", "cited": ["It cost 5 then."], "supported": "yes"},
    {"set": "a", "statement": "It cost 6.", "cited": ["It cost 5 then."], "supported": "no"},
    {"set": "b", "statement": "It sank.", "cited": ["It went down."], "supported": "no"},
    {"set": "b", "statement": "It sank.", "cited": ["It leaks."], "supported": "borderline"},
)


def test_what_is_kept_and_what_passes_is_told_by_set_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "statements.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    lines = list(report(read_rows(path), lambda *_: 1.0))
    assert lines[0] == "a: kept 1.000 of supported, passed 0.000 of unsupported"
    assert lines[1] == "b: kept none of supported, passed 1.000 of unsupported"
    assert lines[-1] == "kept 1.000 of supported, passed 0.500 of unsupported"
    assert any(line.startswith("unsupported, ") for line in lines)


@pytest.mark.parametrize("line", ["{", "[]", '{"statement": "x"}', '{"statement": 1, "cited": 3}'])
def test_a_line_that_is_no_statement_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "statements.jsonl"
    path.write_text(f"{json.dumps(ROWS[0])}\n{line}\n", encoding="utf-8")
    with pytest.raises(QuestionError, match=r"statements\.jsonl:2"):
        read_rows(path)
