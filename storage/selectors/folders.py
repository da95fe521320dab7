"""Folders with all that a decision about them needs, and what lies in them. **No permission is asked here.**"""

from __future__ import annotations

from collections.abc import Collection

from storage.models import Item, ItemKind
from storage.selectors.rows import drive_with_store
from storage.tables import CHILDREN, DRIVES, PLACES, STORES, fetch, marks

_COLUMNS = f"{PLACES.columns}, {DRIVES.columns}, {STORES.columns}"
_TABLES = "storage_item n JOIN storage_drive d ON d.id = n.drive_id JOIN storage_backend b ON b.id = d.backend_id"


def folders(ids: Collection[str]) -> list[Item]:
    """Return folders that are not in the trash, root folders included, with their drive and backend. One statement."""
    return folders_and_children(ids, ())[0]


def folders_and_children(ids: Collection[str], name_keys: Collection[str]) -> tuple[list[Item], list[Item]]:
    """Return what ``folders`` returns, and what lies in them under these names, as ``children``. One statement."""
    if not ids:
        return [], []
    columns, tables = _COLUMNS, _TABLES
    if name_keys:
        columns += f", {CHILDREN.columns}"
        tables += (
            " LEFT JOIN storage_item k ON k.parent_id = n.id AND k.trash_id IS NULL"
            f" AND k.name_key IN ({marks(name_keys)})"
        )
    rows = fetch(
        f"SELECT {columns} FROM {tables} WHERE n.id IN ({marks(ids)}) AND n.kind = %s AND n.trash_id IS NULL",  # noqa: S608
        [*name_keys, *ids, ItemKind.FOLDER.value],
    )
    child = PLACES.width + DRIVES.width + STORES.width
    found: dict[str, Item] = {}
    below: list[Item] = []
    for row in rows:
        if row[0] not in found:
            folder = found[row[0]] = PLACES.read(row)
            folder.drive = drive_with_store(row, PLACES.width)
        if name_keys and row[child] is not None:
            below.append(CHILDREN.read(row, child))
    return list(found.values()), below


def children(parent_ids: Collection[str], name_keys: Collection[str]) -> list[Item]:
    """Return children of these folders, under these names, that are not in the trash."""
    rows = fetch(
        f"SELECT {CHILDREN.columns} FROM storage_item k WHERE k.parent_id IN ({marks(parent_ids)}) "  # noqa: S608
        f"AND k.name_key IN ({marks(name_keys)}) AND k.trash_id IS NULL",
        [*parent_ids, *name_keys],
    )
    return [CHILDREN.read(row) for row in rows]
