"""Ask a folder of documents; every sentence of the answer is backed by an exact quote.

    from assistant import ask
    answer = ask("Since when has Flax Typhoon been active?")

Importing this loads no model and no vector store; opening an `Assistant` does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assistant.errors import (
    AssistantError,
    Busy,
    CorpusError,
    DocumentChanged,
    DocumentUnreadable,
    EmbedderMissing,
    EvaluationError,
    Fault,
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexReadOnly,
    ModelError,
    ModelTooSlow,
    ModelUnavailable,
    QuestionError,
    SettingsError,
    StoreError,
)
from assistant.settings import LanguageModel, Settings
from assistant.values import (
    Answer,
    Box,
    Citation,
    Computed,
    Consulted,
    Document,
    Dropped,
    FileRecord,
    Origin,
    Page,
    PageKind,
    Passage,
    RankedPassage,
    Role,
    Span,
    Stage,
    Statement,
    Status,
    Turn,
    Unit,
    Usage,
    Verdict,
)

if TYPE_CHECKING:
    from assistant.collections import open_collections
    from assistant.evidence.calibration import CalibrationReport
    from assistant.pipeline import Assistant, ask
    from assistant.store.plan import FileChange
    from assistant.store.sync import Progress, SyncReport

    __version__: str

__all__ = [
    "Answer",
    "Assistant",
    "AssistantError",
    "Box",
    "Busy",
    "CalibrationReport",
    "Citation",
    "Computed",
    "Consulted",
    "CorpusError",
    "Document",
    "DocumentChanged",
    "DocumentUnreadable",
    "Dropped",
    "EmbedderMissing",
    "EvaluationError",
    "Fault",
    "FileChange",
    "FileRecord",
    "IndexDamaged",
    "IndexLocked",
    "IndexMismatch",
    "IndexMissing",
    "IndexReadOnly",
    "LanguageModel",
    "ModelError",
    "ModelTooSlow",
    "ModelUnavailable",
    "Origin",
    "Page",
    "PageKind",
    "Passage",
    "Progress",
    "QuestionError",
    "RankedPassage",
    "Role",
    "Settings",
    "SettingsError",
    "Span",
    "Stage",
    "Statement",
    "Status",
    "StoreError",
    "SyncReport",
    "Turn",
    "Unit",
    "Usage",
    "Verdict",
    "__version__",
    "ask",
    "open_collections",
]

_LATER = {
    "Assistant": "assistant.pipeline",
    "CalibrationReport": "assistant.evidence.calibration",
    "FileChange": "assistant.store.plan",
    "Progress": "assistant.store.sync",
    "SyncReport": "assistant.store.sync",
    "ask": "assistant.pipeline",
    "open_collections": "assistant.collections",
}
"""What is imported when it is first asked for, since its module loads heavy libraries."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("assistant")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
