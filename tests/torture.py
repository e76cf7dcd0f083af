"""What the attack tests share: how many trials, children to be killed, and a line of figures.

`make test` runs a few trials of each; TORTURE=1 the numbers that are published, TORTURE=10 ten
times as many.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from assistant.store.catalog import CATALOG_FILE

FACTOR = int(os.environ.get("TORTURE", "0"))
SCRIPT = Path(__file__).with_name("store") / "zygote.py"


def trials(few: int, many: int) -> int:
    """Return how many trials to run."""
    return many * FACTOR if FACTOR else few


@dataclass
class Tally:
    """How many trials went how."""

    name: str
    seed: int
    n: int = 0
    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, *failures: str) -> None:
        self.n += 1
        self.counts[outcome] += 1
        self.failures += failures


@contextmanager
def tallied(name: str, seed: int) -> Iterator[Tally]:
    """Count trials, tell the figures when they are wanted, and fail if any trial failed."""
    tally, started = Tally(name, seed), time.perf_counter()
    yield tally
    took = time.perf_counter() - started
    if FACTOR:
        outcomes = ", ".join(f"{n} {outcome}" for outcome, n in sorted(tally.counts.items()))
        sys.stderr.write(
            f"\n{name}: n={tally.n} failures={len(tally.failures)} seed={seed} "
            f"seconds={took:.0f} ({outcomes})\n"
        )
    assert not tally.failures, "\n".join(tally.failures)


@contextmanager
def altering(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """Open the catalog behind the assistant's back, and commit what is done to it."""
    with closing(sqlite3.connect(index_dir / CATALOG_FILE)) as connection:
        yield connection
        connection.commit()


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status (negative: a signal), and what it found."""

    status: int
    found: Any
    error: tuple[str, str] | None
    stderr: str


def start_script(script: str | Path, *given: object, cwd: Path) -> subprocess.Popen[str]:
    """Start a script of `tests/store` in a process of its own."""
    path = [str(folder) for folder in Path(script).parents[:3]]
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        cwd=cwd,  # importing chromadb reads `.env` where it stands
    )


class Zygote:
    """A process that forks children; see `zygote.py`."""

    def __init__(self, folder: Path) -> None:
        self._out = folder / "out.json"
        self._process = start_script(SCRIPT, cwd=folder)

    def start(self, folder: Path, task: str, **given: Any) -> None:
        """Start a child, of which `wait` tells; see `zygote.Order`."""
        order = {"folder": str(folder), "task": task, "out": str(self._out), **given}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def wait(self) -> Ended:
        """Wait for the child's end."""
        assert self._process.stdout is not None
        status = int(self._process.stdout.readline())
        said = self._out.read_text()
        found = json.loads(said) if said and status == 0 else {}
        error = found.get("error")
        return Ended(
            status,
            found.get("found"),
            tuple(error) if error else None,
            self._out.with_name("out.json.err").read_text(errors="replace"),
        )

    def run(self, folder: Path, task: str, **given: Any) -> Ended:
        """Run a child to its end."""
        self.start(folder, task, **given)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._process.__exit__(*error)  # closes its pipes and waits for it
