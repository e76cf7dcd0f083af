"""Runs all examinations of `assistant doctor`, one after the other.

An examination reads and changes nothing. It yields each finding as soon as it has it, and None
while it waits for something slow.
"""

from collections.abc import Callable, Iterator

from assistant.doctor.findings import Finding, problem
from assistant.doctor.index import examine_conversations, examine_deeply, examine_index
from assistant.doctor.machine import (
    examine_corpus,
    examine_disk,
    examine_machine,
    examine_packages,
)
from assistant.doctor.models import examine_language_model, examine_models
from assistant.errors import AssistantError
from assistant.settings import Settings

Examination = Callable[[Settings], Iterator[Finding | None]]
EXAMINATIONS: dict[str, Examination] = {
    "machine": examine_machine,
    "packages": examine_packages,
    "models": examine_models,
    "corpus": examine_corpus,
    "index": examine_index,
    "every row of the index": examine_deeply,
    "conversations": examine_conversations,
    "disk": examine_disk,
    "language model": examine_language_model,
}
"""What is examined, in this order; every row only on demand."""


def examine(
    settings: Settings, *, is_deep: bool, on_wait: Callable[[str], None]
) -> Iterator[Finding]:
    """Yield what is found; `on_wait` is told what is being done.

    An examination that itself fails is a problem among the others.
    """
    for subject, examination in EXAMINATIONS.items():
        if examination is examine_deeply and not is_deep:
            continue
        on_wait(f"examining: {subject}")
        try:
            for finding in examination(settings):
                if finding is None:
                    on_wait(f"examining: {subject}; a minute or two on a slow machine")
                else:
                    yield finding
        except (AssistantError, OSError, ValueError) as error:
            told = f"it cannot be examined: {error}"
            yield problem(subject, told, "mend what the message names")
