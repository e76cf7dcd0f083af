"""An index of a million passages on one machine: building it, asking it, searching its vectors.

Texts are generated, files of 100 sentences, each a passage. The first `--embedded` of them are
really embedded; the vector of every other one is that of one of these with a little added
(`NOISE`), so that a question has more near neighbours than it would have. The index is built by a
sync of the product from the files; the time that vectors take is told apart. Everything is measured
with a tenth of the passages, too.

What is done stays in `--work`, and an interrupted run goes on there. As a program, `python -m
evals.speed.million FOLDER` asks one index its questions, in a process that has done nothing else.
"""

import json
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from assistant import Assistant, Settings
from assistant.models.embed import Embedder, EmbedderInput, PassageVectors, open_embedder
from assistant.models.encoder import TokenVectors, Vector
from assistant.retrieve import retriever
from assistant.store.bases import FOLDERS
from assistant.store.catalog import CATALOG_FILE, open_catalog
from assistant.store.plan import RACY_S
from assistant.store.snapshot import Snapshot, open_snapshot, read_vectors
from assistant.store.sync import index_config_of
from assistant.store.vectors import VectorSearch
from evals.speed.figure import Figure, Plan, Table
from evals.speed.indexing import STAGES, watch_stages
from evals.speed.machine import (
    disk_mb,
    memory_mb,
    peak_memory_mb,
    run_process,
    stopwatch,
    time_each,
    watch_children,
)
from evals.speed.nearest import WAYS, K
from evals.speed.scale import compare_lexical, write_missing
from evals.synthetic import Shape, make_documents, make_questions

WORK = Path.home() / ".cache" / "assistant-work" / "million"
SEED = 17
STATEMENTS, ONE_STATEMENT = Shape(100, 14, 20), Shape(1, 14, 20)
"""Sentences of 17 tokens and more: no two of them fit in a passage of 32."""
MAX_PASSAGE_TOKENS = 32
NOISE = 0.4
"""Length of what is added to a unit vector: the cosine of both is about .93."""
EMBEDDED_AT_ONCE = 2_048
N_ASKED_ABOUT = 400
"""Files that questions are made of."""
MOST = {"p95_ratio": 2, "memory_mb": 2_000, "build_s": 1_800}
"""What is aimed at."""
LIMIT_S = MOST["build_s"]
"""A way to search vectors that is not built and asked by then is given up."""


