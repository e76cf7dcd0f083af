"""The panel of documents: what became of every file, and the sync that everybody sees.

One sync runs at a time, whoever began it, and all pages show its progress. An index that cannot be
read or written becomes a notice.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.ingest.sniff import SUFFIXES
from assistant.serve.background import iterate_reports
from assistant.serve.chat.render import CorpusView, render_documents, render_notice
from assistant.serve.chat.turns import log_error
from assistant.show.provenance import count
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId

PROGRESS_INTERVAL_S = 0.25
"""Seconds between two reports of progress."""
SYNC_RUNNING = "A sync is running already."


class Corpus:
    """The panel of documents of one assistant, with the sync that may be running."""

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._notes: tuple[str, ...] = ()
        self._is_syncing = False
        self.stop_sync = assistant.stop_sync

    @property
    def progress(self) -> Progress | None:
        """How far the running sync is; None if none runs."""
        return self._assistant.progress or (Progress("reading", 0, 0) if self._is_syncing else None)

    @property
    def tells_ready(self) -> str:
        """What is ready while a sync reads files, as a sentence; empty if none does."""
        progress = self._assistant.progress
        if progress is None or progress.done >= progress.total:
            return ""
        return (
            f"{progress.done:,} of {progress.total:,} files are read. "
            "Answers come from these until the others are."
        )

    def show(self, only: frozenset[DocumentId]) -> Markup:
        """Return the panel; `only` are the documents that are ticked."""
        progress = self.progress
        try:
            view = CorpusView(
                suffixes=tuple(SUFFIXES),
                max_bytes=self._assistant.settings.max_file_bytes,
                synced_at=self._assistant.synced_at,
                only=only,
                progress=describe_progress(progress) if progress else "",
                share=progress.share if progress else 0.0,
                notes=self._notes,
            )
            return render_documents(self._assistant.documents(), view)
        except AssistantError as error:
            return render_notice(str(error))

    def sync(self) -> Generator[str]:
        """Sync the index with the folder; yield the progress, and the outcome last."""
        if self.progress is not None:
            yield SYNC_RUNNING
            return
        self._is_syncing, self._notes = True, ()
        try:
            yield "Syncing"
            reports: Iterator[Progress | SyncReport] = iterate_reports(self._run_sync)
            for report in reports:
                if isinstance(report, SyncReport):
                    self._notes = (describe_sync(report),)
                else:
                    yield describe_progress(report)
        except AssistantError as error:
            self._notes = (str(error),)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            self._notes = (log_error("syncing"),)
        finally:
            self._is_syncing = False
        yield " ".join(self._notes)

    def _run_sync(self, report: Callable[[Progress | SyncReport], None]) -> None:
        last_s = 0.0

        def on_progress(progress: Progress) -> None:
            nonlocal last_s
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


def describe_progress(progress: Progress) -> str:
    """Say what a sync does, how many files are done, and about how long it takes yet."""
    stage = progress.doing[:1].upper() + progress.doing[1:]
    facts = [f"{progress.done:,} of {progress.total:,} files"] if progress.total > 1 else []
    if (left := progress.seconds_left) is not None:
        facts.append(f"about {_round_up(left)} left")
    return f"{stage}: {', '.join(facts)}" if facts else stage


def _round_up(seconds: float) -> str:
    """Return a time as people say it: "20 seconds", "3 minutes"."""
    if seconds <= 50:
        return f"{max(1, math.ceil(seconds / 10)) * 10} seconds"
    return count(math.ceil(seconds / 60), "minute")
