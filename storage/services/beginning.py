"""Begin: from what a client declares to an ``Upload`` row and a way to send the bytes.

The core works on batches: one statement for the parents, one permission batch, one for the names, one INSERT. Every
request has its own answer; one that is refused does not disturb the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import IntegrityError, transaction

from authz.types import Actor
from storage import conf, names, permissions
from storage.conf import MAX_BATCH
from storage.errors import (
    Conflict,
    DriveReadOnly,
    FileTooLarge,
    InvalidArgument,
    NameTaken,
    NotFound,
    QuotaExceeded,
    StorageError,
    TooManyUploads,
)
from storage.models import ConflictPolicy, Drive, Item, ItemKind, Upload, UploadState
from storage.permissions import Permission
from storage.selectors import uploads as select
from storage.services import possession, quota, transitions
from storage.services.transports import AlreadyThere, SinglePut, transport_of

_SHA256 = re.compile("[0-9a-f]{64}")
_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:\s*;[\x20-\x7e]{0,53})?", re.ASCII)
_MAX_IDEMPOTENCY_KEY = 100


@dataclass(frozen=True, slots=True)
class BeginRequest:
    """What a client declares. ``size`` in bytes; ``sha256`` in hex or empty; ``content_type`` is kept, never believed.

    ``parent_id`` is an item id of a folder, or a drive's id with ``parent_kind="drive"`` for its top level.
    """

    parent_id: str
    name: str
    size: int
    content_type: str = ""
    sha256: str = ""
    on_conflict: ConflictPolicy = ConflictPolicy.FAIL
    idempotency_key: str | None = None
    parent_kind: Literal["folder", "drive"] = "folder"


@dataclass(frozen=True, slots=True)
class StartedUpload:
    """An upload and how to send its bytes."""

    upload: Upload
    transport: SinglePut | AlreadyThere


def begin(
    actor: Actor, created_by_id: str | None, requests: Sequence[BeginRequest], *, now: datetime
) -> list[StartedUpload | StorageError]:
    """Begin up to 100 uploads; an answer for each, in order.

    Errors per request: InvalidName, InvalidArgument, FileTooLarge, NotFound, PermissionDenied, NameTaken (with
    ConflictPolicy.FAIL), DriveReadOnly, QuotaExceeded, TooManyUploads, Conflict (an idempotency key used for something
    else). The same actor with the same key and the same input gets the same upload. Raises InvalidArgument for a batch
    that is too long.
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
    refusal: StorageError | None = None
    visible: bool = False


