"""The command line: answers on stdout, everything else on stderr.

Exit codes: 0 done (an abstention is an answer), 1 `check` or `doctor` found problems or
`index --strict` skipped a file, 2 the command was misspelt, 3 it cannot be done (one line says why
and what to do), 75 another process is writing the index, 130 interrupted.

`assistant chat`: the index brought in step, then the page served.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.cli.ask import (
    LlmFile,
    LlmModel,
    LlmUrl,
    Quotes,
    answer_question,
    choose_llm,
    print_ranking,
)
from assistant.cli.index import (
    DryRun,
    Rebuild,
    Retry,
    Strict,
    Watch,
    bring_in_step,
    keep_in_step,
    print_documents,
    require_index,
    tell_preview,
)
from assistant.cli.terminal import say, write
from assistant.errors import AssistantError, IndexLocked, SettingsError
from assistant.settings import LOOPBACK, Settings
from assistant.show.provenance import name_model

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def run_chat(assistant: "Assistant", *, must_have_users: bool) -> None:
    """Serve the chat until it is stopped."""
    settings = assistant.settings
    _require_users(settings, must_be=must_have_users)
    bring_in_step(assistant)
    if model := name_model(assistant.language_model):
        say(f"answers are written by {model}, and checked against the quotes that they cite")
    say("starting the chat")
    from assistant.serve.app import serve

    serve(
        assistant,
        settings.host,
        settings.port,
        ready=lambda address: say(f"the chat is at {address} (stop it with Ctrl-C)"),
    )


def _require_users(settings: Settings, *, must_be: bool) -> None:
    if must_be and not settings.users:
        raise SettingsError(
            "--auth needs users: set them in assistant.toml, as a [users] table of names and "
            "passwords, or as ASSISTANT_USERS__NAME=password"
        )
    if not settings.users and settings.host not in LOOPBACK:
        say(f"warning: everybody who reaches {settings.host} can ask and add files; set users")


EXIT_PROBLEMS, EXIT_REFUSED, EXIT_LOCKED, EXIT_INTERRUPTED = 1, 3, 75, 130

app = typer.Typer(
    help="Ask a folder of documents; every sentence of the answer is backed by an exact quote.",
    epilog="Exit codes: 0 done, 1 problems found, 2 usage, 3 cannot be done, 75 index busy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Corpus = Annotated[
    Path | None, typer.Option("--corpus", help="The folder of documents.", show_default="corpus")
]
Index = Annotated[
    Path | None, typer.Option("--index", help="The folder of the index.", show_default="index")
]
Documents = Annotated[
    list[str] | None,
    typer.Option("--document", metavar="ID", help="Only in this document; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as the HTTP API sends it.")]


@app.command("index")
def build_index(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    corpus: Corpus = None,
    index: Index = None,
    rebuild: Rebuild = False,
    retry: Retry = False,
    dry_run: DryRun = False,
    strict: Strict = False,
    watch: Watch = False,
    as_json: Json = False,
) -> None:
    """Bring the index in step with the folder: new, changed and removed files only."""
    if dry_run:
        settings = Settings.load(corpus_dir=corpus, index_dir=index)
        is_whole = tell_preview(settings, rebuild=rebuild, retry=retry, as_json=as_json)
    else:
        with _open(corpus, index) as assistant:
            done = bring_in_step(assistant, rebuild=rebuild, retry=retry, as_json=as_json)
            is_whole = done.n_skipped == 0
            if watch:
                keep_in_step(assistant)
    if strict and not is_whole:
        raise typer.Exit(EXIT_PROBLEMS)


@app.command()
def ask(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    document: Documents = None,
    quotes: Quotes = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="Say on stderr what it cost and how its checks went.")
    ] = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
    corpus: Corpus = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Answer a question from exact quotes, or say that the documents do not tell."""
    llm = choose_llm(llm_url, llm_model, llm_file, quotes=quotes)
    with _open(corpus, index, llm=llm) as assistant:
        require_index(assistant)
        answer_question(assistant, question, document or (), as_json=as_json, cost=cost)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words or a question.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages to show.")] = 10,
    document: Documents = None,
    corpus: Corpus = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Show the passages nearest to a query, best first."""
    with _open(corpus, index) as assistant:
        require_index(assistant)
        print_ranking(assistant, query, k, document or (), as_json=as_json)


@app.command()
def chat(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    host: Annotated[
        str | None, typer.Option(help="Address to bind.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind.", show_default="7860")] = None,
    auth: Annotated[
        bool, typer.Option("--auth", help="Let in only the users of the settings; fail without.")
    ] = False,
    quotes: Quotes = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
    corpus: Corpus = None,
    index: Index = None,
) -> None:
    """Bring the index in step, then open the chat in a local web page."""
    llm = choose_llm(llm_url, llm_model, llm_file, quotes=quotes)
    with _open(corpus, index, host=host, port=port, llm=llm) as assistant:
        run_chat(assistant, must_have_users=auth)


@app.command()
def documents(corpus: Corpus = None, index: Index = None, as_json: Json = False) -> None:
    """List what became of every file at the last sync: how, when, how long it took, and why."""
    with _open(corpus, index) as assistant:
        print_documents(assistant, as_json=as_json)


@app.command()
def feedback(index: Index = None) -> None:
    """Print what readers said in the chat as questions for `assistant eval`, a line each."""
    from assistant.cli.evaluate import print_questions

    print_questions(Settings.load(index_dir=index).index_dir)


@app.command()
def check(corpus: Corpus = None, index: Index = None) -> None:
    """Check the whole index; exit 0 only when it is clean."""
    with _open(corpus, index) as assistant:
        problems = assistant.check()
        n_documents = sum(record.n_passages > 0 for record in assistant.documents())
    for problem in problems:
        write(problem)
    if problems:
        say(f"{len(problems)} problems; make the index anew: assistant index --rebuild")
        raise typer.Exit(EXIT_PROBLEMS)
    say(f"the index is clean: {n_documents:,} documents")


@app.command()
def calibrate(
    questions: Annotated[
        Path,
        typer.Argument(help='Lines of {"question": "...", "answerable": true or false}.'),
    ],
    corpus: Corpus = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Fit when to abstain to your own questions; kept beside the index."""
    from assistant.cli.evaluate import calibrate_on

    with _open(corpus, index) as assistant:
        require_index(assistant)
        calibrate_on(assistant, questions, as_json=as_json)


