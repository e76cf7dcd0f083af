"""Five more folders, invented too, whose files stand one under the other in a text of their own.

A line `=== NAME` begins a file. A DOCX, PDF, XLSX or mail is made of what is written there as text:
headings with `#`, lists with `-` and `1.`, cells with commas, a mail's header lines.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from evals.everyday.office import Block, Bullets, Heading, Steps, docx, mail, xlsx
from evals.everyday.paper import flowing

PLACE = Path(__file__).with_name("folders")
NAMES = tuple(sorted(path.stem for path in PLACE.glob("*.txt")))
QUESTIONS = PLACE / "questions.jsonl"
_BEGINNING = re.compile(r"^=== (.+)\n", re.MULTILINE)
_HEADING = re.compile(r"(#+) (.+)")
_STEP = re.compile(r"\d+\. ")


def make(name: str) -> dict[str, bytes]:
    """Return the bytes of every file of a folder by its name."""
    _, *parts = _BEGINNING.split((PLACE / f"{name}.txt").read_text(encoding="utf-8"))
    return {
        path: _make_file(path, text) for path, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _make_file(path: str, text: str) -> bytes:
    suffix = Path(path).suffix
    if suffix == ".docx":
        return docx(list(_read_blocks(text)))
    if suffix == ".pdf":
        return flowing(list(_read_blocks(text)))
    if suffix == ".xlsx":
        return xlsx({"Sheet1": list(csv.reader(text.splitlines()))})
    if suffix == ".eml":
        head, _, body = text.partition("\n\n")
        given = dict(line.split(": ", 1) for line in head.splitlines())
        return mail(given["From"], given["Subject"], given["Date"], body)
    return text.encode()


def _read_blocks(text: str) -> Iterator[Block]:
    for part in text.strip().split("\n\n"):
        lines = part.splitlines()
        if heading := _HEADING.fullmatch(part):
            yield Heading(heading[2], len(heading[1]))
        elif lines[0].startswith("- "):
            yield Bullets([line.removeprefix("- ") for line in lines])
        elif _STEP.match(lines[0]):
            yield Steps([_STEP.sub("", line) for line in lines])
        else:
            yield part
