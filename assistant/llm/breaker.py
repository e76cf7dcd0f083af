"""Whether a model that failed is to be tried again: a circuit breaker (Nygard, Release It!).

After `MAX_FAILURES` in a row nothing is asked of it; every `PAUSE_S` one call may try whether it
is back, and its success closes the circuit.
"""

import threading
import time
from collections.abc import Callable

MAX_FAILURES = 5
PAUSE_S = 15.0


class Breaker:
    """Counts failures in a row. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._n_failures = 0
        self._tried_at = 0.0

    def admits(self) -> bool:
        """Return whether a call may be made now; while open, one in each `PAUSE_S` may."""
        with self._lock:
            if self._n_failures < MAX_FAILURES:
                return True
            if self._clock() - self._tried_at < PAUSE_S:
                return False
            self._tried_at = self._clock()
            return True

    def note(self, *, is_success: bool) -> None:
        """Note how a call ended."""
        with self._lock:
            self._n_failures = 0 if is_success else self._n_failures + 1
            self._tried_at = self._clock()
