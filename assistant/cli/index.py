"""`assistant index` and `assistant documents`: bring the index in step, list the ledger.

Progress, and the reason for each file that was skipped or indexed with a warning, go to stderr. The
ledger, a dry run and the report as JSON go to stdout.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from assistant.cli.terminal import progress_bar, say, status_line, write, write_json
from assistant.errors import AssistantError, CorpusError
from assistant.settings import LOCAL_RAY, Settings
from assistant.show.provenance import count
from assistant.store.backup import back_up, restore
from assistant.values import FileRecord

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.store.sync import Progress, SyncReport


def print_documents(assistant: "Assistant", *, as_json: bool) -> None:
    """Print what became of every file at the last sync, by name."""
    records = assistant.documents()
    if as_json:
        write_json({"documents": [asdict(record) for record in records]})
    else:
        for record in records:
            write(_describe_record(record))
    counts = Counter(record.status for record in records)
    say(", ".join(f"{n:,} {status}" for status, n in sorted(counts.items())) or "no files")


def _describe_record(record: FileRecord) -> str:
    facts = [count(record.n_passages, "passage")] if record.n_passages else []
    facts += [f"{record.settled_at}, {record.seconds:.1f} s"]
    facts += [f"the same as {', '.join(record.copies)}"] if record.copies else []
    facts += [f"nearly the same as {', '.join(record.near)}"] if record.near else []
    why = f": {record.reason}" if record.reason else ""
    return f"{record.status} {record.document_id}{why} ({'; '.join(facts)})"


def tell_backup(index_dir: Path, path: Path, *, as_json: bool) -> None:
    """Write a backup and say what is in it."""
    from assistant import __version__

    with status_line() as tell:
        made = back_up(
            index_dir, path, version=__version__, on_file=lambda name: tell(f"keeping {name}")
        )
    say(f"{str(path)!r} holds {count(len(made.files), 'file')}, {made.size:,} bytes before packing")
    if as_json:
        write_json({"path": str(path), **asdict(made)})


def tell_restored(path: Path, index_dir: Path, *, replaces: bool, as_json: bool) -> None:
    """Bring a backup back and say what it was."""
    found = restore(path, index_dir, replaces=replaces)
    say(f"{str(index_dir)!r} is what it was on {found.made}: {count(len(found.files), 'file')}")
    say("bring it in step with the folder: assistant index")
    if as_json:
        write_json({"index": str(index_dir), **asdict(found)})


Rebuild = Annotated[
    bool, typer.Option("--rebuild", help="Make the index anew, whatever made the present one.")
]
Retry = Annotated[bool, typer.Option("--retry", help="Read the files again that were skipped.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, on stdout, and do nothing.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 when a file was skipped.")]
NoOcr = Annotated[
    bool, typer.Option("--no-ocr", help="Do not read what pictures and scanned pages say.")
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Stay, and bring the index in step with every change.")
]
OnRay = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="[ADDRESS]",
        help="Read and embed in the workers of a Ray cluster; without an address, of this machine.",
    ),
]


class IndexCommand(TyperCommand):
    """The command whose `--ray` may stand without an address."""

    def parse_args(self, context: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with the address that is left out."""
        given = [
            f"--ray={LOCAL_RAY}" if one == "--ray" and after.startswith("-") else one
            for one, after in zip_longest(args, args[1:], fillvalue="-")
        ]
        return super().parse_args(context, given)


SHORT_S = 0.7
"""A sync that takes no longer once it reads files is waited for."""
STOP_S = 5.0
"""Seconds that a sync gets to end; what it has written by then is whole in any case."""
BEFORE_DETAIL = {"move": " from ", "skip": ": "}
"""What stands between the file and the detail of an action."""


def bring_in_step(
    assistant: "Assistant",
    *,
    rebuild: bool = False,
    retry: bool = False,
    as_json: bool = False,
    on_begun: Callable[[], None] = lambda: None,
) -> "SyncReport":
    """Bring the index in step with the folder and say what was done.

    `on_begun` is called once files are read.
    """
    with progress_bar() as show:

        def tell(at: "Progress") -> None:
            show(at.doing, at.done, at.total, at.share)
            if at.done < at.total:
                on_begun()

        report = assistant.sync(rebuild=rebuild, retry=retry, on_progress=tell)
    if report.recovered:
        say(f"warning: {report.recovered}")
    _tell_notable(report.notable)
    if report.base_problem:
        say(f"warning: {report.base_problem}; searching exactly, which is slower")
    _tell_report(report, as_json=as_json)
    return report


