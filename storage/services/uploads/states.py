"""The state machine of an upload, and what each step does to quota and bytes. No permissions and no requests here.

                 take              receive               publish
    (new) -> OPEN ----> RECEIVING ---------> VERIFYING ---------> READY
               ^ ^       | (take)             | ^
               | +-------+                    | +---- (new), by borrow: the bytes are there, nothing is sent
               |  reopen: the PUT broke off   |
               +------------------------------+
                  lose: the bytes that were there are not, or are closed to her

    OPEN ----> VERIFYING       by arrive: a direct upload, whose object was found in the store at finalize
    OPEN, RECEIVING, VERIFYING ----> ABORTED | EXPIRED | FAILED            by end

This is the only module that writes a state. Every step is a conditional UPDATE: it names the state it leaves (and the
attempt, where a writer takes it), so of two callers in parallel one wins and the other is told. An upload in RECEIVING
or VERIFYING owns the object of its present attempt; whatever ends it, or sends it back, discards that object with a
tombstone in the same transaction. In OPEN it owns none, and what is borrowed it never owns. A direct upload owns its
object in all three, for a link may bring it about at any moment, also after the end: so its reservation outlives it.
The tombstone holds it until the links have ended and what they may have brought was looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

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
from storage.models import LIVE_STATES, Blob, Drive, Upload, UploadState
from storage.selectors.locks import hold_drives
from storage.services import quota, tombstones
from storage.services.tombstones import HeldObject
from storage.tables import change, marks, moment

LINK_MARGIN = timedelta(minutes=15)
"""How long after its end a link may still be of use. A store judges it by a clock of its own, which may be this much
behind: S3 refuses whoever is further off (RequestTimeTooSkewed), our own requests too, and what cannot be looked for
stays held. It also covers a link that was signed while its upload ended, and a PUT that had begun by then."""

_OPEN_STATES = (UploadState.OPEN, UploadState.RECEIVING)
_WITH_OBJECT = (UploadState.RECEIVING, UploadState.VERIFYING)
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
    owns = upload.state in (LIVE_STATES if upload.direct else _WITH_OBJECT)
    return key_of(upload, drive) if owns and not upload.is_borrowed else None


def is_settled(upload: Upload) -> bool:
    """Tell whether nobody can write the object of the present attempt any more."""
    return upload.state in (UploadState.VERIFYING, UploadState.READY) and not upload.direct


def is_live(upload: Upload) -> bool:
    """Tell whether the upload holds a reservation."""
    return upload.state in LIVE_STATES


def is_overdue(upload: Upload, now: datetime) -> bool:
    """Tell whether the upload is under way although its time is over: nobody has written that down yet."""
    return is_live(upload) and upload.expires_at <= now


def lacks_bytes(upload: Upload) -> bool:
    """Tell whether the bytes have still to come."""
    return upload.state in _OPEN_STATES


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


def borrow(upload: Upload, blob: Blob, content_type: str) -> None:
    """Let an upload that is not in the database yet begin in VERIFYING, with bytes that are there."""
    upload.blob, upload.state = blob, UploadState.VERIFYING
    upload.received_size, upload.received_sha256, upload.received_type = blob.size, blob.sha256, content_type


def send_directly(upload: Upload, *, link_lifetime: int) -> None:
    """Let an upload that is not in the database yet be sent to the store itself: as its first attempt.

    ``link_lifetime`` in seconds: of each link to it, whatever the settings say by the time that one is made.
    """
    upload.link_lifetime, upload.attempt = link_lifetime, 1


def take(upload: Upload, *, now: datetime) -> int:
    """OPEN or RECEIVING to RECEIVING: become the writer, and return the number of the attempt.

    What the writer before may still bring about is discarded. Raises why not, where somebody else was faster.
    """
    attempt = upload.attempt + 1
    with transaction.atomic():
        if not _move(upload.id, upload.attempt, _OPEN_STATES, state=UploadState.RECEIVING, attempt=attempt):
            raise refusal(upload.id, attempt)
        former = owned_key(upload, upload.drive)
        if former is not None:
            tombstones.discard(upload.drive.backend_id, [former], settled=False, now=now)
    return attempt


def reopen(upload_id: str, attempt: int) -> bool:
    """RECEIVING to OPEN: this attempt broke off. Its object is the caller's to discard. False: it was not the one."""
    return _move(upload_id, attempt, [UploadState.RECEIVING], state=UploadState.OPEN)


def receive(upload_id: str, attempt: int, *, size: int, sha256: str, content_type: str) -> bool:
    """RECEIVING to VERIFYING: the object of this attempt is durable. False: it was not the one any more."""
    return _move(
        upload_id,
        attempt,
        [UploadState.RECEIVING],
        state=UploadState.VERIFYING,
        received_size=size,
        received_sha256=sha256,
        received_type=content_type,
    )


