"""`assistant ask` and `assistant search`: the answer or the passages on stdout.

Progress, notices and costs go to stderr. Flags that contradict each other raise `SettingsError`.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assistant.answering import Answering, AskOptions, streaming
from assistant.cli.terminal import say, status_line, write, write_blocks, write_json
from assistant.settings import LanguageModel
from assistant.show.blocks import list_blocks, list_near
from assistant.show.provenance import (
    MAX_NEAREST,
    STOPPED_PARTLY,
    describe_costs,
    describe_nearest,
    describe_place,
    describe_reading,
    describe_rest,
    describe_sources,
    indent,
)
from assistant.text.numbers import name_runs
from assistant.values import Answer

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def print_ranking(
    assistant: "Assistant", query: str, k: int, documents: Sequence[str], *, as_json: bool
) -> None:
    """Print the k best passages, best first."""
    ranking = assistant.search(query, k, documents=documents)
    if as_json:
        write_json({"query": query, "results": [asdict(found) for found in ranking]})
        return
    for found in ranking:
        passage = found.passage
        place = f"{passage.document_id}:{passage.start}-{passage.end}"
        write(f"{found.rank}. {place}  (score {found.score:.3f})\n{indent(passage.text)}\n")


Quotes = Annotated[
    bool,
    typer.Option("--quotes", help="Exact quotes only, though a language model is configured."),
]
ShowAll = Annotated[
    bool,
    typer.Option("--all", help="Show every row, item and line, however many, in a terminal too."),
]
TakeAs = Annotated[
    Literal["question", "document", "comparison", "folder"] | None,
    typer.Option(
        "--as",
        help="What to take the question for, instead of what it looks like.",
    ),
]
LlmUrl = Annotated[
    str | None,
    typer.Option("--llm-url", metavar="URL", help="Let a model on this server write the answer."),
]
LlmModel = Annotated[
    str | None, typer.Option("--llm-model", metavar="NAME", help="Its name on the server.")
]
LlmFile = Annotated[
    Path | None,
    typer.Option("--llm-file", metavar="GGUF", help="Let a model in this file write the answer."),
]


def choose_llm(
    url: str | None, model: str | None, file: Path | None, *, quotes: bool
) -> LanguageModel | dict[str, Any] | None:
    """Return what the flags say of the language model, to be laid over the other settings.

    One that names a server takes the place of a file that is configured, and the reverse; what is
    not named stays as it is configured.
    """
    named = {"--llm-url": url, "--llm-model": model, "--llm-file": file}
    given = [flag for flag, value in named.items() if value is not None]
    if quotes and given:
        raise typer.BadParameter(f"--quotes wants no language model, {given[0]} names one")
    if file is not None and len(given) > 1:
        raise typer.BadParameter(f"--llm-file needs no server, {given[0]} is for one")
    if quotes:
        return LanguageModel.model_validate({})
    if file is not None:
        return {"path": file, "base_url": None, "model": ""}
    server = {"base_url": url, "model": model}
    said = {name: value for name, value in server.items() if value is not None}
    return {**said, "path": None} if said else None


def answer_question(
    assistant: Answering,
    question: str,
    limits: AskOptions,
    *,
    as_json: bool = False,
    cost: bool = False,
    shows_all: bool = False,
) -> None:
    """Answer a question; a status line tells what is done meanwhile.

    Who interrupts it while a language model writes gets what was verified by then.
    """
    so_far: Answer | None = None
    try:
        with status_line() as show, streaming(assistant, question, (), **limits) as steps:
            for step in steps:
                if isinstance(step, Answer):
                    so_far = step
                else:
                    show(step.detail)
    except KeyboardInterrupt:
        if so_far is not None and so_far.kind == "answer":
            print_answer(
                replace(so_far, notice=STOPPED_PARTLY),
                as_json=as_json,
                cost=cost,
                shows_all=shows_all,
            )
        raise
    assert so_far is not None
    print_answer(so_far, as_json=as_json, cost=cost, shows_all=shows_all)


def print_answer(answer: Answer, *, as_json: bool, cost: bool, shows_all: bool) -> None:
    """Print an answer with its sources; as JSON, if that is wanted, and nothing else."""
    if as_json:
        write_json(answer.to_dict())
    else:
        if answer.is_reworded:
            say(f"Searched for: {answer.query}")
        if answer.kind == "answer":
            for one in answer.computed:
                write(f"{one.text} {name_runs(one.citations)}\n")
            write_blocks(list_blocks(answer), shows_all=shows_all)
            for part in answer.missing:
                write(f"\n{part}")
        else:
            write(answer.text)
        if under := describe_sources(answer):
            write(f"\n{under}")
        _print_nearest(answer)
        taken = describe_reading(answer)
        instead = taken and f"{taken} --as question searches the documents instead."
        for told in filter(None, (describe_rest(answer), answer.notice, instead)):
            say(told)
    if cost:
        say(describe_costs(answer))


def _print_nearest(answer: Answer) -> None:
    """Print the passages nearest to a question that has no answer."""
    nearest = answer.consulted[:MAX_NEAREST] if answer.abstained else ()
    if nearest:
        write(f"\n{describe_nearest(answer)}:")
    for passage in nearest:
        write(f"\n- {describe_place(passage)}")
        write_blocks(list_near(passage), shows_all=True, indent=4)
