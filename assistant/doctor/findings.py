"""What `assistant doctor` finds: the subject, its state, what is told of it, and the remedy."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something stands: a warning works less well than it could, a problem cannot be used."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What `assistant doctor` has found of one thing; what is not ok has a remedy."""

    subject: str
    state: State
    told: str
    remedy: str = ""


def ok(subject: str, told: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(subject, State.OK, told)


def warning(subject: str, told: str, remedy: str) -> Finding:
    """Return that something works less well than it could."""
    return Finding(subject, State.WARNING, told, remedy)


def problem(subject: str, told: str, remedy: str) -> Finding:
    """Return that something cannot be used."""
    return Finding(subject, State.PROBLEM, told, remedy)
