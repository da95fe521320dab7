"""Strays: objects that came when nobody waited for them any more, found by going through the store.

A PUT that began while its link lived may end long after it, when the tombstone of its key has gone. No row accounts
for what it leaves. So stores that can be listed are gone through, a page in each sweep and a round in each day,
also those that take no new bytes any more: links to them may live.

Only what this database knows to be over is deleted: the object of an upload to the store that has ended. An object that
it has never heard of may be a file of another installation on the same bucket, or of one from before a restore of an
older database: it is told in the log, and stays.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import keys, registry
from storage.backends.types import Listing
from storage.errors import StorageError
from storage.models import Backend, Blob, Tombstone, Upload
from storage.services import tombstones

logger = logging.getLogger("filegraph.storage")

PAGE = 1000
"""Objects of one store that one sweep looks at."""

ROUND = timedelta(days=1)
"""From the end of one round to the beginning of the next."""

_AGE = timedelta(days=1)
"""Younger objects are left alone. Rows would account for them too; it is a second reason to touch nothing new."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many objects were ``discarded``, and how many are ``unknown`` to this database."""

    discarded: int = 0
    unknown: int = 0


def look(*, now: datetime, limit: int = PAGE) -> Found:
    """Look at the next page of each store whose round is due; safe to run in parallel with everything."""
    discarded = unknown = 0
    for row in Backend.objects.all():
        driver = registry.find(row) if _is_due(row, now) else None
        if driver is None or not driver.supports_listing:
            continue
        try:
            page = driver.listing(after=row.listed_up_to, limit=min(limit, PAGE))
        except StorageError:
            logger.warning("could not list the objects of backend %s", row.id)
            continue
        strays, nobodys = _judged(row.id, page, now)
        tombstones.discard(row.id, strays, settled=True, now=now)
        if nobodys:
            logger.warning("%d objects of backend %s are in no row, as %s", len(nobodys), row.id, nobodys[0])
        discarded, unknown = discarded + len(strays), unknown + len(nobodys)
        _go_on(row, page, now)
    return Found(discarded, unknown)


def _is_due(row: Backend, now: datetime) -> bool:
    return bool(row.listed_up_to) or row.listed_at is None or row.listed_at <= now - ROUND


def _judged(backend_id: str, page: Listing, now: datetime) -> tuple[list[str], list[str]]:
    """Return the strays among the objects of a page, and those that are nobody's.

    The order of the questions matters, because uploads go on meanwhile: one that had ended when it was asked about, and
    whose object was no blob and had no tombstone afterwards, can never account for it again.
    """
    old = [each.key for each in page.objects if each.modified <= now - _AGE]
    staging = {key: name for key in old if (name := keys.staging_key_of(key)) is not None}
    left = _unaccounted(backend_id, staging)
    if not left:
        return [], []
    uploads = Upload.objects.filter(drive__backend=backend_id, staging_key__in={staging[key] for key in left})
    live = set(uploads.filter(finished_at__isnull=True).values_list("staging_key", flat=True))
    over = uploads.filter(finished_at__isnull=False, link_lifetime__isnull=False)
    ended = set(over.values_list("staging_key", flat=True))
    left = [key for key in _unaccounted(backend_id, left) if staging[key] not in live]
    return [key for key in left if staging[key] in ended], [key for key in left if staging[key] not in ended]


def _unaccounted(backend_id: str, object_keys: Collection[str]) -> list[str]:
    """Return those of the keys that neither a blob nor a tombstone names. A purge makes the one the other: in that
    order nothing slips through between the questions."""
    left = list(object_keys)
    for model in (Blob, Tombstone):
        known = set(model._default_manager.filter(backend=backend_id, key__in=left).values_list("key", flat=True))
        left = [key for key in left if key not in known]
    return left


def _go_on(row: Backend, page: Listing, now: datetime) -> None:
    """Note how far the round is, unless another process has done so."""
    here = Backend.objects.filter(id=row.id, listed_up_to=row.listed_up_to)
    if page.more and page.objects:
        here.update(listed_up_to=page.objects[-1].key)
    else:
        here.update(listed_up_to="", listed_at=now)
