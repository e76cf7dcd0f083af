"""`assistant eval`, `assistant calibrate` and `assistant feedback`: questions of your own.

`eval` prints a table (or JSON) and writes the report as JSON and as a page for a browser.
`calibrate` fits when to abstain. `feedback` prints what readers said in the chat as lines that
`eval` reads.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assistant.cli.terminal import progress_bar, say, say_failure, write, write_json
from assistant.errors import AssistantError, EvaluationError, IndexMissing
from assistant.evaluation.run import read_questions
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.evaluation.compare import Change, Comparison
    from assistant.evaluation.report import Report
    from assistant.evaluation.runner import LoadSet, Suite
    from assistant.pipeline import Assistant


def print_questions(settings: Settings, *, as_json: bool) -> None:
    """Print the judged answers as questions, a line each."""
    from assistant.serve.chat.feedback import list_questions, read_feedback

    if not settings.store_url and not settings.index_dir.is_dir():
        raise IndexMissing(f"there is no index in {str(settings.index_dir)!r}, so no feedback")
    questions = list(list_questions(read_feedback(settings)))
    if as_json:
        write_json({"questions": questions})
    else:
        for question in questions:
            write(json.dumps(question, ensure_ascii=False))
    say(f"{len(questions)} answers were judged")


def calibrate_on(assistant: "Assistant", questions: Path, *, as_json: bool) -> None:
    """Fit to the questions of a file, and print what they tell.

    Raises:
        QuestionError: the file cannot be used, or has too few questions of a kind.
    """
    asked = [(question.text, question.is_answerable) for question in read_questions(questions)]
    with progress_bar() as show:
        report = assistant.calibrate(
            asked, on_question=lambda done: show("judging questions", done, len(asked))
        )
    if as_json:
        write_json(asdict(report))
        return
    write(
        f"fitted on {report.n_answerable} answerable and {report.n_unanswerable} unanswerable "
        f"questions\nof these, {report.over_refusal:.0%} of the answerable and "
        f"{report.refused:.0%} of the unanswerable are refused now\nexpected calibration error "
        f"{report.error_after:.3f}, before {report.error_before:.3f}\nkept in {report.path}; "
        "delete that file to undo it"
    )


EXIT_WORSE, EXIT_ERROR = 1, 2
"""Of a command that judges, 1 means worse and 2 that there is no report."""
MAX_NAMED = 10
"""Questions named under a change."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to evaluate, as the command line names it."""

    questions: Path | None
    suite: Path | None
    dataset: str | None
    sample: int | None
    seed: int
    program: str = "assistant eval"

    @property
    def command(self) -> str:
        """The command that repeats this, without the caller's paths."""
        given = {
            "--suite": self.suite and self.suite.name,
            "--dataset": self.dataset,
            "--sample": self.sample,
        }
        words = [f"{flag} {value}" for flag, value in given.items() if value is not None]
        words += [self.questions.name] if self.questions else []
        words += [f"--seed {self.seed}"] if self.seed else []
        return " ".join([self.program, *words])


def evaluate_chosen(
    choice: Choice,
    load: Callable[[], Settings],
    baseline: Path | None,
    out: Path,
    *,
    as_json: bool,
    load_set: "LoadSet | None" = None,
) -> None:
    """Evaluate what was chosen, write the report and print it; exit 1 when worse, 2 on an error.

    Args:
        choice: what to ask.
        load: reads the settings, which may be refused.
        baseline: a report to compare with.
        out: the folder that the report is written into.
        as_json: whether it is printed as JSON.
        load_set: reads public sets; without it they are refused.
    """
    from assistant.evaluation.report import read_report

    try:
        chosen = choose_suite(choice)
        settings = load()
        make_folder(out)
        before = read_report(baseline) if baseline else None
        report = run_eval(chosen, settings, choice.command, load_set)
        conclude(report, before, out, as_json=as_json)
    except AssistantError as error:
        say_failure(type(error).__name__, str(error), as_json=as_json)
        raise typer.Exit(EXIT_ERROR) from error


def run_eval(
    suite: "Suite", settings: Settings, command: str, load_set: "LoadSet | None"
) -> "Report":
    """Run the suite with a progress bar."""
    from assistant.evaluation.runner import refuse_set, run_suite

    load_set = load_set or refuse_set
    with progress_bar() as show:
        return run_suite(suite, settings, load_set=load_set, command=command, show=show, say=say)


