"""A queue that limits how many questions are answered and how many wait at the same time.

Shared by the chat and the HTTP API, so that neither can starve the other. Safe to share between
threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.errors import Busy

RETRY_AFTER_S = 5
"""Seconds after which a refused client should try again: the time of a few dozen answers."""


class Ticket:
    """A question's place in the queue."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the question may begin; False if that takes longer than `timeout_s`."""
        with self._admission.changed:
            return self._admission.changed.wait_for(lambda: self.ahead == 0, timeout_s)

    @property
    def ahead(self) -> int:
        """How many questions have to finish before this one may begin; 0 once it may."""
        return max(0, self._admission.tickets.index(self) + 1 - self._admission.at_once)


class Admission:
    """A queue of questions, first come, first served; `at_once` of them are answered at a time."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self.at_once = at_once
        self.tickets: list[Ticket] = []
        self.changed = threading.Condition()
        self._room = at_once + waiting

    @contextmanager
    def join(self) -> Iterator[Ticket]:
        """Hold a place in the queue for the length of the block.

        Raises:
            Busy: the queue is full.
        """
        ticket = Ticket(self)
        with self.changed:
            if len(self.tickets) >= self._room:
                raise Busy(
                    f"the assistant is busy: {len(self.tickets)} questions are being answered or "
                    f"wait; ask again in {RETRY_AFTER_S} seconds"
                )
            self.tickets.append(ticket)
        try:
            yield ticket
        finally:
            with self.changed:
                self.tickets.remove(ticket)
                self.changed.notify_all()
