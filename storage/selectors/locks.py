"""Rows that are held until the end of a transaction. No permission is asked, and nothing is read but what is held.

The order is always drive, folder, upload, and drives among themselves by their ids, so that two callers never wait for
each other. On SQLite all of this is nothing to do: it has one writer, and a transaction here is one from its beginning.
"""

from __future__ import annotations

from collections.abc import Collection

from storage.models import ItemKind
from storage.selectors import dialect
from storage.tables import fetch, marks

_OPEN_UPLOADS = 0x75706C64
"""The kind of advisory lock on an actor's open uploads; a number of our own among those of the database."""


def hold_drives(drive_ids: Collection[str]) -> bool:
    """Lock drives. Tells whether it did, so that what was read before may be old now.

    Whoever changes the shape of a tree, ends an upload or makes it a file holds its drive.
    """
    if not drive_ids or not dialect.locks_rows():
        return False
    ids = list(drive_ids)
    fetch(f"SELECT id FROM storage_drive WHERE id IN ({marks(ids)}) ORDER BY id FOR UPDATE", ids)  # noqa: S608
    return True


def lock_folder(folder_id: str) -> bool:
    """Lock a folder; False when it is gone or in the trash."""
    sql = "SELECT 1 FROM storage_item WHERE id = %s AND kind = %s AND trash_id IS NULL"
    return bool(fetch(sql + dialect.for_update(), [folder_id, ItemKind.FOLDER.value]))


def lock_uploads_of(actor: str) -> None:
    """Let nobody else who calls this for the actor go on. There is no row to lock for what is not there yet."""
    lock = dialect.advisory_lock()
    if lock is not None:
        fetch(lock, [_OPEN_UPLOADS, actor])
