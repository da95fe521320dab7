"""The trash: what is put there, taken back out, and deleted for good.

An item in the trash keeps its place, its rights and its bytes; only its name becomes free. ``Item.trash`` says whose
move took it along, so that a folder comes back with what it had, and without what was in the trash before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from authz.types import Actor
from storage.conf import MAX_BATCH
from storage.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, StorageError
from storage.models import ConflictPolicy, Drive, FolderClosure, Item, ItemKind, NodeKind, NodeRef
from storage.permissions import Permission, require, require_all
from storage.selectors.subtrees import all_below_allow
from storage.services import mirror
from storage.services.drives import require_writable
from storage.services.erasure import erase
from storage.services.nodes import hold, require_sight
from storage.services.placement import Wanted, place

_NOT_ALL = "Something in this folder may not be deleted by you."


def trash(
    actor: Actor, trashed_by_id: str | None, refs: Sequence[NodeRef], *, now: datetime
) -> list[Item | StorageError]:
    """Put items into the trash, folders with all that is in them, with an answer for each.

    Needs ``can_delete`` on each item and on everything below it. An item that is there already is left as it is.
    Answers: NotFound, PermissionDenied, InvalidArgument (a drive), DriveReadOnly. Raises InvalidArgument above 100.
    """

    def one(row: Item) -> None:
        if not row.is_trashed:
            _require_below(actor, row)
            put_into_trash([row], trashed_by_id, now=now)

    return _each(actor, refs, one)


def restore(actor: Actor, refs: Sequence[NodeRef], *, now: datetime) -> list[Item | StorageError]:
    """Take items out of the trash, with an answer for each; needs ``can_delete``, as putting them there did.

    An item comes back to its old folder; where that is in the trash, to the root of its drive, which needs the right to
    create there. Either needs ``can_view`` on the place. When its name was taken meanwhile it is numbered. An item that
    is not in the trash is left as it is. Answers: NotFound, PermissionDenied, DriveReadOnly, Conflict (it went there
    with a folder: restore that one). Raises InvalidArgument above 100 items.
    """

    def one(row: Item) -> None:
        if row.is_trashed:
            _restore(actor, row, now)

    return _each(actor, refs, one)


def purge(actor: Actor, refs: Sequence[NodeRef], *, now: datetime) -> list[str | StorageError]:
    """Delete items of the trash for good, with all below them; returns their ids or what went wrong.

    Needs ``can_delete`` on each item and on everything below it: a file on legal hold, or a folder that is denied to
    the actor, keeps what it lies in. Answers: NotFound, PermissionDenied, DriveReadOnly, Conflict (not in the trash).
    Raises InvalidArgument above 100 items.
    """

    def one(row: Item) -> None:
        if not row.is_trashed:
            raise Conflict("Only what is in the trash can be purged.")
        _require_below(actor, row)
        erase(row, actor=actor, now=now)

    results = _each(actor, refs, one, gone=True)
    return [each if isinstance(each, StorageError) else each.id for each in results]


def put_into_trash(rows: Sequence[Item], trashed_by_id: str | None, *, now: datetime) -> None:
    """Mark items, and what is below folders among them, as trashed. **No permission is asked.** The drive is held."""
    for row in rows:
        taken = [Item.objects.filter(id=row.id)]
        if row.kind == ItemKind.FOLDER:
            subtree = FolderClosure.objects.below(row.id)
            # A statement of its own: a file that is being put into one of these folders waits here, or is seen below.
            list(Item.objects.select_for_update().filter(id__in=subtree).order_by("id").values_list("id"))
            # Not joined by OR, which is no way into any index.
            taken.append(Item.objects.filter(parent__in=subtree))
        for rows_of_it in taken:
            rows_of_it.filter(trash__isnull=True).update(trash_id=row.id, trashed_at=now, trashed_by_id=trashed_by_id)


def _each(
    actor: Actor, refs: Sequence[NodeRef], one: Callable[[Item], None], *, gone: bool = False
) -> list[Item | StorageError]:
    """Hold the items, ask ``can_delete`` for all in one batch, do ``one`` for each; a failure leaves the others be."""
    if len(refs) > MAX_BATCH:
        raise InvalidArgument(f"At most {MAX_BATCH} items at a time.")
    with transaction.atomic():
        held = [row if isinstance(row, Item) else None for row in hold(actor, refs)]
        present = [row for row in held if row is not None]
        answers = require_all(actor, [(Permission.DELETE, row) for row in present])
        errors = {row.id: error for row, error in zip(present, answers, strict=True)}
        drives = Drive.objects.in_bulk({row.drive_id for row in present})
        results = [
            _refusal(ref) if row is None else errors[row.id] or _attempt(row, drives[row.drive_id], one)
            for ref, row in zip(refs, held, strict=True)
        ]
        if gone:
            return results
        fresh = Item.objects.in_bulk([row.id for row in results if isinstance(row, Item)])
    return [fresh[each.id] if isinstance(each, Item) else each for each in results]


def _refusal(ref: NodeRef) -> StorageError:
    return InvalidArgument("A drive does not go to the trash.") if ref.kind is NodeKind.DRIVE else NotFound()


def _attempt(row: Item, drive: Drive, one: Callable[[Item], None]) -> Item | StorageError:
    try:
        with transaction.atomic():
            require_writable([drive])
            # Read again: an item before this one in the same call may have taken it along.
            current = Item.objects.filter(id=row.id).first()
            if current is None:
                raise NotFound
            one(current)
    except StorageError as error:
        return error
    return row


def _require_below(actor: Actor, row: Item) -> None:
    if row.kind == ItemKind.FOLDER and not all_below_allow(actor, Permission.DELETE, row):
        raise PermissionDenied(_NOT_ALL)


def _restore(actor: Actor, row: Item, now: datetime) -> None:
    if row.trash_id != row.id:
        raise Conflict("This went to the trash with a folder; restore that one.")
    parent_id = row.parent_id
    if not Item.objects.filter(id=parent_id, trash__isnull=True).exists():
        root = Item.objects.get(id=row.drive_id)
        require_sight(actor, root.id)
        require(actor, Permission.CREATE_FOLDER if row.kind == ItemKind.FOLDER else Permission.UPLOAD, root)
        parent_id = root.id
    else:
        require_sight(actor, parent_id)
    placement = place(parent_id, Wanted(row.name, ConflictPolicy.RENAME, ItemKind(row.kind)))
    with mirror.moving(row):
        if row.kind == ItemKind.FOLDER and parent_id != row.parent_id:
            FolderClosure.objects.move(row.id, parent_id)
        Item.objects.filter(id=row.id).update(
            parent_id=parent_id, name=placement.name, name_key=placement.name_key, updated_at=now
        )
    Item.objects.filter(trash=row.id).update(trash=None, trashed_at=None, trashed_by=None)