def conclude(report: "Report", before: "Report | None", out: Path, *, as_json: bool) -> None:
    """Write the report into `out` and print it; exit 1 when it is worse or under a bar."""
    from assistant.evaluation.compare import compare
    from assistant.evaluation.report import write_report, write_whole
    from assistant.evaluation.report_page import can_plot, render_report

    comparison = compare(before, report) if before else None
    page = out / f"{report.name}.html"
    write_report(report, page.with_suffix(".json"))
    write_whole(page, render_report(report).encode("utf-8"))
    if as_json:
        write_json(_to_json(report, comparison))
    else:
        write("\n".join(_describe(report, comparison)))
    say(f"{len(report.records):,} questions in {report.seconds:.0f} s; what went wrong: {page}")
    if not can_plot():
        say("the page has no plots: they need matplotlib (pip install 'assistant[eval]')")
    if not report.is_kept or (comparison and comparison.is_regression):
        raise typer.Exit(EXIT_WORSE)


def make_folder(out: Path) -> None:
    """Make the folder of the reports before anything is asked.

    Raises:
        EvaluationError: nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise EvaluationError(f"no report can be written into {str(out)!r}: {error}") from error


def choose_suite(choice: Choice) -> "Suite":
    """Return the suite that the arguments name.

    Raises:
        EvaluationError: they name none, or more than one.
    """
    from assistant.evaluation.runner import SetOfQuestions, Suite, read_suite

    sources = (choice.questions, choice.suite, choice.dataset)
    if sum(given is not None for given in sources) != 1:
        raise EvaluationError("name one of: a file of questions, --suite FILE")
    if choice.suite:
        if choice.sample is not None:
            raise EvaluationError("a suite says itself how many questions it samples")
        return read_suite(choice.suite)
    name = choice.dataset or (choice.questions.stem if choice.questions else "")
    if not name:
        raise EvaluationError("the file of questions, or the dataset, has no name")
    one = SetOfQuestions(
        name=name,
        questions=choice.questions,
        dataset=choice.dataset,
        sample=choice.sample,
        seed=choice.seed,
    )
    return Suite.model_construct(name=Path(name).name, sets=(one,), settings={})


def _to_json(report: "Report", comparison: "Comparison | None") -> dict[str, Any]:
    told = asdict(replace(report, records=()))
    changes = [asdict(change) for change in comparison.changes] if comparison else None
    parts = ("name", "made", "command", "about", "summary", "bars")
    return {part: told[part] for part in parts} | {"changes": changes}


def _describe(report: "Report", comparison: "Comparison | None") -> Iterator[str]:
    for dataset, summary in report.summary.items():
        n = sum(record.dataset == dataset for record in report.records)
        yield f"{dataset}: {n:,} questions"
        yield f"  {'':24} {'':>7}  {'95% interval':^16}  {'n':>6}"
        for measure, figure in summary.items():
            interval = f"{figure.low:.3f} to {figure.high:.3f}"
            yield f"  {measure:24} {figure.value:7.3f}  {interval:^16}  {figure.n:6,}"
        yield ""
    for bar in report.bars:
        sign = ">=" if bar.is_minimum else "<="
        state = "kept" if bar.is_kept else "MISSED"
        yield f"{state}: {bar.dataset} {bar.measure} {sign} {bar.bound:g}"
    if comparison:
        yield from _describe_changes(comparison)


def _describe_changes(comparison: "Comparison") -> Iterator[str]:
    yield f"beside the baseline ({comparison.n_unpaired:,} questions are not in both):"
    changed = [change for change in comparison.changes if change.better or change.worse]
    if not changed:
        yield "  nothing changed"
    for change in changed:
        yield from _describe_change(change)


def _describe_change(change: "Change") -> Iterator[str]:
    verdict = (
        "WORSE" if change.is_regression else "better" if change.is_improvement else "not certain"
    )
    yield (
        f"  {change.dataset} {change.measure}: {change.before:.3f} -> {change.after:.3f} "
        f"(n = {change.n:,}, p = {change.p_value:.3f}, {verdict})"
    )
    for word, names in (("better", change.better), ("worse", change.worse)):
        if names:
            more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
            yield f"    {word}: {', '.join(names[:MAX_NAMED])}{more}"
