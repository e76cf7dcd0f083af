"""Documents per second: our sync, the bare `encode` of the same passages, and other programs.

The rounds alternate, so that what else the machine does falls on all alike; medians are given.
Processor time is told as well: a busy machine changes it less than the clock.
"Ours" runs from files to a committed catalog with a Chroma base, built and checked, which the
product itself leaves out while a corpus is small (`max_tail_passages`): that is shown apart.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from assistant import Assistant, Settings
from assistant.models.embed import Embedder, open_embedder
from assistant.store import bases
from assistant.store import sync as syncing
from assistant.store import work as working
from assistant.store.changes import CatalogWriter
from assistant.store.plan import RACY_S
from assistant.store.snapshot import open_snapshot
from evals.datasets import write_corpus
from evals.speed import peer, plain
from evals.speed.figure import Figure, Plan, Table
from evals.speed.machine import stopwatch
from evals.speed.material import load_material, load_sentence_transformer

NAMES = {
    "ours": "ours, with a Chroma base",
    "small": "ours, with default settings",
    "bare": "bare SentenceTransformer.encode",
    "plain": "plain stack",
    "peer": peer.NAME,
}
WARM_DOCUMENTS = 8
"""Indexed before the clock starts: libraries load parts of themselves at their first use."""
STAGES = {
    "cut": "split into passages (parsing runs beside it)",
    "embed": "embed",
    "write": "write to the catalog",
    "base": "build and check the base",
}


def measure(plan: Plan) -> list[Figure]:
    """Measure indexing."""
    material = load_material(plan)
    table = Table("indexing")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = material.write(folder / "corpus")
        time.sleep(RACY_S)
        ours = _Ours(corpus, folder)
        texts = ours.passage_texts()
        table.say(f"{len(material.texts)} {material.source}, {len(texts)} passages")
        model, embedding = load_sentence_transformer(), plain.open_embedding()
        write_corpus(material.texts, folder / "few", list(material.texts)[:WARM_DOCUMENTS])
        plain.build_index(folder / "few", folder / "warm", embedding)
        others: dict[str, Callable[[int], Any]] = {}
        if peer.is_installed():
            peer.build_index(folder / "few", folder / "warm-peer")
            others["peer"] = lambda n: peer.build_index(corpus, folder / f"peer{n}")
        model.encode(texts[:WARM_DOCUMENTS], show_progress_bar=False)
        taken = _alternate(
            plan.rounds,
            ours=ours.run,
            small=ours.run_without_base,
            bare=lambda _: model.encode(texts, show_progress_bar=False),
            plain=lambda n: plain.build_index(corpus, folder / f"plain{n}", embedding),
            **others,
        )
    _report(table, len(material.texts), taken, ours.stages)
    return table.figures


class _Ours:
    """Our sync of one corpus into a new index each time; `stages` are seconds over all runs."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._corpus, self._folder = corpus, folder
        defaults = Settings.load(corpus_dir=corpus)
        self._embedder = open_embedder(defaults.embedding_model, defaults.cache_dir)
        self.stages = dict.fromkeys(STAGES, 0.0)

    def run(self, number: int) -> None:
        """Sync with a Chroma base."""
        with watch_stages(self._embedder) as seconds:
            self._sync(f"ours{number}", max_tail_passages=1, vector_base="chroma")
        for stage in STAGES:
            self.stages[stage] += seconds[stage]

    def run_without_base(self, number: int) -> None:
        """Sync with the default settings."""
        self._sync(f"small{number}")

    def passage_texts(self) -> list[str]:
        """Return the texts of the corpus's passages."""
        settings = self._sync("texts")
        with open_snapshot(
            settings.index_dir, syncing.index_config_of(self._embedder, settings)
        ) as at:
            rows, _ = at.vectors_after(0, self._embedder.dimension)
            return [passage.text for passage in at.passages(rows).values()]

    def _sync(self, index: str, **given: Any) -> Settings:
        settings = Settings.load(corpus_dir=self._corpus, index_dir=self._folder / index, **given)
        problem = Assistant(settings, self._embedder).sync().base_problem
        if problem:
            raise SystemExit(problem)
        return settings


@contextmanager
def watch_stages(embedder: Embedder) -> Iterator[dict[str, float]]:
    """Add up what the stages of a sync take; `tokens` is a part of `cut`."""
    with stopwatch(
        cut=(working, "make_content"),
        tokens=(embedder, "count_tokens"),
        embed=(embedder, "embed_passages"),
        write=(CatalogWriter, "put"),
        base=(bases, "build_base"),
    ) as seconds:
        yield seconds


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds of each round by subject: on the clock, and of processors (children included)."""

    clock: dict[str, list[float]]
    cpu: dict[str, list[float]]


def _alternate(rounds: int, **subjects: Callable[[int], Any]) -> _Taken:
    taken = _Taken({name: [] for name in subjects}, {name: [] for name in subjects})
    for number in range(rounds):
        for name, run in subjects.items():
            clock, cpu = time.perf_counter(), sum(os.times()[:4])
            run(number)
            taken.clock[name].append(time.perf_counter() - clock)
            taken.cpu[name].append(sum(os.times()[:4]) - cpu)
    return taken


def _report(table: Table, n: int, taken: _Taken, stages: dict[str, float]) -> None:
    for name in taken.clock:
        label = NAMES[name]
        rounds = ", ".join(f"{n / seconds:.1f}" for seconds in taken.clock[name])
        table.add(label, n / median(taken.clock[name]), "documents/s", f"rounds: {rounds}")
        table.add("    processor time", 1000 * median(taken.cpu[name]) / n, "ms/document")
    total = sum(taken.clock["ours"])
    for stage, label in STAGES.items():
        table.add(f"share of ours: {label}", 100 * stages[stage] / total, "%")
    rest = 100 * (1 - sum(stages.values()) / total)
    table.add("share of ours: the rest (walk, reports)", rest, "%")
    for own in ("ours", "small"):
        for other, goal in (("bare", 0.9), ("plain", 1.5), ("peer", 1.0)):
            if other not in taken.clock:
                continue
            rate = _ratio(taken.clock, other, own)
            label = f"{NAMES[own]} / {NAMES[other]}"
            table.add_ratio(label, rate, f">= {goal}", is_met=rate >= goal)
            table.add("    the same in processor time", _ratio(taken.cpu, other, own), "x")


def _ratio(seconds: dict[str, list[float]], other: str, own: str) -> float:
    """Return how many times as long the other one takes: the median over the rounds."""
    pairs = zip(seconds[other], seconds[own], strict=True)
    return median(theirs / ours for theirs, ours in pairs)
