"""The exception tree. A message says what went wrong, with which value, and what to do.

AssistantError
├── CorpusError
│   └── DocumentUnreadable
├── StoreError
│   ├── IndexMissing
│   ├── IndexMismatch
│   ├── IndexDamaged
│   └── IndexLocked
├── ModelError
│   ├── EmbedderMissing
│   └── ModelUnavailable
├── QuestionError
├── EvaluationError
├── Busy
└── SettingsError

Abstaining is a result and never an exception.
"""

from enum import StrEnum


class AssistantError(Exception):
    """Any failure that the assistant foresees."""


class CorpusError(AssistantError):
    """The corpus folder, or something in it, cannot be used."""


class Fault(StrEnum):
    """Why a file cannot become a document; the kinds are those of Apache Tika, and a few more."""

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
    """One file cannot become a document; `str(error)` is the reason shown to people."""

    def __init__(self, reason: str, fault: Fault = Fault.UNSUPPORTED) -> None:
        super().__init__(reason)
        self.fault = fault


class StoreError(AssistantError):
    """The index cannot be used."""


class IndexMissing(StoreError):
    """There is no index where one was looked for."""


class IndexMismatch(StoreError):
    """The index was made with another model, splitter or program version."""


class IndexDamaged(StoreError):
    """What the index holds is not what was written; of a disk that fails, `StoreError` tells."""


class IndexLocked(StoreError):
    """Another process is writing the index."""


class ModelError(AssistantError):
    """A model cannot be used."""


class EmbedderMissing(ModelError):
    """The embedding model is absent, altered or unusable."""


class ModelUnavailable(ModelError):
    """The language model did not reply in time, or not at all."""


class ModelTooSlow(ModelUnavailable):
    """The language model let a deadline pass."""


class QuestionError(AssistantError):
    """A question cannot be asked, or a file of questions is not one."""


class EvaluationError(AssistantError):
    """An evaluation cannot be run as it is asked for."""


class Busy(AssistantError):
    """Too many questions are being answered; try again a little later."""


class SettingsError(AssistantError):
    """A setting has a value that cannot be used."""
