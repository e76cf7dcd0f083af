"""Texts that a program hands over, among them what llama-index readers load.

Documents of llama-index become `AddedDocument`s, one for all parts that name the same file.
`CorpusError` is raised for what is neither a reader nor documents.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import CorpusError

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as LlamaDocument

_FILE_KEYS = ("file_path", "file_name", "filename", "source", "url", "URL")
_PAGE_KEYS = ("page_label", "page", "page_number")


@dataclass(frozen=True, slots=True)
class AddedDocument:
    """A text to keep: its name, what it is called, and its parts with their page numbers."""

    name: str
    title: str
    parts: tuple[tuple[int | None, str], ...]

    def dump(self) -> bytes:
        """Return the document as two lines of JSON, the first with its name."""
        head = json.dumps({"name": self.name, "title": self.title})
        return f"{head}\n{json.dumps(self.parts)}\n".encode("ascii")

    @classmethod
    def read(cls, data: bytes) -> "AddedDocument":
        """Return the document that two lines of JSON hold.

        Raises:
            ValueError, KeyError, TypeError: they hold none.
        """
        head, _, rest = data.partition(b"\n")
        parts = ((None if n is None else int(n), str(text)) for n, text in json.loads(rest))
        return cls(read_name(head), str(json.loads(head)["title"]), tuple(parts))


def read_name(head: bytes) -> str:
    """Return the name that the first line of a dumped document holds.

    Raises:
        ValueError, KeyError, TypeError: it holds none.
    """
    return str(json.loads(head)["name"])


def read_documents(
    given: "BaseReader | Iterable[LlamaDocument]", **load: Any
) -> tuple[AddedDocument, ...]:
    """Return what a llama-index reader loads, or has loaded, in the order of its files.

    Raises:
        CorpusError: it is neither.
    """
    documents = given.load_data(**load) if hasattr(given, "load_data") else given
    files: dict[str, list[LlamaDocument]] = {}
    for document in documents:
        metadata = getattr(document, "metadata", None)
        if metadata is None or not hasattr(document, "text"):
            raise CorpusError(
                f"{type(document).__name__} is no llama-index document: pass a reader, or what "
                "its load_data() returns"
            )
        files.setdefault(_first(metadata, _FILE_KEYS) or document.doc_id, []).append(document)
    return tuple(_join(name, parts) for name, parts in files.items())


def _join(name: str, parts: "list[LlamaDocument]") -> AddedDocument:
    title = _first(parts[0].metadata, ("title", "file_name", "filename"))
    return AddedDocument(
        " ".join(name.split()), title, tuple((_page(part), part.text) for part in parts)
    )


def _page(part: "LlamaDocument") -> int | None:
    label = _first(part.metadata, _PAGE_KEYS)
    return int(label) if label.isascii() and label.isdigit() else None


def _first(metadata: dict[str, Any], keys: Iterable[str]) -> str:
    return next((str(metadata[key]) for key in keys if metadata.get(key) is not None), "")
