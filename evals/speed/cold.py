"""A cold start: `assistant ask` as a new process over the seed corpus, whole and in parts.

This module loads nothing heavy, so that the peak memory of the processes it runs is theirs.
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from evals.speed.figure import Figure, Plan, Table
from evals.speed.machine import Run, run_process

CORPUS = Path(__file__).parents[2] / "corpus"
QUESTION = "Since when has Flax Typhoon been active?"
PARTS = """
import json, os, sys, time
started = time.perf_counter()
laps = {}
def lap(name):
    global started
    now = time.perf_counter()
    laps[name] = now - started
    started = time.perf_counter()
question, corpus, index = sys.argv[1:]
import assistant.cli.main
lap("import the command line")
from assistant.settings import Settings
settings = Settings.load(corpus_dir=corpus, index_dir=index)
lap("read the settings")
import assistant.pipeline
lap("import the pipeline")
opened = assistant.pipeline.Assistant.open(settings)
lap("open the model")
opened.has_index
lap("look for the index (sqlite)")
opened.embedder.embed_query("a first query")
lap("encode a first query")
answer = opened.ask(question)
lap("answer: everything but the first encoding")
print(json.dumps({"laps": laps, "modules": len(sys.modules)}))
"""
N_GROUPS = 12


def measure(plan: Plan) -> list[Figure]:
    """Measure cold starts."""
    table = Table("cold start")
    with tempfile.TemporaryDirectory() as index:
        place = ["--corpus", str(CORPUS), "--index", index]
        command = [sys.executable, "-m", "assistant", "ask", QUESTION, *place]
        run_process(command)  # builds the index, fills the disk's cache
        runs: dict[str, list[Run]] = {"ask": [], "bare": [], "nothing": [], "parts": []}
        for _ in range(plan.cold_runs):
            runs["ask"].append(run_process(command))
            runs["bare"].append(run_process(_python("import sentence_transformers")))
            runs["nothing"].append(run_process(_python("pass")))
            runs["parts"].append(run_process([*_python(PARTS), QUESTION, str(CORPUS), index]))
        imports = run_process([sys.executable, "-X", "importtime", *command[1:]]).stderr
    _report(table, runs)
    _report_imports(table, imports)
    return table.figures


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _report(table: Table, runs: dict[str, list[Run]]) -> None:
    def add(label: str, name: str) -> None:
        seconds = [run.seconds for run in runs[name]]
        spread = f"{min(seconds):.2f} to {max(seconds):.2f} s"
        table.add(label, median(seconds), "s", spread)
        table.add(f"{label}: peak memory", median(run.peak_mb for run in runs[name]), "MB")

    add("assistant ask, whole process", "ask")
    add("import sentence_transformers, whole process", "bare")
    add("python that does nothing, whole process", "nothing")
    found = [json.loads(run.stdout)["laps"] for run in runs["parts"]]
    for part in found[0]:
        table.add(f"part: {part}", 1000 * median(laps[part] for laps in found), "ms")
    outside = median(
        run.seconds - sum(laps.values()) for run, laps in zip(runs["parts"], found, strict=True)
    )
    table.add("part: the interpreter's start and end", 1000 * outside, "ms")


def _report_imports(table: Table, lines: str) -> None:
    """Add up `-X importtime`'s own times by top-level package."""
    groups: defaultdict[str, float] = defaultdict(float)
    for line in lines.splitlines():
        columns = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and columns[0].strip().isdigit():
            groups[columns[2].strip().partition(".")[0]] += int(columns[0]) / 1000
    table.add("imports of assistant ask (-X importtime), all", sum(groups.values()), "ms")
    for name, taken in sorted(groups.items(), key=lambda pair: -pair[1])[:N_GROUPS]:
        table.add(f"    import {name}", taken, "ms")
