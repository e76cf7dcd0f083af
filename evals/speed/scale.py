"""A large index: making it, keeping it, searching it, and what it takes in memory and on disk.

The corpus is generated: files of 100 sentences, each sentence a passage. Corpus and index stay
in `--work`: an interrupted run goes on there, since a sync does; what was measured of the first
sync is kept beside them.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from assistant import Assistant, Settings
from assistant.models.embed import Embedder, open_embedder
from assistant.models.encoder import Vector
from assistant.retrieve.retriever import rank_lexically, weigh_terms
from assistant.store.bases import FOLDERS
from assistant.store.catalog import CATALOG_FILE
from assistant.store.plan import RACY_S
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sync import index_config_of
from assistant.store.vectors import VectorSearch
from assistant.text.english import FUNCTION_WORDS
from assistant.text.terms import query_terms
from evals.speed.figure import Figure, Plan, Table
from evals.speed.indexing import STAGES, watch_stages
from evals.speed.machine import (
    disk_mb,
    memory_mb,
    peak_memory_mb,
    run_process,
    time_each,
    watch_children,
)
from evals.synthetic import LIST_OF_STATEMENTS, common_words, make_documents, make_questions

SEED = 11
MAX_PASSAGE_TOKENS = 32
TAIL_FILES = 5
CUTS = (10, 50)
FIRST_SYNC = "first_sync.json"


def measure(plan: Plan) -> list[Figure]:
    """Measure a large index."""
    table = Table("scale")
    with _workplace(plan) as folder:
        n_files = -(-plan.n_passages // LIST_OF_STATEMENTS.sentences)
        texts = list(make_documents(n_files + TAIL_FILES, LIST_OF_STATEMENTS, seed=SEED))
        settings = Settings.load(
            corpus_dir=folder / "corpus",
            index_dir=folder / "index",
            max_passage_tokens=MAX_PASSAGE_TOKENS,
        )
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        assistant = Assistant(settings, embedder)
        write_missing(texts[:n_files], settings.corpus_dir)
        for figure in _sync_first(assistant, embedder, folder / FIRST_SYNC):
            table.add(figure.name, figure.value, figure.unit, figure.note)
        _sync_again(table, assistant, texts)
        _measure_disk(table, settings.index_dir)
        questions = make_questions(texts, plan.n_questions, seed=SEED)
        _search(table, assistant, questions)
        _compare(table, settings, embedder, questions)
        _answer_cold(table, settings, questions[0])
    return table.figures


@contextmanager
def _workplace(plan: Plan) -> Iterator[Path]:
    """Yield a folder for a corpus of this size; it stays when the plan names a place for it."""
    if plan.work is not None:
        own = plan.work / str(plan.n_passages)
        own.mkdir(parents=True, exist_ok=True)
        yield own
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def write_missing(texts: Iterable[str], folder: Path) -> int:
    """Write the files that are missing; return how many were."""
    folder.mkdir(exist_ok=True)
    n_written = 0
    for number, text in enumerate(texts):
        path = folder / f"{number:05}.txt"
        if not path.is_file():
            aside = path.with_suffix(".txt~")  # which a sync does not see
            aside.write_text(text, encoding="utf-8")
            aside.rename(path)
            n_written += 1
    if n_written:
        time.sleep(RACY_S + 0.5)
    return n_written


def _sync_first(assistant: Assistant, embedder: Embedder, kept: Path) -> list[Figure]:
    """Sync; return what it took, or what it took when it was done."""
    with watch_children() as peaks, watch_stages(embedder) as stages:
        report = assistant.sync()
    if report.base_problem:
        raise SystemExit(report.base_problem)
    if report.n_embedded == 0 and kept.is_file():
        return [Figure(**figure) for figure in json.loads(kept.read_text(encoding="utf-8"))]
    table = Table("scale", is_quiet=True)
    note = "" if report.n_embedded == report.n_passages else "the rest of an interrupted sync"
    table.add("passages", report.n_passages, "")
    table.add("first sync", report.seconds, "s", note)
    if report.n_embedded:
        without_base = report.seconds - stages["base"]
        table.add("first sync but for the base", report.n_embedded / without_base, "passages/s")
    for stage, label in STAGES.items():
        table.add(f"    {label}", stages[stage], "s")
    table.add("    of cutting, counting tokens", stages["tokens"], "s")
    table.add("first sync: peak memory", peak_memory_mb(), "MB")
    table.add("building the base: peak memory of its process", peaks[-1], "MB")
    kept.write_text(json.dumps([asdict(figure) for figure in table.figures]), encoding="utf-8")
    return table.figures


def _sync_again(table: Table, assistant: Assistant, texts: Sequence[str]) -> None:
    report = assistant.sync()
    table.add("sync of the unchanged corpus", report.seconds, "s", f"{report.n_unchanged} files")
    if write_missing(texts, assistant.settings.corpus_dir):
        report = assistant.sync()
        note = f"{report.n_embedded} passages; they are the tail"
        table.add(f"sync of {report.n_added} new files", report.seconds, "s", note)


def _measure_disk(table: Table, index_dir: Path) -> None:
    table.add("disk: catalog", disk_mb(index_dir / CATALOG_FILE), "MB")
    table.add("disk: its write-ahead log", disk_mb(index_dir / f"{CATALOG_FILE}-wal"), "MB")
    table.add("disk: base", sum(disk_mb(index_dir / name) for name in FOLDERS.values()), "MB")


def _search(table: Table, assistant: Assistant, questions: Sequence[str]) -> None:
    before = memory_mb()
    table.add("first search (opens the base)", time_each(assistant.search, questions[:1])[0], "s")
    table.add("memory the open base and tail take", memory_mb() - before, "MB")
    table.add_latency("Assistant.search", time_each(assistant.search, questions))
    stages: dict[str, list[float]] = {}

    def ask(question: str) -> None:
        for stage, seconds in assistant.ask(question).timings.items():
            stages.setdefault(stage, []).append(seconds)

    table.add_latency("Assistant.ask", time_each(ask, questions))
    for stage, seconds in stages.items():
        table.add_latency(f"    stage {stage!r}", seconds)


def _compare(
    table: Table, settings: Settings, embedder: Embedder, questions: Sequence[str]
) -> None:
    """Measure each ranking alone; compare the dense one with an exact search of all vectors."""
    k = max(CUTS)
    search = VectorSearch(settings.index_dir, embedder.dimension)
    table.add_latency("encode one query", time_each(embedder.embed_query, questions))
    queries = {question: embedder.embed_query(question) for question in questions}
    with open_snapshot(settings.index_dir, index_config_of(embedder, settings)) as snapshot:
        search.search(snapshot, queries[questions[0]], k)
        found: dict[str, list[int]] = {}

        def find(question: str) -> None:
            ranking = search.search(snapshot, queries[question], k)
            found[question] = [row for row, _ in ranking]

        table.add_latency("dense ranking: base and tail", time_each(find, questions))
        exact = _Exact(snapshot, embedder.dimension, queries, k)
        table.add_latency("dense ranking: exact, numpy", time_each(exact, questions))
        for cut in CUTS:
            shares = [len({*found[q][:cut]} & {*exact.found[q][:cut]}) / cut for q in questions]
            note = f"lowest {min(shares):.2f}"
            table.add(f"dense ranking: recall@{cut} of exact", float(np.mean(shares)), "", note)
        compare_lexical(table, snapshot, questions, settings.n_candidates)


class _Exact:
    """The exact ranking over all vectors of a snapshot."""

    def __init__(
        self, snapshot: Snapshot, dimension: int, queries: dict[str, Vector], k: int
    ) -> None:
        self._rows, self._matrix = snapshot.vectors_after(0, dimension)
        self._queries, self._k = queries, k
        self.found: dict[str, list[int]] = {}

    def __call__(self, question: str) -> None:
        cosines = self._matrix @ self._queries[question]
        best = np.argpartition(-cosines, self._k)[: self._k]
        best = best[np.argsort(-cosines[best])]
        self.found[question] = [self._rows[place] for place in best]


def compare_lexical(
    table: Table, snapshot: Snapshot, questions: Sequence[str], n_candidates: int
) -> None:
    """Measure what SQLite's FTS5 does for a question, with its terms and with common ones."""
    content = [word for word in common_words(200) if word not in FUNCTION_WORDS]
    common = [" ".join(content[n : n + 4]) for n in range(0, len(content) - 4, 4)]
    rows = range(1, snapshot.n_passages, snapshot.n_passages // n_candidates)
    kinds: dict[str, Callable[[str], object]] = {
        "BM25 ranking": lambda text: rank_lexically(snapshot, text, n_candidates),
        "term weights": lambda text: weigh_terms(snapshot, text),
        "BM25 of given passages": lambda text: snapshot.bm25_of(query_terms(text), rows),
    }
    for name, run in kinds.items():
        table.add_latency(f"{name}, questions", time_each(run, questions))
        table.add_latency(f"{name}, four of the commonest terms", time_each(run, common))


def _answer_cold(table: Table, settings: Settings, question: str) -> None:
    place = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    environment = f"import os; os.environ['ASSISTANT_MAX_PASSAGE_TOKENS'] = '{MAX_PASSAGE_TOKENS}'"
    code = f"""
{environment}
import resource, sys
from assistant.cli.main import main
try:
    main()
finally:
    sys.stderr.write(open("/proc/self/status").read() if sys.platform == "linux" else "")
"""
    run: Any = run_process([sys.executable, "-c", code, "ask", question, *place])
    table.add("assistant ask as a new process", run.seconds, "s")
    peak = [line.split()[1] for line in run.stderr.splitlines() if line.startswith("VmHWM:")]
    if peak:
        table.add("assistant ask as a new process: peak memory", int(peak[0]) * 1024 / 1e6, "MB")
