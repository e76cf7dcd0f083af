"""What became of every file of the corpus, and why: the words of the ledger, free of I/O."""

from dataclasses import dataclass
from enum import StrEnum

from assistant.errors import Fault
from assistant.values import DocumentId


class Status(StrEnum):
    """How a file of the corpus ended."""

    INDEXED = "indexed"
    WARNING = "indexed with warning"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A line of the ledger: what became of one file, and why.

    Attributes:
        document_id: the file.
        status: how it ended.
        reason: why it was skipped, or the warnings.
        title: what the document calls itself, else the file's name.
        n_passages: what of it can be found.
        size: bytes.
        fault: the kind of reason for which it was skipped.
        settled_at: when it ended so (ISO, UTC).
        seconds: what reading and parsing it took.
        copies: other files with the same bytes.
        near: documents with nearly the same text.
    """

    document_id: DocumentId
    status: Status
    reason: str | None
    title: str
    n_passages: int
    size: int
    fault: Fault | None = None
    settled_at: str = ""
    seconds: float = 0.0
    copies: tuple[DocumentId, ...] = ()
    near: tuple[DocumentId, ...] = ()
