"""The panel of documents: what became of every file, and the sync that everybody sees.

One sync runs at a time, and all pages show its progress. An index that cannot be read or written
becomes a notice.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.ingest.sniff import SUFFIXES
from assistant.serve.background import iterate_reports
from assistant.serve.chat.render import CorpusView, render_documents, render_notice
from assistant.serve.chat.turns import log_error
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId

PROGRESS_INTERVAL_S = 0.25
"""Seconds between two reports of progress."""
SYNC_RUNNING = "A sync is running already."
SYNC_STOPPED = "Stopped. What was done stays done; the next sync goes on."


class Corpus:
    """The panel of documents of one assistant, with the sync that may be running."""

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._progress: Progress | None = None
        self._notes: tuple[str, ...] = ()
        self._stop = threading.Event()

    def stop_sync(self) -> None:
        """Stop the running sync after its present file."""
        self._stop.set()

    def show(self, only: frozenset[DocumentId]) -> Markup:
        """Return the panel; `only` are the documents that are ticked."""
        progress = self._progress
        try:
            view = CorpusView(
                suffixes=tuple(SUFFIXES),
                max_bytes=self._assistant.settings.max_file_bytes,
                synced_at=self._assistant.synced_at,
                only=only,
                progress=_describe(progress) if progress else "",
                done=progress.done if progress else 0,
                total=progress.total if progress else 0,
                notes=self._notes,
            )
            return render_documents(self._assistant.documents(), view)
        except AssistantError as error:
            return render_notice(str(error))

    def sync(self) -> Generator[str]:
        """Sync the index with the folder; yield the progress, and the outcome last."""
        if self._progress is not None:
            yield SYNC_RUNNING
            return
        self._progress, self._notes = Progress("reading", 0, 0), ()
        self._stop.clear()
        try:
            yield "Syncing"
            reports: Iterator[Progress | SyncReport] = iterate_reports(self._run_sync)
            for report in reports:
                if isinstance(report, SyncReport):
                    self._notes = (describe_sync(report),)
                else:
                    self._progress = report
                    yield _describe(report)
        except AssistantError as error:
            self._notes = (str(error),)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            self._notes = (log_error("syncing"),)
        finally:
            self._progress = None
        yield " ".join(self._notes)

    def _run_sync(self, report: Callable[[Progress | SyncReport], None]) -> None:
        last_s = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal last_s
            if self._stop.is_set():
                raise AssistantError(SYNC_STOPPED)
            if (now := time.monotonic()) - last_s >= PROGRESS_INTERVAL_S:
                last_s = now
                report(progress)

        report(self._assistant.sync(on_progress=on_progress))


def describe_sync(report: SyncReport) -> str:
    """Say in a sentence what a sync did and how long it took."""
    counted = {
        "added": report.n_added,
        "changed": report.n_changed,
        "moved": report.n_moved,
        "removed": report.n_removed,
        "skipped": report.n_skipped,
    }
    did = ", ".join(f"{n:,} {word}" for word, n in counted.items() if n) or "nothing has changed"
    rebuilt = " The index was damaged and has been built anew." if report.recovered else ""
    return f"Synced in {report.seconds:.1f} s: {did}.{rebuilt}"


def _describe(progress: Progress) -> str:
    stage = progress.doing.capitalize()
    if progress.total <= 1:
        return stage
    return f"{stage}: {progress.done:,} of {progress.total:,} files"
