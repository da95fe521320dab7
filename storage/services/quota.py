"""Room in a drive: what is used, what is reserved for uploads under way, and the limit of both.

Each function is one conditional UPDATE, so that parallel callers can never pass the limit together. They belong in the
transaction of the change they account for. ``used_bytes`` and ``reserved_bytes`` never fall below zero: a
constraint of the table refuses it, because that would be a fault of ours and no state to live with.
"""

from __future__ import annotations

from django.db.models import F, Q

from storage.errors import NotFound, QuotaExceeded
from storage.models import Drive


def reserve(drive_id: str, size: int) -> None:
    """Hold ``size`` bytes for an upload; raises QuotaExceeded, or NotFound when there is no such drive."""
    room = Q(quota_bytes__isnull=True) | Q(quota_bytes__gte=F("used_bytes") + F("reserved_bytes") + size)
    if Drive.objects.filter(room, id=drive_id).update(reserved_bytes=F("reserved_bytes") + size):
        return
    raise QuotaExceeded if Drive.objects.filter(id=drive_id).exists() else NotFound


def release(drive_id: str, size: int) -> None:
    """Give back ``size`` reserved bytes: the upload ended without a file."""
    Drive.objects.filter(id=drive_id).update(reserved_bytes=F("reserved_bytes") - size)


def settle(drive_id: str, size: int) -> None:
    """Turn ``size`` reserved bytes into used ones: the upload became a version of a file."""
    Drive.objects.filter(id=drive_id).update(
        reserved_bytes=F("reserved_bytes") - size, used_bytes=F("used_bytes") + size
    )


def refund(drive_id: str, size: int) -> None:
    """Give back ``size`` used bytes: versions of files were purged."""
    Drive.objects.filter(id=drive_id).update(used_bytes=F("used_bytes") - size)
