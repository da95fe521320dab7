"""What one request of one thread shares: the projections it has loaded, and its patience with the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.projection import Projection


class Moments(threading.local):
    """One for a process; each thread has its own moment, and outside of one nothing is kept."""

    def __init__(self) -> None:
        self._depth = 0
        self._kept: dict[object, Projection] = {}
        self._deadline: Deadline | None = None

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Keep projections until the end of the block, or until ``forget``."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._kept.clear()
                self._deadline = None

    def get(self, key: object) -> Projection | None:
        """Return what was kept."""
        return self._kept.get(key)

    def keep(self, key: object, projection: Projection) -> None:
        """Keep a projection, within a block."""
        if self._depth:
            self._kept[key] = projection

    def forget(self) -> None:
        """Keep nothing of what was read so far: this thread has changed something."""
        self._kept.clear()

    def deadline(self) -> Deadline:
        """Return the time for one question: none at all after one of this moment has waited in vain.

        A request may ask many; whoever sent it waits for one answer.
        """
        if self._deadline is not None and self._deadline.missed:
            return Deadline(0.0)
        found = Deadline()
        if self._depth:
            self._deadline = found
        return found
