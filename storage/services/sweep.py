"""Sweep: what time has run out for. Uploads expire, bytes that nobody uses are deleted, remains are removed.

Safe to run at any moment, in parallel with itself and with everything else. Deleting goes in the order tombstone,
commit, grace, unlink, forget: a crash between any two steps leaves something that the next sweep finishes.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from storage import conf, registry
from storage.errors import StorageError
from storage.models import Backend, Blob, Tombstone, Upload, UploadState
from storage.services import strays, tombstones
from storage.services.uploads import states

logger = logging.getLogger("filegraph.storage")

BATCH = 100
"""Uploads that expire in one transaction."""

_RETRY_AFTER = timedelta(hours=1)
_PATIENCE = 3
"""Refusals in a row after which a store is left alone for ``_PAUSE``: one that hangs takes seconds for each."""
_PAUSE = timedelta(minutes=10)
_STALE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did: uploads expired (what they sent goes with them), reservations given back that ended uploads
    held, buried objects deleted, those that could not be deleted (tried again in an hour; a store that refuses several
    in a row is left alone for a while), remains of broken writes removed, rows of long finished uploads forgotten,
    strays deleted, objects that were found to be nobody's."""

    expired: int = 0
    released: int = 0
    deleted: int = 0
    failed: int = 0
    stale: int = 0
    forgotten: int = 0
    strays: int = 0
    unknown: int = 0


def sweep(*, now: datetime, limit: int = 10_000) -> SweepReport:
    """Do up to ``limit`` of each; call again while something was done to catch up."""
    expired = _expire(now, limit)
    released, deleted, failed = _delete(now, limit)
    found = strays.look(now=now, limit=limit)
    stale, forgotten = _remove_stale(now), _forget(now, limit)
    return SweepReport(expired, released, deleted, failed, stale, forgotten, found.discarded, found.unknown)


def _expire(now: datetime, limit: int) -> int:
    expired = 0
    while expired < limit:
        with transaction.atomic():
            due = Upload.objects.filter(finished_at__isnull=True, expires_at__lte=now).order_by("expires_at")
            batch = due.select_related("drive")[: min(BATCH, limit - expired)]
            ended = states.end_all(list(batch), UploadState.EXPIRED, now=now)
        expired += ended
        if not ended:
            break
    return expired


def _delete(now: datetime, limit: int) -> tuple[int, int, int]:
    due = Tombstone.objects.filter(delete_after__lte=now).order_by("delete_after").select_related("backend")
    released = deleted = failed = 0
    refusals = Counter[str]()
    for tombstone in due[:limit]:
        if refusals[tombstone.backend_id] == _PATIENCE:
            continue
        if Blob.objects.filter(backend_id=tombstone.backend_id, key=tombstone.key).exists():
            # It must not happen; if it did, the bytes are worth more than the order.
            logger.error("a tombstone names the bytes of a file; the bytes stay (backend %s)", tombstone.backend_id)
            if tombstone.holds:
                tombstones.release(tombstone, now=now)
            tombstone.delete()
        elif not _unlink(tombstone):
            # Later, and behind the others: one broken store must not hold up the rest.
            Tombstone.objects.filter(id=tombstone.id, delete_after__lte=now).update(delete_after=now + _RETRY_AFTER)
            failed += 1
            refusals[tombstone.backend_id] += 1
            if refusals[tombstone.backend_id] == _PATIENCE:
                _leave_alone(tombstone.backend_id, now)
        else:
            refusals[tombstone.backend_id] = 0
            if tombstone.holds:
                released += tombstones.release(tombstone, now=now)
            else:
                tombstone.delete()
                deleted += 1
    return released, deleted, failed


def _leave_alone(backend_id: str, now: datetime) -> None:
    """Let what a store has not been asked for yet come before what it refused, when it is asked again."""
    Tombstone.objects.filter(backend=backend_id, delete_after__lte=now).update(delete_after=now + _PAUSE)


def _unlink(tombstone: Tombstone) -> bool:
    backend = registry.find(tombstone.backend)
    return backend is not None and backend.discard(tombstone.key, context="sweep")


def _remove_stale(now: datetime) -> int:
    # Some stores tell when a write began and not how it goes on; none goes on after the end of its upload.
    settings = conf.current()
    longest = timedelta(seconds=max(settings.tombstone_grace, settings.upload_lifetime))
    before = now - max(longest, _STALE_AFTER)
    removed = 0
    for row in Backend.objects.all():
        backend = registry.find(row)
        try:
            removed += backend.remove_stale(before) if backend is not None else 0
        except StorageError:
            logger.warning("could not look for remains in backend %s", row.id)
    return removed


def _forget(now: datetime, limit: int) -> int:
    before = now - timedelta(seconds=conf.current().upload_retention)
    old = Upload.objects.filter(finished_at__lt=before).values_list("id", flat=True)
    forgotten, _ = Upload.objects.filter(id__in=list(old[:limit])).delete()
    return forgotten
