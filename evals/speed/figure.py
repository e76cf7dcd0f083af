"""What a section of the benchmark finds: named figures, printed as a table or kept as JSON."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    section: str
    name: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure with, and how often."""

    squad2: Path | None
    n_documents: int
    n_passages: int
    n_questions: int
    rounds: int
    cold_runs: int
    work: Path | None
    n_embedded: int


@dataclass(slots=True)
class Table:
    """Collects the figures of a section and prints each as it is found."""

    section: str
    figures: list[Figure] = field(default_factory=list)
    is_quiet: bool = False

    def add(self, name: str, value: float, unit: str, note: str = "") -> None:
        """Keep and print one figure."""
        self.figures.append(Figure(self.section, name, value, unit, note))
        if self.is_quiet:
            return
        shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"
        tail = f"   {note}" if note else ""
        sys.stdout.write(f"  {name:<58}{shown:>10} {unit:<12}{tail}".rstrip() + "\n")
        sys.stdout.flush()

    def add_latency(self, name: str, seconds: Sequence[float], note: str = "") -> None:
        """Keep the median and the 95th percentile of latencies."""
        p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
        self.add(f"{name}, p50", float(p50), "ms", note)
        self.add(f"{name}, p95", float(p95), "ms")

    def add_ratio(self, name: str, value: float, goal: str, *, is_met: bool) -> None:
        """Keep a ratio with its goal."""
        self.add(name, value, "x", f"goal {goal}: {'met' if is_met else 'NOT MET'}")

    def say(self, text: str) -> None:
        """Print a line between the figures."""
        sys.stdout.write(f"  {text}\n")
        sys.stdout.flush()
