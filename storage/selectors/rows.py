"""The SQL that turns rows of the tree into ``Item`` and ``Drive`` objects. Its callers decide what may be seen."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from storage.models import Drive, Item, Node, NodeKind, NodeRef

_COLUMNS = ", ".join(f"n.{field.column}" for field in Item._meta.concrete_fields)


def item_columns() -> str:
    """Return the columns of an item ``n``, with what selectors add to it: the version number and the folders above."""
    gather = "group_concat(c.ancestor_id)" if connection.vendor == "sqlite" else "string_agg(c.ancestor_id, ',')"
    return (
        f"{_COLUMNS}, (SELECT v.number FROM storage_fileversion v WHERE v.id = n.current_version_id) AS version_number,"  # noqa: S608
        f" (SELECT {gather} FROM storage_folderclosure c"
        " WHERE c.descendant_id = n.parent_id AND c.ancestor_id <> n.drive_id) AS ancestry_text"
    )


def items(sql: str, params: Sequence[object]) -> list[Item]:
    """Run a statement that selects ``item_columns()``."""
    found = list(Item.objects.raw(sql, params))
    for item in found:
        text: str | None = item.__dict__.pop("ancestry_text")
        item.ancestry = tuple(text.split(",")) if text else ()
    return found


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
