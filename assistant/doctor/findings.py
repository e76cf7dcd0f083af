"""What `assistant doctor` finds: how much it matters, of what, and what mends it.

What `assistant doctor` examines, a module each: settings in, findings out, nothing changed.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding of `assistant doctor` matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What `assistant doctor` has found of one thing, and what mends it."""

    severity: Severity
    subject: str
    detail: str
    remedy: str = ""


def count(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "file"), count(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def ok(subject: str, detail: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Severity.OK, subject, detail)


def warning(subject: str, detail: str, remedy: str) -> Finding:
    """Return that something works less well than it could."""
    return Finding(Severity.WARNING, subject, detail, remedy)


def problem(subject: str, detail: str, remedy: str) -> Finding:
    """Return that something cannot be used."""
    return Finding(Severity.PROBLEM, subject, detail, remedy)
