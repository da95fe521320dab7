"""What is asked of the server and how long an answer may take: plain values between the client and its transport."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SECONDS = 2.0
"""What all calls of one question may take together, tries included."""


class Deadline:
    """A moment until which everything that a question needs must be there."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._ends = time.monotonic() + seconds
        self.missed = False
        """Whether something was waited for in vain until the end."""

    def left(self) -> float:
        """Return the seconds that are left; 0 or less: none."""
        return self._ends - time.monotonic()


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. ``streamed``: the answer is lines of JSON, and counts when its last one has come.

    ``repeatable`` calls are tried once more when the connection broke: they change nothing. ``status`` is that of an
    answer, and of nothing else: 201 where a store or a model is made.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    query: tuple[tuple[str, str], ...] = ()
    streamed: bool = False
    repeatable: bool = True
    status: int = 200


class Sender(Protocol):
    """How calls get to the server."""

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        """Make all calls, at the same time, and return their answers in order: an object, or a list of lines.

        Raises Refused for the first call in order that was refused, and AuthorizationUnavailable when an answer was not
        there in time or not one: then nothing is returned, whatever the other calls brought. A write that fails so may
        still happen, unless the error is NotSent.
        """
        ...
