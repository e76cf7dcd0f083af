"""Texts -> documents with ids -> files.

In: the texts of a set, some more than once. Out: one id a text, which is also its file's name.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path


def number_texts(texts: Iterable[str]) -> dict[str, str]:
    """Give every different text an id, in order of first appearance.

    >>> number_texts(["Io", "Titan", "Io"])
    {'Io': '00000.txt', 'Titan': '00001.txt'}
    """
    return {text: f"{number:05}.txt" for number, text in enumerate(dict.fromkeys(texts))}


def texts_by_id(ids: Mapping[str, str]) -> dict[str, str]:
    """Turn what `number_texts` gives about."""
    return {document_id: text for text, document_id in ids.items()}


def titled(title: str, text: str) -> str:
    """Return a document's text: the title, if it has one, a blank line, the text."""
    return f"{title.strip()}\n\n{text.strip()}".strip()


def write_corpus(texts: dict[str, str], folder: Path, only: Iterable[str] | None = None) -> None:
    """Write each document, or those of `only`, as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    for document_id in texts if only is None else only:
        (folder / document_id).write_text(texts[document_id], encoding="utf-8")
