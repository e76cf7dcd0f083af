"""What a run found: a record for each question, and a summary with its uncertainty.

A report is written as JSON and read back; a file that is no report raises `EvaluationError`. It
says what its figures depend on - versions, digests of code and corpus, the commit - and names no
path and no machine, so that it can be published.
"""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

import assistant
from assistant.errors import EvaluationError

PACKAGES = ("assistant", "chromadb", "numpy", "onnxruntime", "sentence-transformers", "tokenizers")
DIGEST_CHARS = 16


@dataclass(frozen=True, slots=True)
class Source:
    """A quote that was cited, that is gold, or a passage that was read."""

    document_id: str
    title: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """One question of a run, as kept and shown.

    Attributes:
        dataset, query_id: which question; unique within a run.
        question, query: what was asked, and what was searched for.
        kind: the set's label of the question; "" without one.
        answers: the accepted strings.
        said: the statements, each with the numbers of its citations (from 1, into `cited`).
        reason: why it abstained.
        confidence: its probability that the documents answer the question.
        cited, gold, read: what it cited; what it should have cited (of every alternative set);
            what else it read.
        values: each measure by name; None where it says nothing of this question.
    """

    dataset: str
    query_id: str
    question: str
    query: str
    kind: str
    is_answerable: bool
    answers: tuple[str, ...]
    abstained: bool
    said: tuple[tuple[str, tuple[int, ...]], ...]
    reason: str | None
    confidence: float
    seconds: float
    cited: tuple[Source, ...]
    gold: tuple[Source, ...]
    read: tuple[Source, ...]
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or another figure of n questions with its 95% interval; `excluded` had no value."""

    value: float
    low: float
    high: float
    n: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bound that a figure of the summary must keep: at least, or at most."""

    dataset: str
    measure: str
    bound: float
    is_minimum: bool
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a suite, a set or a file of questions.

    Attributes:
        made: when, in ISO 8601; `seconds` is how long it took.
        command: what repeats it.
        about: settings, fingerprints, versions, commit, corpus digests: text by name, nested.
        summary: the figures by dataset and measure.
        records: one for each question, in the order asked.
    """

    name: str
    made: str
    seconds: float
    command: str
    about: dict[str, Any]
    summary: dict[str, dict[str, Estimate]]
    bars: tuple[Bar, ...]
    records: tuple[Record, ...]

    def figure(self, measure: str, dataset: str | None = None) -> Estimate:
        """Return a figure of the summary; the dataset may be left out when there is but one.

        Raises:
            KeyError: there is none of that name: no question says anything of it.
        """
        if dataset is None:
            (dataset,) = self.summary
        return self.summary[dataset][measure]

    @property
    def is_kept(self) -> bool:
        """Whether every bar is kept."""
        return all(bar.is_kept for bar in self.bars)


_REPORT = TypeAdapter(Report)


def write_report(report: Report, path: Path) -> None:
    """Write the report as JSON, in place of what is there."""
    write_whole(path, _REPORT.dump_json(report, indent=1) + b"\n")


def read_report(path: Path) -> Report:
    """Return the report of a file.

    Raises:
        EvaluationError: the file cannot be read or holds no report.
    """
    try:
        return _REPORT.validate_json(path.read_bytes())
    except OSError as error:
        raise EvaluationError(f"the report {str(path)!r} cannot be read: {error}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise EvaluationError(
            f"{str(path)!r} is not a report of assistant eval: {place}: {fault['msg']}"
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    aside.write_bytes(data)
    os.replace(aside, path)


def describe(**more: Any) -> dict[str, Any]:
    """Return what every report says of its making, and what else is given."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return {
        **more,
        "versions": {**{name: _version(name) for name in PACKAGES}, "python": python},
        "code": code_digest(),
        "commit": find_commit(Path(assistant.__file__).parent.parent),
    }


@cache
def code_digest() -> str:
    """Return the digest of the assistant's own files: code, weights and word lists."""
    root = Path(assistant.__file__).parent
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in (".py", ".json", ".txt", ".sha256") and path.is_file()
    }
    return digest({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


def digest(parts: Mapping[str, str]) -> str:
    """Return one digest of named texts, whatever their order."""
    whole = hashlib.sha256()
    for name, text in sorted(parts.items()):
        for part in (name, text):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(f"{len(data)}:".encode() + data)
    return whole.hexdigest()[:DIGEST_CHARS]


def find_commit(folder: Path) -> str | None:
    """Return the commit that a checkout is at, None when the folder is none."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        name = head.removeprefix("ref: ")
        if name == head:
            return head
        loose = git / name
        if loose.exists():
            return loose.read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except OSError:
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
