"""The command line where the settings name several collections."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cli.runs import Run

from assistant.answering import Collection
from assistant.cli.main import EXIT_REFUSED
from assistant.serve import app as server

TABLES = """
[users]
ann = "a long password"
[collections.contracts]
corpus_dir = "contracts"
readers = ["ann"]
[collections.minutes]
corpus_dir = "minutes"
"""
LEASE, BOARD = "The lease ends on 30 June 2027.\n", "The board met in Oslo on Friday.\n"


@pytest.fixture(autouse=True)
def tables(run: Run, tmp_path: Path) -> Path:
    for name, text in (("contracts", LEASE), ("minutes", BOARD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
    (tmp_path / "assistant.toml").write_text(TABLES)
    return tmp_path


def test_one_that_is_named_is_asked_and_no_other(run: Run) -> None:
    code, out, _ = run("ask", "When does the lease end?", "--collection", "contracts")
    assert (code, "30 June 2027" in out) == (0, True)
    _, out, _ = run("ask", "When does the lease end?", "--collection", "minutes")
    assert "2027" not in out
    assert "not both" in run("ask", "Who?", "--collection", "contracts", "--corpus", "minutes")[2]


@pytest.mark.parametrize("command", [("ask", "Who?"), ("documents",), ("check",), ("doctor",)])
def test_where_one_is_needed_the_names_are_told(run: Run, command: tuple[str, ...]) -> None:
    code, _, err = run(*command)
    assert code == EXIT_REFUSED
    assert "contracts, minutes (--collection NAME" in err
    assert "a long password" not in err


def test_all_are_brought_in_step_unless_one_is_named(run: Run, tables: Path) -> None:
    assert run("index", "--collection", "minutes")[0] == 0
    assert [path.name for path in (tables / "index").iterdir()] == ["minutes"]
    code, out, _ = run("index", "--json")
    assert code == 0
    told = json.loads(out)["collections"]
    assert {name: one["n_added"] for name, one in told.items()} == {"contracts": 1, "minutes": 0}
    code, _, err = run("index", "--watch")
    assert (code, "name one" in err) == (EXIT_REFUSED, True)


@pytest.mark.parametrize(
    ("words", "names"), [((), ["contracts", "minutes"]), (("minutes",), ["minutes"])]
)
def test_the_chat_serves_all_or_the_one_that_is_named_to_its_readers(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], names: list[str]
) -> None:
    served: list[Collection] = []

    def serve(whole: Sequence[Collection], *_: object, ready: Callable[[str], None]) -> None:
        served.extend(whole)
        ready("http://127.0.0.1:7860")

    monkeypatch.setattr(server, "serve", serve)
    assert run("chat", *(f"--collection={one}" for one in words))[0] == 0
    assert [one.name for one in served] == names
    readers = {one.name: one.readers for one in served}
    assert readers.get("contracts", {"ann"}) == {"ann"}
    assert readers["minutes"] is None


def test_one_that_cannot_be_read_is_told_and_the_others_are_served(
    run: Run, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tables / "contracts" / "a.txt").unlink()
    (tables / "contracts").rmdir()
    found: list[str] = []

    def serve(whole: Sequence[Collection], *_: object, ready: Callable[[str], None]) -> None:
        ready("http://127.0.0.1:7860")
        minutes = whole[1].assistant
        while not minutes.synced_at:
            time.sleep(0.05)
        found.extend(record.document_id for record in minutes.documents())

    monkeypatch.setattr(server, "serve", serve)
    code, _, err = run("chat")
    assert code == 0
    assert "contracts: " in err
    assert found == ["a.txt"]
