"""What happens when two engines differ: an error in the log and a file to replay, once for each kind of question."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from authz.clients.wrappers.comparisons import Difference
from authz.clients.wrappers.replay import replay
from authz.engine.reader import TupleReader

logger = logging.getLogger("filegraph.authz")


class Alarm:
    """Told of every difference. ``directory`` takes the files (None: there are none), ``reader`` reads the tuples.

    A second difference of one kind is counted elsewhere and not told again before the next start: it would have the
    same cause, and a log that repeats itself is not read.
    """

    def __init__(self, directory: Path | None, reader: TupleReader) -> None:
        self._directory = directory
        self._reader = reader
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def __call__(self, difference: Difference) -> None:
        """Tell of a difference, unless one of its kind was told of."""
        with self._lock:
            if difference.kind in self._told:
                return
            self._told.add(difference.kind)
        verdicts = ("allows", "refuses") if difference.allowed else ("refuses", "allows")
        logger.error(
            "The permission engines differ (%s): the one that answers %s what its shadow %s. %s",
            difference.kind,
            *verdicts,
            self._kept(difference),
        )

    def _kept(self, difference: Difference) -> str:
        if self._directory is None:
            return "Nothing was kept of it."
        try:
            text = replay(difference, self._reader)
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self._directory / f"{difference.kind}.fga.yaml"
            file.write_text(text, encoding="utf-8")
        except Exception as error:
            # Whatever keeps it from being kept, the database or the disk: the difference is told.
            return f"It could not be kept: {error}"
        return f"To replay it: filegraph authz test {file}"
