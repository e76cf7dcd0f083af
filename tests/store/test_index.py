"""What an index holds, and which answers it has outlived."""

from dataclasses import replace

import pytest
from corpora import FILES, replace_files, write_files
from hashing import HashingEmbedder

from assistant.errors import IndexMissing
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.index import Index
from assistant.store.snapshot import Snapshot

EDITED = {**FILES, "rivers.txt": "The Danube rises elsewhere."}


def test_an_index_is_kept_without_anything_that_answers(settings: Settings) -> None:
    with Index(settings, HashingEmbedder()) as index:
        assert not index.exists
        assert index.sync().n_added == len(FILES)
        assert index.exists
        assert {record.document_id for record in index.documents()} == set(FILES)
        assert "Danube" in index.document("rivers.txt").text
        assert index.check() == ()


def test_a_cited_document_that_was_edited_or_removed_has_changed(assistant: Assistant) -> None:
    corpus = assistant.settings.corpus_dir
    river = assistant.ask("Where does the Danube rise?", documents=["rivers.txt"])
    moon = assistant.ask("What is Titan?", documents=["space/moons.md"])
    both = replace(river, citations=(*river.citations, *moon.citations))
    assert assistant.changed(both) == frozenset()
    replace_files(corpus, EDITED)
    assert assistant.changed(both) == frozenset(), "the index is what counts, not the folder"
    assistant.sync()
    assert assistant.changed(both) == {"rivers.txt"}
    assert assistant.changed(moon) == frozenset()
    replace_files(corpus, {"law.html": FILES["law.html"]})
    assistant.sync()
    assert assistant.changed(both) == {"rivers.txt", "space/moons.md"}
    replace_files(corpus, FILES)
    assistant.sync()
    assert assistant.changed(both) == frozenset(), "it is the cited version again"


def test_what_was_merely_consulted_does_not_count(assistant: Assistant) -> None:
    answer = assistant.ask("Where does the Danube rise?")
    consulted = {one.document_id for one in answer.consulted}
    cited = {one.document_id for one in answer.citations}
    (other, *_) = sorted(consulted - cited)
    write_files(assistant.settings.corpus_dir, {other: "# Something else\n\nNothing to see."})
    assistant.sync()
    assert assistant.changed(answer) == frozenset()


def test_no_document_is_read_to_tell_what_changed(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = assistant.ask("Where does the Danube rise?")
    monkeypatch.setattr(Snapshot, "document", lambda *_: pytest.fail("a document was read"))
    assert assistant.changed(answer) == frozenset()


def test_what_cites_nothing_has_not_changed_and_needs_no_index(assistant: Assistant) -> None:
    assert assistant.changed(assistant.ask("Hello!")) == frozenset()
    river = assistant.ask("Where does the Danube rise?")
    assistant.close()
    (assistant.settings.index_dir / "catalog.sqlite").unlink()
    with pytest.raises(IndexMissing):
        assistant.changed(river)
