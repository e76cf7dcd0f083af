"""The command line: answers on stdout, everything else on stderr.

`--corpus`, `--index`, `--collection` and `--json` are declared once, at `share`, and hold for every
command, before it and after it.

Exit codes: 0 done (an abstention is an answer), 1 `check` or `doctor` found problems or
`index --strict` skipped a file, 2 the command was misspelt, 3 it cannot be done (one line says why
and what to do), 75 another process is writing the index, 130 interrupted.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from assistant.cli.ask import (
    LlmFile,
    LlmModel,
    LlmUrl,
    Quotes,
    ShowAll,
    TakeAs,
    answer_question,
    choose_llm,
    print_ranking,
)
from assistant.cli.chat import run_chat
from assistant.cli.index import (
    DryRun,
    IndexCommand,
    NoOcr,
    OnRay,
    Rebuild,
    Retry,
    Strict,
    Watch,
    bring_all_in_step,
    bring_in_step,
    keep_in_step,
    print_documents,
    require_index,
    tell_backup,
    tell_preview,
    tell_restored,
)
from assistant.cli.terminal import say, say_failure, status_line, write, write_json
from assistant.errors import AssistantError, IndexLocked
from assistant.settings import Settings
from assistant.show.provenance import count

if TYPE_CHECKING:
    from assistant.pipeline import Assistant

EXIT_PROBLEMS, EXIT_REFUSED, EXIT_LOCKED, EXIT_INTERRUPTED = 1, 3, 75, 130
UsageError: Any = typer.BadParameter.__base__
"""What every misspelt command raises; Typer has it under no name of its own."""


@dataclass(slots=True)
class Shared:
    """What the options say that every command has."""

    corpus: Path | None = None
    index: Path | None = None
    collection: str | None = None
    as_json: bool = False

    def load(self, **given: Any) -> Settings:
        """Return the settings of one folder, with what else the command line says."""
        return self.load_all(**given).of_one()

    def load_all(self, **given: Any) -> Settings:
        """Return the settings, with all collections where several are set and none is named."""
        folders = {"corpus_dir": self.corpus, "index_dir": self.index}
        return Settings.load(**folders, collection=self.collection, **given)

    @contextmanager
    def open(self, **given: Any) -> Iterator["Assistant"]:
        """Open the assistant for as long as the block runs; Ctrl-C leaves with an exit code."""
        settings = self.load(**given)
        from assistant.pipeline import Assistant

        with self._leaving(), Assistant.open(settings) as assistant:
            yield assistant

    @contextmanager
    def open_all(self, **given: Any) -> Iterator[dict[str, "Assistant"]]:
        """Open all collections, by name, as `open` does; the one folder without any is ""."""
        settings = self.load_all(**given)
        if not settings.collections:
            with self.open(**given) as assistant:
                yield {"": assistant}
            return
        from assistant.collections import open_collections

        with self._leaving(), open_collections(settings) as opened:
            yield opened

    @staticmethod
    @contextmanager
    def _leaving() -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            say("interrupted; what was done stays done")
            raise typer.Exit(EXIT_INTERRUPTED) from None


class Commands(TyperGroup):
    """Commands that all have the shared options of their group."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        names = {field.name for field in fields(Shared)}
        for command in self.commands.values():
            command.params += [option for option in self.params if option.name in names]


def _keep(context: typer.Context, option: typer.CallbackParam, value: Any) -> None:
    """Keep a shared option; what stands after the command counts before what stands before it."""
    if value and option.name:
        setattr(context.ensure_object(Shared), option.name, value)


