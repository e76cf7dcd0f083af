"""MTRAG's queries of other conversations -> how near ours come to those that people wrote.

The documents of these conversations are not at hand, and of what was said only the questions are.
So queries are compared: which words people added, and which of the passages at hand they find.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import Assistant
from assistant.answer.follow_up import stand
from assistant.text.english import FUNCTION_WORDS
from assistant.text.terms import query_terms
from assistant.values import Turn

COLLECTIONS = ("clapnq", "cloud", "fiqa", "govt")
K = 5


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The last turn of a conversation, what a person made of it, and the questions before it."""

    last: str
    rewrite: str
    history: tuple[Turn, ...]

    @property
    def added(self) -> set[str]:
        """The terms that the person added."""
        return content(self.rewrite) - content(self.last)

    @property
    def recovered(self) -> set[str]:
        """Those of the added terms that an earlier question has."""
        return self.added & content(" ".join(text for _, text in self.history))


def load_rewrites(folder: Path) -> list[Rewrite]:
    """Read the queries of every turn that is not the first."""
    found = []
    for name in COLLECTIONS:
        last, rewrite, questions = (
            _read(folder / f"{name}_{kind}.jsonl") for kind in ("lastturn", "rewrite", "questions")
        )
        for query_id, text in last.items():
            *before, _ = questions[query_id]
            if before:
                history: tuple[Turn, ...] = tuple(("user", said) for said in before)
                found.append(Rewrite(text[-1], rewrite[query_id][-1], history))
    return found


def compare(
    assistant: Assistant, rewrites: Sequence[Rewrite], query_of: Callable[[Rewrite], str]
) -> dict[str, float]:
    """Return term recall and precision against the rewrites, and the overlap of what is found.

    Overlaps are of the first `K` documents: over all turns, and over those whose rewrite takes a
    word from an earlier question.
    """
    added = carried = shared = 0
    overlaps, leaning = [], []
    for one in rewrites:
        query = query_of(one)
        more = content(query) - content(one.last)
        added, carried = added + len(one.added), carried + len(more)
        shared += len(one.added & more)
        overlap = len(_first(assistant, query) & _first(assistant, one.rewrite)) / K
        overlaps.append(overlap)
        if one.recovered:
            leaning.append(overlap)
    return {
        "term recall": shared / added,
        "term precision": shared / carried if carried else float("nan"),
        "overlap@5": float(np.mean(overlaps)),
        "overlap@5, rewritten from an earlier question": float(np.mean(leaning)),
    }


def made_to_stand(one: Rewrite) -> str:
    """Return the last turn as it is made to stand by itself."""
    return stand(one.last, one.history)


def content(text: str) -> set[str]:
    """Return the terms of a text that are no function words."""
    return {term for term in query_terms(text) if term not in FUNCTION_WORDS}


def _first(assistant: Assistant, query: str) -> set[str]:
    found = assistant.search(query, 4 * K)
    return set(list(dict.fromkeys(str(one.passage.document_id) for one in found))[:K])


def _read(path: Path) -> dict[str, list[str]]:
    """Return the user's turns by the id of the last one."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return {
        row["_id"]: [" ".join(part.split()) for part in row["text"].split("|user|:")[1:]]
        for row in rows
    }
