"""Speed and size, beside the bare model and the plain stack, on the same machine in one run.

    python -m evals.bench [--squad2 PATH] [--n 323] [--passages N] [--quick] [--json FILE]

Measured, each section in a process of its own:

- cold: `assistant ask` as a new process, its parts and its memory, beside the mere import of
  sentence-transformers.
- indexing: documents per second from files to a committed index, beside the bare `encode` of
  the same passages and llama-index's VectorStoreIndex + ChromaVectorStore + HuggingFaceEmbedding.
- formats: files per second of each format beside its bare parser; a folder of 1,000 mixed files,
  synced, and synced again with one file changed.
- questions: latency of `Assistant.ask` and its stages, beside encoding one query and the plain
  stack's retriever.
- million: an index of a million passages, and of a tenth of them: building it but for vectors, most
  of which are made of others (`--embedded` says how many are not), searching it, ways to search
  vectors beside each other, a sync of one file of 100,000. Hours, most of them embedding; only
  when it is named. What is done is kept in `--work`, by default under `~/.cache/assistant-work`.
- scale: a generated corpus of many short passages: sync, search, recall against exact search,
  memory and disk. Takes most of an hour at 100,000 passages on two cores; what is done is kept
  in `--work` and an interrupted run goes on from there.

Without `--squad2` the documents are generated: nothing needs downloading.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from evals.speed.figure import Figure, Plan
from evals.speed.machine import describe_machine

SECTIONS = ("cold", "indexing", "formats", "questions", "scale", "million")
N_PASSAGES = {"million": 1_000_000}
"""Of a section, where it is not 100,000."""


def main() -> None:
    """Measure the sections that were asked for and print them."""
    given = _read_arguments()
    if given.child:
        figures = _measure(given.sections[0], _plan(given, given.sections[0]))
        given.json.write_text(json.dumps([asdict(figure) for figure in figures]), encoding="utf-8")
        return
    machine = describe_machine()
    for name, fact in machine.items():
        print(f"{name}: {fact}")
    found: list[Any] = []
    for section in given.sections:
        print(f"\n{section}", flush=True)
        found += _measure_apart(section, sys.argv[1:])
    machine["load_average_after"] = describe_machine()["load_average"]
    if given.json:
        result = {"machine": machine, "figures": found}
        given.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--squad2", type=Path, help="squad2.json, for real documents")
    parser.add_argument("--n", type=int, default=323, help="documents to index (323)")
    parser.add_argument("--passages", type=int, help="of scale (100,000), million (1,000,000)")
    parser.add_argument("--embedded", type=int, default=100_000, help="of million, really embedded")
    parser.add_argument("--quick", action="store_true", help="a fraction of it all, to try it out")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument(
        "--work", type=Path, help="keep the corpora and indexes of scale, million here"
    )
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS[:-1]))
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _plan(given: argparse.Namespace, section: str) -> Plan:
    quick: bool = given.quick
    n_passages = given.passages or N_PASSAGES.get(section, 100_000)
    return Plan(
        squad2=given.squad2,
        n_documents=min(given.n, 40) if quick else given.n,
        n_passages=min(n_passages, 2_000) if quick else n_passages,
        n_questions=40 if quick else 200,
        rounds=1 if quick else 3,
        cold_runs=2 if quick else 7,
        work=given.work,
        n_embedded=min(given.embedded, 500) if quick else given.embedded,
    )


def _measure(section: str, plan: Plan) -> list[Figure]:
    measure: Callable[[Plan], list[Figure]] = import_module(f"evals.speed.{section}").measure
    return measure(plan)


def _measure_apart(section: str, arguments: list[str]) -> Any:
    """Measure one section in a new process, which inherits the terminal."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "figures.json"
        own = ["--child", "--json", str(result), "--sections", section]
        done = subprocess.run([sys.executable, "-m", "evals.bench", *arguments, *own], check=False)
        if done.returncode != 0:
            print(f"  {section} could not be measured (exit status {done.returncode})")
            return []
        return json.loads(result.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
