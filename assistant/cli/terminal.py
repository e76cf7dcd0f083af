"""What the commands write: answers to stdout, everything else to stderr, nothing of it raw.

Text of documents and questions reaches the terminal without control characters.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.show.blocks import Code, Grid, GridRow, Items, Prose, Remark, Said, Shown, Title
from assistant.show.escape import terminal_safe

MAX_STAGE_CHARS = 48
ANY_WIDTH = 10_000
"""Characters of a line that goes into a file or a pipe."""


class Show(Protocol):
    """Shows how far work is."""

    def __call__(self, stage: str, done: int, total: int, share: float | None = None) -> None:
        """Show the stage and how much is done of how much.

        `share` is what of the work that is, where the things counted are not alike.
        """


@contextmanager
def progress_bar() -> Iterator[Show]:
    """Show progress while the block runs."""
    from rich.progress import BarColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    bar = Progress(
        "{task.description}",
        BarColumn(),
        "{task.fields[counted]}",
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=None, counted="")

        def show(stage: str, done: int, total: int, share: float | None = None) -> None:
            bar.update(
                task,
                description=terminal_safe(stage[:MAX_STAGE_CHARS]),
                completed=done / max(1, total) if share is None else share,
                total=1 if total else None,
                counted=f"{done:,}/{total:,}" if total else "",
            )

        yield show


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs, on one line that is gone after it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status(Text("")) as status:
        yield lambda doing: status.update(Text(terminal_safe(doing)))


def write(text: str) -> None:
    """Print a part of the answer."""
    sys.stdout.write(terminal_safe(text) + "\n")


def write_blocks(blocks: Sequence[Shown], *, shows_all: bool, indent: int = 0) -> None:
    """Print an answer's blocks, `indent` columns from the left.

    A terminal gets as much as it is wide, with the words that answer in bold, and of many rows or
    lines the first, unless all are wanted. Everything else gets all, on lines of any width.
    """
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if is_terminal else ANY_WIDTH,
    )
    for number, block in enumerate(blocks):
        is_apart = number and {block.kind, blocks[number - 1].kind} & {"table", "code"}
        if is_apart:
            console.print()
        for part in _draw(block, console, is_whole=shows_all or not is_terminal):
            whole = Padding(part, (0, 0, 0, indent), expand=False) if indent else part
            console.print(whole, soft_wrap=isinstance(whole, Text))


def _draw(block: Shown, console: Console, *, is_whole: bool) -> Iterator[Text | Table]:
    """Yield the lines of a block, or its table, and a line that says how much is left out."""
    match block:
        case Remark():
            yield Text(terminal_safe(block.text), "italic")
            return
        case Prose():
            yield Text(" ").join(map(_say, block.said))
            return
        case Title():
            yield _say(block.said, "bold")
            return
        case Items():
            noun, n = "items", len(block.items)
            n_first = n if is_whole else block.n_first
            for item in block.items[:n_first]:
                yield Text("  " * item.depth + ("" if item.is_marked else "• ")) + _say(item.said)
        case Grid():
            noun, n = "rows", len(block.rows)
            n_first = n if is_whole else block.n_first
            yield from _draw_rows(replace(block, rows=block.rows[:n_first]), console)
        case Code():
            noun, n = "lines", len(block.lines)
            n_first = n if is_whole else block.n_first
            yield from (Text("    ") + _say(line) for line in block.lines[:n_first])
    if n_first < n:
        yield Text(f"… {n - n_first:,} more {noun}: --all shows all {n:,}")


def _draw_rows(block: Grid, console: Console) -> Iterator[Text | Table]:
    """Yield rows as a table, or where it is too wide for the terminal row by row."""
    table = Table(box=SIMPLE_HEAD, show_header=any(block.names), show_edge=False, pad_edge=False)
    names = [*block.names, *[""] * (block.n_columns - len(block.names))]
    for name, is_number in zip(names, block.are_numbers, strict=True):
        justify: Literal["right", "left"] = "right" if is_number else "left"
        table.add_column(Text(terminal_safe(name)), justify=justify, overflow="fold")
    table.add_column(Text(_marks(block.cited)), no_wrap=True)
    for row in block.rows:
        cells = [_say(cell) for cell in row.cells]
        cells += [Text("")] * (block.n_columns - len(cells))
        table.add_row(*cells, _mark_row(row))
    wide = console.options.update(max_width=ANY_WIDTH)
    if Measurement.get(console, wide, table).minimum <= console.width:
        yield table
        return
    for number, row in enumerate(block.rows):
        yield Text("" if not number else "\n") + _mark_row(row)
        for name, cell in zip(names, row.cells, strict=False):
            if cell.text:
                yield Text(f"{terminal_safe(name)}: " if name else "") + _say(cell)


def _say(said: Said, style: str = "") -> Text:
    """Return a text without control characters, with its citations."""
    text = Text(style=style)
    for run, is_answering in said.runs:
        text.append(terminal_safe(run), "bold" if is_answering else "")
    text.append(f" {_marks(said.citations)}" if said.citations else "")
    return text.append(f" ({said.note})" if said.note else "", "dim")


def _mark_row(row: GridRow) -> Text:
    return Text(f"{_marks(row.citations)} ({row.note})" if row.note else _marks(row.citations))


def _marks(numbers: Iterable[int]) -> str:
    return "".join(f"[{number}]" for number in numbers)


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
