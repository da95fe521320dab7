"""Waiting for a server that cannot serve at the moment, with a word about it to the person who waits."""

from __future__ import annotations

import threading
import time

from filegraph.client.terminal import note

TOLD_SECONDS = 1.0
"""A pause of so many seconds is noticed; shorter ones need no word."""


class Patience:
    """The pauses of one command, whatever it asks for. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told = False

    def wait(self, seconds: float, reason: str) -> None:
        """Wait before another try. What for, a whole sentence, is said on stderr, once."""
        if seconds >= TOLD_SECONDS:
            with self._lock:
                first, self._told = not self._told, True
            if first:
                note(f"{reason} Trying again.")
        time.sleep(seconds)
