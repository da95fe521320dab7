"""Receive: what the byte plane does around a PUT. Called in a worker thread, never on the event loop.

``start`` judges everything that can be judged before the first byte. ``store`` makes the bytes durable, and ``finish``
tells the row; ``interrupt`` gives the upload back to whoever tries next. No rows are touched while bytes arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

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
from storage.selectors.actors import is_active
from storage.selectors.uploads import uploads
from storage.services import tombstones
from storage.services.uploads import states


@dataclass(frozen=True, slots=True)
class Receiving:
    """One PUT under way: write all bytes to ``writer``, then ``store`` and ``finish``, or ``interrupt``.

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
    if not drive.takes_bytes:
        raise DriveReadOnly
    backend = registry.backend_for(drive.backend)
    attempt = states.take(upload, now=now)
    key = states.key_of(upload, drive, attempt)
    try:
        writer = backend.open_writer(key)
    except BaseException:
        states.reopen(upload.id, attempt)
        raise
    return Receiving(
        upload.id, attempt, key, drive.backend_id, upload.declared_size, upload.declared_sha256, upload.name, writer
    )


def store(receiving: Receiving, *, size: int, sha256: str) -> None:
    """Make what arrived durable, unless it is not what was declared: then it is forgotten, and ``finish`` says so.

    No database: a store may take its time, and the threads that hold a connection are few. A writer that was overtaken
    meanwhile has an object of its own, which its ``finish`` discards. Raises BackendUnavailable, BackendFull (most
    likely nothing is there; a store that cannot tell may have kept it all the same): then call ``interrupt``.
    """
    if _mismatch(receiving, size, sha256) is None:
        receiving.writer.commit()
    else:
        receiving.writer.abort()


def finish(receiving: Receiving, *, size: int, sha256: str, content_type: str, now: datetime) -> None:
    """Take what ``store`` made durable: ``size`` bytes with this ``sha256`` (hex), a ``content_type`` by their looks.

    When this returns the upload waits to be finalized. Raises SizeMismatch, ChecksumMismatch (both end the upload),
    UploadSuperseded, UploadAborted, UploadExpired, UploadFailed.
    """
    mismatch = _mismatch(receiving, size, sha256)
    if mismatch is not None:
        if not _fail(receiving, mismatch, now=now):
            raise states.refusal(receiving.upload_id, receiving.attempt)
        raise mismatch
    if not states.receive(receiving.upload_id, receiving.attempt, size=size, sha256=sha256, content_type=content_type):
        # Whoever moved the upload on has discarded this attempt's object before it was there: so do it again.
        tombstones.discard(receiving.backend_id, [receiving.key], settled=True, now=now)
        raise states.refusal(receiving.upload_id, receiving.attempt)


def interrupt(receiving: Receiving, *, now: datetime) -> None:
    """The PUT broke off: forget its bytes and let the next one in. Never an error if somebody else has moved on.

    Who has a thread without a connection aborts the writer there first, as for ``store``.
    """
    receiving.writer.abort()
    with transaction.atomic():
        if states.reopen(receiving.upload_id, receiving.attempt):
            tombstones.discard(receiving.backend_id, [receiving.key], settled=False, now=now)


def status(token: str, *, now: datetime) -> UploadStatus:
    """Tell whoever holds the URL how far the upload is, after asking what ``start`` asks of its actor.

    Raises InvalidToken, TokenExpired, NotFound, PermissionDenied, UploadExpired.
    """
    found = uploads([tokens.read_upload(token, now=now)])
    if not found:
        raise NotFound
    (upload,) = found
    _require_account(upload)
    _require_place(upload)
    state = UploadState(upload.state)
    if states.is_overdue(upload, now):
        raise UploadExpired
    arrived = state in (UploadState.VERIFYING, UploadState.READY)
    return UploadStatus(state, upload.declared_size if arrived else 0, upload.declared_size)


def _load(token: str, *, now: datetime) -> Upload:
    found = uploads([tokens.read_upload(token, now=now)])
    upload = found[0] if found else None
    if upload is None or upload.direct:
        # The row is gone with its folder, or long after its end. A direct upload has no token.
        raise InvalidToken
    ending = states.ending_of(upload)
    if ending is not None:
        raise ending
    if not states.lacks_bytes(upload):
        raise UploadAlreadyReceived
    if states.is_overdue(upload, now):
        states.end_alone(upload, upload.drive, UploadState.EXPIRED, now=now)
        raise UploadExpired
    return upload


def _require_account(upload: Upload) -> None:
    if not is_active(Actor(upload.actor)):
        raise NotFound


def _require_place(upload: Upload) -> None:
    if upload.parent.is_trashed:
        raise NotFound
    permissions.require(Actor(upload.actor), Permission.UPLOAD, upload.parent)


def _fail(receiving: Receiving, mismatch: StorageError, *, now: datetime) -> bool:
    found = uploads([receiving.upload_id])
    if not found or (found[0].state, found[0].attempt) != (UploadState.RECEIVING, receiving.attempt):
        return False
    return states.end_alone(found[0], found[0].drive, UploadState.FAILED, now=now, failure=mismatch.code)


def _mismatch(receiving: Receiving, size: int, sha256: str) -> StorageError | None:
    if size != receiving.size:
        return SizeMismatch(f"The upload was declared with {receiving.size} bytes; {size} arrived.")
    if receiving.declared_sha256 and receiving.declared_sha256 != sha256:
        return ChecksumMismatch()
    return None
