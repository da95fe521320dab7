"""Refuses at once what would only fail slowly: after some failures in a row nobody asks for a while, then one tries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from authz.errors import AuthorizationUnavailable

FAILURES = 3
"""In a row, with no success between them."""
PAUSE_SECONDS = 1.0
TRIAL_SECONDS = 3.0
"""How long the one who tries may take before another may."""


class Breaker:
    """Shared by all threads. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_at = 0.0

    def enter(self) -> None:
        """Raise AuthorizationUnavailable while nobody should ask. Whoever gets through tells how it went."""
        with self._lock:
            if self._failures < FAILURES:
                return
            now = self._clock()
            if now < self._closed_at:
                raise AuthorizationUnavailable(
                    "OpenFGA has failed several times in a row and is left alone for a moment"
                )
            # This one tries; the others go on being refused until it has told.
            self._closed_at = now + TRIAL_SECONDS

    def succeeded(self) -> None:
        """It answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """It did not."""
        with self._lock:
            self._failures += 1
            self._closed_at = self._clock() + PAUSE_SECONDS
