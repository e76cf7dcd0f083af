"""The panel of documents: which of them are listed, what became of each, and the sync.

Of thousands a page lists some: found by words, in an order, in folders that fold.
One sync runs at a time, whoever began it, and all pages show its progress. An index that cannot be
read or written becomes a notice.
"""

import math
import re
import time
import unicodedata
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.ingest.sniff import SUFFIXES
from assistant.serve.background import iterate_reports
from assistant.serve.chat.render import render_notice, render_part
from assistant.serve.chat.turns import log_error
from assistant.serve.folder import Removed, list_removed, purge
from assistant.show.wording import ENGLISH, Wording
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId, FileRecord, Status

N_ROWS = 100
"""Rows that are listed at first, and how many more are each time that more are asked for."""
MAX_ROWS = 5_000
FEW_DOCUMENTS = 8
"""With more documents than this they can be looked for and ordered."""
MAX_WORDS_CHARS = 200
MAX_FOLDERS = 2_000
"""Folders that one page may have turned."""
MAX_DEPTH = 8
"""Folders inside of each other that are drawn so; deeper ones are part of the file's name."""
MAX_PLACES = 20_000
"""Files whose places in the order are kept: a list is drawn twice a second while a sync runs."""
TELL_SUCCESS_S = 10.0
"""Seconds that a sync's success is told; a failure is, until another sync."""
NAMED_SUFFIXES = tuple(
    ".pdf .png .jpg .docx .doc .pptx .xlsx .odt .rtf .epub .eml .msg .html .md .csv .json .txt "
    ".zip".split()
)
PROGRESS_INTERVAL_S = 0.25
"""Seconds between two reports of progress."""
SYNC_RUNNING = "A sync is running already."


class Order(StrEnum):
    """In which order documents are listed."""

    NAME = "name"
    NEWEST = "newest"
    LARGEST = "largest"
    STATUS = "status"


_ORDERS = {
    Order.NAME: "By name",
    Order.NEWEST: "Last read first",
    Order.LARGEST: "Largest first",
    Order.STATUS: "Not read first",
}


