"""Finalize: from verified bytes to a file that people see. Three phases, so that no transaction waits for a network.

1. Load and judge, and ask for permission, outside of any transaction.
2. Ask the store whether it has the objects: likewise.
3. ``publish``: the transaction that makes files. It reads again what the judgement rests on - the upload, the account
   of its actor, its folder and the ones above it, the drive, the newest grant of the installation - and begins again at
   1 when any has changed.

What 1 and 2 find out about an upload itself they write at once, each in a short transaction of its own that asks
nobody: that it ended (overdue, wrong bytes), that its bytes are lost, that those of a direct upload have come. Only
publishing waits until all is asked.

The core works on batches: uploads, permissions, names and blobs are each asked once. What a client was told is there,
and what it was not told is the old state. Doing it twice, or twice at once, gives the same answer.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from authz.types import Actor
from storage import content, permissions, registry
from storage.backends.types import ObjectStat
from storage.conf import MAX_BATCH
from storage.errors import (
    ChecksumMismatch,
    Conflict,
    DriveReadOnly,
    InvalidArgument,
    NotFound,
    QuotaExceeded,
    SizeMismatch,
    StorageError,
    UploadExpired,
    UploadIncomplete,
)
from storage.models import ConflictPolicy, File, Item, ItemKind, Upload, UploadState
from storage.names import key as key_of_name
from storage.permissions import Permission
from storage.selectors.folders import children
from storage.selectors.uploads import Standing, moved_on, uploads_with_standing
from storage.services.uploads import places, possession, states
from storage.services.uploads.publish import Changed, FinalizedUpload, Publishable, publish

logger = logging.getLogger("filegraph.storage")

_TRIES = 4


@dataclass(frozen=True, slots=True)
class FinalizeRequest:
    """Which upload; ``sha256`` (hex) is compared with what arrived, if given."""

    upload_id: str
    sha256: str = ""


def finalize(
    actor: Actor, requests: Sequence[FinalizeRequest], *, now: datetime
) -> list[FinalizedUpload | StorageError]:
    """Publish up to 100 uploads; an answer for each, in order.

    Errors per request: NotFound (also for another's upload), PermissionDenied, UploadIncomplete, UploadExpired,
    UploadAborted, UploadFailed, ChecksumMismatch, SizeMismatch and QuotaExceeded (which end the upload; the last when
    the store lost what had been sent to it, and there is no room to send it again), NameTaken, DriveReadOnly and
    BackendUnavailable (which do not: finalize again when the reason is gone). Raises InvalidArgument for a batch that
    is too long.
    """
    if len(requests) > MAX_BATCH:
        raise InvalidArgument(f"At most {MAX_BATCH} uploads can be finalized at once.")
    ended: dict[str, StorageError] = {}
    try:
        return _Batch(actor, now, ended).run(requests)
    except (Changed, IntegrityError):
        # One of them was moved in between, or shared bytes were purged. One by one, so that only that one is concerned.
        return [_retried(actor, request, now, ended) for request in requests]


def _retried(
    actor: Actor, request: FinalizeRequest, now: datetime, ended: dict[str, StorageError]
) -> FinalizedUpload | StorageError:
    for _ in range(_TRIES):
        try:
            return _Batch(actor, now, ended).run([request])[0]
        except (Changed, IntegrityError):
            continue
    return Conflict("The folder is being changed; finalize again.")


class _Batch:
    """One try. ``ended`` says of uploads that this call has ended why it did, also in a try before this one."""

    def __init__(self, actor: Actor, now: datetime, ended: dict[str, StorageError]) -> None:
        self.actor, self.now, self.ended = actor, now, ended
        self.answers: dict[str, FinalizedUpload | StorageError] = {}

    def run(self, requests: Sequence[FinalizeRequest]) -> list[FinalizedUpload | StorageError]:
        told: defaultdict[str, set[str]] = defaultdict(set)
        for request in requests:
            told[request.upload_id].update({request.sha256.lower()} - {""})
        rows, standings = uploads_with_standing(told)
        # Who was let in a moment ago may have been shut out since.
        uploads = {
            upload.id: upload
            for upload in rows
            if upload.actor == self.actor and standings[upload.id].is_of_active_account
        }
        waiting: list[Upload] = []
        finished: list[Upload] = []
        for upload_id, hashes in told.items():
            upload = uploads.get(upload_id)
            refusal = NotFound() if upload is None else self._judge(upload, hashes)
            if refusal is not None:
                self.answers[upload_id] = refusal
            elif upload is not None:
                (finished if upload.state == UploadState.READY else waiting).append(upload)
        self._answer_finished(finished)
        ready = self._replacing(self._lent(self._permitted(waiting, standings)))
        self.answers.update(publish(self._stored(ready, told), now=self.now))
        return [self.answers[request.upload_id] for request in requests]

    def _judge(self, upload: Upload, told: set[str]) -> StorageError | None:
        """Say what keeps the upload from becoming a file as far as its own row tells. ``told``: hashes of requests."""
        ending = self.ended.get(upload.id) or states.ending_of(upload)
        if ending is not None:
            return ending
        if states.is_overdue(upload, self.now):
            return self._end(upload, UploadState.EXPIRED, UploadExpired())
        if told and not states.lacks_bytes(upload) and told != {upload.received_sha256}:
            mismatch = ChecksumMismatch()
            return self._end(upload, UploadState.FAILED, mismatch) if states.is_live(upload) else mismatch
        return None

    def _end(self, upload: Upload, state: UploadState, reason: StorageError) -> StorageError:
        failure = reason.code if state is UploadState.FAILED else ""
        if not states.end_alone(upload, upload.drive, state, now=self.now, failure=failure):
            raise Changed
        self.ended[upload.id] = reason
        return reason

    def _answer_finished(self, finished: list[Upload]) -> None:
        """Answer for uploads that are READY: their file, if it is still there and she may see it."""
        if not finished:
            return
        files = File.objects.filter(id__in=[upload.file_id for upload in finished], trash__isnull=True).in_bulk()
        verdicts = permissions.require_all(self.actor, [(Permission.VIEW, file) for file in files.values()])
        seen = {file.id: file for file, refusal in zip(files.values(), verdicts, strict=True) if refusal is None}
        for upload in finished:
            self.answers[upload.id] = FinalizedUpload(upload, seen.get(upload.file_id))

    def _permitted(self, uploads: list[Upload], standings: dict[str, Standing]) -> list[Publishable]:
        """Ask again what begin asked: rights may have gone since, and so may the folder."""
        if not uploads:
            return []
        parents = {upload.parent_id: upload.parent for upload in uploads if not upload.parent.is_trashed}
        verdicts = dict(zip(parents, places.judge(self.actor, list(parents.values())), strict=True))
        ready = []
        for upload in uploads:
            refusal, sees = verdicts.get(upload.parent_id, (NotFound(), False))
            if refusal is None and not upload.drive.takes_bytes:
                refusal = DriveReadOnly()
            if refusal is None and states.lacks_bytes(upload) and not upload.direct:
                refusal = UploadIncomplete()
            if refusal is not None:
                self.answers[upload.id] = refusal
            else:
                ready.append(Publishable(upload, standings[upload.id], sees=sees))
        return ready

    def _lent(self, ready: list[Publishable]) -> list[Publishable]:
        """Look again at uploads that sent nothing because the bytes were there: they may have been purged, or closed to
        her. Then the bytes have to be sent after all."""
        kept = []
        contents = {
            each.upload.id: possession.Content(
                each.upload.drive_id, each.upload.received_sha256, each.upload.received_size or 0
            )
            for each in ready
            if each.upload.is_borrowed
        }
        found = possession.find(self.actor, contents.values())
        for each in ready:
            content = contents.get(each.upload.id)
            if content is not None:
                each.lent = found.get(content)
                if each.lent is None:
                    self._lose(each.upload)
                    continue
            kept.append(each)
        return kept

    def _replacing(self, ready: list[Publishable]) -> list[Publishable]:
        """Find the files that are to be replaced, and ask whether she may edit them."""
        asking = [each for each in ready if each.policy is ConflictPolicy.REPLACE]
        if not asking:
            return ready
        keys = {each.upload.id: key_of_name(each.upload.name) for each in asking}
        rows = children({each.upload.parent_id for each in asking}, set(keys.values()))
        files = {(row.parent_id, row.name_key): row for row in rows if row.kind == ItemKind.FILE}
        replaced: dict[str, Item] = {}
        for each in asking:
            each.replaces = files.get((each.upload.parent_id, keys[each.upload.id]))
            if each.replaces is not None:
                replaced[each.upload.id] = each.replaces
        verdicts = permissions.require_all(self.actor, [(Permission.EDIT, file) for file in replaced.values()])
        for upload_id, refusal in zip(replaced, verdicts, strict=True):
            if refusal is not None:
                self.answers[upload_id] = refusal
        return [each for each in ready if each.upload.id not in self.answers]

    def _stored(self, ready: list[Publishable], told: Mapping[str, set[str]]) -> list[Publishable]:
        """Ask the stores for the objects: of a direct upload that has just come, and because a row may be from a
        backup, and its object not. Nothing is read. ``told``: the hashes in the requests, by upload.
        """
        kept = [each for each in ready if each.lent is not None]
        by_backend: defaultdict[str, list[Publishable]] = defaultdict(list)
        for each in ready:
            if each.lent is None:
                by_backend[each.upload.drive.backend_id].append(each)
        arrived = []
        for members in by_backend.values():
            keys = {states.key_of(each.upload, each.upload.drive): each for each in members}
            try:
                found = registry.backend_for(members[0].upload.drive.backend).stat_all(list(keys))
            except StorageError as error:
                self.answers.update({each.upload.id: error for each in members})
                continue
            for key, each in keys.items():
                if not states.lacks_bytes(each.upload):
                    if self._is_there(each.upload, found[key]):
                        kept.append(each)
                elif self._has_come(each.upload, found[key], told[each.upload.id]):
                    arrived.append(each)
        if arrived:
            if not states.arrive([each.upload for each in arrived]):
                raise Changed
            for each in arrived:
                each.standing = moved_on(each.standing, each.upload)
        return kept + arrived

    def _is_there(self, upload: Upload, found: ObjectStat | None) -> bool:
        if found is not None and found.size == upload.declared_size:
            return True
        self._lose(upload)
        return False

    def _has_come(self, upload: Upload, found: ObjectStat | None, told: set[str]) -> bool:
        """Judge what a client sent to the store itself. The store has refused other bytes than were declared; that
        they are these, it says again here."""
        if found is None:
            self.answers[upload.id] = UploadIncomplete()
        elif found.size != upload.declared_size:
            size = SizeMismatch(f"The upload was declared with {upload.declared_size} bytes; {found.size} arrived.")
            self.answers[upload.id] = self._end(upload, UploadState.FAILED, size)
        elif found.sha256 != upload.declared_sha256 or told - {found.sha256}:
            if found.sha256 is None:
                # Stores that never tell are refused when they are set up. This one did not keep what it was told, as
                # when a client adds a Content-Encoding: her link is used up, so the upload ends.
                logger.warning("the store tells no SHA-256 of what came for upload %s", upload.id)
            self.answers[upload.id] = self._end(upload, UploadState.FAILED, ChecksumMismatch())
        else:
            upload.received_size, upload.received_sha256 = found.size, found.sha256
            upload.received_type = content.supposed(upload.name, upload.declared_type)
            return True
        return False

    def _lose(self, upload: Upload) -> None:
        """Send the upload back to where its bytes are missing; end it if there is no room to send them again."""
        try:
            if not states.lose(upload, upload.drive, now=self.now):
                raise Changed
        except QuotaExceeded as error:
            self.answers[upload.id] = self._end(upload, UploadState.FAILED, error)
        else:
            self.answers[upload.id] = UploadIncomplete()
