"""The index brought in step from the command line: with a bar, and a line at the end.

Comes in: an open assistant. Goes out: lines on stderr, for each file that was not plainly indexed
why. Refuses nothing of its own: failures are handed on.
"""

from typing import TYPE_CHECKING

from assistant.surfaces.terminal import progress_bar, say

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def bring_in_step(assistant: "Assistant", *, rebuild: bool = False) -> None:
    """Bring the index in step with the folder and say what was done."""
    with progress_bar() as show:
        report = assistant.sync(
            rebuild=rebuild, on_progress=lambda at: show(at.stage, at.done, at.total)
        )
    if report.recovered:
        say(f"warning: {report.recovered}")
    for record in report.notable:
        say(f"{record.status}: {record.document_id}: {record.reason}")
    if report.base_problem:
        say(f"warning: {report.base_problem}; searching exactly, which is slower")
    say(
        f"{report.n_added} files added, {report.n_changed} changed, {report.n_removed} removed, "
        f"{report.n_unchanged} unchanged; {report.n_passages:,} passages "
        f"({report.n_embedded:,} embedded) in {report.seconds:.1f} s"
    )


def require_index(assistant: "Assistant") -> None:
    """Build the index when there is none, and say so."""
    if not assistant.has_index:
        settings = assistant.settings
        say(f"no index in {str(settings.index_dir)!r}: building it from {settings.corpus_dir}")
        bring_in_step(assistant)
