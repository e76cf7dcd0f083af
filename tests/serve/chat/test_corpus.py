"""The folder on the page: the ledger, and one sync that everybody sees."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from dom import first, parse
from ingest.reading import within
from selectolax.lexbor import LexborNode
from surface_fakes import FakeAssistant

from assistant.errors import IndexLocked, StoreError
from assistant.serve.chat import corpus as corpus_module
from assistant.serve.chat.corpus import (
    MAX_DEPTH,
    MAX_FOLDERS,
    MAX_ROWS,
    MAX_WORDS_CHARS,
    N_ROWS,
    SYNC_RUNNING,
    Corpus,
    ListView,
    Order,
    choose_records,
    describe_progress,
    describe_sync,
    list_rows,
)
from assistant.store.index import STOPPED
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId, FileRecord, Status

DONE = SyncReport(1, 0, 0, 0, 3, 9, 2, (), None, 0.4)
SYNCED = "Synced in 0.4 s: 1 added."


class Syncing(FakeAssistant):
    """Reads files one by one as it is let; fails when it has something to fail with."""

    error: BaseException | None = None

    def __init__(self, n_files: int = 4) -> None:
        super().__init__()
        self.n_files, self.n_read = n_files, 0
        self.gate = threading.Semaphore(10**9)

    def sync(self, *, on_progress: Callable[[Progress], None] = lambda _: None) -> SyncReport:
        self.n_syncs += 1
        self.is_halted = False
        try:
            for done in range(self.n_files):
                assert self.gate.acquire(timeout=20)
                share = done / self.n_files
                at = Progress("reading", done, self.n_files, None, "a/plan.md", share, 9.0)
                self._report(at, on_progress)
                self.n_read += 1
                if self.error:
                    raise self.error
        finally:
            self.progress = None
        return DONE


@pytest.fixture(autouse=True)
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "PROGRESS_INTERVAL_S", 0.0)


def shown(corpus: Corpus, only: frozenset[DocumentId] = frozenset()) -> LexborNode:
    return parse(corpus.show(only))


def test_a_sync_tells_how_far_it_is_and_what_it_did() -> None:
    syncing, *told, synced = list(Corpus(Syncing()).sync())
    assert (syncing, synced) == ("Syncing", SYNCED)
    left = ["", ", about 30 seconds left", ", about 10 seconds left", ", about 10 seconds left"]
    assert told == [f"Reading plan.md: {n} of 4 files{left[n]}" for n in range(4)]


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress("reading", 0, 1, None, "a.md"), "Reading a.md"),
        (
            Progress("embedding", 3, 1_200, None, "", 0.5, 100.0),
            "3 of 1,200 files, about 2 minutes",
        ),
        (Progress("embedding", 9, 12, None, "", 0.5, 60.0), "9 of 12 files, about 1 minute left"),
        (Progress("reading", 3, 12, (2, 8), "x/scan.pdf", 0.1, 1.0), "page 2 of 8 of scan.pdf: 3"),
        (Progress("reading", 3, 12, None, "Ünï.md", 0.01, 90.0), "Reading Ünï.md: 3 of 12 files"),
    ],
)
def test_progress_names_the_file_and_says_how_long_once_that_can_be_told(
    progress: Progress, said: str
) -> None:
    told = describe_progress(progress)
    assert said in told or told == said
    assert ("left" in told) == (progress.seconds_left is not None)


def test_while_files_are_read_it_is_told_how_many_can_be_asked() -> None:
    assistant = FakeAssistant()
    corpus = Corpus(assistant)
    assert corpus.count_ready() == (0, 0, False)
    assistant.progress = Progress("reading", 1_000, 2_500)
    assert corpus.count_ready() == (1_000, 2_500, False)
    assistant.progress = Progress("reading", 1_000, 2_500, is_upgrade=True)
    assert corpus.count_ready() == (1_000, 2_500, True)
    assistant.progress = Progress("building the vector base", 1, 1)
    assert corpus.count_ready() == (0, 0, False)
    assert list(corpus.sync()) == [SYNC_RUNNING], "another began it"


def test_everybody_sees_how_far_the_sync_is_and_then_what_it_did() -> None:
    assistant = Syncing()
    corpus = Corpus(assistant)
    assistant.gate = threading.Semaphore(0)
    steps = corpus.sync()
    assert next(steps) == "Syncing"
    assert first(shown(corpus), "button").text() == "Stop"
    for n in range(3):
        assistant.gate.release()
        next(steps)
        bar = first(shown(corpus), "progress").attributes
        assert (bar["value"], bar["max"]) == (str(n / 4), "1")
    assistant.gate.release(9)
    assert list(steps)[-1] == SYNCED
    body = shown(corpus)
    assert not body.css("progress")
    assert [node.text() for node in body.css(".notice")] == [SYNCED]


def test_a_second_sync_is_refused_while_one_runs_and_not_after_it() -> None:
    assistant = Syncing()
    corpus = Corpus(assistant)
    first = corpus.sync()
    next(first)
    assert list(corpus.sync()) == [SYNC_RUNNING]
    list(first)
    assert list(corpus.sync())[-1] == SYNCED
    assert assistant.n_syncs == 2


def test_a_halt_ends_the_sync_after_the_file_it_is_at() -> None:
    assistant = Syncing(n_files=1_000)
    corpus = Corpus(assistant)
    assistant.gate = threading.Semaphore(2)
    steps = corpus.sync()
    assert [next(steps) for _ in range(2)][-1] == "Reading plan.md: 0 of 1,000 files"
    corpus.stop_sync()
    assistant.gate.release(2_000)
    assert list(steps)[-1] == STOPPED
    assert assistant.n_read <= 2
    assert STOPPED in shown(corpus).text()
    assert list(corpus.sync())[-1] == SYNCED, "a halt is over once it has ended a sync"


def test_a_halt_while_nothing_runs_ends_nothing_later() -> None:
    corpus = Corpus(Syncing())
    corpus.stop_sync()
    assert list(corpus.sync())[-1] == SYNCED


def test_a_failure_that_was_foreseen_is_a_note_and_the_next_sync_runs() -> None:
    assistant = Syncing()
    assistant.error = IndexLocked("another process (pid 7) is syncing")
    corpus = Corpus(assistant)
    assert list(corpus.sync())[-1] == "another process (pid 7) is syncing"
    assert "pid 7" in first(shown(corpus), ".notice").text()
    assistant.error = None
    assert list(corpus.sync())[-1] == SYNCED
    assert "pid 7" not in shown(corpus).text()


def test_a_defect_is_a_note_with_an_id(caplog: pytest.LogCaptureFixture) -> None:
    assistant = Syncing()
    assistant.error = ZeroDivisionError("secret detail")
    *_, last = Corpus(assistant).sync()
    assert "secret" not in last
    assert last.partition("(error ")[2][:8] in caplog.text


def test_a_sync_that_nobody_follows_any_more_ends_and_another_may_begin() -> None:
    assistant = Syncing(n_files=100_000)
    corpus = Corpus(assistant)
    steps = corpus.sync()
    next(steps), next(steps)
    steps.close()
    assert assistant.n_read < 100_000
    assert not shown(corpus).css("progress")
    assistant.n_files = 2
    assert list(corpus.sync())[-1] == SYNCED


def test_the_panel_lists_every_file_and_ticks_what_is_asked() -> None:
    body = shown(Corpus(FakeAssistant()), frozenset({DocumentId("handbook.md")}))
    assert len(body.css("li:not(.folder)")) == 4
    ticked = [one.attributes["data-only"] for one in body.css("input[checked]")]
    assert ticked == ["handbook.md"]
    assert "no text: it may be a scan" in first(body, "li.skipped .why").text()


class Broken(FakeAssistant):
    def documents(self) -> tuple[FileRecord, ...]:
        raise StoreError("the index cannot be read; run `assistant check`")


def test_an_index_that_cannot_be_read_is_a_notice_in_the_panel() -> None:
    body = shown(Corpus(Broken()))
    assert first(body, ".notice").text() == "the index cannot be read; run `assistant check`"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_added": 0}, "Synced in 0.4 s: nothing has changed."),
        ({"n_added": 1_200, "n_changed": 2}, "Synced in 0.4 s: 1,200 added, 2 changed."),
        ({"n_added": 0, "n_removed": 1}, "Synced in 0.4 s: 1 removed."),
    ],
)
def test_what_a_sync_did_is_said_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    assert describe_sync(replace(DONE, **changes)) == said


def test_files_that_were_skipped_are_counted_and_those_with_a_warning_are_not() -> None:
    notable = tuple(
        FileRecord(DocumentId(f"{n}.pdf"), status, "why", "", 0, 1)
        for n, status in enumerate((Status.SKIPPED, Status.WARNING, Status.SKIPPED))
    )
    said = describe_sync(replace(DONE, n_added=0, notable=notable))
    assert said == "Synced in 0.4 s: 2 skipped."


PLAIN = ListView()


def file(name: str, title: str = "", **given: Any) -> FileRecord:
    record = FileRecord(DocumentId(name), Status.INDEXED, None, title or name, 1, 10)
    return replace(record, **given)


def names(records: Sequence[FileRecord]) -> list[str]:
    return [record.document_id for record in records]


def drawn(records: Sequence[FileRecord], view: ListView = PLAIN) -> list[str]:
    """Return the rows as a person sees them: a folder with its sign, a file indented."""
    rows = list_rows(choose_records(records, view.words, view.order), view)
    return [
        "  " * row.depth + (row.name if row.record else f"{'v' if row.is_open else '>'} {row.name}")
        for row in rows
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["b/Ärger.txt", "b/plan.md", "a.txt"]),
        ("PLAN", ["b/plan.md"]),
        ("b/", ["b/Ärger.txt", "b/plan.md"]),
        ("a\u0308rger", ["b/Ärger.txt"]),  # typed in two signs
        ("roof timber", ["b/plan.md"]),
        ("timber a.txt", []),
    ],
)
def test_documents_are_found_by_all_words_of_path_and_title(words: str, found: list[str]) -> None:
    records = [file("a.txt"), file("b/plan.md", "Timber for the roof"), file("b/Ärger.txt")]
    assert sorted(names(choose_records(records, words))) == sorted(found)


def test_names_stand_in_the_order_of_their_numbers_and_folders_before_files() -> None:
    given = "part 10.md, Part 2.md, a/part 1.md, part 02b.md, B/z.md, a/x/1.md, part.md".split(", ")
    assert names(choose_records([file(one) for one in given])) == [
        *("a/x/1.md", "a/part 1.md", "B/z.md", "Part 2.md", "part 02b.md", "part 10.md", "part.md"),
    ]


def test_documents_are_ordered_by_time_by_size_and_by_what_became_of_them() -> None:
    records = [
        file("a.md", size=5, settled_at="2026-01-01", status=Status.WARNING),
        file("b.md", size=9, settled_at="2026-03-01"),
        file("c.md", size=7, settled_at="2026-02-01", status=Status.SKIPPED),
    ]
    orders = {
        order: "".join(n[0] for n in names(choose_records(records, "", order))) for order in Order
    }
    assert orders == {"name": "abc", "newest": "bca", "largest": "bca", "status": "cab"}


def test_folders_are_open_where_few_files_are_and_shut_where_many_are() -> None:
    few = [file("a/b/1.md"), file("a/2.md"), file("3.md")]
    assert drawn(few) == ["v a", "  v b", "    1.md", "  2.md", "3.md"]
    assert drawn(few, ListView().change({"folder": "a"})) == ["> a", "3.md"]
    many = [*few, *(file(f"c/{n}.md") for n in range(N_ROWS))]
    shut = drawn(many)
    assert shut == ["> a", "> c", "3.md"]
    view = ListView().change({"folder": "a"})
    assert drawn(many, view) == ["v a", "  > b", "  2.md", "> c", "3.md"]
    assert drawn(many, view.change({"folder": "a"})) == shut


def test_what_words_find_and_other_orders_list_stands_in_no_folder() -> None:
    records = [file("a/b/1.md"), file("a/2.md")]
    assert drawn(records, ListView(words="1")) == ["a/b/1.md"]
    assert drawn(records, ListView(order=Order.LARGEST)) == ["a/b/1.md", "a/2.md"]


def test_folders_of_any_depth_are_drawn_to_a_depth() -> None:
    path = "/".join(["d"] * 500)
    rows = list_rows([file(f"{path}/x.md")], ListView())
    assert [row.depth for row in rows] == list(range(MAX_DEPTH + 1))
    assert rows[-1].name.endswith("/x.md")


def test_ten_thousand_documents_are_chosen_and_listed_in_a_moment() -> None:
    records = [file(f"{n % 100}/{n % 7}/{'0' * (n % 50)}{n}.md") for n in range(10_000)]
    with within(2):
        view = ListView().change({"folder": "7"})
        rows = list_rows(choose_records(records, "", Order.NAME), view)
        assert len(rows) == 107
        assert len(choose_records(records, "99 .md")) < 1_000


def test_a_list_is_shown_in_parts_and_a_search_begins_at_the_first() -> None:
    view = ListView().change({}).change({})
    assert view.n_rows == 3 * N_ROWS
    assert view.change({"words": "x"}) == ListView(words="x")
    assistant = FakeAssistant()
    many = [file(f"{n}.md") for n in range(250)]
    assistant.documents = lambda: tuple(many)  # type: ignore[method-assign]
    body = parse(Corpus(assistant).show(frozenset()))
    assert len(body.css(".files > li")) == N_ROWS
    assert "150 are not listed yet" in body.text()
    assert "Show more" not in parse(Corpus(assistant).show(frozenset(), view)).text()
    found = parse(Corpus(assistant).show(frozenset(), ListView("24")))
    assert "13 of 250 have these words." in found.text()
    assert first(found, ".narrow").attributes["data-words"] == "24"


@pytest.mark.parametrize(
    "sent",
    [{"words": 3}, {"order": "x"}, {"order": []}, {"folder": None}, {"words": "x" * 10**5}],
)
def test_what_a_browser_sends_of_a_view_may_be_anything(sent: dict[str, Any]) -> None:
    view = ListView()
    for _ in range(200):
        view = view.change(sent)
    assert len(view.words) <= MAX_WORDS_CHARS
    assert view.n_rows <= MAX_ROWS
    for n in range(2 * MAX_FOLDERS if "folder" in sent else 0):
        view = view.change({"folder": str(n)})
    assert len(view.turned) <= MAX_FOLDERS


def test_the_file_that_is_read_now_is_marked_and_the_same_content_is_told() -> None:
    assistant = FakeAssistant()
    copies = (DocumentId("old/plan.md"),)
    listed = (file("plan.md", copies=copies), file("old/plan.md"))
    assistant.documents = lambda: listed  # type: ignore[method-assign]
    assert not shown(Corpus(assistant)).css(".reading")
    assistant.progress = Progress("reading", 0, 2, name="plan.md")
    marked = first(shown(Corpus(assistant)), ".reading")
    assert marked.attributes["data-id"] == "plan.md"
    assert "being read" in marked.text()
    assert "the same as: old/plan.md" in marked.text()


def test_success_is_told_as_such_and_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus(Syncing())
    list(corpus.sync())
    assert "done" in (first(shown(corpus), ".notice").attributes["class"] or "").split()
    monkeypatch.setattr(corpus_module, "TELL_SUCCESS_S", -1.0)
    assert not shown(corpus).css(".notice")
    assistant = Syncing()
    assistant.error = IndexLocked("another process (pid 7) is syncing")
    failing = Corpus(assistant)
    list(failing.sync())
    assert first(shown(failing), ".notice").attributes["class"] == "notice"
