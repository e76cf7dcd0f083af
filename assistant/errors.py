"""All exceptions. A message says what went wrong, with which value, and what to do.

AssistantError
├── CorpusError
│   ├── DocumentChanged
│   └── DocumentUnreadable
├── StoreError
│   ├── IndexMissing
│   ├── IndexMismatch
│   ├── IndexDamaged
│   ├── IndexLocked
│   └── IndexReadOnly
├── ModelError
│   ├── EmbedderMissing
│   └── ModelUnavailable
│       └── ModelTooSlow
├── QuestionError
├── EvaluationError
├── Busy
└── SettingsError

Abstaining is a result and never an exception.
"""

from enum import StrEnum


class AssistantError(Exception):
    """Base class of all errors that the assistant raises on purpose."""


class CorpusError(AssistantError):
    """The corpus folder, or something in it, cannot be used."""


class DocumentChanged(CorpusError):
    """The file is not the one that was indexed any more."""


class Fault(StrEnum):
    """Why a file cannot be read as a document: the kinds of Apache Tika, and a few more."""

    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too large"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    NO_TEXT = "no text"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    CHANGED = "changed while reading"
    CRASH = "parser crashed"


class DocumentUnreadable(CorpusError):
    """A file cannot be read as a document; `str(error)` is the reason that users see."""

    def __init__(self, reason: str, fault: Fault = Fault.UNSUPPORTED) -> None:
        super().__init__(reason)
        self.fault = fault


class StoreError(AssistantError):
    """The index cannot be used."""


class IndexMissing(StoreError):
    """There is no index in the index folder."""


class IndexMismatch(StoreError):
    """The index was made with another model, splitter or program version."""


class IndexDamaged(StoreError):
    """The index does not hold what was written to it. A disk error is a plain `StoreError`."""


class IndexLocked(StoreError):
    """Another process is writing the index."""


class IndexReadOnly(StoreError):
    """The index can be asked, but nothing can be written beside it."""


class ModelError(AssistantError):
    """A model cannot be used."""


class EmbedderMissing(ModelError):
    """The embedding model is absent, altered or unusable."""


class ModelUnavailable(ModelError):
    """The language model did not reply in time, or not at all."""


class ModelTooSlow(ModelUnavailable):
    """The language model passed a deadline."""


class QuestionError(AssistantError):
    """A question cannot be asked, or a file of questions is not one."""


class EvaluationError(AssistantError):
    """An evaluation cannot be run as requested."""


class Busy(AssistantError):
    """Too many questions are being answered; try again a little later."""


class SettingsError(AssistantError):
    """A setting has a value that cannot be used."""
