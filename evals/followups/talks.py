"""Conversations written down in `talks.txt` -> how often their last question is made right.

    python -m evals.followups.talks [--show]

Both kinds of error are told: questions that stand by themselves and were touched, and leaning ones
that were left alone; of the leaning ones, the share that was made right.
"""

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from assistant.answer.follow_up import stand
from assistant.values import Turn

TALKS = Path(__file__).with_name("talks.txt")


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with the question at its end, and the words that it must get and must not."""

    part: str
    history: tuple[Turn, ...]
    question: str
    has: tuple[str, ...]
    has_not: tuple[str, ...]

    @property
    def stands(self) -> bool:
        """Whether the question stands by itself."""
        return not (self.has or self.has_not)

    def is_right(self, made: str) -> bool:
        """Say whether what was made of the question is right."""
        if self.stands:
            return made == self.question
        words = made.casefold()
        holds = all(any(one in words for one in each.split("|")) for each in self.has)
        return holds and not any(f" {one}" in f" {words}" for one in self.has_not)


def read_talks(path: Path = TALKS) -> list[Talk]:
    """Return the conversations of the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_read(line) for line in lines if line and not line.startswith("#")]


def _read(line: str) -> Talk:
    said, question, wanted = line.split(" => ")
    part, _, turns = said.partition(": ")
    history: list[Turn] = []
    for n, text in enumerate(turns.split(" || ")):
        history.append(("assistant" if n % 2 else "user", text.replace("\\n", "\n")))
    marks = wanted.casefold().split()
    has, has_not = (tuple(one[1:] for one in marks if one[0] == sign) for sign in "+-")
    return Talk(part, tuple(history), question, has, has_not)


def main() -> None:
    """Print the shares by part, and with --show what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    given = parser.parse_args()
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for talk in read_talks():
        made = stand(talk.question, talk.history)
        outcome = "standing, untouched" if talk.stands else "leaning, made right"
        rows = [(outcome, talk.is_right(made))]
        if not talk.stands:
            rows.append(("leaning, touched", made != talk.question))
        for name, is_right in rows:
            for key in (name, f"{name}, blind" if "blind" in talk.part else f"{name}, seen"):
                counts[key][0] += is_right
                counts[key][1] += 1
        if given.show and not talk.is_right(made):
            print(f"{talk.part} | {talk.question} | {made}")
    for name, (right, n) in sorted(counts.items()):
        print(f"{name:32} {right} of {n}")


if __name__ == "__main__":
    main()