class _Batch:
    def __init__(
        self, actor: Actor, created_by_id: str | None, requests: Sequence[BeginRequest], now: datetime
    ) -> None:
        self.actor, self.created_by_id, self.requests, self.now = actor, created_by_id, requests, now
        self.settings = conf.current()
        self.expires_at = now + timedelta(seconds=self.settings.upload_lifetime)
        self.results: dict[int, StartedUpload | StorageError] = {}
        self.keys: dict[int, str] = {}

    def run(self) -> list[StartedUpload | StorageError]:
        for index, request in enumerate(self.requests):
            try:
                self.keys[index] = _check(request, self.settings.max_file_size)
            except StorageError as error:
                self.results[index] = error
        places = self._places()
        repeated = self._answer_repeated()
        self._refuse_taken(places)
        rows = {index: self._row(self.requests[index], places[index]) for index in self._open()}
        with transaction.atomic():
            self._insert(rows, places)
        for index, first in repeated.items():
            self.results[index] = self._repeat(self.requests[index], self.results[first])
        return [self.results[index] for index in range(len(self.requests))]

    def _open(self) -> list[int]:
        return [index for index in range(len(self.requests)) if index not in self.results]

    def _places(self) -> dict[int, _Place]:
        """Find the parents and ask what the actor may do there; both once per distinct parent."""
        wanted = [(self.requests[index].parent_kind, self.requests[index].parent_id) for index in self._open()]
        found = _load_places(set(wanted))
        questions = list(found.values())
        verdicts = permissions.require_all(
            self.actor,
            [(permission, place.folder) for place in questions for permission in (Permission.UPLOAD, Permission.VIEW)],
        )
        for number, place in enumerate(questions):
            place.refusal, place.visible = verdicts[2 * number], verdicts[2 * number + 1] is None
            if place.refusal is None and (place.drive.archived_at or not place.drive.backend.writable):
                place.refusal = DriveReadOnly()
        places = {}
        for index, parent in zip(self._open(), wanted, strict=True):
            candidate = found.get(parent)
            if candidate is None:
                self.results[index] = NotFound()
            elif candidate.refusal is not None:
                self.results[index] = candidate.refusal
            else:
                places[index] = candidate
        return places

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
                self.results[index] = self._started_again(self.requests[index], known[key])
            elif first.setdefault(key, index) != index:
                repeated[index] = first[key]
                self.results[index] = Conflict()
        return repeated

    def _repeat(self, request: BeginRequest, first: StartedUpload | StorageError) -> StartedUpload | StorageError:
        return first if isinstance(first, StorageError) else self._started_again(request, first.upload)

    def _started_again(self, request: BeginRequest, upload: Upload) -> StartedUpload | StorageError:
        if not _is_same(request, upload):
            return Conflict("This idempotency key was used for another upload.")
        if transitions.is_live(upload) and upload.expires_at <= self.now:
            upload.state = UploadState.EXPIRED
        transport = transport_of(upload)
        return StartedUpload(upload, transport) if transport else transitions.ending_of(upload) or Conflict()

    def _refuse_taken(self, places: dict[int, _Place]) -> None:
        """Refuse early what finalize would refuse: a taken name, or a file to replace that she may not edit.

        Not for a drop box: what lies in a folder that she cannot view must not be told by an error.
        """
        asking = [
            index
            for index in self._open()
            if places[index].visible and self.requests[index].on_conflict != ConflictPolicy.RENAME
        ]
        if not asking:
            return
        parents = {places[index].folder.id for index in asking}
        rows = select.children(parents, {self.keys[index] for index in asking})
        taken = {(row.parent_id, row.name_key): row for row in rows}
        replaced: dict[int, Item] = {}
        for index in asking:
            row = taken.get((places[index].folder.id, self.keys[index]))
            if row is None:
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

    def _insert(self, rows: dict[int, Upload], places: dict[int, _Place]) -> None:
        indexes = self._reserved(self._within_limit(list(rows)), places) if rows else []
        select.UPLOADS.insert([rows[index] for index in indexes])
        for index in indexes:
            transport = transport_of(rows[index])
            assert transport is not None
            self.results[index] = StartedUpload(rows[index], transport)

    def _within_limit(self, indexes: list[int]) -> list[int]:
        """Count what is under way, one call of the actor after the other: together they never pass the limit."""
        select.lock_uploads_of(self.actor)
        room = max(0, self.settings.max_open_uploads - select.count_under_way(self.actor, self.now))
        self.results.update({index: TooManyUploads() for index in indexes[room:]})
        return indexes[:room]

    def _reserved(self, indexes: list[int], places: dict[int, _Place]) -> list[int]:
        """Reserve quota, in one step per drive where all fits, else request by request in their order."""
        by_drive: defaultdict[str, list[int]] = defaultdict(list)
        for index in indexes:
            by_drive[places[index].drive.id].append(index)
        for drive_id, members in sorted(by_drive.items()):
            try:
                quota.reserve(drive_id, sum(self.requests[index].size for index in members))
            except (QuotaExceeded, NotFound) as error:
                if len(members) == 1:
                    self.results[members[0]] = error
                    continue
                for index in members:
                    try:
                        quota.reserve(drive_id, self.requests[index].size)
                    except (QuotaExceeded, NotFound) as refusal:
                        self.results[index] = refusal
        return [index for index in indexes if index not in self.results]

    def _row(self, request: BeginRequest, place: _Place) -> Upload:
        upload = select.UPLOADS.new(
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
        if upload.declared_sha256:
            self._take_from_store(upload)
        return upload

    def _take_from_store(self, upload: Upload) -> None:
        blob = possession.find(self.actor, upload.drive_id, upload.declared_sha256, upload.declared_size)
        content_type = possession.type_of(blob, upload.name) if blob is not None else None
        if blob is not None and content_type is not None:
            upload.blob, upload.state = blob, UploadState.VERIFYING
            upload.received_size, upload.received_sha256 = blob.size, blob.sha256
            upload.received_type = content_type


def _check(request: BeginRequest, max_size: int) -> str:
    """Check what needs no database; return the key of the name."""
    name_key = names.checked(request.name)
    if request.size < 0:
        raise InvalidArgument("A size is not negative.")
    if request.size > max_size:
        raise FileTooLarge(f"A file has at most {max_size} bytes here.")
    if request.sha256 and not _SHA256.fullmatch(request.sha256.lower()):
        raise InvalidArgument("A SHA-256 is 64 hexadecimal digits.")
    if request.content_type and not _MIME.fullmatch(request.content_type):
        raise InvalidArgument("A content type looks like image/png.")
    key = request.idempotency_key
    if key is not None and not (0 < len(key) <= _MAX_IDEMPOTENCY_KEY and key.isprintable()):
        raise InvalidArgument(f"An idempotency key has 1 to {_MAX_IDEMPOTENCY_KEY} printable characters.")
    return name_key


def _is_same(request: BeginRequest, upload: Upload) -> bool:
    """Tell whether ``upload`` was begun by the same input."""
    is_root = upload.parent_id == upload.drive_id
    same_parent = upload.parent_id == request.parent_id and is_root == (request.parent_kind == "drive")
    return same_parent and (
        upload.name == request.name
        and upload.declared_size == request.size
        and upload.declared_sha256 == request.sha256.lower()
        and upload.declared_type == request.content_type
        and upload.on_conflict == request.on_conflict
    )


def _load_places(wanted: set[tuple[Literal["folder", "drive"], str]]) -> dict[tuple[str, str], _Place]:
    """Find folders by their id, and drives by theirs, which is the id of their root folder too.

    The root folder itself is no folder that a client could name.
    """
    found: dict[tuple[str, str], _Place] = {}
    for row in select.folders({parent_id for _, parent_id in wanted}):
        found["drive" if row.id == row.drive_id else "folder", row.id] = _Place(row, row.drive)
    return found
