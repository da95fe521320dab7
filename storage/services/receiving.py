"""Receiving: what the byte plane does around a PUT. Called in a worker thread, never on the event loop.

``start`` judges everything that can be judged before the first byte. ``finish`` makes the bytes durable, then tells the
row; ``interrupt`` gives the upload back to whoever tries next. No rows are touched while bytes arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from authz.types import Actor
from storage import permissions, registry, tokens
from storage.backends.base import ObjectWriter
from storage.errors import (
    ChecksumMismatch,
    DriveReadOnly,
    InvalidToken,
    NotFound,
    SizeMismatch,
    StorageError,
    UploadAlreadyReceived,
    UploadExpired,
)
from storage.models import Upload, UploadState
from storage.permissions import Permission
from storage.selectors import uploads as select
from storage.selectors.actors import is_active
from storage.services import tombstones, transitions
from storage.services.nodes import is_trashed


@dataclass(frozen=True, slots=True)
class Receiving:
    """One PUT under way: write all bytes to ``writer``, then call either ``finish`` or ``interrupt``.

    ``size`` (bytes) and ``declared_sha256`` (hex or empty) are what the client promised; ``name`` helps to tell
    the type.
    """

    upload_id: str
    attempt: int
    key: str
    backend_id: str
    size: int
    declared_sha256: str
    name: str
    writer: ObjectWriter


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """How far an upload is: ``received`` of ``size`` bytes are safe in the store (all or none of them)."""

    state: UploadState
    received: int
    size: int


def start(token: str, *, content_length: int | None, now: datetime) -> Receiving:
    """Open the door for one PUT, or say why not before a byte is read.

    Asks again whether the upload's actor may upload there, and whether her account is still active (else NotFound).
    A PUT while another one is under way takes over: the older writer's ``finish`` fails. ``content_length`` in bytes,
    None where the client did not say (then the end counts).

    Raises InvalidToken, TokenExpired, NotFound, PermissionDenied, UploadExpired, UploadAborted, UploadFailed,
    UploadAlreadyReceived, SizeMismatch, DriveReadOnly, UploadSuperseded (lost against another PUT of this very moment),
    BackendUnavailable, BackendFull.
    """
    upload = _load(token, now=now)
    _require_account(upload)
    if content_length is not None and content_length != upload.declared_size:
        raise SizeMismatch(f"The upload was declared with {upload.declared_size} bytes.")
    drive = upload.drive
    _require_place(upload)
    if drive.archived_at is not None or not drive.backend.writable:
        raise DriveReadOnly
    backend = registry.backend_for(drive.backend)
    attempt = _take(upload, now=now)
    key = transitions.key_of(upload, drive, attempt)
    try:
        writer = backend.open_writer(key)
    except BaseException:
        _reopen(upload.id, attempt)
        raise
    return Receiving(
        upload.id, attempt, key, drive.backend_id, upload.declared_size, upload.declared_sha256, upload.name, writer
    )


def finish(receiving: Receiving, *, size: int, sha256: str, content_type: str, now: datetime) -> None:
    """Take what arrived: ``size`` bytes with this ``sha256`` (hex), told to be ``content_type`` by their first bytes.

    When this returns the bytes are durable and the upload waits to be finalized. Raises SizeMismatch, ChecksumMismatch
    (both end the upload), UploadSuperseded, UploadAborted, UploadExpired, UploadFailed, BackendUnavailable, BackendFull
    (after the last two a new PUT may be tried).
    """
    mismatch = _mismatch(receiving, size, sha256)
    if mismatch is not None:
        receiving.writer.abort()
        if not _fail(receiving, mismatch, now=now):
            raise transitions.refusal(receiving.upload_id, receiving.attempt)
        raise mismatch
    if not _mine(receiving).exists():
        receiving.writer.abort()
        raise transitions.refusal(receiving.upload_id, receiving.attempt)
    try:
        receiving.writer.commit()
    except BaseException:
        # Most likely nothing is there; a store that cannot tell may have kept it all the same.
        interrupt(receiving, now=now)
        raise
    received = _mine(receiving).update(
        state=UploadState.VERIFYING, received_size=size, received_sha256=sha256, received_type=content_type
    )
    if not received:
        # Whoever moved the upload on has discarded this attempt's object before it was there: so do it again.
        tombstones.discard(receiving.backend_id, [receiving.key], settled=True, now=now)
        raise transitions.refusal(receiving.upload_id, receiving.attempt)


def interrupt(receiving: Receiving, *, now: datetime) -> None:
    """The PUT broke off: forget its bytes and let the next one in. Never an error if somebody else has moved on."""
    receiving.writer.abort()
    with transaction.atomic():
        if _reopen(receiving.upload_id, receiving.attempt):
            tombstones.discard(receiving.backend_id, [receiving.key], settled=False, now=now)


def status(token: str, *, now: datetime) -> UploadStatus:
    """Tell whoever holds the URL how far the upload is, after asking what ``start`` asks of its actor.

    Raises InvalidToken, TokenExpired, NotFound, PermissionDenied, UploadExpired.
    """
    found = select.uploads([tokens.read_upload(token, now=now)])
    if not found:
        raise NotFound
    (upload,) = found
    _require_account(upload)
    _require_place(upload)
    state = UploadState(upload.state)
    if transitions.is_live(upload) and upload.expires_at <= now:
        raise UploadExpired
    arrived = state in (UploadState.VERIFYING, UploadState.READY)
    return UploadStatus(state, upload.declared_size if arrived else 0, upload.declared_size)


def _load(token: str, *, now: datetime) -> Upload:
    found = select.uploads([tokens.read_upload(token, now=now)])
    upload = found[0] if found else None
    if upload is None:
        # The row is gone with its folder, or long after its end.
        raise InvalidToken
    ending = transitions.ending_of(upload)
    if ending is not None:
        raise ending
    if upload.state in (UploadState.VERIFYING, UploadState.READY):
        raise UploadAlreadyReceived
    if upload.expires_at <= now:
        with transaction.atomic():
            transitions.hold([upload.drive_id])
            transitions.end(upload, upload.drive, UploadState.EXPIRED, now=now)
        raise UploadExpired
    return upload


def _require_account(upload: Upload) -> None:
    if not is_active(Actor(upload.actor)):
        raise NotFound


def _require_place(upload: Upload) -> None:
    if is_trashed(upload.parent):
        raise NotFound
    permissions.require(Actor(upload.actor), Permission.UPLOAD, upload.parent)


def _take(upload: Upload, *, now: datetime) -> int:
    """Become the writer: a new attempt number, and a tombstone for what the writer before may still bring about."""
    attempt = upload.attempt + 1
    with transaction.atomic():
        taken = Upload.objects.filter(
            id=upload.id, attempt=upload.attempt, state__in=(UploadState.OPEN, UploadState.RECEIVING)
        ).update(state=UploadState.RECEIVING, attempt=attempt)
        if not taken:
            raise transitions.refusal(upload.id, attempt)
        former = transitions.owned_key(upload, upload.drive)
        if former is not None:
            tombstones.discard(upload.drive.backend_id, [former], settled=False, now=now)
    return attempt


def _mine(receiving: Receiving) -> QuerySet[Upload]:
    return Upload.objects.filter(id=receiving.upload_id, attempt=receiving.attempt, state=UploadState.RECEIVING)


def _reopen(upload_id: str, attempt: int) -> bool:
    moved = Upload.objects.filter(id=upload_id, attempt=attempt, state=UploadState.RECEIVING)
    return bool(moved.update(state=UploadState.OPEN))


def _fail(receiving: Receiving, mismatch: StorageError, *, now: datetime) -> bool:
    with transaction.atomic():
        upload = _mine(receiving).select_related("drive").first()
        if upload is None:
            return False
        transitions.hold([upload.drive_id])
        return transitions.end(upload, upload.drive, UploadState.FAILED, now=now, failure=mismatch.code)


def _mismatch(receiving: Receiving, size: int, sha256: str) -> StorageError | None:
    if size != receiving.size:
        return SizeMismatch(f"The upload was declared with {receiving.size} bytes; {size} arrived.")
    if receiving.declared_sha256 and receiving.declared_sha256 != sha256:
        return ChecksumMismatch()
    return None
