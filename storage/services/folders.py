"""Folders: making them. Their names and places belong to ``items``, what is in the trash to ``trash``."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from authz.types import Actor
from storage.errors import InvalidArgument, NameTaken, NotFound, TooDeep
from storage.models import MAX_DEPTH, ConflictPolicy, Folder, FolderClosure, Item, ItemKind, Node, NodeKind, NodeRef
from storage.permissions import Permission, require
from storage.services import mirror
from storage.services.drives import require_writable
from storage.services.nodes import drive_of, hold_one
from storage.services.placement import Wanted, place


def create(
    actor: Actor,
    created_by_id: str | None,
    parent: NodeRef,
    name: str,
    *,
    on_conflict: ConflictPolicy = ConflictPolicy.FAIL,
    now: datetime,
) -> Item:
    """Create a folder in a drive or folder; needs ``can_create_folder`` there.

    When the name is taken FAIL raises NameTaken, RENAME numbers the new one, REPLACE returns the folder that is there
    if she can view it (else NameTaken). Raises NotFound, PermissionDenied, InvalidName, InvalidArgument (parent is a
    file), TooDeep, DriveReadOnly.
    """
    if parent.kind is NodeKind.FILE:
        raise InvalidArgument("A file has no children.", path=["parentId"])
    with transaction.atomic():
        above = hold_one(actor, parent)
        require(actor, Permission.CREATE_FOLDER, above)
        drive = drive_of(above)
        require_writable([drive])
        parent_id = folder_id_of(above)
        placement = place(parent_id, Wanted(name, on_conflict, ItemKind.FOLDER))
        if placement.existing is not None:
            return _seen(actor, placement.existing)
        if FolderClosure.objects.depth(parent_id) >= MAX_DEPTH:
            raise TooDeep(f"A drive has at most {MAX_DEPTH} levels of folders.")
        folder = Folder(
            kind=ItemKind.FOLDER,
            drive=drive,
            parent_id=parent_id,
            name=placement.name,
            name_key=placement.name_key,
            created_at=now,
            updated_at=now,
            created_by_id=created_by_id,
        )
        folder.save(force_insert=True)
        FolderClosure.objects.add(folder.id, parent_id)
        mirror.placed([folder])
    return folder


def _seen(actor: Actor, folder: Item) -> Item:
    try:
        require(actor, Permission.VIEW, folder)
    except NotFound:
        raise NameTaken from None
    return folder


def folder_id_of(container: Node) -> str:
    """Return the id of the folder that children of a drive or folder lie in; raises NotFound for a file."""
    if isinstance(container, Item) and container.kind == ItemKind.FILE:
        raise NotFound
    return container.id
