"""What `assistant doctor` finds: how much it matters, of what, and what mends it."""

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
