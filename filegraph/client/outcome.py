"""What a transfer of many items came to: counted while it runs, told at the end. Safe for several threads."""

from __future__ import annotations

import threading
import time
from enum import Enum

from filegraph.client.errors import ExitCode
from filegraph.client.terminal import complain, human_size, say


class OnConflict(Enum):
    """What to do when the target has something else of that name."""

    FAIL = "fail"
    RENAME = "rename"
    REPLACE = "replace"
    SKIP = "skip"


TAKEN = "exists already and is different; choose --on-conflict replace, rename or skip."
"""What is said of the name of a file that fails under ``OnConflict.FAIL``."""


class Outcome:
    """Counts of items carried, skipped and failed, and the bytes carried."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.carried = 0
        self.skipped = 0
        self.size = 0
        self.failures: list[tuple[str, str]] = []

    def add_carried(self, size: int) -> None:
        """One item of ``size`` bytes arrived."""
        with self._lock:
            self.carried += 1
            self.size += size

    def add_skipped(self, count: int = 1) -> None:
        """``count`` items were left as they are."""
        with self._lock:
            self.skipped += count

    def add_failure(self, name: str, message: str) -> None:
        """One item failed; told at once."""
        with self._lock:
            self.failures.append((name, message))
        complain(f"{name}: {message}")

    def summarize(self, verb: str, place: str) -> ExitCode:
        """Print one line about the whole, with where it went, and return the exit code."""
        seconds = time.monotonic() - self._started
        parts = [f"{self.carried} {verb} ({human_size(self.size)}) to {place}"]
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        say(f"{', '.join(parts)} in {seconds:.1f} s")
        return ExitCode.SOME_FAILED if self.failures else ExitCode.OK
