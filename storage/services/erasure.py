"""Deleting items for good: rows, tuples, blobs that nothing else uses, uploads on their way, and the quota they held.

Who may do that is asked by ``storage.services.trash``. Bytes of files get a tombstone in the same transaction, and the
sweep deletes them after the grace period; what uploads under way have brought is discarded at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Sum

from authz.services import relationships
from authz.types import Actor
from storage.models import (
    Blob,
    Drive,
    FileVersion,
    FolderClosure,
    Item,
    ItemKind,
    Upload,
)
from storage.services import quota, tombstones
from storage.services.uploads import states

_CHUNK = 500
"""Ids of one statement. Rows are deleted without a look at what points to them: that is dealt with here, and foreign
keys are checked at the end of the transaction."""


def erase(row: Item, *, actor: Actor, now: datetime) -> None:
    """Delete an item and everything below it for ``actor``. The caller holds its drive and has asked for permission."""
    folder_ids = _folders(row)
    drive = Drive.objects.get(id=row.drive_id)
    if row.kind == ItemKind.FILE:
        _erase_files(actor, drive, [row.id], now)
        return
    for chunk in _chunks(folder_ids):
        _end_uploads(drive, chunk, now)
        file_ids = list(Item.objects.filter(parent__in=chunk, kind=ItemKind.FILE).values_list("id", flat=True))
        for files in _chunks(file_ids):
            _erase_files(actor, drive, files, now)
    _erase_folders(actor, folder_ids)


def _folders(row: Item) -> list[str]:
    """Return the ids of the folder and those below it, the deepest first."""
    if row.kind == ItemKind.FILE:
        return []
    return list(FolderClosure.objects.below(row.id).order_by("-depth"))


def _erase_files(actor: Actor, drive: Drive, file_ids: Sequence[str], now: datetime) -> None:
    versions = FileVersion.objects.filter(file__in=file_ids)
    size: int = versions.aggregate(size=Sum("blob__size"))["size"] or 0
    blob_ids = set(versions.values_list("blob_id", flat=True))
    relationships.forget([f"file:{file_id}" for file_id in file_ids], actor=actor)
    versions._raw_delete(versions.db)
    items = Item.objects.filter(id__in=file_ids)
    items._raw_delete(items.db)
    for chunk in _chunks(list(blob_ids)):
        _bury_unused(chunk, now)
    quota.refund(drive.id, size)


def _bury_unused(blob_ids: Sequence[str], now: datetime) -> None:
    used = Exists(FileVersion.objects.filter(blob=OuterRef("pk")))
    unused = list(Blob.objects.filter(~used, id__in=blob_ids).values_list("id", "backend_id", "key"))
    ids = [blob_id for blob_id, _, _ in unused]
    Upload.objects.filter(blob__in=ids).update(blob=None)
    blobs = Blob.objects.filter(id__in=ids)
    blobs._raw_delete(blobs.db)
    for backend_id in {backend_id for _, backend_id, _ in unused}:
        tombstones.bury(backend_id, [key for _, backend, key in unused if backend == backend_id], now=now)


def _end_uploads(drive: Drive, folder_ids: Sequence[str], now: datetime) -> None:
    """Delete the uploads into the folders; those under way end as any that is aborted."""
    uploads = Upload.objects.filter(parent__in=folder_ids)
    # Held, because a PUT holds no drive: it would change what is known of its object while the row goes.
    live = uploads.filter(finished_at__isnull=True).select_for_update().order_by("id")
    states.let_go(list(live), drive, now=now)
    uploads._raw_delete(uploads.db)


def _erase_folders(actor: Actor, folder_ids: Sequence[str]) -> None:
    for chunk in _chunks(folder_ids):
        relationships.forget([f"folder:{folder_id}" for folder_id in chunk], actor=actor)
        closure = FolderClosure.objects.filter(descendant__in=chunk)
        closure._raw_delete(closure.db)
        folders = Item.objects.filter(id__in=chunk)
        folders._raw_delete(folders.db)


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
