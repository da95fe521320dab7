"""Taking an installation from one engine to the other, while it serves.

Our record is kept by both engines, and once a store is noted every change is put on its way to it, whichever engine
answers. So there is never a moment at which one of them does not know what the other does: to begin with a server is to
fill its store from the record, through the same outbox in which later changes stand behind the earlier; to leave it is
to change the setting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from authz.clients import horizon, tuples
from authz.clients.openfga import outbox, store
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.desired import Desired
from authz.clients.sql.structure import Structure
from authz.conf import authz_settings
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, RemoteModel, RemoteStore, TupleChange
from authz.services import remote_engine
from authz.services.active_model import active_model
from authz.services.remote.reconciliation import Foreign, Report, desired, drain, reconcile
from authz.services.remote_engine import StoreGone
from authz.types import TupleKey

_USING = "default"
_WRITERS_SECONDS = 60.0
_AHEAD = 1000
"""Changes that may wait before more is put on its way: an actor's questions look at all of them."""


class StillWriting(Exception):
    """Somebody's transaction has been open for a minute: what it writes would not be on its way."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told how it goes: ``stage`` begins something of so many steps (None: nobody knows), ``step`` counts."""

    stage: Callable[[str, int | None], object] = lambda title, total: None
    step: Callable[[int], object] = lambda count: None


def to_openfga(
    structure: Structure,
    *,
    new_store: bool = False,
    clock: Callable[[], datetime] = timezone.now,
    progress: Progress | None = None,
) -> Report:
    """Bring the store to hold all that our record has, and return what the comparison at the end found and mended.

    What the store had before and others wrote stays, is told, and counts as left over. May be ended at any moment and
    called again: it goes on where it was. One caller at a time. ``new_store``: another one takes the place of the noted
    one, should the server have lost that; it answers nothing until it has everything. Raises StillWriting, Unusable,
    StoreGone (the server has lost the store, and no other may take its place), InvalidRequest (the server does not take
    the model) and AuthorizationUnavailable.
    """
    told = progress or Progress()
    configured = authz_settings().openfga_store_id
    if new_store:
        store.require_server(remote_engine.transport())
        if configured:
            store.require_store(remote_engine.transport(), configured)
        _let_lost_store_go()
    noted = _attach(clock())
    if not noted.is_whole:
        _fill(noted, clock, told)
    if not configured:
        # It was made for this. Another one may hold what was taken back long ago, until it was compared.
        _is_whole()
    told.stage("Delivering", None)
    drain(told.step)
    told.stage("Comparing", desired(structure).count())
    report = reconcile(structure, mend=True, clock=clock, progress=told.step)
    _is_whole()
    if sum(report.found.values()):
        report.left = reconcile(structure, mend=False, clock=clock).left
    return report


def to_embedded(
    structure: Structure, *, clock: Callable[[], datetime] = timezone.now, progress: Progress | None = None
) -> Report:
    """Make sure that our record has all that the store has, adopting what others wrote there; return what was found.

    Once the settings choose the embedded engine, it lets the store go: nothing is told to it any more, and a process
    that still asks it gets no answers. One that the server has lost is let go at once: our record has all that we ever
    told it. Raises StillWriting, Unusable (the server does not answer) and AuthorizationUnavailable.
    """
    told = progress or Progress()
    if not remote_engine.has_store():
        return Report()
    if _let_lost_store_go():
        return Report(lost=True)
    told.stage("Delivering", None)
    drain(told.step)
    told.stage("Comparing", desired(structure).count())
    report = reconcile(structure, mend=True, foreign=Foreign.ADOPT, clock=clock, progress=told.step)
    if report.is_clean and not remote_engine.is_chosen():
        _detach()
    return report


def _attach(now: datetime) -> RemoteStore:
    """Note the store, so that every writer tells it of what comes from now on."""
    store.prepare(remote_engine.transport(), authz_settings().openfga_store_id, active_model(), now=now, is_whole=False)
    remote_engine.remote_of.cache_clear()
    noted = RemoteStore.objects.get()
    if not noted.is_whole:
        _wait_for_writers()
    return noted


def _wait_for_writers() -> None:
    """Wait for the transactions that began before the store was noted or let go: they do not know of it yet."""
    earlier = horizon.writers(_USING)
    patience = Deadline(_WRITERS_SECONDS)
    while earlier := earlier & horizon.writers(_USING):
        if patience.left() <= 0:
            raise StillWriting
        time.sleep(0.05)


def _fill(noted: RemoteStore, clock: Callable[[], datetime], told: Progress) -> None:
    record = Desired(_USING)
    told.stage("Copying", record.count())
    courier = Courier(remote_engine.remote(), _USING)
    for last, page in record.recorded(noted.filled_through):
        with transaction.atomic(using=_USING):
            _put_on_its_way(page, clock())
            RemoteStore.objects.filter(id=noted.id).update(filled_through=last)
        told.step(len(page))
        _keep_pace(courier)


def _is_whole() -> None:
    RemoteStore.objects.update(is_whole=True)


def _let_lost_store_go() -> bool:
    """Note no store any more if the server has lost the one that is noted; return whether it was so.

    What was on its way to it is in the record, and so will be what a new store is filled from.
    """
    try:
        remote_engine.require_noted()
    except StoreGone:
        _detach()
        return True
    return False


def _put_on_its_way(page: list[TupleKey], now: datetime) -> None:
    """Tell of what still stands of a page: whoever takes something back comes before this, or after it."""
    outbox.lock_objects(_USING, page)
    standing = tuples.existing(_USING, [key.bare for key in page])
    outbox.append(_USING, [tuples.key_of(row) for row in standing.values()], (), now)


def _keep_pace(courier: Courier) -> None:
    with suppress(AuthorizationUnavailable):
        courier.deliver(Deadline())
    if outbox.backlog(_USING).pending > _AHEAD:
        drain()


def _detach() -> None:
    with transaction.atomic(using=_USING):
        RemoteStore.objects.all().delete()
        RemoteModel.objects.all().delete()
        _forget_what_waits()
    remote_engine.remote_of.cache_clear()
    # Who began before that puts on its way what she writes, and nobody would ever deliver it.
    _wait_for_writers()
    _forget_what_waits()


def _forget_what_waits() -> None:
    TupleChange.objects.filter(delivery__gt="").update(delivery=Delivery.DONE)