def arrive(uploads: Sequence[Upload]) -> bool:
    """OPEN to VERIFYING, for direct uploads whose ``received_*`` say what the store holds. One transaction.

    False when one of them moved first; then none has moved.
    """
    with transaction.atomic():
        # In one order for all, so that no two who finalize the same uploads wait for each other.
        for upload in sorted(uploads, key=lambda each: each.id):
            assert upload.direct
            moved = _move(
                upload.id,
                upload.attempt,
                [UploadState.OPEN],
                state=UploadState.VERIFYING,
                received_size=upload.received_size,
                received_sha256=upload.received_sha256,
                received_type=upload.received_type,
            )
            if not moved:
                transaction.set_rollback(True)
                return False
    for upload in uploads:
        upload.state = UploadState.VERIFYING
    return True


def lose(upload: Upload, drive: Drive, *, now: datetime) -> bool:
    """VERIFYING to OPEN: the bytes have to be sent after all. False when somebody else moved it first.

    A direct upload goes on to its next attempt, with another reservation: links to the present one may live, so that
    its key has a tombstone which holds the first. Raises QuotaExceeded where there is no room for two.
    """
    with transaction.atomic():
        hold_drives([drive.id])
        moved = _move(
            upload.id,
            upload.attempt,
            [UploadState.VERIFYING],
            state=UploadState.OPEN,
            attempt=upload.attempt + upload.direct,
            blob_id=None,
            received_size=None,
            received_sha256="",
            received_type="",
        )
        if moved:
            if upload.direct:
                quota.reserve(drive.id, upload.declared_size)
            _give_up_objects([upload], drive, now)
    return moved


def publish(uploads: Sequence[Upload], *, now: datetime) -> bool:
    """VERIFYING to READY, for all of them in a transaction that holds their drives, and that makes them files.

    False when one of them moved first: then the transaction must not be committed.
    """
    ids = [upload.id for upload in uploads]
    moved = change(
        f"UPDATE storage_upload SET state = %s, finished_at = %s WHERE id IN ({marks(ids)}) AND state = %s",  # noqa: S608
        [UploadState.READY.value, moment(now), *ids, UploadState.VERIFYING.value],
    )
    for upload in uploads:
        upload.state, upload.finished_at = UploadState.READY, now
    return moved == len(ids)


def end(upload: Upload, drive: Drive, state: UploadState, *, now: datetime, failure: str = "") -> bool:
    """Any live state to ABORTED, EXPIRED or FAILED: let go of the reservation and the object.

    Call it in a transaction that holds the drive. False when somebody else moved it first: look again. ``upload`` is
    brought up to date.
    """
    left = UploadState(upload.state)
    if not _move(upload.id, upload.attempt, [left], state=state, failure=failure, finished_at=moment(now)):
        return False
    let_go([upload], drive, now=now)
    upload.state, upload.failure, upload.finished_at = state, failure, now
    return True


def end_alone(upload: Upload, drive: Drive, state: UploadState, *, now: datetime, failure: str = "") -> bool:
    """``end`` in a transaction of its own."""
    with transaction.atomic():
        hold_drives([drive.id])
        return end(upload, drive, state, now=now, failure=failure)


def end_all(uploads: Sequence[Upload], state: UploadState, *, now: datetime) -> int:
    """End live uploads (loaded with their drive) as ``end`` does; count them. Those that moved meanwhile are left."""
    hold_drives({upload.drive_id for upload in uploads})
    return sum(end(upload, upload.drive, state, now=now) for upload in uploads)


def let_go(uploads: Sequence[Upload], drive: Drive, *, now: datetime) -> None:
    """Discard what live uploads of one drive may have brought, and give back what they reserved: at once, or where
    links live, when these can bring nothing any more. The caller holds the drive, and changes or deletes their rows.
    """
    _give_up_objects(uploads, drive, now)
    quota.release(drive.id, sum(each.declared_size for each in uploads if not each.direct))


def _give_up_objects(uploads: Sequence[Upload], drive: Drive, now: datetime) -> None:
    for settled in (False, True):
        ours = [each for each in uploads if not each.direct and is_settled(each) is settled]
        owned = [key for each in ours if (key := owned_key(each, drive)) is not None]
        tombstones.discard(drive.backend_id, owned, settled=settled, now=now)
    tombstones.hold(
        drive,
        [
            HeldObject(key_of(each, drive), each.actor, each.declared_size, until=_links_end(each, now))
            for each in uploads
            if each.direct
        ],
    )


def _links_end(upload: Upload, now: datetime) -> datetime:
    """Return when no link to a direct upload that ends now can be of use any more: one may be made this moment."""
    assert upload.link_lifetime is not None
    return min(upload.expires_at, now + timedelta(seconds=upload.link_lifetime)) + LINK_MARGIN


def _move(upload_id: str, held: int, leaves: Collection[UploadState], *, state: UploadState, **more: Any) -> bool:
    """Take one step from a state that it ``leaves``, as attempt ``held``. ``more``: other columns to write."""
    columns = "".join(f", {column} = %s" for column in more)
    return bool(
        change(
            f"UPDATE storage_upload SET state = %s{columns} "  # noqa: S608 - our own names
            f"WHERE id = %s AND attempt = %s AND state IN ({marks(leaves)})",
            [state.value, *more.values(), upload_id, held, *(left.value for left in leaves)],
        )
    )
