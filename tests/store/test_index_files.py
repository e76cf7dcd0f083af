"""The files behind the index: copies and likes, previews, retries, documents that programs add."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from corpora import FILES, set_age, write_files
from hashing import HashingEmbedder
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from assistant.errors import CorpusError, DocumentChanged, DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import watch
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.plan import Action, FileChange
from assistant.store.sync import Progress
from assistant.values import DocumentId, FileRecord, Status

SOUND = b"OggS\x00\x02\x00\x01"
LEASE = " ".join(f"Clause {n} of the lease binds tenant number {n}." for n in range(40))


def record_of(assistant: Assistant, name: str) -> FileRecord:
    return next(one for one in assistant.documents() if one.document_id == name)


def test_the_same_bytes_under_two_paths_are_one_text_and_both_are_cited(
    assistant: Assistant, settings: Settings
) -> None:
    write_files(settings.corpus_dir, {"copy/rivers.txt": FILES["rivers.txt"]})
    assistant.sync()
    answer = assistant.ask("Where does the Danube rise?")
    (citation, *_) = answer.citations
    assert {citation.document_id, *citation.copies} == {"rivers.txt", "copy/rivers.txt"}
    assert record_of(assistant, "rivers.txt").copies == ("copy/rivers.txt",)


def test_documents_that_are_nearly_the_same_name_each_other(
    assistant: Assistant, settings: Settings
) -> None:
    write_files(settings.corpus_dir, {"lease.txt": LEASE})
    assistant.sync()
    write_files(settings.corpus_dir, {"lease-2.txt": LEASE.replace("number 7", "number 8")})
    assistant.sync()
    assert record_of(assistant, "lease.txt").near == ("lease-2.txt",)
    assert record_of(assistant, "lease-2.txt").near == ("lease.txt",)
    assert record_of(assistant, "rivers.txt").near == ()
    (settings.corpus_dir / "lease.txt").unlink()
    assistant.sync()
    assert record_of(assistant, "lease-2.txt").near == ()
    assert assistant.check() == ()


def test_a_preview_says_what_the_sync_then_does_and_does_nothing(
    assistant: Assistant, settings: Settings
) -> None:
    corpus = settings.corpus_dir
    assert [change.action for change in assistant.preview()] == [Action.ADD] * 3
    assert not settings.index_dir.exists()
    assistant.sync()
    version = assistant.index_version
    assert assistant.preview() == ()
    write_files(corpus, {"new.txt": "New.", "rivers.txt": "Changed.", "p.ogg": SOUND})
    set_age(corpus / "law.html", 99)
    (corpus / "space/moons.md").rename(corpus / "moons.md")
    assert assistant.preview() == (
        FileChange(DocumentId("moons.md"), Action.MOVE, "space/moons.md"),
        FileChange(DocumentId("new.txt"), Action.ADD),
        FileChange(DocumentId("p.ogg"), Action.SKIP, "a sound or film, not a document with text"),
        FileChange(DocumentId("rivers.txt"), Action.CHANGE),
    )
    assert assistant.index_version == version
    report = assistant.sync()
    assert (report.n_added, report.n_changed, report.n_moved, report.n_removed) == (2, 1, 1, 0)
    assert assistant.preview() == ()


def test_the_ledger_says_when_how_long_and_which_kind_of_fault(
    assistant: Assistant, settings: Settings
) -> None:
    write_files(settings.corpus_dir, {"p.ogg": SOUND, "empty.txt": b""})
    assistant.sync()
    assert record_of(assistant, "p.ogg").fault == Fault.UNSUPPORTED
    assert record_of(assistant, "empty.txt").fault == Fault.NO_TEXT
    indexed = record_of(assistant, "rivers.txt")
    assert indexed.settled_at.startswith("20")
    assert indexed.seconds > 0


def test_skipped_files_are_read_again_only_when_asked_for(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = Assistant(settings.model_copy(update={"max_text_chars": 50}), HashingEmbedder())
    tight.sync()
    assert record_of(assistant, "rivers.txt").fault == Fault.TOO_LARGE
    assistant.sync()
    assert record_of(assistant, "rivers.txt").status == Status.SKIPPED
    assert assistant.sync(retry=True).n_changed >= 1
    assert record_of(assistant, "rivers.txt").status == Status.INDEXED


def test_the_index_is_no_document_of_a_folder_that_holds_it(tmp_path: Path) -> None:
    settings = Settings(
        corpus_dir=tmp_path, index_dir=tmp_path / "index", cache_dir=tmp_path / ".c"
    )
    write_files(tmp_path, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        for _ in range(2):
            assistant.sync()
            assert {one.document_id for one in assistant.documents()} == set(FILES)


class _Reader(BaseReader):
    def load_data(self, topic: str) -> list[LlamaDocument]:
        pages = ("The comet returns every 76 years.", "Its tail points away from the sun.")
        return [
            LlamaDocument(text=text, metadata={"file_name": f"{topic}.pdf", "page_label": str(n)})
            for n, text in enumerate(pages, start=1)
        ]


def test_documents_of_a_llama_index_reader_are_cited_by_page_and_outlive_a_rebuild(
    assistant: Assistant,
) -> None:
    report = assistant.add_documents(_Reader(), topic="comets")
    assert report.n_added == 4
    for rebuild in (False, True):
        assistant.sync(rebuild=rebuild)
        (citation, *_) = assistant.ask("Where does the tail of the comet point?").citations
        assert citation.document_id == ".added/comets.pdf"
        assert citation.title == "comets.pdf"
        text = assistant.document(citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote
        assert citation.page == (2 if "tail" in citation.quote else 1)
    assert assistant.remove_documents([".added/comets.pdf"]).n_removed == 1
    with pytest.raises(CorpusError, match="holds no document"):
        assistant.document(".added/comets.pdf")
    with pytest.raises(CorpusError, match="was added"):
        assistant.remove_documents([".added/comets.pdf"])


def test_documents_are_replaced_by_name_and_bad_ones_refused(
    assistant: Assistant, settings: Settings
) -> None:
    for text in ("Version one of the note.", "Version two of the note."):
        assistant.add_documents([LlamaDocument(text=text, doc_id="note")])
    assert assistant.document(".added/note").text == "Version two of the note."
    for bad in ([LlamaDocument(text="x", doc_id="n" * 600)], [LlamaDocument(text="x", doc_id=" ")]):
        with pytest.raises(CorpusError, match="cannot name a document"):
            assistant.add_documents(bad)
    with pytest.raises(CorpusError, match="no llama-index document"):
        assistant.add_documents(["text"])  # type: ignore[list-item]
    (kept,) = (settings.index_dir / "added").glob("*.json")
    kept.write_bytes(kept.read_bytes()[:20])
    assistant.sync()
    skipped = [one for one in assistant.documents() if one.document_id.startswith(".added/")]
    assert [one.fault for one in skipped] == [Fault.CORRUPT]


def test_a_citation_leads_to_nothing_once_its_file_has_changed(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    (citation, *_) = assistant.ask("Where does the Danube rise?").citations
    path = settings.corpus_dir / citation.document_id
    path.write_text("Other text.")
    with pytest.raises(DocumentChanged, match="has changed since it was indexed"):
        assistant.origin(citation)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(DocumentChanged, match="no file of the folder"):
        assistant.origin(citation)
    path.unlink()
    with pytest.raises(DocumentChanged, match="cannot be read"):
        assistant.origin(citation)
    assistant.sync()
    with pytest.raises(CorpusError, match="holds no document"):
        assistant.origin(citation)


def test_a_watched_folder_tells_of_changes_and_not_of_the_index_in_it(tmp_path: Path) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "corpus/index"
    index.mkdir(parents=True)
    stop = threading.Event()
    told: list[bool] = []

    def follow() -> None:
        for is_change in watch(corpus, index, stop):
            told.append(is_change)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        time.sleep(1.0)
        (index / "catalog.sqlite").write_text("own")
        time.sleep(1.5)
        assert told == []
        (corpus / "new.txt").write_text("news")
        deadline = time.monotonic() + 15
        while not told and time.monotonic() < deadline:
            time.sleep(0.1)
        assert told == [True]
    finally:
        stop.set()
        thread.join()


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be watched"):
        list(watch(tmp_path / "nowhere", tmp_path, threading.Event()))


def test_a_file_that_changes_while_it_is_read_is_read_once_more(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings.corpus_dir / "rivers.txt"
    original, n_reads = os.fstat, 0

    def fstat(handle: int) -> os.stat_result:
        nonlocal n_reads
        if os.readlink(f"/proc/self/fd/{handle}") == str(path):
            n_reads += 1
            if n_reads == 2:
                path.write_text("Written while it was read.")
        return original(handle)

    monkeypatch.setattr(os, "fstat", fstat)
    assistant.sync()
    assert assistant.document("rivers.txt").text == "Written while it was read."
    assert n_reads == 4


def test_copies_of_a_file_that_cannot_be_parsed_are_refused_for_the_same_reason(
    assistant: Assistant, settings: Settings
) -> None:
    broken = b"%PDF-1.7\n" + b"nothing of the kind " * 9
    write_files(settings.corpus_dir, {f"broken{n}.pdf": broken for n in range(4)})
    assistant.sync()
    reasons = {one.reason for one in assistant.documents() if one.document_id.endswith(".pdf")}
    assert len(reasons) == 1
    assert {record_of(assistant, f"broken{n}.pdf").fault for n in range(4)} == {Fault.CORRUPT}


def test_a_sync_is_json_ready(assistant: Assistant, settings: Settings) -> None:
    write_files(settings.corpus_dir, {"p.ogg": SOUND})
    from dataclasses import asdict

    assert json.loads(json.dumps(asdict(assistant.sync())))["notable"][0]["fault"] == "unsupported"


def test_a_sync_that_is_stopped_waits_for_no_file_that_is_being_parsed(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(settings.corpus_dir, {"a.slow": "x", **{f"b{n}.txt": f"B {n}." for n in range(9)}})
    is_asked = threading.Event()
    ended = threading.Event()

    def parse(self: Parsers, data: bytes, media_type: str) -> Parsed:
        if data != b"B 0.":
            is_asked.set()
            ended.wait(60)  # as long as a parser may take; `close` ends it
        raise DocumentUnreadable("ended", Fault.CRASH)

    def stop(_: Progress) -> None:
        if is_asked.wait(5):
            raise KeyboardInterrupt

    close = Parsers.close

    def closed(parsers: Parsers) -> None:
        close(parsers)
        ended.set()

    monkeypatch.setattr(Parsers, "parse", parse)
    monkeypatch.setattr(Parsers, "close", closed)
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        assistant.sync(on_progress=stop)
    assert time.perf_counter() - started < 10
