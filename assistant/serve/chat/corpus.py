"""The folder of documents as the chat shows it: the ledger, and a sync that everybody sees.

One sync runs at a time; its progress belongs to all pages. Refuses nothing: an index that cannot be
read or written is a notice.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.ingest.sniff import SUFFIXES
from assistant.serve.background import follow
from assistant.serve.chat.render import CorpusView, render_documents, render_notice
from assistant.serve.chat.turns import report
from assistant.store.sync import Progress, SyncReport
from assistant.values import DocumentId

REPORT_S = 0.25
"""Seconds between two reports of progress: often enough to look alive."""
RUNNING = "A sync is running already."
HALTED = "Stopped. What was done stays done; the next sync goes on."


class Corpus:
    """The documents of one assistant."""

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._at: Progress | None = None
        self._notes: tuple[str, ...] = ()
        self._halt = threading.Event()

    def halt(self) -> None:
        """End the running sync after the file that it is at."""
        self._halt.set()

    def show(self, only: frozenset[DocumentId]) -> Markup:
        """Return the panel: every file with its status, and the sync if one is running."""
        at = self._at
        try:
            view = CorpusView(
                suffixes=tuple(SUFFIXES),
                max_bytes=self._assistant.settings.max_file_bytes,
                synced_at=self._assistant.synced_at,
                only=only,
                progress=_tell(at) if at else "",
                done=at.done if at else 0,
                total=at.total if at else 0,
                notes=self._notes,
            )
            return render_documents(self._assistant.documents(), view)
        except AssistantError as error:
            return render_notice(str(error))

    def sync(self) -> Generator[str]:
        """Bring the index in step with the folder; yield what is happening, the outcome last."""
        if self._at is not None:
            yield RUNNING
            return
        self._at, self._notes = Progress("reading", 0, 0), ()
        self._halt.clear()
        try:
            yield "Syncing"
            reports: Iterator[Progress | SyncReport] = follow(self._work)
            for at in reports:
                if isinstance(at, SyncReport):
                    self._notes = (summarize(at),)
                else:
                    self._at = at
                    yield _tell(at)
        except AssistantError as error:
            self._notes = (str(error),)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            self._notes = (report("syncing"),)
        finally:
            self._at = None
        yield " ".join(self._notes)

    def _work(self, tell: Callable[[Progress | SyncReport], None]) -> None:
        last_s = 0.0

        def on_progress(at: Progress) -> None:
            nonlocal last_s
            if self._halt.is_set():
                raise AssistantError(HALTED)
            if (now := time.monotonic()) - last_s >= REPORT_S:
                last_s = now
                tell(at)

        tell(self._assistant.sync(on_progress=on_progress))


def summarize(done: SyncReport) -> str:
    """Say in a sentence what a sync did."""
    parts = [
        f"{n:,} {word}"
        for n, word in (
            (done.n_added, "added"),
            (done.n_changed, "changed"),
            (done.n_moved, "moved"),
            (done.n_removed, "removed"),
        )
        if n
    ]
    parts += [f"{done.n_skipped:,} skipped"] if done.n_skipped else []
    anew = " The index was damaged and has been built anew." if done.recovered else ""
    return f"Synced in {done.seconds:.1f} s: {', '.join(parts) or 'nothing has changed'}.{anew}"


def _tell(at: Progress) -> str:
    stage = at.stage.capitalize()
    return f"{stage}: {at.done:,} of {at.total:,} files" if at.total > 1 else stage
