"""Ask public sets, and report on them as `assistant eval` does on one's own questions.

    python -m evals.suite --data FOLDER [--suite FILE]
    python -m evals.suite --data FOLDER --dataset squad2 --sample 600

The folder holds the public sets (`evals/README.md`); of a suite, those that are not there are left
out and named. Exit codes: 1 worse than the baseline or under a bar, 2 an error, 130 interrupted.
"""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.evaluate import Choice, evaluate_chosen
from assistant.cli.main import EXIT_INTERRUPTED
from assistant.cli.terminal import say
from assistant.settings import Settings
from evals.datasets import load_set

PUBLIC = Path(__file__).with_name("suites") / "public.toml"

app = typer.Typer(add_completion=False)


@app.command()
def ask(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    data: Annotated[Path, typer.Option(help="The folder of the public sets, or the file of one.")],
    suite: Annotated[Path | None, typer.Option(help="A suite file; public.toml if none.")] = None,
    dataset: Annotated[str | None, typer.Option(help="One set instead, by name.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Ask this many at most.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier report to compare with, question by question.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("eval-results"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask public sets; exit 1 when worse or under a bar, 2 on an error."""
    if suite and dataset is not None:
        raise typer.BadParameter("name a suite or a dataset, not both")
    chosen = suite or (PUBLIC if dataset is None else None)
    choice = Choice(None, chosen, dataset, sample, seed, "python -m evals.suite --data FOLDER")
    try:
        evaluate_chosen(
            choice,
            Settings.load,
            baseline,
            out,
            as_json=as_json,
            load_set=partial(load_set, folder=data),
        )
    except KeyboardInterrupt:
        say("interrupted; the same command goes on where this one was")
        raise typer.Exit(EXIT_INTERRUPTED) from None


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("assistant").setLevel(logging.INFO)
    app(prog_name="python -m evals.suite")
