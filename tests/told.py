"""Units for tests of the reader: short tales of places, two questions answered and one not."""

from typing import Any

from evals.reader.rows import Row
from evals.reader.units import Unit, cut_units, with_near

PLACES = ("harbour", "mill", "chapel", "quarry", "library", "brewery", "market", "orchard")


def row(question: str, passage: str, answer: str | None, **other: Any) -> Row:
    spans = (
        () if answer is None else ((passage.index(answer), passage.index(answer) + len(answer)),)
    )
    return Row("told", question, question, passage, spans, bool(spans), **other)


def told_units(n: int = 16) -> list[Unit]:
    rows = []
    for i in range(n):
        place, year = f"{PLACES[i % 8]} of Dorn {i}", 1700 + 7 * i
        passage = (
            f"The {place} was built in {year}. It cost {i + 3} crowns. "
            f"Keeper Aldo Venn{i} lived in it. Nobody remembers its colour."
        )
        rows += [
            row(f"When was the {place} built?", passage, str(year)),
            row(f"Who lived in the {place}?", passage, f"Aldo Venn{i}"),
            row(f"How tall is the {place}?", passage, None),
        ]
    return with_near(cut_units(rows))
