"""Uploads, versions and folders with all that a decision about them needs, in one statement each.

**No permission is asked here**; services do, with the rows they get.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from storage.models import LIVE_STATES, Backend, Blob, Drive, File, FileVersion, Item, ItemKind, Upload
from storage.selectors.mapping import Mapping, fetch, marks, moment

UPLOADS = Mapping(Upload, "u")
ITEMS = Mapping(Item, "n")
FILES = Mapping(File, "n")
BLOBS = Mapping(Blob, "o")
VERSIONS = Mapping(FileVersion, "v")
_DRIVES = Mapping(Drive, "d")
_BACKENDS = Mapping(Backend, "b")

_OPEN_UPLOADS = 0x75706C64
"""The kind of advisory lock on an actor's open uploads; a number of our own among those of the database."""

_LIVE = ", ".join(f"'{state.value}'" for state in LIVE_STATES)


def uploads(ids: Collection[str], *, lock: bool = False) -> list[Upload]:
    """Return uploads with their parent, drive and backend, by id; those that are not there are left out.

    ``lock`` holds the rows until the end of the transaction, where the database locks rows.
    """
    if not ids:
        return []
    rows = fetch(
        f"SELECT {UPLOADS.columns}, {ITEMS.columns}, {_DRIVES.columns}, {_BACKENDS.columns} FROM storage_upload u "  # noqa: S608
        "JOIN storage_item n ON n.id = u.parent_id JOIN storage_drive d ON d.id = u.drive_id "
        f"JOIN storage_backend b ON b.id = d.backend_id WHERE u.id IN ({marks(list(ids))}) ORDER BY u.id"
        + (" FOR UPDATE OF u" if lock and connection.features.has_select_for_update else ""),
        list(ids),
    )
    # The uploads of a batch share their folders and drives: each of them is read once.
    parents: dict[str, Item] = {}
    drives: dict[str, Drive] = {}
    found = []
    for row in rows:
        upload = UPLOADS.read(row)
        parent, drive = parents.get(upload.parent_id), drives.get(upload.drive_id)
        if parent is None:
            parent = parents[upload.parent_id] = ITEMS.read(row, UPLOADS.width)
        if drive is None:
            drive = drives[upload.drive_id] = _drive(row, UPLOADS.width + ITEMS.width)
        upload.parent, upload.drive = parent, drive
        found.append(upload)
    return found


def folders(ids: Collection[str]) -> list[Item]:
    """Return folders that are not in the trash, root folders included, with their drive and backend."""
    if not ids:
        return []
    rows = fetch(
        f"SELECT {ITEMS.columns}, {_DRIVES.columns}, {_BACKENDS.columns} FROM storage_item n "  # noqa: S608
        "JOIN storage_drive d ON d.id = n.drive_id JOIN storage_backend b ON b.id = d.backend_id "
        f"WHERE n.id IN ({marks(list(ids))}) AND n.kind = %s AND n.trash_id IS NULL",
        [*ids, ItemKind.FOLDER.value],
    )
    found = []
    for row in rows:
        folder = ITEMS.read(row)
        folder.drive = _drive(row, ITEMS.width)
        found.append(folder)
    return found


def children(parent_ids: Collection[str], name_keys: Collection[str]) -> list[Item]:
    """Return children of these folders, under these names, that are not in the trash."""
    rows = fetch(
        f"SELECT {ITEMS.columns} FROM storage_item n WHERE n.parent_id IN ({marks(list(parent_ids))}) "  # noqa: S608
        f"AND n.name_key IN ({marks(list(name_keys))}) AND n.trash_id IS NULL",
        [*parent_ids, *name_keys],
    )
    return [ITEMS.read(row) for row in rows]


def lock_folder(folder_id: str) -> bool:
    """Lock a folder until the end of the transaction; False when it is gone or in the trash.

    Where the database locks rows, that is: SQLite has one writer.
    """
    sql = "SELECT 1 FROM storage_item WHERE id = %s AND kind = %s AND trash_id IS NULL"
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    return bool(fetch(sql + lock, [folder_id, ItemKind.FOLDER.value]))


def blobs(drive_ids: Collection[str], hashes: Collection[str]) -> list[Blob]:
    """Return the blobs of these drives with these SHA-256."""
    rows = fetch(
        f"SELECT {BLOBS.columns} FROM storage_blob o WHERE o.drive_id IN ({marks(list(drive_ids))}) "  # noqa: S608
        f"AND o.sha256 IN ({marks(list(hashes))})",
        [*drive_ids, *hashes],
    )
    return [BLOBS.read(row) for row in rows]


def version(version_id: str, file_id: str) -> FileVersion | None:
    """Return a version of a file that is not in the trash, with file, blob and backend."""
    rows = fetch(
        f"SELECT {VERSIONS.columns}, {ITEMS.columns}, {BLOBS.columns}, {_BACKENDS.columns} "  # noqa: S608
        "FROM storage_fileversion v JOIN storage_item n ON n.id = v.file_id JOIN storage_blob o ON o.id = v.blob_id "
        "JOIN storage_backend b ON b.id = o.backend_id WHERE v.id = %s AND v.file_id = %s AND n.trash_id IS NULL",
        [version_id, file_id],
    )
    if not rows:
        return None
    (row,) = rows
    found = VERSIONS.read(row)
    found.file = ITEMS.read(row, VERSIONS.width)
    found.blob = BLOBS.read(row, VERSIONS.width + ITEMS.width)
    found.blob.backend = _BACKENDS.read(row, VERSIONS.width + ITEMS.width + BLOBS.width)
    return found


def lock_uploads_of(actor: str) -> None:
    """Let nobody else who calls this for the actor go on until the end of the transaction.

    Where the database locks rows, that is: SQLite has one writer. There is no row to lock for what is not there yet.
    """
    if connection.vendor == "postgresql":
        fetch("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_OPEN_UPLOADS, actor])


def count_under_way(actor: str, now: datetime) -> int:
    """Return how many uploads of the actor are live and in time."""
    ((count,),) = fetch(
        f"SELECT COUNT(*) FROM storage_upload WHERE actor = %s AND state IN ({_LIVE}) AND expires_at > %s",  # noqa: S608
        [actor, moment(now)],
    )
    return int(count)


def _drive(row: Sequence[Any], offset: int) -> Drive:
    drive = _DRIVES.read(row, offset)
    drive.backend = _BACKENDS.read(row, offset + _DRIVES.width)
    return drive
