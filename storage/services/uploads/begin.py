"""Begin: from what a client declares to an ``Upload`` row and a way to send the bytes.

The core works on batches: one statement for the parents and the names in them, one permission batch, one for quota and
limit, one INSERT. Every request has its own answer; one that is refused does not disturb the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from authz.types import Actor
from storage import conf, permissions, registry
from storage.backends.base import StorageBackend
from storage.conf import MAX_BATCH
from storage.errors import (
    Conflict,
    DriveReadOnly,
    InvalidArgument,
    NameTaken,
    NotFound,
    QuotaExceeded,
    StorageError,
    UploadExpired,
)
from storage.models import ConflictPolicy, Drive, Item, ItemKind, Upload
from storage.permissions import Permission
from storage.selectors.folders import folders_and_children
from storage.selectors.locks import lock_uploads_of
from storage.selectors.uploads import count_under_way, held_of
from storage.services import quota
from storage.services.uploads import places, possession, states
from storage.services.uploads.declaration import BeginRequest, began, checked
from storage.services.uploads.places import Verdict
from storage.services.uploads.room import no_room, too_many
from storage.services.uploads.transport import Transport, transport_of
from storage.tables import UPLOADS


@dataclass(frozen=True, slots=True)
class StartedUpload:
    """An upload and how to send its bytes."""

    upload: Upload
    transport: Transport


def begin(
    actor: Actor, created_by_id: str | None, requests: Sequence[BeginRequest], *, now: datetime
) -> list[StartedUpload | StorageError]:
    """Begin up to 100 uploads; an answer for each, in order.

    Errors per request: InvalidName, InvalidArgument, FileTooLarge, NotFound, PermissionDenied, NameTaken (with
    ConflictPolicy.FAIL), DriveReadOnly, QuotaExceeded, TooManyUploads, Conflict (an idempotency key used for something
    else), UploadExpired, UploadAborted, UploadFailed (a key used again after that end), BackendUnavailable. The same
    actor with the same key and the same input gets the same upload. Raises InvalidArgument for a batch that is too
    long.
    """
    if len(requests) > MAX_BATCH:
        raise InvalidArgument(f"At most {MAX_BATCH} uploads can be begun at once.")
    for _ in range(3):
        try:
            return _Batch(actor, created_by_id, requests, now).run()
        except IntegrityError:
            # The same idempotency key, at the same time: the other call won, and now its row can be found.
            continue
    return [Conflict("The same upload is being begun elsewhere.") for _ in requests]


@dataclass(slots=True)
class _Place:
    """A folder that uploads go to, and what its actor may do there."""

    folder: Item
    drive: Drive
    driver: StorageBackend
    visible: bool


class _Batch:
    def __init__(
        self, actor: Actor, created_by_id: str | None, requests: Sequence[BeginRequest], now: datetime
    ) -> None:
        self.actor, self.created_by_id, self.requests, self.now = actor, created_by_id, requests, now
        self.settings = conf.current()
        self.expires_at = now + timedelta(seconds=self.settings.upload_lifetime)
        self.results: dict[int, StartedUpload | StorageError] = {}
        self.keys: dict[int, str] = {}
        self.places: dict[int, _Place] = {}

    def run(self) -> list[StartedUpload | StorageError]:
        for index, request in enumerate(self.requests):
            try:
                self.keys[index] = checked(request, self.settings.max_file_size)
            except StorageError as error:
                self.results[index] = error
        taken = self._find_places()
        repeated = self._answer_repeated()
        self._refuse_taken(taken)
        started = self._started()
        if started:
            with transaction.atomic():
                self._insert(started)
        for index, first in repeated.items():
            self.results[index] = self._repeat(index, self.results[first])
        return [self.results[index] for index in range(len(self.requests))]

    def _open(self) -> list[int]:
        return [index for index in range(len(self.requests)) if index not in self.results]

    def _find_places(self) -> list[Item]:
        """Find the parents and ask what the actor may do there; both once per distinct parent.

        Return what lies there under the names that are asked for, among the same names in other folders of the batch.
        """
        wanted = {index: (self.requests[index].parent_kind, self.requests[index].parent_id) for index in self._open()}
        # A drive is found by its id, which is that of its root folder too; that one is no folder for a client.
        parents = {parent_id for _, parent_id in wanted.values()}
        folders, taken = folders_and_children(parents, {self.keys[index] for index in wanted})
        found = {("drive" if folder.id == folder.drive_id else "folder", folder.id): folder for folder in folders}
        verdicts = places.judge(self.actor, list(found.values()))
        judged = {
            parent: _place(folder, verdict) for (parent, folder), verdict in zip(found.items(), verdicts, strict=True)
        }
        for index, parent in wanted.items():
            place = judged.get(parent, NotFound())
            if isinstance(place, StorageError):
                self.results[index] = place
            else:
                self.places[index] = place
        return taken

    def _answer_repeated(self) -> dict[int, int]:
        """Answer requests whose idempotency key has been used before. Those used twice in this batch are returned, each
        with the index of the first, to be answered after it."""
        keyed = {index: key for index in self._open() if (key := self.requests[index].idempotency_key) is not None}
        if not keyed:
            return {}
        rows = Upload.objects.filter(actor=self.actor, idempotency_key__in=set(keyed.values()))
        known = {upload.idempotency_key: upload for upload in rows}
        first: dict[str, int] = {}
        repeated: dict[int, int] = {}
        for index, key in keyed.items():
            if key in known:
                self.results[index] = self._started_again(index, known[key])
            elif first.setdefault(key, index) != index:
                repeated[index] = first[key]
                self.results[index] = Conflict()
        return repeated

    def _repeat(self, index: int, first: StartedUpload | StorageError) -> StartedUpload | StorageError:
        return first if isinstance(first, StorageError) else self._started_again(index, first.upload)

    def _started_again(self, index: int, upload: Upload) -> StartedUpload | StorageError:
        if not began(self.requests[index], upload):
            return Conflict("This idempotency key was used for another upload.", path=["idempotencyKey"])
        place = self.places[index]
        upload.drive = place.drive
        try:
            transport = transport_of(upload, place.driver, now=self.now)
        except StorageError as error:
            return error
        return StartedUpload(upload, transport) if transport else states.ending_of(upload) or UploadExpired()

    def _refuse_taken(self, found: list[Item]) -> None:
        """Refuse early what finalize would refuse: a taken name, or a file to replace that she may not edit.

        Not for a drop box: what lies in a folder that she cannot view must not be told by an error.
        """
        taken = {(row.parent_id, row.name_key): row for row in found}
        replaced: dict[int, Item] = {}
        for index in self._open():
            place = self.places[index]
            row = taken.get((place.folder.id, self.keys[index])) if place.visible else None
            if row is None or self.requests[index].on_conflict == ConflictPolicy.RENAME:
                continue
            if self.requests[index].on_conflict == ConflictPolicy.FAIL or row.kind != ItemKind.FILE:
                self.results[index] = NameTaken()
            else:
                replaced[index] = row
        if replaced:
            verdicts = permissions.require_all(self.actor, [(Permission.EDIT, row) for row in replaced.values()])
            self.results.update(
                {index: refusal for index, refusal in zip(replaced, verdicts, strict=True) if refusal is not None}
            )

    def _started(self) -> dict[int, StartedUpload]:
        """Return what would be begun: rows that are in no database yet, and their plans."""
        started: dict[int, StartedUpload] = {}
        rows = {index: self._row(self.requests[index], self.places[index]) for index in self._open()}
        self._look_for_bytes(rows)
        for index, upload in rows.items():
            place = self.places[index]
            try:
                transport = transport_of(upload, place.driver, now=self.now)
            except StorageError as error:
                self.results[index] = error
                continue
            assert transport is not None
            started[index] = StartedUpload(upload, transport)
        return started

    def _insert(self, started: dict[int, StartedUpload]) -> None:
        lock_uploads_of(self.actor)
        indexes = list(started)
        if not self._reserved_at_once(indexes):
            indexes = self._reserved(self._within_limit(indexes))
        UPLOADS.insert([started[index].upload for index in indexes])
        self.results.update({index: started[index] for index in indexes})

    def _reserved_at_once(self, indexes: list[int]) -> bool:
        """Count what is under way and reserve quota in one step, where all goes to one drive and all fits."""
        drive_ids = {self.places[index].drive.id for index in indexes}
        if len(drive_ids) > 1:
            return False
        size, most = sum(self.requests[index].size for index in indexes), self.settings.max_open_uploads - len(indexes)
        return quota.reserve_for_uploads(drive_ids.pop(), size, actor=self.actor, most=most, now=self.now)

    def _within_limit(self, indexes: list[int]) -> list[int]:
        """Count what is under way; the caller holds off the other calls of the actor."""
        room = max(0, self.settings.max_open_uploads - count_under_way(self.actor, self.now))
        if indexes[room:]:
            refusal = too_many(held_of(self.actor))
            self.results.update(dict.fromkeys(indexes[room:], refusal))
        return indexes[:room]

    def _reserved(self, indexes: list[int]) -> list[int]:
        """Reserve quota, in one step per drive where all fits, else request by request in their order."""
        by_drive: defaultdict[str, list[int]] = defaultdict(list)
        for index in indexes:
            by_drive[self.places[index].drive.id].append(index)
        for drive_id, members in sorted(by_drive.items()):
            if self._refusal(drive_id, sum(self.requests[index].size for index in members)) is None:
                continue
            for index in members:
                refusal = self._refusal(drive_id, self.requests[index].size)
                if refusal is not None:
                    self.results[index] = refusal
        return [index for index in indexes if index not in self.results]

    def _refusal(self, drive_id: str, size: int) -> StorageError | None:
        """Reserve, or say why not."""
        try:
            quota.reserve(drive_id, size)
        except NotFound as error:
            return error
        except QuotaExceeded:
            return no_room(held_of(self.actor, drive_id))
        return None

    def _row(self, request: BeginRequest, place: _Place) -> Upload:
        upload = UPLOADS.new(
            drive_id=place.drive.id,
            parent_id=place.folder.id,
            actor=self.actor,
            created_by_id=self.created_by_id,
            idempotency_key=request.idempotency_key,
            name=request.name,
            on_conflict=request.on_conflict,
            declared_size=request.size,
            declared_type=request.content_type,
            declared_sha256=request.sha256.lower(),
            created_at=self.now,
            expires_at=self.expires_at,
        )
        upload.drive, upload.parent = place.drive, place.folder
        return upload

    def _look_for_bytes(self, rows: dict[int, Upload]) -> None:
        """Spare her the sending of what she has already; else let her send to the store itself, where that can be."""
        contents = {
            index: possession.Content(upload.drive_id, upload.declared_sha256, upload.declared_size)
            for index, upload in rows.items()
            if upload.declared_sha256
        }
        found = possession.find(self.actor, contents.values())
        for index, content in contents.items():
            upload, blob = rows[index], found.get(content)
            content_type = possession.type_of(blob, upload.name, upload.declared_type) if blob is not None else None
            if blob is not None and content_type is not None:
                states.borrow(upload, blob, content_type)
            elif self.places[index].driver.takes_presigned_put(size=upload.declared_size):
                states.send_directly(upload, link_lifetime=self.settings.direct_upload_lifetime)


def _place(folder: Item, verdict: Verdict) -> _Place | StorageError:
    """Judge a folder by what may be done there, then its drive and the store of that."""
    if verdict.refusal is not None:
        return verdict.refusal
    if not folder.drive.takes_bytes:
        return DriveReadOnly()
    try:
        driver = registry.backend_for(folder.drive.backend)
    except StorageError as error:
        return error
    return _Place(folder, folder.drive, driver, visible=verdict.sees)
