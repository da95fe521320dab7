"""Where a server and what it ought to have differ: found while both go on changing, and mended through the outbox.

A first look reads both, page by page, and finds what is doubtful. Each doubtful tuple is then looked at once more by
itself: what is on its way, or changes at that very moment, is no difference. Mending says anew, under the lock of the
object, what ought to be: whatever came in between, nothing older can come after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from authz.clients.openfga import outbox, wire
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.desired import Desired
from authz.clients.openfga.remote import Remote
from authz.clients.openfga.scratch import Scratch
from authz.types import TupleKey


class Kind(StrEnum):
    """How a tuple differs."""

    MISSING = "missing"
    """The server does not have it."""
    CHANGED = "changed"
    """The server has it under another condition."""
    STALE = "stale"
    """It was taken back, or belongs to a tree that is not kept there any more; the server still has it."""
    FOREIGN = "foreign"
    """The server has it, and it was never written by us."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: the tuple as it ought to be, or as the server has it when it ought not to be there."""

    kind: Kind
    key: TupleKey


class Comparison:
    """Compares one store with ``desired``. ``progress`` is told how many tuples were looked at since the last time."""

    def __init__(
        self, remote: Remote, using: str, desired: Desired, progress: Callable[[int], object] = lambda count: None
    ) -> None:
        self._remote = remote
        self._using = using
        self._desired = desired
        self._courier = Courier(remote, using)
        self._progress = progress

    def drifts(self) -> Iterator[list[Drift]]:
        """Yield what differs, some at a time. Raises AuthorizationUnavailable."""
        with Scratch() as scratch:
            for page in self._stored():
                scratch.add(page)
                self._progress(len(page))
            for page in self._desired.pages():
                there = scratch.take(page)
                yield self._confirmed([key for key, has in zip(page, there, strict=True) if has != key])
            for page in scratch.rest():
                yield self._confirmed(page)

    def mend(self, drifts: Sequence[Drift], now: datetime) -> None:
        """Say anew what ought to be of these tuples, at most a few hundred."""
        names = [drift.key.bare for drift in drifts]
        with transaction.atomic(using=self._using):
            outbox.lock_objects(self._using, names)
            standing = self._desired.standing(names)
            missing = [name for name in names if name not in standing]
            outbox.append(self._using, list(standing.values()), missing, now)
        self._courier.settle(Deadline())

    def _stored(self) -> Iterator[list[TupleKey]]:
        token = ""
        while True:
            (answer,) = self._remote.send([self._remote.read_call({}, token=token)], Deadline())
            yield [wire.key_of(entry.get("key")) for entry in wire.entries(answer, "tuples")]
            token = wire.following(answer, token)
            if not token:
                return

    def _confirmed(self, doubtful: Sequence[TupleKey]) -> list[Drift]:
        found: list[Drift] = []
        for start in range(0, len(doubtful), _TOGETHER):
            names = [key.bare for key in doubtful[start : start + _TOGETHER]]
            self._courier.settle(Deadline())
            before = self._desired.standing(names)
            filters = [{"user": key.user, "relation": key.relation, "object": key.object} for key in names]
            stored = self._remote.read_all(filters)
            told = outbox.pending_among(self._using, names)
            after = self._desired.standing(names)
            strange = [name for name in names if name not in after]
            ours = outbox.ever_named(self._using, strange) if strange else frozenset()
            for name, there in zip(names, stored, strict=True):
                wanted, has = after.get(name), there[0] if there else None
                if wanted == has or name in told or before.get(name) != wanted:
                    continue
                if wanted is not None:
                    found.append(Drift(Kind.CHANGED if has is not None else Kind.MISSING, wanted))
                elif has is not None:
                    found.append(Drift(Kind.STALE if name in ours else Kind.FOREIGN, has))
        return found


_TOGETHER = 100
"""Doubtful tuples that are looked at together, each with a call of its own."""