@dataclass(frozen=True, slots=True)
class ListView:
    """What one page sees of the list: what is found by `words`, in an order, `n_rows` of it.

    `turned` are the folders that are not as they are at first: open if all rows fit, else shut.
    """

    words: str = ""
    order: Order = Order.NAME
    n_rows: int = N_ROWS
    turned: frozenset[str] = frozenset()

    def change(self, sent: Mapping[str, Any]) -> "ListView":
        """Return the view after what a browser sent, which is untrusted."""
        if isinstance(words := sent.get("words"), str):
            return replace(self, words=words[:MAX_WORDS_CHARS], n_rows=N_ROWS)
        if (order := sent.get("order")) in list(Order):
            return replace(self, order=Order(order), n_rows=N_ROWS)
        if isinstance(folder := sent.get("folder"), str):
            turned = self.turned ^ {folder}
            return replace(self, turned=turned) if len(turned) <= MAX_FOLDERS else self
        return replace(self, n_rows=min(self.n_rows + N_ROWS, MAX_ROWS))


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of the list: a file (`record`), or a folder with the files in it, `depth` folders deep.

    `path` is that of the folder, or of the file's folder as far as it is drawn.
    """

    path: str
    depth: int
    record: FileRecord | None = None
    records: tuple[FileRecord, ...] = ()
    is_open: bool = False

    @property
    def name(self) -> str:
        """The folder's or the file's own name."""
        path = self.record.document_id.removeprefix(self.path) if self.record else self.path
        return path.strip("/") if self.record else path.rpartition("/")[2]

    def is_ticked(self, only: frozenset[DocumentId]) -> bool:
        """Whether all documents of a folder that can be asked are among those."""
        askable = [one.document_id for one in self.records if one.status is not Status.SKIPPED]
        return bool(askable) and only.issuperset(askable)


def choose_records(
    records: Sequence[FileRecord], words: str = "", order: Order = Order.NAME
) -> list[FileRecord]:
    """Return the files whose path or title has all the words, in an order."""
    wanted = _fold(words).split()
    found = [one for one in records if not wanted or _has_all(one, wanted)]
    found.sort(key=lambda one: _place_of(one.document_id))
    match order:
        case Order.NEWEST:
            found.sort(key=lambda one: one.settled_at, reverse=True)
        case Order.LARGEST:
            found.sort(key=lambda one: one.size, reverse=True)
        case Order.STATUS:
            found.sort(key=lambda one: list(reversed(Status)).index(one.status))
    return found


def list_rows(records: Sequence[FileRecord], view: ListView) -> tuple[ListRow, ...]:
    """Return the rows of a view of these files, which it has found and ordered.

    In the order of names they stand in their folders; what words found, and other orders, do not.
    """
    if view.words.strip() or view.order is not Order.NAME:
        return tuple(ListRow("", 0, one) for one in records)
    inside: dict[str, list[FileRecord]] = {}
    paths = [_folders_of(one) for one in records]
    for one, above in zip(records, paths, strict=True):
        for folder in above:
            inside.setdefault(folder, []).append(one)
    is_few = len(records) + len(inside) <= N_ROWS
    rows: list[ListRow] = []
    before: tuple[str, ...] = ()
    for one, above in zip(records, paths, strict=True):
        for depth, folder in enumerate(above):
            is_open = is_few != (folder in view.turned)
            if folder not in before:
                rows.append(ListRow(folder, depth, None, tuple(inside[folder]), is_open))
            if not is_open:
                break
        else:
            rows.append(ListRow(above[-1] if above else "", len(above), one))
        before = above
    return tuple(rows)


def _folders_of(record: FileRecord) -> tuple[str, ...]:
    """Return the paths of the folders above a file, the outermost first."""
    *names, _ = record.document_id.split("/", MAX_DEPTH)
    return tuple("/".join(names[: n + 1]) for n in range(len(names)))


def _has_all(record: FileRecord, words: Sequence[str]) -> bool:
    text = _fold(f"{record.document_id} {record.title}")
    return all(word in text for word in words)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


@lru_cache(maxsize=MAX_PLACES)
def _place_of(document_id: str) -> list[tuple[bool, list[str], str]]:
    """Return by what files are ordered: folders before files, "Part 2" before "Part 10"."""
    *above, name = document_id.split("/", MAX_DEPTH)
    return [*((False, _by_value(one), one) for one in above), (True, _by_value(name), name)]


def _by_value(name: str) -> list[str]:
    """Return the parts of a name, each number behind the sign that stands for its length."""
    parts = re.split(r"0*([0-9]+)", _fold(name))
    return [chr(0x30 + min(len(one), 9)) + one if n % 2 else one for n, one in enumerate(parts)]


@dataclass(frozen=True, slots=True)
class CorpusView:
    """What the panel of documents shows besides the rows.

    `max_bytes` is the size limit of an uploaded file, `synced_at` when the last sync ended (ISO,
    UTC; None if none has), `only` the documents that questions are limited to (empty means all),
    `progress` what a running sync does (empty if none runs), of which a `share` is done, `reading`
    the file that it reads, and `note` what the last one reported. `words` were looked for, and
    `n_found` of `n_documents` have them, in an `order` of several; `n_more` rows are not shown.
    `trash` is what was removed and can be brought back.
    """

    suffixes: tuple[str, ...]
    max_bytes: int
    synced_at: str | None = None
    only: frozenset[DocumentId] = frozenset()
    progress: str = ""
    share: float = 0.0
    reading: str = ""
    note: str = ""
    is_success: bool = False
    words: str = ""
    order: Order = Order.NAME
    n_documents: int = 0
    n_found: int = 0
    n_more: int = 0
    trash: tuple[Removed, ...] = ()

    @property
    def has_many(self) -> bool:
        """Whether there are so many documents that one looks for them."""
        return self.n_documents > FEW_DOCUMENTS

    @property
    def orders(self) -> tuple[tuple[Order, str], ...]:
        """The orders that can be chosen, each with what it is called."""
        return tuple(_ORDERS.items())

    @property
    def named_suffixes(self) -> tuple[str, ...]:
        """The best-known suffixes of those that can be read; all of them if none is well known."""
        return tuple(one for one in NAMED_SUFFIXES if one in self.suffixes) or self.suffixes


def render_documents(rows: Sequence[ListRow], corpus: CorpusView, say: Wording = ENGLISH) -> Markup:
    """Render folders, and files with their status, and the reason if one was skipped."""
    return render_part("documents", tuple(rows), corpus, say=say)


class Corpus:
    """The panel of documents of one assistant, with the sync that may be running."""

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._last: SyncReport | str = ""
        self._succeeded_s = 0.0
        self._is_syncing = False
        self.stop_sync = assistant.stop_sync

    @property
    def progress(self) -> Progress | None:
        """How far the running sync is; None if none runs."""
        return self._assistant.progress or (Progress("reading", 0, 0) if self._is_syncing else None)

    def count_ready(self) -> tuple[int, int, bool]:
        """Return how many files are read while a sync reads others, and of how many; else 0.

        Besides, whether the index is made anew meanwhile, so that the former one answers.
        """
        progress = self._assistant.progress
        if progress is None or progress.done >= progress.total:
            return 0, 0, False
        return progress.done, progress.total, progress.is_upgrade

    def find(self, words: str = "", folder: str = "") -> frozenset[DocumentId]:
        """Return the documents that can be asked of those with these words, or in this folder.

        Raises:
            StoreError: the index cannot be read.
        """
        return frozenset(
            one.document_id
            for one in choose_records(self._assistant.documents(), words)
            if one.status is not Status.SKIPPED
            and (not folder or one.document_id.startswith(f"{folder}/"))
        )

    def show(
        self,
        only: frozenset[DocumentId],
        view: ListView = ListView(),
        say: Wording = ENGLISH,
    ) -> Markup:
        """Return the panel; `only` are the documents that are ticked."""
        progress, is_success = self.progress, self._succeeded_s > 0
        is_old = time.monotonic() - self._succeeded_s > TELL_SUCCESS_S
        try:
            records = self._assistant.documents()
            found = choose_records(records, view.words, view.order)
            rows = list_rows(found, view)
            shown = CorpusView(
                suffixes=tuple(SUFFIXES),
                max_bytes=self._assistant.settings.max_file_bytes,
                synced_at=self._assistant.synced_at,
                only=only,
                progress=describe_progress(progress, say) if progress else "",
                share=progress.share if progress else 0.0,
                note="" if is_success and is_old else self.tell_last(say),
                is_success=is_success,
                reading=progress.name if progress else "",
                words=view.words,
                order=view.order,
                n_documents=len(records),
                n_found=len(found),
                n_more=len(rows) - view.n_rows,
                trash=list_removed(self._assistant.settings),
            )
            return render_documents(rows[: view.n_rows], shown, say)
        except AssistantError as error:
            return render_notice(str(error), say)

    def purge(self, key: str | None) -> None:
        """Delete for good what one removal put into the trash; all that is there if None.

        Raises:
            CorpusError: it is not there any more, or cannot be deleted.
        """
        purge(self._assistant.settings, key)

    def tell_last(self, say: Wording) -> str:
        """Say what the last sync came to; "" if there was none, or before its end."""
        if isinstance(self._last, SyncReport):
            return describe_sync(self._last, say)
        return say.retell(self._last)

    def sync(self) -> Generator[str]:
        """Sync the index with the folder; yield the progress, and the outcome last."""
        if self.progress is not None:
            yield SYNC_RUNNING
            return
        self._is_syncing, self._last, self._succeeded_s = True, "", 0.0
        try:
            yield "Syncing"
            reports: Iterator[Progress | SyncReport] = iterate_reports(self._run_sync)
            for report in reports:
                if isinstance(report, SyncReport):
                    self._last, self._succeeded_s = report, time.monotonic()
                else:
                    yield describe_progress(report)
        except AssistantError as error:
            self._last = str(error)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            self._last = log_error("syncing")
        finally:
            self._is_syncing = False
        yield self.tell_last(ENGLISH)

    def _run_sync(self, report: Callable[[Progress | SyncReport], None]) -> None:
        last_s = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal last_s
            if (now := time.monotonic()) - last_s >= PROGRESS_INTERVAL_S:
                last_s = now
                report(progress)

        report(self._assistant.sync(on_progress=on_progress))


def describe_sync(report: SyncReport, say: Wording = ENGLISH) -> str:
    """Say in a sentence what a sync did and how long it took."""
    counted = {
        "{n} added": report.n_added,
        "{n} changed": report.n_changed,
        "{n} moved": report.n_moved,
        "{n} removed": report.n_removed,
        "{n} skipped": report.n_skipped,
    }
    did = ", ".join(say(said, n=n) for said, n in counted.items() if n)
    seconds = say.number(float(report.seconds))
    told = say("Synced in {time} s: {what}.", time=seconds, what=did or say("nothing has changed"))
    if not report.recovered:
        return told
    return f"{told} {say('The index was damaged and has been built anew.')}"


def describe_progress(progress: Progress, say: Wording = ENGLISH) -> str:
    """Say what a sync does, how many files are done, and about how long it takes yet."""
    stage = _describe_stage(progress, say)
    facts = []
    if progress.total > 1:
        facts.append(say("{n} of {n_all} files", n=progress.done, n_all=progress.total))
    if (left := progress.seconds_left) is not None:
        facts.append(say("about {time} left", time=_round_up(left, say)))
    return f"{stage}: {', '.join(facts)}" if facts else stage


def _describe_stage(progress: Progress, say: Wording) -> str:
    name = PurePosixPath(progress.name).name
    if progress.stage != "reading":
        return say(_STAGES[progress.stage])
    if progress.page is None:
        return say("Reading {name}", name=name) if name else say("Reading")
    n, n_all = progress.page
    said = "Reading page {n} of {n_all} of {name}" if name else _UNNAMED
    return say(said, n=n, n_all=n_all, name=name)


_UNNAMED = "Reading page {n} of {n_all} of a scan"
_STAGES = {"embedding": "Embedding", "building the vector base": "Building the vector base"}


def _round_up(seconds: float, say: Wording) -> str:
    """Return a time as people say it: "20 seconds", "3 minutes"."""
    if seconds <= 50:
        n = max(1, math.ceil(seconds / 10)) * 10
        return say("{n} second|{n} seconds", n=n)
    return say("{n} minute|{n} minutes", n=math.ceil(seconds / 60))
