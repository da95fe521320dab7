"""Publish: the one transaction in which verified bytes become files, and nothing in it waits for anything but the rows.

What was asked before it began (permissions, the store) must still be so: ``Standing`` is read again, and whatever has
changed since raises ``Changed``, for ``finalize`` to begin again. Nothing of it changes between that look and the
commit: a share is taken back under the hold of the drive, an account deactivated and a membership ended under holds of
their own. Names are chosen here, under the hold of the drive too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from authz.services.decisions import stay_revocations
from storage.errors import StorageError
from storage.models import Blob, ConflictPolicy, File, FileVersion, Item, ItemKind, StoredObject, Upload
from storage.selectors.actors import hold_accounts
from storage.selectors.blobs import blobs
from storage.selectors.locks import hold_drives
from storage.selectors.uploads import Standing, standing
from storage.selectors.versions import next_numbers
from storage.services import mirror, placement, quota, tombstones
from storage.services.placement import Placement, Wanted
from storage.services.uploads import states
from storage.services.uploads.possession import Content
from storage.tables import BLOBS, FILES, VERSIONS, change, marks


class Changed(Exception):
    """Something that had been judged is not so any more. Nothing was done."""


@dataclass(frozen=True, slots=True)
class FinalizedUpload:
    """The upload, and its file; None where its sender may not see it (a drop box), or where it has gone since."""

    upload: Upload
    file: File | None


@dataclass(slots=True)
class Publishable:
    """An upload that may become a file.

    ``sees``: its sender may view the folder. ``lent``: the blob that it borrows. ``replaces``: the file whose next
    version it may become.
    """

    upload: Upload
    standing: Standing
    sees: bool
    lent: Blob | None = None
    replaces: Item | None = None

    @property
    def policy(self) -> ConflictPolicy:
        """In a folder that she cannot view a clash must not be told, and nothing unseen is replaced: it is numbered."""
        return ConflictPolicy(self.upload.on_conflict) if self.sees else ConflictPolicy.RENAME


def publish(ready: Sequence[Publishable], *, now: datetime) -> dict[str, FinalizedUpload | StorageError]:
    """Make files of all of them that find a name, and return the answers by the ids of the uploads.

    An answer may be NameTaken or InvalidName. Raises Changed, and IntegrityError when shared bytes were purged.
    """
    if not ready:
        return {}
    with transaction.atomic():
        hold_drives({each.upload.drive_id for each in ready})
        hold_accounts({each.upload.actor for each in ready})
        stay_revocations()
        found = standing([each.upload.id for each in ready])
        if any(found.get(each.upload.id) != each.standing for each in ready):
            raise Changed
        return _Publication(now).run(ready)


@dataclass(slots=True)
class _Made:
    """A version that is being made, and the file that it is of."""

    source: Publishable
    version: FileVersion
    file: File
    is_new: bool

    @property
    def upload(self) -> Upload:
        return self.source.upload

    def give(self, blob: Blob) -> None:
        self.version.blob_id = blob.id
        self.file.version_number = self.version.number
        self.file.stored = StoredObject(blob.backend_id, blob.key)


class _Publication:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.answers: dict[str, FinalizedUpload | StorageError] = {}

    def run(self, ready: Sequence[Publishable]) -> dict[str, FinalizedUpload | StorageError]:
        made = self._inserted_unseen(ready)
        if made is None:
            made = self._made(self._placed(ready))
            FILES.insert([each.file for each in made if each.is_new])
        if not made:
            return self.answers
        # A file points to its version and the version to its file and its blob: checked when the transaction ends.
        self._give_blobs(made)
        VERSIONS.insert([each.version for each in made])
        mirror.placed([each.file for each in made if each.is_new])
        if not states.publish([each.upload for each in made], now=self.now):
            raise Changed
        settled = Counter[str]()
        for each in made:
            settled[each.upload.drive_id] += each.upload.declared_size
        for drive_id, size in sorted(settled.items()):
            quota.settle(drive_id, size)
        for each in made:
            self.answers[each.upload.id] = FinalizedUpload(each.upload, each.file if each.source.sees else None)
        return self.answers

    def _inserted_unseen(self, ready: Sequence[Publishable]) -> list[_Made] | None:
        """Insert the files without a look at what lies there, as most names are free; None when that did not work."""
        wanted = [(each.upload.parent_id, Wanted(each.upload.name, each.policy)) for each in ready]
        places = placement.place_unseen(wanted)
        if places is None:
            return None
        made = self._made(list(zip(ready, places, strict=True)))
        inserted = FILES.insert([each.file for each in made], ignore_conflicts=True)
        if inserted < len(made):
            ids = [each.file.id for each in made]
            change(f"DELETE FROM storage_item WHERE id IN ({marks(ids)})", ids)  # noqa: S608
            return None
        return made

    def _placed(self, ready: Sequence[Publishable]) -> list[tuple[Publishable, Placement]]:
        by_folder: defaultdict[str, list[Publishable]] = defaultdict(list)
        for each in ready:
            by_folder[each.upload.parent_id].append(each)
        placed = []
        for folder_id, members in sorted(by_folder.items()):
            wanted = [Wanted(each.upload.name, each.policy) for each in members]
            for each, place in zip(members, placement.place_all_held(folder_id, wanted), strict=True):
                if isinstance(place, StorageError):
                    self.answers[each.upload.id] = place
                    continue
                if place.existing is not None and (each.replaces is None or each.replaces.id != place.existing.id):
                    # Another file than the one that she was asked about.
                    raise Changed
                placed.append((each, place))
        return placed

    def _made(self, placed: Sequence[tuple[Publishable, Placement]]) -> list[_Made]:
        numbers = next_numbers([place.existing.id for _, place in placed if place.existing is not None])
        return [
            self._replaced(each, place.existing, numbers[place.existing.id])
            if place.existing is not None
            else self._new(each, place)
            for each, place in placed
        ]

    def _new(self, source: Publishable, place: Placement) -> _Made:
        upload = source.upload
        version = self._version(upload, upload.file_id, 1)
        file = FILES.new(
            id=upload.file_id,
            kind=ItemKind.FILE,
            drive_id=upload.drive_id,
            parent_id=upload.parent_id,
            name=place.name,
            name_key=place.name_key,
            created_at=self.now,
            created_by_id=upload.created_by_id,
            **self._current(upload, version),
        )
        return _Made(source, version, file, is_new=True)

    def _replaced(self, source: Publishable, existing: Item, number: int) -> _Made:
        upload = source.upload
        version = self._version(upload, existing.id, number)
        Item.objects.filter(id=existing.id).update(**self._current(upload, version))
        Upload.objects.filter(id=upload.id).update(file_id=existing.id)
        upload.file_id = existing.id
        return _Made(source, version, File.objects.get(id=existing.id), is_new=False)

    def _version(self, upload: Upload, file_id: str, number: int) -> FileVersion:
        return VERSIONS.new(
            file_id=file_id,
            blob_id=None,
            number=number,
            content_type=upload.received_type,
            created_at=self.now,
            created_by_id=upload.created_by_id,
        )

    def _current(self, upload: Upload, version: FileVersion) -> dict[str, Any]:
        return {
            "size": upload.declared_size,
            "content_type": upload.received_type,
            "sha256": upload.received_sha256,
            "current_version_id": version.id,
            "updated_at": self.now,
        }

    def _give_blobs(self, made: Sequence[_Made]) -> None:
        """Give each version its blob: what is lent, or the drive's one of that content, else its own object becomes it.

        An object that turned out to be a second copy is discarded.
        """
        own = []
        for each in made:
            if each.source.lent is not None:
                each.give(each.source.lent)
            else:
                own.append(each)
        fresh: dict[Content, Blob] = {}
        for each in own:
            if _content(each.upload) not in fresh:
                fresh[_content(each.upload)] = self._blob(each.upload)
        # Most contents are new: so insert first, and look only where the drive had some of them already.
        is_new = BLOBS.insert(list(fresh.values()), ignore_conflicts=True) == len(fresh)
        found = fresh if is_new else _stored([each.upload for each in own])
        superfluous: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
        for each in own:
            blob, key = found[_content(each.upload)], states.key_of(each.upload, each.upload.drive)
            each.give(blob)
            if blob.key != key:
                superfluous[each.upload.drive.backend_id, states.is_settled(each.upload)].append(key)
        for (backend_id, settled), object_keys in superfluous.items():
            tombstones.discard(backend_id, object_keys, settled=settled, now=self.now)

    def _blob(self, upload: Upload) -> Blob:
        return BLOBS.new(
            drive_id=upload.drive_id,
            backend_id=upload.drive.backend_id,
            key=states.key_of(upload, upload.drive),
            sha256=upload.received_sha256,
            size=upload.declared_size,
            created_at=self.now,
        )


def _content(upload: Upload) -> Content:
    return Content(upload.drive_id, upload.received_sha256, upload.declared_size)


def _stored(uploads: Sequence[Upload]) -> dict[Content, Blob]:
    rows = blobs({upload.drive_id for upload in uploads}, {upload.received_sha256 for upload in uploads})
    return {Content(blob.drive_id, blob.sha256, blob.size): blob for blob in rows}
