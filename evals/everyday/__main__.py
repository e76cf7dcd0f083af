"""Ask small folders everyday questions, and print how many are answered, by kind.

    python -m evals.everyday [--fresh | --sheets | --across | --unseen] [--show]
                             [--json FILE] [--kind KIND] [--keep FOLDER]

Each folder is made anew and indexed by itself with default settings. Nothing is compared with a
bar: the exit code is 0.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from assistant import Answer, Assistant
from assistant.show.provenance import describe_confidence
from evals.everyday.folders import ACROSS, FOLDERS, FRESH, SHEETS, UNSEEN, write
from evals.everyday.score import (
    ACROSS_QUESTIONS,
    DIALOGUES,
    FRESH_QUESTIONS,
    QUESTIONS,
    SHEETS_QUESTIONS,
    UNSEEN_QUESTIONS,
    Asked,
    Outcome,
    is_right,
    read_dialogues,
    read_questions,
    shares,
    words_shown,
)


def judge(asked: Asked, answer: Answer) -> Outcome:
    """Return what came of a question."""
    refused, sure = answer.abstained, describe_confidence(answer)
    right = is_right(asked, answer.text, is_refusal=refused)
    return Outcome(asked, answer.text, refused, right, sure)


def converse(assistant: Assistant, turns: Sequence[Asked]) -> Iterator[Outcome]:
    """Yield what came of every turn but the first, each asked with the turns before it."""
    history: list[tuple[Literal["user", "assistant"], str]] = []
    for number, turn in enumerate(turns):
        answer = assistant.ask(turn.question, history)
        history += [("user", turn.question), ("assistant", answer.text)]
        if number:
            yield judge(turn, answer)


def ask(
    case: str, folder: Path, questions: Sequence[Asked], dialogues: Sequence[Sequence[Asked]]
) -> Iterator[Outcome]:
    """Write a folder, index it, and yield what came of its questions and dialogues."""
    write(case, folder / "documents")
    with Assistant.open(corpus_dir=folder / "documents", index_dir=folder / "index") as assistant:
        assistant.sync()
        for question in questions:
            yield judge(question, assistant.ask(question.question))
        for turns in dialogues:
            yield from converse(assistant, turns)


def show(outcome: Outcome) -> str:
    """Return a line about an answer that is wrong."""
    asked = outcome.asked
    shown = "REFUSED" if outcome.is_refusal else " ".join(outcome.text.split())[:160]
    return " | ".join((asked.case, asked.kind, asked.question, shown))


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the lines of the table."""
    for kind, (n_right, n, low, high) in shares(outcomes).items():
        figure = f"{n_right / n:.2f} ({low:.2f} to {high:.2f})" if n else "-"
        yield f"{kind:16} {n_right:3} of {n:3}  {figure}"
    if sizes := words_shown(outcomes):
        yield f"{'words shown':16} median {sizes[0]}, p90 {sizes[1]}"
    said = dict.fromkeys(one.sure for one in outcomes if one.sure)
    for sure in sorted(said):
        own = [one.is_right for one in outcomes if one.sure == sure]
        yield f"{sum(own):3} of {len(own):3} right: {sure}"


def row(outcome: Outcome) -> str:
    """Return an outcome as a line of JSON."""
    told = {
        **asdict(outcome.asked),
        "is_right": outcome.is_right,
        "is_refusal": outcome.is_refusal,
        "sure": outcome.sure,
        "text": outcome.text,
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    sets = {
        "fresh": "the folders written blind",
        "sheets": "forms, lists, talks and the like",
        "across": "folders in another language than theirs",
        "unseen": "the folders that nothing was fitted to",
    }
    for name, told in sets.items():
        which.add_argument(
            f"--{name}", action="store_const", const=name, dest="which", help=f"ask {told}"
        )
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    parser.add_argument("--json", type=Path, help="write a row a question here")
    parser.add_argument("--kind", help="ask only this kind; 'follow-up' asks the dialogues")
    parser.add_argument("--keep", type=Path, help="a folder to leave the documents in, to look at")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask and print; return 0."""
    chosen = _parse(arguments)

    def is_chosen(asked: Asked) -> bool:
        return chosen.kind in (None, asked.kind)

    folders, path = {
        "fresh": (FRESH, FRESH_QUESTIONS),
        "sheets": (SHEETS, SHEETS_QUESTIONS),
        "across": (ACROSS, ACROSS_QUESTIONS),
        "unseen": (UNSEEN, UNSEEN_QUESTIONS),
    }.get(chosen.which, (FOLDERS, QUESTIONS))
    questions = [asked for asked in read_questions(path) if is_chosen(asked)]
    dialogues = [turns for turns in read_dialogues(DIALOGUES) if is_chosen(turns[0])]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as made:
        for case in folders:
            own = [asked for asked in questions if asked.case == case]
            talks = [turns for turns in dialogues if turns[0].case == case]
            if own or talks:
                outcomes += ask(case, Path(made, case), own, talks)
            if chosen.keep:
                write(case, chosen.keep / case)
    if chosen.show:
        for outcome in outcomes:
            if not outcome.is_right:
                print(show(outcome))
    for line in report(outcomes):
        print(line)
    if chosen.json:
        chosen.json.write_text("".join(map(row, outcomes)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