def measure(plan: Plan) -> list[Figure]:
    """Measure a tenth of the passages, all of them, and a sync of many files."""
    table, work = Table("million"), plan.work or WORK
    texts = make_documents(-(-plan.n_embedded // STATEMENTS.sentences), STATEMENTS, seed=SEED)
    embedder = open_embedder(Settings().embedding_model, Settings().cache_dir)
    pool = _embed_some(embedder, texts, plan.n_embedded, work / "embedded")
    reusing = ReusedVectors(embedder, *pool)
    table.add("passages really embedded", len(pool[0]), "", f"the others: {NOISE} added")
    latencies: list[float] = []
    for n_passages in (plan.n_passages // 10, plan.n_passages):
        folder = work / str(n_passages)
        table.say(f"{n_passages:,} passages")
        settings = _build(table, reusing, folder, n_passages)
        questions = _ask(table, settings, folder, plan.n_questions, latencies)
        _compare_words(table, settings, reusing, questions)
        _compare_ways(table, settings, reusing, folder, questions)
    ratio = latencies[1] / latencies[0]
    told = _tell_goal("p95_ratio", ratio)
    table.add("search, p95 to that of a tenth", ratio, "x", told)
    _sync_one_of_many(table, reusing, work, plan.n_passages // 10)
    return table.figures


def _tell_goal(name: str, value: float) -> str:
    return f"goal <= {MOST[name]:,}: {'met' if value <= MOST[name] else 'NOT MET'}"


class ReusedVectors:
    """An embedder that knows some texts, and makes the vectors of others of theirs."""

    def __init__(self, embedder: Embedder, texts: Sequence[str], vectors: Vector) -> None:
        self._embedder = embedder
        self._place_of = {text: place for place, text in enumerate(texts)}
        self._vectors = vectors
        self.fingerprint, self.dimension = embedder.fingerprint, embedder.dimension
        self.max_tokens = embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count as the model does."""
        return self._embedder.count_tokens(texts)

    def embed_query(self, text: str) -> Vector:
        """Embed as the model does."""
        return self._embedder.embed_query(text)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Encode as the model does."""
        return self._embedder.encode(texts)

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        """Return the own vector of a text that is known, or another's with something added."""
        keys = [zlib.crc32(one.text.encode()) for one in inputs]
        drawn = np.random.default_rng(keys).standard_normal((len(keys), self.dimension))
        made = self._vectors[[key % len(self._vectors) for key in keys]]
        made = made + drawn * (NOISE / self.dimension**0.5)
        for number, one in enumerate(inputs):
            if (place := self._place_of.get(one.text.strip())) is not None:
                made[number] = self._vectors[place]
        made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
        return [
            PassageVectors(vector, np.repeat(vector[np.newaxis], len(one.sentences), axis=0))
            for vector, one in zip(made, inputs, strict=True)
        ]


def _embed_some(
    embedder: Embedder, texts: Iterator[str], n: int, folder: Path
) -> tuple[list[str], Vector]:
    """Embed the first n sentences of texts, some at once; return both. What is done is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    sentences = (f"{one.rstrip('.')}." for text in texts for one in text.split(". "))
    chosen, parts = list(islice(sentences, n)), []
    for first in range(0, n, EMBEDDED_AT_ONCE):
        path = folder / f"{first:07}.npy"
        if not path.is_file():
            some = chosen[first : first + EMBEDDED_AT_ONCE]
            inputs = [EmbedderInput(text, ((0, len(text)),)) for text in some]
            made = np.array([one.passage for one in embedder.embed_passages(inputs)])
            np.save(aside := path.with_suffix(".aside.npy"), made)
            aside.rename(path)
        parts.append(np.load(path))
    return chosen, np.vstack(parts)[: len(chosen)]


def _settings_in(folder: Path) -> Settings:
    return Settings.load(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        max_passage_tokens=MAX_PASSAGE_TOKENS,
    )


def _write_corpus(folder: Path, n_files: int, shape: Shape) -> Settings:
    """Write the files that are missing; return the settings that have them indexed."""
    settings = _settings_in(folder)
    settings.corpus_dir.mkdir(parents=True, exist_ok=True)
    if not (folder / "written").is_file():
        write_missing(make_documents(n_files, shape, seed=SEED), settings.corpus_dir)
        (folder / "written").touch()
    return settings


def _build(table: Table, embedder: Embedder, folder: Path, n_passages: int) -> Settings:
    """Write the files, sync, and tell what that took, or did when it was done."""
    settings = _write_corpus(folder, -(-n_passages // STATEMENTS.sentences), STATEMENTS)
    kept = folder / "sync.json"
    if not kept.is_file():
        with watch_children() as children, watch_stages(embedder) as stages:
            report = Assistant(settings, embedder).sync()
        if report.base_problem:
            raise SystemExit(report.base_problem)
        is_whole = report.n_embedded == report.n_passages
        own = Table("million", is_quiet=True)
        own.add("passages", report.n_passages, "")
        build_s = report.seconds - stages["embed"]
        told = _tell_goal("build_s", build_s) if is_whole else "the rest of an interrupted sync"
        own.add("building but for vectors", build_s, "s", told)
        for stage, label in STAGES.items():
            own.add(f"    {label}", stages[stage], "s")
        own.add("    of cutting, counting tokens", stages["tokens"], "s")
        own.add("building: peak memory", peak_memory_mb(), "MB", "the bench's own data included")
        own.add("building: peak memory of a child", children[-1], "MB")
        own.add("disk: catalog", disk_mb(settings.index_dir / CATALOG_FILE), "MB")
        base_mb = sum(disk_mb(settings.index_dir / name) for name in FOLDERS.values())
        own.add("disk: base", base_mb, "MB")
        for name, size in _table_sizes(settings.index_dir):
            own.add(f"    {name}", size / report.n_passages, "B/passage")
        kept.write_text(json.dumps([asdict(one) for one in own.figures]), encoding="utf-8")
    for figure in json.loads(kept.read_text(encoding="utf-8")):
        one = Figure(**figure)
        table.add(one.name, one.value, one.unit, one.note)
    return settings


def _table_sizes(index_dir: Path) -> list[tuple[str, int]]:
    """Return the bytes of SQLite's pages by table, the largest first; none where it cannot tell."""
    sql = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12"
    with open_catalog(index_dir) as connection, suppress(Exception):
        return connection.execute(sql).fetchall()
    return []


def _ask(
    table: Table, settings: Settings, folder: Path, n_questions: int, latencies: list[float]
) -> list[str]:
    """Ask in a process of its own; tell seconds and memory, and add the 95th percentile."""
    files = sorted(settings.corpus_dir.glob("*.txt"))
    some = files[:: max(1, len(files) // N_ASKED_ABOUT)]
    texts = [path.read_text(encoding="utf-8") for path in some]
    questions = make_questions(texts, n_questions, seed=SEED)
    (folder / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    run = run_process([sys.executable, "-m", "evals.speed.million", str(folder)])
    found = json.loads(run.stdout.splitlines()[-1])
    table.add("opening and the first search", found["first_s"], "s")
    table.add_latency("Assistant.search", found["seconds"])
    for stage, seconds in found["stages"].items():
        table.add(f"    {stage}", 1000 * seconds / len(questions), "ms", "mean")
    told = _tell_goal("memory_mb", found["memory_mb"])
    table.add("memory while searching", found["memory_mb"], "MB", told)
    table.add("    before the index was opened", found["before_mb"], "MB")
    latencies.append(float(np.percentile(found["seconds"], 95)))
    return questions


def ask_alone(folder: Path) -> dict[str, Any]:
    """Ask an index its questions; the first one opens it, and is not among the others."""
    settings = _settings_in(folder)
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    before = memory_mb()
    assistant = Assistant(settings, embedder)
    started = time.perf_counter()
    assistant.search(questions[0])
    first_s = time.perf_counter() - started
    seconds = time_each(assistant.search, questions)
    with stopwatch(
        encode=(embedder, "embed_query"),
        vectors=(VectorSearch, "search"),
        words=(retriever, "rank_lexically"),
        weights=(retriever, "weigh_terms"),
        scores=(Snapshot, "bm25_of"),
        spelling=(retriever, "respell"),
        absent=(retriever, "find_absent"),
        languages=(Snapshot, "languages"),
        reading=(Snapshot, "vectors"),
    ) as stages:
        time_each(assistant.search, questions)
    return {
        "first_s": first_s,
        "seconds": seconds,
        "stages": dict(stages),
        "before_mb": before,
        "memory_mb": peak_memory_mb(),
    }


def _compare_words(
    table: Table, settings: Settings, embedder: Embedder, questions: Sequence[str]
) -> None:
    with open_snapshot(settings.index_dir, index_config_of(embedder, settings)) as snapshot:
        compare_lexical(table, snapshot, questions, settings.n_candidates)
        files = sorted(path.name for path in settings.corpus_dir.glob("*.txt"))[::100]
        table.add_latency("a document with its units", time_each(snapshot.document, files[:100]))


def _compare_ways(
    table: Table, settings: Settings, embedder: Embedder, folder: Path, questions: Sequence[str]
) -> None:
    """Measure every way to search the vectors of an index, or tell what was measured before."""
    _export(settings.index_dir, embedder, folder, questions)
    exact: list[list[int]] = []
    for way in WAYS:
        kept = folder / f"{way.partition(' (')[0].replace(' ', '_')}.json"
        if not kept.is_file():
            command = [sys.executable, "-m", "evals.speed.nearest", way]
            command += [str(folder), str(settings.index_dir)]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, timeout=LIMIT_S
                )
            except subprocess.TimeoutExpired:
                table.say(f"{way}: given up after {LIMIT_S:,} s")
                continue
            if done.returncode != 0:
                *_, last = "", *done.stderr.strip().splitlines()
                table.say(f"{way}: not measured ({last})")
                continue
            kept.write_text(done.stdout.splitlines()[-1], encoding="utf-8")
        found = json.loads(kept.read_text(encoding="utf-8"))
        exact = exact or found["found"]
        shares = [len({*one} & {*two}) / K for one, two in zip(found["found"], exact, strict=True)]
        table.add_latency(way, found["seconds"])
        table.add("    recall@10 of exact", float(np.mean(shares)), "", f"lowest {min(shares):.1f}")
        table.add("    building", found["build_s"], "s")
        table.add("    disk", found["disk_mb"], "MB")
        table.add("    memory", found["memory_mb"], "MB", "with what is mapped of files")


def _export(index_dir: Path, embedder: Embedder, folder: Path, questions: Sequence[str]) -> None:
    """Write the vectors of an index, their rows and the queries for the ways to search them."""
    if (folder / "queries.npy").is_file():
        return
    rows: list[int] = []
    with open_catalog(index_dir) as connection, (folder / "vectors.f32").open("wb") as file:
        for some, vectors in read_vectors(connection, embedder.dimension):
            rows += some
            file.write(vectors.tobytes())
    np.save(folder / "rows.npy", np.array(rows, np.int64))
    np.save(folder / "queries.npy", np.array([embedder.embed_query(one) for one in questions]))


def _sync_one_of_many(table: Table, embedder: Embedder, work: Path, n_files: int) -> None:
    """Sync a folder of many files of one passage, then again with one file changed."""
    settings = _write_corpus(work / f"{n_files}-files", n_files, ONE_STATEMENT)
    with Assistant(settings, embedder) as assistant:
        report = assistant.sync()
        if report.n_embedded:
            table.add(f"first sync of {n_files:,} files", report.seconds, "s", "vectors included")
        table.add("sync of none of them changed", assistant.sync().seconds, "s")
        (settings.corpus_dir / f"{n_files // 2:05}.txt").write_text(
            f"Statement number {time.time_ns()} is a new one.", encoding="utf-8"
        )
        time.sleep(RACY_S + 0.5)
        report = assistant.sync()
        table.add("sync of one of them changed", report.seconds, "s", f"{report.n_changed} changed")
        first = time_each(assistant.search, ["What is the new statement?"])[0]
        table.add("    the first search after it", first, "s")
        table.add("    the next one", time_each(assistant.search, ["What is new?"])[0], "s")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ask_alone(Path(sys.argv[1]))) + "\n")
