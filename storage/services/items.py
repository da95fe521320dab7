"""One item, folder or file: its name and its place in the tree."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from authz.services import relationships
from authz.types import Actor, split_object
from storage import names
from storage.errors import (
    CrossDriveMove,
    InvalidArgument,
    MoveIntoItself,
    NameTaken,
    NotFound,
    PermissionDenied,
    TooDeep,
)
from storage.models import MAX_DEPTH, ConflictPolicy, FolderClosure, Item, ItemKind, Node, NodeKind, NodeRef
from storage.permissions import EDGES, Permission, ancestries, require, require_all
from storage.services import mirror
from storage.services.drives import require_writable
from storage.services.folders import folder_id_of
from storage.services.nodes import drive_id_of, drive_of, hold, hold_one, is_trashed, require_sight
from storage.services.placement import Placement, Wanted, place
from storage.services.trash import put_into_trash


def rename(actor: Actor, ref: NodeRef, name: str, *, now: datetime) -> Item:
    """Give an item another name; needs ``can_edit`` on it, and ``can_view`` on the folder or drive that it lies in.

    A clash tells what lies there, and a name that is free tells what does not: both are for those who see the names.

    Raises NotFound, PermissionDenied, InvalidName, NameTaken, InvalidArgument (drives are not items), DriveReadOnly.
    """
    _refuse_drive(ref)
    with transaction.atomic():
        row = hold_one(actor, ref)
        require(actor, Permission.EDIT, row)
        assert isinstance(row, Item)
        require_sight(actor, row.parent_id)
        require_writable([drive_of(row)])
        key = names.checked(name)
        if key != row.name_key:
            place(row.parent_id, Wanted(name, kind=ItemKind(row.kind)))
        if name != row.name:
            row.name, row.name_key, row.updated_at = name, key, now
            row.save(update_fields=["name", "name_key", "updated_at"])
    return row


def move(
    actor: Actor,
    trashed_by_id: str | None,
    ref: NodeRef,
    target: NodeRef,
    *,
    on_conflict: ConflictPolicy = ConflictPolicy.FAIL,
    now: datetime,
) -> Item:
    """Put an item, with all below it, under another folder of its drive, or into its root.

    Needs ``can_edit`` on the item, and on the target ``can_view`` as well as ``can_create_folder`` (a folder) or
    ``can_upload`` (a file): nothing is moved into a drop box, where its new name would tell what lies there. Where the
    move leaves or enters a folder that somebody was granted or denied something on, it changes who reaches the item; it
    then needs ``can_share`` and ``can_delete`` on the item too, as sharing it there and taking it away here would.

    When the name is taken FAIL raises NameTaken, RENAME numbers the item. REPLACE puts the file that is there into the
    trash and needs ``can_delete`` on it; folders are never replaced, nor is what she cannot view (NameTaken).
    ``trashed_by_id`` is the actor's user id, if she is one.

    Raises NotFound, PermissionDenied, NameTaken, MoveIntoItself, CrossDriveMove, TooDeep, InvalidArgument,
    DriveReadOnly.
    """
    _refuse_drive(ref)
    if target.kind is NodeKind.FILE:
        raise InvalidArgument("A file has no children.", path=["parentId"])
    with transaction.atomic():
        row, above = _movable(actor, ref, target)
        if row.parent_id == above.id:
            return row
        _require_reach(actor, row, above)
        if row.kind == ItemKind.FOLDER:
            _refuse_bad_place(row.id, above.id)
        placement = _place_of(actor, row, above, on_conflict)
        if placement.existing is not None:
            put_into_trash([placement.existing], trashed_by_id, now=now)
        with mirror.moving(row):
            row.parent_id, row.name, row.name_key, row.updated_at = above.id, placement.name, placement.name_key, now
            row.ancestry = None
            row.save(update_fields=["parent", "name", "name_key", "updated_at"])
            if row.kind == ItemKind.FOLDER:
                FolderClosure.objects.move(row.id, above.id)
    return row


def _refuse_drive(ref: NodeRef) -> None:
    if ref.kind is NodeKind.DRIVE:
        raise InvalidArgument("A drive is no item of a folder.", path=["id"])


def _movable(actor: Actor, ref: NodeRef, target: NodeRef) -> tuple[Item, Node]:
    """Hold the item and the target, and ask for what every move needs."""
    rows = hold(actor, [ref, target])
    row, above = (None if each is None or is_trashed(each) else each for each in rows)
    if row is None or above is None:
        raise NotFound
    assert isinstance(row, Item)
    into = Permission.CREATE_FOLDER if row.kind == ItemKind.FOLDER else Permission.UPLOAD
    for error in require_all(actor, [(Permission.EDIT, row), (Permission.VIEW, above), (into, above)]):
        if error is not None:
            raise error
    if drive_id_of(above) != row.drive_id:
        raise CrossDriveMove
    require_writable([drive_of(row)])
    return row, above


def _require_reach(actor: Actor, row: Item, above: Node) -> None:
    """Ask for more where the move changes who reaches the item."""
    left = set(ancestries([row])[row.id])
    entered = set(ancestries([above])[above.id])
    if isinstance(above, Item):
        entered.add(above.id)
    granted = relationships.read_objects([f"folder:{folder}" for folder in left ^ entered])
    structural = EDGES.edges()
    if all((split_object(key.object)[0], key.relation) in structural for keys in granted.values() for key in keys):
        return
    if any(require_all(actor, [(Permission.SHARE, row), (Permission.DELETE, row)])):
        raise PermissionDenied("Moving this changes who can reach it; only its owners may do that.")


def _refuse_bad_place(folder_id: str, target_id: str) -> None:
    closure = FolderClosure.objects
    if closure.covers(folder_id, target_id):
        raise MoveIntoItself
    if closure.depth(target_id) + 1 + closure.height(folder_id) > MAX_DEPTH:
        raise TooDeep(f"A drive has at most {MAX_DEPTH} levels of folders.")


def _place_of(actor: Actor, row: Item, above: Node, on_conflict: ConflictPolicy) -> Placement:
    """Place an item that keeps its name, if it can; a name that is taken is the fault of where it is to go."""
    try:
        placement = place(folder_id_of(above), Wanted(row.name, on_conflict, ItemKind(row.kind)))
        if placement.existing is not None:
            _require_replaceable(actor, placement.existing)
    except NameTaken:
        raise NameTaken(path=["parentId"]) from None
    return placement


def _require_replaceable(actor: Actor, existing: Item) -> None:
    if existing.kind == ItemKind.FOLDER:
        raise NameTaken
    try:
        require(actor, Permission.DELETE, existing)
    except NotFound:
        raise NameTaken from None
