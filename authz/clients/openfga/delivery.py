"""Bringing changes to the server: one courier at a time, in order, again until it is done.

The courier holds a lease (a row, by the database's clock) and no lock while it waits for the server. A write of which
nobody knows whether it happened must not be overtaken: it might arrive after what came later, and undo it. So the lease
is longer than a write can be under way, here and in the server (whose own limit is 3 seconds), and after such a write
it is left to run out. A courier that was stopped and comes back too late finds its lease gone, and then has what
happened last to each of its tuples delivered once more.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now

from authz.clients.openfga import outbox, wire
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.failures import NotSent, Refused
from authz.clients.openfga.outbox import Entry
from authz.clients.openfga.remote import Remote
from authz.conf import MAX_TUPLES_PER_WRITE
from authz.errors import AuthorizationUnavailable, InvalidRequest
from authz.models import Delivery, DeliveryLease, TupleOperation

logger = logging.getLogger("filegraph.authz")

LEASE_SECONDS = 8.0
_START_SECONDS = 2.0
"""A write begins so soon after the lease was taken or renewed, or not at all: 2 to begin, 2 to wait, 3 for OpenFGA."""
_SETTLE_SECONDS = 0.2
"""A question waits so long for a courier who is at it; then it is answered otherwise."""
_LOOK_SECONDS = 0.01


class Courier:
    """Delivers to one store. Thread-safe: it holds no state."""

    def __init__(self, remote: Remote, using: str) -> None:
        self._remote = remote
        self._using = using

    def deliver(self, deadline: Deadline) -> bool:
        """Deliver everything that waits; False when another courier is at it, or a transaction is open here.

        Raises AuthorizationUnavailable when the server does not take it; then it waits on.
        """
        if not outbox.waiting(self._using, 1):
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
        while entries := outbox.waiting(self._using, MAX_TUPLES_PER_WRITE):
            if time.monotonic() - taken > _START_SECONDS / 2:
                if not self._renew(holder):
                    return
                taken = time.monotonic()
            if deadline.left() <= 0:
                raise NotSent("no time was left to deliver more")
            if time.monotonic() - taken > _START_SECONDS:
                raise NotSent("the lease is too old to begin a write")
            self._send(entries, deadline)
            if not self._renew(holder):
                logger.error("A delivery to OpenFGA took longer than its lease; its tuples are delivered again.")
                outbox.repeat(self._using, list({entry.key for entry in entries}))
                return
            taken = time.monotonic()

    def _send(self, entries: Sequence[Entry], deadline: Deadline) -> None:
        """Deliver entries as one write; if it is refused, tuple by tuple, so that one bad entry stops no other."""
        try:
            self._write(entries, deadline)
        except InvalidRequest as refusal:
            by_key = {entry.key: [each for each in entries if each.key == entry.key] for entry in entries}
            if len(by_key) > 1:
                for group in by_key.values():
                    self._send(group, deadline)
                return
            last = entries[-1]
            logger.error("OpenFGA refuses to %s %s for good: %s", last.operation, last.key, refusal)
            self._mark(entries, Delivery.REFUSED)
        else:
            self._mark(entries, Delivery.DONE)

    def _write(self, entries: Sequence[Entry], deadline: Deadline) -> None:
        last = {entry.key: entry.operation for entry in entries}
        body = {}
        for name, operation, option in (
            ("writes", TupleOperation.WRITE, "on_duplicate"),
            ("deletes", TupleOperation.DELETE, "on_missing"),
        ):
            keys = [wire.tuple_json(key) for key, each in last.items() if each == operation]
            if keys:
                body[name] = {"tuple_keys": keys, option: "ignore"}
        try:
            self._remote.sender.send([self._remote.call("write", body, repeatable=False)], deadline)
        except Refused as refused:
            if wire.is_about_content(refused):
                raise InvalidRequest(str(refused)) from None
            raise wire.error_of(refused) from None

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


def _lease_end() -> object:
    return Now() + timedelta(seconds=LEASE_SECONDS)
