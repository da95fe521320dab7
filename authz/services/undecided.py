"""Conditions that could not be decided, told to the operator: who asked reads a sentence that names no relationship."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from authz.errors import ConditionFailed

logger = logging.getLogger("filegraph.authz")

EVERY_SECONDS = 60.0


class Undecided:
    """Told of each failure; writes one line a minute at most. Thread-safe; ``clock`` gives monotonic seconds.

    One relationship of everybody's fails with every request, and a log that repeats itself is not read.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._silent_until = float("-inf")

    def __call__(self, failure: ConditionFailed) -> None:
        """Write the condition and the relationship that carries it, unless one was written within the minute."""
        with self._lock:
            now = self._clock()
            if now < self._silent_until:
                return
            self._silent_until = now + EVERY_SECONDS
        logger.warning("A permission could not be decided, so nothing was allowed (%s): %s", failure.code, failure)


tell = Undecided()
"""The one of this process."""
