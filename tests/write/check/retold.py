"""Reads `retold.txt`: sentences of a source, with faithful rewordings and with false ones."""

from pathlib import Path
from typing import NamedTuple

ROWS = Path(__file__).with_name("retold.txt").read_text(encoding="utf-8")


class Told(NamedTuple):
    source: str
    faithful: tuple[str, ...]
    false: tuple[str, ...]
    context: str


def read_table(name: str) -> tuple[Told, ...]:
    """Return the sentences under a heading of the file, in its order."""
    (part,) = (part for part in ROWS.split("\n\n[")[1:] if part.startswith(f"{name}]\n> "))
    return tuple(map(_read_one, part.split("\n> ")[1:]))


def _read_one(block: str) -> Told:
    source, *lines = block.strip().split("\n")
    rows = {mark: tuple(line[2:] for line in lines if line.startswith(mark)) for mark in "=x~"}
    return Told(source, rows["="], rows["x"], "".join(rows["~"]))


TABLE = read_table("table")
FRESH = read_table("fresh")
MENDED = read_table("mended")
