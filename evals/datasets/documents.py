"""Texts of a set, some more than once -> documents with ids; and what a set of claims becomes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, the texts it was judged against, and whether they support all of it."""

    text: str
    evidence: tuple[str, ...]
    is_supported: bool
    group: str


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
