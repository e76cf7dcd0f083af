"""What the commands write: answers to stdout, everything else to stderr, nothing of it raw.

Text of documents and questions reaches the terminal without control characters.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from assistant.show.escape import terminal_safe


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress while the block runs: told of the stage, how much is done, of how much."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    bar = Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=None)
        yield lambda stage, done, total: bar.update(
            task, description=stage, completed=done, total=total or None
        )


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs, on one line that is gone after it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text("")) as status:
        yield lambda doing: status.update(Text(terminal_safe(doing)))


def write(text: str) -> None:
    """Print a part of the answer."""
    sys.stdout.write(terminal_safe(text) + "\n")


def write_json(data: dict[str, Any], *, is_line: bool = False) -> None:
    """Print the answer as JSON, at once: of a command that stays, a pipe's reader waits for it."""
    sys.stdout.write(json.dumps(data, indent=None if is_line else 2) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell the person what is not a part of the answer."""
    sys.stderr.write(terminal_safe(text) + "\n")


def say_failure(kind: str, message: str, *, as_json: bool) -> None:
    """Tell in one line why something cannot be done; as JSON in the shape of the HTTP API."""
    failure = {"error": {"kind": kind, "message": message}}
    say(json.dumps(failure) if as_json else f"error: {message}")
