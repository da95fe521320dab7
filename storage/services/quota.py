"""Room in a drive: what is used, what is reserved for uploads, and the limit of both.

Each function is one conditional UPDATE, so that parallel callers can never pass the limit together. They belong in the
transaction of the change they account for. ``used_bytes`` and ``reserved_bytes`` never fall below zero: a
constraint of the table refuses it, because that would be a fault of ours and no state to live with.
"""

from __future__ import annotations

from datetime import datetime

from storage.errors import NotFound, QuotaExceeded
from storage.selectors.uploads import UNDER_WAY, under_way_params
from storage.tables import change, fetch

_RESERVE = (
    "UPDATE storage_drive SET reserved_bytes = reserved_bytes + %s "
    "WHERE id = %s AND (quota_bytes IS NULL OR quota_bytes >= used_bytes + reserved_bytes + %s)"
)
_RELEASE = "UPDATE storage_drive SET reserved_bytes = reserved_bytes - %s WHERE id = %s"
_SETTLE = "UPDATE storage_drive SET reserved_bytes = reserved_bytes - %s, used_bytes = used_bytes + %s WHERE id = %s"
_REFUND = "UPDATE storage_drive SET used_bytes = used_bytes - %s WHERE id = %s"


def reserve(drive_id: str, size: int) -> None:
    """Hold ``size`` bytes for an upload; raises QuotaExceeded, or NotFound when there is no such drive."""
    if not change(_RESERVE, [size, drive_id, size]):
        raise QuotaExceeded if fetch("SELECT 1 FROM storage_drive WHERE id = %s", [drive_id]) else NotFound


def reserve_for_uploads(drive_id: str, size: int, *, actor: str, most: int, now: datetime) -> bool:
    """Hold ``size`` bytes if they fit and the actor has at most ``most`` uploads under way. False: nothing was done."""
    sql = f"{_RESERVE} AND {UNDER_WAY} <= %s"
    return bool(change(sql, [size, drive_id, size, *under_way_params(actor, now), most]))


def release(drive_id: str, size: int) -> None:
    """Give back ``size`` reserved bytes: the upload ended without a file, and nothing can come of it any more."""
    if size:
        change(_RELEASE, [size, drive_id])


def settle(drive_id: str, size: int) -> None:
    """Turn ``size`` reserved bytes into used ones: the upload became a version of a file."""
    change(_SETTLE, [size, size, drive_id])


def refund(drive_id: str, size: int) -> None:
    """Give back ``size`` used bytes: versions of files were purged."""
    change(_REFUND, [size, drive_id])
