"""The thread in which answers are held against another engine.

An answer is the set of the checks that it says yes to: so answers of all kinds are compared alike, and a difference is
always one check that can be asked again. A change between the two engines' answers is no difference. So when they
differ, both are asked once more, and it counts only if no tuple was written or deleted meanwhile.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from django.db import connections

from authz.clients import horizon
from authz.clients.base import InstallationClient
from authz.dsl.model import AuthorizationModel
from authz.types import CheckRequest

logger = logging.getLogger("filegraph.authz")

Answer: TypeAlias = frozenset[CheckRequest]
"""The checks that are allowed, of those that a question amounts to."""

ROOM = 100
"""Comparisons that wait. What comes while the room is full is dropped."""


class Outcome(StrEnum):
    """How a comparison ended."""

    SAME = "same"
    DIFFERENT = "different"
    MOVED = "moved"
    """Something was changed in between, or the difference was gone when both were asked again."""
    FAILED = "failed"
    """One of the engines could not answer."""
    DROPPED = "dropped"
    """There was no room to wait in."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clients that answer for one model over the same tuples. ``first`` answers, ``second`` returns its shadow.

    ``second`` may raise: what it needs may not be prepared, and must not keep anybody from being answered.
    """

    first: InstallationClient
    second: Callable[[], InstallationClient]
    model: AuthorizationModel


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question of some ``kind`` (the method's name), what ``pair.first`` answered, and how to ask it once more."""

    kind: str
    answer: Callable[[], Answer]
    ask: Callable[[InstallationClient], Answer]
    pair: Pair


@dataclass(frozen=True, slots=True)
class Difference:
    """One check on which the engines differ; ``allowed`` is what the first says of it, and the second does not."""

    kind: str
    request: CheckRequest
    allowed: bool
    model: AuthorizationModel


class Comparisons:
    """Compares one after the other, in a thread that begins with the first. Nothing that happens here reaches a caller.

    ``alarm`` is told of every difference, ``count`` of every outcome.
    """

    def __init__(
        self,
        *,
        alarm: Callable[[Difference], None],
        count: Callable[[Outcome], None] = lambda _: None,
        using: str = "default",
    ) -> None:
        self._alarm = alarm
        self._count = count
        self._using = using
        self._waiting: queue.Queue[Comparison] = queue.Queue(ROOM)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failing = False

    def put(self, comparison: Comparison) -> None:
        """Let a comparison wait for its turn, or drop it. Returns at once."""
        try:
            self._waiting.put_nowait(comparison)
        except queue.Full:
            self._count(Outcome.DROPPED)
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="filegraph-shadow", daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Wait until nothing waits any more: for tests."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            comparison = self._waiting.get()
            try:
                self._count(self._outcome(comparison))
                if self._waiting.empty():
                    # Others may need the connection before the next question comes.
                    connections[self._using].close()
            except Exception:
                logger.exception("A comparison of permission engines broke off.")
            finally:
                self._waiting.task_done()

    def _outcome(self, comparison: Comparison) -> Outcome:
        try:
            difference = self._difference(comparison)
        except Exception as error:
            # Whatever it is, the question has been answered; an engine that is away is away for every question.
            if not self._failing:
                logger.warning("The shadow engine cannot be compared: %s: %s", type(error).__name__, error)
            self._failing = True
            connections[self._using].close()
            return Outcome.FAILED
        self._failing = False
        if isinstance(difference, Outcome):
            return difference
        self._alarm(difference)
        return Outcome.DIFFERENT

    def _difference(self, comparison: Comparison) -> Difference | Outcome:
        second = comparison.pair.second()
        if comparison.ask(second) == comparison.answer():
            return Outcome.SAME
        before = horizon.revision(self._using)
        first = comparison.ask(comparison.pair.first)
        differing = first ^ comparison.ask(second)
        if not differing or horizon.revision(self._using) != before:
            return Outcome.MOVED
        request = min(differing, key=lambda each: (each.object, each.relation, each.user))
        return Difference(comparison.kind, request, request in first, comparison.pair.model)
