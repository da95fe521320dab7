"""Projections that are used again by later requests, as long as they are provably current.

Provably means: no entry of our own log has been committed since the projection was begun (``horizon.revision_sql``,
read before the first list was asked for: so a revocation of ours holds at the next request of every process), and the
log of the server has shown no change by anybody else (``feed``). That log may show a change of others late; for their
changes, therefore, the time that a projection is kept is the limit.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from authz.clients.openfga.projection import Projection

MAX_IDS = 400_000
"""Of all projections of a process together, about 100 bytes each; the least recently used go first."""


@dataclass(frozen=True, slots=True)
class LogState:
    """What the two logs looked like before a projection was begun."""

    revision: str
    epoch: int


@dataclass(frozen=True, slots=True)
class _Entry:
    projection: Projection
    state: LogState
    until: float


class KeptProjections:
    """Thread-safe. ``seconds``: how long one is kept at most; ``clock`` gives monotonic seconds."""

    def __init__(self, seconds: float, *, max_ids: int = MAX_IDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._max_ids = max_ids
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    @property
    def is_used(self) -> bool:
        """Return whether anything is ever kept."""
        return self._seconds > 0

    def get(self, key: Hashable, state: LogState) -> Projection | None:
        """Return what was kept, if nothing has changed since."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.state != state or self._clock() >= entry.until:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            self._shrink()
            return entry.projection

    def keep(self, key: Hashable, projection: Projection, state: LogState) -> None:
        """Keep a projection that was begun after ``state``; its sets may still be loaded."""
        with self._lock:
            self._entries[key] = _Entry(projection, state, self._clock() + self._seconds)
            self._entries.move_to_end(key)
            self._shrink()

    def _shrink(self) -> None:
        """Let go what is too old, and what is too much: sets grow after they were kept."""
        now = self._clock()
        for key in [key for key, entry in self._entries.items() if now >= entry.until]:
            del self._entries[key]
        sizes = {key: entry.projection.size for key, entry in self._entries.items()}
        total = sum(sizes.values())
        while total > self._max_ids:
            key, _ = self._entries.popitem(last=False)
            total -= sizes[key]
