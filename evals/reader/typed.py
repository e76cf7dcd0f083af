"""Passages of documents as people have them, with what people type about them: our own.

In: the lines of `typed/`, a passage each: its folder, file, heading, language and text; questions
that it answers, each with the words that do (each stands in one line of the text); and questions
that nothing in its folder answers. The lines of `typed/across` ask of a part of them in another
language, a file each. Out: rows that train, of three folders in four; the documents of the others
and what is asked of them, which fit what judges and are watched. They are other folders than those
of `evals.everyday`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from evals.reader.rows import Row, digest
from evals.reader.units import cut_sentences

SOURCE = "typed"
LINES = Path(__file__).with_name(SOURCE)
ACROSS = "across"
HELD_SHARE = 4
"""One folder in so many trains nothing."""
_CELL = " | "
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)]) +")
_UNSAFE = re.compile(r"[^\w .-]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of a document, and what is asked of it."""

    folder: str
    file: str
    heading: str
    lang: str
    text: str
    answered: tuple[tuple[str, ...], ...]
    """Each a question and the words that answer it."""
    unanswered: tuple[str, ...]

    @property
    def is_held(self) -> bool:
        """Whether its folder trains nothing."""
        return digest(self.folder) % HELD_SHARE == 0

    @property
    def document(self) -> str:
        """The path of the file that its text is written to."""
        return _UNSAFE.sub("-", self.file.rpartition(".")[0] or self.file) + ".md"

    def rows(self) -> Iterator[Row]:
        """Yield its questions, as all that train are."""
        for question, *words in (*self.answered, *((one,) for one in self.unanswered)):
            places = [(self.text.index(said), len(said)) for said in words]
            yield Row(
                SOURCE,
                f"{self.folder}: {self.heading}: {question}",
                question,
                self.text,
                tuple((start, start + n) for start, n in places),
                is_answerable=bool(words),
                title=self.heading,
                lang=self.lang,
            )

    def sentences_with(self, words: str) -> list[str]:
        """Return the sentences, list items and rows in which some words stand."""
        start = self.text.index(words)
        end = start + len(words)
        spans = cut_sentences(self.text)
        return [_BULLET.sub("", self.text[a:b]) for a, b in spans if a < end and start < b]


def read_passages(folder: Path = LINES) -> list[Passage]:
    """Return all passages, in the order of the files' names."""
    return [_passage(given) for path in sorted(folder.glob("*.jsonl")) for given in _read(path)]


def read_across(folder: Path = LINES) -> list[Passage]:
    """Return passages with what is asked of them in another language than theirs.

    A line says which passage it asks about, by its folder, file and heading.
    """
    told = {(one.folder, one.file, one.heading): one for one in read_passages(folder)}
    found = []
    for path in sorted((folder / ACROSS).glob("*.jsonl")):
        for given in _read(path):
            own = told[given["folder"], given["file"], given["heading"]]
            found.append(_passage({**given, "lang": own.lang, "text": own.text}))
    return found


def _read(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in path.read_text("utf-8").split("\n") if line)


def _passage(given: dict[str, Any]) -> Passage:
    return Passage(
        given["folder"],
        given["file"],
        given["heading"],
        given["lang"],
        given["text"],
        tuple(tuple(one) for one in given["yes"] if _is_clear(given["text"], one[1:])),
        tuple(given["no"]),
    )


def _is_clear(text: str, answers: Sequence[str]) -> bool:
    """Whether the words of an answer stand in one place alone."""
    return all(text.count(said) == 1 for said in answers)


def by_folder(passages: Sequence[Passage]) -> dict[str, list[Passage]]:
    """Return the passages of each folder."""
    found: dict[str, list[Passage]] = defaultdict(list)
    for one in passages:
        found[one.folder].append(one)
    return found


def write_documents(passages: Sequence[Passage], folder: Path) -> None:
    """Write the documents of a folder as Markdown, rows as tables."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[str]] = defaultdict(list)
    for one in passages:
        parts[one.document].append(f"## {one.heading}\n\n{_laid_out(one.text)}\n")
    for name, texts in parts.items():
        (folder / name).write_text("\n".join(texts), "utf-8")


def _laid_out(text: str) -> str:
    def columns(line: str) -> tuple[str, ...]:
        cells = line.split(_CELL)
        heads = tuple(cell.partition(": ")[0] for cell in cells)
        return heads if len(cells) > 1 and all(": " in cell for cell in cells) else ()

    found = []
    for heads, lines in groupby(text.split("\n"), columns):
        if heads:
            found.append("\n" + _row(heads) + _row(["---"] * len(heads)))
            found += [_row([c.partition(": ")[2] for c in line.split(_CELL)]) for line in lines]
        else:
            found += [f"{line}\n" if _BULLET.match(line) else f"{line}\n\n" for line in lines]
    return "".join(found)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |\n"
