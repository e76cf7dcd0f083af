"""Questions -> what the assistant makes of each, asked in one manner or another.

A manner is what is typed and what history goes with it. The assistant answers every question with
its best sentence alone, so that finding and refusing are measured apart.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant import Assistant, Settings
from assistant.evaluation.run import N_RANKED
from assistant.values import Turn
from evals.datasets import Dataset, Question, write_corpus

CUTS = (1, 3, 5, 10)
Manner = Callable[[Question], tuple[str, Sequence[Turn]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what became of it.

    `recall[i]` is the share of its documents among the first `CUTS[i]` that the query shown
    retrieves by itself, None without such documents; `best` is the best sentence, "" for none.
    """

    question: Question
    query: str
    confidence: float
    recall: tuple[float, ...] | None
    best: str
    document: str
    seconds: float


def open_set(public: Dataset, folder: Path) -> Assistant:
    """Index the documents of the set in `folder`; its answers are the best sentence, always."""
    settings = Settings.load(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        max_over_refusal=0,
        max_statements=1,
    )
    write_corpus(public.texts, settings.corpus_dir)
    assistant = Assistant.open(settings)
    assistant.sync()
    return assistant


def ask_all(assistant: Assistant, questions: Sequence[Question], manner: Manner) -> list[Asked]:
    """Ask each question in the manner given."""
    return [_ask(assistant, question, *manner(question)) for question in questions]


def last_turn(question: Question) -> tuple[str, Sequence[Turn]]:
    """Ask the question by itself."""
    return question.text, ()


def with_history(question: Question) -> tuple[str, Sequence[Turn]]:
    """Ask it as a chat does."""
    return question.text, question.history


def _ask(assistant: Assistant, question: Question, text: str, history: Sequence[Turn]) -> Asked:
    started = time.perf_counter()
    answer = assistant.ask(text, history)
    seconds = time.perf_counter() - started
    recall = None
    if question.documents:
        found = assistant.search(answer.query, N_RANKED)
        ranked = list(dict.fromkeys(str(one.passage.document_id) for one in found))
        recall = tuple(
            sum(one in question.documents for one in ranked[:k]) / len(question.documents)
            for k in CUTS
        )
    best = answer.citations[0] if answer.citations else None
    return Asked(
        question=question,
        query=answer.query,
        confidence=answer.confidence,
        recall=recall,
        best=best.quote if best else "",
        document=str(best.document_id) if best else "",
        seconds=seconds,
    )
