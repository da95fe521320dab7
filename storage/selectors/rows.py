"""The SQL that turns rows of the tree into ``Item`` and ``Drive`` objects. Its callers decide what may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.models import Drive, Item, Node, NodeKind, NodeRef, StoredObject
from storage.selectors import dialect
from storage.tables import DRIVES, ITEMS, STORES


def item_columns() -> str:
    """Return the columns of an item ``n``, with what selectors add to it: its version, its bytes, the folders above."""
    return (
        f"{ITEMS.columns}, "  # noqa: S608
        "(SELECT v.number || ' ' || o.backend_id || ' ' || o.key FROM storage_fileversion v"
        " JOIN storage_blob o ON o.id = v.blob_id WHERE v.id = n.current_version_id) AS version_text,"
        f" (SELECT {dialect.joined('c.ancestor_id')} FROM storage_folderclosure c"
        " WHERE c.descendant_id = n.parent_id AND c.ancestor_id <> n.drive_id) AS ancestry_text"
    )


def items(sql: str, params: Sequence[object]) -> list[Item]:
    """Run a statement that selects ``item_columns()``."""
    found = list(Item.objects.raw(sql, params))
    for item in found:
        text: str | None = item.__dict__.pop("ancestry_text")
        item.ancestry = tuple(text.split(",")) if text else ()
        version: str | None = item.__dict__.pop("version_text")
        if version is not None:
            number, backend_id, key = version.split(" ", 2)
            item.version_number, item.stored = int(number), StoredObject(backend_id, key)
    return found


def drive_with_store(row: Sequence[Any], offset: int) -> Drive:
    """Return the drive whose columns (``DRIVES``), and then its backend's (``STORES``), begin at ``offset``."""
    drive = DRIVES.read(row, offset)
    drive.backend = STORES.read(row, offset + DRIVES.width)
    return drive


def load(refs: Sequence[NodeRef]) -> list[Node | None]:
    """Return the rows of nodes, trashed ones included, in the order of ``refs``; None for what is not there.

    **No permission is asked**: for services that ask a whole check themselves.
    """
    drive_ids = {ref.id for ref in refs if ref.kind is NodeKind.DRIVE}
    item_ids = {ref.id for ref in refs if ref.kind is not NodeKind.DRIVE}
    drives, found = Drive.objects.all(), Item.objects.filter(parent__isnull=False)
    rows: dict[NodeRef, Node] = {}
    if drive_ids:
        rows.update(
            (NodeRef(NodeKind.DRIVE, drive.id), drive) for drive in drives.filter(id__in=drive_ids).order_by("id")
        )
    if item_ids:
        for item in found.filter(id__in=item_ids).order_by("id"):
            rows[NodeRef(NodeKind(item.kind), item.id)] = item
    return [rows.get(ref) for ref in refs]
