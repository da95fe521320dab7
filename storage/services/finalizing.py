"""Finalize: from verified bytes to a file that people see, in one transaction.

The core works on batches: uploads, permissions, names and blobs are each asked once, rows are inserted in bulk. In that
transaction the permission is asked again, the name is chosen under the folder's lock, and quota turns from reserved to
used; so what a client was told is there, and what it was not told is the old state. Doing it twice, or twice at once,
gives the same answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from authz.types import Actor
from storage import permissions
from storage.conf import MAX_BATCH
from storage.errors import (
    ChecksumMismatch,
    Conflict,
    DriveReadOnly,
    InvalidArgument,
    NotFound,
    StorageError,
    UploadExpired,
    UploadIncomplete,
)
from storage.models import Blob, ConflictPolicy, File, FileVersion, Item, ItemKind, Upload, UploadState
from storage.permissions import Permission
from storage.selectors import uploads as select
from storage.selectors.mapping import change, marks, moment
from storage.services import placement, possession, quota, tombstones, transitions
from storage.services.nodes import is_trashed
from storage.services.placement import Placement, Wanted

_WITHOUT_BYTES = (UploadState.OPEN, UploadState.RECEIVING)


@dataclass(frozen=True, slots=True)
class FinalizeRequest:
    """Which upload; ``sha256`` (hex) is compared with what arrived, if given."""

    upload_id: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class FinalizedUpload:
    """The upload, and its file; None where its sender may not see it (a drop box), or where it has gone since."""

    upload: Upload
    file: File | None


def finalize(
    actor: Actor, requests: Sequence[FinalizeRequest], *, now: datetime
) -> list[FinalizedUpload | StorageError]:
    """Publish up to 100 uploads; an answer for each, in order.

    Errors per request: NotFound (also for another's upload), PermissionDenied, UploadIncomplete, UploadExpired,
    UploadAborted, UploadFailed, ChecksumMismatch (which ends the upload), NameTaken and DriveReadOnly (which do not:
    finalize again when the reason is gone). Raises InvalidArgument for a batch that is too long.
    """
    if len(requests) > MAX_BATCH:
        raise InvalidArgument(f"At most {MAX_BATCH} uploads can be finalized at once.")
    try:
        return _once(actor, requests, now)
    except IntegrityError:
        # Somebody took the name or purged the shared bytes in between. One by one, so that only that one is concerned.
        return [_retried(actor, request, now) for request in requests]


def _retried(actor: Actor, request: FinalizeRequest, now: datetime) -> FinalizedUpload | StorageError:
    for _ in range(3):
        try:
            return _once(actor, [request], now)[0]
        except IntegrityError:
            continue
    return Conflict("The folder is being changed; finalize again.")


def _once(actor: Actor, requests: Sequence[FinalizeRequest], now: datetime) -> list[FinalizedUpload | StorageError]:
    with transaction.atomic():
        return _Batch(actor, now).run(requests)


@dataclass(slots=True)
class _Ready:
    """An upload on its way to a file: where it goes, and the bytes it will have."""

    upload: Upload
    sees: bool
    placement: Placement | None = None
    blob: Blob | None = None


class _Batch:
    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        self.answers: dict[str, FinalizedUpload | StorageError] = {}

    def run(self, requests: Sequence[FinalizeRequest]) -> list[FinalizedUpload | StorageError]:
        uploads = self._load({request.upload_id for request in requests})
        waiting: dict[str, Upload] = {}
        for request in requests:
            upload = uploads.get(request.upload_id)
            if upload is None or upload.actor != self.actor:
                self.answers[request.upload_id] = NotFound()
            elif upload.id not in self.answers and upload.id not in waiting:
                refusal = self._judge(upload, request.sha256.lower())
                if refusal is not None:
                    self.answers[upload.id] = refusal
                elif upload.state != UploadState.READY:
                    waiting[upload.id] = upload
        self._answer_finished(
            [upload for upload in uploads.values() if upload.id not in self.answers and upload.id not in waiting]
        )
        ready = self._placed(self._in_store(self._permitted(list(waiting.values()))))
        self._publish(ready)
        return [self.answers[request.upload_id] for request in requests]

    def _load(self, ids: set[str]) -> dict[str, Upload]:
        transitions.hold_drives_of(ids)
        return {upload.id: upload for upload in select.uploads(ids, lock=True)}

    def _judge(self, upload: Upload, sha256: str) -> StorageError | None:
        """Say what keeps the upload from becoming a file as far as its own row tells."""
        ending = transitions.ending_of(upload)
        if ending is not None:
            return ending
        if upload.state != UploadState.READY and upload.expires_at <= self.now:
            transitions.end(upload, upload.drive, UploadState.EXPIRED, now=self.now)
            return UploadExpired()
        if sha256 and upload.state not in _WITHOUT_BYTES and sha256 != upload.received_sha256:
            if upload.state != UploadState.READY:
                transitions.end(upload, upload.drive, UploadState.FAILED, now=self.now, failure=ChecksumMismatch.code)
            return ChecksumMismatch()
        return None

    def _answer_finished(self, finished: list[Upload]) -> None:
        """Answer for uploads that are READY: their file, if it is still there and she may see it."""
        if not finished:
            return
        files = File.objects.filter(id__in=[upload.file_id for upload in finished], trash__isnull=True).in_bulk()
        verdicts = permissions.require_all(self.actor, [(Permission.VIEW, file) for file in files.values()])
        seen = {file.id: file for file, refusal in zip(files.values(), verdicts, strict=True) if refusal is None}
        for upload in finished:
            self.answers[upload.id] = FinalizedUpload(upload, seen.get(upload.file_id))

    def _permitted(self, uploads: list[Upload]) -> list[_Ready]:
        """Ask again what begin asked: rights may have gone since, and so may the folder."""
        parents = {upload.parent_id: upload.parent for upload in uploads if not is_trashed(upload.parent)}
        verdicts = permissions.require_all(
            self.actor,
            [
                (permission, folder)
                for folder in parents.values()
                for permission in (Permission.UPLOAD, Permission.VIEW)
            ],
        )
        pairs = dict(zip(parents, zip(verdicts[::2], verdicts[1::2], strict=True), strict=True))
        ready = []
        for upload in uploads:
            refusal, unseen = pairs.get(upload.parent_id, (NotFound(), NotFound()))
            if refusal is None and (upload.drive.archived_at or not upload.drive.backend.writable):
                refusal = DriveReadOnly()
            if refusal is None and upload.state in _WITHOUT_BYTES:
                refusal = UploadIncomplete()
            if refusal is not None:
                self.answers[upload.id] = refusal
            else:
                ready.append(_Ready(upload, sees=unseen is None))
        return ready

    def _in_store(self, ready: list[_Ready]) -> list[_Ready]:
        """Look again at uploads that sent nothing because the bytes were there: they may have been purged, or closed to
        her. Then the bytes have to be sent after all."""
        kept = []
        for each in ready:
            upload = each.upload
            if upload.attempt == 0:
                each.blob = possession.find(
                    self.actor, upload.drive_id, upload.received_sha256, upload.received_size or 0
                )
                if each.blob is None:
                    Upload.objects.filter(id=upload.id).update(
                        state=UploadState.OPEN, blob=None, received_size=None, received_sha256="", received_type=""
                    )
                    self.answers[upload.id] = UploadIncomplete()
                    continue
            kept.append(each)
        return kept

    def _placed(self, ready: list[_Ready]) -> list[_Ready]:
        by_folder: defaultdict[str, list[_Ready]] = defaultdict(list)
        for each in ready:
            by_folder[each.upload.parent_id].append(each)
        for folder_id, members in sorted(by_folder.items()):
            wanted = [Wanted(each.upload.name, _policy(each)) for each in members]
            for each, place in zip(members, placement.place_all_held(folder_id, wanted), strict=True):
                if isinstance(place, StorageError):
                    self.answers[each.upload.id] = place
                else:
                    each.placement = place
        placed = [each for each in ready if each.placement is not None]
        return self._allowed_to_replace(placed)

    def _allowed_to_replace(self, placed: list[_Ready]) -> list[_Ready]:
        replaced = {e.upload.id: e.placement.existing for e in placed if e.placement and e.placement.existing}
        if not replaced:
            return placed
        verdicts = permissions.require_all(self.actor, [(Permission.EDIT, item) for item in replaced.values()])
        for upload_id, refusal in zip(replaced, verdicts, strict=True):
            if refusal is not None:
                self.answers[upload_id] = refusal
        return [each for each in placed if each.upload.id not in self.answers]

    def _publish(self, ready: list[_Ready]) -> None:
        if not ready:
            return
        self._find_blobs(ready)
        numbers = _next_numbers([e.placement.existing.id for e in ready if e.placement and e.placement.existing])
        items: list[File] = []
        versions: list[FileVersion] = []
        for each in ready:
            version, item, is_new = self._rows(each, numbers)
            versions.append(version)
            if is_new:
                items.append(item)
            self.answers[each.upload.id] = FinalizedUpload(each.upload, item if each.sees else None)
        # A file points to its version and the version to its file: the database checks both when the transaction ends.
        select.ITEMS.insert(items)
        select.VERSIONS.insert(versions)
        settled = Counter[str]()
        for each in ready:
            settled[each.upload.drive_id] += each.upload.declared_size
        for drive_id, size in sorted(settled.items()):
            quota.settle(drive_id, size)
        ids = [each.upload.id for each in ready]
        change(
            f"UPDATE storage_upload SET state = %s, finished_at = %s WHERE id IN ({marks(ids)})",  # noqa: S608
            [UploadState.READY.value, moment(self.now), *ids],
        )

    def _find_blobs(self, ready: list[_Ready]) -> None:
        """Give each upload its blob: the drive's one of that content if there is one, else its own object becomes it.

        An object that turned out to be a second copy is discarded.
        """
        own = [each for each in ready if each.blob is None]
        if not own:
            return
        fresh: dict[tuple[str, str, int], Blob] = {}
        for each in own:
            content = _content(each.upload)
            if content not in fresh:
                fresh[content] = select.BLOBS.new(
                    drive_id=each.upload.drive_id,
                    backend_id=each.upload.drive.backend_id,
                    key=transitions.key_of(each.upload, each.upload.drive),
                    sha256=each.upload.received_sha256,
                    size=each.upload.declared_size,
                    created_at=self.now,
                )
        # Most contents are new: so insert first, and look only where the drive had some of them already.
        is_new = select.BLOBS.insert(list(fresh.values()), ignore_conflicts=True) == len(fresh)
        found = fresh if is_new else _blobs(own)
        superfluous: defaultdict[str, list[str]] = defaultdict(list)
        for each in own:
            each.blob = found[_content(each.upload)]
            key = transitions.key_of(each.upload, each.upload.drive)
            if each.blob.key != key:
                superfluous[each.upload.drive.backend_id].append(key)
        for backend_id, object_keys in superfluous.items():
            tombstones.discard(backend_id, object_keys, settled=True, now=self.now)

    def _rows(self, each: _Ready, numbers: dict[str, int]) -> tuple[FileVersion, File, bool]:
        upload, place, blob = each.upload, each.placement, each.blob
        assert place is not None
        assert blob is not None
        existing = place.existing
        version = select.VERSIONS.new(
            file_id=existing.id if existing else upload.file_id,
            blob_id=blob.id,
            number=numbers[existing.id] if existing else 1,
            content_type=upload.received_type,
            created_at=self.now,
            created_by_id=upload.created_by_id,
        )
        current = {
            "size": blob.size,
            "content_type": upload.received_type,
            "sha256": blob.sha256,
            "current_version_id": version.id,
            "updated_at": self.now,
        }
        upload.state, upload.finished_at = UploadState.READY, self.now
        if existing is not None:
            Item.objects.filter(id=existing.id).update(**current)
            Upload.objects.filter(id=upload.id).update(file_id=existing.id)
            upload.file_id = existing.id
            return version, _as_file(existing, current), False
        file = select.FILES.new(
            id=upload.file_id,
            kind=ItemKind.FILE,
            drive_id=upload.drive_id,
            parent_id=upload.parent_id,
            name=place.name,
            name_key=place.name_key,
            created_at=self.now,
            created_by_id=upload.created_by_id,
            **current,
        )
        return version, file, True


def _policy(each: _Ready) -> ConflictPolicy:
    """In a folder that she cannot view a clash must not be told, and nothing unseen is replaced: the name is varied."""
    return ConflictPolicy(each.upload.on_conflict) if each.sees else ConflictPolicy.RENAME


def _content(upload: Upload) -> tuple[str, str, int]:
    return upload.drive_id, upload.received_sha256, upload.declared_size


def _blobs(ready: Sequence[_Ready]) -> dict[tuple[str, str, int], Blob]:
    rows = select.blobs({each.upload.drive_id for each in ready}, {each.upload.received_sha256 for each in ready})
    return {(blob.drive_id, blob.sha256, blob.size): blob for blob in rows}


def _next_numbers(file_ids: Sequence[str]) -> dict[str, int]:
    if not file_ids:
        return {}
    rows = FileVersion.objects.filter(file_id__in=file_ids).values_list("file_id").annotate(Max("number"))
    return {file_id: (highest or 0) + 1 for file_id, highest in rows}


def _as_file(item: Item, current: dict[str, Any]) -> File:
    file = File()
    file.__dict__.update(item.__dict__, **current)
    return file
