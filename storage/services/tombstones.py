"""Objects that no row uses any more, on their way out of the store: tombstone, commit, unlink, forget.

What was published may be read at this moment, by a link or a dump of yesterday's database: it is buried, and the sweep
deletes it after the grace period. What never became bytes of a file is discarded as soon as the transaction is
committed, because its reservation is free again at once too: room that is given back must be there. What a link may
bring about again is discarded as well, but its tombstone holds the reservation until the link has ended.

Who may end or delete what is asked elsewhere. A key is never used twice, so an object can only go and never come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from django.db import transaction

from storage import conf, registry
from storage.models import Drive, Tombstone
from storage.selectors.locks import hold_drives
from storage.services import quota
from storage.tables import change, moment

_INSERT = "INSERT INTO storage_tombstone (backend_id, key, delete_after)"


@dataclass(frozen=True, slots=True)
class HeldObject:
    """The object of an upload that ended, of ``size`` declared bytes, which a link may bring about ``until`` then."""

    key: str
    actor: str
    size: int
    until: datetime


def bury(backend_id: str, object_keys: Iterable[str], *, now: datetime) -> None:
    """Write tombstones for objects that were published: the sweep deletes them after the grace period.

    Call it in the transaction of the change. Doing it twice is fine.
    """
    _write(backend_id, list(object_keys), now + _grace(backend_id))


def discard(backend_id: str, object_keys: Iterable[str], *, settled: bool, now: datetime) -> None:
    """Delete objects that were never published, right after the present transaction; the sweep does what fails.

    ``settled`` says that their writers are done: then the tombstones go with the objects. Otherwise a writer that knows
    nothing of its end yet may still bring its object about, and be killed before it takes it away again: for that
    case the tombstones stay until the grace period is over.
    """
    keys = list(object_keys)
    if keys:
        _write(backend_id, keys, now if settled else now + _grace(backend_id))
        transaction.on_commit(lambda: _delete(backend_id, keys, forget=settled), robust=True)


def hold(drive: Drive, objects: Sequence[HeldObject]) -> None:
    """Discard objects that links may bring about again, and keep what their uploads reserved in the drive until then.

    They are deleted for the first time after the present transaction. Raises IntegrityError for a key that was held
    before: none is used twice.
    """
    if objects:
        Tombstone.objects.bulk_create(
            Tombstone(
                backend_id=drive.backend_id,
                key=each.key,
                delete_after=each.until,
                drive=drive,
                actor=each.actor,
                held_bytes=each.size,
            )
            for each in objects
        )
        keys = [each.key for each in objects]
        transaction.on_commit(lambda: _delete(drive.backend_id, keys, forget=False), robust=True)


def release(tombstone: Tombstone, *, now: datetime) -> bool:
    """Give back what a tombstone holds, after its object was looked for; False when somebody else did.

    The key is kept in mind for the grace period on top: a PUT that began while its link lived may be under way still.
    """
    assert tombstone.drive_id is not None
    assert tombstone.held_bytes is not None
    with transaction.atomic():
        hold_drives([tombstone.drive_id])
        held = Tombstone.objects.filter(id=tombstone.id, drive__isnull=False)
        after = now + timedelta(seconds=conf.current().tombstone_grace)
        changed = held.update(drive=None, actor=None, held_bytes=None, delete_after=after)
        if changed:
            quota.release(tombstone.drive_id, tombstone.held_bytes)
    return bool(changed)


def _delete(backend_id: str, keys: Sequence[str], *, forget: bool) -> None:
    driver = registry.find_by_id(backend_id)
    if driver is None:
        return
    # Up to the first that stays: a store that is away takes seconds for each, and the sweep does the rest.
    gone = list(takewhile(partial(driver.discard, context="never published"), keys))
    if forget and gone:
        Tombstone.objects.filter(backend=backend_id, key__in=gone).delete()


def _write(backend_id: str, keys: Sequence[str], after: datetime) -> None:
    values = ", ".join(["(%s, %s, %s)"] * len(keys))
    if keys:
        change(
            f"{_INSERT} VALUES {values} ON CONFLICT DO NOTHING",
            [value for key in keys for value in (backend_id, key, moment(after))],
        )


def _grace(backend_id: str) -> timedelta:
    """Return how long a key is kept in mind. Where links write, one that was given out a moment ago has to end first:
    it could bring the object about again after it was deleted."""
    settings = conf.current()
    driver = registry.find_by_id(backend_id)
    linked = driver is None or driver.supports_presigned_put
    return timedelta(seconds=settings.tombstone_grace + (settings.direct_upload_lifetime if linked else 0))
