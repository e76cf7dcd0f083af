"""ExpertQA: claims of answering systems, judged by experts (Malaviya et al. 2024).

In: lines of a question and one or more systems' answers, cut into claims. Out: the claims that
have evidence text and a verdict. Left out: claims without a verdict ("N/A", null, "Missing"),
and those whose evidence is bare addresses, since nobody can check them from the file.
"""

import re
from pathlib import Path
from typing import Literal

from evals.datasets.documents import Claim
from evals.datasets.read import Row, read_lines

ADDRESS = re.compile(r"\A\[\d+\] *https?://[^\n]*\n?")
VERDICTS = {"Complete": True, "Incomplete": False, "Partial": False}


class _Claim(Row):
    claim_string: str
    evidence: tuple[str, ...]
    support: Literal["Complete", "Incomplete", "Partial", "Missing", "N/A"] | None

    @property
    def texts(self) -> tuple[str, ...]:
        """The evidence without its leading `[1] https://...`, and without what is then empty."""
        return tuple(filter(None, (ADDRESS.sub("", text).strip() for text in self.evidence)))


class _Answer(Row):
    claims: tuple[_Claim, ...]


class _Row(Row):
    question: str
    answers: dict[str, _Answer]


def load_claims_expertqa(path: Path) -> tuple[Claim, ...]:
    """Load the file; a claim keeps its marks such as "[2]", a group is a question."""
    return tuple(
        Claim(claim.claim_string, claim.texts, VERDICTS[claim.support], row.question)
        for _, row in read_lines(path, _Row)
        for answer in row.answers.values()
        for claim in answer.claims
        if claim.support in VERDICTS and claim.texts
    )
