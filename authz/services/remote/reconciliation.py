"""Holding an OpenFGA store against our record, and mending it. Safe while the service runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from authz.clients.openfga import outbox
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.desired import Desired
from authz.clients.openfga.drift import Comparison, Drift, Kind
from authz.clients.sql.edges import StructureEdges
from authz.clients.sql.structure import Structure
from authz.errors import AuthorizationUnavailable, InvalidTuple
from authz.services import relationships, remote_engine
from authz.services.active_model import active_model
from authz.services.remote import structure_mirror
from authz.types import OPERATOR

__all__ = ["Drift", "Foreign", "Kind", "Report", "drain", "reconcile"]

_USING = "default"
_EXAMPLES = 20
_STUCK_SECONDS = 30.0
_LOOK_SECONDS = 0.02


class Foreign(StrEnum):
    """What is done with tuples that others have written into the store."""

    TELL = "tell"
    ADOPT = "adopt"
    REMOVE = "remove"


@dataclass(slots=True)
class Report:
    """What was found: how many of each kind, the first of them, and how much of it still stands at the end.

    ``refused``: changes that the server refuses for good, found or not. ``lost``: there is no store to compare with.
    """

    found: Counter[Kind] = field(default_factory=Counter)
    examples: list[Drift] = field(default_factory=list)
    left: int = 0
    refused: int = 0
    lost: bool = False

    @property
    def is_clean(self) -> bool:
        """Return whether store and record agree now."""
        return not self.left and not self.refused

    def add(self, drifts: Sequence[Drift]) -> None:
        """Count, and keep the first few of each kind."""
        for drift in drifts:
            self.found[drift.kind] += 1
            if self.found[drift.kind] <= _EXAMPLES:
                self.examples.append(drift)


def reconcile(
    structure: Structure,
    *,
    mend: bool,
    foreign: Foreign = Foreign.TELL,
    clock: Callable[[], datetime] = timezone.now,
    progress: Callable[[int], object] = lambda count: None,
) -> Report:
    """Compare the store with our record (and the tree, where the store keeps it); ``mend`` what differs.

    What we never wrote is told, adopted into our record, or removed, as ``foreign`` says; only when mending. Memory
    does not grow with the store. Raises AuthorizationUnavailable when the server does not answer; what was mended until
    then is mended.
    """
    drain()
    comparison = Comparison(remote_engine.remote(), _USING, desired(structure), progress)
    report = Report()
    for drifts in comparison.drifts():
        report.add(drifts)
        ours = [drift for drift in drifts if drift.kind is not Kind.FOREIGN or foreign is Foreign.REMOVE]
        adopted = [drift for drift in drifts if drift.kind is Kind.FOREIGN and foreign is Foreign.ADOPT]
        if not mend:
            report.left += len(drifts)
            continue
        if ours:
            comparison.mend(ours, clock())
        report.left += len(drifts) - len(ours) - sum(map(_adopt, adopted))
    if mend:
        drain()
    report.refused = outbox.backlog(_USING).refused
    return report


def desired(structure: Structure) -> Desired:
    """Return what the store ought to have, by the settings."""
    edges = StructureEdges(active_model(), structure, _USING) if structure_mirror.is_on() else None
    return Desired(_USING, edges)


def drain(progress: Callable[[int], object] = lambda count: None) -> None:
    """Deliver all that waits when it begins; what writers at work add meanwhile may wait on.

    Raises AuthorizationUnavailable when half a minute brings nothing forward.
    """
    courier = Courier(remote_engine.remote(), _USING)
    patience = Deadline(_STUCK_SECONDS)
    last = outbox.last_waiting(_USING)
    before = outbox.waiting_through(_USING, last)
    while before:
        try:
            courier.deliver(Deadline())
        except AuthorizationUnavailable:
            if patience.left() <= 0:
                raise
        now = outbox.waiting_through(_USING, last)
        if now < before:
            patience = Deadline(_STUCK_SECONDS)
            progress(before - now)
        elif patience.left() <= 0:
            raise AuthorizationUnavailable("changes wait, and nobody delivers them")
        before = now
        if now:
            time.sleep(_LOOK_SECONDS)


def _adopt(drift: Drift) -> bool:
    """Take a tuple into our record; False when the active model does not allow it."""
    try:
        relationships.write(actor=OPERATOR, writes=[drift.key], on_duplicate="ignore")
    except InvalidTuple:
        return False
    return True
