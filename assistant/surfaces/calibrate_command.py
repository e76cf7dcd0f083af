"""`assistant calibrate`: one's own questions fit when to abstain; what came of it is printed."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.evaluation.questions import read_questions
from assistant.surfaces.terminal import progress_bar, write, write_json

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


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
