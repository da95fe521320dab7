"""Bringing changes to the server: one courier at a time, in order, again until it is done.

The courier holds a lease (a row, by the database's clock) and no lock while it waits for the server. A write of which
nobody knows whether it happened must not be overtaken: it might arrive after what came later, and undo it. So the lease
is longer than a write can be under way, here and in the server (whose own limit is 3 seconds), and after such a write
it is left to run out. A courier that was stopped and comes back too late finds its lease gone, and then has what
happened last to each of its tuples delivered once more.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now

from authz.clients.openfga import outbox, wire
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.failures import NotSent, Refused
from authz.clients.openfga.outbox import Entry
from authz.clients.openfga.remote import Remote
from authz.conf import MAX_TUPLES_PER_WRITE
from authz.errors import AuthorizationUnavailable, AuthzError, InvalidRequest
from authz.models import Delivery, DeliveryLease, TupleOperation
from authz.types import TupleKey

logger = logging.getLogger("filegraph.authz")

LEASE_SECONDS = 8.0
_START_SECONDS = 2.0
"""A write begins so soon after the lease was taken or renewed, or not at all: 2 to begin, 2 to wait, 3 for OpenFGA."""
_SETTLE_SECONDS = 0.2
"""A question waits so long for a courier who is at it; then it is answered otherwise."""
_LOOK_SECONDS = 0.01
_CONFLICT = 409
_MAX_BYTES = 256 << 10
"""Of the tuples of one write: a request has at most 512 KiB, a condition's context up to 32."""


