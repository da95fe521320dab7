"""What the log says of permissions that hang on a condition nobody can decide: one line a minute, not one a request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

from authz.errors import ConditionFailed

logger = logging.getLogger("filegraph.transfer")

QUIET_SECONDS = 60.0
"""Time between two lines."""


class UndecidedLog:
    """Shared by all requests of a process; ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._quiet_until = float("-inf")
        self._unsaid = 0

    def tell(self, error: ConditionFailed) -> None:
        """Log which condition it was, if the last line is a minute old, and how many were not told in between."""
        with self._lock:
            now = self._clock()
            if now < self._quiet_until:
                self._unsaid += 1
                return
            self._quiet_until = now + QUIET_SECONDS
            unsaid, self._unsaid = self._unsaid, 0
        logger.warning(
            "a permission could not be decided (%s): %s; %d more since the last line", error.code, error, unsaid
        )
