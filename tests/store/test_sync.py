import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest
from corpora import FILES, replace_files, set_age, write_files
from hashing import HashingEmbedder

from assistant.errors import AssistantError, CorpusError
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import FoundFile, SkippedFile
from assistant.ingest.walk import read as read_file
from assistant.models.embed import EmbedderInput, PassageVectors
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import sync as syncing
from assistant.store import work as intake
from assistant.store.snapshot import open_snapshot
from assistant.store.sync import Progress, index_config_of
from assistant.values import Status


class Calls:
    """Counts the parses and the embedded passages since it was last asked."""

    def __init__(self, embedder: HashingEmbedder) -> None:
        self._embedder = embedder
        self.n_parsed = 0

    def take(self) -> tuple[int, int]:
        taken = self.n_parsed, self._embedder.n_embedded
        self.n_parsed = self._embedder.n_embedded = 0
        return taken


@pytest.fixture
def calls(embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch) -> Calls:
    counted = Calls(embedder)

    parse = Parsers.parse

    def counted_parse(self: Parsers, data: bytes, media_type: str) -> Parsed:
        counted.n_parsed += 1
        return parse(self, data, media_type)

    monkeypatch.setattr(Parsers, "parse", counted_parse)
    return counted


def held_texts(assistant: Assistant) -> dict[str, str]:
    return {
        record.document_id: assistant.document(record.document_id).text
        for record in assistant.documents()
        if record.status != Status.SKIPPED
    }


def found_in(assistant: Assistant, query: str) -> set[str]:
    return {ranked.passage.document_id for ranked in assistant.search(query, k=50)}


def test_sync_indexes_every_file(assistant: Assistant) -> None:
    report = assistant.sync()
    assert (report.n_added, report.n_changed, report.n_removed, report.n_unchanged) == (3, 0, 0, 0)
    assert report.notable == ()
    assert set(held_texts(assistant)) == set(FILES)
    assert assistant.check() == ()
    assert assistant.has_index


def test_sync_of_an_unchanged_corpus_of_1000_files_parses_and_embeds_nothing(
    assistant: Assistant, settings: Settings, calls: Calls
) -> None:
    files = {f"many/{n}.txt": f"File number {n} is about topic {n % 17}." for n in range(997)}
    write_files(settings.corpus_dir, files)
    assert assistant.sync().n_added == 1000
    assert calls.take()[0] == 1000
    version = assistant.index_version
    report = assistant.sync()
    assert (report.n_unchanged, report.n_embedded) == (1000, 0)
    assert calls.take() == (0, 0)
    assert assistant.index_version == version


