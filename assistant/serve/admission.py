"""Who may ask now: a few questions at a time, some waiting in order, the rest told to come back.

Shared by the chat and the HTTP API, so that one cannot starve the other. Refuses with `Busy` once
the queue is full. Safe to share between threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.errors import Busy

RETRY_S = 5
"""Seconds after which a refused question may be asked again: the time of a few dozen answers."""


class Ticket:
    """A place in the queue."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the turn to come; False when it has not within the time."""
        with self._admission.changed:
            return self._admission.changed.wait_for(lambda: self.ahead == 0, timeout_s)

    @property
    def ahead(self) -> int:
        """How many have to finish before this one may begin; 0 once it may."""
        return max(0, self._admission.tickets.index(self) + 1 - self._admission.at_once)


class Admission:
    """A queue of questions, first come, first served."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self.at_once = at_once
        self.tickets: list[Ticket] = []
        self.changed = threading.Condition()
        self._room = at_once + waiting

    @contextmanager
    def join(self) -> Iterator[Ticket]:
        """Take a place for the length of the block.

        Raises:
            Busy: every place is taken.
        """
        ticket = Ticket(self)
        with self.changed:
            if len(self.tickets) >= self._room:
                raise Busy(
                    f"the assistant is busy: {len(self.tickets)} questions are being answered or "
                    f"wait; ask again in {RETRY_S} seconds"
                )
            self.tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self.changed:
                self.tickets.remove(ticket)
                self.changed.notify_all()
