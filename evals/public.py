"""Public question sets in SQuAD's form -> a folder of paragraphs and its questions.

In: the path of a JSON file or of Natural Questions lines. Out: paragraphs (one file each, so
that a document is a paragraph) and questions with their accepted answers. Downloads nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """A question over a pooled corpus; `answers` is empty when it has none there."""

    text: str
    document_id: str
    answers: tuple[str, ...]
    group: str

    @property
    def is_answerable(self) -> bool:
        """Whether the paragraph answers it."""
        return bool(self.answers)


def load_squad(path: Path) -> tuple[dict[str, str], list[PublicQuestion]]:
    """Return the paragraphs by document id, and the questions; groups are articles."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    ids: dict[str, str] = {}
    questions = []
    for number, article in enumerate(articles):
        for paragraph in article["paragraphs"]:
            context = paragraph["context"].strip()
            document_id = ids.setdefault(context, f"{len(ids):05}.txt")
            questions += [
                PublicQuestion(
                    text=item["question"],
                    document_id=document_id,
                    answers=()
                    if item.get("is_impossible")
                    else tuple(dict.fromkeys(answer["text"] for answer in item["answers"])),
                    group=str(number),
                )
                for item in paragraph["qas"]
            ]
    return {document_id: text for text, document_id in ids.items()}, questions


def load_nq(path: Path) -> tuple[dict[str, str], list[PublicQuestion]]:
    """Return the passages that answer Natural Questions, and the questions; a group each."""
    ids: dict[str, str] = {}
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        document_id = ids.setdefault(row["text"].strip(), f"{len(ids):05}.txt")
        answers = tuple(answer for answer in row["answers"] if answer in row["text"])
        if answers:
            questions.append(PublicQuestion(row["question"], document_id, answers, str(number)))
    return {document_id: text for text, document_id in ids.items()}, questions


def write_corpus(texts: dict[str, str], folder: Path, only: Iterable[str] | None = None) -> None:
    """Write each paragraph as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    for document_id in texts if only is None else only:
        (folder / document_id).write_text(texts[document_id], encoding="utf-8")