def test_sync_reads_no_file_whose_size_and_time_are_unchanged(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    monkeypatch.setattr(intake, "read", lambda *_: pytest.fail("an unchanged file was read"))
    assert assistant.sync().n_unchanged == 3


def test_sync_neither_parses_nor_embeds_a_touched_file(
    assistant: Assistant, settings: Settings, calls: Calls
) -> None:
    write_files(settings.corpus_dir, {"binary.txt": bytes(range(256)) * 8})
    assistant.sync()
    calls.take()
    version = assistant.index_version
    for name in ("rivers.txt", "binary.txt"):
        set_age(settings.corpus_dir / name, 1000)
    report = assistant.sync()
    assert (report.n_changed, report.n_unchanged) == (0, 4)
    assert calls.take() == (0, 0)
    assert assistant.index_version == version


def test_sync_neither_parses_nor_embeds_a_renamed_file(
    assistant: Assistant, settings: Settings, calls: Calls
) -> None:
    assistant.sync()
    calls.take()
    (settings.corpus_dir / "rivers.txt").rename(settings.corpus_dir / "danube.txt")
    report = assistant.sync()
    assert (report.n_added, report.n_removed, report.n_moved) == (0, 0, 1)
    assert calls.take() == (0, 0)
    found = found_in(assistant, "Danube Black Forest")
    assert "danube.txt" in found
    assert "rivers.txt" not in found
    assert assistant.check() == ()


def test_sync_reads_a_renamed_file_anew_when_it_becomes_another_kind(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    (settings.corpus_dir / "law.html").rename(settings.corpus_dir / "law.txt")
    assistant.sync()
    assert "<p>" in assistant.document("law.txt").text
    assert assistant.check() == ()


@pytest.mark.parametrize("at_once", [True, False])
def test_sync_stores_equal_files_once(
    assistant: Assistant, settings: Settings, calls: Calls, at_once: bool
) -> None:
    if not at_once:
        assistant.sync()
    n_passages = len(assistant.search("Danube", k=50)) if not at_once else None
    write_files(settings.corpus_dir, {"copy.txt": FILES["rivers.txt"]})
    assistant.sync()
    if n_passages is not None:
        assert len(assistant.search("Danube", k=50)) == n_passages
    assert calls.take()[0] == 3
    copy, original = assistant.document("copy.txt"), assistant.document("rivers.txt")
    assert (copy.text, copy.sha256) == (original.text, original.sha256)
    places = [(p.passage.document_id, p.passage.text) for p in assistant.search("Danube", k=50)]
    assert len({text for _, text in places}) == len(places)
    assert assistant.check() == ()

    (settings.corpus_dir / "copy.txt").unlink()
    assistant.sync()
    assert "rivers.txt" in found_in(assistant, "Danube")
    assert assistant.check() == ()


def test_sync_records_why_a_file_was_skipped(assistant: Assistant, settings: Settings) -> None:
    unreadable = {
        "binary.txt": (bytes(range(256)) * 8, "binary data"),
        "picture.png": (b"\x89PNG\r\n\x1a\n", "cannot be opened"),
        "sound.ogg": (b"OggS\x00\x02\x00\x01", "a sound or film"),
        "empty.txt": (b"", "no text"),
        "large.txt": (b"a" * (settings.max_file_bytes + 1), "larger than"),
    }
    write_files(settings.corpus_dir, {name: data for name, (data, _) in unreadable.items()})
    notable = assistant.sync().notable
    assert {record.document_id for record in notable} == unreadable.keys()
    for record in notable:
        assert record.status == Status.SKIPPED
        assert unreadable[record.document_id][1] in (record.reason or "")
    assert assistant.check() == ()
    version = assistant.index_version
    assert len(assistant.sync().notable) == 5
    assert assistant.index_version == version


def test_sync_indexes_with_a_warning_what_had_to_be_guessed(
    assistant: Assistant, settings: Settings
) -> None:
    text = "Die Brücke über die Donau ist für Fußgänger gesperrt, schön ist das nicht. " * 5
    write_files(settings.corpus_dir, {"alt.txt": text.encode("cp1252")})
    (record,) = assistant.sync().notable
    assert (record.document_id, record.status) == ("alt.txt", Status.WARNING)
    assert record.reason
    assert "Brücke" in assistant.document("alt.txt").text


def test_sync_notices_an_edit_within_the_same_time_stamp(
    assistant: Assistant, settings: Settings
) -> None:
    path = settings.corpus_dir / "rivers.txt"
    path.write_text("The Danube is blue.")
    stamp = path.stat().st_mtime_ns
    assistant.sync()
    path.write_text("The Danube is grey.")
    os.utime(path, ns=(stamp, stamp))
    assistant.sync()
    assert assistant.document("rivers.txt").text == "The Danube is grey."


@pytest.mark.parametrize("seconds", [0.0, 3600.0, -3600.0])
def test_index_version_grows_only_with_change(
    assistant: Assistant, settings: Settings, seconds: float
) -> None:
    write_files(settings.corpus_dir, {"binary.txt": bytes(range(256)) * 8, "no.png": b"\x89PNG"})
    for name in ("rivers.txt", "binary.txt", "no.png"):
        set_age(settings.corpus_dir / name, seconds)
    assistant.sync()
    version = assistant.index_version
    for _ in range(3):
        assistant.sync()
        assert assistant.index_version == version
    new, newest = settings.corpus_dir / "new.txt", settings.corpus_dir / "newest.txt"
    changes: tuple[Callable[[], object], ...] = (
        lambda: new.write_text("New here."),
        lambda: new.write_text("Newer here."),
        lambda: new.rename(newest),
        newest.unlink,
    )
    for change in changes:
        change()
        assistant.sync()
        assert assistant.index_version > version
        version = assistant.index_version


def test_index_version_grows_when_the_index_is_rebuilt(assistant: Assistant) -> None:
    assistant.sync()
    version = assistant.index_version
    assistant.sync(rebuild=True)
    assert assistant.index_version > version


@pytest.mark.parametrize("max_tail_passages", [1, 1000], ids=["with a base", "without a base"])
def test_an_open_assistant_is_not_misled_by_a_rebuild_of_another_one(
    settings: Settings, embedder: HashingEmbedder, max_tail_passages: int
) -> None:
    settings = settings.model_copy(update={"max_tail_passages": max_tail_passages})
    assistant = Assistant(settings, embedder)
    assistant.sync()
    assert "rivers.txt" in found_in(assistant, "Danube Black Forest")
    replace_files(settings.corpus_dir, {f"{n}.txt": f"Moon {n} is icy." for n in range(5)})
    Assistant(settings, embedder).sync(rebuild=True)
    for n in range(5):
        fresh = Assistant(settings, embedder).search(f"moon {n} icy")
        assert assistant.search(f"moon {n} icy") == fresh


def test_sync_of_an_empty_corpus_makes_an_index_that_abstains(
    assistant: Assistant, settings: Settings
) -> None:
    replace_files(settings.corpus_dir, {})
    assert assistant.sync().n_passages == 0
    answer = assistant.ask("What is there?")
    assert answer.abstained
    assert answer.reason
    assert answer.consulted == ()
    assert assistant.check() == ()


def test_sync_of_a_missing_corpus_leaves_the_index_as_it_was(
    assistant: Assistant, settings: Settings
) -> None:
    assistant.sync()
    settings.corpus_dir.rename(settings.corpus_dir.with_name("away"))
    with pytest.raises(CorpusError, match="missing"):
        assistant.sync()
    assert set(held_texts(assistant)) == set(FILES)


def test_sync_reports_its_progress_up_to_the_end(assistant: Assistant) -> None:
    seen: list[Progress] = []
    assistant.sync(on_progress=seen.append)
    assert [one.stage for one in seen if one.stage == "embedding"]
    assert (seen[-1].done, seen[-1].total) == (3, 3)
    assert [one.done for one in seen] == sorted(one.done for one in seen)


def test_a_file_that_changes_while_it_is_read_is_read_by_the_next_sync(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, path = read_file, settings.corpus_dir / "rivers.txt"

    def read(found: FoundFile, max_bytes: int) -> bytes:
        data = original(found, max_bytes)
        path.write_text("Changed just now.")
        return data

    with monkeypatch.context() as patched:
        patched.setattr(intake, "read", read)
        assistant.sync()
    time.sleep(0.01)
    assistant.sync()
    assert assistant.document("rivers.txt").text == "Changed just now."


def test_a_reader_that_ends_during_a_rebuild_takes_nothing_of_it_away(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    assistant.sync()
    config = index_config_of(embedder, settings)
    seen: list[int] = []
    with ExitStack() as reader:
        before = reader.enter_context(open_snapshot(settings.index_dir, config))

        def end_reader(progress: Progress) -> None:
            if not seen:
                assert before.document("rivers.txt").text == FILES["rivers.txt"]
            reader.close()
            if progress.stage == "reading":
                with open_snapshot(settings.index_dir, config) as now:
                    seen.append(len(now.records()))

        assistant.sync(rebuild=True, on_progress=end_reader)
    assert seen[-1] == 3, "what was committed is seen"
    assert assistant.check() == ()


def blocks_of(n: int, word: str) -> str:
    return "".join(f"The {word} number {i} stands by the road.\n\n" for i in range(n))


def test_small_files_can_be_asked_while_a_long_one_is_read(
    assistant: Assistant, settings: Settings
) -> None:
    replace_files(
        settings.corpus_dir,
        {"a-book.txt": blocks_of(900, "milestone"), "z.txt": "The ferry leaves at nine."},
    )
    answers: list[str] = []

    def ask(at: Progress) -> None:
        assert assistant.progress == at
        if at.stage == "embedding" and at.done == 1 and not answers:
            answers.append(assistant.ask("When does the ferry leave?").text)

    assistant.sync(on_progress=ask)
    assert "nine" in answers[0]
    assert assistant.progress is None
    assert "milestone" in assistant.ask("Which milestone stands by the road?").text


def test_progress_names_the_file_and_counts_its_bytes(
    assistant: Assistant, settings: Settings
) -> None:
    replace_files(settings.corpus_dir, {"long.txt": blocks_of(40, "mill"), "short.txt": "A mill."})
    seen: list[Progress] = []
    assistant.sync(on_progress=seen.append)
    names = [one.name for one in seen if one.name]
    assert list(dict.fromkeys(names)) == ["short.txt", "long.txt"]
    shares = [one.share for one in seen]
    assert (shares, shares[0], shares[-1]) == (sorted(shares), 0.0, 1.0)


def test_a_halted_sync_keeps_what_it_has_read_and_the_next_one_goes_on(
    assistant: Assistant, settings: Settings
) -> None:
    replace_files(settings.corpus_dir, {f"{n}.txt": blocks_of(1_200, f"p{n}") for n in range(6)})

    def halt(at: Progress) -> None:
        if at.done:
            assistant.stop_sync()

    with pytest.raises(AssistantError, match="What was done stays done"):
        assistant.sync(on_progress=halt)
    assert assistant.progress is None
    n_done = len(assistant.documents())
    assert 0 < n_done < 6
    assistant.stop_sync()  # nothing runs: it halts nothing later
    report = assistant.sync()
    assert (report.n_added, report.n_unchanged) == (6 - n_done, n_done)
    assert len(held_texts(assistant)) == 6


def test_a_halt_before_the_first_file_counts_and_one_that_is_over_does_not(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_files = syncing.list_files

    def halted(settings: Settings) -> list[FoundFile | SkippedFile]:
        assert assistant.progress == Progress("reading", 0, 0)
        assistant.stop_sync()
        return list_files(settings)

    with monkeypatch.context() as patched:
        patched.setattr(syncing, "list_files", halted)
        with pytest.raises(AssistantError, match="What was done stays done"):
            assistant.sync()
    assert assistant.progress is None
    assert assistant.sync().n_added == len(FILES)


def test_who_asks_without_an_index_waits_for_all_of_it(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    replace_files(
        settings.corpus_dir,
        {"a.txt": "The ferry leaves at nine.", "book.txt": blocks_of(900, "milestone")},
    )
    begun, answers = threading.Event(), []
    embed = embedder.embed_passages

    def slow(inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        begun.set()
        time.sleep(0.02)
        return embed(inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedder, "embed_passages", slow)
        first = threading.Thread(target=lambda: answers.append(assistant.ask("Who?").text))
        first.start()
        assert begun.wait(20)
        second = assistant.ask("Which milestone number 899 stands by the road?")
        first.join()
    assert "899" in second.text
