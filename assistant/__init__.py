"""Ask a folder of documents; every sentence of the answer is backed by an exact quote.

    from assistant import ask
    answer = ask("Since when has Flax Typhoon been active?")

Importing this loads no model and no vector store; opening an `Assistant` does.
"""

from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.values import Answer, Citation, Document, Statement

if TYPE_CHECKING:
    from assistant.pipeline import Assistant, ask

__all__ = [
    "Answer",
    "Assistant",
    "AssistantError",
    "Citation",
    "Document",
    "Settings",
    "Statement",
    "ask",
]


def __getattr__(name: str) -> Any:
    if name in ("Assistant", "ask"):
        from assistant import pipeline

        return getattr(pipeline, name)
    if name == "__version__":
        from importlib.metadata import version

        return version("assistant")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
