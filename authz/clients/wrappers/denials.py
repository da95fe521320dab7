"""Questions that were answered no, noted for the audit: in memory, bounded, and written together now and then.

Not in the transaction of the question: a refusal undoes that one, and the entry with it.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from authz.clients import audit_log
from authz.clients.base import InstallationClient
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.models import AuditOperation
from authz.types import PROBE, Actor, CheckRequest, TupleKey

logger = logging.getLogger("filegraph.authz")

LIMIT = 100
"""Different questions that are kept until they are written: whoever asks for thousands of things fills no disk."""


@dataclass(slots=True)
class _Noted:
    count: int
    last: datetime


class Denials:
    """What one process has noted and not written yet. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[TupleKey, _Noted] = {}
        self._dropped = 0

    def note(self, requests: Sequence[CheckRequest], now: datetime) -> None:
        """Remember that these questions were answered no."""
        with self._lock:
            for request in requests:
                self._add(TupleKey(request.user, request.relation, request.object), 1, now)

    def flush(self, using: str) -> int:
        """Write what was noted; return how many entries that were. On failure it is kept, as far as there is room."""
        with self._lock:
            noted, self._noted = self._noted, {}
            dropped, self._dropped = self._dropped, 0
        if dropped:
            logger.warning("%d refused questions more than the audit keeps at a time were not written down.", dropped)
        entries = [
            audit_log.entry(Actor(key.user), AuditOperation.DENY, each.last, key, occurrences=each.count)
            for key, each in noted.items()
        ]
        try:
            audit_log.append(using, entries)
        except Exception:
            with self._lock:
                for key, each in noted.items():
                    self._add(key, each.count, each.last)
            raise
        return len(entries)

    def _add(self, key: TupleKey, count: int, last: datetime) -> None:
        found = self._noted.get(key)
        if found is not None:
            found.count += count
            found.last = max(found.last, last)
        elif len(self._noted) < LIMIT:
            self._noted[key] = _Noted(count, last)
        else:
            self._dropped += count


class DenialNotingClient(ClientWrapper):
    """Notes the given ``share`` (0 to 1) of all whole checks that are answered no. Answers are what they were."""

    def __init__(
        self,
        inner: InstallationClient,
        denials: Denials,
        *,
        share: float,
        clock: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(inner)
        self._denials = denials
        self._share = share
        self._clock = clock
        self._chance = chance

    def check(self, request: CheckRequest) -> bool:
        """See ``AuthzClient``."""
        allowed = super().check(request)
        self._note([request], [allowed])
        return allowed

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """See ``AuthzClient``."""
        answers = super().batch_check(requests)
        self._note(requests, answers)
        return answers

    def _note(self, requests: Sequence[CheckRequest], answers: Sequence[bool]) -> None:
        refused = [
            request
            for request, allowed in zip(requests, answers, strict=True)
            if not allowed and request.user != PROBE and self._chance() < self._share
        ]
        if refused:
            self._denials.note(refused, self._clock())
