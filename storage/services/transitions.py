"""The state machine of an upload, and what each step does to quota and bytes. No permissions and no requests here.

    OPEN -> RECEIVING -> VERIFYING -> READY            and  ABORTED | EXPIRED | FAILED from each of the first three

Every step is a conditional UPDATE: it names the state it leaves (and the attempt, where a writer takes it), so of two
callers in parallel one wins and the other is told. An upload in RECEIVING or VERIFYING owns the object of its present
attempt; whatever ends it discards that object, with a tombstone in the same transaction. In OPEN it owns none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection

from storage import keys
from storage.errors import (
    NotFound,
    StorageError,
    UploadAborted,
    UploadAlreadyReceived,
    UploadExpired,
    UploadFailed,
    UploadSuperseded,
)
from storage.models import LIVE_STATES, Drive, Upload, UploadState
from storage.selectors.mapping import fetch, marks
from storage.services import quota, tombstones

_WITH_OBJECT = (UploadState.RECEIVING, UploadState.VERIFYING)
_HOLD = "SELECT id FROM storage_drive WHERE id IN ({}) ORDER BY id FOR UPDATE"
_DRIVES_OF = "SELECT drive_id FROM storage_upload WHERE id IN ({})"
_ENDINGS: dict[str, type[StorageError]] = {
    UploadState.ABORTED: UploadAborted,
    UploadState.EXPIRED: UploadExpired,
    UploadState.FAILED: UploadFailed,
}


def key_of(upload: Upload, drive: Drive, attempt: int | None = None) -> str:
    """Return the key of the object that an attempt (the present one by default) writes."""
    return keys.attempt_key(drive.prefix, upload.staging_key, upload.attempt if attempt is None else attempt)


def owned_key(upload: Upload, drive: Drive) -> str | None:
    """Return the key of the object that may be in the store because of this upload alone, if any."""
    return key_of(upload, drive) if upload.state in _WITH_OBJECT and upload.attempt > 0 else None


def is_live(upload: Upload) -> bool:
    """Tell whether the upload holds a reservation."""
    return upload.state in LIVE_STATES


def ending_of(upload: Upload) -> StorageError | None:
    """Return the error that an upload which ended without a file answers with; None for all others."""
    kind = _ENDINGS.get(upload.state)
    return kind() if kind is not None else None


def refusal(upload_id: str, attempt: int) -> StorageError:
    """Return why writer ``attempt`` may not change the upload any more (it lost a race)."""
    upload = Upload.objects.filter(id=upload_id).only("state", "attempt").first()
    if upload is None:
        return NotFound()
    ending = ending_of(upload)
    if ending is not None:
        return ending
    if upload.attempt != attempt or upload.state == UploadState.OPEN:
        return UploadSuperseded()
    return UploadAlreadyReceived()


def hold(drive_ids: Iterable[str]) -> None:
    """Lock drives until the end of the transaction, in the order of their ids.

    Whatever ends an upload or makes it a file changes its drive's quota, and whoever deletes a folder holds its drive
    before the uploads in it: drive first, upload second, or two callers wait for each other. SQLite has one writer.
    """
    if connection.features.has_select_for_update and (ids := list(set(drive_ids))):
        fetch(_HOLD.format(marks(ids)), ids)


def hold_drives_of(upload_ids: Collection[str]) -> None:
    """Lock the drives of uploads, as ``hold`` does."""
    if connection.features.has_select_for_update and upload_ids:
        ids = list(upload_ids)
        fetch(_HOLD.format(_DRIVES_OF.format(marks(ids))), ids)


def end(upload: Upload, drive: Drive, state: UploadState, *, now: datetime, failure: str = "") -> bool:
    """Move a live upload to ABORTED, EXPIRED or FAILED, give back its reservation and discard its object.

    Call it in a transaction that holds the drive. False when somebody else moved it first: look again. ``upload`` is
    brought up to date.
    """
    moved = Upload.objects.filter(id=upload.id, state=upload.state, attempt=upload.attempt).update(
        state=state, failure=failure, finished_at=now
    )
    if not moved:
        return False
    quota.release(drive.id, upload.declared_size)
    key = owned_key(upload, drive)
    if key is not None:
        tombstones.discard(drive.backend_id, [key], settled=upload.state == UploadState.VERIFYING, now=now)
    upload.state, upload.failure, upload.finished_at = state, failure, now
    return True


def end_all(uploads: Sequence[Upload], state: UploadState, *, now: datetime) -> int:
    """End live uploads (loaded with their drive) as ``end`` does; count them. Those that moved meanwhile are left."""
    hold(upload.drive_id for upload in uploads)
    return sum(end(upload, upload.drive, state, now=now) for upload in uploads)
