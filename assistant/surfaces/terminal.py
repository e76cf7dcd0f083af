"""What the commands write: answers to stdout, everything else to stderr, nothing of it raw.

Text of documents and questions reaches the terminal without control characters.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from assistant.surfaces.escape import terminal_safe


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


def write(text: str) -> None:
    """Print a part of the answer."""
    sys.stdout.write(terminal_safe(text) + "\n")


def write_json(data: dict[str, Any]) -> None:
    """Print the answer as JSON."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def say(text: str) -> None:
    """Tell the person what is not a part of the answer."""
    sys.stderr.write(terminal_safe(text) + "\n")
