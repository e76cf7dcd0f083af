"""An interrupted run goes on where it was, whatever its last line looks like."""

from pathlib import Path

import pytest
from corpora import set_age
from evaluation.outcomes import scored
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.run import MAX_AGE_S, Journal


def test_what_was_added_is_found_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "a.jsonl"
    journal = Journal(path)
    journal.add(scored("q1", trusted=1.0))
    journal.add(scored("q1", dataset="other"))
    again = Journal(path)
    assert again.find("set", "q1") == scored("q1", trusted=1.0)
    assert again.find("other", "q1") == scored("q1", dataset="other")
    assert again.find("set", "q2") is None


@given(st.data())
def test_a_journal_cut_anywhere_gives_whole_records_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "a.jsonl"
    journal = Journal(path)
    records = [scored(f"q{n}", trusted=n / 3) for n in range(3)]
    for one in records:
        journal.add(one)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    cut = Journal(path)
    for one in records:
        assert cut.find("set", one.query_id) in (None, one)
        cut.add(one)
    mended = Journal(path)
    assert [mended.find("set", one.query_id) for one in records] == records


def test_two_runs_side_by_side_keep_the_first_of_a_question(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "a"), Journal(tmp_path / "a")
    one.add(scored("q", trusted=1.0))
    other.add(scored("q", trusted=0.0))
    assert Journal(tmp_path / "a").find("set", "q") == scored("q", trusted=1.0)


def test_a_finished_run_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a")
    journal.add(scored("q"))
    journal.remove()
    journal.remove()
    assert not (tmp_path / "a").exists()


def test_a_run_that_nobody_went_on_with_is_forgotten_in_time(tmp_path: Path) -> None:
    for name, age in (("old", MAX_AGE_S + 60), ("new", MAX_AGE_S - 60)):
        Journal(tmp_path / f"{name}.jsonl").add(scored("q"))
        set_age(tmp_path / f"{name}.jsonl", age)
    Journal(tmp_path / "other.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["new.jsonl"]