def _tell_version(context: typer.Context, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        from assistant import __version__

        write(f"assistant {__version__}")
        raise typer.Exit


app = typer.Typer(
    help="Ask a folder of documents; every sentence of the answer is backed by an exact quote.",
    epilog="Exit codes: 0 done, 1 problems found, 2 usage, 3 cannot be done, 75 index busy. With "
    '--json, why is the last line on stderr: {"error": {"kind": ..., "message": ...}}.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


_shared = partial(typer.Option, callback=_keep, expose_value=False)


@app.callback(cls=Commands)
def share(
    corpus: Annotated[
        Path | None, _shared(help="The folder of documents.", show_default="corpus")
    ] = None,
    index: Annotated[
        Path | None, _shared(help="The folder of the index.", show_default="index")
    ] = None,
    collection: Annotated[
        str | None, _shared(help="The one of the collections that is meant.", metavar="NAME")
    ] = None,
    as_json: Annotated[bool, _shared("--json", help="Print the result as JSON.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Declare the options that every command has, and that of the version."""


Documents = Annotated[
    list[str] | None,
    typer.Option("--document", metavar="ID", help="Only in this document; may be repeated."),
]


@app.command("index", cls=IndexCommand)
def build_index(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    context: typer.Context,
    rebuild: Rebuild = False,
    retry: Retry = False,
    dry_run: DryRun = False,
    strict: Strict = False,
    watch: Watch = False,
    no_ocr: NoOcr = False,
    ray: OnRay = None,
) -> None:
    """Bring the index in step with the folder. Only new, changed and removed files are settled."""
    shared = context.ensure_object(Shared)
    as_json = shared.as_json
    if dry_run:
        is_whole = tell_preview(shared.load(), rebuild=rebuild, retry=retry, as_json=as_json)
    else:
        if watch:
            shared.load()  # which refuses several collections
        with shared.open_all(ocr=False if no_ocr else None, ray=ray) as opened:
            is_whole = bring_all_in_step(opened, rebuild=rebuild, retry=retry, as_json=as_json)
            for assistant in opened.values() if watch else ():
                keep_in_step(assistant, as_json=as_json)
    if strict and not is_whole:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def ask(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    document: Documents = None,
    quotes: Quotes = False,
    shows_all: ShowAll = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="Say on stderr what it cost and how its checks went.")
    ] = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
    take_as: TakeAs = None,
) -> None:
    """Answer a question from exact quotes. Or say that none was found."""
    llm = choose_llm(llm_url, llm_model, llm_file, quotes=quotes)
    shared = context.ensure_object(Shared)
    with shared.open(llm=llm) as assistant:
        require_index(assistant)
        answer_question(
            assistant,
            question,
            {"documents": document or (), "as_": take_as},
            as_json=shared.as_json,
            cost=cost,
            shows_all=shows_all,
        )


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Words or a question.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages to show.")] = 10,
    document: Documents = None,
) -> None:
    """Show the passages nearest to a query, best first."""
    shared = context.ensure_object(Shared)
    with shared.open() as assistant:
        require_index(assistant)
        print_ranking(assistant, query, k, document or (), as_json=shared.as_json)


@app.command()
def chat(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to bind.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind.", show_default="7860")] = None,
    auth: Annotated[
        bool, typer.Option("--auth", help="Let in only the users of the settings; fail without.")
    ] = False,
    no_ocr: NoOcr = False,
    quotes: Quotes = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
) -> None:
    """Bring the index in step, then open the chat in a web page."""
    llm = choose_llm(llm_url, llm_model, llm_file, quotes=quotes)
    shared = context.ensure_object(Shared)
    ocr = False if no_ocr else None
    with shared.open_all(host=host, port=port, llm=llm, ocr=ocr) as opened:
        run_chat(opened, must_have_users=auth, as_json=shared.as_json)


@app.command()
def mcp(
    context: typer.Context,
    sync: Annotated[
        bool, typer.Option("--sync", help="First bring the index in step with the folder.")
    ] = False,
    quotes: Quotes = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
) -> None:
    """Serve a host of the Model Context Protocol on stdin and stdout. Nothing in it writes."""
    llm = choose_llm(llm_url, llm_model, llm_file, quotes=quotes)
    with context.ensure_object(Shared).open(llm=llm) as assistant:
        if sync:
            bring_in_step(assistant)
        require_index(assistant)
        import asyncio

        from assistant.serve.mcp import run_stdio

        asyncio.run(run_stdio(assistant))


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, such as assistant.zip.")],
) -> None:
    """Keep index and conversations in one file. A running chat need not be stopped."""
    shared = context.ensure_object(Shared)
    tell_backup(shared.load().index_dir, file, as_json=shared.as_json)


@app.command("restore")
def bring_back(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `assistant backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put aside what the index folder holds.")
    ] = False,
) -> None:
    """Bring a backup back into the index folder. Stop the chat before."""
    shared = context.ensure_object(Shared)
    tell_restored(file, shared.load().index_dir, replaces=replace, as_json=shared.as_json)


@app.command()
def documents(context: typer.Context) -> None:
    """List what became of every file. How and when, how long it took, and why, at the last sync."""
    shared = context.ensure_object(Shared)
    with shared.open() as assistant:
        print_documents(assistant, as_json=shared.as_json)


@app.command()
def feedback(context: typer.Context) -> None:
    """Print what readers said in the chat as questions for eval. A line each."""
    from assistant.cli.evaluate import print_questions

    shared = context.ensure_object(Shared)
    print_questions(shared.load(), as_json=shared.as_json)


@app.command()
def check(context: typer.Context) -> None:
    """Check the whole index. Exit 0 only when it is clean."""
    shared = context.ensure_object(Shared)
    with shared.open() as assistant:
        problems = assistant.check()
        n_documents = sum(record.n_passages > 0 for record in assistant.documents())
    if shared.as_json:
        write_json({"problems": problems, "n_documents": n_documents, "is_clean": not problems})
    else:
        for problem in problems:
            write(problem)
    if problems:
        say(f"{len(problems)} problems; make the index anew: assistant index --rebuild")
        raise typer.Exit(EXIT_PROBLEMS)
    say(f"the index is clean: {n_documents:,} documents")


@app.command()
def calibrate(
    context: typer.Context,
    questions: Annotated[
        Path,
        typer.Argument(help='Lines of {"question": "...", "answerable": true or false}.'),
    ],
) -> None:
    """Fit when to abstain to your own questions. What is fitted is kept beside the index."""
    from assistant.cli.evaluate import calibrate_on

    shared = context.ensure_object(Shared)
    with shared.open() as assistant:
        require_index(assistant)
        calibrate_on(assistant, questions, as_json=shared.as_json)


@app.command()
def doctor(
    context: typer.Context,
    deep: Annotated[bool, typer.Option("--deep", help="Try every row of the index too.")] = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
) -> None:
    """Say what is wrong or slow, and what mends it. Exit 1 on a problem."""
    from assistant.doctor import examine
    from assistant.doctor.findings import Finding, State

    shared = context.ensure_object(Shared)
    settings = shared.load(llm=choose_llm(llm_url, llm_model, llm_file, quotes=False))
    found: list[Finding] = []
    with status_line() as show:
        for one in examine(settings, is_deep=deep, on_wait=show):
            found.append(one)
            if not shared.as_json:
                state = "PROBLEM" if one.state == State.PROBLEM else one.state
                remedy = f"\n         -> {one.remedy}" if one.remedy else ""
                write(f"{state:<8} {one.subject}: {one.told}{remedy}")
    n_problems = sum(one.state == State.PROBLEM for one in found)
    if shared.as_json:
        write_json({"findings": [asdict(one) for one in found], "is_healthy": not n_problems})
    if n_problems:
        say(count(n_problems, "problem"))
        raise typer.Exit(EXIT_PROBLEMS)


@app.command("eval")
def evaluate(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    context: typer.Context,
    questions: Annotated[
        Path | None,
        typer.Argument(help="A file of questions, one JSON object a line; see docs/evaluating.md."),
    ] = None,
    suite: Annotated[Path | None, typer.Option(help="A suite file instead.")] = None,
    dataset: Annotated[str | None, typer.Option(hidden=True)] = None,  # says who asks public sets
    sample: Annotated[int | None, typer.Option(min=1, help="Ask this many at most.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier report to compare with, question by question.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("eval-results"),
) -> None:
    """Measure citations, answers and refusals. Exit 1 when worse or under a bar, 2 on an error."""
    from assistant.cli.evaluate import Choice, evaluate_chosen

    choice = Choice(questions, suite, dataset, sample, seed)
    shared = context.ensure_object(Shared)
    try:
        evaluate_chosen(choice, shared.load, baseline, out, as_json=shared.as_json)
    except KeyboardInterrupt:
        say("interrupted; the same command goes on where this one was")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def main() -> None:
    """Run the command line; every foreseen failure is one line and an exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("assistant").setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    as_json = "--json" in takewhile(lambda word: word != "--", sys.argv)
    try:
        sys.exit(app(prog_name="assistant", standalone_mode=False))
    except UsageError as error:
        if as_json:
            say_failure("UsageError", error.format_message(), as_json=True)
        else:
            error.show()
        sys.exit(error.exit_code)
    except AssistantError as error:
        say_failure(type(error).__name__, str(error), as_json=as_json)
        sys.exit(EXIT_LOCKED if isinstance(error, IndexLocked) else EXIT_REFUSED)
