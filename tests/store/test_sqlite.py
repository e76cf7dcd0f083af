"""What was counted in a version of an index is not counted again, nor taken for another one's."""

import sqlite3
from pathlib import Path

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder

from assistant.pipeline import Assistant

TEXTS = {
    "one.txt": "The heron stands in the reeds.",
    "two.txt": "The heron and the otter share the river.",
    "drei.txt": "Der Otter wohnt an dem Fluss und er ist nicht allein.",
}


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    settings = settings_in(tmp_path)
    write_files(settings.corpus_dir, TEXTS)
    assistant = Assistant(settings, HashingEmbedder())
    assistant.sync()
    return assistant


def statements_of(assistant: Assistant) -> list[str]:
    """Return the statements that counting terms and languages takes."""
    with assistant.index.open() as snapshot:
        connection = getattr(snapshot.tables, "connection")  # noqa: B009 - SQLite's alone has one
        assert isinstance(connection, sqlite3.Connection)
        traced: list[str] = []
        connection.set_trace_callback(traced.append)
        snapshot.count_passages_with(["heron", "otter", "nowhere"])
        snapshot.languages()
        connection.set_trace_callback(None)
        return [one for one in traced if one.startswith("SELECT")]


def test_terms_and_languages_are_counted_once_a_version(assistant: Assistant) -> None:
    assert len(statements_of(assistant)) == 2
    (again,) = statements_of(assistant)
    assert "nowhere" in again
    assert "heron" not in again


def test_another_version_is_counted_anew(assistant: Assistant) -> None:
    with assistant.index.open() as snapshot:
        before = snapshot.count_passages_with(["heron", "otter", "nowhere"])
        assert set(snapshot.languages()) == {"en", "de"}
    assert before == {"heron": 2, "otter": 1}, "in German it has another stem"
    corpus = assistant.settings.corpus_dir
    (corpus / "drei.txt").unlink()
    write_files(corpus, {"three.txt": "No otter is nowhere, and the heron is here."})
    assistant.sync()
    with assistant.index.open() as snapshot:
        after = snapshot.count_passages_with(["heron", "otter", "nowhere"])
        assert snapshot.languages() == ("en",)
    assert after["heron"] == 3
    assert after["otter"] == 2


def test_of_one_index_rebuilt_nothing_is_remembered(assistant: Assistant) -> None:
    statements_of(assistant)
    write_files(assistant.settings.corpus_dir, {"four.txt": "One more heron."})
    assistant.sync(rebuild=True)
    with assistant.index.open() as snapshot:
        assert snapshot.count_passages_with(["heron"]) == {"heron": 3}