class Courier:
    """Delivers to one store. Thread-safe: it holds no state."""

    def __init__(self, remote: Remote, using: str) -> None:
        self._remote = remote
        self._using = using

    def deliver(self, deadline: Deadline) -> bool:
        """Deliver everything that waits; False when another courier is at it, or a transaction is open here.

        Raises AuthorizationUnavailable when the server does not take it; then it waits on.
        """
        if not outbox.is_waiting(self._using):
            return True
        if connections[self._using].in_atomic_block:
            return False
        holder = secrets.token_hex(16)
        if not self._take(holder):
            return False
        try:
            self._run(holder, deadline)
        except NotSent:
            self._release(holder)
            raise
        self._release(holder)
        return True

    def settle(self, deadline: Deadline) -> None:
        """Deliver, or wait a little for whoever does. Raises nothing: what is not delivered is looked at once more."""
        patience = Deadline(min(_SETTLE_SECONDS, deadline.left()))
        while patience.left() > 0:
            try:
                if self.deliver(deadline) or connections[self._using].in_atomic_block:
                    return
            except AuthorizationUnavailable:
                return
            time.sleep(_LOOK_SECONDS)

    def _run(self, holder: str, deadline: Deadline) -> None:
        taken = time.monotonic()
        while entries := outbox.waiting(self._using, self._remote.store_id, MAX_TUPLES_PER_WRITE):
            if time.monotonic() - taken > _START_SECONDS / 2:
                if not self._renew(holder):
                    return
                taken = time.monotonic()
            if deadline.left() <= 0:
                raise NotSent("no time was left to deliver more")
            if time.monotonic() - taken > _START_SECONDS:
                raise NotSent("the lease is too old to begin a write")
            entries = _fitting(entries)
            self._send(entries, deadline)
            if not self._renew(holder):
                logger.error("A delivery to OpenFGA took longer than its lease; its tuples are delivered again.")
                outbox.repeat(self._using, {entry.key.bare for entry in entries})
                return
            taken = time.monotonic()

    def _send(self, entries: Sequence[Entry], deadline: Deadline) -> None:
        """Deliver entries together; if they are refused, tuple by tuple, so that one bad entry stops no other."""
        by_key: dict[TupleKey, list[Entry]] = {}
        for entry in entries:
            by_key.setdefault(entry.key.bare, []).append(entry)
        try:
            self._write(list(by_key.values()), deadline)
        except InvalidRequest as refusal:
            if len(by_key) > 1:
                for group in by_key.values():
                    self._send(group, deadline)
                return
            last = entries[-1]
            logger.error("OpenFGA refuses to %s %s for good: %s", last.operation, last.key, refusal)
            self._mark(entries, Delivery.REFUSED)
        else:
            self._mark(entries, Delivery.DONE)

    def _write(self, groups: Sequence[Sequence[Entry]], deadline: Deadline) -> None:
        """Make what happened last to each tuple happen there. Raises InvalidRequest for what is refused for good."""
        last = [group[-1] for group in groups]
        writes = [entry.key for entry in last if entry.operation == TupleOperation.WRITE]
        deletes = [entry.key for entry in last if entry.operation == TupleOperation.DELETE]
        # OpenFGA takes no tuple twice in one request, and none whose condition differs from that of the one it has.
        changed = [group[-1].key.bare for group in groups if _is_written_anew(group)]
        try:
            if changed:
                self._request((), [*deletes, *changed], deadline)
                self._request(writes, (), deadline)
            else:
                self._request(writes, deletes, deadline)
        except Refused as refused:
            if refused.status == _CONFLICT and len(groups) > 1:
                raise InvalidRequest(str(refused)) from None
            if refused.status == _CONFLICT and writes:
                self._replace(writes[0], deadline)
            else:
                raise _meaning(refused) from None

    def _replace(self, key: TupleKey, deadline: Deadline) -> None:
        """Write a tuple that stands there under another condition, by whoever's hand."""
        try:
            self._request((), [key.bare], deadline)
            self._request([key], (), deadline)
        except Refused as refused:
            raise _meaning(refused) from None

    def _request(self, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], deadline: Deadline) -> None:
        body: dict[str, Any] = {}
        if writes:
            body["writes"] = {"tuple_keys": list(map(wire.tuple_json, writes)), "on_duplicate": "ignore"}
        if deletes:
            body["deletes"] = {"tuple_keys": list(map(wire.tuple_json, deletes)), "on_missing": "ignore"}
        (answer,) = self._remote.sender.send([self._remote.call("write", body, repeatable=False)], deadline)
        wire.require_written(answer)

    def _mark(self, entries: Sequence[Entry], delivery: Delivery) -> None:
        outbox.mark(self._using, [entry.id for entry in entries], delivery)

    def _take(self, holder: str) -> bool:
        leases = DeliveryLease.objects.using(self._using)
        free = leases.filter(Q(holder="") | Q(expires_at__lte=Now()), id=1)
        if free.update(holder=holder, expires_at=_lease_end()):
            return True
        if leases.exists():
            return False
        leases.bulk_create([DeliveryLease(id=1, expires_at=Now())], ignore_conflicts=True)
        return bool(free.update(holder=holder, expires_at=_lease_end()))

    def _renew(self, holder: str) -> bool:
        mine = DeliveryLease.objects.using(self._using).filter(holder=holder, expires_at__gt=Now())
        return bool(mine.update(expires_at=_lease_end()))

    def _release(self, holder: str) -> None:
        DeliveryLease.objects.using(self._using).filter(holder=holder).update(holder="")


def _is_written_anew(group: Sequence[Entry]) -> bool:
    """Tell whether a tuple is deleted and then written, perhaps under another condition."""
    return group[-1].operation == TupleOperation.WRITE and any(
        entry.operation == TupleOperation.DELETE for entry in group
    )


def _meaning(refused: Refused) -> AuthzError:
    """Return InvalidRequest for what would be refused again; else it waits, whatever the refusal says to a question."""
    if wire.is_about_content(refused):
        return InvalidRequest(str(refused))
    return AuthorizationUnavailable(f"OpenFGA refuses: {refused}")


def _fitting(entries: list[Entry]) -> list[Entry]:
    """Return as many of the first entries as fit into one request."""
    size = 0
    for place, entry in enumerate(entries):
        size += len(json.dumps(wire.tuple_json(entry.key)))
        if size > _MAX_BYTES and place:
            return entries[:place]
    return entries


def _lease_end() -> object:
    return Now() + timedelta(seconds=LEASE_SECONDS)
