"""What the ledger knows of a file, and how a file was settled. Values, free of I/O."""

from dataclasses import dataclass
from datetime import UTC, datetime

from assistant.ledger import Status

UNSTAMPED = (-1, -1)
"""A size and time that no file has: the next sync reads the file again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a file: its stamp (size, time), and its content if it has one."""

    stamp: tuple[int, int]
    content_id: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """How and when a file was settled: its stamp, a warning about it alone, what reading took."""

    stamp: tuple[int, int] = UNSTAMPED
    note: str | None = None
    seconds: float = 0.0

    def row(self, content_id: str, warning: str | None) -> tuple[object, ...]:
        """Return the ledger row, after the file's name, of a file that has a content."""
        reason = "; ".join(part for part in (self.note, warning) if part) or None
        status = Status.WARNING if reason else Status.INDEXED
        return (content_id, *self.stamp, status.value, reason, None, *self.times())

    def times(self) -> tuple[str, float]:
        """Return when it was settled, and the seconds that it took."""
        return datetime.now(UTC).isoformat(timespec="seconds"), round(self.seconds, 4)
