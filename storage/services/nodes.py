"""Rows of nodes, and the rights to them, held still while a service changes the tree."""

from __future__ import annotations

from collections.abc import Sequence

from authz.services import rights
from authz.types import Actor
from storage.errors import NotFound, PermissionDenied
from storage.models import Drive, Item, Node, NodeRef
from storage.permissions import Permission, require
from storage.selectors.locks import hold_drives
from storage.selectors.rows import load


def drive_id_of(row: Node) -> str:
    """Return the id of the drive that the row is or lies in."""
    return row.id if isinstance(row, Drive) else row.drive_id


def is_trashed(row: Node) -> bool:
    """Return whether the row is in the trash, by itself or with a folder above it."""
    return isinstance(row, Item) and row.is_trashed


def hold(actor: Actor, refs: Sequence[NodeRef]) -> list[Node | None]:
    """Lock the drives of nodes until the end of the transaction, and return the rows as ``load`` does.

    Whoever changes the shape of a tree (create, move, trash, restore, purge) holds its drive, one after the other. What
    the actor is allowed after this stays allowed (``authz.services.rights``); to one who cannot act any more no row is
    there. No permission is asked.
    """
    rows, held = _hold_drives(refs)
    if not rights.hold(actor):
        return [None] * len(refs)
    return load(refs) if held else rows


def hold_rows(refs: Sequence[NodeRef]) -> list[Node | None]:
    """Lock drives and return the rows as ``hold`` does, for a caller who holds her rights ``alone`` after it."""
    rows, held = _hold_drives(refs)
    return load(refs) if held else rows


def hold_one(actor: Actor, ref: NodeRef) -> Node:
    """``hold`` one node that is not in the trash; raises NotFound."""
    return _present(*hold(actor, [ref]))


def find_one(ref: NodeRef) -> Node:
    """Return one node that is not in the trash, and hold nothing; raises NotFound."""
    return _present(*load([ref]))


def _present(row: Node | None) -> Node:
    if row is None or is_trashed(row):
        raise NotFound
    return row


def _hold_drives(refs: Sequence[NodeRef]) -> tuple[list[Node | None], bool]:
    rows = load(refs)
    return rows, hold_drives({drive_id_of(row) for row in rows if row is not None})


def require_sight(actor: Actor, folder_id: str) -> None:
    """Ask whether the actor may know the names in a folder, or in the drive whose root folder it is.

    For what would tell them by a clash. Raises PermissionDenied whatever is there, so ask before a name is looked up.
    """
    try:
        require(actor, Permission.VIEW, Item.objects.get(id=folder_id))
    except NotFound:
        raise PermissionDenied("This needs the right to see the folder that it lies in.") from None


def drive_of(row: Node) -> Drive:
    """Return the drive of the row."""
    return row if isinstance(row, Drive) else Drive.objects.get(id=row.drive_id)
