"""Latency of warm questions: ours whole and by stage, and the searches of other programs.

The subjects take turns, a block of questions each: every one is warm within its block, and
what else the machine does falls on all alike.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from assistant import Assistant, Settings
from assistant.models.embed import open_embedder
from evals.speed import peer, plain
from evals.speed.figure import Figure, Plan, Table
from evals.speed.machine import time_each
from evals.speed.material import load_material, load_sentence_transformer

BLOCK = 20
LABELS = {
    "encode": "encode one query (ours)",
    "ask": "Assistant.ask",
    "search": "Assistant.search",
    "bare": "encode one query (sentence-transformers)",
    "plain": "retrieve (plain stack)",
    "peer": f"search ({peer.NAME})",
}
GOAL = 3.0


def measure(plan: Plan) -> list[Figure]:
    """Measure warm questions."""
    material = load_material(plan)
    table = Table("questions")
    table.say(f"{len(material.questions)} questions to {len(material.texts)} {material.source}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings.load(
            corpus_dir=material.write(folder / "corpus"), index_dir=folder / "index"
        )
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        assistant = Assistant(settings, embedder)
        assistant.sync()
        model, embedding = load_sentence_transformer(), plain.open_embedding()
        index = plain.build_index(settings.corpus_dir, folder / "plain", embedding)
        others: dict[str, Callable[[str], object]] = {}
        if peer.is_installed():
            found = peer.build_index(settings.corpus_dir, folder / "peer")
            others["peer"] = lambda question: found.search(question, 10)
        stages: dict[str, list[float]] = {}
        seconds = _take_turns(
            material.questions,
            encode=embedder.embed_query,
            ask=lambda question: _ask(assistant, question, stages),
            search=assistant.search,
            bare=lambda question: model.encode_query(question, show_progress_bar=False),
            plain=index.as_retriever().retrieve,
            **others,
        )
    _report(table, seconds, stages)
    return table.figures


def _ask(assistant: Assistant, question: str, stages: dict[str, list[float]]) -> None:
    for stage, taken in assistant.ask(question).timings.items():
        stages.setdefault(stage, []).append(taken)


def _take_turns(
    questions: Sequence[str], **subjects: Callable[[str], object]
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for block in (questions[:5], *_blocks(questions)):
        for name, run in subjects.items():
            run(block[0])  # takes the caches from the subject before it
            seconds[name] += time_each(run, block)
    return {name: taken[len(questions[:5]) :] for name, taken in seconds.items()}


def _blocks(questions: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(questions), BLOCK):
        yield questions[first : first + BLOCK]


def _report(table: Table, seconds: dict[str, list[float]], stages: dict[str, list[float]]) -> None:
    for name, taken in seconds.items():
        table.add_latency(LABELS[name], taken)
        if name == "ask":
            for stage, parts in stages.items():
                table.add_latency(f"    stage {stage!r}", parts)
    ask = float(np.median(seconds["ask"]))
    for name in ("encode", "bare"):
        ratio = ask / float(np.median(seconds[name]))
        table.add_ratio(f"ask p50 / {LABELS[name]} p50", ratio, f"< {GOAL}", is_met=ratio < GOAL)
    ratio = float(np.median(seconds["plain"])) / float(np.median(seconds["search"]))
    table.add("plain stack's retrieve p50 / Assistant.search p50", ratio, "x")