@app.command()
def doctor(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    deep: Annotated[bool, typer.Option("--deep", help="Try every row of the index too.")] = False,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_file: LlmFile = None,
    corpus: Corpus = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong or slow, and what mends it; exit 1 on a problem."""
    from assistant.cli.doctor import examine

    llm = choose_llm(llm_url, llm_model, llm_file, quotes=False)
    settings = Settings.load(corpus_dir=corpus, index_dir=index, llm=llm)
    try:
        if not examine(settings, is_deep=deep, as_json=as_json):
            raise typer.Exit(EXIT_PROBLEMS)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


@app.command("eval")
def evaluate(  # noqa: PLR0913, PLR0917 - what can be said on the command line
    questions: Annotated[
        Path | None,
        typer.Argument(help="A file of questions, one JSON object a line; see evals/README.md."),
    ] = None,
    suite: Annotated[Path | None, typer.Option(help="A suite file instead.")] = None,
    dataset: Annotated[str | None, typer.Option(hidden=True)] = None,  # says who asks public sets
    sample: Annotated[int | None, typer.Option(min=1, help="Ask this many at most.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier report to compare with, question by question.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("eval-results"),
    corpus: Corpus = None,
    index: Index = None,
    as_json: Json = False,
) -> None:
    """Measure citations, answers and refusals; exit 1 when worse or under a bar, 2 on an error."""
    from assistant.cli.evaluate import Choice, evaluate_chosen

    choice = Choice(questions, suite, dataset, sample, seed)
    load = partial(Settings.load, corpus_dir=corpus, index_dir=index)
    try:
        evaluate_chosen(choice, load, baseline, out, as_json=as_json)
    except KeyboardInterrupt:
        say("interrupted; the same command goes on where this one was")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def main() -> None:
    """Run the command line; every foreseen failure is one line and an exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("assistant").setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except AssistantError as error:
        say(f"error: {error}")
        sys.exit(EXIT_LOCKED if isinstance(error, IndexLocked) else EXIT_REFUSED)


@contextmanager
def _open(corpus: Path | None, index: Path | None, **given: Any) -> Iterator["Assistant"]:
    settings = Settings.load(corpus_dir=corpus, index_dir=index, **given)
    from assistant.pipeline import Assistant

    try:
        with Assistant.open(settings) as assistant:
            yield assistant
    except KeyboardInterrupt:
        say("interrupted; what was done stays done")
        raise typer.Exit(EXIT_INTERRUPTED) from None
