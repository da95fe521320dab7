"""How often something is said that would repeat itself: a log that does is not read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Throttle:
    """Admits once in so many ``seconds``. Thread-safe; ``clock`` gives monotonic seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until = float("-inf")

    def admits(self) -> bool:
        """Tell whether it is time again, and if so, begin to wait anew."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return False
            self._closed_until = now + self._seconds
            return True

    def reset(self) -> None:
        """Admit the next one: what was told of is over, and would be news."""
        with self._lock:
            self._closed_until = float("-inf")