def bring_all_in_step(
    opened: Mapping[str, "Assistant"], *, rebuild: bool, retry: bool, as_json: bool
) -> bool:
    """Bring each collection in step and say what was done; return whether no file was skipped."""
    if list(opened) == [""]:
        report = bring_in_step(opened[""], rebuild=rebuild, retry=retry, as_json=as_json)
        return report.n_skipped == 0
    reports = {}
    for name, assistant in opened.items():
        say(f"{name}:")
        reports[name] = bring_in_step(assistant, rebuild=rebuild, retry=retry)
    if as_json:
        write_json({"collections": {name: _as_data(one) for name, one in reports.items()}})
    return not any(one.n_skipped for one in reports.values())


class RunningSync:
    """Brings folders in step in a thread, one after the other."""

    def __init__(self, assistants: Sequence["Assistant"]) -> None:
        self._assistants = assistants
        self._failed: list[BaseException] = []
        self._begun, self._is_left_alone = threading.Event(), threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def begin(self) -> None:
        """Begin, and return once files are read, or all is done.

        What fails before is raised where there is one folder; all else that fails is said.
        """
        self._thread.start()
        try:
            self._begun.wait()
            self._thread.join(SHORT_S)
            self._is_left_alone.set()
        except BaseException:
            self.stop()
            raise
        if self._failed:
            self._thread.join()
            raise self._failed[0]

    def stop(self) -> None:
        """End it after its present file, and wait for that a little."""
        self._is_stopping = True
        for assistant in self._assistants:
            assistant.stop_sync()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        for assistant in self._assistants:
            if self._is_stopping:
                break
            try:
                bring_in_step(assistant, on_begun=self._begun.set)
            except BaseException as error:  # noqa: BLE001 (raised or said where it is awaited)
                if len(self._assistants) > 1:
                    say(f"{assistant.settings.corpus_dir}: {error}")
                    continue
                self._failed.append(error)
                if self._is_left_alone.is_set():
                    say(f"the sync ended early: {error}")
        self._begun.set()


def keep_in_step(assistant: "Assistant", *, as_json: bool) -> None:
    """Bring the index in step after every change of the folder, until interrupted."""
    from assistant.ingest.walk import watch

    settings, told = assistant.settings, set(assistant.documents())
    say(f"watching {settings.corpus_dir} (stop it with Ctrl-C)")
    for _ in watch(settings.corpus_dir, settings.index_dir, threading.Event()):
        try:
            report = assistant.sync()
        except CorpusError:
            raise
        except AssistantError as error:  # another process writes, the disk is full: it may pass
            say(f"not now: {error}")
            continue
        if report.n_added or report.n_changed or report.n_moved or report.n_removed:
            _tell_notable([record for record in report.notable if record not in told])
            told = set(report.notable)
            _tell_report(report, as_json=as_json)


def tell_preview(settings: Settings, *, rebuild: bool, retry: bool, as_json: bool) -> bool:
    """Print what a sync would do; return whether no file would be skipped."""
    from assistant.store.plan import Action
    from assistant.store.sync import preview

    changes = preview(settings, rebuild=rebuild, retry=retry)
    if as_json:
        write_json({"changes": [asdict(change) for change in changes]})
    else:
        for change in changes:
            detail = BEFORE_DETAIL.get(change.action, " ") + change.detail if change.detail else ""
            write(f"{change.action} {change.document_id}{detail}")
        say(f"{len(changes):,} files to settle; nothing was done")
    return all(change.action != Action.SKIP for change in changes)


def require_index(assistant: "Assistant") -> None:
    """Build the index when there is none, and say so."""
    if not assistant.has_index:
        settings = assistant.settings
        say(f"no index in {str(settings.index_dir)!r}: building it from {settings.corpus_dir}")
        bring_in_step(assistant)


def _tell_notable(records: Iterable[FileRecord]) -> None:
    for record in records:
        say(f"{record.status}: {record.document_id}: {record.reason}")


def _tell_report(report: "SyncReport", *, as_json: bool) -> None:
    say(
        f"{report.n_added} files added, {report.n_changed} changed, {report.n_moved} moved, "
        f"{report.n_removed} removed, {report.n_unchanged} unchanged; {report.n_skipped} skipped; "
        f"{report.n_passages:,} passages ({report.n_embedded:,} embedded) in {report.seconds:.1f} s"
    )
    if as_json:
        write_json(_as_data(report))


def _as_data(report: "SyncReport") -> dict[str, Any]:
    return {**asdict(report), "n_skipped": report.n_skipped}
