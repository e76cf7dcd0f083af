"""Ask a folder what people ask of a whole document or of the folder, and print how many are right.

    python -m evals.overviews [--more] [--show] [--json FILE] [--keep FOLDER]

`--more` asks five smaller folders ten questions each: a club's, a practice's (German), a bakery's
(French), a laboratory's and a household's. These were written once, before anything was asked.

What counts, written before anything was asked. An answer is right if a careful person who knows the
folder would accept it, and that is taken to be so when all of this holds:

- it is taken for what is asked ("search": an ordinary question that is searched for, whatever the
  search finds; of such a question it only counts that it was searched for, and that it holds `must`
  if it answers);
- it holds every string of `must` (what was decided, both values, each name) and none of `must_not`
  (of another document, of what has not changed, an aside that was not asked for);
- it quotes from no other document than those of `only`, if they are named, and from one of them;
- it is no refusal, and nowhere says that the documents do not say or mention something.

Nothing is compared with a bar: the exit code is 0. The folder is made anew and indexed with default
settings.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from assistant import Answer, Assistant
from assistant.evaluation.statistics import interval_of_share
from assistant.text.listing import SEARCHED
from evals.everyday.score import folded
from evals.overviews import folders
from evals.overviews.folder import OTHER_DAY, TIMES, make

QUESTIONS = Path(__file__).with_name("questions.jsonl")
DENIALS = ("do not say", "no document mentions", "nothing was found in the documents")
"""What no answer to such a question may say, and in English none does in other words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what its answer must and must not be."""

    kind: str
    question: str
    reading: str
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    ticked: tuple[str, ...] = ()
    history: tuple[tuple[Literal["user", "assistant"], str], ...] = field(default=())
    folder: str = ""


def read_asked(path: Path) -> list[Asked]:
    """Return the questions of a file, one a line."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Asked(
            row["kind"],
            row["question"],
            row["reading"],
            tuple(row["must"]),
            tuple(row["must_not"]),
            frozenset(row.get("only", ())),
            tuple(row.get("ticked", ())),
            tuple((speaker, text) for speaker, text in row.get("history", ())),
            row.get("folder", ""),
        )
        for row in rows
    ]


def find_faults(asked: Asked, answer: Answer) -> list[str]:
    """Return what is wrong with an answer; nothing if it is right."""
    if asked.reading == "search":
        if answer.reading not in SEARCHED:
            return [f"taken for {answer.reading}"]
        return [] if answer.abstained else _miss(asked, answer)
    if answer.reading != asked.reading:
        return [f"taken for {answer.reading}"]
    text = folded(answer.text)
    cited = {one.document_id for one in answer.citations}
    return [
        *_miss(asked, answer),
        *(f"holds {said!r}" for said in asked.must_not if folded(said) in text),
        *(f"quotes {name}" for name in sorted(cited - asked.only) if asked.only),
        *(["quotes nothing"] if asked.only and not cited else []),
        *(["is refused"] if answer.abstained else []),
        *(f"says {said!r}" for said in DENIALS if said in text),
    ]


def _miss(asked: Asked, answer: Answer) -> list[str]:
    text = folded(answer.text)
    return [f"lacks {said!r}" for said in asked.must if folded(said) not in text]


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files with the times that they are to have."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        stamp = datetime.fromisoformat(f"{TIMES.get(name, OTHER_DAY)}T12:00").timestamp()
        os.utime(path, (stamp, stamp))


def report(outcomes: Sequence[tuple[Asked, Answer, list[str]]]) -> Iterator[str]:
    """Yield the lines of the table."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for asked, _, faults in outcomes:
        by_kind[asked.kind].append(not faults)
    by_kind["all"] = [not faults for _, _, faults in outcomes]
    for kind, right in by_kind.items():
        low, high = interval_of_share(sum(right) / len(right), len(right))
        share = f"{sum(right) / len(right):.2f} ({low:.2f} to {high:.2f})"
        yield f"{kind:12} {sum(right):3} of {len(right):3}  {share}"


def ask_all(
    corpus: Path, index_dir: Path, questions: Sequence[Asked]
) -> list[tuple[Asked, Answer, list[str]]]:
    """Return each question with its answer and what is wrong with that."""
    with Assistant.open(corpus_dir=corpus, index_dir=index_dir) as assistant:
        assistant.sync()
        answers = [
            assistant.ask(asked.question, asked.history, documents=asked.ticked)
            for asked in questions
        ]
    pairs = zip(questions, answers, strict=True)
    return [(asked, answer, find_faults(asked, answer)) for asked, answer in pairs]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask and print; return 0."""
    parser = argparse.ArgumentParser(description="Ask about a folder and whole documents.")
    parser.add_argument("--more", action="store_true", help="ask five smaller folders instead")
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    parser.add_argument("--json", type=Path, help="write a row a question here")
    parser.add_argument("--keep", type=Path, help="a folder to leave the documents in, to look at")
    chosen = parser.parse_args(arguments)
    questions = read_asked(folders.QUESTIONS if chosen.more else QUESTIONS)
    outcomes = []
    with tempfile.TemporaryDirectory() as made:
        for name in folders.NAMES if chosen.more else ("",):
            corpus = (chosen.keep or Path(made, "documents")) / name
            write(corpus, folders.make(name) if name else make())
            own = [asked for asked in questions if asked.folder == name]
            outcomes += ask_all(corpus, Path(made, "index", name), own)
    if chosen.show:
        for asked, _, faults in outcomes:
            if faults:
                print(" | ".join((asked.kind, asked.question, "; ".join(faults))))
    for line in report(outcomes):
        print(line)
    if chosen.json:
        rows = (
            {"question": asked.question, "faults": faults, "text": answer.text}
            for asked, answer, faults in outcomes
        )
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        chosen.json.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
